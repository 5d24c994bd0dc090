"""From a table of any shape to what a test compares: one row per randomised unit, numbers only, in one order."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from ml.errors import ContractError
from ml.measurement.moments import Array, Moments, moments_of

LARGEST = 1e120  # its square, summed over any number of rows, is still a number
YES_NO = {"true": 1.0, "false": 0.0}
ARM, CLUSTER = "__arm", "__cluster"


@dataclass(frozen=True, slots=True)
class Metric:
    """A column whose mean is compared, or the ratio of two columns' sums."""

    column: str
    denominator: str | None = None


def label_column(frame: pl.DataFrame, name: str) -> pl.Series:
    """A column of names (arm, cluster) as text.

    Raises    ContractError if it is missing or a row has none.
    """
    _require(frame, name)
    if frame[name].dtype.is_nested():
        raise ContractError(f"{name}: expected names, got {frame[name].dtype}. Choose a column of single values.")
    labels = frame[name]
    if labels.dtype != pl.Categorical or (labels.cat.starts_with(" ") | labels.cat.ends_with(" ")).any():
        labels = labels.cast(pl.String).str.strip_chars()
    empty = labels.is_null() | (labels == "")
    if empty.any():
        raise ContractError(
            f"{name}: expected a name in every row, got none in {int(empty.sum())} of {frame.height} rows "
            f"(first: row {_first(empty)}). Who was in which group must be known: correct these rows."
        )
    return labels


def number_column(frame: pl.DataFrame, name: str, *, may_be_empty: bool = False) -> pl.Series:
    """A column as 64-bit numbers, true and false as 1 and 0; null only where `may_be_empty`.

    Raises    ContractError if it is missing, or a value is no number, empty, infinite or too large to be squared.
    """
    _require(frame, name)
    column = frame[name]
    if column.dtype == pl.String:
        text = column.str.strip_chars()
        text = text.set(text == "", None)
        words = text.str.to_lowercase().replace_strict(YES_NO, default=None, return_dtype=pl.Float64)
        numbers = text.cast(pl.Float64, strict=False).fill_null(words)
        wrong = numbers.is_null() & text.is_not_null()
    elif column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null):
        numbers = column.cast(pl.Float64)
        wrong = pl.Series([], dtype=pl.Boolean)
    else:
        raise ContractError(f"{name}: expected numbers, got {column.dtype}. Choose a column of amounts, counts or 0/1.")
    _refuse(
        column, wrong, "a number", "Correct or drop them; a decimal point, no thousands separator, no currency sign."
    )
    numbers = numbers.fill_nan(None)
    if not may_be_empty:
        doing = "Write 0 if nothing happened; if the value was lost, find out in which arm more got lost."
        _refuse(column, numbers.is_null(), "a value in every row", doing)
    _refuse(column, (numbers.abs() > LARGEST).fill_null(value=False), f"numbers up to {LARGEST:g}", "Correct them.")
    return numbers.alias(name)


def samples(values: pl.DataFrame, pairs: Sequence[tuple[str, str | None]], arms: Sequence[str]) -> dict[str, Moments]:
    """Moments per arm of people: single columns, or numerators beside their denominators.

    Takes     values: arm, cluster if there is one, and number columns; pairs: (column, denominator), a denominator
              of None being 1 per row.
    """
    is_paired = CLUSTER in values.columns or any(bottom for _, bottom in pairs)
    columns = _columns(pairs, is_paired=is_paired)
    kept = [ARM, CLUSTER] if CLUSTER in values.columns else [ARM]
    table = values.select(*kept, *columns)
    if CLUSTER in values.columns:
        table = _summed(table.sort(table.columns), kept).drop(CLUSTER)
    table = table.sort(table.columns)
    return {arm: moments_of(_array(table.filter(pl.col(ARM) == arm).drop(ARM))) for arm in arms}


def shared_sample(values: pl.DataFrame, pair: tuple[str, str | None], control: str, arm: str) -> Moments:
    """Moments over clusters of two arms side by side: the control's numerator and denominator, then the arm's."""
    columns = _columns([pair], is_paired=True)
    table = values.filter(pl.col(ARM).is_in([control, arm])).select(ARM, CLUSTER, *columns)
    sides = [
        pl.when(pl.col(ARM) == side).then(pl.col(name)).otherwise(0.0).alias(f"{name}_{number}")
        for number, side in enumerate((control, arm))
        for name in ("q0", "q1")
    ]
    wide = table.select(CLUSTER, *sides)
    wide = _summed(wide.sort(wide.columns), [CLUSTER]).drop(CLUSTER)
    return moments_of(_array(wide.sort(wide.columns)))


def crossing_clusters(values: pl.DataFrame) -> int:
    """How many clusters have members in more than one arm."""
    arms = values.group_by(CLUSTER).agg(pl.col(ARM).n_unique())
    return int((arms[ARM] > 1).sum())


def capped(values: pl.DataFrame, column: str, quantile: float) -> tuple[pl.DataFrame, float]:
    """Values above one quantile, the same for all arms, cut to it; with that cap in the column's unit."""
    cap = float(np.quantile(values[column].to_numpy(), quantile))
    return values.with_columns(pl.col(column).clip(upper_bound=cap)), cap


def _columns(pairs: Sequence[tuple[str, str | None]], *, is_paired: bool) -> list[pl.Expr]:
    found: list[pl.Expr] = []
    for top, bottom in pairs:
        found.append(pl.col(top).alias(f"q{len(found)}"))
        if is_paired:
            below = pl.lit(1.0) if bottom is None else pl.col(bottom)
            found.append(below.alias(f"q{len(found)}"))
    return found


def _summed(table: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Sums per group of a sorted table, by one thread in the table's order: floats add up the same every time."""
    starts = table.select(pl.struct(keys).rle_id().alias("run"))["run"]
    firsts = (starts != starts.shift(1)).fill_null(value=True).arg_true().to_numpy()
    numbers = table.drop(keys)
    sums = {name: np.add.reduceat(numbers[name].to_numpy(), firsts) for name in numbers.columns} if len(firsts) else {}
    return table.select(keys)[firsts].with_columns(**{name: pl.Series(values) for name, values in sums.items()})


def _array(table: pl.DataFrame) -> Array:
    return np.asarray(table.to_numpy(), dtype=np.float64).reshape(table.height, table.width)


def _require(frame: pl.DataFrame, name: str) -> None:
    if name not in frame.columns:
        raise ContractError(f"{name}: expected a column of this name, got {frame.columns}. Correct the name.")


def _refuse(column: pl.Series, wrong: pl.Series, expected: str, doing: str) -> None:
    if len(wrong) and wrong.any():
        row = _first(wrong)
        raise ContractError(
            f"{column.name}: expected {expected}, got something else in {int(wrong.sum())} of {len(column)} rows "
            f"(first: row {row}, {column[row - 1]!r}). {doing}"
        )


def _first(mask: pl.Series) -> int:
    """The first row concerned, counted from 1 below the header."""
    found = mask.arg_max()
    return 1 if found is None else found + 1
