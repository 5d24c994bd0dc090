"""A user's transactions, read strictly: which column is what, which rows count, and what was left out."""

import polars as pl

from ml.errors import ContractError

LARGEST_AMOUNT = 1e15  # beyond, a sum of doubles loses whole units
DAY_FORMATS = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d")
MOMENT = r"^(\d{4}[-/]?\d{2}[-/]?\d{2})(?:[T ]\d{1,2}:\d{2}.*)?$"


def read_transactions(frame: pl.DataFrame, *, customer: str, date: str, amount: str) -> tuple[pl.DataFrame, list[str]]:
    """Customer, day and amount of every usable row, and a sentence for what was left out.

    Takes     frame: any table; customer: any type; date: a date, a timestamp, or text that starts with year,
              month and day; amount: a number, or text that is one.
    Returns   customer_id (its own type), day Int32 since 1970-01-01, amount Float64; and warnings.
    Raises    ContractError if a column is absent, a value cannot be read, or no row is complete.
    """
    for option, name in (("--customer", customer), ("--date", date), ("--amount", amount)):
        if name not in frame.columns:
            found = ", ".join(frame.columns[:12])
            raise ContractError(f"{option}: expected a column of the file, got {name!r}. The columns are: {found}.")
    rows = pl.DataFrame(
        {"customer_id": _ids(frame[customer]), "day": _days(frame[date]), "amount": _amounts(frame[amount])}
    )
    complete = rows.drop_nulls()
    if complete.is_empty():
        raise ContractError(
            f"{customer}, {date}, {amount}: expected rows with all three, got 0 of {rows.height}. Correct the columns."
        )
    return complete, _left_out(frame, rows, complete, names=(customer, date, amount))


def _left_out(frame: pl.DataFrame, rows: pl.DataFrame, complete: pl.DataFrame, *, names: tuple[str, ...]) -> list[str]:
    warnings = []
    if missing := rows.height - complete.height:
        gaps = ", ".join(
            f"{name} {rows[column].null_count():,}"
            for name, column in zip(names, rows.columns, strict=True)
            if rows[column].null_count()
        )
        warnings.append(f"{missing:,} of {rows.height:,} rows were left out because a value is missing: {gaps}.")
    if repeated := frame.height - frame.n_unique():
        warnings.append(f"{repeated:,} of {frame.height:,} rows repeat another row whole; they count as sales.")
    return warnings


def _ids(column: pl.Series) -> pl.Series:
    if column.dtype == pl.String or column.dtype in (pl.Categorical, pl.Enum):
        text = column.cast(pl.String).str.strip_chars()
        return text.set(text == "", None)
    if column.dtype.is_float():
        return column.fill_nan(None)
    if column.dtype.is_nested():
        raise ContractError(f"{column.name}: expected text or numbers, got {column.dtype}. Choose another column.")
    return column


def _days(column: pl.Series) -> pl.Series:
    if column.dtype == pl.Date or column.dtype == pl.Datetime:
        return column.cast(pl.Date).cast(pl.Int32)
    text = column.cast(pl.String, strict=False).str.strip_chars()
    start = text.str.extract(MOMENT)
    parsed = pl.select(pl.coalesce(pl.lit(start).str.to_date(form, strict=False) for form in DAY_FORMATS)).to_series()
    _refuse(column, text, parsed, expected="a date such as 2011-12-09 or 2011-12-09 08:30:00")
    return parsed.cast(pl.Int32)


def _amounts(column: pl.Series) -> pl.Series:
    text = None
    if column.dtype == pl.String:
        text = column.str.strip_chars()
        number = text.cast(pl.Float64, strict=False)
        _refuse(column, text, number, expected="a number such as 12.50")
    elif column.dtype.is_numeric():
        number = column.cast(pl.Float64)
    else:
        raise ContractError(f"{column.name}: expected numbers, got {column.dtype}. Choose another column.")
    number = number.fill_nan(None)
    huge = number.is_infinite() | (number.abs() > LARGEST_AMOUNT)
    if huge.fill_null(value=False).any():
        first = number.filter(huge)[0]
        raise ContractError(
            f"{column.name}: expected amounts up to {LARGEST_AMOUNT:.0e}, got {first} (first of {huge.sum()} of "
            f"{column.len()} rows). Correct them, or use a larger unit."
        )
    return number


def _refuse(column: pl.Series, text: pl.Series, parsed: pl.Series, *, expected: str) -> None:
    wrong = parsed.is_null() & text.is_not_null() & (text != "")
    if wrong.any():
        place = int(wrong.arg_true()[0])
        raise ContractError(
            f"{column.name}: expected {expected}, got {text[place]!r} (row {place + 1}, first of {wrong.sum()} of "
            f"{column.len()} rows). Correct the column."
        )
