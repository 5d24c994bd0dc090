"""Pools of names, streets, cities and postcodes for made-up people: large, skewed, and different for every seed.

Given names come from the `nicknames` package (a declared dependency) and from syllables; everything else is made of
syllables, so that no list of a public data set is repeated here.
"""

import csv
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import polars as pl

from pipelines.simulator.randomness import choice

LETTERS = {
    "onsets": "b br c ch d dr f fl g gr h j k kl l m n p pr r s sh st t th tr v w wh z",
    "nuclei": "a e i o u a e i o ai ea ee ie oo ou ow au",
    "codas": "b ck d ff g l ll m n nd ng nt r rd rk rn rt s ss st t tch th x y",
    "ends": "son man ton ley ford well by er ing wood field worth ham ski sen es ini ez o a ov",
    "trades": "maker smith clerk keeper driver writer painter teacher officer farmer dealer builder nurse",
}
ONSETS, NUCLEI, CODAS, FAMILY_ENDS, TRADES = (words.split() for words in LETTERS.values())
FAMILY_STARTS = ["", "", "", "", "", "", "", "", "mc", "mac", "o'", "de ", "van ", "st "]
PLACE_ENDS = ["ton", "ford", "ville", "bury", "ham", "burg", "field", " hill", " bay", " park", " creek", "mouth"]
STREET_TYPES = ["street", "road", "avenue", "place", "close", "drive", "crescent", "court", "way", "lane"]
DOMAINS = ["mail.com", "post.net", "inbox.org", "webmail.com", "fastpost.com", "homebox.net", "letters.org"]


def zipf(count: int, *, exponent: float, offset: float) -> np.ndarray:
    """Chances of `count` ranks: 1 / (rank + offset) ** exponent, summing to one."""
    weight = 1.0 / (np.arange(count) + offset) ** exponent
    return np.asarray(weight / weight.sum())


def draw(chance: np.random.Generator, chances: np.ndarray, count: int) -> np.ndarray:
    """`count` ranks drawn with the given chances, by inversion (fast for millions)."""
    return choice(chance.random(count), chances)


def syllables(chance: np.random.Generator, count: int, *, most: int = 2) -> np.ndarray:
    """`count` pronounceable words of one to `most` syllables and a closing consonant."""
    word = np.full(count, "", dtype=object)
    length = chance.integers(1, most + 1, count)
    for position in range(most):
        start = np.array(ONSETS, dtype=object)[chance.integers(0, len(ONSETS), count)]
        middle = np.array(NUCLEI, dtype=object)[chance.integers(0, len(NUCLEI), count)]
        word = np.where(length > position, word + start + middle, word)
    return np.asarray(word + np.array(CODAS, dtype=object)[chance.integers(0, len(CODAS), count)])


def distinct(chance: np.random.Generator, words: np.ndarray, count: int) -> pl.Series:
    """`count` different words in random order; too few is a mistake of this file."""
    pool = np.unique(words.astype(str))
    if len(pool) < count:
        raise ValueError(f"name pool: expected {count} different words, got {len(pool)}.")
    return pl.Series(pool[chance.permutation(len(pool))[:count]])


def nicknames() -> dict[str, list[str]]:
    """Formal given name to its short forms, as the `nicknames` package lists them."""
    with files("nicknames").joinpath("names.csv").open(encoding="utf-8") as source:
        table: dict[str, list[str]] = {}
        for row in csv.DictReader(source):
            table.setdefault(row["name1"], []).append(row["name2"])
    return table


@dataclass(frozen=True, slots=True)
class Pools:
    """Words by code. Places are nested: postcode -> city -> region, and streets belong to a postcode."""

    given: pl.Series  # the first half is female, the second male
    given_chances: np.ndarray  # of one half
    nickname: pl.Series  # one short form per given name, or null
    family: pl.Series
    family_chances: np.ndarray
    street: pl.Series
    occupation: pl.Series
    city: pl.Series
    region: pl.Series
    city_of_postcode: np.ndarray
    region_of_city: np.ndarray
    postcode_chances: np.ndarray
    postcode: pl.Series


