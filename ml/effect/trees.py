"""Boosted trees for one number per person, weak on purpose: an effect is a small signal under much noise."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import xgboost as xgb

from ml.effect.columns import BINS, Matrix

Numbers = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
PENALTY = 10.0  # rows of nothing that every leaf also holds
LEAF_SHARE = 0.01  # of the rows: a smaller leaf is somebody's noise
FEWEST_IN_LEAF = 10.0
RATE = 0.15
RARE = 1e-4


@dataclass(frozen=True, slots=True)
class Capacity:
    """How much one model may learn."""

    depth: int
    rounds: int

    @property
    def shallower(self) -> "Capacity":
        """The same with one split less from top to leaf."""
        return Capacity(max(self.depth - 1, 1), self.rounds)


@dataclass(frozen=True, slots=True)
class Setup:
    """What all models of one run share."""

    kinds: tuple[str, ...]
    capacity: Capacity
    seed: int
    threads: int

    @property
    def shallower(self) -> "Setup":
        """For an effect, which has far less to be seen by than an outcome."""
        return replace(self, capacity=self.capacity.shallower)


@dataclass(frozen=True, slots=True)
class Trees:
    """A fitted model: `centre + scale * trees`, or a probability from a centre on the scale of log odds."""

    booster: xgb.Booster | None
    centre: float
    scale: float
    kinds: tuple[str, ...]
    is_chance: bool
    threads: int

    def predict(self, matrix: Matrix, *, offset: Numbers | None = None) -> Numbers:
        """One number per row; a row's answer does not depend on the others. `offset`: as in fitting, log odds."""
        if self.booster is None:
            return np.full(len(matrix), self.centre)
        margin = np.full(len(matrix), self.centre) if self.is_chance else None
        margin = margin if offset is None else offset
        data = _data(matrix, self.kinds, self.threads, base_margin=margin)
        found = self.booster.predict(data).astype(np.float64)
        return np.asarray(found if self.is_chance else self.centre + self.scale * found)


def capacity_for(people: int) -> Capacity:
    """More people carry more detail: 32 trees of depth 2 for 20,000 people, 80 of depth 3 from 125,000 on.

    The rule was set on simulated worlds, of which none is used to judge it.
    """
    rounds = int(np.clip(32.0 * np.sqrt(people / 20_000), 32, 80))
    return Capacity(depth=2 if people < 100_000 else 3, rounds=rounds)


def fit_trees(
    matrix: Matrix,
    label: Numbers,
    setup: Setup,
    *,
    weight: Numbers | None = None,
    is_chance: bool = False,
    rising: tuple[int, ...] = (),
    offset: Numbers | None = None,
) -> Trees:
    """Fit to a label by squared error, or to 0/1 by log-likelihood if `is_chance`.

    Takes     weight: per row, mean of any size; rising: columns in which the answer may only rise; offset: log odds
              known before.
    Returns   Trees; without trees, only the mean, if all labels are equal.
    """
    centre = float(np.average(label, weights=weight))
    scale = float(np.sqrt(np.average((label - centre) ** 2, weights=weight)))
    if not scale > 1e-12 * max(abs(centre), 1e-300):
        return Trees(None, centre, 0.0, setup.kinds, is_chance, setup.threads)
    heavy = 1.0 if weight is None else float(weight.mean())
    if is_chance:
        rate = min(max(centre, RARE), 1.0 - RARE)
        heavy *= rate * (1.0 - rate)  # what one row adds to a leaf's curvature
        centre, scale = float(np.log(rate / (1.0 - rate))), 1.0
    parameters = {
        "tree_method": "hist",
        "max_bin": BINS,
        "max_depth": setup.capacity.depth,
        "eta": RATE,
        "lambda": PENALTY * heavy,
        "min_child_weight": max(FEWEST_IN_LEAF, LEAF_SHARE * len(label)) * heavy,
        "base_score": 0.5 if is_chance else 0.0,
        "objective": "binary:logistic" if is_chance else "reg:squarederror",
        "monotone_constraints": tuple(int(place in rising) for place in range(matrix.shape[1])),
        "seed": setup.seed,
        "nthread": setup.threads,
    }
    target = label if is_chance else (label - centre) / scale
    margin = np.full(len(label), centre) if is_chance else None
    margin = margin if offset is None else offset
    data = _data(matrix, setup.kinds, setup.threads, label=target, weight=weight, base_margin=margin)
    booster = xgb.train(parameters, data, num_boost_round=setup.capacity.rounds)
    return Trees(booster, centre, scale, setup.kinds, is_chance, setup.threads)


def _data(
    matrix: Matrix,
    kinds: tuple[str, ...],
    threads: int,
    *,
    label: Numbers | None = None,
    weight: Numbers | None = None,
    base_margin: Numbers | None = None,
) -> xgb.DMatrix:
    more = ["q"] * (matrix.shape[1] - len(kinds))
    return xgb.DMatrix(
        matrix,
        label=label,
        weight=weight,
        base_margin=base_margin,
        feature_types=[*kinds, *more],
        enable_categorical=True,
        nthread=threads,
    )
