"""Stated effects and what the lots say about them, each weighed by how sure it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
import polars as pl

from ml.decisioning.departments import Floats
from ml.decisioning.lifts import DIGITS, Cell, Fitted
from ml.decisioning.traits import TRAITS, standardised

# A stated effect is believed to within its own size: none and twice as much are one deviation off. Half of that
# variance is shared by all contacts of a retailer, three tenths by those of one channel: so evidence about one tells
# of the others, less surely the less they have in common.
SPREAD, SHARED, OF_CHANNEL = 1.0, 0.5, 0.3
NOTHING = 0.5  # chance, before any evidence, that contacts change nothing at all here
EXAGGERATED = (1.0, 0.5, 0.25, 0.125)  # what stated effects have to be multiplied by on average, all as likely
UNEVEN = (0.0, 0.25, 0.5, 1.0)  # and how much of that a deviation of a trait may change, all as likely


@dataclass(frozen=True, slots=True)
class Learned:
    """By what the stated lifts are to be multiplied, per cell and person; `weight` is the evidence's share of it."""

    cells: tuple[Cell, ...]
    multiple: Floats
    error: Floats
    weight: Floats
    slope: Floats  # per deviation of each trait
    nothing_probability: float
    fitted: Fitted

    def of(self, rows: pl.DataFrame) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
        """Multiple of the stated lift, the evidence's weight, and whether such contacts were in a lot themselves.

        Takes     rows: channel_code, has_offer, TRAITS (null: not known, as everybody).
        Returns   NaN for a cell that was not asked for.
        """
        place = {cell: number for number, cell in enumerate(self.cells)}
        own = np.array(
            [place.get(cell, -1) for cell in rows.select("channel_code", "has_offer").iter_rows()], dtype=int
        )
        traits = standardised(rows, self.fitted.centre, self.fitted.scale)
        known = own >= 0
        multiple = np.where(known, self.multiple[own] + traits @ self.slope, np.nan)
        seen = np.array([*(cell in self.fitted.cells for cell in self.cells), False])
        return multiple, np.where(known, self.weight[own], np.nan), seen[own]


def weigh(fitted: Fitted, cells: Sequence[Cell]) -> Learned:
    """Posterior multiples of the stated lifts for cells, seen or not.

    The prior is a mixture: contacts change nothing at all, or the multiples are normal around 1 or less (stated effects
    are often exaggerated), alike within a channel, with slopes of one of several sizes around 0. Each part is as likely
    afterwards as it foretold the estimates: what is not clearly there is taken for nothing, what is clear stays.
    Source    Mitchell and Beauchamp (1988), Bayesian variable selection in linear regression (spike and slab); Gelman
              et al. (2013), Bayesian Data Analysis, sections 2.5 and 5.4, for the normal parts.
    """
    everything = tuple(dict.fromkeys([*fitted.cells, *cells]))
    count, traits = len(everything), len(TRAITS)
    none = (_log_density(fitted.estimate, fitted.covariance), np.zeros(count + traits), np.zeros(count))
    parts, chances = [none], [NOTHING]
    for size, uneven in product(EXAGGERATED, UNEVEN):
        prior = np.zeros((count + traits,) * 2)
        prior[:count, :count] = size**2 * _alike(everything)
        prior[count:, count:] = np.eye(traits) * (size * uneven) ** 2
        mean = np.r_[np.full(count, size), np.zeros(traits)]
        parts.append(_updated(fitted, mean, prior, np.r_[: len(fitted.cells), count : count + traits]))
        chances.append((1 - NOTHING) / (len(EXAGGERATED) * len(UNEVEN)))
    return _mixed(parts, np.array(chances), everything, fitted)


def _updated(fitted: Fitted, mean: Floats, prior: Floats, told: npt.NDArray[np.int64]) -> tuple[float, Floats, Floats]:
    """How likely a normal prior held the estimates, its mean after them, and what is left of the cells' variance."""
    foretold = fitted.covariance + prior[np.ix_(told, told)]
    gain = np.linalg.solve(foretold, prior[told]).T
    deviation = fitted.estimate - mean[told]
    left = np.maximum(np.diag(prior - gain @ prior[told]), 0.0)
    return _log_density(deviation, foretold), mean + gain @ deviation, left[: len(mean) - len(TRAITS)]


def _mixed(
    parts: list[tuple[float, Floats, Floats]], chances: Floats, cells: tuple[Cell, ...], fitted: Fitted
) -> Learned:
    density = np.array([part[0] for part in parts])
    share = chances * np.exp(density - density.max())
    share /= share.sum()
    means, left = np.array([part[1] for part in parts]), np.array([part[2] for part in parts])
    mean, count = share @ means, len(cells)
    variance = share @ (left + (means - mean)[:, :count] ** 2)
    weight = np.clip(1 - variance / SPREAD**2, 0.0, 1.0)
    return Learned(
        cells,
        multiple=mean[:count].round(DIGITS),
        error=np.sqrt(variance).round(DIGITS),
        weight=weight.round(DIGITS),
        slope=mean[count:].round(DIGITS),
        nothing_probability=round(float(share[0]), DIGITS),
        fitted=fitted,
    )


def _alike(cells: Sequence[Cell]) -> Floats:
    """Prior covariance of the multiples."""
    channels = np.array([channel for channel, _ in cells], dtype=object)
    same_channel = (channels[:, None] == channels).astype(np.float64)
    own = 1 - SHARED - OF_CHANNEL
    return np.asarray(SPREAD**2 * (SHARED + OF_CHANNEL * same_channel + own * np.eye(len(cells))))


def _log_density(deviation: Floats, covariance: Floats) -> float:
    """Of a normal distribution, without its constant."""
    _, size = np.linalg.slogdet(covariance)
    return float(-0.5 * (size + deviation @ np.linalg.solve(covariance, deviation)))