def _given(chance: np.random.Generator, half: int) -> tuple[pl.Series, pl.Series]:
    formal = nicknames()
    ends = np.array(["a", "ia", "elle", "ine", "en", "o", "us", "in"], dtype=object)
    made = syllables(chance, 6 * half, most=1) + ends[chance.integers(0, len(ends), 6 * half)]
    real = np.array(sorted(formal))
    made = np.setdiff1d(made.astype(str), real)
    # real names are the frequent ones of both halves; a name keeps one gender
    side = np.array([word.endswith(("a", "e", "y", "h", "lyn")) for word in real])
    halves = []
    for is_female in (True, False):
        own = chance.permutation(real[side == is_female])[:half]
        made = chance.permutation(made)
        halves.append(np.concatenate([own, made[: half - len(own)]]))
        made = made[half - len(own) :]
    names = np.concatenate(halves)
    short = [formal[name][chance.integers(len(formal[name]))] if name in formal else None for name in names]
    return pl.Series(names), pl.Series(short, dtype=pl.String)


def _postcodes(chance: np.random.Generator, city_of: np.ndarray, style: str) -> pl.Series:
    count = len(city_of)
    if style == "digits":
        width = 4 if count <= 9_000 else 5
        base = 10 ** (width - 1)
        code = base + np.arange(count) * (9 * base // count)
        return pl.Series(code).cast(pl.String)
    letters = np.array(list("ABCDEFGHJKLMNPRSTUWXYZ"), dtype=object)
    area = letters[city_of % 22] + letters[(city_of // 22) % 22]
    first = np.r_[True, city_of[1:] != city_of[:-1]]
    inside = np.arange(count) - np.maximum.accumulate(np.where(first, np.arange(count), 0))
    district = (1 + inside // 200 + 9 * (city_of // 484)).astype(str).astype(object)
    tail = (inside // 20 % 10).astype(str).astype(object) + letters[inside % 20]
    return pl.Series(area + district + " " + tail + letters[chance.integers(0, 22, count)])


def make_pools(seed: int, *, families: int, postcodes: int, style: str) -> Pools:
    """All word pools of one world.

    Takes     families: number of family names; postcodes: number of postcodes;
              style: "digits" (4 or 5 digits) or "letters" (area, district, sector, unit).
    Returns   Pools. Equal arguments give equal pools.
    """
    chance = np.random.default_rng([seed, 1])
    half = 1_500
    given, nickname = _given(chance, half)
    ends = np.array(FAMILY_ENDS, dtype=object)[chance.integers(0, len(FAMILY_ENDS), 3 * families)]
    starts = np.array(FAMILY_STARTS, dtype=object)[chance.integers(0, len(FAMILY_STARTS), 3 * families)]
    ends = np.where(chance.random(3 * families) < 0.4, "", ends)
    family = distinct(chance, starts + syllables(chance, 3 * families) + ends, families)
    cities = max(40, min(1_500, postcodes // 6))
    place = syllables(chance, 8 * cities) + np.array(PLACE_ENDS, dtype=object)[chance.integers(0, 12, 8 * cities)]
    city_of_postcode = np.sort(draw(chance, zipf(cities, exponent=0.9, offset=6), postcodes))
    street = syllables(chance, 30_000) + " " + np.array(STREET_TYPES, dtype=object)[chance.integers(0, 10, 30_000)]
    work = syllables(chance, 900, most=1) + " " + np.array(TRADES, dtype=object)[chance.integers(0, 13, 900)]
    spread = chance.gamma(2.0, 1.0, postcodes)
    return Pools(
        given=given,
        given_chances=zipf(half, exponent=1.0, offset=8),
        nickname=nickname,
        family=family,
        family_chances=zipf(families, exponent=0.9, offset=20),
        street=distinct(chance, street, 10_000),
        occupation=distinct(chance, work, 250),
        city=distinct(chance, place, cities),
        region=pl.Series(["nor", "sou", "eas", "wes", "cen", "hil", "lak", "isl"]),
        city_of_postcode=city_of_postcode,
        region_of_city=chance.integers(0, 8, cities),
        postcode_chances=spread / spread.sum(),
        postcode=_postcodes(chance, city_of_postcode, style),
    )
