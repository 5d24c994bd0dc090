"""Between which two amounts will four in five customers spend? Intervals fitted and sized on past panels."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from ml.value.bgnbd import Numbers

COVERAGE = 0.8
BINS = 5
FEWEST_SPENDERS = 40  # per bin of the spread
FALLBACK_SPREAD = 1.0  # of the log amount, where nothing could be learned
LEAST_ORDERING = 1e-6


@dataclass(frozen=True, slots=True)
class Spread:
    """How far the spend of those who order lies from its expectation, by expected orders, and the interval's size.

    edges: upper ends of the bins in expected orders; mean, spread: of log(spend / expectation given an order);
    level: the nominal size that covered 80 % of the past.
    """

    edges: tuple[float, ...]
    mean: tuple[float, ...]
    spread: tuple[float, ...]
    level: float
    covered: float | None


def fit_spread(orders: Numbers, ordering: Numbers, value: Numbers, outcome: Numbers) -> Spread:
    """Spread and size of the intervals from out-of-fold predictions and what came.

    Takes     orders, ordering, value: expected orders, chance of an order, expected amount; outcome: net amount.
    Returns   Spread. The size is the one that covers 80 % of these rows: split conformal over all customers
              together, because most customers of most shops buy nothing, and a set that holds nothing else
              covers more than 80 % of them.
    Source    Vovk et al. (2005), Algorithmic Learning in a Random World; hurdle with a lognormal part.
    """
    bought = outcome > 0
    count = int(bought.sum())
    if count < FEWEST_SPENDERS:
        spread = Spread((), (-(FALLBACK_SPREAD**2) / 2,), (FALLBACK_SPREAD,), COVERAGE, None)
        return spread
    bins = int(np.clip(count // FEWEST_SPENDERS, 1, BINS))
    edges = np.unique(np.quantile(orders[bought], np.arange(1, bins) / bins))
    error = np.log(outcome[bought]) - np.log(_if_ordering(ordering[bought], value[bought]))
    place = np.searchsorted(edges, orders[bought])
    kept = [error[place == b] if (place == b).sum() > 1 else error for b in range(edges.size + 1)]
    mean, width = [float(e.mean()) for e in kept], [float(max(e.std(), 1e-3)) for e in kept]
    first = Spread(tuple(edges.tolist()), tuple(mean), tuple(width), COVERAGE, None)
    size = _size_needed(first, orders, ordering, value, outcome)
    level = float(np.quantile(size, COVERAGE, method="higher"))
    low, high = predict_interval(Spread(first.edges, first.mean, first.spread, level, None), orders, ordering, value)
    covered = float(((outcome >= low) & (outcome <= high)).mean())
    return Spread(first.edges, first.mean, first.spread, level, covered)


def predict_interval(spread: Spread, orders: Numbers, ordering: Numbers, value: Numbers) -> tuple[Numbers, Numbers]:
    """Lower and upper amount per customer; the lower is 0 where buying nothing is more likely than one in ten."""
    one_sided = _is_one_sided(ordering)
    low = np.where(one_sided, 0.0, (1.0 - spread.level) / 2.0)
    high = np.where(one_sided, spread.level, (1.0 + spread.level) / 2.0)
    return (
        np.where(one_sided, 0.0, _quantile(spread, low, orders, ordering, value)),
        _quantile(spread, high, orders, ordering, value),
    )


def _is_one_sided(ordering: Numbers) -> Numbers:
    return np.asarray(1.0 - ordering >= (1.0 - COVERAGE) / 2.0)


def _if_ordering(ordering: Numbers, value: Numbers) -> Numbers:
    return np.maximum(value, 1e-9) / np.maximum(ordering, LEAST_ORDERING)


def _quantile(spread: Spread, share: Numbers, orders: Numbers, ordering: Numbers, value: Numbers) -> Numbers:
    place = np.searchsorted(np.array(spread.edges), orders)
    above = (share - (1.0 - ordering)) / np.maximum(ordering, LEAST_ORDERING)
    normal = ndtri(np.clip(above, 1e-9, 1 - 1e-6))
    amount = _if_ordering(ordering, value) * np.exp(
        np.array(spread.mean)[place] + np.array(spread.spread)[place] * normal
    )
    return np.where(above > 0, amount, 0.0)


def _size_needed(spread: Spread, orders: Numbers, ordering: Numbers, value: Numbers, outcome: Numbers) -> Numbers:
    """The nominal size from which on a row's interval covers its outcome."""
    place = np.searchsorted(np.array(spread.edges), orders)
    error = np.log(np.maximum(outcome, 1e-12)) - np.log(_if_ordering(ordering, value))
    below = ndtr((error - np.array(spread.mean)[place]) / np.array(spread.spread)[place])
    share = np.where(outcome > 0, 1.0 - ordering + ordering * below, 0.0)
    two_sided = np.where(outcome > 0, np.abs(2.0 * share - 1.0), 1.0)
    return np.where(_is_one_sided(ordering), share, two_sided)
