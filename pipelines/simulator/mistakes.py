"""Mistakes that people, scanners and forms make in a column of text: each a function of (values, chance, pool)."""

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl

Mistake = Callable[[pl.Series, np.random.Generator, pl.Series], pl.Series]

KEYS = ["qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890"]
NEAR = {
    key: [row[place] for place in (at - 1, at + 1) if 0 <= place < len(row)]
    for row in KEYS
    for at, key in enumerate(row)
}
LOOKS = {"o": "0", "l": "1", "i": "l", "s": "5", "b": "6", "g": "q", "m": "n", "n": "m", "u": "v", "c": "e", "e": "c"}
SOUNDS = [("ph", "f"), ("ck", "k"), ("ie", "y"), ("ee", "ea"), ("ou", "ow"), ("th", "t"), ("ll", "l"), ("tch", "ch")]
SOUNDS += [("ai", "ay"), ("sh", "ch"), ("s", "z"), ("c", "k"), ("i", "y"), ("v", "w")]
MARKS = {"a": "á", "e": "é", "i": "í", "o": "ö", "u": "ü", "n": "ñ", "c": "ç"}
SHORT = {" street": " st", " road": " rd", " avenue": " ave", " place": " pl", " drive": " dr", " court": " ct"}


def overwrite(values: pl.Series, rows: np.ndarray, changed: pl.Series) -> pl.Series:
    """`values` with `changed` put at `rows` (unique row numbers)."""
    place = np.arange(len(values))
    place[rows] = len(values) + np.arange(len(rows))
    return pl.concat([values, changed.cast(values.dtype)]).gather(pl.Series(place)).alias(values.name)


def _spliced(values: pl.Series, at: np.ndarray, put: pl.Series, skip: np.ndarray) -> pl.Series:
    frame = pl.DataFrame({"text": values, "at": at, "put": put, "rest": at + skip})
    text = pl.col("text")
    parts = [text.str.slice(0, pl.col("at")), pl.col("put"), text.str.slice(pl.col("rest"))]
    return frame.select(pl.concat_str(parts)).to_series()


def _place(values: pl.Series, chance: np.random.Generator, *, spare: int = 0) -> np.ndarray:
    length = np.maximum(values.str.len_chars().fill_null(1).to_numpy() - spare, 1)
    return np.asarray((chance.random(len(values)) * length).astype(np.int64))


def _letters(chance: np.random.Generator, values: pl.Series) -> pl.Series:
    letter = pl.Series(list("eaiotnsrlhducmpgbfywkvjxzq"))
    digit = pl.Series(list("0123456789"))
    count = len(values)
    is_digit = values.str.contains(r"^[\d\- ]+$").fill_null(False)
    drawn = letter.gather(np.minimum((chance.random(count) ** 1.5 * 26).astype(int), 25))
    return digit.gather(chance.integers(0, 10, count)).zip_with(is_digit, drawn)


def typo(values: pl.Series, chance: np.random.Generator, _: pl.Series) -> pl.Series:
    """One insertion, deletion, substitution (half of them a neighbouring key) or transposition."""
    kind = chance.choice(4, len(values), p=[0.22, 0.26, 0.32, 0.20])
    at = _place(values, chance)
    at = np.where(kind == 3, np.minimum(at, _place(values, chance, spare=1)), at)
    here = pl.DataFrame({"t": values, "a": at}).select(pl.col("t").str.slice("a", 1)).to_series()
    following = pl.DataFrame({"t": values, "a": at + 1}).select(pl.col("t").str.slice("a", 1)).to_series()
    drawn = _letters(chance, values)
    keyed = here.replace_strict({key: near[0] for key, near in NEAR.items()}, default=None)
    other = here.replace_strict({key: near[-1] for key, near in NEAR.items()}, default=None)
    near = keyed.zip_with(pl.Series(chance.random(len(values)) < 0.5), other)
    use_near = pl.Series(chance.random(len(values)) < 0.5) & near.is_not_null()
    replaced = near.zip_with(use_near, drawn)
    put = pl.DataFrame({"k": kind, "d": drawn, "r": replaced, "h": here, "f": following}).select(
        pl.when(pl.col("k") == 0)
        .then(pl.col("d"))
        .when(pl.col("k") == 1)
        .then(pl.lit(""))
        .when(pl.col("k") == 2)
        .then(pl.col("r"))
        .otherwise(pl.col("f") + pl.col("h"))
    )
    return _spliced(values, at, put.to_series(), np.array([0, 1, 1, 2])[kind])


