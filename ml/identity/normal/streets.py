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
SIGNS = r"/\-"
LEADING = r"^(\d+[a-z]?(?:[-/]\d+[a-z]?)*)(?: (.*))?$"
TRAILING = r"^(.*\p{L}.*) (\d+[a-z]?(?:[-/]\d+[a-z]?)*)$"
NO_NUMBER = " (?:" + "|".join(f"{digit}{{6,}}" for digit in range(10)) + ") "  # no house has it
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
    text = _short(words(_inner_signs(words(lines, kept=SIGNS)), kept=SIGNS))
    table = text.alias("t").to_frame()
    leading = table.select(pl.col("t").str.extract_groups(LEADING).struct.unnest()).rename({"1": "number", "2": "rest"})
    trailing = table.select(_trailing(2).alias("number"), _trailing(1).alias("rest"))
    starts = leading["number"].is_not_null()
    rest = trailing["rest"].zip_with(trailing["rest"].is_not_null(), text)
    return pl.DataFrame(
        {
            "street_number": without_junk(leading["number"].zip_with(starts, trailing["number"])),
            "street": without_junk(leading["rest"].zip_with(starts, rest)),
        }
    )


def _inner_signs(text: pl.Series) -> pl.Series:
    """Strokes and hyphens only between digits (12-14, 3/17); elsewhere they part words."""
    if not text.str.contains("[-/]").any():
        return text
    tight = text.str.replace_all(r"(\d) ?([-/]) ?(\d)", "$1\u0001$2$3")
    parted = tight.str.replace_all(r"(^|[^\u0001])[-/]+", "$1 ")
    return parted.str.replace_all("\u0001", "", literal=True)


def _trailing(group: int) -> pl.Expr:
    is_house = ~pl.col("t").str.contains(NO_HOUSE)
    return pl.when(is_house).then(pl.col("t").str.extract(TRAILING, group))


def _short(text: pl.Series) -> pl.Series:
    """Every word of the table in its short form; two spaces between words keep neighbours from sharing one."""
    text = text.str.replace_all(GERMAN_STREET, "${1}str$2")
    wide = " " + text.str.replace_all(" ", "  ", literal=True) + " "
    short = wide.str.replace_many({f" {long} ": f" {brief} " for long, brief in ABBREVIATIONS.items()})
    short = short.str.replace_all(NO_NUMBER, " ").str.replace_all(" +", " ").str.strip_chars(" ")
    return short.set((short == "").fill_null(value=False), None)
