"""When and what people buy: the only place where chances of shopping are computed, for simulation and truth alike.

A day goes like this for a person who has not left. He makes a trip with a chance of his own (habit, weekday, holiday,
weather, contacts). A trip is to the home store or to the web shop, and a top-up or a big shop. On the trip every
category that is due is bought with a chance of its own; how due it is depends on the days since its last purchase, with
a gamma-distributed rhythm. A purchase has 1 + Poisson lines, each of the favourite product or one of the same tier. A
line whose product is out of stock is lost; a need of which every line is lost stays due.

Given the past, all of this is independent between categories, so expectations are exact sums (expected.py).
"""

from dataclasses import dataclass

import numpy as np

from pipelines.simulator import calendar
from pipelines.simulator.categories import CATEGORIES, TIERS, column, departments_of_categories
from pipelines.simulator.market import UNITS_MORE, Market, Period
from pipelines.simulator.people import SIZED, VISITED, People
from pipelines.simulator.randomness import Floats
from pipelines.simulator.response import ANY_DEPARTMENT, Response, remaining
from pipelines.simulator.scenario import Scenario

STEPS, REACH = 32, 256  # resolution of the rhythm table: 1/32 of a mean interval, up to 8 intervals
MOST_TRIPS = 0.95
STOCK_UP = 1.2  # more units per unit of price cut, at discount sensitivity 1


@dataclass(frozen=True, slots=True)
class Shelf:
    """What a person finds at one place on one day, per category: expectations over his choice of product."""

    found: Floats  # chance that a line's product is there
    sales: Floats  # expected cents per line, lost lines included
    margin: Floats  # the same after cost of goods


