"""The records that shop, loyalty scheme and call centre keep of the people, with the dirt of how they came about.

A record is written once and corrected only when its system hears of a change. All dirt is drawn here, before the first
day, so no decision of a night changes anybody's record.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.simulator.identity import NEVER
from pipelines.simulator.mistakes import make_mistakes
from pipelines.simulator.people import People
from pipelines.simulator.randomness import bits, scrambled, uniform
from pipelines.simulator.scenario import Scenario

SLOTS = {"shop": 0, "shop_second": 1, "loyalty": 2, "crm": 3}
TABLES = ("shopify.customers", "shopify.customers", "loyalty.members", "crm.contacts")
TYPED = {"given": "given", "family": "family", "street": "text", "email": "email", "phone": "phone"}
JUNK_PHONES = ("0000000000", "+15555555555", "1234567890", "n/a")
FAULTS = {
    "kind": pl.String,
    "table": pl.String,
    "file": pl.String,
    "row_key": pl.String,
    "person": pl.Int64,
    "day": pl.Int64,
}


@dataclass(frozen=True, slots=True)
class Records:
    """records: one row per record; versions: one row per (record, valid_day), what the system writes that day."""

    records: pl.DataFrame
    versions: pl.DataFrame
    faults: pl.DataFrame


def make_records(scenario: Scenario, people: People, identities: pl.DataFrame) -> Records:
    """All records of the world, their versions and the dirt planted in them.

    Returns   records: record (number), record_key, table, person, made_day; versions: record, record_key, table,
              person, valid_day, given, family, birth_date, email, phone, street, city, state, zip, sorted.
    """
    base = _who_has_what(scenario, people).join(identities.drop("household"), on="person", how="left")
    base = base.with_columns(
        first_person=pl.Series(np.searchsorted(people.household, people.household))[base["person"]]
    )
    dirt = _Dirt(scenario, base, identities)
    written = dirt.apply()
    versions = _versions(scenario, written)
    records = written.select("record", "record_key", "table", "person", "made_day")
    return Records(records, versions, dirt.faults())


def record_key(seed: int, slot: int, record: np.ndarray) -> pl.Series:
    """The id under which a system knows a record."""
    number = scrambled(seed, f"record {slot // 2 * 2}", record)
    if slot <= 1:
        return pl.Series(number).cast(pl.String)
    return pl.Series(["M" if slot == SLOTS["loyalty"] else "C"] * len(number), dtype=pl.String) + pl.Series(
        number
    ).cast(pl.String)


def _who_has_what(scenario: Scenario, people: People) -> pl.DataFrame:
    """One row per record: the share of people in each system, and when they came to be in it."""
    person, seed, dirt = np.arange(len(people)), scenario.seed, scenario.dirt
    has_account = (people.web_share > 0) & (uniform(seed, "has account", person) < 0.8)
    second = has_account & (uniform(seed, "second account", person) < dirt.second_account)
    has = [has_account, second, uniform(seed, "has card", person) < 0.72, uniform(seed, "is in crm", person) < 0.45]
    frames = []
    for slot, owns in enumerate(has):
        rows = person[owns]
        is_late = (uniform(seed, "is record late", rows, 0, slot) < 0.3) & (slot != SLOTS["shop"])
        late = np.where(is_late, uniform(seed, "record made", rows, 0, slot) * 120, 0).astype(np.int64)
        frame = pl.DataFrame({"record": rows * 4 + slot, "person": rows, "slot": np.full(len(rows), slot)})
        frames.append(
            frame.with_columns(
                record_key=record_key(seed, slot, rows * 4 + slot),
                table=pl.lit(TABLES[slot]),
                made_day=pl.Series(np.maximum(people.joined_day[rows], scenario.first_day_number) + late - 1),
            )
        )
    return pl.concat(frames).sort("record")


class _Dirt:
    """Plants each kind of dirt in a share of the records and remembers where."""

    def __init__(self, scenario: Scenario, base: pl.DataFrame, identities: pl.DataFrame) -> None:
        self.scenario, self.frame, self.identities = scenario, base, identities
        self.record = base["record"].to_numpy()
        self.planted: list[pl.DataFrame] = []

    def hit(self, kind: str, *, where: np.ndarray | None = None) -> np.ndarray:
        """Which records get a kind of dirt; remembers them."""
        drawn = uniform(self.scenario.seed, f"dirt {kind}", self.record) < getattr(self.scenario.dirt, kind)
        chosen = drawn if where is None else drawn & where
        self.remember(kind, chosen)
        return np.asarray(chosen)

    def remember(self, kind: str, chosen: np.ndarray) -> None:
        """Note a planted fault per chosen record."""
        rows = self.frame.filter(pl.Series(chosen)).select("table", "person", row_key="record_key", day="made_day")
        self.planted.append(rows.with_columns(kind=pl.lit(kind), file=pl.lit("")).select(list(FAULTS)))

    def put(self, chosen: np.ndarray, **values: pl.Expr) -> None:
        """Overwrite columns in the chosen records."""
        is_chosen = pl.lit(pl.Series(chosen))
        columns = [pl.when(is_chosen).then(value).otherwise(pl.col(name)).alias(name) for name, value in values.items()]
        self.frame = self.frame.with_columns(columns)

    def apply(self) -> pl.DataFrame:
        """All kinds, the later over the earlier."""
        self._families()
        self._names()
        self._typos()
        self._junk()
        second = self.frame["slot"].to_numpy() == SLOTS["shop_second"]
        self.put(second, email=pl.col("email").str.replace("@", "2@", literal=True))
        self.remember("second_account", second)
        self.remember("twin", self.frame["is_twin"].to_numpy())
        return self.frame

    def _families(self) -> None:
        """A household's first member lends mailbox and phone."""
        others = self.frame["first_person"].to_numpy() != self.frame["person"].to_numpy()
        first = self.identities[self.frame["first_person"].to_numpy()]
        self.put(self.hit("shared_email", where=others), email=pl.lit(first["email"]))
        self.put(self.hit("shared_phone", where=others), phone=pl.lit(first["phone"]), new_phone=pl.lit(first["phone"]))

    def _names(self) -> None:
        known = self.frame["nickname"].is_not_null().to_numpy()
        self.put(self.hit("nickname", where=known), given=pl.col("nickname"))
        swapped = self.hit("swapped_name")
        self.put(swapped, given=pl.col("family"), family=pl.col("given"))

    def _typos(self) -> None:
        """One mistake in one of the columns that are typed by hand."""
        chosen = self.hit("typo")
        rows = np.flatnonzero(chosen)
        key = int(bits(self.scenario.seed, "typos", 0)[0] >> np.uint64(1))
        dirty = make_mistakes(
            self.frame[rows].select(list(TYPED)), TYPED, np.ones(len(rows), dtype=np.int64), {}, seed=[key]
        )
        place = np.full(len(chosen), len(rows))
        place[rows] = np.arange(len(rows))
        padded = pl.concat([dirty, dirty.clear(1)])
        self.put(chosen, **{name: pl.lit(padded[name].gather(place)) for name in TYPED})

    def _junk(self) -> None:
        in_store = self.frame["slot"].to_numpy() == SLOTS["loyalty"]
        self.put(self.hit("noreply_email", where=in_store), email=pl.lit("noreply@grocer.example"))
        chosen = self.hit("junk_value")
        junk = pl.Series(JUNK_PHONES).gather(self.record % len(JUNK_PHONES))
        self.put(chosen, phone=pl.lit(junk), new_phone=pl.lit(junk))

    def faults(self) -> pl.DataFrame:
        """Where dirt is, stale addresses and recycled phones included; sorted."""
        last = self.scenario.first_day_number + self.scenario.days
        heard = _heard(self.scenario, self.frame, "moved_day")
        moved = (self.frame["moved_day"] < last) & (self.frame["moved_day"] > self.frame["made_day"])
        self.remember("stale_address", (moved & (heard == NEVER)).to_numpy())
        self.remember("recycled_phone", self.frame["is_recycled_phone"].to_numpy())
        return pl.concat(self.planted).sort(list(FAULTS))


