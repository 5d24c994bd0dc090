"""What all of the retailer's systems share: who has which record, card, account and device."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.simulator.calendar import EPOCH
from pipelines.simulator.facts import DayFacts
from pipelines.simulator.identity import make_identities
from pipelines.simulator.market import sku_of
from pipelines.simulator.randomness import scrambled, uniform
from pipelines.simulator.records import SLOTS, make_records
from pipelines.simulator.sources.delivery import Delivery, nulls
from pipelines.simulator.world import World

CAPTURED = 0.88  # of a member's receipts carry the card
YEAR = 366  # a world may be lived in for so long after its history
BORROWED = 0.30  # of the receipts of people without a card carry a card of the household


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a world as the systems see it; it stays so while the world lives on."""

    number: int
    facts: DayFacts
    consent: np.ndarray  # [person, channel] at the end of the day


class Systems:
    """Static look-ups over one world, and the little that the systems remember from day to day."""

    def __init__(self, world: World) -> None:
        """Takes a world; draws everybody's records."""
        self.world, self.scenario, self.people = world, world.scenario, world.people
        self.seed = world.scenario.seed
        self.identities = make_identities(self.scenario, self.people)
        self.records = make_records(self.scenario, self.people, self.identities)
        self.sku = pl.Series(sku_of(self.seed, np.arange(len(world.market.products.category)))).cast(pl.String)
        self.stores = pl.Series([f"S{number:03d}" for number in range(1, self.scenario.stores + 1)])
        self.last_treatment = nulls(len(self.people))
        self.first_person = np.searchsorted(self.people.household, self.people.household)
        self.open_tickets: dict[int, list[pl.DataFrame]] = {}  # by the day they will be solved
        self._slots = {name: self._slot(number) for name, number in SLOTS.items()}
        first = self.scenario.first_day_number
        written = pl.col("valid_day").clip(lower_bound=first)
        last = first + self.scenario.days + YEAR
        self._versions = self.records.versions.with_columns(written_day=written).filter(written <= last)

    def day(self, facts: DayFacts) -> Day:
        """Take in a day: remember whose coupon is whose."""
        reached = facts.contacts.filter(pl.col("is_sent") & pl.col("delivered"))
        if reached.height:
            self.last_treatment = self.last_treatment.scatter(reached["person"], reached["treatment_id"])
        return Day((facts.day - EPOCH).days, facts, self.world.state.consent.copy())

    def versions(self, table: str, day: int) -> pl.DataFrame:
        """What a system writes about its people on a day: on the first day, everything it knows."""
        return self._versions.filter((pl.col("table") == table) & (pl.col("written_day") == day))

    def card(self, person: np.ndarray, day: int, *, purpose: str) -> pl.Series:
        """The loyalty id on each person's receipt of a day; null if none was shown."""
        shown = uniform(self.seed, f"shows card {purpose}", person, day)
        own = self.key_of("loyalty", person, day)
        family = self.key_of("loyalty", self.first_person[person], day)
        has_own = own.is_not_null()
        by_own = has_own & pl.Series(shown < CAPTURED)
        borrows = ~has_own & pl.Series(shown < BORROWED)
        frame = pl.DataFrame({"own": own, "family": family, "by_own": by_own, "borrows": borrows})
        picked = pl.when("by_own").then("own").when("borrows").then("family").otherwise(None)
        return frame.select(picked).to_series()

    def key_of(self, slot: str, person: np.ndarray, day: int) -> pl.Series:
        """The record key of each person in a system; null before the record is made."""
        key, made = self._slots[slot]
        there = made[person] <= day
        return key.gather(person).zip_with(pl.Series(there), nulls(len(person)))

    def receipt_id(self, person: np.ndarray, day: np.ndarray | int, *, purpose: str = "receipt") -> pl.Series:
        """The id of a person's basket of a day."""
        return pl.Series(scrambled(self.seed, purpose, person, day)).cast(pl.String)

    def _slot(self, number: int) -> tuple[pl.Series, np.ndarray]:
        own = self.records.records.filter(pl.col("record") % 4 == number)
        key = nulls(len(self.people)).scatter(own["person"], own["record_key"])
        made = np.full(len(self.people), np.iinfo(np.int64).max)
        made[own["person"].to_numpy()] = own["made_day"].to_numpy()
        return key, made


@dataclass(frozen=True, slots=True)
class Export:
    """What one system exports of one day: files, and the truth behind their rows."""

    deliveries: list[Delivery]
    truth: dict[str, pl.DataFrame]
