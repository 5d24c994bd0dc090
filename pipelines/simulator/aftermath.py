"""What follows from shopping and contacts: returns, visits to the web shop, and people who complain."""

import numpy as np
import polars as pl

from pipelines.simulator.categories import column
from pipelines.simulator.people import People
from pipelines.simulator.randomness import bits, choice, normal, uniform
from pipelines.simulator.scenario import Scenario

RETURN_DAYS = 14
VISITS_PER_TRIP = 1.3  # visits without a purchase, of people who use the web shop
SOURCES = (("direct", "none"), ("google", "organic"), ("google", "cpc"), ("newsletter", "email"), ("social", "paid"))
SOURCE_CHANCES = np.array([0.40, 0.35, 0.15, 0.0, 0.10])
EMAIL = 3
TOPICS = ("delivery", "refund", "quality", "account", "price")
TICKETS_PER_BASKET = {False: 0.002, True: 0.02}
SESSIONS = {
    "person": pl.Int64,
    "visit": pl.Int64,  # number within the person's day; 0 is the one with the purchase, if there is one
    "second": pl.Int64,
    "device": pl.Int64,
    "is_app": pl.Boolean,
    "source": pl.Int64,
    "views": pl.Int64,
    "has_purchase": pl.Boolean,
    "logs_in": pl.Boolean,
}
TICKETS = {
    "person": pl.Int64,
    "second": pl.Int64,
    "is_web": pl.Boolean,
    "topic": pl.String,
    "sentiment": pl.Float64,
    "solved_day": pl.Int64,
}


class Aftermath:
    """Keeps what is still to come back; everything else is a function of the day."""

    def __init__(self, scenario: Scenario, people: People) -> None:
        """Takes the people of a world."""
        self.scenario, self.people = scenario, people
        self.rate = column("return_rate")
        self.coming: dict[int, list[pl.DataFrame]] = {}

    def of(
        self, day: int, baskets: pl.DataFrame, lines: pl.DataFrame, contacts: pl.DataFrame, alive: np.ndarray
    ) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """Returns, sessions and tickets of a day, in this order."""
        returns = self._returns(day, lines)
        return returns, self._sessions(day, baskets, contacts, alive), self._tickets(day, baskets)

    def _returns(self, day: int, lines: pl.DataFrame) -> pl.DataFrame:
        """Lines that come back today; today's lines may come back on one of the next fourteen days."""
        person, line = lines["person"].to_numpy(), lines["line"].to_numpy()
        comes = uniform(self.scenario.seed, "is returned", person, day, line) < self.rate[lines["category"].to_numpy()]
        when = 1 + (uniform(self.scenario.seed, "return day", person, day, line) * RETURN_DAYS).astype(np.int64)
        later = lines.with_columns(sold_day=pl.lit(day, dtype=pl.Int64), due_day=pl.Series(day + when))
        for (due,), part in later.filter(pl.Series(comes)).partition_by("due_day", as_dict=True).items():
            self.coming.setdefault(int(due), []).append(part.drop("due_day"))
        empty = later.drop("due_day").clear()
        return pl.concat([empty, *self.coming.pop(day, [])]).sort("person", "sold_day", "line")

    def _sessions(self, day: int, baskets: pl.DataFrame, contacts: pl.DataFrame, alive: np.ndarray) -> pl.DataFrame:
        """A visit before every web purchase, visits that lead to nothing, and one after a clicked e-mail or push."""
        people, seed = self.people, self.scenario.seed
        bought = baskets.filter("is_web")
        here = alive[people.joined_day[alive] <= day]
        often = VISITS_PER_TRIP * people.trips_per_day[here] * np.minimum(people.web_share[here] * 4, 1.0)
        idle = here[uniform(seed, "visits", here, day) < np.minimum(often, 0.9)]
        clicked = contacts.filter(pl.col("clicked"))["person"].to_numpy()
        frames = [
            self._visits(day, bought["person"].to_numpy(), 0, bought["sold_second"].to_numpy() - 420),
            self._visits(day, idle, 1, None),
            self._visits(day, clicked, 2, None),
        ]
        return pl.concat(frames).sort("person", "visit")

    def _visits(self, day: int, person: np.ndarray, visit: int, second: np.ndarray | None) -> pl.DataFrame:
        seed, people = self.scenario.seed, self.people
        hour = np.clip(people.hour_habit[person] + 4 + 3 * normal(seed, "hour of visit", person, day, visit), 6, 23.5)
        source = choice(uniform(seed, "source of visit", person, day, visit), SOURCE_CHANCES)
        return pl.DataFrame(
            {
                "person": person,
                "visit": np.full(len(person), visit),
                "second": (hour * 3600).astype(np.int64) if second is None else second,
                "device": (uniform(seed, "device", person, day, visit) < 0.35).astype(np.int64),
                "is_app": uniform(seed, "uses app", person) < 0.3,
                "source": np.full(len(person), EMAIL) if visit == 2 else source,
                "views": 1 + (uniform(seed, "views", person, day, visit) ** 2 * 6).astype(np.int64),
                "has_purchase": np.full(len(person), visit == 0),
                "logs_in": uniform(seed, "logs in", person, day, visit) < (0.85 if visit == 0 else 0.35),
            },
            schema=SESSIONS,
        )

    def _tickets(self, day: int, baskets: pl.DataFrame) -> pl.DataFrame:
        """Complaints and questions after a purchase; angrier people write more."""
        seed = self.scenario.seed
        person, is_web = baskets["person"].to_numpy(), baskets["is_web"].to_numpy()
        rate = np.where(is_web, TICKETS_PER_BASKET[True], TICKETS_PER_BASKET[False])
        writes = uniform(seed, "ticket", person, day) < rate
        rows = person[writes]
        topic = (bits(seed, "topic", rows, day) % np.uint64(len(TOPICS))).astype(np.int64)
        wait = (-np.log(uniform(seed, "days to solve", rows, day)) * 3).astype(np.int64)
        return pl.DataFrame(
            {
                "person": rows,
                "second": baskets["sold_second"].to_numpy()[writes] + 1800,
                "is_web": is_web[writes],
                "topic": np.array(TOPICS, dtype=object)[topic],
                "sentiment": np.tanh(-0.4 + 0.8 * normal(seed, "sentiment", rows, day)).round(2),
                "solved_day": day + 1 + np.minimum(wait, 40),
            },
            schema=TICKETS,
        )
