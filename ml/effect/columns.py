"""From columns of any kind to bins that trees split: learned on one table, applied the same to any other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from ml.errors import ContractError, InsufficientDataError

Matrix = npt.NDArray[np.float32]
BINS = 64
MOST_LEVELS = 63  # of a text column; the rarer ones, and those never seen, are one level together
FEWEST_OF_LEVEL = 20
IDENTIFYING = 0.5  # text with a new value in more than every second row names rows, it does not describe them
FEWEST_FOR_IDENTIFIER = 50
OTHER = 0.0
MOSTLY = 0.5  # a column is one of numbers if more than half of its values are; the others count as unknown
EXACT = 2.0**53  # whole numbers beyond are whole because floats end


@dataclass(frozen=True, slots=True)
class Column:
    """How one column becomes a number: cut points of a number or a date, or the levels of a text."""

    name: str
    cuts: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()

    def encode(self, frame: pl.DataFrame) -> npt.NDArray[np.float64]:
        """Bin or level per row as a whole number, NaN where unknown."""
        if self.levels:
            text = _text(frame[self.name])
            places = {level: float(place + 1) for place, level in enumerate(self.levels)}
            codes = text.replace_strict(places, default=OTHER, return_dtype=pl.Float64)
            return codes.set(text.is_null(), None).fill_null(float("nan")).to_numpy()
        numbers = _numbers(frame[self.name], least=0.0)
        if numbers is None:
            wrong = frame[self.name].drop_nulls()
            raise ContractError(
                f"{self.name}: expected numbers as in the table that was learned from, got {wrong.dtype} "
                f"(first: {wrong[0]!r}). Deliver it in the same form."
            )
        known = np.isfinite(numbers)
        return np.where(known, np.searchsorted(np.asarray(self.cuts), numbers, side="right"), np.nan)


@dataclass(frozen=True, slots=True)
class Encoder:
    """All columns that describe a person."""

    columns: tuple[Column, ...]

    @property
    def kinds(self) -> list[str]:
        """Per column what XGBoost calls it: c for levels, q for numbers."""
        return ["c" if column.levels else "q" for column in self.columns]

    def encode(self, frame: pl.DataFrame) -> Matrix:
        """One row per row, one number per column.

        Raises    ContractError if a column is missing or of another kind than it was.
        """
        missing = [column.name for column in self.columns if column.name not in frame.columns]
        if missing:
            raise ContractError(
                f"features: expected the columns that were learned from, got none called {missing} among "
                f"{frame.columns}. Deliver them; leave values empty where they are unknown."
            )
        coded = [column.encode(frame).astype(np.float32) for column in self.columns]
        return np.column_stack(coded)


def fit_encoder(frame: pl.DataFrame, names: Sequence[str], *, is_chosen: bool) -> tuple[Encoder, list[str]]:
    """Cut points and levels of the columns that say something about people.

    Takes     names: columns to look at; is_chosen: whether a user named them, so that none is taken for an identifier.
    Returns   Encoder, and a sentence per column that was left out.
    Raises    ContractError if a name is absent, InsufficientDataError if no column is left.
    """
    absent = [name for name in names if name not in frame.columns]
    if absent:
        raise ContractError(f"--features: expected columns of the table, got {absent}. Correct the names.")
    columns: list[Column] = []
    notes: list[str] = []
    for name in names:
        found = _learn(frame[name], is_chosen=is_chosen)
        if isinstance(found, str):
            notes.append(f"{name} is left out: {found}.")
        else:
            columns.append(found)
    if not columns:
        raise InsufficientDataError(
            f"features: expected at least one column that describes people, got none of {list(names)}. "
            + " ".join(notes)
            + " Add what was known about each person before the treatment."
        )
    return Encoder(tuple(columns)), notes


def _learn(series: pl.Series, *, is_chosen: bool) -> Column | str:
    """A column's code, or why it is of no use."""
    numbers = _numbers(series)
    if numbers is not None:
        return _learn_numbers(series, numbers, is_chosen=is_chosen)
    if series.dtype.is_nested() or series.dtype in (pl.Binary, pl.Object):
        return f"it holds {series.dtype}, which is neither a number, a date nor a text"
    text = _text(series)
    known = text.drop_nulls()
    counts = known.value_counts(sort=False).sort("count", known.name, descending=[True, False])
    if counts.height < 2:
        return "every row says the same"
    is_large = len(known) >= FEWEST_FOR_IDENTIFIER
    if not is_chosen and is_large and counts.height > IDENTIFYING * len(known):
        return "it names single rows, as an identifier does"
    common = counts.filter(pl.col("count") >= min(FEWEST_OF_LEVEL, len(known) // 4)).head(MOST_LEVELS)
    if common.is_empty():
        return "each of its values is too rare to learn from"
    return Column(series.name, levels=tuple(sorted(common[known.name].to_list())))


def _learn_numbers(series: pl.Series, numbers: npt.NDArray[np.float64], *, is_chosen: bool) -> Column | str:
    known = np.sort(numbers[np.isfinite(numbers)])
    if known.size == 0:
        return "no row has a value"
    if known[0] == known[-1]:
        return "every row says the same" if known.size == numbers.size else "every row that has a value says the same"
    is_whole = bool((np.floor(known) == known).all()) and float(np.abs(known).max()) <= EXACT
    is_once = is_whole and bool((np.diff(known) > 0).all())
    if not is_chosen and is_once and known.size >= FEWEST_FOR_IDENTIFIER and not series.dtype.is_temporal():
        return "it is a whole number that differs in every row, as an identifier does"
    places = np.linspace(0.0, 1.0, BINS + 1)[1:-1]
    cuts = np.unique(np.quantile(known, places, method="higher"))
    return Column(series.name, cuts=tuple(float(cut) for cut in cuts))


def _numbers(series: pl.Series, *, least: float = MOSTLY) -> npt.NDArray[np.float64] | None:
    """Floats with NaN for unknown, if more than `least` of the known values are numbers, or dates; else None."""
    if series.dtype == pl.String:
        text = _text(series)
        known = len(text) - text.null_count()
        numbers = text.cast(pl.Float64, strict=False)
        days = text.str.to_date("%Y-%m-%d", strict=False).cast(pl.Int32).cast(pl.Float64)
        numbers = max(numbers, days, key=lambda found: len(found) - found.null_count())
        if known and len(numbers) - numbers.null_count() <= least * known:
            return None
    elif series.dtype.is_temporal():
        numbers = series.to_physical().cast(pl.Float64)
    elif series.dtype.is_numeric() or series.dtype in (pl.Boolean, pl.Null):
        numbers = series.cast(pl.Float64)
    else:
        return None
    return numbers.fill_null(float("nan")).to_numpy()


def _text(series: pl.Series) -> pl.Series:
    text = series.cast(pl.String).str.strip_chars()
    return text.set(text == "", None)
