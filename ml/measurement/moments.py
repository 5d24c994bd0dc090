"""What has to be remembered of an arm so that every comparison can be made: counts, means, covariances."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Moments:
    """Sufficient statistics of one sample of units (people, or clusters of people).

    The first column is the metric, the rest are covariates; of ratios each is two, numerator and denominator.
    """

    count: int
    means: Array
    covariance: Array  # divisor n - 1; zeros below two units

    @property
    def value(self) -> float:
        """Mean of the first column."""
        return float(self.means[0])


def moments_of(values: Array) -> Moments:
    """Counts, means and covariances of a sample, one row per unit, one column per quantity.

    Two passes, and sums of NumPy only: no BLAS, whose sums would follow the number of threads. Rows in one
    fixed order give one answer; sort them first.
    """
    count, width = values.shape
    if count == 0:
        return Moments(0, np.full(width, np.nan), np.zeros((width, width)))
    columns = [np.ascontiguousarray(values[:, i]) for i in range(width)]
    means = np.array([column.sum() / count for column in columns])
    columns = [column - mean for column, mean in zip(columns, means, strict=True)]
    covariance = np.zeros((width, width))
    if count > 1:
        for i in range(width):
            for j in range(i, width):
                covariance[i, j] = covariance[j, i] = (columns[i] * columns[j]).sum() / (count - 1)
    return Moments(count, means, covariance)


def merge(one: Moments, other: Moments) -> Moments:
    """Both samples as one, from their moments alone.

    Source    Chan, Golub, LeVeque (1979), Updating formulae and a pairwise algorithm for computing variances.
    """
    if one.count == 0 or other.count == 0:
        return other if one.count == 0 else one
    count = one.count + other.count
    apart = other.means - one.means
    means = one.means + apart * (other.count / count)
    scatter = one.covariance * (one.count - 1) + other.covariance * (other.count - 1)
    scatter = scatter + np.multiply.outer(apart, apart) * (one.count * other.count / count)
    return Moments(count, means, scatter / (count - 1))


def as_ratios(sample: Moments) -> Moments:
    """Pairs of numerator and denominator, each made one quantity that behaves like a mean: linearised ratios.

    Takes     sample: numerator, denominator, numerator, denominator ...; no denominator's mean is 0.
    Returns   Moments whose means are the ratios of the means and whose covariances are those of
              (numerator - ratio x denominator) / mean denominator.
    Source    Deng, Knoblich, Lu (2018), Applying the Delta Method in Metric Analytics, section 3.
    """
    tops, bottoms = sample.means[0::2], sample.means[1::2]
    turn = np.zeros((len(tops), 2 * len(tops)))
    for i, (top, bottom) in enumerate(zip(tops, bottoms, strict=True)):
        turn[i, 2 * i], turn[i, 2 * i + 1] = 1.0 / bottom, -top / bottom**2
    return Moments(sample.count, tops / bottoms, sandwich(turn, sample.covariance))


def sandwich(turn: Array, covariance: Array) -> Array:
    """Covariances after a linear change of columns, summed in one fixed order."""
    half = (turn[:, :, None] * covariance[None, :, :]).sum(axis=1)
    return np.asarray((half[:, None, :] * turn[None, :, :]).sum(axis=2))
