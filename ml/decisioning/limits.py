"""From candidates and shared limits to the integers of one joint problem."""

import numpy as np
import polars as pl

from ml.decisioning.policy import Policy
from ml.decisioning.policy_rows import Limit
from ml.decisioning.prices import PRICE_UNITS, UNITS, Integers, Problem
from ml.decisioning.units import units_from_amounts

MEASURES = {  # what one chosen candidate uses, in 1/10,000
    "contact_count": pl.lit(UNITS, dtype=pl.Int64),
    "cost_amount": units_from_amounts(pl.col("contact_cost_amount"))
    + units_from_amounts(pl.col("discount_cost_amount")),
    "discount_cost_amount": units_from_amounts(pl.col("discount_cost_amount")),
}


def build_problem(eligible: pl.DataFrame, policy: Policy) -> tuple[Problem, list[str]]:
    """The joint problem of the eligible candidates, and its people.

    Takes     eligible: candidates without a reason against them, sorted by person_id and treatment_id.
    Returns   Problem with one candidate per row of `eligible`; person ids in the problem's order.
    """
    values = eligible.select(
        units_from_amounts(pl.col("value_amount")).alias("value"),
        *[_use(limit).alias(limit.limit_name) for limit in policy.limits],
    )
    uses = [values[limit.limit_name].to_numpy() for limit in policy.limits]
    problem = Problem(
        person=(eligible["person_id"].rle_id().cast(pl.Int64)).to_numpy(),
        value=values["value"].to_numpy(),
        use=np.array(uses, dtype=np.int64).reshape(len(uses), eligible.height),
        limit=np.array([int(limit.limit_amount * UNITS) for limit in policy.limits], dtype=np.int64),
    )
    return problem, eligible["person_id"].unique(maintain_order=True).to_list()


def _use(limit: Limit) -> pl.Expr:
    concerned = pl.lit(True)
    if limit.channel_code != "*":
        concerned &= pl.col("channel_code") == limit.channel_code
    if limit.action_id != "*":
        concerned &= pl.col("action_id") == limit.action_id
    return pl.when(concerned).then(MEASURES[limit.measure]).otherwise(0).cast(pl.Int64)


def net_of_prices(policy: Policy, prices: Integers) -> pl.Expr:
    """A candidate's value less the price of what it uses, in 1/10,000, for reading; null where unknown."""
    net = units_from_amounts(pl.col("value_amount")).cast(pl.Float64)
    for price, limit in zip(prices.tolist(), policy.limits, strict=True):
        net -= _use(limit).cast(pl.Float64) * (price / PRICE_UNITS)
    return net.round(0).cast(pl.Int64)
