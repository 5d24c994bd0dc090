"""The five classic ways to learn an effect, on one set of people: S, T, X, R and DR."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.effect.columns import Matrix
from ml.effect.pseudo import doubly_robust
from ml.effect.trees import Numbers, Setup, Trees, Whole, fit_trees

LEARNERS = ("S", "T", "X", "R", "DR")
CUT = 0.001  # of the outcomes at either end are cut for the trees: one giant order must not make a leaf
SAFE = 0.01  # estimated chances nearer to 0 or 1 give single people too much weight


@dataclass(frozen=True, slots=True)
class Group:
    """People of one control and one arm, as arrays of one length; `chance` None: to be estimated."""

    matrix: Matrix
    treated: Numbers
    outcome: Numbers
    chance: Numbers | None

    def take(self, rows: npt.NDArray[np.bool_] | Whole) -> "Group":
        """Some of the people."""
        chance = None if self.chance is None else self.chance[rows]
        return Group(self.matrix[rows], self.treated[rows], self.outcome[rows], chance)


@dataclass(frozen=True, slots=True)
class Nuisance:
    """Outcome with and without treatment, and the chance of it where that is estimated, from one half."""

    without: Trees
    with_: Trees
    chance: Trees | None


@dataclass(frozen=True, slots=True)
class Learned:
    """Everything fitted on one set of people."""

    halves: tuple[Nuisance, Nuisance]
    single: Trees
    crossed: tuple[Trees, Trees]
    residual: Trees
    robust: Trees
    share: float

    def outcomes(self, matrix: Matrix) -> tuple[Numbers, Numbers]:
        """Predicted outcome without and with treatment."""
        first, second = self.halves
        without = (first.without.predict(matrix) + second.without.predict(matrix)) / 2.0
        return without, (first.with_.predict(matrix) + second.with_.predict(matrix)) / 2.0

    def chance(self, matrix: Matrix) -> Numbers | None:
        """Estimated chance of treatment; None where it was known."""
        found = [half.chance.predict(matrix) for half in self.halves if half.chance is not None]
        return np.clip(np.mean(found, axis=0), SAFE, 1.0 - SAFE) if found else None

    def effects(self, matrix: Matrix) -> Numbers:
        """One column per learner, in the order of LEARNERS."""
        without, with_ = self.outcomes(matrix)
        on_control, on_treated = (trees.predict(matrix) for trees in self.crossed)
        return np.column_stack(
            [
                self.single.predict(_with(matrix, 1.0)) - self.single.predict(_with(matrix, 0.0)),
                with_ - without,
                self.share * on_control + (1.0 - self.share) * on_treated,
                self.residual.predict(matrix),
                self.robust.predict(matrix),
            ]
        )


def learn(group: Group, half: npt.NDArray[np.bool_], setup: Setup, *, is_binary: bool) -> Learned:
    """Fit all five learners; what a learner corrects by comes from the other half of the people.

    X and R fit effects with shallower trees than outcomes, DR with trees as deep: where R and DR would otherwise be
    nearly the same, one of them looks for interactions and the other does not.

    Takes     half: which people are in the first half; both halves hold people of both arms.
    Source    S, T, X: Kuenzel et al. (2019), PNAS 116; R: Nie and Wager (2021), Biometrika 108; DR: Kennedy (2023).
    """
    low, high = np.quantile(group.outcome, [CUT, 1.0 - CUT])
    outcome = group.outcome if is_binary else np.clip(group.outcome, low, high)
    group = Group(group.matrix, group.treated, outcome, group.chance)
    without, with_ = np.zeros(outcome.size), np.zeros(outcome.size)
    chance = np.zeros(outcome.size) if group.chance is None else group.chance
    halves = []
    for rows in (half, ~half):
        nuisance = _nuisance(group.take(rows), setup, is_binary=is_binary)
        other = ~rows
        without[other] = nuisance.without.predict(group.matrix[other])
        with_[other] = nuisance.with_.predict(group.matrix[other])
        if nuisance.chance is not None:
            chance[other] = np.clip(nuisance.chance.predict(group.matrix[other]), SAFE, 1.0 - SAFE)
        halves.append(nuisance)
    treated = group.treated == 1.0
    surprise = outcome - (chance * with_ + (1.0 - chance) * without)
    off = group.treated - chance
    score = doubly_robust(outcome, group.treated, chance, without, with_)
    return Learned(
        halves=(halves[0], halves[1]),
        single=fit_trees(_with(group.matrix, group.treated), outcome, setup, is_chance=is_binary),
        crossed=(
            fit_trees(group.matrix[~treated], (with_ - outcome)[~treated], setup.shallower),
            fit_trees(group.matrix[treated], (outcome - without)[treated], setup.shallower),
        ),
        residual=fit_trees(group.matrix, surprise / off, setup.shallower, weight=off**2),
        robust=fit_trees(group.matrix, score, setup),
        share=float(chance.mean()),
    )


def _nuisance(group: Group, setup: Setup, *, is_binary: bool) -> Nuisance:
    treated = group.treated == 1.0
    without, with_ = (
        fit_trees(group.matrix[rows], group.outcome[rows], setup, is_chance=is_binary) for rows in (~treated, treated)
    )
    chance = fit_trees(group.matrix, group.treated, setup, is_chance=True) if group.chance is None else None
    return Nuisance(without, with_, chance)


def _with(matrix: Matrix, treated: Numbers | float) -> Matrix:
    column = np.broadcast_to(np.asarray(treated, dtype=np.float32), (len(matrix),))
    return np.column_stack([matrix, column])
