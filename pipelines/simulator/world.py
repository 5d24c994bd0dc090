"""A world that advances day by day and answers the decisions it is given."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from ml.errors import ContractError
from pipelines.simulator.aftermath import Aftermath
from pipelines.simulator.calendar import EPOCH, to_date, weekday
from pipelines.simulator.categories import CATEGORIES
from pipelines.simulator.consents import Consents
from pipelines.simulator.contacts import channel_numbers, checked, contact, no_treatments
from pipelines.simulator.facts import DayFacts
from pipelines.simulator.hazards import Hazards
from pipelines.simulator.market import Market
from pipelines.simulator.people import make_people
from pipelines.simulator.randomness import uniform
from pipelines.simulator.response import Response, dropout_chance, no_response
from pipelines.simulator.scenario import Scenario, load_scenario
from pipelines.simulator.shopping import shop


@dataclass(slots=True)
class State:
    """What changes from day to day."""

    day: int  # the next day to come, days since 1970-01-01
    is_here: np.ndarray  # has not left for good
    last_day: np.ndarray  # [person, category], of the last purchase
    response: Response
    consent: np.ndarray  # [person, channel]


class World:
    """People, market and calendar of one scenario, and the state of everybody."""

    def __init__(self, scenario: Scenario) -> None:
        """Takes a scenario; the world stands before its first day."""
        self.scenario = scenario
        self.people = make_people(scenario)
        self.market = Market(scenario)
        self.hazards = Hazards(scenario, self.people, self.market)
        self.consents = Consents(scenario, self.people)
        self.aftermath = Aftermath(scenario, self.people)
        self.state = self._first_state()

    @classmethod
    def from_scenario(cls, name_or_path: str | Path, seed: int | None = None) -> "World":
        """The world of a scenario by name or file, with the scenario's seed or another one.

        Raises    ContractError if there is no such scenario or it breaks the schema.
        """
        return cls(load_scenario(name_or_path, seed=seed))

    @property
    def next_day(self) -> date:
        """The day that `step` must be called for next."""
        return to_date(self.state.day)

    def step(self, day: date, treatments: pl.DataFrame | None = None, left_out: pl.DataFrame | None = None) -> DayFacts:
        """Live through one day.

        Takes     day: the day after the last one;
                  treatments: one row per contact made that morning: person i64, treatment_id, channel,
                  offer_depth f64 0..1, category (a department, or null for the whole shop). None: nobody is contacted;
                  left_out: rows like these whom the sender's lot left out. They change nothing but what is told.
        Returns   the day's facts. The state advances.
        Raises    ContractError if a day is left out or repeated, or a treatment is not one.
        """
        number = (day - EPOCH).days
        if number != self.state.day:
            raise ContractError(
                f"world: expected {self.next_day}, got {day}. Step through the days one after the other."
            )
        given = checked(no_treatments() if treatments is None else treatments, len(self.people))
        consent, changes = self.consents.on(number, self.state.consent)
        controls = self._would_be_sent(no_treatments() if left_out is None else left_out, number, consent)
        gone = self._leave(number)
        reached = contact(self.scenario, self.people, given, number, self.state.response, consent, self.state.is_here)
        alive = np.flatnonzero(self.state.is_here)
        done = shop(self.hazards, alive, self.state.last_day, number, reached.response)
        self.state.last_day[done.bought] = number
        self.state = State(number + 1, self.state.is_here, self.state.last_day, done.response, reached.consent)
        after = self.aftermath.of(number, done.baskets, done.lines, reached.contacts, alive)
        return DayFacts(day, reached.contacts, done.baskets, done.lines, *after, changes, gone, controls)

    def habitual_treatments(self, day: date) -> pl.DataFrame:
        """Whom the retailer contacts by habit on a day: the scenario's campaigns, each for a random share."""
        chosen = self._drawn(day).filter("is_chosen").drop("is_chosen")
        return chosen.unique("person", keep="first", maintain_order=True)

    def habitual_controls(self, day: date) -> pl.DataFrame:
        """Whom the same lots leave out of a day's campaigns, like treatments; nobody whom another of them reaches."""
        drawn = self._drawn(day)
        reached = drawn.filter("is_chosen").select("person")
        return drawn.filter(~pl.col("is_chosen")).drop("is_chosen").join(reached, on="person", how="anti")

    def _drawn(self, day: date) -> pl.DataFrame:
        """Everybody and every campaign of a day: treatment columns and is_chosen."""
        number = (day - EPOCH).days
        week = (number - self.scenario.first_day_number) // 7
        person = np.arange(len(self.people))
        frames = [no_treatments().with_columns(is_chosen=pl.lit(True))]
        for campaign in self.scenario.campaigns:
            if campaign.weekday != weekday(number) or week % campaign.every_weeks:
                continue
            lots = uniform(self.scenario.seed, f"campaign {campaign.campaign}", person, number)
            frame = pl.DataFrame({"person": person}).with_columns(
                treatment_id=pl.lit(f"{campaign.campaign}-{day}"),
                channel=pl.lit(campaign.channel),
                offer_depth=pl.lit(campaign.offer_depth),
                category=pl.lit(campaign.department, dtype=pl.String),
                is_chosen=pl.Series(lots < campaign.share),
            )
            frames.append(frame)
        return pl.concat(frames)

    def _would_be_sent(self, left_out: pl.DataFrame, day: int, consent: np.ndarray) -> pl.DataFrame:
        """person, treatment_id, channel of those who have joined and consent: to the others nothing is sent anyway."""
        person = left_out["person"].to_numpy()
        is_open = consent[person, channel_numbers(left_out)] & (self.people.joined_day[person] <= day)
        return left_out.filter(pl.Series(is_open)).select("person", "treatment_id", "channel")

    def _first_state(self) -> State:
        count, first = len(self.people), self.scenario.first_day_number
        person = np.arange(count)[:, None]
        drawn = uniform(self.scenario.seed, "first age", person, 0, np.arange(len(CATEGORIES)))
        interval = 1 / np.maximum(self.people.need_rate, 1e-3)
        return State(
            day=first,
            is_here=np.ones(count, dtype=bool),
            last_day=first - 1 - np.minimum(drawn * interval, 365).astype(np.int64),
            response=no_response(count),
            consent=self.consents.granted.copy(),
        )

    def _leave(self, day: int) -> np.ndarray:
        """People who leave for good this morning."""
        rows = np.flatnonzero(self.state.is_here & (self.people.joined_day <= day))
        chance = dropout_chance(self.people, rows, self.state.response.take(rows), day, self.scenario.effects)
        gone = rows[uniform(self.scenario.seed, "leaves", rows, day) < chance]
        self.state.is_here[gone] = False
        return gone
