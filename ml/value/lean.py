"""Which expected count errs least? A small one leans towards none at all, and the total stays."""

from dataclasses import dataclass

import numpy as np

from ml.value.bgnbd import Numbers

# Chosen on past outcomes only (benchmarks/clv_backtest.py): classic models say of every customer with one order that
# he may order again, so the many small expectations are a little too high and the few large ones too low. Nothing to
# 10 % lowered absolute and squared error in the backtests alike.
MOST = 0.1


@dataclass(frozen=True, slots=True)
class Lean:
    """scale: the mean expectation, in whose unit small is meant; factor: what keeps the total."""

    scale: float
    factor: float

    def apply(self, orders: Numbers) -> Numbers:
        """The expected counts, the smallest about a tenth smaller."""
        return np.asarray(_leaned(orders, self.scale) * self.factor)


def fit_lean(orders: Numbers) -> Lean:
    """For customers with these expected counts, above 0."""
    scale = float(np.mean(orders))
    return Lean(scale, float(np.sum(orders) / np.sum(_leaned(orders, scale))))


def _leaned(orders: Numbers, scale: float) -> Numbers:
    return np.asarray(orders * (1.0 - MOST * np.exp(-orders / scale)))