def _heard(scenario: Scenario, written: pl.DataFrame, event: str) -> pl.Series:
    """The day on which a system hears of a change in somebody's life; NEVER if it stays stale."""
    record = written["record"].to_numpy()
    lag = 1 + (uniform(scenario.seed, f"hears of {event}", record) * 10).astype(np.int64)
    is_stale = uniform(scenario.seed, f"stale {event}", record) < scenario.dirt.stale_address
    day, made = written[event].to_numpy(), written["made_day"].to_numpy()
    return pl.Series(np.where(day <= made, made, np.where(is_stale | (day >= NEVER), NEVER, day + lag)))


def _versions(scenario: Scenario, written: pl.DataFrame) -> pl.DataFrame:
    """What each system writes on the day a record is made, and on the days it hears of changes."""
    heard = {
        "heard_move_day": _heard(scenario, written, "moved_day"),
        "heard_name_day": _heard(scenario, written, "new_name_day"),
        "heard_phone_day": _heard(scenario, written, "new_phone_day"),
    }
    known = written.with_columns(**heard)
    days = pl.concat([known.select("record", valid_day=pl.col(name)) for name in ("made_day", *heard)])
    days = days.filter(pl.col("valid_day") < NEVER).unique().join(known, on="record").sort("record", "valid_day")

    def value(name: str, event: str) -> pl.Expr:
        is_new = pl.col("valid_day") >= pl.col(event)
        return pl.when(is_new).then(pl.col(f"new_{name}")).otherwise(pl.col(name)).alias(name)

    home = [value(name, "heard_move_day") for name in ("street", "city", "state", "zip")]
    return days.select(
        "record",
        "record_key",
        "table",
        "person",
        "made_day",
        "valid_day",
        "given",
        value("family", "heard_name_day"),
        "birth_date",
        "is_female",
        "email",
        value("phone", "heard_phone_day"),
        *home,
    )
