"""What the retailer's lots say about contacts: who was left out by chance, and what became of both kinds.

Whoever is withheld gets nothing for a period (`explore.PERIOD_DAYS`), so a person's first solved contact in it begins
an experiment: that contact and what follows it, against nothing. Declared campaigns: see `lots`.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from ml.decisioning.departments import Floats
from ml.decisioning.explore import PERIOD_DAYS, period_of
from ml.decisioning.fairness import fair_lots
from ml.decisioning.ledger_rows import NONE
from ml.decisioning.lots import cell_of
from ml.decisioning.policy import Policy
from ml.decisioning.traits import LEAST_DAYS, Past, matrix_of, with_outcomes, with_traits
from ml.decisioning.value import lift_of
from ml.effect.belief import Belief, weigh
from ml.effect.pooled import DIGITS, Cell, Lots, pool_lots

LOOK_BACK_PERIODS = 7  # half a year: older answers tell of another season
EPOCH = date(1970, 1, 1).toordinal()
FEWEST_ROWS = 400  # with fewer nothing is said
NAMED = ("person_id", "channel_code")
SURE_ERRORS = 4.0  # coupons are there if those who were sent something use more by so many standard errors
DECIDED = (  # of the ledger's decisions
    "as_of_date",
    "decision_id",
    "person_id",
    "treatment_id",
    "solved_treatment_id",
    "solved_probability",
    "nothing_probability",
    "approval",
)


@dataclass(frozen=True, slots=True)
class Effects:
    """What the lots say, ready for tonight.

    belief        multiples of the stated lifts, of orders;
    sales_rate    what an order more brings in sales, relative to an average order;
    use_rate      of the coupons sent, how many are used by people who buy; 1: not known;
    arms          treated and left-out rows per channel and kind of lot; unfair: campaigns that were not used.
    """

    belief: Belief
    sales_rate: float
    use_rate: float
    arms: dict[str, tuple[int, int]]
    unfair: tuple[str, ...]


def first_night(as_of_date: date) -> date:
    """From which night on decisions are looked at: the first of a period, or a second contact would seem the first."""
    return date.fromordinal((period_of(as_of_date) - LOOK_BACK_PERIODS) * PERIOD_DAYS)


def first_contacts(decisions: pl.DataFrame, policy: Policy, observed_through: date) -> pl.DataFrame:
    """Each person's first solved contact of a period, if it was one of two: done, or withheld.

    Takes     decisions: ledger rows of sealed nights with a solved contact, DECIDED; observed_through: first day that
              is not covered yet: a row counts once its horizon is over.
    Returns   DECIDED with period, horizon_days and contact_count: contacts in the horizon, the first included.
    """
    horizon = {one.treatment_id: one.horizon_days for one in policy.treatments}
    solved, day = pl.col("solved_treatment_id"), pl.col("as_of_date")
    days = solved.replace_strict(horizon, default=None, return_dtype=pl.Int64)
    period = (day.cast(pl.Int32).cast(pl.Int64) + EPOCH) // PERIOD_DAYS  # `period_of`
    meant = decisions.filter((solved != NONE) & (pl.col("approval") != "pending")).with_columns(
        horizon_days=days, period=period
    )
    first = meant.sort("person_id", "as_of_date").unique(["person_id", "period"], keep="first", maintain_order=True)
    is_one_of_two = (pl.col("treatment_id") == solved) | (pl.col("treatment_id") == NONE)
    over = day + pl.duration(days=pl.col("horizon_days")) <= observed_through
    due = first.filter(is_one_of_two & (pl.col("nothing_probability") > 0) & over)
    made = meant.filter(pl.col("treatment_id") != NONE).select("person_id", contacted_date="as_of_date")
    inside = pl.col("contacted_date").is_between(day, day + pl.duration(days=pl.col("horizon_days")), closed="left")
    counts = due.join(made, on="person_id").filter(inside).group_by("decision_id").len("contact_count")
    return due.join(counts, on="decision_id", how="left").with_columns(
        pl.col("contact_count").fill_null(0).cast(pl.Int64)
    )


def collect_evidence(lots: pl.DataFrame, past: Past) -> pl.DataFrame:
    """What came of each lot.

    Takes     lots: LOTS of any kind; past: as of tonight.
    Returns   the lots of people who were known on their day, with EXPECTED, TRAITS (as of that day) and outcomes.
    Ignores   who had bought nothing in the 91 days before, and the first weeks of the data; persons who have merged
              since, whose purchases stand under another id.
    """
    first = past.bought["ordered_date"].min()
    if lots.is_empty() or not isinstance(first, date):
        return with_outcomes(with_traits(lots.clear(), past, date.max), past)
    lots, past = _by_number(lots, past)
    late = lots.filter(pl.col("as_of_date") >= first + timedelta(days=LEAST_DAYS))
    parts = [with_traits(late.clear(), past, first)] + [
        with_traits(part, past, day) for (day,), part in sorted(late.partition_by("as_of_date", as_dict=True).items())
    ]
    known = pl.concat(parts).filter(pl.col("expected_orders") > 0)
    return with_outcomes(known, past).sort("lot_id").cast(dict.fromkeys(NAMED, pl.String))


def _by_number(lots: pl.DataFrame, past: Past) -> tuple[pl.DataFrame, Past]:
    """The same with NAMED as places in a sorted list: every day joins and groups by them, faster than by text."""
    frames = (lots, past.bought, past.messages)
    names = {one: pl.concat([frame[one] for frame in frames if one in frame.columns]) for one in NAMED}
    kinds = {one: pl.Enum(values.drop_nulls().unique().sort()) for one, values in names.items()}
    known, bought, messages = (
        frame.cast({one: kind for one, kind in kinds.items() if one in frame.columns}) for frame in frames
    )
    return known, Past(bought, messages)


def learn_effects(evidence: pl.DataFrame, policy: Policy, *, seed: int, threads: int = 1) -> Effects | None:
    """What the rows say about every kind of contact of the policy; None if they are too few to say anything."""
    fair, unfair = fair_lots(evidence, seed=seed, threads=threads)
    offered, use_rate = _with_offers(fair)
    rows = _with_stated_lift(offered, policy)
    if rows.height < FEWEST_ROWS:
        return None
    cells: list[Cell] = sorted({cell_of(policy, one) for one in policy.treatments})
    counted = rows.group_by("channel_code", pl.col("campaign_id").is_null(), maintain_order=True).agg(
        pl.col("is_treated").sum(), left_out=(~pl.col("is_treated")).sum()
    )
    arms = {f"{code} {'nights' if own else 'campaigns'}": (done, out) for code, own, done, out in counted.iter_rows()}
    return Effects(
        weigh(pool_lots(as_lots(rows)), cells), _sales_rate(rows), use_rate, dict(sorted(arms.items())), unfair
    )


def as_lots(rows: pl.DataFrame) -> Lots:
    """What the engine of effects asks for: orders and not sales, which are far noisier, and lifts as orders.

    Takes     rows, one per person and lot: LOTS with stated_lift and has_offer known, `orders` of the horizon,
              expected_orders (above 0, of 28 days) and TRAITS.
    """
    expected, own = rows["expected_orders"].to_numpy(), cells_of(rows)
    cells = tuple(sorted(set(own)))
    return Lots(
        person=rows["person_id"].rank("dense").to_numpy() - 1,
        cells=cells,
        own=np.array([cells.index(one) for one in own]),
        drawn=rows["is_treated"].cast(pl.Float64).to_numpy() - rows["chance"].to_numpy(),
        stated=rows["stated_lift"].to_numpy() * expected,
        expected=expected,
        usual=expected * _season(rows),
        outcome=rows["orders"].to_numpy(),
        traits=matrix_of(rows),
    )


def cells_of(rows: pl.DataFrame) -> list[Cell]:
    """Which contacts each row is of: channel, and whether with an offer."""
    return list(rows.select("channel_code", "has_offer").iter_rows())


def in_words_of(effects: Effects | None) -> dict[str, Any]:
    """For the report: plain numbers."""
    if effects is None:
        return {"row_count": 0}
    belief = effects.belief
    multiples = zip(belief.cells, belief.multiple, belief.error, belief.weight, strict=True)
    return {
        "row_count": belief.pooled.row_count,
        "arms": {name: list(counts) for name, counts in effects.arms.items()},
        "unfair_campaigns": list(effects.unfair),
        "no_effect_probability": round(belief.nothing_probability, 6),
        "multiple_of_stated_lift": {
            f"{channel} {'with' if has_offer else 'without'} offer": [round(float(one), 4) for one in numbers]
            for (channel, has_offer), *numbers in multiples
        },
        "sales_rate": round(effects.sales_rate, 4),
        "use_rate": round(effects.use_rate, 4),
    }


def _season(rows: pl.DataFrame) -> Floats:
    """Per day and horizon how often both arms really ordered, relative to a month's expectation."""
    ratio = pl.col("orders").sum() / pl.col("expected_orders").sum()
    return rows.select(ratio.over("as_of_date", "horizon_days")).to_series().to_numpy()


