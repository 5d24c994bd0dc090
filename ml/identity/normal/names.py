"""Which given, middle and family names does a text hold?

Small letters, ASCII where the script is Latin, apostrophes dropped (obrien), hyphens and other signs a space. The first
word of a given name is the given name, the others are middle names. Forms of address and suffixes (mr, dr, jr, iii) are
dropped, particles (van der, de la) stay with the family name. The order "Last First" without a comma cannot be told
from "First Last" and is read as the latter. A single word is read as a given name.
"""

import polars as pl
from nameparser import HumanName

from ml.identity.normal.junk import REPEATED_LETTER, without_frequent_na, without_junk
from ml.identity.normal.text import by_distinct, cleaned, repeats, words

LIBRARY_NAMES = 10_000  # nameparser needs about half a millisecond per name
LONGEST_NAME = 100  # characters that nameparser gets
TITLES = (
    "mr|mrs|ms|miss|mx|dr|prof|professor|rev|reverend|sir|dame|herr|frau|mme|mlle|monsieur|madame|sra|srta|senor|"
    "senora|don|dona|sig|sigra|capt|captain|lt|sgt|hon"
)
LONE_TITLES = "mr|mrs|ms|mx|dr|prof|rev|mme|mlle|sra|srta"  # the others are names of people, too
SUFFIXES = "jr|sr|junior|senior|ii|iii|iv|phd|ph d|md|m d|esq|esquire|mba|cpa|obe"
PARTICLES = (
    "van|von|der|den|de|del|della|di|da|dos|das|du|la|le|las|los|ten|ter|zu|zum|zur|vom|bin|ibn|al|el|ben|san|st|af|av"
)
FIRST_MIDDLE_LAST = rf"^(\S+)(?: (.+?))?? ((?:(?:{PARTICLES}) )*\S+)$"
LAST_FIRST_MIDDLE = r"^([^,]+), ?([^ ,]+)(?: ([^,]+))?$"
MANY_WORDS = r"^\S+(?: \S+){4,}$"
FIELDS = ("given_name", "middle_names", "family_name")


def normal_given_names(texts: pl.Series) -> pl.DataFrame:
    """Given name and middle names.

    Returns   given_name, middle_names String, one row per text.
    """
    found = by_distinct(texts, _given)
    return found.with_columns(without_frequent_na(found["given_name"]))


def normal_family_names(texts: pl.Series) -> pl.Series:
    """Family name with its particles."""
    return without_frequent_na(by_distinct(texts, _family)["family_name"])


def normal_full_names(texts: pl.Series) -> tuple[pl.DataFrame, list[str]]:
    """Full names taken apart: by pattern where one fits, else by the nameparser library.

    Returns   given_name, middle_names, family_name String, one row per text; a sentence if there were too many
              unusual names for the library.
    """
    known = texts.drop_nulls().unique() if repeats(texts) else texts
    table, notes = _full(known)
    if known is not texts:
        keys = texts.alias("__key").to_frame()
        table = keys.join(table.with_columns(known.alias("__key")), on="__key", how="left", maintain_order="left")
    return table.select(without_frequent_na(table[name]) for name in FIELDS), notes


def _given(texts: pl.Series) -> pl.DataFrame:
    bare = _address_off(words(without_junk(cleaned(texts), REPEATED_LETTER)), lone=LONE_TITLES)
    parts = bare.alias("t").to_frame()
    found = parts.select(
        pl.col("t").str.extract(r"^(\S+)", 1).alias("given_name"),
        pl.col("t").str.extract(r"^\S+ (.+)$", 1).alias("middle_names"),
    )
    return found.select(without_junk(found[name], REPEATED_LETTER) for name in found.columns)


def _family(texts: pl.Series) -> pl.DataFrame:
    bare = _address_off(words(without_junk(cleaned(texts), REPEATED_LETTER)))
    return without_junk(bare, REPEATED_LETTER).alias("family_name").to_frame()


