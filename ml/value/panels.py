"""From which past days can be learned? Labelled panels whose outcomes had ended before the scoring date."""

from dataclasses import dataclass

import numpy as np

from ml.value.base import BaseModel, BasePrediction, predict_base, sample_of
from ml.value.bgnbd import Numbers
from ml.value.features import build_features, windows_of
from ml.value.history import build_history, outcome_of
from ml.value.transactions import OrderDays, Whole

MOST_PANELS = 4
FEWEST_DAYS = 14  # a shorter label says nothing about a customer
MOST_ROWS = 20_000  # per panel: more rows change the trees little and the time much


@dataclass(frozen=True, slots=True)
class Panel:
    """Customers on a past day: features and classic prediction from before it, orders and value from it on."""

    day: int
    horizon_days: int
    customer: Whole
    features: Numbers
    base: BasePrediction
    orders: Numbers
    value: Numbers


def panel_days(first_day: int, day: int, horizon_days: int) -> tuple[int, list[int]]:
    """The label's length and the cut-offs, newest first.

    Returns   The label is as long as the horizon, or half the history if that is shorter: a history at least as
              long as the label stands before every cut-off, and every label ends by `day`. Cut-offs lie half
              a label apart. No days, if the history is too short for any.
    """
    label = min(horizon_days, (day - first_day) // 2)
    if label < min(FEWEST_DAYS, horizon_days):
        return label, []
    step = max(label // 2, 1)
    days = range(day - label, first_day + label - 1, -step)
    return label, list(days)[:MOST_PANELS]


def build_panel(
    days: OrderDays, model: BaseModel, *, day: int, horizon_days: int, unit: float, seed: int
) -> Panel | None:
    """One labelled panel; None if nobody had ordered before its day.

    Takes     model: the classic models as of the scoring date. Fitted on the panel's own short history they
              would err in their parameters, and trees would learn an error that is not made today; of the
              labels, seven parameters see next to nothing.
    """
    history = build_history(days, day=day, windows=windows_of(horizon_days))
    if history.customer.size == 0:
        return None
    history = history.take(sample_of(history.customer.size, seed=seed, most=MOST_ROWS))
    base = predict_base(model, history, horizon_days=horizon_days)
    features = build_features(history, base, unit=unit, horizon_days=horizon_days)
    orders, value = outcome_of(days, history.customer, first_day=day, end_day=day + horizon_days)
    return Panel(day, horizon_days, history.customer, features, base, orders, value)


def stack(panels: list[Panel], name: str) -> Numbers:
    """One column of all panels, one below the other."""
    return np.concatenate([getattr(panel, name) for panel in panels])
