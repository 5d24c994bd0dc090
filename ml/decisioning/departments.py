"""Per person and department: purchase probability, margin and sales of one purchase, bought just now or not."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from ml.decisioning.policy import Policy
from ml.decisioning.units import floats

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class DepartmentInputs:
    """Tables people x departments; NaN where unknown.

    purchase_probability   of at least one purchase in the next 28 days, calibrated;
    margin, sales          of one purchase (the department's part of one order), currency;
    was_bought_just_now    1, 0, NaN = unknown.
    """

    names: list[str]
    purchase_probability: Floats
    margin: Floats
    sales: Floats
    was_bought_just_now: Floats


def department_inputs(
    people: pl.DataFrame,
    purchase_scores: pl.DataFrame,
    department_history: pl.DataFrame,
    *,
    policy: Policy,
    as_of_date: date,
) -> DepartmentInputs:
    """Line up scores and history of every person (rows as in `people`) and scored department (by name).

    Source    own definition: a person's mean per purchase, shrunk to the department's,
              (own sum + k x department mean) / (own orders + k), k = value_rules.shrinkage_order_count.
    """
    names = purchase_scores["target"].unique().sort().to_list()
    place = _Places(people, names)
    history = department_history.select(
        "person_id",
        department="department_name",
        orders=pl.col("order_count_365d").cast(pl.Float64),
        sales=_cents("net_sales_amount_365d"),
        margin=_cents("gross_margin_amount_365d"),
        is_recent=pl.col("last_ordered_date") >= as_of_date - timedelta(days=int(policy.rules["bought_recently_days"])),
    )
    orders = place.table(history, "orders", missing=0.0)
    shrinkage = float(policy.rules["shrinkage_order_count"])
    per_purchase = {
        name: (place.table(history, name, missing=0.0) + shrinkage * _means(history, names, name))
        / (orders + shrinkage)
        for name in ("sales", "margin")
    }
    return DepartmentInputs(
        names=names,
        purchase_probability=place.table(
            purchase_scores.select("person_id", "score", department="target"), "score", missing=np.nan
        ),
        margin=per_purchase["margin"] / 100,
        sales=per_purchase["sales"] / 100,
        was_bought_just_now=place.table(history, "is_recent", missing=0.0),
    )


def _cents(column: str) -> pl.Expr:
    return (pl.col(column).cast(pl.Float64) * 100).round(0)


def _means(history: pl.DataFrame, names: list[str], column: str) -> Floats:
    """Mean cents per purchase of each department over everybody: sums of whole cents, so any order gives the same."""
    sums = (
        history.drop_nulls(["orders", column])
        .group_by("department")
        .agg(pl.col(column).cast(pl.Int64).sum().alias("cents"), pl.col("orders").cast(pl.Int64).sum())
        .filter(pl.col("orders") > 0)
    )
    mean_of = dict(zip(sums["department"], sums["cents"].cast(pl.Float64) / sums["orders"], strict=True))
    return np.array([mean_of.get(name, np.nan) for name in names])


class _Places:
    """Where a person and a department stand in the tables."""

    def __init__(self, people: pl.DataFrame, names: list[str]) -> None:
        self.shape = (people.height, len(names))
        self.people = people.select("person_id").with_row_index("row")
        self.names = pl.DataFrame({"department": names}, schema={"department": pl.String}).with_row_index("column")

    def table(self, frame: pl.DataFrame, column: str, *, missing: float) -> Floats:
        """Dense values of a (person, department) frame; a row that is there but empty is NaN."""
        found = frame.join(self.people, on="person_id").join(self.names, on="department")
        values = np.full(self.shape, missing)
        values[found["row"].to_numpy(), found["column"].to_numpy()] = floats(found[column])
        return values
