"""What the people are called and where they live: one row per person, with what changes in a life and when."""

import numpy as np
import polars as pl

from pipelines.simulator.calendar import STATES
from pipelines.simulator.names import Pools, make_pools
from pipelines.simulator.people import People, region_of_store
from pipelines.simulator.randomness import bits, choice, scrambled, uniform
from pipelines.simulator.scenario import Scenario

NEVER = 2_000_000  # a day after all days
# fmt: off
AREA_CODES = (
    201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 225, 228, 229,
    231, 234, 239, 240, 248, 251, 252, 253, 254, 256, 260, 262, 267, 269, 270, 276, 281, 301, 302, 303,
    304, 305, 307, 308, 309, 310, 312, 313, 314, 315, 316, 317, 318, 319, 320, 321, 323, 325, 330, 334,
    336, 337, 339,
)
# fmt: on
NUMBERS_PER_AREA = 10_000  # the exchange 555 is set aside: such numbers reach nobody
HOSTS = ("mail.example", "post.example", "inbox.example", "webmail.example", "homebox.example")
ZIP_START = (10_001, 30_002, 60_004, 73_008)
YOUNGEST, OLDEST = 18, 90
TWINS = 0.03  # of the second members of a household


def make_identities(scenario: Scenario, people: People) -> pl.DataFrame:
    """Names, birth dates, addresses, phones and e-mail addresses.

    Returns   one row per person, in order: household, given, nickname (nullable), family, new_family, new_name_day,
              is_female, is_twin, birth_date, street, city, state, zip and the same with new_ after moved_day,
              phone (E.164), new_phone, new_phone_day, email. A day that never comes is NEVER.
    """
    pools = make_pools(scenario.seed, families=4_000, postcodes=1_200, style="digits")
    first = np.searchsorted(people.household, people.household)
    seed, person = scenario.seed, np.arange(len(people))
    is_female, is_twin = _sex(seed, people, first), _twins(seed, people)
    given = choice(uniform(seed, "given name", person), pools.given_chances)
    given = np.where(is_female, given, given + len(pools.given_chances))
    own = choice(uniform(seed, "family name", person), pools.family_chances)
    shares = uniform(seed, "shares family name", person) < 0.85
    family = np.where(shares, own[first], own)
    other = choice(uniform(seed, "new family name", person), pools.family_chances)
    names = pl.DataFrame(
        {
            "person": person,
            "household": people.household,
            "given": pools.given.gather(given).str.to_titlecase(),
            "nickname": pools.nickname.gather(given).str.to_titlecase(),
            "family": pools.family.gather(family).str.to_titlecase(),
            "new_family": pools.family.gather(other).str.to_titlecase(),
            "new_name_day": _day_of(scenario, "new name", person, scenario.behaviour.new_names_per_year),
            "is_female": is_female,
            "is_twin": is_twin,
            "birth_date": pl.Series(_births(seed, people, first, is_twin)).cast(pl.Int32).cast(pl.Date),
            "moved_day": people.moved_day,
        }
    )
    homes = _addresses(scenario, pools, first, people.home_store, "home")
    later = _addresses(scenario, pools, first, people.next_store, "next home")
    later = later.rename({name: f"new_{name}" for name in later.columns})
    return pl.concat([names, homes, later, _numbers(scenario, person)], how="horizontal").with_columns(_email(seed))


def _sex(seed: int, people: People, first: np.ndarray) -> np.ndarray:
    drawn = uniform(seed, "sex", np.arange(len(people))) < 0.52
    return np.where(people.place_in_household == 1, ~drawn[first], drawn)


def _twins(seed: int, people: People) -> np.ndarray:
    """A twin shares the birth date of the household's first member."""
    drawn = uniform(seed, "twin", np.arange(len(people))) < TWINS
    return np.asarray((people.place_in_household == 1) & drawn)


def _births(seed: int, people: People, first: np.ndarray, is_twin: np.ndarray) -> np.ndarray:
    """Days since 1970-01-01; everybody is of age on 2025-01-01."""
    span = (OLDEST - YOUNGEST) * 365
    own = 20_089 - YOUNGEST * 365 - (uniform(seed, "birth", np.arange(len(people))) * span).astype(np.int64)
    return np.where(is_twin, own[first], own)


