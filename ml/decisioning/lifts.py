"""How much of the stated effects holds, and for whom: one regression over all lots, with errors by person."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from ml.decisioning.departments import Floats
from ml.decisioning.traits import TRAITS, matrix_of, standardised

Cell = tuple[str, bool]  # channel_code, with an offer
UNKNOWN = 1e6  # the variance of what nothing is known of
DIGITS = 6  # beyond them sums depend on how many threads add up


@dataclass(frozen=True, slots=True)
class Fitted:
    """Multiples of the stated lift: one per cell, and how it changes per deviation of each trait."""

    cells: tuple[Cell, ...]
    estimate: Floats  # cells, then traits
    covariance: Floats
    centre: Floats
    scale: Floats
    row_count: int


def fit_lifts(rows: pl.DataFrame) -> Fitted:
    """Least squares on what the arms differ by.

    Takes     rows, one per person and lot: LOTS with stated_lift and has_offer known, `orders` of the horizon,
              expected_orders (above 0, of 28 days) and TRAITS.
    Returns   Fitted. Orders are explained by what was expected and the traits, and by (treated - chance) x stated lift
              x expected orders, per cell and per trait. The chance is that of the lot, so the last part is independent
              of all that was known before, and nothing else of the model needs to be right. Orders and not sales: they
              are far less noisy. Rows are weighed as if the variance grew with what is expected; errors come from the
              sums per person (sandwich).
    Source    Robinson (1988), Root-N-consistent semiparametric regression; Nie and Wager (2021), Quasi-oracle
              estimation of heterogeneous treatment effects, here linear; Liang and Zeger (1986) for the errors.
    """
    expected = rows["expected_orders"].to_numpy()
    belief = rows["stated_lift"].to_numpy() * expected
    centre, scale = _spread(rows, np.abs(belief))
    traits = standardised(rows, centre, scale)
    cells = tuple(sorted(set(rows.select("channel_code", "has_offer").iter_rows())))
    own = np.array([cells.index(one) for one in rows.select("channel_code", "has_offer").iter_rows()])
    of_cell = (own[:, None] == np.arange(len(cells))).astype(np.float64)
    drawn = (rows["is_treated"].cast(pl.Float64).to_numpy() - rows["chance"].to_numpy()) * belief
    usual = expected * _season(rows, expected)
    ones = np.ones((len(usual), 1))
    weight = 1 / np.sqrt(expected + expected.mean())
    columns = [usual[:, None] * np.hstack([ones, traits]), ones, traits, drawn[:, None] * np.hstack([of_cell, traits])]
    matrix, outcome = np.hstack(columns) * weight[:, None], rows["orders"].to_numpy() * weight
    kept = len(cells) + len(TRAITS)
    estimate, covariance = _least_squares(matrix, outcome, rows["person_id"].rank("dense").to_numpy() - 1)
    return Fitted(cells, estimate[-kept:], covariance[-kept:, -kept:], centre, scale, rows.height)


def _spread(rows: pl.DataFrame, weight: Floats) -> tuple[Floats, Floats]:
    """Weighted mean and deviation of each trait, so that a cell's multiple is that of its sum."""
    found = matrix_of(rows)
    known = np.where(np.isnan(found), 0.0, weight[:, None])
    total = np.maximum(known.sum(axis=0), 1e-12)
    centre = (known * np.nan_to_num(found)).sum(axis=0) / total
    scale = np.sqrt((known * np.nan_to_num(found - centre) ** 2).sum(axis=0) / total)
    scale = scale.round(DIGITS)
    return centre.round(DIGITS), np.where(scale > 0, scale, 1.0)


def _season(rows: pl.DataFrame, expected: Floats) -> Floats:
    """Per day and horizon how often both arms really ordered, relative to a month's expectation."""
    sums = rows.select("as_of_date", "horizon_days", "orders", expected=pl.Series(expected))
    ratio = pl.col("orders").sum() / pl.col("expected").sum()
    return sums.select(ratio.over("as_of_date", "horizon_days")).to_series().to_numpy()


def _least_squares(matrix: Floats, outcome: Floats, person: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
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
