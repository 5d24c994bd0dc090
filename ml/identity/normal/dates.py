"""Which day of birth does a text mean, in a column whose writers had one habit?

A date becomes eight digits, YYYYMMDD. An impossible day stays as it is written (19081309), because a slip of the
keyboard is still comparable with the right date. Where only the year or the month is known, what is unknown is 00:
18610000, 18610300. Two-digit years lie in the past as seen from LATEST_YEAR, a constant, so that a file means the same
in any year it is read. Numbers of days since some day (spreadsheets) are not read.
"""

import polars as pl

from ml.identity.normal.junk import NO_DATES, REPEATED_DIGIT
from ml.identity.normal.text import folded

LATEST_YEAR = 2026
PLAUSIBLE_YEARS = (1800, 2099)
DEFAULT_DATE_ROWS = 50  # a day seen more often than this, and than the next, is nobody's birthday
DEFAULT_DATE_TIMES = 20  # times the column's mean per day; births per day differ by a factor of 2 or 3, not of 20
MONTHS = {
    "01": "january|janvier|januar|enero|jan|ene",
    "02": "february|fevrier|februar|febrero|feb|fev",
    "03": "march|mars|marz|maerz|marzo|mar|mrz",
    "04": "april|avril|abril|apr|avr|abr",
    "05": "may|mai|mayo",
    "06": "june|juin|juni|junio|jun",
    "07": "july|juillet|juli|julio|jul",
    "08": "august|aout|agosto|aug|ago",
    "09": "september|septembre|septiembre|sept|sep",
    "10": "october|octobre|oktober|octubre|oct|okt",
    "11": "november|novembre|noviembre|nov",
    "12": "december|decembre|dezember|diciembre|dec|dez|dic",
}
SIGN = r"[-/., ]+"
SHAPES = {  # what the three numbers are called is decided per column, from all its values
    "long": rf"^(\d{{1,2}}){SIGN}(\d{{1,2}}){SIGN}(\d{{4}})$",
    "short": rf"^(\d{{1,2}}){SIGN}(\d{{1,2}}){SIGN}(\d{{2}})$",
    "short_bare": r"^(\d{2})(\d{2})(\d{2})$",
}
EXAMPLES = {"long": "1/2/1990", "short": "1/2/90", "short_bare": "010290"}
ORDERS = {"long": ("dmy", "mdy"), "short": ("dmy", "mdy", "ymd"), "short_bare": ("ymd", "dmy", "mdy")}
BARE = {"dmy": r"^(?<d>\d{2})(?<m>\d{2})(?<y>\d{4})$", "mdy": r"^(?<m>\d{2})(?<d>\d{2})(?<y>\d{4})$"}
FIXED = (  # shapes that read in one way only
    rf"^(?<y>\d{{4}}){SIGN}(?<m>\d{{1,2}}){SIGN}(?<d>\d{{1,2}})$",
    r"^(?<d>\d{1,2})[-/., ]*m(?<m>\d\d)[-/., ]*(?<y>\d{4}|\d\d)$",
    rf"^m(?<m>\d\d)[-/., ]*(?<d>\d{{1,2}}){SIGN}(?<y>\d{{4}}|\d\d)$",
    r"^(?<y>\d{4})[-/., ]*m(?<m>\d\d)[-/., ]*(?<d>\d{1,2})$",
)
PARTIAL = (
    rf"^(?<y>\d{{4}}){SIGN}(?<m>\d{{1,2}})$",
    rf"^(?<m>\d{{1,2}}){SIGN}(?<y>\d{{4}})$",
    r"^m(?<m>\d\d)[-/., ]*(?<y>\d{4})$",
    r"^(?<y>\d{4})$",
)


def normal_dates(texts: pl.Series) -> tuple[pl.Series, list[str]]:
    """Days as YYYYMMDD, the order of day and month taken from the column as a whole.

    Takes     texts: dates as anybody writes them; times of day are cut off.
    Returns   String of eight digits, null where no date can be read or where it is a placeholder (NO_DATES, or a day
              far more frequent than any birthday can be); sentences on what the column was taken to mean.
    """
    known = texts.drop_nulls().unique()
    plain = _plain(known)
    days, notes = _read(plain)
    wrong = (days.is_in(NO_DATES) | days.str.contains(REPEATED_DIGIT)).fill_null(value=False)
    table = pl.DataFrame({"key": known, "day": days.set(wrong, None)})
    found = texts.alias("key").to_frame().join(table, on="key", how="left", maintain_order="left")["day"]
    defaults = _default_days(found)
    if defaults:
        rows = int(found.is_in(defaults).sum())
        notes.append(
            f"birth_date: {', '.join(defaults)} in {rows} of {len(texts)} rows, far more often than a birthday can "
            "be: taken as unknown."
        )
    return found.set(found.is_in(defaults).fill_null(value=False), None), notes


def _plain(texts: pl.Series) -> pl.Series:
    """Small letters without the time of day; months by name as m01 to m12."""
    plain = folded(texts).str.replace(r"[t ,]+\d{1,2}:\d{2}.*$", "")
    if plain.str.contains("[a-z]").any():
        for number, names in MONTHS.items():
            plain = plain.str.replace(rf"(?:^|([^a-z]))(?:{names})\.?(?:$|([^a-z.]))", f"${{1}}m{number}$2")
        plain = plain.str.replace(r"(\d)(?:st|nd|rd|th)\b", "$1")
    return plain.str.replace(r"^(\d{7})$", "0$1")  # a leading zero that a column of numbers lost


