"""Nobody is scored by a model that has seen him: folds of people, and models that only know the folds before."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.effect.columns import Matrix
from ml.effect.dose import Curve
from ml.effect.learners import LEARNERS, Group, Learned, learn
from ml.effect.pseudo import doubly_robust
from ml.effect.trees import Numbers, Setup, Whole

FOLDS = 5
Notify = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Pair:
    """Control and one arm within all people: `rows` are theirs, `place` is the arm's, `fold` is everybody's."""

    matrix: Matrix
    rows: Whole
    group: Group
    fold: Whole
    place: int
    curves: tuple[Curve, ...] = ()  # of doses: per fold, what the others teach; and ahead, after each fold
    curves_ahead: tuple[Curve, ...] = ()


@dataclass(frozen=True, slots=True)
class Scored:
    """What models say of the people of a pair that they have not seen; one row per person of the pair.

    `effects` (people, learners), centred within the fold; `without`, `with_` outcomes; `score` doubly robust;
    `known` marks whom a model could be asked about.
    """

    effects: Numbers
    without: Numbers
    with_: Numbers
    chance: Numbers
    score: Numbers
    known: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CrossFit:
    """Out-of-fold answers, answers from the folds before only, and for all people what each fold's models say."""

    out: Scored
    ahead: Scored
    models: tuple[Learned, ...]
    everybody: Numbers  # (folds, people, learners), centred like the fold
    centres: Numbers  # (folds, learners)
    outcomes: Numbers  # (people, 2), out of fold for everybody
    chances: Numbers | None  # out of fold for everybody, where they are estimated


def deal_folds(arm: Whole, *, seed: int) -> Whole:
    """A fold per person, the same number of each arm in every fold; drawn, so that the order of ids says nothing."""
    fold = np.empty(arm.size, dtype=np.int64)
    rng = np.random.default_rng(seed)
    for place in range(int(arm.max()) + 1):
        rows = np.flatnonzero(arm == place)
        fold[rows] = rng.permutation(rows.size) % FOLDS
    return fold


def cross_fit(pair: Pair, setup: Setup, *, is_binary: bool, notify: Notify) -> CrossFit:
    """Fit the learners once per fold on the other folds, and once per fold on those before it.

    Source    Cross-fitting: Chernozhukov et al. (2018), Econometrics Journal 21. Folds in sequence: Luedtke and van
              der Laan (2016), Annals of Statistics 44; Wager (2024), Sequential Validation of Treatment Heterogeneity.
    """
    fold = pair.fold[pair.rows]
    width = len(LEARNERS) + bool(pair.curves)
    out, ahead = _Answers(pair, width), _Answers(pair, width)
    everybody = np.zeros((FOLDS, len(pair.matrix), width))
    centres = np.zeros((FOLDS, width))
    outcomes = np.zeros((len(pair.matrix), 2))
    chances = np.zeros(len(pair.matrix)) if pair.group.chance is None else None
    models = []
    for held in range(FOLDS):
        notify(f"fold {held + 1} of {FOLDS}")
        model = _learn(pair, fold != held, setup, held, is_binary=is_binary)
        curve = pair.curves[held] if pair.curves else None
        everybody[held] = effects_of(model, pair.matrix, curve, pair.place)
        mine = fold == held
        centres[held] = everybody[held][pair.rows[mine]].mean(axis=0)
        everybody[held] -= centres[held]
        here = pair.fold == held
        outcomes[here] = np.column_stack(model.outcomes(pair.matrix[here]))
        estimated = model.chance(pair.matrix[here])
        if chances is not None and estimated is not None:
            chances[here] = estimated
        out.fill(mine, everybody[held][pair.rows[mine]], model)
        models.append(model)
        if held == FOLDS - 1:
            ahead.fill(mine, everybody[held][pair.rows[mine]], model)
        elif held > 0:
            model = _learn(pair, fold < held, setup, held + FOLDS, is_binary=is_binary)
            curve = pair.curves_ahead[held] if pair.curves else None
            effects = effects_of(model, pair.group.matrix[mine], curve, pair.place)
            ahead.fill(mine, effects - effects.mean(axis=0), model)
    return CrossFit(out.scored(), ahead.scored(), tuple(models), everybody, centres, outcomes, chances)


def effects_of(model: Learned, matrix: Matrix, curve: Curve | None, place: int) -> Numbers:
    """What every learner says, the dose curve last if there is one; not centred."""
    effects = model.effects(matrix)
    if curve is None:
        return effects
    return np.column_stack([effects, curve.effect(matrix, place)])


class _Answers:
    """Scored, while it is being filled fold by fold."""

    def __init__(self, pair: Pair, width: int) -> None:
        size = pair.rows.size
        self._group = pair.group
        self._effects = np.zeros((size, width))
        self._without, self._with, self._chance = np.zeros(size), np.zeros(size), np.full(size, 0.5)
        self._known = np.zeros(size, dtype=bool)

    def fill(self, rows: npt.NDArray[np.bool_], effects: Numbers, model: Learned) -> None:
        matrix = self._group.matrix[rows]
        self._effects[rows] = effects
        self._without[rows], self._with[rows] = model.outcomes(matrix)
        estimated = model.chance(matrix)
        if estimated is not None:
            self._chance[rows] = estimated
        elif self._group.chance is not None:
            self._chance[rows] = self._group.chance[rows]
        self._known |= rows

    def scored(self) -> Scored:
        group = self._group
        score = doubly_robust(group.outcome, group.treated, self._chance, self._without, self._with)
        return Scored(self._effects, self._without, self._with, self._chance, score, self._known)


def _learn(pair: Pair, rows: npt.NDArray[np.bool_], setup: Setup, number: int, *, is_binary: bool) -> Learned:
    group = pair.group.take(rows)
    rng = np.random.default_rng([setup.seed, number])
    half = np.zeros(group.outcome.size, dtype=bool)
    for side in (0.0, 1.0):
        mine = np.flatnonzero(group.treated == side)
        half[mine] = rng.permutation(mine.size) % 2 == 0
    return learn(group, half, setup, is_binary=is_binary)
