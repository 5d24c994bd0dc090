"""What was a night worth, measured against the people who were randomly left alone?"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import polars as pl

from ml.errors import ContractError
from ml.measurement.sample_ratio import sample_ratio_p
from ml.measurement.verdict import BLOCKED, STANDARD_PLAN, LiftPlan, judge
from ml.measurement.welch import Difference, Sums, welch_difference

HOLDOUT, TREATED = "holdout", "treated"
METRICS = {"gross_margin": "margin_cents", "net_sales": "net_sales_cents"}
NULL_CHECK = (
    "Null check: replayed data cannot respond to our decisions, so a true difference cannot exist; "
    "one row in twenty may still show one by chance."
)
KEY = ["experiment_id", "decided_date", "person_id"]
OUTCOMES = {
    "experiment_id": pl.String,
    "decided_date": pl.Date,
    "person_id": pl.String,
    "arm": pl.String,
    "net_sales_cents": pl.Int64,
    "margin_cents": pl.Int64,
    "observed_days": pl.Int64,
}
LIFT_SCHEMA = {
    "as_of_date": pl.Date,
    "experiment_id": pl.String,
    "decided_date": pl.Date,
    "metric_name": pl.String,
    "window_days": pl.Int64,
    "observed_days": pl.Int64,
    "treated_count": pl.Int64,
    "holdout_count": pl.Int64,
    "treated_mean": pl.Float64,
    "holdout_mean": pl.Float64,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "p_value": pl.Float64,
    "sample_ratio_p": pl.Float64,
    "detectable_effect": pl.Float64,
    "verdict": pl.String,
    "note": pl.String,
}


def measure_lift(
    outcomes: pl.DataFrame,
    experiments: pl.DataFrame,
    as_of_date: date,
    observed_through: date,
    *,
    is_replay: bool,
    plan: LiftPlan = STANDARD_PLAN,
) -> pl.DataFrame:
    """Treated minus holdout per decided night and metric, currency units per person, with a verdict in words.

    Intention to treat: everybody not held out counts as treated, contacted or not, because who is
    contacted was chosen and who is held out was drawn.

    Takes     outcomes, one row per person x decided night x experiment, any order:
              experiment_id str; decided_date date; person_id str; arm 'holdout' or 'treated';
              net_sales_cents, margin_cents i64, cents in the first `plan.window_days` days from decided_date
              on, as far as observed (0: bought nothing); observed_days i64, equal within a night.
              experiments, one row per experiment: experiment_id str, holdout_share f64 in (0, 1).
              observed_through: the last day whose sales are known.
              is_replay: the data were recorded before the decisions, so they cannot answer them.
    Returns   one row per experiment, decided night and metric, columns `LIFT_SCHEMA`, sorted by that key.
              Numbers that cannot be had are null and the note says why; a blocked row shows counts only.
    Ignores   nights decided on `as_of_date` or later: nothing after them is known.
    Raises    ContractError   missing columns, nulls, an unknown arm or experiment, a person twice in a night,
              or more observed days than `observed_through` allows.
    """
    shares = _shares(experiments)
    past = _checked(outcomes, shares, observed_through).filter(pl.col("decided_date") < as_of_date)
    rows = [
        {"as_of_date": as_of_date, **row}
        for night in _nights(past)
        for row in _compare(night, shares[night["experiment_id"]], is_replay=is_replay, plan=plan)
    ]
    return pl.DataFrame(rows, schema=LIFT_SCHEMA, orient="row").sort("experiment_id", "decided_date", "metric_name")


def _nights(outcomes: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Whole-number sums per experiment, night and arm; 128 bits, so that no square can overflow."""
    sums = [pl.col("observed_days").first()]
    for arm in (TREATED, HOLDOUT):
        is_arm = pl.col("arm") == arm
        sums.append(is_arm.sum().alias(f"{arm}_count"))
        for name in METRICS.values():
            cents = pl.col(name).filter(is_arm).cast(pl.Int128)
            sums += [cents.sum().alias(f"{arm}_{name}"), (cents * cents).sum().alias(f"{arm}_{name}_squared")]
    nights = outcomes.group_by("experiment_id", "decided_date").agg(sums)
    yield from nights.sort("experiment_id", "decided_date").iter_rows(named=True)


