"""Stated effects and what the lots say about them, each weighed by how sure it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from ml.effect.pooled import DIGITS, Cell, Pooled, standardised
from ml.effect.trees import Numbers, Whole

# A stated effect is believed to within its own size: none and twice as much are one deviation off. Half of that
# variance is shared by all contacts of a retailer, three tenths by those of one channel: so evidence about one tells
# of the others, less surely the less they have in common.
SPREAD, SHARED, OF_CHANNEL = 1.0, 0.5, 0.3
NOTHING = 0.5  # chance, before any evidence, that contacts change nothing at all here
EXAGGERATED = (1.0, 0.5, 0.25, 0.125)  # what stated effects have to be multiplied by on average, all as likely
UNEVEN = (0.0, 0.25, 0.5, 1.0)  # and how much of that a deviation of a trait may change, all as likely


@dataclass(frozen=True, slots=True)
class Belief:
    """By what the stated effects are to be multiplied, per cell and person; `weight` is the evidence's share of it."""

    cells: tuple[Cell, ...]
    multiple: Numbers
    error: Numbers
    weight: Numbers
    slope: Numbers  # per deviation of each trait
    nothing_probability: float
    pooled: Pooled

    def of(self, cells: Sequence[Cell], traits: Numbers) -> tuple[Numbers, Numbers, npt.NDArray[np.bool_]]:
        """Multiple of the stated effect, the evidence's weight, and whether such contacts were in a lot themselves.

        Takes     cells: of each row; traits: (rows, traits) as those of the lots, NaN: not known, as everybody.
        Returns   NaN for a cell that was not asked for.
        """
        place = {cell: number for number, cell in enumerate(self.cells)}
        own = np.array([place.get(cell, -1) for cell in cells], dtype=int)
        deviations = standardised(traits, self.pooled.centre, self.pooled.scale)
        known = own >= 0
        multiple = np.where(known, self.multiple[own] + deviations @ self.slope, np.nan)
        seen = np.array([*(cell in self.pooled.cells for cell in self.cells), False])
        return multiple, np.where(known, self.weight[own], np.nan), seen[own]


def weigh(pooled: Pooled, cells: Sequence[Cell]) -> Belief:
    """Posterior multiples of the stated effects for cells, seen or not.

    The prior is a mixture: contacts change nothing at all, or the multiples are normal around 1 or less (stated effects
    are often exaggerated), alike within a channel, with slopes of one of several sizes around 0. Each part is as likely
    afterwards as it foretold the estimates: what is not clearly there is taken for nothing, what is clear stays.
    Source    Mitchell and Beauchamp (1988), Bayesian variable selection in linear regression (spike and slab); Gelman
              et al. (2013), Bayesian Data Analysis, sections 2.5 and 5.4, for the normal parts.
    """
    everything = tuple(dict.fromkeys([*pooled.cells, *cells]))
    count, traits = len(everything), len(pooled.centre)
    none = (_log_density(pooled.estimate, pooled.covariance), np.zeros(count + traits), np.zeros(count))
    parts, chances = [none], [NOTHING]
    for size, uneven in product(EXAGGERATED, UNEVEN):
        prior = np.zeros((count + traits,) * 2)
        prior[:count, :count] = size**2 * _alike(everything)
        prior[count:, count:] = np.eye(traits) * (size * uneven) ** 2
        mean = np.r_[np.full(count, size), np.zeros(traits)]
        parts.append(_updated(pooled, mean, prior, np.r_[: len(pooled.cells), count : count + traits]))
        chances.append((1 - NOTHING) / (len(EXAGGERATED) * len(UNEVEN)))
    return _mixed(parts, np.array(chances), everything, pooled)


def _updated(pooled: Pooled, mean: Numbers, prior: Numbers, told: Whole) -> tuple[float, Numbers, Numbers]:
    """How likely a normal prior held the estimates, its mean after them, and what is left of the cells' variance."""
    foretold = pooled.covariance + prior[np.ix_(told, told)]
    gain = np.linalg.solve(foretold, prior[told]).T
    deviation = pooled.estimate - mean[told]
    left = np.maximum(np.diag(prior - gain @ prior[told]), 0.0)
    return _log_density(deviation, foretold), mean + gain @ deviation, left[: len(mean) - len(pooled.centre)]


def _mixed(
    parts: list[tuple[float, Numbers, Numbers]], chances: Numbers, cells: tuple[Cell, ...], pooled: Pooled
) -> Belief:
    density = np.array([part[0] for part in parts])
    share = chances * np.exp(density - density.max())
    share /= share.sum()
    means, left = np.array([part[1] for part in parts]), np.array([part[2] for part in parts])
    mean, count = share @ means, len(cells)
    variance = share @ (left + (means - mean)[:, :count] ** 2)
    weight = np.clip(1 - variance / SPREAD**2, 0.0, 1.0)
    return Belief(
        cells,
        multiple=mean[:count].round(DIGITS),
        error=np.sqrt(variance).round(DIGITS),
        weight=weight.round(DIGITS),
        slope=mean[count:].round(DIGITS),
        nothing_probability=round(float(share[0]), DIGITS),
        pooled=pooled,
    )


def _alike(cells: Sequence[Cell]) -> Numbers:
    """Prior covariance of the multiples."""
    channels = np.array([channel for channel, _ in cells], dtype=object)
    same_channel = (channels[:, None] == channels).astype(np.float64)
    own = 1 - SHARED - OF_CHANNEL
    return np.asarray(SPREAD**2 * (SHARED + OF_CHANNEL * same_channel + own * np.eye(len(cells))))


def _log_density(deviation: Numbers, covariance: Numbers) -> float:
    """Of a normal distribution, without its constant."""
    _, size = np.linalg.slogdet(covariance)
    return float(-0.5 * (size + deviation @ np.linalg.solve(covariance, deviation)))
