"""How far apart are two means, and how sure are we? From exact sums, so the answer has one value."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import stdtr, stdtrit

from ml.measurement.power import detectable_effect


@dataclass(frozen=True, slots=True)
class Sums:
    """What is kept of one arm: people, the sum of their cents and the sum of its squares, all whole numbers.

    Whole numbers add up to the same in any order and on any number of threads; means and variances are
    taken once, at the end, by a division that rounds correctly.
    """

    count: int
    cents: int
    squared_cents: int

    @property
    def mean(self) -> float | None:
        """Currency units per person; None without people."""
        return self.cents / (100 * self.count) if self.count else None

    @property
    def variance(self) -> float | None:
        """Squared currency units, divisor n - 1; None below two people."""
        if self.count < 2:
            return None
        return (self.count * self.squared_cents - self.cents**2) / (self.count * (self.count - 1) * 10_000)


@dataclass(frozen=True, slots=True)
class Difference:
    """Treated minus holdout, in the metric's unit; None where there is no honest number."""

    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    detectable: float | None = None


def welch_difference(treated: Sums, holdout: Sums, *, confidence: float, power: float) -> Difference:
    """Difference in means with an interval that does not assume equal variances.

    Returns   Difference; only the estimate when an arm has fewer than two people or nobody varies,
              nothing when an arm is empty.
    Source    Welch (1947), The generalization of "Student's" problem, Biometrika 34.
    """
    if treated.mean is None or holdout.mean is None:
        return Difference()
    estimate = treated.mean - holdout.mean
    if treated.variance is None or holdout.variance is None:
        return Difference(estimate)
    parts = [
        (treated.variance / treated.count, treated.count - 1),
        (holdout.variance / holdout.count, holdout.count - 1),
    ]
    error, freedom = standard_error(parts)
    if error == 0.0:
        return Difference(estimate)
    return student_interval(estimate, error, freedom, confidence=confidence, power=power)


def standard_error(parts: Sequence[tuple[float, int]]) -> tuple[float, float]:
    """Standard error of a sum of independent parts, and its degrees of freedom (0 where nothing varies).

    Takes     parts: per independent part the variance of its mean and the degrees of freedom that it rests on.
    Source    Satterthwaite (1946), An approximate distribution of estimates of variance components.
    """
    error = math.sqrt(math.fsum(variance for variance, _ in parts))
    if error == 0.0:
        return 0.0, 0.0
    return error, 1.0 / math.fsum((variance / error**2) ** 2 / freedom for variance, freedom in parts)


def student_interval(estimate: float, error: float, freedom: float, *, confidence: float, power: float) -> Difference:
    """Estimate, interval and two-sided p-value from Student's t, for one look that was decided beforehand."""
    margin = float(stdtrit(freedom, 1.0 - (1.0 - confidence) / 2.0)) * error
    return Difference(
        estimate=estimate,
        low=estimate - margin,
        high=estimate + margin,
        p_value=2.0 * float(stdtr(freedom, -abs(estimate) / error)),
        detectable=detectable_effect(error, freedom, confidence=confidence, power=power),
    )
