"""Candidates whose value follows from what is stated and what the lots say, each weighed by how sure it is."""

import numpy as np
import polars as pl

from ml.decisioning.evidence import Effects, cells_of
from ml.decisioning.ledger_rows import RANDOMISED, RELATED
from ml.decisioning.traits import matrix_of
from ml.decisioning.units import amounts_from_floats, floats
from ml.decisioning.value import worth


def weighed(candidates: pl.DataFrame, effects: Effects, traits: pl.DataFrame) -> pl.DataFrame:
    """Candidates with the lift that belief and evidence together give; what nothing is known of stays as it is.

    Takes     candidates: lift, as stated; base_probability, margin (of what the treatment is about), basket_margin (of
              everything the person buys), sales, retained_margin, fatigue_cost, retailer_discount_rate,
              contact_cost_amount, discount_rate; traits: person_id, channel_code and TRAITS of tonight.
    Returns   the same rows. What is stated concerns the named department, what the lots measure everything that a
              person buys: the margin lifted lies between the two as far as the lift rests on evidence. Of the coupons
              given as many are used as were. Where evidence weighs at least as much as belief, `uplift_basis` is
              randomised if such contacts were in a lot themselves, else related: lots of others tell of them.
    """
    asked = candidates.select("person_id", "channel_code", has_offer=pl.col("discount_rate") > 0)
    rows = asked.join(traits, on=["person_id", "channel_code"], how="left", maintain_order="left")
    multiple, weight, is_seen = effects.belief.of(cells_of(rows), matrix_of(rows))
    names = ("base_probability", "margin", "basket_margin", "sales", "retained_margin", "fatigue_cost", "lift")
    its = {name: floats(candidates[name]) for name in names}
    basket = np.where(np.isnan(its["basket_margin"]), its["margin"], its["basket_margin"])
    valued = worth(
        its["base_probability"],
        its["lift"] * multiple * effects.sales_rate,
        margin=its["margin"] + weight * (basket - its["margin"]),
        sales=its["sales"] * effects.use_rate,
        retained_margin=its["retained_margin"],
        retailer_discount_rate=floats(candidates["retailer_discount_rate"]),
        contact_cost=floats(candidates["contact_cost_amount"]),
        fatigue_cost=its["fatigue_cost"],
    )
    new = {
        "uplift_probability": pl.Series(valued.uplift_probability, nan_to_null=True),
        "discount_cost_amount": amounts_from_floats(valued.discount_cost),
        "value_amount": amounts_from_floats(valued.value),
    }
    is_known = pl.Series(~np.isnan(multiple))
    changed = [pl.when(is_known).then(values).otherwise(pl.col(name)).alias(name) for name, values in new.items()]
    mostly, seen = pl.Series(np.nan_to_num(weight) >= 0.5), pl.Series(is_seen)
    evidence = pl.when(seen).then(pl.lit(RANDOMISED)).otherwise(pl.lit(RELATED))
    basis = pl.when(mostly).then(evidence).otherwise(pl.col("uplift_basis")).alias("uplift_basis")
    return candidates.with_columns(*changed, basis)
