"""How did the same season differ a year ago from what the classic models say? It takes more than a year of history."""

from dataclasses import dataclass

import numpy as np

from ml.value.bgnbd import Numbers
from ml.value.panels import Panel

YEAR = 364  # whole weeks, so that weekdays stay
ONE_YEAR_TO_THE_NEXT = 0.05  # a season's logarithm moves by about that much between years without a cause known before


@dataclass(frozen=True, slots=True)
class Season:
    """What this season multiplies the classic models' totals by, and the day a year ago that says so."""

    day: int
    orders: float
    value: float


def season_day(first_day: int, day: int, horizon_days: int, label_days: int) -> int | None:
    """The same day a year ago; None if half a year and as long a history as the horizon do not stand before it.

    With labels shorter than the horizon there is none either: then the history is too short, or the horizon
    holds every season.
    """
    past = day - YEAR
    return past if label_days == horizon_days < YEAR and past - first_day >= max(horizon_days, YEAR // 2) else None


def same_season(panel: Panel) -> Season:
    """The panel of a year ago against the classic answers for it, each shrunk by what chance alone would give."""
    return Season(
        panel.day,
        orders=_ratio(panel.orders, panel.base.orders),
        value=_ratio(np.maximum(panel.value, 0.0), panel.base.value),
    )


def _ratio(label: Numbers, predicted: Numbers) -> float:
    """exp(s r), r the logarithm of actual / predicted, s = r^2 / (r^2 + its variance): a small r is noise."""
    total, expected = float(np.sum(label)), float(np.sum(predicted))
    if total <= 0.0 or expected <= 0.0:
        return 1.0
    ratio = np.log(total / expected)
    chance = float(np.sum((label - predicted) ** 2)) / total**2
    signal = ratio**2 / max(ratio**2 + chance + ONE_YEAR_TO_THE_NEXT**2, 1e-12)
    return float(np.exp(signal * ratio))
