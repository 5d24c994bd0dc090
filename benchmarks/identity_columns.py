"""What made-up people write into the columns of a form, before mistakes: one function per kind of column."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from benchmarks.identity_people import Address, People
from benchmarks.identity_regimes import Regime
from pipelines.simulator.names import DOMAINS, Pools

HOUSE_NAMES = ["rose cottage", "flat 1", "flat 2", "unit 3", "the lodge", "hill farm", "glen view", "oak house"]
SOURCES = ["store", "shop", "app", "newsletter"]
JUNK_MAILS = ["noreply@shop.example", "none@none.example", "test@test.example", "a@a.example"]
JUNK_PHONES = ["0000000", "1111111", "999999999", "0123456789"]
BLACK_HOLE = "frontdesk@retailer.example"


@dataclass(frozen=True, slots=True)
class Draft:
    """The rows of a block: whose record each is, and which home and family name of the person it carries."""

    people: People
    pools: Pools
    regime: Regime
    random: np.random.Generator
    owner: np.ndarray
    home: Address
    family: np.ndarray
    is_in_hole: np.ndarray  # per person
    key: tuple[int, int]  # seed and block: what a person keeps is drawn from these

    def chance(self, rate: float) -> np.ndarray:
        """A random yes per row."""
        return self.random.random(len(self.owner)) < rate

    def by_person(self, salt: int, among: int) -> np.ndarray:
        """A number below `among` per person."""
        return np.random.default_rng([salt, *self.key]).integers(0, among, len(self.people.given))

    def of_person(self, salt: int, among: int) -> np.ndarray:
        """A number below `among` per row, the same for all records of a person."""
        return self.by_person(salt, among)[self.owner]

    def of_household(self, salt: int, among: int) -> np.ndarray:
        """A number below `among` per row, the same for all records of a household."""
        count = int(self.people.household.max()) + 1
        drawn = np.random.default_rng([salt, *self.key]).integers(0, among, count)
        return drawn[self.people.household[self.owner]]


def _given(draft: Draft) -> pl.Series:
    code = pl.Series(draft.people.given[draft.owner])
    name, short = draft.pools.given.gather(code), draft.pools.nickname.gather(code)
    use_short = pl.Series(draft.chance(draft.regime.nickname)) & short.is_not_null()
    return short.zip_with(use_short, name)


def _family(draft: Draft) -> pl.Series:
    return draft.pools.family.gather(draft.family)


def _full(draft: Draft) -> pl.Series:
    middle = draft.pools.given.gather((draft.people.given[draft.owner] * 31 + 7) % len(draft.pools.given))
    given, family = _given(draft), _family(draft)
    long = given + " " + middle + " " + family
    turned = family + ", " + given
    name = long.zip_with(pl.Series(draft.chance(0.12)), given + " " + family)
    return turned.zip_with(pl.Series(draft.chance(0.05)), name)


def _day(draft: Draft) -> pl.Series:
    days = pl.Series(draft.people.birth[draft.owner]).cast(pl.Int32).cast(pl.Date)
    return days.dt.strftime(draft.regime.date)


def _year(draft: Draft) -> pl.Series:
    return pl.Series(draft.people.birth[draft.owner]).cast(pl.Int32).cast(pl.Date).dt.year().cast(pl.String)


def _gender(draft: Draft) -> pl.Series:
    female = pl.Series(draft.people.is_female[draft.owner])
    return pl.select(pl.when(female).then(pl.lit("female")).otherwise(pl.lit("male"))).to_series()


def _number(draft: Draft) -> pl.Series:
    return pl.Series(draft.home.number).cast(pl.String)


def _street_only(draft: Draft) -> pl.Series:
    return draft.pools.street.gather(draft.home.street)


def _street(draft: Draft) -> pl.Series:
    return _number(draft) + " " + _street_only(draft)


def _house_name(draft: Draft) -> pl.Series:
    number = (draft.home.number * 13 + draft.home.street * 7) % 40
    made = draft.pools.street.gather((number * 5 + draft.home.street) % 1_000).str.replace(r" \w+$", " house")
    named = pl.Series(HOUSE_NAMES).gather(number % len(HOUSE_NAMES))
    return named.zip_with(pl.Series(number < 12), made)


def _city(draft: Draft) -> pl.Series:
    return draft.pools.city.gather(draft.pools.city_of_postcode[draft.home.postcode])


def _birth_place(draft: Draft) -> pl.Series:
    return draft.pools.city.gather(draft.pools.city_of_postcode[draft.people.homes[-1].postcode[draft.owner]])


def _region(draft: Draft) -> pl.Series:
    return draft.pools.region.gather(draft.pools.region_of_city[draft.pools.city_of_postcode[draft.home.postcode]])


def _postcode(draft: Draft) -> pl.Series:
    return draft.pools.postcode.gather(draft.home.postcode)


def _occupation(draft: Draft) -> pl.Series:
    usual = (draft.of_person(11, 10**6) / 10**6) ** 2.5 * len(draft.pools.occupation)
    other = draft.random.integers(0, len(draft.pools.occupation), len(draft.owner))
    return draft.pools.occupation.gather(np.where(draft.chance(0.1), other, usual.astype(int)))


def _email(draft: Draft) -> pl.Series:
    """Two mailboxes per person; one in seven households shares one; junk and the black hole on top."""
    people, pools = draft.people, draft.pools
    first = np.r_[True, people.household[1:] != people.household[:-1]]
    head = np.maximum.accumulate(np.where(first, np.arange(len(first)), 0))
    whose = np.where(draft.of_household(21, 7) == 0, head[draft.owner], draft.owner)
    second = draft.chance(0.2) & (whose == draft.owner)
    given, family = pools.given.gather(people.given[whose]), pools.family.gather(people.family[whose])
    family = family.str.replace_all(r"[ ']", "")
    mark = draft.by_person(22, 400)[whose] + 3 * second
    dotted, short = given + "." + family, given.str.slice(0, 1) + family
    number = pl.Series(mark).cast(pl.String)
    local = (dotted + number.replace({str(n): "" for n in range(40)})).zip_with(pl.Series(mark % 3 > 0), short + number)
    mail = local + "@" + pl.Series(DOMAINS).gather((mark + second) % len(DOMAINS))
    junk = pl.Series(JUNK_MAILS).gather(draft.random.integers(0, len(JUNK_MAILS), len(mark)))
    mail = junk.zip_with(pl.Series(draft.chance(0.015)), mail)
    hole = pl.Series([BLACK_HOLE] * len(mark), dtype=pl.String)
    return hole.zip_with(pl.Series(draft.is_in_hole[draft.owner]), mail)


def _phone(draft: Draft) -> pl.Series:
    """A mobile per person, a landline per household (three in ten records), and junk."""
    mobile = "07" + pl.Series(draft.of_person(31, 10**8)).cast(pl.String).str.zfill(9)
    landline = "01" + pl.Series(draft.of_household(32, 10**8)).cast(pl.String).str.zfill(9)
    phone = landline.zip_with(pl.Series(draft.chance(0.3)), mobile)
    spaced = phone.str.replace(r"^(\d{5})(\d{3})(\d+)$", "$1 $2 $3")
    abroad = phone.str.replace(r"^0", "+44 ")
    form = draft.random.integers(0, 4, len(phone))
    phone = spaced.zip_with(pl.Series(form == 1), abroad.zip_with(pl.Series(form == 2), phone))
    junk = pl.Series(JUNK_PHONES).gather(draft.random.integers(0, len(JUNK_PHONES), len(phone)))
    return junk.zip_with(pl.Series(draft.chance(0.015)), phone)


def _loyalty(draft: Draft) -> pl.Series:
    return "L" + pl.Series(draft.of_person(41, 10**12)).cast(pl.String).str.zfill(12)


def _source(draft: Draft) -> pl.Series:
    return pl.Series(SOURCES).gather(draft.random.integers(0, len(SOURCES), len(draft.owner)))


BY_ROLE: dict[str, Callable[[Draft], pl.Series]] = {
    "given_name": _given,
    "family_name": _family,
    "full_name": _full,
    "birth_date": _day,
    "birth_year": _year,
    "gender": _gender,
    "street_number": _number,
    "street": _street,
    "address_2": _house_name,
    "city": _city,
    "birth_place": _birth_place,
    "region": _region,
    "postcode": _postcode,
    "occupation": _occupation,
    "email": _email,
    "phone": _phone,
    "loyalty_id": _loyalty,
    "source": _source,
}


def fill_columns(draft: Draft) -> pl.DataFrame:
    """All columns of the regime, as the person would write them with care."""
    columns = {}
    for column, role in draft.regime.roles.items():
        with_number = "street_number" in draft.regime.roles
        columns[column] = _street_only(draft) if role == "street" and with_number else BY_ROLE[role](draft)
    return pl.DataFrame(columns)
