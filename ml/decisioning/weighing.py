"""Evidence and belief about a contact, each weighed by how sure it is."""

import numpy as np
import polars as pl

from ml.decisioning.departments import Floats
from ml.decisioning.evidence import Effects
from ml.decisioning.ledger_rows import RANDOMISED
from ml.decisioning.units import amounts_from_floats, floats
from ml.decisioning.value import lift_for, worth

PRIOR_SPREAD = 1.0  # a stated effect is believed to within its own size: none and twice as much are one deviation off
LEAST_SPREAD = 0.001  # in probability, so that a prior of nothing can be corrected too


def weighed(candidates: pl.DataFrame, effects: Effects, habits: pl.DataFrame) -> pl.DataFrame:
    """Candidates whose uplift and value follow from both; those without evidence stay as they are.

    Takes     candidates: uplift_probability by the prior, base_probability, margin, sales, retained_margin,
              fatigue_cost, retailer_discount_rate, contact_cost_amount; effects, habits: see `Effects.of`.
    Returns   the same rows; `uplift_basis` is randomised where evidence has at least half of the weight.
    Source    Normal prior and normal likelihood: Gelman et al. (2013), Bayesian Data Analysis, section 2.5.
    """
    found, error = effects.of(candidates.with_row_index("candidate_id"), habits)
    base, prior = floats(candidates["base_probability"]), floats(candidates["uplift_probability"])
    mean, weight = posterior(prior, found, error)
    names = ("margin", "sales", "retained_margin", "fatigue_cost", "retailer_discount_rate", "contact_cost_amount")
    columns = {name: floats(candidates[name]) for name in names}
    contact_cost = columns.pop("contact_cost_amount")
    valued = worth(base, lift_for(base, mean), contact_cost=contact_cost, **columns)
    is_known = pl.Series(~np.isnan(found))
    mostly = pl.Series(np.nan_to_num(weight) >= 0.5)
    new = {
        "uplift_probability": pl.Series(valued.uplift_probability, nan_to_null=True),
        "discount_cost_amount": amounts_from_floats(valued.discount_cost),
        "value_amount": amounts_from_floats(valued.value),
    }
    changed = [pl.when(is_known).then(values).otherwise(pl.col(name)).alias(name) for name, values in new.items()]
    basis = pl.when(mostly).then(pl.lit(RANDOMISED)).otherwise(pl.col("uplift_basis")).alias("uplift_basis")
    return candidates.with_columns(*changed, basis)


def posterior(prior: Floats, found: Floats, error: Floats) -> tuple[Floats, Floats]:
    """Mean of belief and evidence, and the evidence's share of the weight; both NaN where there is no evidence."""
    spread = np.maximum(PRIOR_SPREAD * np.abs(prior), LEAST_SPREAD)
    weight = spread**2 / (spread**2 + error**2)
    return prior + weight * (found - prior), weight