def _with_offers(rows: pl.DataFrame) -> tuple[pl.DataFrame, float]:
    """has_offer of campaigns, by whether their people use more coupons; and the share of coupons that are used."""
    chance = pl.col("chance")
    score = pl.when("is_treated").then(1 / chance).otherwise(-1 / (1 - chance)) * pl.col("coupon_orders")
    named = rows.with_columns(_score=score, _kind=pl.col("campaign_id").is_null())
    each = named.group_by("channel_code", "_kind", "has_offer").agg(
        used=pl.col("_score").mean(),
        sure=pl.col("_score").mean() / (pl.col("_score").std() / pl.len().sqrt()),
        buying=(pl.col("orders") > 0).mean(),
        count=pl.len(),
    )
    sees = each.with_columns(_seen=(pl.col("sure").fill_nan(0.0) > SURE_ERRORS).fill_null(False))
    keys = ["channel_code", "_kind"]
    told = named.join(sees.select(*keys, "has_offer", "_seen"), on=[*keys, "has_offer"], nulls_equal=True)
    offers = sees.filter("_seen")
    buying = float((offers["buying"] * offers["count"]).sum())
    use_rate = float((offers["used"] * offers["count"]).sum()) / buying if buying > 0 else 1.0
    filled = told.with_columns(pl.col("has_offer").fill_null(pl.col("_seen")))
    return filled.drop("_score", "_kind", "_seen").sort("lot_id"), round(float(np.clip(use_rate, 0.0, 1.0)), DIGITS)


