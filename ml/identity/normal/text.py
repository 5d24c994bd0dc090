"""How does a column of any type become text that can be compared?"""

from collections.abc import Callable

import polars as pl

from ml.errors import ContractError

LONGEST = 500  # characters; what is longer is no field of a person, and its tail tells nobody apart
LARGEST_WHOLE = 1e15  # below it every whole float is exact and prints without an exponent
APOSTROPHES = r"['’‘‛ʼʹ`´′＇]"
MARKS = r"[\u0300-\u036f]+"
INVISIBLE = r"[\p{Cf}\u115f\u1160\u3164\uffa0\ufe00-\ufe0f]+"  # zero-width, direction and variation signs
LETTERS = {  # letters that no normal form takes apart
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i",
    "ŋ": "n", "ŧ": "t", "ĸ": "k", "ς": "σ",
}  # fmt: skip
TextFunction = Callable[[pl.Series], pl.DataFrame]


def text_of(frame: pl.DataFrame, column: str) -> pl.Series:
    """A column of any plain type as text, unknown as null.

    Takes     frame: the column as text, category, number, truth value, date or time. NaN and infinity are unknown,
              whole numbers lose ".0".
    Returns   String, same rows and order.
    Raises    ContractError   the column is missing, nested, binary or of Python objects.
    """
    if column not in frame.columns:
        raise ContractError(
            f"{column}: expected a column of this name, got {', '.join(frame.columns) or 'no columns'}. "
            "Correct the name after the =."
        )
    values = frame[column]
    dtype = values.dtype
    if dtype.is_nested() or dtype in (pl.Object, pl.Binary, pl.Duration):
        raise ContractError(
            f"{column}: expected one plain value per row, got {dtype}. Take the wanted part into a column of its own."
        )
    if dtype.is_float():
        return _numbers(values.cast(pl.Float64))
    text = values.cast(pl.String)
    if dtype.is_decimal():
        text = text.str.replace(r"\.0+$", "").str.replace(r"(\.\d*?)0+$", "$1")
    return text


def cleaned(texts: pl.Series) -> pl.Series:
    """Compatible characters made one (NFKC), control signs and runs of spaces one space, invisible signs gone, cut.

    Returns   String; empty text is null.
    """
    return _by_alphabet(texts, _spaced, lambda rest: _spaced(_nfkc(rest)))


def folded(texts: pl.Series) -> pl.Series:
    """Cleaned text in small letters without accents: Latin becomes ASCII, other scripts stay, apostrophes are one.

    Returns   String; empty text is null. Applied twice it changes nothing more.
    """
    return _by_alphabet(texts, lambda plain: _spaced(plain.str.to_lowercase().str.replace_all("`", "'")), _folded_rest)


def words(texts: pl.Series, kept: str = "") -> pl.Series:
    """Folded text as words with one space between: apostrophes vanish, other signs but `kept` part words.

    Takes     kept: signs as they stand inside a regular expression's brackets.
    """
    bare = folded(texts).str.replace_all("'", "", literal=True)
    signs = rf"[^a-z0-9 {kept}]+" if is_ascii(bare).all() else rf"[^\p{{L}}\p{{N}}\p{{M}} {kept}]+"
    return _spaced(bare.str.replace_all(signs, " "))


def lowered(texts: pl.Series) -> pl.Series:
    """Cleaned text in small letters, with its accents and signs."""
    return _by_alphabet(texts, lambda plain: _spaced(plain.str.to_lowercase()), _lowered_rest)


def by_distinct(texts: pl.Series, function: TextFunction) -> pl.DataFrame:
    """A function of single values, applied once per distinct value where that is less work.

    Takes     function: gives one row per value it gets, each of its value alone; nulls for null.
    Returns   its columns, one row per text in the order of texts.
    """
    if not repeats(texts):
        return function(texts)
    known = texts.drop_nulls().unique()
    answers = function(known).with_columns(known.alias("__key"))
    keys = texts.alias("__key").to_frame()
    return keys.join(answers, on="__key", how="left", maintain_order="left").drop("__key")


def repeats(texts: pl.Series) -> bool:
    """Whether values come often enough for the search for distinct ones to save work."""
    distinct = texts.to_frame().select(pl.all().approx_n_unique()).item()
    return bool(distinct * 2 <= texts.len())


def mapped(texts: pl.Series, function: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """`by_distinct` for a function that gives one column."""
    return by_distinct(texts, lambda some: function(some).alias("value").to_frame())["value"]


def is_ascii(texts: pl.Series) -> pl.Series:
    """Boolean, null for null: no character outside ASCII."""
    return texts.str.len_bytes() == texts.str.len_chars()


def _by_alphabet(
    texts: pl.Series, plain: Callable[[pl.Series], pl.Series], other: Callable[[pl.Series], pl.Series]
) -> pl.Series:
    """ASCII text by the short way, the rest by the long one."""
    cut = texts.str.slice(0, LONGEST)
    rest = (~is_ascii(cut)).fill_null(value=False)
    if not rest.any():
        return plain(cut)
    places = rest.arg_true()
    return plain(cut.set(rest, None)).scatter(places, other(cut.filter(rest)))


def _spaced(texts: pl.Series) -> pl.Series:
    """One space for each run of blanks and control signs, none at the ends; cut; empty is null."""
    if texts.str.contains(r"[\s\p{Cc}]{2}|[^\S ]|\p{Cc}|^\s|\s$").any():
        texts = texts.str.replace_all(r"[\s\p{Cc}]+", " ").str.strip_chars(" ")
    texts = texts.str.slice(0, LONGEST).str.strip_chars_end(" ")
    return texts.set(texts == "", None)


def _nfkc(texts: pl.Series) -> pl.Series:
    return texts.str.normalize("NFKC").str.replace_all(INVISIBLE, "").str.normalize("NFKC")


def _lowered_rest(texts: pl.Series) -> pl.Series:
    return _spaced(_nfkc(_nfkc(texts).str.to_lowercase()))


def _folded_rest(texts: pl.Series) -> pl.Series:
    """Twice through: small letters of compatible forms may be compatible forms again."""
    texts = texts.str.replace_all(APOSTROPHES, "'").str.replace_all(INVISIBLE, "")
    for _ in range(2):
        texts = texts.str.normalize("NFKD").str.replace_all(MARKS, "").str.to_lowercase()
    texts = texts.str.replace_many(LETTERS).str.replace_all(APOSTROPHES, "'").str.replace_all(INVISIBLE, "")
    return _spaced(texts.str.normalize("NFC"))


def _numbers(values: pl.Series) -> pl.Series:
    known = values.set(~values.is_finite(), None)
    is_whole = (known == known.floor()) & (known.abs() < LARGEST_WHOLE)
    wholes = known.set(~is_whole, None).cast(pl.Int64).cast(pl.String)
    return known.cast(pl.String).zip_with(~is_whole.fill_null(value=False), wholes)
