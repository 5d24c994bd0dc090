"""How wrong are the classic models, and for whom? Trees on top of them, only as many as cross-validation supports."""

from dataclasses import dataclass, replace

import numpy as np
import xgboost as xgb

from ml.value.bgnbd import Numbers
from ml.value.transactions import Whole

FOLDS = 5
MOST_ROUNDS, STEP = 150, 5  # numbers of trees to choose from
ROWS_PER_THREAD = 50_000  # below, a second thread costs more than it saves; the trees are the same
POWER = 1.5  # of Tweedie's variance: between a Poisson count and a gamma amount
FEWEST_ROWS = 400  # labelled rows, and
FEWEST_POSITIVE = 80  # of them with an order: below, trees would learn noise
CAP = 0.995  # labels above this share of the positive ones are cut for the trees, not for the total
# Totals stand half way (as a geometric mean) between the classic models' and the corrected ones. Over 44 backtests of
# eight real and simulated shops (benchmarks/clv_backtest.py) .34 to .58 of a past misfit of the total came again.
COMES_AGAIN = 0.5
COUNT, VALUE = "count", "value"
PARAMETERS = {
    "tree_method": "hist",
    "max_depth": 3,
    "eta": 0.05,
    "lambda": 10.0,
    "min_child_weight": 10.0,
    "max_bin": 64,
}


@dataclass(frozen=True, slots=True)
class Correction:
    """Trees on the logarithm of a base prediction (None: the base stands) and the factor that sets the total.

    booster: XGBoost's own UBJSON bytes; carried: the power their answer is taken to, below 1 where they learned
    from outcomes shorter than the horizon.
    """

    booster: bytes | None
    carried: float
    factor: float
    rounds: int
    note: str

    def predict(self, features: Numbers, base: Numbers, *, threads: int) -> Numbers:
        """The corrected prediction, in the base's unit."""
        if self.booster is None:
            return base * self.factor
        threads = min(threads, 1 + base.size // ROWS_PER_THREAD)
        booster = xgb.Booster({"nthread": threads})
        booster.load_model(bytearray(self.booster))
        matrix = xgb.DMatrix(features, base_margin=np.zeros(base.size), nthread=threads)
        margin = booster.predict(matrix, output_margin=True)
        return np.asarray(base * np.exp(self.carried * margin.astype(float)) * self.factor)

    def settled(self, features: Numbers, base: Numbers, *, threads: int) -> "Correction":
        """The same with the total that is expected of the customers to be scored, or of a sample of them."""
        ratio = float(np.sum(base)) / float(np.sum(self.predict(features, base, threads=threads)))
        return replace(self, factor=self.factor * ratio ** (1.0 - COMES_AGAIN))


def fit_correction(
    kind: str,
    features: Numbers,
    base: Numbers,
    label: Numbers,
    group: Whole,
    *,
    carried: float,
    seed: int,
    threads: int,
) -> tuple[Correction, Numbers]:
    """Trees that multiply the base prediction, and what they say of rows they have not seen.

    Takes     kind: COUNT (Poisson) or VALUE (Tweedie); base: the classic prediction, above 0; label: what
              came; group: the customer of a row: all rows of one stand in one fold; carried: label / horizon.
    Returns   Correction, and the out-of-fold prediction with the past's total. There are trees only if the
              out-of-fold deviance falls by more than its standard error over customers; else the base with a
              factor.
    """
    label = np.maximum(label, 0.0)
    threads = min(threads, 1 + label.size // ROWS_PER_THREAD)
    unit = float(label[label > 0].mean()) if (label > 0).any() else 1.0
    if label.size < FEWEST_ROWS or (label > 0).sum() < FEWEST_POSITIVE:
        note = f"no trees: {int((label > 0).sum())} of {label.size} labelled rows have an order"
        return Correction(None, carried, 1.0, 0, note), base
    fold = np.random.default_rng(seed).permutation(np.arange(group.max() + 1) % FOLDS)[group]
    cut = np.minimum(label, np.quantile(label[label > 0], CAP)) if kind == VALUE else label
    margins = _out_of_fold(kind, features, base / unit, cut / unit, fold, seed=seed, threads=threads)
    loss = np.stack([_deviance(kind, label / unit, base / unit * np.exp(margin)) for margin in margins])
    best = int(np.argmin(loss.mean(axis=1)))
    gain = np.bincount(group, weights=loss[0] - loss[best], minlength=int(group.max()) + 1)
    is_sure = gain.sum() > np.sqrt(np.sum(gain**2))
    if best == 0 or not is_sure:
        note = "no trees: they did not beat the classic models"
        return Correction(None, carried, _level(label, base), 0, note), base * _level(label, base)
    rounds = best * STEP
    booster = _train(kind, features, base / unit, cut / unit, rounds, seed=seed, threads=threads)
    out = base * np.exp(carried * margins[best])
    note = f"{rounds} trees: out-of-fold deviance {loss[best].mean():.4f} instead of {loss[0].mean():.4f}"
    raw = bytes(booster.save_raw("ubj"))
    return Correction(raw, carried, _level(label, out), rounds, note), out * _level(label, out)


def _level(label: Numbers, predicted: Numbers) -> float:
    return float(np.sum(label) / np.sum(predicted)) if np.sum(label) > 0 else 1.0


def _out_of_fold(
    kind: str, features: Numbers, base: Numbers, label: Numbers, fold: Whole, *, seed: int, threads: int
) -> Numbers:
    """Log factors after 0, STEP, 2 STEP ... trees, of rows that the trees have not seen."""
    margins = np.zeros((MOST_ROUNDS // STEP + 1, label.size))
    for held in range(FOLDS):
        rest, mine = fold != held, np.flatnonzero(fold == held)
        booster = _train(kind, features[rest], base[rest], label[rest], MOST_ROUNDS, seed=seed, threads=threads)
        matrix = xgb.DMatrix(features[mine], base_margin=np.zeros(mine.size), nthread=threads)
        for place in range(1, len(margins)):
            trees = ((place - 1) * STEP, place * STEP)
            more = booster.predict(matrix, output_margin=True, iteration_range=trees)
            margins[place, mine] = margins[place - 1, mine] + more
    return margins


def _train(
    kind: str, features: Numbers, base: Numbers, label: Numbers, rounds: int, *, seed: int, threads: int
) -> xgb.Booster:
    objective = {"objective": "count:poisson", "max_delta_step": 0.7}
    if kind == VALUE:
        objective = {"objective": "reg:tweedie", "tweedie_variance_power": POWER}
    matrix = xgb.DMatrix(features, label=label, base_margin=np.log(base), nthread=threads)
    return xgb.train({**PARAMETERS, **objective, "seed": seed, "nthread": threads}, matrix, num_boost_round=rounds)


def _deviance(kind: str, label: Numbers, predicted: Numbers) -> Numbers:
    """Unit deviance up to terms of the label alone."""
    if kind == COUNT:
        return 2.0 * (predicted - label * np.log(predicted))
    return 2.0 * (predicted ** (2 - POWER) / (2 - POWER) - label * predicted ** (1 - POWER) / (1 - POWER))
