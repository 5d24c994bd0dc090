"""Which days did each customer order, and for how much? Order days from transactions, exact in any row order."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.value.bgnbd import Numbers

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class OrderDays:
    """One row per customer and day with a transaction, sorted by customer and day.

    customer is the place of the customer in `ids` (ascending); day counts from 1970-01-01; amount is the day's
    net amount; line counts the day's rows; is_order is false for days of refunds only and for orders that were
    taken back on the same day: they change the amount and are no order.
    """

    ids: pl.Series
    customer: Whole
    day: Whole
    amount: Numbers
    refund: Numbers
    line: Numbers
    is_order: NDArray[np.bool_]

    def before(self, day: int) -> "OrderDays":
        """What was known on the morning of a day."""
        keep = self.day < day
        columns = (getattr(self, name)[keep] for name in ("customer", "day", "amount", "refund", "line", "is_order"))
        return OrderDays(self.ids, *columns)

    @property
    def size(self) -> int:
        """Number of customers, also of those without a row here."""
        return self.ids.len()


def build_order_days(transactions: pl.DataFrame) -> OrderDays:
    """Transactions, one row each, brought to one row per customer and day.

    Takes     transactions: customer_id any sortable type, not null; day Int32, not null; amount Float64,
              finite; negative is a refund.
    Returns   OrderDays. Sums run over amounts in ascending order, so the order of rows changes no bit.
    """
    ids = transactions["customer_id"].unique().sort()
    numbered = pl.DataFrame({"customer_id": ids, "customer": np.arange(ids.len())})
    rows = transactions.join(numbered, on="customer_id", how="left").sort("customer", "day", "amount")
    customer, day, amount = (rows[name].to_numpy() for name in ("customer", "day", "amount"))
    starts = np.flatnonzero(np.r_[True, (customer[1:] != customer[:-1]) | (day[1:] != day[:-1])][: rows.height])
    if rows.is_empty():
        empty = np.zeros(0)
        return OrderDays(ids, empty.astype(int), empty.astype(int), empty, empty, empty, empty.astype(bool))
    net = np.add.reduceat(amount, starts)
    refund = np.add.reduceat(np.minimum(amount, 0.0), starts)
    has_sale = np.maximum.reduceat(amount, starts) >= 0.0
    line = np.diff(np.r_[starts, rows.height]).astype(float)
    is_order = has_sale & ((net > 0.0) | (refund == 0.0))
    return OrderDays(ids, customer[starts].astype(int), day[starts].astype(int), net, refund, line, is_order)