def _read(plain: pl.Series) -> tuple[pl.Series, list[str]]:
    """Every shape's reading, the first that fits; and how doubtful orders were decided."""
    table = plain.alias("t").to_frame()
    readings, notes = [], []
    for shape, pattern in SHAPES.items():
        order, note = _order(table, shape, pattern)
        readings.append(_digits(*_in_order(pattern, order)))
        notes += note
    readings += [_digits(*_named(pattern, "ymd")) for pattern in FIXED]
    readings += [_digits(*_named(pattern, "ym")) for pattern in PARTIAL[:3]]
    readings.append(_digits(*_named(PARTIAL[3], "y")))
    bare, note = _bare(table)
    return table.select(pl.coalesce(bare, *readings).alias("day"))["day"], notes + note


def _named(pattern: str, names: str) -> tuple[pl.Expr, ...]:
    """The named numbers of a pattern; null where it does not fit."""
    places = sorted(names, key=lambda name: pattern.index(f"<{name}>"))
    text = pattern.replace("?<y>", "").replace("?<m>", "").replace("?<d>", "")
    return tuple(pl.col("t").str.extract(text, places.index(name) + 1) for name in names)


def _in_order(pattern: str, order: str) -> tuple[pl.Expr, ...]:
    return tuple(pl.col("t").str.extract(pattern, order.index(name) + 1) for name in "ymd")


def _digits(year: pl.Expr, month: pl.Expr | None = None, day: pl.Expr | None = None) -> pl.Expr:
    """Eight digits of three numbers, a year of two digits put into the past."""
    short = year.str.len_chars() == 2
    latest = LATEST_YEAR % 100
    century = pl.when(year.cast(pl.Int32, strict=False) <= latest).then(pl.lit("20")).otherwise(pl.lit("19"))
    full = pl.when(short).then(century + year).otherwise(year)
    rest = [pl.lit("00") if part is None else part.str.zfill(2) for part in (month, day)]
    return full + rest[0] + rest[1]


def _real(digits: pl.Expr) -> pl.Expr:
    """1 per calendar day in a plausible year."""
    year = digits.str.slice(0, 4).cast(pl.Int32, strict=False)
    is_real = digits.str.to_date("%Y%m%d", strict=False).is_not_null() & year.is_between(*PLAUSIBLE_YEARS)
    return is_real.fill_null(value=False).sum()


def _order(table: pl.DataFrame, shape: str, pattern: str) -> tuple[str, list[str]]:
    """The order under which most distinct values are days of the calendar; the first of equals, with a note."""
    orders = ORDERS[shape]
    fits = int(table.select(pl.col("t").str.contains(pattern).sum()).item() or 0)
    if not fits:
        return orders[0], []
    counts = table.select(_real(_digits(*_in_order(pattern, order))).alias(order) for order in orders).row(0)
    best = orders[counts.index(max(counts))]
    ties = [order for order, count in zip(orders, counts, strict=True) if count == max(counts)]
    like = f"birth_date: {fits} distinct values like {EXAMPLES[shape]}"
    if len(ties) == 1:
        return best, [f"{like} read as {_spoken(best)}."]
    return best, [f"{like}: nothing tells {_spoken(ties[0])} from {_spoken(ties[1])}, read as {_spoken(best)}."]


def _bare(table: pl.DataFrame) -> tuple[pl.Expr, list[str]]:
    """Eight digits: year first, unless the year would mostly be absurd where another order gives real days."""
    eight = pl.col("t").str.contains(r"^\d{8}$")
    year = pl.col("t").str.slice(0, 4).cast(pl.Int32, strict=False)
    readings = {order: _digits(*_named(pattern, "ymd")) for order, pattern in BARE.items()}
    first, *others = table.select(
        (eight & year.is_between(*PLAUSIBLE_YEARS)).sum(), *(_real(e).alias(name) for name, e in readings.items())
    ).row(0)
    if max(others) <= (first or 0):
        return pl.when(eight).then(pl.col("t")), []
    best = list(BARE)[others.index(max(others))]
    return readings[best], [f"birth_date: eight digits read as {_spoken(best)}."]


def _spoken(order: str) -> str:
    return "-".join({"d": "day", "m": "month", "y": "year"}[letter] for letter in order)


def _default_days(days: pl.Series) -> list[str]:
    """Whole dates (not mere years or months) far more frequent than the others, until none is left."""
    counts = days.drop_nulls().value_counts()
    counts = counts.filter(~pl.col(days.name).str.ends_with("00"))
    found: list[str] = []
    while counts.height:
        limit = max(DEFAULT_DATE_ROWS, DEFAULT_DATE_TIMES * float(str(counts["count"].mean())))
        too_many = counts.filter(pl.col("count") > limit)
        if not too_many.height:
            break
        found += too_many[days.name].to_list()
        counts = counts.filter(pl.col("count") <= limit)
    return sorted(found)
