"""What do short codes mean: gender, postcode, country, membership numbers, devices, sources, attributes?"""

import re

import polars as pl

from ml.identity.normal.countries import ISO2, NAMES
from ml.identity.normal.junk import NO_POSTCODE, NO_VALUE, ONLY_ZEROS, without_frequent_na, without_junk
from ml.identity.normal.text import cleaned, folded, lowered, mapped, words

GENDERS = {
    "f": "f w female fem femme frau woman girl weiblich mujer femenino femenina donna femmina feminin mrs ms miss mme",
    "m": "m male man boy herr mann mannlich homme masculin hombre masculino uomo maschio mr",
    "x": "x nonbinary non binary nb diverse divers d other enby",
}
PHRASES = {"non binary": "x"}
CODED = ({"1", "2"}, {"0", "1", "2", "9"})  # ISO 5218: 0 not known, 1 male, 2 female, 9 not applicable
ISO_5218 = {"1": "m", "2": "f", "0": None, "9": None}
NO_WORD = re.compile(r"\W+", re.ASCII)


def normal_genders(texts: pl.Series) -> tuple[pl.Series, list[str]]:
    """f, m or x; words that are none of them stay as they are.

    The digits 1 and 2 mean something (ISO 5218) only where the column holds both and nothing but 0, 1, 2, 9; a column
    of 0 and 1 does not say which is which and keeps its digits.
    """
    text = mapped(texts, lambda some: without_junk(words(without_junk(cleaned(some)))))
    known = set(text.drop_nulls().unique())
    if CODED[0] <= known <= CODED[1]:
        coded = text.replace_strict(ISO_5218, return_dtype=pl.String)
        return coded, ["gender: 1 read as m, 2 as f (ISO 5218), 0 and 9 as unknown."]
    table = {word: code for code, several in GENDERS.items() for word in several.split()} | PHRASES
    return text.replace(table), []


def normal_postcodes(texts: pl.Series) -> pl.Series:
    """Capitals and digits without spaces; a ZIP code without its last four."""
    return mapped(texts, _postcode)


def normal_countries(texts: pl.Series) -> pl.Series:
    """ISO 3166 codes of two letters where the text is evident, else its words."""
    text = mapped(texts, lambda some: without_junk(words(without_junk(cleaned(some)))))
    text = without_frequent_na(text)
    return text.replace(dict(NAMES) | {code.lower(): code for code in ISO2})


def normal_places(texts: pl.Series) -> pl.Series:
    """Cities and regions as small ASCII words, saint and mount in short."""
    return without_frequent_na(mapped(texts, _place))


def normal_ids(texts: pl.Series) -> pl.Series:
    """Identifiers in small letters, their signs and leading zeros kept; mere zeros and junk are null."""
    return without_junk(lowered(texts), ONLY_ZEROS, NO_VALUE)


def normal_words(texts: pl.Series) -> pl.Series:
    """Sources and attributes as folded text, signs kept."""
    return mapped(texts, lambda some: without_junk(folded(without_junk(cleaned(some))), NO_VALUE))


def attribute_names(roles: list[str]) -> list[str]:
    """A column name per attribute: attribute_ and the name in letters, digits and underscores, no two alike."""
    names: list[str] = []
    for role in roles:
        text = folded(pl.Series([role], dtype=pl.String))[0] or ""
        name = plain = f"attribute_{NO_WORD.sub('_', text) or 'value'}"
        number = 1
        while name in names:
            number += 1
            name = f"{plain}_{number}"
        names.append(name)
    return names


def _postcode(texts: pl.Series) -> pl.Series:
    text = without_junk(folded(texts), NO_POSTCODE, NO_VALUE).str.replace(r"^(\d{5})[- ]+\d{4}$", "$1")
    bare = text.str.replace_all(r"[^\p{L}\p{N}\p{M}]+", "").str.to_uppercase().str.normalize("NFC")
    return without_junk(bare.set(bare == "", None), NO_POSTCODE, NO_VALUE)


def _place(texts: pl.Series) -> pl.Series:
    text = words(without_junk(cleaned(texts)))
    text = text.str.replace_all(r"\bsaint\b", "st").str.replace_all(r"\bsainte\b", "ste")
    return without_junk(text.str.replace_all(r"\bmount\b", "mt"))
