"""How many boosted trees does the past support? Grown on folds over customers, judged on rows they have not seen."""

from dataclasses import dataclass

import numpy as np
import xgboost as xgb

from ml.value.bgnbd import Numbers
from ml.value.transactions import Whole

COUNT, VALUE = "count", "value"
FOLDS = 5
MOST_ROUNDS, STEP = 150, 5  # numbers of trees to choose from
POWER = 1.5  # of Tweedie's variance: between a Poisson count and a gamma amount
LARGEST_MARGIN = 3.0  # of a logarithm: no customer is moved by more than a factor of twenty
ROWS_PER_THREAD = 50_000  # below, a second thread costs more than it saves; the trees are the same
PARAMETERS = {
    "tree_method": "hist",
    "max_depth": 3,
    "eta": 0.05,
    "lambda": 10.0,
    "min_child_weight": 10.0,
    "max_bin": 64,
    "max_delta_step": 0.7,
}
OBJECTIVES: dict[str, dict[str, object]] = {
    COUNT: {"objective": "count:poisson"},
    VALUE: {"objective": "reg:tweedie", "tweedie_variance_power": POWER},
}


@dataclass(frozen=True, slots=True)
class Grown:
    """Trees as XGBoost's UBJSON bytes (None: the start stands) and the out-of-fold prediction."""

    raw: bytes | None
    rounds: int
    out: Numbers


def grow(
    kind: str,
    features: Numbers,
    start: Numbers,
    cut: Numbers,
    label: Numbers,
    group: Whole,
    fold: Whole,
    *,
    seed: int,
    threads: int,
) -> Grown:
    """Trees that multiply `start`, as many as lower the out-of-fold deviance by more than its standard error.

    Takes     start: above 0; cut: the labels that trees learn from; label: those they are judged on; group: the
              customer of a row; fold: of a row.
    """
    threads = min(threads, 1 + label.size // ROWS_PER_THREAD)
    margins = _out_of_fold(kind, features, start, cut, fold, seed=seed, threads=threads)
    best, lowest, first = 0, np.inf, deviance(kind, label, start)
    for place, margin in enumerate(margins):
        mean = float(np.mean(deviance(kind, label, start * np.exp(margin))))
        if mean < lowest:
            best, lowest = place, mean
    out = start * np.exp(margins[best])
    if not is_sure(first - deviance(kind, label, out), group):
        return Grown(None, 0, start)
    booster = _train(kind, features, start, cut, best * STEP, seed=seed, threads=threads)
    return Grown(bytes(booster.save_raw("ubj")), best * STEP, out)


def is_sure(gain: Numbers, group: Whole) -> bool:
    """Whether a gain per row is above its standard error over customers."""
    per_customer = np.bincount(group, weights=gain)
    return bool(np.sum(per_customer) > np.sqrt(np.sum(per_customer**2)))


def folds_of(group: Whole, *, seed: int) -> Whole:
    """A fold per row; all rows of a customer stand in one."""
    return np.asarray(np.random.default_rng(seed).permutation(np.arange(int(group.max()) + 1) % FOLDS)[group])


def margin_of(raw: bytes, features: Numbers, *, threads: int) -> Numbers:
    """The logarithm of what trees multiply each row by."""
    threads = min(threads, 1 + len(features) // ROWS_PER_THREAD)
    booster = xgb.Booster({"nthread": threads})
    booster.load_model(bytearray(raw))
    matrix = xgb.DMatrix(features, base_margin=np.zeros(len(features)), nthread=threads)
    margin = booster.predict(matrix, output_margin=True).astype(float)
    return np.asarray(np.clip(margin, -LARGEST_MARGIN, LARGEST_MARGIN))


def deviance(kind: str, label: Numbers, predicted: Numbers) -> Numbers:
    """Unit deviance up to terms of the label alone."""
    if kind == COUNT:
        return 2.0 * (predicted - label * np.log(predicted))
    return 2.0 * (predicted ** (2 - POWER) / (2 - POWER) - label * predicted ** (1 - POWER) / (1 - POWER))


def _out_of_fold(
    kind: str, features: Numbers, start: Numbers, cut: Numbers, fold: Whole, *, seed: int, threads: int
) -> Numbers:
    """Log factors after 0, STEP, 2 STEP ... trees, of rows that the trees have not seen."""
    margins = np.zeros((MOST_ROUNDS // STEP + 1, cut.size))
    for held in range(FOLDS):
        rest, mine = fold != held, np.flatnonzero(fold == held)
        booster = _train(kind, features[rest], start[rest], cut[rest], MOST_ROUNDS, seed=seed, threads=threads)
        matrix = xgb.DMatrix(features[mine], base_margin=np.zeros(mine.size), nthread=threads)
        for place in range(1, len(margins)):
            trees = ((place - 1) * STEP, place * STEP)
            more = booster.predict(matrix, output_margin=True, iteration_range=trees)
            margins[place, mine] = margins[place - 1, mine] + more
    return np.clip(margins, -LARGEST_MARGIN, LARGEST_MARGIN)


def _train(
    kind: str, features: Numbers, start: Numbers, cut: Numbers, rounds: int, *, seed: int, threads: int
) -> xgb.Booster:
    matrix = xgb.DMatrix(features, label=cut, base_margin=np.log(start), nthread=threads)
    settings = {**PARAMETERS, **OBJECTIVES[kind], "seed": seed, "nthread": threads}
    return xgb.train(settings, matrix, num_boost_round=rounds)
