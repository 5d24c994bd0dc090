"""How many orders will a customer still place? BG/NBD by maximum likelihood, with an analytic gradient."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import betaincinv, digamma, expit, gammaln, hyp2f1

from ml.errors import InsufficientDataError

Numbers = NDArray[np.float64]
DAYS_PER_UNIT = 7.0  # the papers count in weeks; only the scale of alpha depends on it
LOG_BOUNDS = (-9.0, 12.0)  # parameters between .0001 and 160,000: outside, the likelihood is flat
SINGULAR = 1e-3  # the closed form divides by a - 1
LARGE = 1e4  # a nearly certain stay: the closed form loses its digits
NODES = 64


@dataclass(frozen=True, slots=True)
class BgNbd:
    """Purchase rates gamma(r, alpha per week), chance to leave after an order beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float


def fit_bgnbd(repeats: Numbers, last: Numbers, age: Numbers) -> BgNbd:
    """The four parameters, by maximum likelihood.

    Takes     repeats: orders after the first, per customer; last: weeks from the first to the last order;
              age: weeks from the first order to the scoring date; last <= age.
    Returns   BgNbd.
    Raises    InsufficientDataError   nobody ordered twice, or the likelihood has no maximum.
    Source    Fader, Hardie and Lee (2005), "Counting Your Customers" the Easy Way, equation 6.
    """
    if repeats.size == 0 or repeats.max() < 1:
        raise InsufficientDataError(
            f"BG/NBD: expected customers who ordered at least twice, got 0 of {repeats.size}. "
            "Give a longer history, or one that holds more than first orders."
        )
    groups, weight = np.unique(np.stack([repeats, last, age], axis=1), axis=0, return_counts=True)
    size = float(weight.sum())

    def loss(log_parameters: Numbers) -> tuple[float, Numbers]:
        value, gradient = _log_likelihood(np.exp(log_parameters), groups, weight.astype(float))
        return -value / size, -gradient * np.exp(log_parameters) / size

    starts = (np.log([0.5, max(age.mean() / 4, 0.1), 1.0, 2.0]), np.log([1.0, max(age.mean(), 0.1), 0.5, 5.0]))
    bounds = [LOG_BOUNDS] * 4
    options = {"maxiter": 500, "ftol": 1e-13, "gtol": 1e-8}
    found = [minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options) for start in starts]
    best = min(found, key=lambda result: result.fun)
    if not np.isfinite(best.fun):
        raise InsufficientDataError("BG/NBD: the likelihood of these histories has no maximum. Give a longer history.")
    r, alpha, a, b = np.exp(best.x).tolist()
    return BgNbd(r, alpha, a, b, -float(best.fun) * size)


def expected_orders(model: BgNbd, repeats: Numbers, last: Numbers, age: Numbers, weeks: float) -> Numbers:
    """Orders in the next `weeks`, given the history.

    Source    Fader, Hardie and Lee (2005), equation 10, with Pfaff's transformation of the hypergeometric
              function, so that no factor overflows for customers with many orders.
    """
    pairs, place = np.unique(np.stack([repeats, age], axis=1), axis=0, return_inverse=True)
    if_alive = _orders_if_alive(model, pairs[:, 0], pairs[:, 1], weeks)[place.ravel()]
    return if_alive * probability_alive(model, repeats, last, age)


def probability_alive(model: BgNbd, repeats: Numbers, last: Numbers, age: Numbers) -> Numbers:
    """Chance that the customer has not left; 1 for those with one order, who had no occasion to leave."""
    before = np.maximum(model.b + repeats - 1.0, 1e-12)
    odds = (
        np.log(model.a)
        - np.log(before)
        + (model.r + repeats) * (np.log(model.alpha + age) - np.log(model.alpha + last))
    )
    return np.where(repeats > 0, expit(-odds), 1.0)


def probability_of_order(model: BgNbd, repeats: Numbers, last: Numbers, age: Numbers, weeks: float) -> Numbers:
    """Chance of at least one order in the next `weeks`: alive, and a gamma-mixed Poisson count above zero."""
    none_if_alive = np.exp((model.r + repeats) * (np.log(model.alpha + age) - np.log(model.alpha + age + weeks)))
    return np.asarray(probability_alive(model, repeats, last, age) * (1.0 - none_if_alive))


def _orders_if_alive(model: BgNbd, repeats: Numbers, age: Numbers, weeks: float) -> Numbers:
    shape, ratio = model.r + repeats, weeks / (model.alpha + age)
    total = model.a + model.b + repeats - 1.0
    with np.errstate(all="ignore"):  # what is not finite is computed the other way
        closed = total / (model.a - 1.0) * (1.0 - hyp2f1(shape, model.a - 1.0, total, -ratio))
    sound = np.isfinite(closed) & (closed > 0.0) & (closed <= shape * ratio) & (total > SINGULAR)
    sound &= (abs(model.a - 1.0) > SINGULAR) & (model.b < LARGE)
    if not sound.all():
        odd = ~sound
        closed[odd] = _orders_by_quadrature(model, shape[odd], ratio[odd], repeats[odd])
    return np.asarray(closed, dtype=float)


def _orders_by_quadrature(model: BgNbd, shape: Numbers, ratio: Numbers, repeats: Numbers) -> Numbers:
    """E over p ~ beta(a, b + x) of (1 - (1 + p ratio)^-shape) / p, where the closed form cannot be computed."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    answer = np.empty_like(ratio)
    for count in np.unique(repeats):
        here = repeats == count
        chance = np.clip(betaincinv(model.a, model.b + count, (nodes + 1.0) / 2.0), 1e-12, 1.0)
        growth = -np.expm1(-shape[here, None] * np.log1p(chance * ratio[here, None])) / chance
        answer[here] = np.sum(growth * (weights / 2.0), axis=1)
    return answer


def _log_likelihood(parameters: Numbers, groups: Numbers, weight: Numbers) -> tuple[float, Numbers]:
    r, alpha, a, b = parameters
    x, last, age = groups.T
    again = x > 0
    constant = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    constant += gammaln(a + b) - gammaln(b) + gammaln(b + x) - gammaln(a + b + x)
    stay = -(r + x) * np.log(alpha + age)
    before = np.where(again, b + x - 1.0, 1.0)
    leave = np.where(again, np.log(a) - np.log(before) - (r + x) * np.log(alpha + last), -np.inf)
    both = np.logaddexp(stay, leave)
    value = constant + both
    left = np.where(again, np.exp(leave - both), 0.0)
    mean_log = (1 - left) * np.log(alpha + age) + left * np.log(alpha + last)
    gradient = np.stack(
        [
            digamma(r + x) - digamma(r) + np.log(alpha) - mean_log,
            r / alpha - (r + x) * ((1 - left) / (alpha + age) + left / (alpha + last)),
            digamma(a + b) - digamma(a + b + x) + left / a,
            digamma(a + b) - digamma(a + b + x) + digamma(b + x) - digamma(b) - left / before,
        ]
    )
    return float(np.sum(weight * value)), np.asarray(np.sum(gradient * weight, axis=1))
