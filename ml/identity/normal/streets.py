"""Which house in which street does an address line mean?

Small ASCII letters, usual words in their short form (ABBREVIATIONS), the house number apart: the number the line starts
with, else the one it ends with. Flats and units stay in the street text.
"""

import polars as pl

from ml.identity.normal.junk import without_junk
from ml.identity.normal.text import by_distinct, cleaned, words

ABBREVIATIONS = {
    "street": "st", "str": "st", "saint": "st", "road": "rd", "avenue": "ave", "av": "ave", "aven": "ave",
    "boulevard": "blvd", "boul": "blvd", "bd": "blvd", "drive": "dr", "drv": "dr", "lane": "ln", "court": "ct",
    "crt": "ct", "crescent": "cres", "cr": "cres", "place": "pl", "square": "sq", "terrace": "tce", "ter": "tce",
    "terr": "tce", "highway": "hwy", "parkway": "pkwy", "circle": "cir", "circuit": "cct", "close": "cl",
    "grove": "gr", "gardens": "gdns", "garden": "gdn", "parade": "pde", "esplanade": "esp", "way": "wy",
    "mount": "mt", "north": "n", "south": "s", "east": "e", "west": "w", "apartment": "apt", "appartement": "apt",
    "flat": "fl", "suite": "ste", "building": "bldg", "floor": "flr", "number": "no", "strasse": "st",
    "straat": "st", "platz": "pl", "weg": "wg", "allee": "al", "rue": "r", "chemin": "ch", "impasse": "imp",
    "viale": "vle", "piazza": "pza", "plaza": "pza", "corso": "cso", "calle": "c", "avenida": "ave", "carrer": "c",
    "carretera": "ctra", "rua": "r", "travessa": "tv",
}  # fmt: skip
GERMAN_STREET = r"(\p{L})(?:strasse|str)( |$)"  # hauptstrasse, hauptstr
NUMBER = r"\d+ ?[a-z]?(?:[-/]\d+[a-z]?)?"
LEADING = r"^(\d+[a-z]?(?:[-/]\d+[a-z]?)*)(?: (.*))?$"
TRAILING = r"^(.*\p{L}.*) (\d+[a-z]?(?:[-/]\d+[a-z]?)*)$"
NO_HOUSE = r"(?:^| )(?:apt|unit|fl|flr|ste|no|box|lot|route|rte|hwy|room|rm|level|shop|bldg|floor|us|km) \S+$"


def normal_streets(parts: list[pl.Series]) -> pl.DataFrame:
    """House number and street of address lines; several columns are one line, in their order.

    Returns   street_number, street String, one row per line.
    """
    clean = [without_junk(cleaned(part)).fill_null("") for part in parts]
    frame = pl.DataFrame([part.alias(str(number)) for number, part in enumerate(clean)])
    line = frame.select(pl.concat_str(pl.all(), separator=" ").alias("line"))["line"] if parts else pl.Series()
    return by_distinct(line, _house_and_street)


def _house_and_street(lines: pl.Series) -> pl.DataFrame:
    tight = cleaned(lines).str.replace_all(r"(\d) ?([-/]) ?(\d)", "$1$2$3")
    text = words(tight, kept=r"/\-").str.replace_all(r"(\d)([-/])(\d)", "${1}\u0001$2$3")
    text = text.str.replace_all(r"(^|[^\u0001])[-/]+", "$1 ").str.replace_all("\u0001", "", literal=True)
    text = _short(words(text, kept=r"/\-"))
    both = (
        text.alias("t")
        .to_frame()
        .select(
            pl.coalesce(_leading(1), _trailing(2)).alias("street_number"),
            pl.when(pl.col("t").str.contains(LEADING))
            .then(_leading(2))
            .otherwise(pl.coalesce(_trailing(1), "t"))
            .alias("street"),
        )
    )
    return both.with_columns(without_junk(both["street"]))


def _leading(group: int) -> pl.Expr:
    return pl.col("t").str.extract(LEADING, group)


def _trailing(group: int) -> pl.Expr:
    is_house = ~pl.col("t").str.contains(NO_HOUSE)
    return pl.when(is_house).then(pl.col("t").str.extract(TRAILING, group))


def _short(text: pl.Series) -> pl.Series:
    """Every word of the table in its short form; two spaces between words keep neighbours from sharing one."""
    text = text.str.replace_all(GERMAN_STREET, "${1}str$2")
    wide = " " + text.str.replace_all(" ", "  ", literal=True) + " "
    short = wide.str.replace_many({f" {long} ": f" {brief} " for long, brief in ABBREVIATIONS.items()})
    return short.str.replace_all("  ", " ", literal=True).str.strip_chars(" ")