class Hazards:
    """Chances of one world."""

    def __init__(self, scenario: Scenario, people: People, market: Market) -> None:
        """Takes the scenario's people and market; computes nothing that depends on a day."""
        self.scenario, self.people, self.market = scenario, people, market
        self.is_alike = scenario.behaviour.are_all_alike
        shape = np.array([1 if self.is_alike else category.regularity for category in CATEGORIES])
        self.rhythm = np.stack([rhythm(number) for number in shape])
        self.lines_more = column("lines") - 1
        self.department = departments_of_categories()
        visited = VISITED[0] + (VISITED[1] - VISITED[0]) * people.big_shop_share
        self._known: dict[Period, tuple[Floats, Floats]] = {}
        self.pace = people.need_rate / (people.trips_per_day * visited)[:, None]

    def trip_chance(self, rows: np.ndarray, day: int, response: Response) -> Floats:
        """Chance of a trip on a day, for people who have not left."""
        people = self.people
        lift = 1 + response.trip_lift * remaining(response, day, self.scenario.effects)
        outside = 1.0 if self.is_alike else calendar.weather(self.scenario.seed, day)[people.region[rows]]
        feast = 1.0 if self.is_alike else calendar.holiday(day)
        habit = people.trips_per_day[rows] * people.weekday_habit[rows, calendar.weekday(day)]
        chance = np.minimum(habit * outside * feast * lift, MOST_TRIPS)
        return np.where(people.joined_day[rows] <= day, chance, 0.0)

    def dueness(self, rows: np.ndarray, age: np.ndarray) -> Floats:
        """How due each category is by the days since its last purchase, before season and contacts; may exceed 1."""
        place = np.minimum((age * self.people.need_rate[rows] * STEPS).astype(np.int64), REACH - 1)
        return np.asarray(self.rhythm[np.arange(len(CATEGORIES)), place] * self.pace[rows])

    def want_factor(self, rows: np.ndarray, day: int, response: Response) -> Floats:
        """What season and a contact that names a department make of dueness, [person, category]."""
        lift = response.need_lift * remaining(response, day, self.scenario.effects)
        is_named = self.department[None, :] == response.department[:, None]
        season = np.ones(len(CATEGORIES)) if self.is_alike else calendar.season(day)
        return np.asarray(season[None, :] * (1 + lift[:, None] * is_named))

    def need_chance(self, due: Floats, factor: Floats) -> Floats:
        """Chance that a due category is on the list, before the kind of trip."""
        return np.asarray(np.minimum(due * factor, 1.0))

    def place(self, rows: np.ndarray, day: int) -> np.ndarray:
        """Each person's home store on a day."""
        people = self.people
        return np.asarray(np.where(people.moved_day[rows] <= day, people.next_store[rows], people.home_store[rows]))

    def kinds(self, rows: np.ndarray) -> list[tuple[bool, int, Floats]]:
        """The kinds of trips: (to the web shop, size, each person's share of such trips)."""
        web, big = self.people.web_share[rows], self.people.big_shop_share[rows]
        return [
            (is_web, size, (web if is_web else 1 - web) * (big if size else 1 - big))
            for is_web in (False, True)
            for size in (0, 1)
        ]

    def lines_mean(self, size: int) -> Floats:
        """Mean lines of a purchase beyond the first, per category."""
        return np.asarray(self.lines_more * SIZED[size])

    def success(self, found: Floats, size: int) -> Floats:
        """Chance that at least one line of a purchase is not lost."""
        return np.asarray(1 - (1 - found) * np.exp(-self.lines_mean(size) * found))

    def shelf(self, rows: np.ndarray, day: int, is_web: bool) -> Shelf:
        """What each person finds for each category at the home store or the web shop."""
        people, (products, tiers) = self.people, self.tables(self.market.period(day), day)
        place = np.full(len(rows), self.market.web) if is_web else self.place(rows, day)
        loyal = people.brand_loyalty[rows][:, None]
        sensitive = STOCK_UP * people.discount_sensitivity[rows][:, None]
        favourite = products[:, place[:, None], people.favourite[rows]]
        found, sales, cut_sales, margin, cut_margin = (
            loyal * favourite + (1 - loyal) * tiers[:, place, people.price_tier[rows]]
        )
        return Shelf(found, sales + sensitive * cut_sales, margin + sensitive * cut_margin)

    def tables(self, period: Period, day: int) -> tuple[Floats, Floats]:
        """The tables of a period without any change of prices and stock, made once."""
        if period not in self._known:
            self._known[period] = self._tables(day)
        return self._known[period]

    def _tables(self, day: int) -> tuple[Floats, Floats]:
        """What a line brings: [5, place, product], and its mean over a tier by popularity: [5, place, tier, category].

        The five are: it is there; sales and margin at the usual units; what each unit of price cut adds to both.
        """
        today = self.market.day(day)
        weight = self.market.products.popularity
        margin = today.price_cents - today.cost_cents
        each = np.stack(
            [
                np.ones(len(margin)),
                (1 + UNITS_MORE) * today.price_cents,
                today.depth * today.price_cents,
                (1 + UNITS_MORE) * margin,
                today.depth * margin,
            ]
        )
        cells = each[:, None, :] * today.is_available[None, :, :]
        shaped = cells.reshape(5, self.market.place_count, len(CATEGORIES), TIERS, len(weight))
        return cells, np.ascontiguousarray((shaped * weight).sum(axis=-1).transpose(0, 1, 3, 2))

    def covers(self, response: Response) -> np.ndarray:
        """Which categories a person's coupon is for, [person, category]."""
        named = self.department[None, :] == response.department[:, None]
        return np.asarray(named | (response.department == ANY_DEPARTMENT)[:, None])


def rhythm(shape: int) -> Floats:
    """Hazard of a gamma interval with mean 1 and whole shape, at the middle of each step of age; Erlang's formula."""
    age = (np.arange(REACH) + 0.5) / STEPS * shape
    term, total = np.ones(REACH), np.ones(REACH)
    for number in range(1, shape):
        term = term * age / number
        total = total + term
    return np.asarray(shape * term / total)
