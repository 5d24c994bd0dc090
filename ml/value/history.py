"""What had a customer done by a day? Summaries and features, from the days before it alone."""

from dataclasses import dataclass

import numpy as np

from ml.value.bgnbd import DAYS_PER_UNIT, Numbers
from ml.value.transactions import OrderDays, Whole


@dataclass(frozen=True, slots=True)
class History:
    """One row per customer with an order before the day, in ascending order of customer."""

    customer: Whole  # place in OrderDays.ids
    repeats: Numbers  # orders after the first
    last: Numbers  # weeks from the first to the last order
    age: Numbers  # weeks from the first order to the last day seen
    repeat_mean: Numbers  # mean value of the orders after the first, 0 if there are none
    order_mean: Numbers  # mean value of all orders
    first_amount: Numbers
    last_amount: Numbers
    most_amount: Numbers
    refund_share: Numbers
    lines: Numbers  # mean rows of an order day
    recent: dict[int, tuple[Numbers, Numbers]]  # window in days: orders and net amount within it

    def take(self, places: Whole) -> "History":
        """The rows at these places."""
        names = [name for name in History.__dataclass_fields__ if name != "recent"]
        recent = {days: (count[places], amount[places]) for days, (count, amount) in self.recent.items()}
        return History(**{name: getattr(self, name)[places] for name in names}, recent=recent)


def build_history(days: OrderDays, *, day: int, windows: tuple[int, ...]) -> History:
    """Summaries as of the morning of `day`.

    Takes     days: OrderDays, of any dates; rows on or after `day` are ignored; windows: lengths in days,
              each [day - length, day).
    Returns   History. Age runs to the day before `day`, the last one seen.
    """
    known = days.before(day)
    size = days.size
    orders = known.is_order
    customer, when, amount = known.customer[orders], known.day[orders], known.amount[orders]
    count = np.bincount(customer, minlength=size)
    seen = np.flatnonzero(count)
    ends = np.cumsum(count)[seen] - 1
    starts = ends - count[seen] + 1
    total = np.bincount(customer, weights=amount, minlength=size)[seen]
    repeats = (count[seen] - 1).astype(float)
    gross = np.bincount(known.customer, weights=np.abs(known.amount - known.refund), minlength=size)[seen]
    back = -np.bincount(known.customer, weights=known.refund, minlength=size)[seen]
    lines = np.bincount(customer, weights=known.line[orders], minlength=size)[seen]
    recent = {}
    for window in windows:
        late = known.day >= day - window
        ordered = np.bincount(known.customer[late & orders], minlength=size)[seen].astype(float)
        spent = np.bincount(known.customer[late], weights=known.amount[late], minlength=size)[seen].astype(float)
        recent[window] = (ordered, spent)
    return History(
        customer=seen,
        repeats=repeats,
        last=(when[ends] - when[starts]) / DAYS_PER_UNIT,
        age=(day - 1 - when[starts]) / DAYS_PER_UNIT,
        repeat_mean=np.where(repeats > 0, (total - amount[starts]) / np.maximum(repeats, 1), 0.0),
        order_mean=total / count[seen],
        first_amount=amount[starts],
        last_amount=amount[ends],
        most_amount=np.maximum.reduceat(amount, starts) if seen.size else amount,
        refund_share=back / np.maximum(gross, 1e-9),
        lines=lines / count[seen],
        recent=recent,
    )


def outcome_of(days: OrderDays, customer: Whole, *, first_day: int, end_day: int) -> tuple[Numbers, Numbers]:
    """Orders and net amount of customers in [first_day, end_day)."""
    inside = (days.day >= first_day) & (days.day < end_day)
    ordered = np.bincount(days.customer[inside & days.is_order], minlength=days.size)
    spent = np.bincount(days.customer[inside], weights=days.amount[inside], minlength=days.size)
    return ordered[customer].astype(float), spent[customer].astype(float)
