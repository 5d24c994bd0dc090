"""Many small experiments at once, the same people in several of them: one regression over all their lots."""

from dataclasses import dataclass

import numpy as np

from ml.effect.trees import Numbers, Whole

Cell = tuple[str, bool]  # contacts that count as the same; those with an equal first part are like each other
UNKNOWN = 1e6  # the variance of what nothing is known of
DIGITS = 6  # beyond them sums depend on how many threads add up
FURTHEST = 4.0  # deviations of a trait: what lies beyond counts as this far out


@dataclass(frozen=True, slots=True)
class Lots:
    """One row per person and lot; all arrays have the rows' order.

    person     number of the person, from 0; rows of one depend on each other;
    cells, own the kinds of contact, sorted, and each row's place among them;
    drawn      1 or 0 for who was treated, less the chance of it: independent of all that was known before;
    stated     what the contact is stated to add to the outcome, in its units;
    expected   what is expected of the outcome without it, above 0; usual: the same, as the lot's days really were;
    outcome    what came of it;
    traits     (rows, traits), what is known of the person, NaN where it is not.
    """

    person: Whole
    cells: tuple[Cell, ...]
    own: Whole
    drawn: Numbers
    stated: Numbers
    expected: Numbers
    usual: Numbers
    outcome: Numbers
    traits: Numbers


@dataclass(frozen=True, slots=True)
class Pooled:
    """Multiples of the stated effect: one per cell, and how it changes per deviation of each trait."""

    cells: tuple[Cell, ...]
    estimate: Numbers  # cells, then traits
    covariance: Numbers
    centre: Numbers
    scale: Numbers
    row_count: int


def pool_lots(lots: Lots) -> Pooled:
    """Least squares on what the arms differ by.

    Returns   Pooled. The outcome is explained by what was expected and the traits, and by drawn x stated, per cell and
              per trait. The last part is independent of all that was known before, and nothing else of the model needs
              to be right. Rows are weighed as if the variance grew with what is expected; errors come from the sums per
              person (sandwich).
    Source    Robinson (1988), Root-N-consistent semiparametric regression; Nie and Wager (2021), Quasi-oracle
              estimation of heterogeneous treatment effects: the R-learner of `learners`, here linear; Liang and Zeger
              (1986) for the errors.
    """
    centre, scale = _spread(lots.traits, np.abs(lots.stated))
    traits = standardised(lots.traits, centre, scale)
    of_cell = (lots.own[:, None] == np.arange(len(lots.cells))).astype(np.float64)
    drawn = lots.drawn * lots.stated
    ones = np.ones((len(lots.usual), 1))
    weight = 1 / np.sqrt(lots.expected + lots.expected.mean())
    columns = [lots.usual[:, None] * np.hstack([ones, traits]), ones, traits]
    columns.append(drawn[:, None] * np.hstack([of_cell, traits]))
    matrix, outcome = np.hstack(columns) * weight[:, None], lots.outcome * weight
    kept = len(lots.cells) + traits.shape[1]
    estimate, covariance = _least_squares(matrix, outcome, lots.person)
    return Pooled(lots.cells, estimate[-kept:], covariance[-kept:, -kept:], centre, scale, len(outcome))


def standardised(traits: Numbers, centre: Numbers, scale: Numbers) -> Numbers:
    """Traits as deviations; 0 where one is not known."""
    return np.asarray(np.nan_to_num((traits - centre) / scale, nan=0.0).clip(-FURTHEST, FURTHEST))


def _spread(traits: Numbers, weight: Numbers) -> tuple[Numbers, Numbers]:
    """Weighted mean and deviation of each trait, so that a cell's multiple is that of its sum."""
    known = np.where(np.isnan(traits), 0.0, weight[:, None])
    total = np.maximum(known.sum(axis=0), 1e-12)
    centre = (known * np.nan_to_num(traits)).sum(axis=0) / total
    scale = np.sqrt((known * np.nan_to_num(traits - centre) ** 2).sum(axis=0) / total)
    scale = scale.round(DIGITS)
    return centre.round(DIGITS), np.where(scale > 0, scale, 1.0)


def _least_squares(matrix: Numbers, outcome: Numbers, person: Whole) -> tuple[Numbers, Numbers]:
    """Coefficients and their covariance with errors that are alike within a person.

    No variance is below that of rows which all scatter alike: where three people tell of a cell, their own scatter is
    next to nothing by chance, and a belief that rests on it would be sure of what it cannot know.
    """
    inverse = np.linalg.pinv(matrix.T @ matrix, hermitian=True)
    estimate = inverse @ (matrix.T @ outcome)
    residual = outcome - matrix @ estimate
    sums = np.zeros((int(person.max()) + 1, matrix.shape[1]))
    np.add.at(sums, person, matrix * residual[:, None])
    covariance = inverse @ (sums.T @ sums) @ inverse
    alike = np.diag(inverse) * float(residual @ residual) / max(len(outcome) - matrix.shape[1], 1)
    covariance += np.diag(np.maximum(alike - np.diag(covariance), 0.0))
    silent = np.diag(covariance) <= 0  # a trait in which nobody differs tells nothing
    return estimate, covariance + np.diag(np.where(silent, UNKNOWN, 0.0))
