"""Was the treatment drawn? If what was known before predicts the arm, it was not, or not as stated."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2_contingency, norm, rankdata

from ml.effect.columns import Encoder, Matrix
from ml.effect.trees import Numbers, Setup, Whole, fit_trees
from ml.effect.trial import Trial
from ml.measurement.multiplicity import holm

FOLDS = 3
SURE = 0.001  # drawn arms look predicted once in a thousand tables
GROUPS = 10
FEWEST_IN_GROUP = 20


@dataclass(frozen=True, slots=True)
class Assignment:
    """Chance of each arm per person (people, arms), None if it has to be estimated; `auc` per arm against control."""

    chances: Numbers | None
    is_constant: bool
    is_predicted: bool
    p_value: float
    auc: tuple[float, ...]
    differing: tuple[str, ...]
    basis: str


def check_balance(trial: Trial, setup: Setup) -> Assignment:
    """Try to predict the arm better than the stated chances, or the arms' shares, do.

    Returns   Assignment: the given chances if there are some; the shares if the arm cannot be predicted from the
              columns; else nothing, and the chances are estimated wherever models are fitted.
    """
    shares = np.bincount(trial.arm, minlength=len(trial.arms)) / trial.arm.size
    chances = np.tile(shares, (trial.arm.size, 1)) if trial.chances is None else trial.chances
    tried = [_predict(trial, place, chances, setup) for place in range(1, len(trial.arms))]
    p_value = min(holm([p for p, _ in tried]))
    is_constant = bool((np.ptp(chances, axis=0) == 0.0).all())
    differing = _differing(trial) if is_constant else ()
    is_predicted = p_value < SURE or bool(differing)
    must_estimate = is_predicted and trial.chances is None
    basis = "given" if trial.chances is not None else "estimated" if must_estimate else "shares of the arms"
    return Assignment(
        chances=None if must_estimate else chances,
        is_constant=is_constant and not must_estimate,
        is_predicted=is_predicted,
        p_value=p_value,
        auc=tuple(auc for _, auc in tried),
        differing=differing,
        basis=basis,
    )


def pair_chance(chances: Numbers, place: int) -> Numbers:
    """Chance of the arm among people of that arm or the control."""
    return np.asarray(chances[:, place] / (chances[:, place] + chances[:, 0]))


def _predict(trial: Trial, place: int, chances: Numbers, setup: Setup) -> tuple[float, float]:
    """One-sided p-value that trees know more of the arm than its chance, out of fold; and their AUC (.5: nothing)."""
    rows = np.flatnonzero((trial.arm == 0) | (trial.arm == place))
    treated = (trial.arm[rows] == place).astype(np.float64)
    known = pair_chance(chances[rows], place)
    offset = np.log(known / (1.0 - known))
    fold = np.random.default_rng([setup.seed, 3, place]).permutation(rows.size) % FOLDS
    margin = np.zeros(rows.size)
    for held in range(FOLDS):
        rest, mine = fold != held, fold == held
        trees = fit_trees(trial.matrix[rows[rest]], treated[rest], setup, is_chance=True, offset=offset[rest])
        found = np.clip(trees.predict(trial.matrix[rows[mine]], offset=offset[mine]), 1e-6, 1.0 - 1e-6)
        margin[mine] = np.log(found / (1.0 - found))
    gain = _loss(treated, offset) - _loss(treated, margin)
    error = float(gain.std(ddof=1) / np.sqrt(gain.size))
    z = float(gain.mean()) / error if error > 0.0 else 0.0
    return float(norm.sf(z)), auc(treated, margin - offset)


def auc(treated: Numbers, score: Numbers) -> float:
    """Chance that a treated person has a higher score than one of the control; ties count half."""
    rank, count = rankdata(score), float(treated.sum())
    return float(((rank * treated).sum() - count * (count + 1.0) / 2.0) / (count * (treated.size - count)))


def _loss(treated: Numbers, margin: Numbers) -> Numbers:
    return np.asarray(np.logaddexp(0.0, margin) - treated * margin)


def _differing(trial: Trial) -> tuple[str, ...]:
    """Columns whose values are spread over the arms more unevenly than a draw does."""
    columns = trial.encoder.columns
    p_values = [_column_p(trial.matrix, place, trial.arm, trial.encoder) for place in range(len(columns))]
    adjusted = holm(p_values)
    return tuple(column.name for column, p in zip(columns, adjusted, strict=True) if p < SURE)


def _column_p(matrix: Matrix, place: int, arm: Whole, encoder: Encoder) -> float:
    codes = matrix[:, place].astype(np.float64)
    unknown = np.isnan(codes)
    group = np.where(unknown, -1.0, codes)
    if not encoder.columns[place].levels:
        rank = rankdata(codes[~unknown]) / max(int((~unknown).sum()), 1)
        group[~unknown] = np.ceil(rank * GROUPS)
    _, index = np.unique(group, return_inverse=True)
    table = np.zeros((int(index.max()) + 1, int(arm.max()) + 1))
    np.add.at(table, (index, arm), 1.0)
    table = table[table.sum(axis=1) >= FEWEST_IN_GROUP]
    if len(table) < 2 or (table.sum(axis=0) == 0).any():
        return 1.0
    return float(chi2_contingency(table, correction=False).pvalue)
