"""Proof of how good a night's choice is: what it is worth, what nobody could exceed, and the price of each limit."""

from datetime import date
from decimal import Decimal

import polars as pl

from ml.decisioning.policy import Policy
from ml.decisioning.prices import PRICE_UNITS, UNITS, Integers, Problem, dual_bound, used, value_of
from ml.decisioning.units import Schema

CERTIFICATE_COLUMNS: Schema = {
    "as_of_date": pl.Date,
    "limit_name": pl.String,
    "limit_amount": pl.Decimal(18, 4),
    "used_amount": pl.Decimal(18, 4),
    "price_amount": pl.Decimal(18, 6),
    "primal_value_amount": pl.Decimal(18, 4),
    "dual_bound_amount": pl.Decimal(18, 6),
    "gap_rate": pl.Float64,
}


def certify(problem: Problem, choice: Integers, prices: Integers, *, policy: Policy, as_of_date: date) -> pl.DataFrame:
    """One row per limit, sorted by name, for the ledger.

    Value, bound and gap stand in every row. They are of the choice that is really made, with what exploration
    costs. The bound is exact at the prices listed, rounded up to a millionth; anybody can recompute it from
    the candidates: sum over people of max(0, best of value - prices x use) + sum of price x limit.
    """
    bound = Decimal(-(-dual_bound(problem, prices) // UNITS)) / PRICE_UNITS
    value = Decimal(value_of(problem, choice)) / UNITS
    rows = zip(policy.limits, used(problem, choice).tolist(), prices.tolist(), strict=True)
    return pl.DataFrame(
        [
            {
                "as_of_date": as_of_date,
                "limit_name": limit.limit_name,
                "limit_amount": limit.limit_amount,
                "used_amount": Decimal(use) / UNITS,
                "price_amount": Decimal(price) / PRICE_UNITS,
                "primal_value_amount": value,
                "dual_bound_amount": bound,
                "gap_rate": gap_rate(bound, value),
            }
            for limit, use, price in rows
        ],
        schema=CERTIFICATE_COLUMNS,
    ).sort("limit_name")


def gap_rate(bound: Decimal, value: Decimal) -> float:
    """How far the choice could be from the best one, as a share of the bound; 0 where nothing can be gained."""
    return float((bound - value) / bound) if bound else 0.0