def _address_off(texts: pl.Series, lone: str | None = None) -> pl.Series:
    """Words without titles before and suffixes behind; a value that is a lone title is null."""
    bare = texts.str.replace(rf"^(?:(?:{TITLES}) )+", "").str.replace(rf"(?: (?:{SUFFIXES}))+$", "")
    if lone is None:
        return bare
    return bare.set(bare.str.contains(rf"^(?:{lone})$").fill_null(value=False), None)


def _full(known: pl.Series) -> tuple[pl.DataFrame, list[str]]:
    """One row per distinct text."""
    clean = without_junk(cleaned(known), REPEATED_LETTER)
    plain = words(clean, kept=r",\-").str.replace_all(r" ?, ?", ", ").str.strip_chars(" ,-")
    plain = plain.str.replace(rf"^(?:(?:{TITLES}),? )+", "").str.replace(rf"(?:,? (?:{SUFFIXES}))+$", "")
    odd = (clean.str.contains(r"[()&\"“”„/]|,.*,") | plain.str.contains(MANY_WORDS)).fill_null(value=False)
    parts = _split(plain)
    unusual = clean.set(~odd, None)
    asked = unusual.drop_nulls().unique().sort()
    notes = []
    if len(asked) > LIBRARY_NAMES:
        notes.append(
            f"full_name: {len(asked)} distinct unusual names, more than {LIBRARY_NAMES}: the others were taken apart "
            "by their first and last words."
        )
    if len(asked):
        answers = _by_library(asked.head(LIBRARY_NAMES))
        found = unusual.alias("__key").to_frame().join(answers, on="__key", how="left", maintain_order="left")
        is_answered = unusual.is_in(answers["__key"].implode()).fill_null(value=False)
        parts = pl.DataFrame([found[name].zip_with(is_answered, parts[name]) for name in FIELDS])
    return pl.DataFrame([_part(parts[name]) for name in FIELDS]), notes


def _split(plain: pl.Series) -> pl.DataFrame:
    """By pattern: "First Middle Last" with particles, "LAST, First Middle", or one word."""
    commas = plain.str.contains(LAST_FIRST_MIDDLE).fill_null(value=False)
    forward = plain.str.replace_all(",", "", literal=True).str.extract_groups(FIRST_MIDDLE_LAST).struct.unnest()
    table = forward.rename(dict(zip("123", FIELDS, strict=True)))
    lone = plain.set(plain.str.contains(r"[ ,]").fill_null(value=False), None)
    table = table.with_columns(table["given_name"].zip_with(table["given_name"].is_not_null(), lone))
    if not commas.any():
        return table
    turned = plain.set(~commas, None).str.extract_groups(LAST_FIRST_MIDDLE).struct.unnest()
    order = dict(zip(FIELDS, "231", strict=True))
    return table.with_columns(turned[place].zip_with(commas, table[name]).alias(name) for name, place in order.items())


def _by_library(names: pl.Series) -> pl.DataFrame:
    """What nameparser makes of each name, as words, beside the name."""
    rows = []
    for name in names.str.slice(0, LONGEST_NAME):
        found = HumanName(name)
        rows.append((found.first, found.middle, found.last))
    table = pl.DataFrame(rows, schema=dict.fromkeys(FIELDS, pl.String), orient="row")
    return table.select(*(words(table[name]) for name in FIELDS), names.alias("__key"))


def _part(texts: pl.Series) -> pl.Series:
    """The last step for each part: words only, no title, no junk; of a hyphenated given name the first word."""
    bare = texts.str.replace_all("-", " ", literal=True).str.replace_all(r" {2,}", " ").str.strip_chars(" ")
    bare = bare.set(bare == "", None)
    if texts.name == "given_name":
        bare = _address_off(bare.str.extract(r"^(\S+)", 1), lone=LONE_TITLES)
    else:
        bare = _address_off(bare)
    return without_junk(bare, REPEATED_LETTER)
