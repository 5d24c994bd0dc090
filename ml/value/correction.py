"""How wrong are the classic models, and for whom? Trees on top of them, only as far as cross-validation supports it."""

from dataclasses import dataclass, replace

import numpy as np

from ml.value.bgnbd import Numbers
from ml.value.transactions import Whole
from ml.value.trees import COUNT, VALUE, Grown, deviance, folds_of, grow, is_sure, margin_of

__all__ = ["COUNT", "VALUE", "Correction", "fit_correction"]

FEWEST_ROWS = 400  # labelled rows, and
FEWEST_POSITIVE = 80  # of them with an order: below, trees would learn noise
CAP = 0.995  # labels above this share of the positive ones are cut for the trees, not for the total
LEAST_SHARE = 0.01  # of the mean classic answer: from nearly nothing, trees would have to multiply by thousands
TINY = 1e-12  # where everything is given away there is no value, and no logarithm of it
WEIGHTS = (0.0, 0.25, 0.5, 0.75)  # of the trees without the classic models
# Totals stand half way (as a geometric mean) between the classic models' and the corrected ones. Over 44 backtests of
# eight real and simulated shops (benchmarks/clv_backtest.py) .34 to .58 of a past misfit of the total came again.
COMES_AGAIN = 0.5


@dataclass(frozen=True, slots=True)
class Correction:
    """What turns a classic prediction into the corrected one.

    booster: trees on the logarithm of the classic prediction, as XGBoost's UBJSON bytes, None: it stands;
    plain, weight: trees that start at `level` for everybody, and their part in the geometric mean of both;
    least: the smallest classic prediction believed; carried: the power that what was learned is taken to, below 1
    where it was learned from outcomes shorter than the horizon; factor: sets the total.
    """

    booster: bytes | None
    plain: bytes | None
    weight: float
    level: float
    least: float
    carried: float
    factor: float
    rounds: int
    note: str

    def predict(self, features: Numbers, base: Numbers, *, threads: int) -> Numbers:
        """The corrected prediction, in the base's unit."""
        answer = self._on_top(features, base, threads=threads)
        if self.plain is not None:
            other = np.log(self.level) + margin_of(self.plain, features, threads=threads)
            answer = (1.0 - self.weight) * answer + self.weight * other
        return np.asarray(np.exp(answer) * self.factor)

    def _on_top(self, features: Numbers, base: Numbers, *, threads: int) -> Numbers:
        answer = np.log(np.maximum(base, max(self.least, TINY)))
        if self.booster is not None:
            answer += self.carried * margin_of(self.booster, features, threads=threads)
        return answer

    def settled(self, features: Numbers, base: Numbers, *, threads: int) -> tuple["Correction", float]:
        """The same with the total that is expected of the customers to be scored, and that total / the base's."""
        level = self.level
        if self.plain is not None:  # they say who, not how much: a past without the horizon's length cannot
            other = np.sum(np.exp(margin_of(self.plain, features, threads=threads)))
            level = float(np.sum(np.exp(self._on_top(features, base, threads=threads))) / other)
        levelled = replace(self, level=level)
        ratio = max(float(np.sum(base)), TINY) / float(np.sum(levelled.predict(features, base, threads=threads)))
        return replace(levelled, factor=self.factor * ratio ** (1.0 - COMES_AGAIN)), ratio**-COMES_AGAIN


def unlearned(note: str) -> Correction:
    """The classic prediction as it is."""
    return Correction(None, None, 0.0, 1.0, 0.0, 1.0, 1.0, 0, note)


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
    """Trees that multiply the base prediction, trees without it, and what both say of rows they have not seen.

    Takes     kind: COUNT (Poisson) or VALUE (Tweedie); base: the classic prediction, above 0; label: what
              came; group: the customer of a row: all rows of one stand in one fold; carried: label / horizon.
    Returns   Correction, and the out-of-fold prediction with the past's total. Either kind of trees has a say
              only if the out-of-fold deviance falls by more than its standard error over customers.
    """
    label = np.maximum(label, 0.0)
    bought = label > 0
    if label.size < FEWEST_ROWS or bought.sum() < FEWEST_POSITIVE:
        return unlearned(f"no trees: {int(bought.sum())} of {label.size} labelled rows have an order"), base
    unit = float(np.mean(label[bought]))
    least = LEAST_SHARE * float(np.mean(base))
    cut = np.minimum(label, np.quantile(label[bought], CAP)) if kind == VALUE else label
    fold = folds_of(group, seed=seed)
    classic, flat = np.maximum(base, least) / unit, np.full(label.size, float(np.mean(label)) / unit)
    on_top = grow(kind, features, classic, cut / unit, label / unit, group, fold, seed=seed, threads=threads)
    alone = grow(VALUE, features, flat, cut / unit, label / unit, group, fold, seed=seed, threads=threads)
    tamed = on_top.out if on_top.raw is None else classic * (on_top.out / classic) ** carried
    weight, out = _mixed(kind, tamed, alone, label / unit, group)
    factor = float(np.sum(label / unit) / np.sum(out))
    found = Correction(
        booster=on_top.raw,
        plain=alone.raw if weight else None,
        weight=weight * carried,
        level=float(flat[0]) * unit * float(np.sum(tamed) / np.sum(alone.out)),
        least=least,
        carried=carried,
        factor=factor,
        rounds=on_top.rounds,
        note=_note(on_top, weight),
    )
    return found, out * unit * factor


def _mixed(kind: str, classic: Numbers, plain: Grown, label: Numbers, group: Whole) -> tuple[float, Numbers]:
    """The weight of the plain trees that helps unseen rows most, 0 unless surely; and the mixture."""
    if plain.raw is None:
        return 0.0, classic
    other = plain.out * float(np.sum(classic) / np.sum(plain.out))
    mixtures = [classic ** (1.0 - weight) * other**weight for weight in WEIGHTS]
    level = [mixture * float(np.sum(label) / np.sum(mixture)) for mixture in mixtures]
    loss = np.stack([deviance(kind, label, mixture) for mixture in level])
    best = int(np.argmin(loss.mean(axis=1)))
    if not is_sure(loss[0] - loss[best], group):
        best = 0
    return WEIGHTS[best], mixtures[best]


def _note(on_top: Grown, weight: float) -> str:
    if on_top.raw is None and not weight:
        return "no trees: they did not beat the classic models"
    return f"{on_top.rounds} trees on the classic models; trees without them weigh {weight:.0%}"