def scanned(values: pl.Series, chance: np.random.Generator, _: pl.Series) -> pl.Series:
    """One letter read as a look-alike, as optical readers do."""
    at = _place(values, chance)
    here = pl.DataFrame({"t": values, "a": at}).select(pl.col("t").str.slice("a", 1)).to_series()
    return _spliced(values, at, here.replace(LOOKS), np.ones(len(values), dtype=int))


def sounded(values: pl.Series, chance: np.random.Generator, _: pl.Series) -> pl.Series:
    """Written as heard: one spelling rule, forwards or backwards."""
    rule = chance.integers(0, 2 * len(SOUNDS), len(values))
    result = values
    for number in range(2 * len(SOUNDS)):
        rows = np.flatnonzero(rule == number)
        old, new = SOUNDS[number // 2] if number % 2 == 0 else SOUNDS[number // 2][::-1]
        result = overwrite(result, rows, values.gather(rows).str.replace(old, new, literal=True))
    return result


def marked(values: pl.Series, chance: np.random.Generator, _: pl.Series) -> pl.Series:
    """Case, blanks, punctuation or an accent: the same word for a person, another for a computer."""
    kind = chance.integers(0, 6, len(values))
    forms = [
        values.str.to_uppercase(),
        values.str.to_titlecase(),
        " " + values + "  ",
        values.str.replace_all(r"[ '\-]", ""),
        values.str.replace(r"(.{3})", "$1-"),
    ]
    accented = values
    for plain, mark in MARKS.items():
        rows = np.flatnonzero(chance.integers(0, 3, len(values)) == 0)
        accented = overwrite(accented, rows, accented.gather(rows).str.replace(plain, mark, literal=True))
    result = values
    for number, form in enumerate([*forms, accented]):
        rows = np.flatnonzero(kind == number)
        result = overwrite(result, rows, form.gather(rows))
    return result


def missing(values: pl.Series, chance: np.random.Generator, _: pl.Series) -> pl.Series:
    """Nothing was written down."""
    return pl.Series(values.name, [None] * len(values), dtype=pl.String)


def replaced(values: pl.Series, chance: np.random.Generator, pool: pl.Series) -> pl.Series:
    """Somebody else's value, as frequent as it is in the column."""
    return pool.gather(chance.integers(0, len(pool), len(values))).alias(values.name)


def initial(values: pl.Series, chance: np.random.Generator, _: pl.Series) -> pl.Series:
    """Only the first letter, half of the time with a full stop."""
    dot = pl.Series(chance.random(len(values)) < 0.5)
    first = values.str.slice(0, 1)
    return (first + ".").zip_with(dot, first)


def shortened(values: pl.Series, chance: np.random.Generator, _: pl.Series) -> pl.Series:
    """Street types abbreviated; words without one are cut."""
    short = values.str.replace_many(list(SHORT), list(SHORT.values()))
    return short.zip_with(short != values, truncated(values, chance, _))


def truncated(values: pl.Series, chance: np.random.Generator, _: pl.Series) -> pl.Series:
    """Cut off after three to seven letters, as narrow fields do."""
    keep = chance.integers(3, 8, len(values))
    return pl.DataFrame({"t": values, "k": keep}).select(pl.col("t").str.slice(0, "k")).to_series()


def digit(values: pl.Series, chance: np.random.Generator, _: pl.Series) -> pl.Series:
    """One digit replaced by another (blanks and hyphens stay)."""
    at = _place(values, chance)
    here = pl.DataFrame({"t": values, "a": at}).select(pl.col("t").str.slice("a", 1)).to_series()
    drawn = pl.Series(list("0123456789")).gather(chance.integers(0, 10, len(values)))
    put = drawn.zip_with(here.str.contains(r"\d").fill_null(False), here)
    return _spliced(values, at, put, np.ones(len(values), dtype=int))


def day_month(values: pl.Series, chance: np.random.Generator, _: pl.Series) -> pl.Series:
    """Day and month swapped where that gives a date, else a neighbouring digit swap in the day."""
    return values.str.replace(r"^(\d{4})(-?)(0[1-9]|1[0-2])(-?)(0[1-9]|1[0-2])$", "$1$2$5$4$3")


def year(values: pl.Series, chance: np.random.Generator, _: pl.Series) -> pl.Series:
    """The year is off by one, two, five or ten."""
    shift = chance.choice([-10, -5, -2, -1, 1, 2, 5, 10], len(values))
    number = values.str.slice(0, 4).cast(pl.Int64, strict=False) + pl.Series(shift)
    return (number.cast(pl.String) + values.str.slice(4)).fill_null(values)


def first_of_january(values: pl.Series, chance: np.random.Generator, _: pl.Series) -> pl.Series:
    """Only the year was known."""
    return values.str.replace(r"^(\d{4})(-?)\d\d(-?)\d\d$", "${1}${2}01${3}01")


def another_mailbox(values: pl.Series, chance: np.random.Generator, pool: pl.Series) -> pl.Series:
    """The same local part at another provider."""
    host = pool.gather(chance.integers(0, len(pool), len(values))).str.extract(r"(@.*)$")
    return (values.str.extract(r"^([^@]*)") + host).fill_null(values)


TYPOS = {typo: 0.42, scanned: 0.06, sounded: 0.10, marked: 0.10, truncated: 0.03}
KINDS: Mapping[str, Mapping[Mistake, float]] = {
    "given": {**TYPOS, missing: 0.12, replaced: 0.07, initial: 0.05},
    "family": {**TYPOS, missing: 0.10, replaced: 0.08},
    "full": {**TYPOS, missing: 0.02, replaced: 0.02},
    "date": {digit: 0.45, day_month: 0.12, year: 0.10, missing: 0.18, replaced: 0.08, first_of_january: 0.07},
    "text": {typo: 0.42, scanned: 0.05, marked: 0.08, shortened: 0.15, missing: 0.18, replaced: 0.12},
    "digits": {digit: 0.35, typo: 0.20, missing: 0.25, replaced: 0.20},
    "code": {typo: 0.20, missing: 0.40, replaced: 0.40},
    "email": {typo: 0.45, another_mailbox: 0.20, missing: 0.30, replaced: 0.05},
    "phone": {digit: 0.40, typo: 0.20, missing: 0.35, replaced: 0.05},
}


def _apply_one_round(
    values: pl.Series, rows: np.ndarray, kind: str, chance: np.random.Generator, pool: pl.Series
) -> pl.Series:
    table = KINDS[kind]
    weight = np.array(list(table.values()))
    drawn = chance.choice(len(table), len(rows), p=weight / weight.sum())
    for number, mistake in enumerate(table):
        hit = rows[drawn == number]
        if len(hit):
            values = overwrite(values, hit, mistake(values.gather(hit), chance, pool))
    return values


def make_mistakes(
    frame: pl.DataFrame,
    kinds: Mapping[str, str],
    mistakes: np.ndarray,
    weights: Mapping[str, float],
    *,
    seed: list[int],
) -> pl.DataFrame:
    """`frame` with `mistakes[i]` mistakes in row i, spread over its columns.

    Takes     kinds: column -> a key of KINDS; weights: column -> how often it is hit; mistakes: integer per row.
    Returns   the frame with the same rows and columns; a cell may be hit up to three times.
    """
    chance = np.random.default_rng(seed)
    names = list(kinds)
    odds = np.array([weights.get(name, 1.0) for name in names])
    rows = np.repeat(np.arange(len(frame)), mistakes)
    column = chance.choice(len(names), len(rows), p=odds / odds.sum())
    cell, times = np.unique(rows * len(names) + column, return_counts=True)
    for place, name in enumerate(names):
        own = cell % len(names) == place
        values, pool = frame[name], frame[name].drop_nulls()
        for turn in range(min(3, int(times[own].max(initial=0)))):
            hit = cell[own & (times > turn)] // len(names)
            values = _apply_one_round(values, hit, kinds[name], chance, pool)
        frame = frame.with_columns(values)
    return frame