def _compare(night: dict[str, Any], share: float, *, is_replay: bool, plan: LiftPlan) -> Iterator[dict[str, Any]]:
    days = min(night["observed_days"], plan.window_days)
    ratio_p = sample_ratio_p(night["holdout_count"], night["treated_count"] + night["holdout_count"], share)
    for metric, column in METRICS.items():
        treated, holdout = (
            Sums(night[f"{arm}_count"], night[f"{arm}_{column}"], night[f"{arm}_{column}_squared"])
            for arm in (TREATED, HOLDOUT)
        )
        seen = Difference()
        if days > 0:
            seen = welch_difference(treated, holdout, confidence=plan.confidence, power=plan.power)
        verdict, reason = judge(seen, treated, holdout, observed_days=days, sample_ratio=ratio_p, plan=plan)
        is_open = verdict != BLOCKED and days > 0
        shown = seen if is_open else Difference()
        yield {
            "experiment_id": night["experiment_id"],
            "decided_date": night["decided_date"],
            "metric_name": metric,
            "window_days": plan.window_days,
            "observed_days": days,
            "treated_count": treated.count,
            "holdout_count": holdout.count,
            "treated_mean": treated.mean if is_open else None,
            "holdout_mean": holdout.mean if is_open else None,
            "estimate": shown.estimate,
            "low": shown.low,
            "high": shown.high,
            "p_value": shown.p_value,
            "sample_ratio_p": ratio_p,
            "detectable_effect": shown.detectable,
            "verdict": verdict,
            "note": f"{reason} {NULL_CHECK}" if is_replay else reason,
        }


def _shares(experiments: pl.DataFrame) -> dict[str, float]:
    ids = experiments["experiment_id"].to_list()
    if len(set(ids)) != len(ids) or None in ids:
        raise ContractError(
            f"experiments: expected one row per experiment_id, got {sorted(map(str, ids))}. Give each its own id."
        )
    stated = experiments["holdout_share"].cast(pl.Float64)  # seeds hand over decimals or text
    shares = dict(zip(ids, stated.to_list(), strict=True))
    unstated = [name for name, share in shares.items() if share is None]
    if unstated:
        raise ContractError(f"experiments.holdout_share: expected a share, got null for {unstated}. State it.")
    return shares


def _checked(outcomes: pl.DataFrame, shares: dict[str, float], observed_through: date) -> pl.DataFrame:
    frame = _typed(outcomes)
    last = pl.col("decided_date") + pl.duration(days=1) * (pl.col("observed_days") - 1)
    night = ["experiment_id", "decided_date"]
    broken = {
        "a value in every column": pl.any_horizontal(pl.all().is_null()),
        f"an experiment out of {sorted(shares)}": ~pl.col("experiment_id").is_in(list(shares)),
        "arm 'holdout' or 'treated'": ~pl.col("arm").is_in([HOLDOUT, TREATED]),
        "a person once per night": pl.struct(KEY).is_duplicated(),
        "observed_days of at least 0": pl.col("observed_days") < 0,
        f"no sales after {observed_through}": (pl.col("observed_days") > 0) & (last > observed_through),
        "the same observed_days for a whole night": pl.col("observed_days").n_unique().over(night) > 1,
    }
    for expected, is_broken in broken.items():
        wrong = frame.filter(is_broken)
        if wrong.height:
            raise ContractError(
                f"outcomes: expected {expected}, got something else in {wrong.height} of {frame.height} rows "
                f"(first: {wrong.sort(KEY).select(KEY).row(0)}). Correct measurement.person_outcomes."
            )
    return frame


def _typed(outcomes: pl.DataFrame) -> pl.DataFrame:
    missing = [name for name in OUTCOMES if name not in outcomes.columns]
    if missing:
        raise ContractError(f"outcomes: expected columns {list(OUTCOMES)}, missing {missing}. Select them.")
    wrong = [name for name, dtype in OUTCOMES.items() if dtype == pl.Int64 and not _is_whole(outcomes[name].dtype)]
    if wrong:
        raise ContractError(f"outcomes: expected whole numbers in {wrong}, got fractions. Hand over cents.")
    return outcomes.select([pl.col(name).cast(dtype) for name, dtype in OUTCOMES.items()])


def _is_whole(dtype: pl.DataType) -> bool:
    """An integer, or what the warehouse makes of a sum of integers."""
    return dtype.is_integer() or (isinstance(dtype, pl.Decimal) and dtype.scale == 0)


def last_observable_day(decided_date: date, plan: LiftPlan = STANDARD_PLAN) -> date:
    """The day after which a night's window is over and its verdict final."""
    return decided_date + timedelta(days=plan.window_days - 1)
