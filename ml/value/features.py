"""What do trees see of a customer? Shares and ratios that mean the same for any currency, history and horizon."""

import numpy as np

from ml.value.base import BasePrediction
from ml.value.bgnbd import DAYS_PER_UNIT, Numbers
from ml.value.history import History

NAMES = (
    "log_expected_orders",
    "log_expected_amount",
    "alive_probability",
    "log_repeats",
    "last_order_share",
    "silence_horizons",
    "age_horizons",
    "silence_per_gap",
    "log_first_amount",
    "log_last_amount",
    "log_most_amount",
    "refund_share",
    "log_lines",
    "orders_quarter",
    "orders_half",
    "orders_whole",
    "log_spend_half",
    "log_spend_whole",
)


def windows_of(horizon_days: int) -> tuple[int, int, int]:
    """The recent windows, as parts of the horizon: a quarter, a half, the whole; at least a day."""
    return (max(horizon_days // 4, 1), max(horizon_days // 2, 1), max(horizon_days, 1))


def build_features(history: History, base: BasePrediction, *, unit: float, horizon_days: int) -> Numbers:
    """The matrix of `NAMES`, one row per customer.

    Takes     unit: the typical order value, in the input's currency; horizon_days: what the windows of
              `history` were made for.
    Source    own definition: times are counted in horizons and amounts in typical orders, so that trees which
              learned on a shorter horizon mean the same on a longer one.
    """
    quarter, half, whole = (history.recent[days] for days in windows_of(horizon_days))
    horizon = horizon_days / DAYS_PER_UNIT
    silence = history.age - history.last
    gap = np.where(history.repeats > 0, history.last / np.maximum(history.repeats, 1), np.nan)
    columns = (
        np.log(base.orders),
        _log(base.amount, unit),
        base.alive,
        np.log1p(history.repeats),
        history.last / np.maximum(history.age, 1e-9),
        silence / horizon,
        history.age / horizon,
        silence / np.maximum(gap, 1.0 / DAYS_PER_UNIT),
        _log(history.first_amount, unit),
        _log(history.last_amount, unit),
        _log(history.most_amount, unit),
        np.minimum(history.refund_share, 1.0),
        np.log(history.lines),
        quarter[0],
        half[0],
        whole[0],
        _log(half[1], unit),
        _log(whole[1], unit),
    )
    return np.stack(columns, axis=1).astype(np.float32)


def _log(amount: Numbers, unit: float) -> Numbers:
    return np.asarray(np.log1p(np.maximum(amount, 0.0) / unit))
