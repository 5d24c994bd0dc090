"""What do the classic models say? BG/NBD and Gamma-Gamma fitted on one history, and their answers for it."""

from dataclasses import asdict, dataclass

import numpy as np

from ml.errors import InsufficientDataError
from ml.value.bgnbd import (
    DAYS_PER_UNIT,
    BgNbd,
    Numbers,
    expected_orders,
    fit_bgnbd,
    probability_alive,
    probability_of_order,
)
from ml.value.gamma_gamma import GammaGamma, expected_amount, fit_gamma_gamma
from ml.value.history import History
from ml.value.transactions import Whole

FIT_ROWS = 50_000  # the likelihood of more customers changes the third digit, not the decision
LEAST_ORDERS = 1e-6  # a logarithm is taken of it


@dataclass(frozen=True, slots=True)
class BaseModel:
    """Both classic models; `gamma_gamma` counts every order, `repeat_gamma_gamma` as published those after the first.

    Without enough repeat orders `bgnbd` is None and a gamma-smoothed rate answers; without spend the mean order
    value is `mean_amount`.
    """

    bgnbd: BgNbd | None
    gamma_gamma: GammaGamma | None
    repeat_gamma_gamma: GammaGamma | None
    mean_amount: float
    rate: float  # repeat orders per customer and week, smoothed: the answer without BG/NBD
    notes: tuple[str, ...]

    def described(self) -> dict[str, object]:
        """Parameters for the report."""
        return {
            "bgnbd": asdict(self.bgnbd) if self.bgnbd else None,
            "gamma_gamma": asdict(self.gamma_gamma) if self.gamma_gamma else None,
            "repeat_gamma_gamma": asdict(self.repeat_gamma_gamma) if self.repeat_gamma_gamma else None,
        }


@dataclass(frozen=True, slots=True)
class BasePrediction:
    """Per customer: orders and their mean value in the horizon, chance of an order, chance to be alive."""

    orders: Numbers
    amount: Numbers
    ordering: Numbers
    alive: Numbers

    @property
    def value(self) -> Numbers:
        """Expected net amount in the horizon."""
        return self.orders * self.amount


def fit_base(history: History, *, seed: int) -> BaseModel:
    """Both models by maximum likelihood; what cannot be fitted is None and says why in `notes`."""
    sample = history.take(sample_of(history.customer.size, seed=seed))
    notes: list[str] = []
    bgnbd, gamma_gamma, published = None, None, None
    try:
        bgnbd = fit_bgnbd(sample.repeats, sample.last, sample.age)
    except InsufficientDataError as error:
        notes.append(f"{error} A smoothed overall rate answers instead.")
    try:
        gamma_gamma = fit_gamma_gamma(sample.repeats + 1.0, sample.order_mean)
        published = fit_gamma_gamma(sample.repeats, sample.repeat_mean)
    except InsufficientDataError as error:
        notes.append(f"{error} Where there is no model, the mean order value answers.")
    total = float(((sample.repeats + 1.0) * sample.order_mean).sum())
    mean = max(total / max(float((sample.repeats + 1.0).sum()), 1.0), 0.0)
    rate = (float(sample.repeats.sum()) + 0.5) / (float(sample.age.sum()) + 52.0)  # half an order in a year of nothing
    return BaseModel(bgnbd, gamma_gamma, published, mean, rate, tuple(notes))


def predict_base(model: BaseModel, history: History, *, horizon_days: int) -> BasePrediction:
    """The classic answer for every customer of a history."""
    weeks = horizon_days / DAYS_PER_UNIT
    columns = (history.repeats, history.last, history.age)
    if model.bgnbd is None:
        orders = np.full(history.customer.size, model.rate * weeks)
        ordering, alive = -np.expm1(-orders), np.ones_like(orders)
    else:
        orders = expected_orders(model.bgnbd, *columns, weeks)
        ordering = probability_of_order(model.bgnbd, *columns, weeks)
        alive = probability_alive(model.bgnbd, *columns)
    amount = np.full(orders.size, model.mean_amount)
    if model.gamma_gamma is not None:
        amount = expected_amount(model.gamma_gamma, history.repeats + 1.0, history.order_mean)
    return BasePrediction(np.maximum(orders, LEAST_ORDERS), amount, np.clip(ordering, 0.0, 1.0), alive)


def sample_of(size: int, *, seed: int, most: int = FIT_ROWS) -> Whole:
    """Places of at most `most` rows, drawn once from the sorted rows, ascending."""
    if size <= most:
        return np.arange(size)
    return np.sort(np.random.default_rng(seed).choice(size, most, replace=False))