def _with_stated_lift(rows: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Of a campaign the mean lift stated for its channel's treatments, of its kind if there are any; else left out."""
    stated = pl.DataFrame(
        [(*cell_of(policy, one), lift_of(float(one.prior_effect_log_odds))) for one in policy.treatments],
        schema={"channel_code": pl.String, "has_offer": pl.Boolean, "_lift": pl.Float64},
        orient="row",
    )
    own = stated.group_by("channel_code", "has_offer").agg(pl.col("_lift").mean())
    whole = stated.group_by("channel_code").agg(_any=pl.col("_lift").mean())
    joined = rows.join(own, on=["channel_code", "has_offer"], how="left").join(whole, on="channel_code", how="left")
    filled = joined.with_columns(pl.coalesce("stated_lift", "_lift", "_any").alias("stated_lift"))
    return filled.drop("_lift", "_any").filter(pl.col("stated_lift") > 0).sort("lot_id")


def _sales_rate(rows: pl.DataFrame) -> float:
    """Sales that come and go with a person's orders, per average order: an order more takes something from others.

    Within persons, over their lots: what differs between people is not what one more order brings.
    """
    mine = rows.select(
        orders=pl.col("orders") - pl.col("orders").mean().over("person_id", "horizon_days"),
        sales=pl.col("sales") - pl.col("sales").mean().over("person_id", "horizon_days"),
    )
    square, total = float((mine["orders"] ** 2).sum()), float(rows["orders"].sum())
    if square <= 0 or total <= 0 or float(rows["sales"].sum()) <= 0:
        return 1.0
    average = float(rows["sales"].sum()) / total
    slope = float((mine["orders"] * mine["sales"]).sum()) / square
    return round(float(np.clip(slope / average, 0.0, 1.0)), DIGITS)
