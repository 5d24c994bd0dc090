"""What is each customer worth within the horizon? Classic models, trees on top, totals and intervals from the past."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import polars as pl

from ml.errors import InsufficientDataError
from ml.value.base import BaseModel, fit_base, predict_base, sample_of
from ml.value.bgnbd import Numbers
from ml.value.correction import COUNT, VALUE, Correction, fit_correction, unlearned
from ml.value.features import build_features, windows_of
from ml.value.history import History, build_history
from ml.value.interval import Spread, fit_spread, predict_interval
from ml.value.lean import Lean, fit_lean
from ml.value.panels import Panel, build_panel, panel_days, stack
from ml.value.season import Season, same_season, season_day
from ml.value.transactions import OrderDays

BLOCK = 200_000  # customers scored at a time: bounds the memory


@dataclass(frozen=True, slots=True)
class ValueModel:
    """Everything fitted before the scoring date, and what a reader should know of it."""

    day: int
    horizon_days: int
    label_days: int
    panel_days: tuple[int, ...]
    unit: float
    base: BaseModel
    count: Correction
    value: Correction
    lean: Lean
    spread: Spread
    season: Season | None  # relative to the totals of `count` and `value`; holds for `day` alone
    warnings: tuple[str, ...]


def fit_value(days: OrderDays, *, day: int, horizon_days: int, seed: int, threads: int) -> ValueModel:
    """Fit on what was known on the morning of `day`.

    Takes     days: OrderDays, later rows are ignored; day: the scoring date, days since 1970-01-01.
    Returns   ValueModel; with a history too short or too small for labelled panels, the classic models alone,
              and with too few repeat orders a smoothed rate; `warnings` says which and why.
    Raises    InsufficientDataError   nobody ordered before the day.
    """
    known = days.before(day)
    if not known.is_order.any():
        raise InsufficientDataError(
            "clv: expected customers with an order before the scoring date, got none. "
            "Choose a later --as-of date, or check the columns for date and amount."
        )
    first_day = int(known.day[known.is_order].min())
    history = build_history(known, day=day, windows=windows_of(horizon_days))
    base = fit_base(history, seed=seed)
    positive = known.amount[known.is_order & (known.amount > 0)]
    unit = float(np.median(positive)) if positive.size else 1.0
    label_days, cuts = panel_days(first_day, day, horizon_days)
    built = (build_panel(known, base, day=cut, horizon_days=label_days, unit=unit, seed=seed) for cut in cuts)
    panels = [panel for panel in built if panel is not None]
    count, value, spread = _learn(panels, carried=label_days / horizon_days, seed=seed, threads=threads)
    past = season_day(first_day, day, horizon_days, label_days)
    before = past and build_panel(known, base, day=past, horizon_days=horizon_days, unit=unit, seed=seed)
    season = same_season(before) if before else None
    settle = partial(_settled, history=history, base=base, unit=unit, horizon_days=horizon_days, threads=threads)
    count, value, lean, season = settle(count, value, season)
    warnings = (*base.notes, *_warnings(panels, label_days, horizon_days, day - first_day, value))
    used = tuple(panel.day for panel in panels)
    return ValueModel(day, horizon_days, label_days, used, unit, base, count, value, lean, spread, season, warnings)


def predict_value(model: ValueModel, days: OrderDays, *, threads: int) -> Iterator[pl.DataFrame]:
    """Blocks of the answer, in ascending order of customer.

    Returns   per block: customer_id; expected_order_count Float64; expected_value_amount, value_low_amount,
              value_high_amount Float64, in the input's currency; probability_active Float64, the chance of at
              least one order within the horizon.
    """
    history = build_history(days, day=model.day, windows=windows_of(model.horizon_days))
    for start in range(0, history.customer.size, BLOCK):
        places = np.arange(start, min(start + BLOCK, history.customer.size))
        yield _score(model, days, history.take(places), threads=threads)


def _score(model: ValueModel, days: OrderDays, history: History, *, threads: int) -> pl.DataFrame:
    base = predict_base(model.base, history, horizon_days=model.horizon_days)
    features = build_features(history, base, unit=model.unit, horizon_days=model.horizon_days)
    orders = model.count.predict(features, base.orders, threads=threads)
    value = model.value.predict(features, base.value, threads=threads)
    ordering = _ordering(base.ordering, orders / base.orders)
    if model.season is not None:
        orders, value = orders * model.season.orders, value * model.season.value
        ordering = _ordering(base.ordering, orders / base.orders)
    low, high = predict_interval(model.spread, orders, ordering, value)
    return pl.DataFrame(
        {
            "customer_id": days.ids[history.customer],
            "expected_order_count": model.lean.apply(orders),
            "expected_value_amount": value,
            "value_low_amount": low,
            "value_high_amount": high,
            "probability_active": ordering,
        }
    )


def _learn(panels: list[Panel], *, carried: float, seed: int, threads: int) -> tuple[Correction, Correction, Spread]:
    if not panels:
        stands = unlearned("no trees: no past day has a complete outcome")
        nothing = np.zeros(0)
        return stands, stands, fit_spread(nothing, nothing, nothing, nothing)
    features, outcome = stack(panels, "features"), stack(panels, "value")
    group = np.concatenate([panel.customer for panel in panels])
    base_orders = np.concatenate([panel.base.orders for panel in panels])
    base_value = np.concatenate([panel.base.value for panel in panels])
    base_ordering = np.concatenate([panel.base.ordering for panel in panels])
    placed = stack(panels, "orders")
    learn = partial(fit_correction, features=features, group=group, carried=carried, seed=seed, threads=threads)
    count, orders = learn(COUNT, base=base_orders, label=placed)
    value, worth = learn(VALUE, base=base_value, label=outcome)
    spread = fit_spread(orders, _ordering(base_ordering, orders / base_orders), worth, outcome)
    return count, value, spread


def _settled(
    count: Correction,
    value: Correction,
    season: Season | None,
    *,
    history: History,
    base: BaseModel,
    unit: float,
    horizon_days: int,
    threads: int,
) -> tuple[Correction, Correction, Lean, Season | None]:
    """All with the totals expected of the customers to be scored; of many, of a sample."""
    sample = history.take(sample_of(history.customer.size, seed=0))
    classic = predict_base(base, sample, horizon_days=horizon_days)
    features = build_features(sample, classic, unit=unit, horizon_days=horizon_days)
    count, orders_ratio = count.settled(features, classic.orders, threads=threads)
    value, value_ratio = value.settled(features, classic.value, threads=threads)
    if season is not None:
        season = replace(season, orders=season.orders / orders_ratio, value=season.value / value_ratio)
    lean = fit_lean(count.predict(features, classic.orders, threads=threads))
    return count, value, lean, season


def _ordering(base: Numbers, times: Numbers) -> Numbers:
    """The chance of an order where the expected count is `times` the classic one."""
    return np.asarray(-np.expm1(times * np.log1p(-np.minimum(base, 1.0 - 1e-12))))


def _warnings(
    panels: list[Panel], label_days: int, horizon_days: int, history_days: int, value: Correction
) -> Iterator[str]:
    if not panels:
        yield (
            f"{history_days} days of history are too short to check anything against a later outcome: the classic "
            "models answer alone, totals are not calibrated, and the intervals' width is a guess."
        )
    elif label_days < horizon_days:
        yield (
            f"{history_days} days of history hold no complete outcome of {horizon_days} days with as long a history "
            f"before it: trees, totals and intervals learned from outcomes of {label_days} days, carried over."
        )
    if panels and value.booster is None:
        yield f"expected value: {value.note}; the classic models answer, with the total of the past."
