"""More of the same treatment: one model of all doses whose answer can only rise with the dose."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.effect.columns import Matrix
from ml.effect.trees import Numbers, Setup, Trees, Whole, fit_trees


@dataclass(frozen=True, slots=True)
class Curve:
    """Expected outcome of a person at a dose; never falling in the dose."""

    trees: Trees
    doses: tuple[float, ...]  # of the arms, the control's first

    def effect(self, matrix: Matrix, place: int) -> Numbers:
        """What the arm's dose changes against the control's."""
        return self.trees.predict(_at(matrix, self.doses[place])) - self.trees.predict(_at(matrix, self.doses[0]))


def fit_curve(
    matrix: Matrix,
    arm: Whole,
    outcome: Numbers,
    rows: npt.NDArray[np.bool_],
    doses: Numbers,
    setup: Setup,
    *,
    is_binary: bool,
) -> Curve:
    """Outcome from columns and dose together, on some of the people.

    Source    Monotone constraints: XGBoost documentation; dose as a feature with known randomisation.
    """
    label = outcome[rows]
    together = _at(matrix[rows], doses[arm[rows]])
    trees = fit_trees(together, label, setup, is_chance=is_binary, rising=(matrix.shape[1],))
    return Curve(trees, tuple(float(dose) for dose in doses))


def rising(effects: Numbers) -> Numbers:
    """The nearest rows (people, doses) that start at or above zero and never fall.

    Source    Isotonic regression by its min-max formula; Barlow et al. (1972).
    """
    padded = np.column_stack([np.zeros(len(effects)), effects])
    sums = np.cumsum(np.column_stack([np.zeros(len(padded)), padded]), axis=1)
    count = padded.shape[1]
    found = np.empty_like(padded)
    for place in range(count):
        best = np.full(len(padded), -np.inf)
        for start in range(place + 1):
            means = [(sums[:, end + 1] - sums[:, start]) / (end + 1 - start) for end in range(place, count)]
            best = np.maximum(best, np.min(means, axis=0))
        found[:, place] = best
    return np.asarray(np.maximum(found[:, 1:], 0.0))


def _at(matrix: Matrix, dose: Numbers | float) -> Matrix:
    column = np.broadcast_to(np.asarray(dose, dtype=np.float32), (len(matrix),))
    return np.column_stack([matrix, column])
