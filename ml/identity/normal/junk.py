"""Which values say nothing, although something stands there?

The tables are short on purpose: what is shared by too many people in one file is found from the file's own counts,
elsewhere. Here stands what no person is, in any file.
"""

import polars as pl

JUNK_WORDS = (
    "n/a", "n.a.", "n.a", "#n/a", "not applicable", "not available", "not known", "not given", "not provided",
    "not specified", "unspecified", "undefined", "null", "(null)", "<null>", "none", "<na>",
    "unknown", "unkown", "unk", "no name", "noname", "no email", "no phone", "no address", "anonymous", "anon",
    "test", "tester", "testing", "test test", "dummy", "asdf", "asdfgh", "qwerty", "tbd", "tba", "<nan>",
    "empty", "missing", "inconnu", "unbekannt", "desconocido", "sconosciuto", "no value",
)  # fmt: skip
NAMES_TOO = ("na", "nan", "nil", "guest", "blank", "sample")  # junk where frequent, see without_frequent_na
NO_VALUE = "^(?:na|nan|nil)$"  # junk where no name is expected
NO_WORDS = r"^[\W_]+$"
REPEATED_X = r"^x{2,}$"
REPEATED_LETTER = "^(?:" + "|".join(f"{letter}{{3,}}" for letter in "abcdefghjklmnopqrstuvwyz") + ")$"
REPEATED_DIGIT = "^(?:" + "|".join(f"{digit}{{6,}}" for digit in range(10)) + ")$"
ONLY_ZEROS = "^0{2,}$"
NO_POSTCODE = "^(?:0+|9{5,})$"
NO_PHONE = (
    r"^\+?[0-9]{0,4}(?:" + "|".join(f"{digit}{{7,}}" for digit in range(10)) + ")$"
    r"|^\+?(?:0?123456789|01234567|12345678|123456)[0-9]?$|^\+?[0-9]{0,4}$"
)
NO_DATES = (  # the first and last days of usual calendars and their zeros, and runs of digits
    "19000101", "18991230", "18991231", "18000101", "17530101", "00010101", "10000101", "99991231", "99990101",
    "99999999", "00000000", "11111111", "12345678",
)  # fmt: skip
NOBODYS_MAILBOXES = (
    "noreply", "no-reply", "no.reply", "no_reply", "donotreply", "do-not-reply", "do.not.reply", "nobody",
    "nomail", "noemail", "no-email", "no.email", "nomail", "notprovided", "unknown", "anonymous",
)  # fmt: skip
JUNK_LABELS = (  # a mailbox of one of these words at a domain of one of these words: test@test, none@none, a@a
    "test", "none", "na", "no", "null", "unknown", "email", "mail", "nomail", "noemail", "fake", "dummy", "abc",
    "asdf", "xxx", "xx", "x", "a", "aa", "aaa", "xyz", "domain", "user", "anonymous", "anon", "noname", "123",
)  # fmt: skip
FEWEST_NA = 3


def without_junk(texts: pl.Series, *more: str) -> pl.Series:
    """Text whose junk words, bare signs, runs of x and runs of one digit are null.

    Takes     texts, cleaned; more: further regular expressions of junk, over small letters.
    """
    return texts.to_frame().select(meaning(pl.col(texts.name), *more)).to_series()


def meaning(text: pl.Expr, *more: str) -> pl.Expr:
    """`without_junk` of an expression."""
    small = text.str.to_lowercase()
    wrong = small.is_in(JUNK_WORDS) | small.str.contains("|".join((NO_WORDS, REPEATED_X, REPEATED_DIGIT, *more)))
    return pl.when(~wrong).then(text).name.keep()


def without_frequent_na(texts: pl.Series) -> pl.Series:
    """Text without the words that are names, too, where the column does not mean persons or places by them.

    "Na", "Nil" and "Guest" are somebody's names. Each is junk where it stands at least FEWEST_NA times and at least as
    often as the most common other value: no real name leads a column under that spelling.
    """
    small = texts.str.to_lowercase()
    doubtful = small.is_in(NAMES_TOO).fill_null(value=False)
    if int(doubtful.sum()) < FEWEST_NA:
        return texts
    others = texts.filter(~doubtful).drop_nulls().value_counts(name="n")["n"].max()
    counts = small.filter(doubtful).value_counts(name="n")
    leading = counts.filter(pl.col("n") >= max(FEWEST_NA, int(str(others or 0))))[small.name]
    return texts.set(small.is_in(leading.implode()).fill_null(value=False), None)
