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
FEWEST_VALUES = 1000  # below, looking for distinct values costs more than it saves
TextFunction = Callable[[pl.Series], pl.DataFrame]
TextStep = Callable[[pl.Expr], pl.Expr]


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
    return _by_alphabet(texts, lambda plain: plain, _nfkc)


def folded(texts: pl.Series) -> pl.Series:
    """Cleaned text in small letters without accents: Latin becomes ASCII, other scripts stay, apostrophes are one.

    Returns   String; empty text is null. Applied twice it changes nothing more.
    """
    return _by_alphabet(texts, _folded_ascii, _folded_rest)


def lowered(texts: pl.Series) -> pl.Series:
    """Cleaned text in small letters, with its accents and signs."""
    return _by_alphabet(
        texts, lambda plain: plain.str.to_lowercase(), lambda rest: _nfkc(_nfkc(rest).str.to_lowercase())
    )


def words(texts: pl.Series, kept: str = "") -> pl.Series:
    """Folded text as words with one space between: apostrophes vanish, other signs but `kept` part words.

    Takes     kept: signs as they stand inside a regular expression's brackets.
    """

    def parted(text: pl.Expr, letters: str) -> pl.Expr:
        bare = text.str.replace_all("'", "", literal=True)
        return bare.str.replace_all(f"[^{letters} {kept}]+", " ")

    return _by_alphabet(
        texts,
        lambda plain: parted(_folded_ascii(plain), "a-z0-9"),
        lambda rest: parted(_folded_rest(rest), r"\p{L}\p{N}\p{M}").str.normalize("NFC"),  # signs gone, marks may join
    )


def spaced(text: pl.Expr) -> pl.Expr:
    """One space for each run of blanks and control signs, none at the ends; cut; empty is null."""
    return _cut(text.str.replace_all(r"[\s\p{Cc}]+", " ").str.strip_chars(" "))


def changed(texts: pl.Series, function: Callable[[pl.Expr], pl.Expr]) -> pl.Series:
    """An expression over one column, computed at once."""
    return texts.to_frame().select(function(pl.col(texts.name)).alias(texts.name)).to_series()


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
    if len(texts) < FEWEST_VALUES:
        return False
    distinct = texts.to_frame().select(pl.all().approx_n_unique()).item()
    return bool(distinct * 2 <= texts.len())


def mapped(texts: pl.Series, function: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """`by_distinct` for a function that gives one column."""
    return by_distinct(texts, lambda some: function(some).alias("value").to_frame())["value"]


def is_ascii(texts: pl.Series) -> pl.Series:
    """Boolean, null for null: no character outside ASCII."""
    return texts.str.len_bytes() == texts.str.len_chars()


def _by_alphabet(texts: pl.Series, plain: TextStep, other: TextStep) -> pl.Series:
    """ASCII text by the short way, the rest by the long one; spaces put in order where any are not."""
    text = pl.col("t")
    short = text.str.slice(0, LONGEST)
    is_other = (short.str.len_bytes() != short.str.len_chars()).fill_null(value=False)
    table = texts.alias("t").to_frame().select(short, is_other.alias("other"))
    if not table["other"].any():
        found = table.select(plain(text))["t"]
    else:
        ascii_only = table.select(plain(pl.when(~pl.col("other")).then("t")).alias("t"))["t"]
        rest = table.filter(pl.col("other")).select(other(text))["t"]
        found = ascii_only.scatter(table["other"].arg_true(), rest)
    is_untidy = found.str.contains(r"[\s\p{Cc}]{2}|[^\S ]|\p{Cc}|^\s|\s$").any()
    return changed(found, spaced if is_untidy else _cut).alias(texts.name)


def _cut(text: pl.Expr) -> pl.Expr:
    short = text.str.slice(0, LONGEST).str.strip_chars_end(" ")
    return pl.when(short != "").then(short)


def _nfkc(text: pl.Expr) -> pl.Expr:
    text = text.str.replace_all("´", "'", literal=True)  # its compatible form is a space with an accent
    return text.str.normalize("NFKC").str.replace_all(INVISIBLE, "").str.normalize("NFKC")


def _folded_ascii(text: pl.Expr) -> pl.Expr:
    return text.str.to_lowercase().str.replace_all("`", "'", literal=True)


def _folded_rest(text: pl.Expr) -> pl.Expr:
    """Twice through: small letters of compatible forms may be compatible forms again."""
    text = text.str.replace_all(APOSTROPHES, "'").str.replace_all(INVISIBLE, "")
    for _ in range(2):
        text = text.str.normalize("NFKD").str.replace_all(MARKS, "").str.to_lowercase()
    text = text.str.replace_many(LETTERS).str.replace_all(APOSTROPHES, "'").str.replace_all(INVISIBLE, "")
    return text.str.normalize("NFC")


def _numbers(values: pl.Series) -> pl.Series:
    known = values.set(~values.is_finite(), None)
    is_whole = (known == known.floor()) & (known.abs() < LARGEST_WHOLE)
    wholes = known.set(~is_whole, None).cast(pl.Int64).cast(pl.String)
    return known.cast(pl.String).zip_with(~is_whole.fill_null(value=False), wholes)