def _day_of(scenario: Scenario, purpose: str, person: np.ndarray, yearly: float) -> np.ndarray:
    """The day of a life event with a yearly rate; NEVER if that is more than ten years away."""
    years = -np.log(uniform(scenario.seed, purpose, person)) / max(yearly, 1e-9)
    return np.where(years < 10, scenario.first_day_number + (np.minimum(years, 10) * 365).astype(np.int64), NEVER)


def _addresses(scenario: Scenario, pools: Pools, first: np.ndarray, store: np.ndarray, purpose: str) -> pl.DataFrame:
    """Where households live, near their store; members of a household live together."""
    seed = scenario.seed
    region = region_of_store(store, scenario.stores)
    town = store * 3 + (bits(seed, f"{purpose} town", first) % np.uint64(3)).astype(np.int64)
    street = (bits(seed, f"{purpose} street", first) % np.uint64(40)).astype(np.int64)
    street = (street * 97 + town * 331) % len(pools.street)
    number = 1 + (uniform(seed, f"{purpose} number", first) ** 2 * 900).astype(np.int64)
    inside = (bits(seed, f"{purpose} zip", first) % np.uint64(4)).astype(np.int64)
    code = np.array(ZIP_START)[region] + (town * 4 + inside) * 7 % 6_900
    states = pl.Series([name for region_states in STATES for name in region_states])
    return pl.DataFrame(
        {
            "street": pl.Series(number).cast(pl.String) + " " + pools.street.gather(street).str.to_titlecase(),
            "city": pools.city.gather(town % len(pools.city)).str.to_titlecase(),
            "state": states.gather(region * len(STATES[0]) + store % len(STATES[0])),
            "zip": pl.Series(code).cast(pl.String).str.zfill(5),
        }
    )


def _numbers(scenario: Scenario, person: np.ndarray) -> pl.DataFrame:
    """Phone numbers, all different up to 630,000 of them: a person's first, and the one after a change.

    A recycled number was somebody else's before: it is given to that person after the change.
    """
    seed, total = scenario.seed, len(AREA_CODES) * NUMBERS_PER_AREA
    later = person + len(person)
    recycled = uniform(seed, "recycled phone", person) < scenario.dirt.recycled_phone
    source = (person + 1 + (uniform(seed, "recycled from", person) * 97).astype(np.int64)) % len(person)
    place = np.where(recycled, source, later)
    step = 386_389 if total % 386_389 else 1  # coprime to the count, so neighbours differ and none repeats
    new_day = _day_of(scenario, "new phone", person, scenario.behaviour.new_phones_per_year)
    new_day[source[recycled]] = scenario.first_day_number + scenario.days // 6  # the old owner gives it up first
    new_day[recycled] = scenario.first_day_number + scenario.days // 3
    return pl.DataFrame(
        {
            "phone": _phone(person * step % total),
            "new_phone": _phone(place * step % total),
            "new_phone_day": new_day,
            "is_recycled_phone": recycled & (place != person),
        }
    )


def _phone(place: np.ndarray) -> pl.Series:
    area = pl.Series(np.array(AREA_CODES)[place // NUMBERS_PER_AREA]).cast(pl.String)
    return "+1" + area + "555" + pl.Series(place % NUMBERS_PER_AREA).cast(pl.String).str.zfill(4)


def _email(seed: int) -> pl.Expr:
    """given.family with a number where two people would share one; the hosts belong to nobody."""
    letters = pl.col("given").str.to_lowercase() + "." + pl.col("family").str.to_lowercase()
    local = letters.str.replace_all(r"[^a-z.]", "")
    number = pl.col("person").map_batches(
        lambda one: pl.Series(scrambled(seed, "mailbox", one.to_numpy()) % 10_000_000), return_dtype=pl.Int64
    )
    host = pl.col("person").map_batches(
        lambda one: pl.Series(HOSTS).gather(pl.Series((bits(seed, "host", one.to_numpy()) % np.uint64(5)).astype(int))),
        return_dtype=pl.String,
    )
    is_first = local.is_first_distinct()
    return pl.concat_str(
        [pl.when(is_first).then(local).otherwise(local + number.cast(pl.String)), pl.lit("@"), host]
    ).alias("email")
