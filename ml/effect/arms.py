"""One arm against the control: fitted, averaged, tested; and its answer for everybody in the table."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml.effect.average import Average, average, leave_out, reliability_of, weighted, widening
from ml.effect.balance import Assignment, pair_chance
from ml.effect.crossfit import FOLDS, CrossFit, Notify, Pair, cross_fit
from ml.effect.dose import Curve, fit_curve
from ml.effect.learners import SAFE, Group
from ml.effect.permutation import Permuted, permutation_test
from ml.effect.score import ArmModel, jackknife
from ml.effect.trees import Numbers, Setup, Whole
from ml.effect.trial import Trial


@dataclass(frozen=True, slots=True)
class ArmFit:
    """Everything known about one arm against the control."""

    name: str
    pair: Pair
    fitted: CrossFit
    whole: Average
    per_fold: list[Average]
    luck: Permuted
    error: Numbers  # of everybody's uplift
    reliability: float

    @property
    def widening(self) -> float:
        """Factor on errors of figures about the ranking."""
        return widening(self.reliability)

    @property
    def fold(self) -> Whole:
        """The folds of the pair's people."""
        return self.pair.fold[self.pair.rows]

    def deviation(self) -> Numbers:
        """Of everybody, how far from the average effect, out of fold and not shrunk."""
        return _deviation(self.pair.fold, self.fitted, self.per_fold)

    def uplift(self) -> Numbers:
        """Of everybody, out of fold: the average effect and what evidence leaves of the deviation."""
        kept = np.array([mean.kept for mean in self.per_fold])[self.pair.fold]
        effect = np.array([mean.effect for mean in self.per_fold])[self.pair.fold]
        return np.asarray(effect + kept * self.deviation())

    def model(self) -> ArmModel:
        """What scores people who are not in the table."""
        return ArmModel(
            arm=self.name,
            place=self.pair.place,
            models=self.fitted.models,
            centres=self.fitted.centres,
            average=self.whole,
            reliability=self.reliability,
            curves=self.pair.curves,
        )


def fit_arms(
    trial: Trial, assignment: Assignment, fold: Whole, setup: Setup, *, is_dose: bool, notify: Notify
) -> list[ArmFit]:
    """Every arm against the control; with doses, one curve of all arms is a learner of each."""
    curves, ahead = _curves(trial, fold, setup) if is_dose else ((), ())
    found = []
    for place, name in enumerate(trial.arms[1:], start=1):
        rows = np.flatnonzero((trial.arm == 0) | (trial.arm == place))
        chance = None if assignment.chances is None else pair_chance(assignment.chances[rows], place)
        treated = (trial.arm[rows] == place).astype(np.float64)
        group = Group(trial.matrix[rows], treated, trial.outcome[rows], chance)
        pair = Pair(trial.matrix, rows, group, fold, place, curves, ahead)

        def tell(text: str, name: str = name) -> None:
            notify(f"arm {name}: {text}")

        fitted = cross_fit(pair, setup, is_binary=trial.is_binary, notify=tell)
        tell("permutation test")
        is_constant = assignment.is_constant
        luck = permutation_test(fitted.ahead, group, fold[rows], is_constant=is_constant, seed=setup.seed)
        whole, per_fold = average(fitted.out, group), leave_out(fitted.out, group, fold[rows])
        mean, variance = jackknife((fitted.everybody[held] for held in range(FOLDS)), whole)
        reliability = reliability_of(_deviation(fold, fitted, per_fold), variance)
        error = whole.error(mean, variance, reliability)
        found.append(ArmFit(name, pair, fitted, whole, per_fold, luck, error, reliability))
    return found


def _deviation(fold: Whole, fitted: CrossFit, per_fold: Sequence[Average]) -> Numbers:
    found = np.zeros(fold.size)
    for held, mean in enumerate(per_fold):
        rows = fold == held
        found[rows] = weighted(fitted.everybody[held][rows], mean.weights)
    return found


def scores_of_everybody(trial: Trial, assignment: Assignment, arms: Sequence[ArmFit]) -> Numbers:
    """Doubly robust scores (people, arms without the control); a person of a third arm counts as predicted."""
    chances = assignment.chances
    if chances is None:
        estimated = [np.clip(arm.fitted.chances, SAFE, 1.0 - SAFE) for arm in arms if arm.fitted.chances is not None]
        odds = np.column_stack([np.ones(trial.arm.size), *(each / (1.0 - each) for each in estimated)])
        chances = odds / odds.sum(axis=1, keepdims=True)
    scores = []
    for arm in arms:
        without, with_ = arm.fitted.outcomes.T
        on, off = trial.arm == arm.pair.place, trial.arm == 0
        surprise = np.where(on, (trial.outcome - with_) / chances[:, arm.pair.place], 0.0)
        surprise -= np.where(off, (trial.outcome - without) / chances[:, 0], 0.0)
        scores.append(with_ - without + surprise)
    return np.column_stack(scores)


def response_of_everybody(arms: Sequence[ArmFit]) -> Numbers:
    """Expected outcome per person, out of fold, half of the way between without and with the first arm."""
    return np.asarray(arms[0].fitted.outcomes.mean(axis=1))


def _curves(trial: Trial, fold: Whole, setup: Setup) -> tuple[tuple[Curve, ...], tuple[Curve, ...]]:
    """Dose curves without each fold, and from the folds before each (the first fold has none; its own is unused)."""
    is_binary, doses = trial.is_binary, trial.doses()
    held_out, ahead = [], []
    for held in range(FOLDS):
        args = (trial.matrix, trial.arm, trial.outcome)
        held_out.append(fit_curve(*args, fold != held, doses, setup, is_binary=is_binary))
        is_new = 0 < held < FOLDS - 1
        ahead.append(fit_curve(*args, fold < held, doses, setup, is_binary=is_binary) if is_new else held_out[-1])
    return tuple(held_out), tuple(ahead)
