"""What is a customer's mean order worth? Gamma-Gamma by maximum likelihood."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import digamma, gammaln

from ml.errors import InsufficientDataError
from ml.value.bgnbd import LOG_BOUNDS, Numbers

FEWEST = 3  # customers with spend: three parameters


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """Order values gamma(p, v) with v gamma(q, gamma); the amounts are in the input's currency."""

    p: float
    q: float
    gamma: float

    @property
    def population_mean(self) -> float:
        """Mean order value of everybody; where it does not exist (q <= 1) the mode of the means."""
        return self.p * self.gamma / max(self.q - 1.0, 0.05)


def fit_gamma_gamma(orders: Numbers, mean_amount: Numbers) -> GammaGamma:
    """The three parameters, by maximum likelihood, over customers with a positive mean.

    Takes     orders: how many orders the mean is of; mean_amount: mean value of an order.
    Raises    InsufficientDataError   fewer than three customers have both.
    Source    Fader and Hardie (2013), The Gamma-Gamma Model of Monetary Value, equation 1a.
    """
    known = (orders > 0) & (mean_amount > 0) & np.isfinite(mean_amount)
    n, mean = orders[known], mean_amount[known]
    if n.size < FEWEST:
        raise InsufficientDataError(
            f"Gamma-Gamma: expected at least {FEWEST} customers with spend, got {n.size} of {orders.size}. "
            "Give more customers, or check that the amounts are positive."
        )
    unit = float(np.median(mean))
    scaled = mean / unit

    def loss(log_parameters: Numbers) -> tuple[float, Numbers]:
        value, gradient = _log_likelihood(np.exp(log_parameters), n, scaled)
        return -value / n.size, -gradient * np.exp(log_parameters) / n.size

    options = {"maxiter": 500, "ftol": 1e-13, "gtol": 1e-8}
    starts = (np.log([3.0, 3.0, 0.7]), np.log([1.0, 2.0, 1.0]))
    found = [
        minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[LOG_BOUNDS] * 3, options=options) for start in starts
    ]
    p, q, gamma = np.exp(min(found, key=lambda result: result.fun).x).tolist()
    return GammaGamma(p, q, gamma * unit)


def expected_amount(model: GammaGamma, orders: Numbers, mean_amount: Numbers) -> Numbers:
    """Mean value of the customer's next orders: own mean and population mean, weighted by own evidence."""
    evidence = model.p * orders
    weight = evidence / (evidence + max(model.q - 1.0, 0.05))
    return (1.0 - weight) * model.population_mean + weight * np.maximum(mean_amount, 0.0)


def _log_likelihood(parameters: Numbers, n: Numbers, mean: Numbers) -> tuple[float, Numbers]:
    p, q, gamma = parameters
    pn, total = p * n, gamma + n * mean
    value = (
        (gammaln(pn + q) - gammaln(pn) - gammaln(q) + q * np.log(gamma) - (pn + q) * np.log(total))
        + (pn - 1) * np.log(mean)
        + pn * np.log(n)
    )
    gradient = np.array(
        [
            np.sum(n * (digamma(pn + q) - digamma(pn) - np.log(total) + np.log(mean) + np.log(n))),
            np.sum(digamma(pn + q) - digamma(q) + np.log(gamma) - np.log(total)),
            np.sum(q / gamma - (pn + q) / total),
        ]
    )
    return float(np.sum(value)), gradient
