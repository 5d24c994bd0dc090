"""How wide must an interval be that still holds when somebody looks at it again and again?"""

import math
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from ml.errors import ContractError
from ml.measurement.moments import Array

GRID = 401  # points of the density between two looks; 801 change the fifth digit of a boundary
SMALLEST = 1e-12  # an error rate below which a p-value is not told apart from 0


def always_valid_multiplier(count: float, *, tuned_for: float, alpha: float) -> float:
    """Standard errors on each side of an interval that holds at every look, however many there are.

    Takes     count: units seen; tuned_for: units at which the interval is to be narrowest, fixed beforehand.
    Source    Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas (2024), Time-uniform central limit theory and
              asymptotic confidence sequences, Annals of Statistics, equations 13 and 38 (approximate).
    """
    grown = 1.0 + count * _mixture(tuned_for, alpha)
    return math.sqrt(grown / (grown - 1.0) * (math.log(grown) - 2.0 * math.log(alpha)))


def always_valid_p(z: float, count: float, *, tuned_for: float, alpha: float) -> float:
    """The p-value that belongs to it: valid at whatever moment one stops. `alpha` only tunes the width."""
    grown = 1.0 + count * _mixture(tuned_for, alpha)
    evidence = 0.5 * z * z * (grown - 1.0) / grown - 0.5 * math.log(grown)
    return min(1.0, math.exp(-evidence))


def _mixture(tuned_for: float, alpha: float) -> float:
    far = -2.0 * math.log(alpha)
    return (far + math.log(far + 1.0)) / tuned_for


@lru_cache(maxsize=512)
def group_boundaries(fractions: tuple[float, ...], alpha: float) -> tuple[float, ...]:
    """Standard errors on each side at every planned look, so that all looks together err with chance alpha.

    Takes     fractions: share of the planned people at each look so far, rising, in (0, 1].
    Returns   one two-sided boundary per look, spending alpha as O'Brien and Fleming would.
    Raises    ContractError if the fractions do not rise from above 0 to at most 1.
    Source    Lan and DeMets (1983), Discrete sequential boundaries for clinical trials; the recursion after
              Armitage, McPherson, Rowe (1969).
    """
    if not fractions or any(b <= a for a, b in zip((0.0, *fractions), fractions, strict=False)) or fractions[-1] > 1:
        raise ContractError(
            f"looks: expected rising shares of the planned people, such as .25 .5 1, got {list(fractions)}. "
            "State every look so far, the present one last."
        )
    found: list[float] = []
    spent, before = 0.0, 0.0
    points, weights = np.zeros(1), np.ones(1)  # the sum of everything seen, before anything is seen: 0 for sure
    for fraction in fractions:
        step = math.sqrt(fraction - before)
        target = spending(fraction, alpha) - spent
        edge = _edge(points, weights, step, target)
        found.append(edge / math.sqrt(fraction))
        spent += target
        before = fraction
        points, weights = _carried(points, weights, step, edge)
    return tuple(found)


def spending(fraction: float, alpha: float) -> float:
    """The part of alpha, both sides together, that may be used up at a share of the planned people."""
    return 4.0 * float(ndtr(ndtri(alpha / 4.0) / math.sqrt(fraction)))


def group_p(z: float, fractions: tuple[float, ...]) -> float:
    """The smallest alpha whose boundary at the last look is crossed (repeated p-value, 6 digits).

    Source    Jennison and Turnbull (1999), Group Sequential Methods, section 9.5.
    """

    def apart(log_alpha: float) -> float:
        return group_boundaries(fractions, round(math.exp(log_alpha), 15))[-1] - abs(z)

    low, high = math.log(SMALLEST), math.log(0.999)
    if apart(high) >= 0.0:
        return 1.0
    if apart(low) <= 0.0:
        return SMALLEST
    return float(math.exp(brentq(apart, low, high, xtol=1e-7)))


def _edge(points: Array, weights: Array, step: float, target: float) -> float:
    """The distance from 0 that is passed with chance `target` by those who did not stop before."""

    def missing(edge: float) -> float:
        passed = ndtr((-edge - points) / step) + ndtr((points - edge) / step)
        return float((weights * passed).sum()) - target

    far = float(np.abs(points).max()) + 12.0 * step
    return far if missing(far) >= 0.0 else float(brentq(missing, 0.0, far, xtol=1e-10))


def _carried(points: Array, weights: Array, step: float, edge: float) -> tuple[Array, Array]:
    """Simpson's points and weights of those who are still inside after a look."""
    new = np.linspace(-edge, edge, GRID)
    simpson = np.full(GRID, 2.0)
    simpson[1::2] = 4.0
    simpson[0] = simpson[-1] = 1.0
    simpson *= (new[1] - new[0]) / 3.0
    apart = (new[:, None] - points[None, :]) / step
    density = (np.exp(-0.5 * apart * apart) * weights[None, :]).sum(axis=1) / (step * math.sqrt(2.0 * math.pi))
    return new, simpson * density
