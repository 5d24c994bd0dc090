"""Whose journey an action belongs to."""

import polars as pl

from ml.decisioning.policy import Policy
from ml.decisioning.policy_rows import Journey

BOUNDS = [  # (column of journeys, column of people, whether it is a lower bound)
    ("min_days_since_last_order", "days_since_last_order", True),
    ("max_days_since_last_order", "days_since_last_order", False),
    ("min_lapse_probability", "lapse_probability", True),
    ("max_lapse_probability", "lapse_probability", False),
    ("min_redemption_probability", "redemption_probability", True),
    ("min_order_count_365d", "order_count_365d", True),
]


def applies(policy: Policy, action_id: str) -> pl.Expr:
    """True for people of any of the action's journeys; an unknown input matches no bound, an action without
    a journey applies to nobody."""
    matches = [_matches(journey) for journey in policy.journeys if journey.action_id == action_id]
    return pl.any_horizontal(matches) if matches else pl.lit(False)


def _matches(journey: Journey) -> pl.Expr:
    conditions = [pl.lit(True)]
    if journey.lifecycle_stage_code != "*":
        conditions.append(pl.col("lifecycle_stage_code") == journey.lifecycle_stage_code)
    for name, column, is_lower in BOUNDS:
        bound = getattr(journey, name)
        if bound is not None:
            value = pl.col(column).cast(pl.Float64).fill_nan(None)
            conditions.append(value >= float(bound) if is_lower else value <= float(bound))
    return pl.all_horizontal(conditions).fill_null(False)
