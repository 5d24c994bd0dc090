"""Who the people are as shoppers: arrays with one row per person (their names and addresses are in identity.py)."""

from dataclasses import dataclass

import numpy as np

from pipelines.simulator.calendar import REGIONS
from pipelines.simulator.categories import CATEGORIES, TIERS, column
from pipelines.simulator.randomness import Floats, choice, normal, uniform
from pipelines.simulator.scenario import CHANNELS, CLASSES, Scenario

SMALL, BIG = 0, 1
VISITED = np.array([0.17, 0.72])  # the share of due needs that a top-up trip and a big shop look after
SIZED = np.array([0.5, 1.6])  # lines per purchase, as a factor
HOUSEHOLD_SIZES = np.array([0.34, 0.32, 0.15, 0.13, 0.06])


@dataclass(frozen=True, slots=True)
class People:
    """Latent traits; [person] or [person, category] or [person, channel]."""

    household: np.ndarray
    place_in_household: np.ndarray
    responder: np.ndarray  # place in CLASSES
    joined_day: np.ndarray  # days since 1970-01-01
    region: np.ndarray
    home_store: np.ndarray  # before any move
    next_store: np.ndarray  # after a move
    moved_day: np.ndarray  # a day after the world's end: never
    trips_per_day: Floats
    weekday_habit: Floats  # [person, weekday], factors
    hour_habit: Floats  # hours since midnight
    big_shop_share: Floats
    web_share: Floats
    price_tier: np.ndarray
    brand_loyalty: Floats
    discount_sensitivity: Floats
    responsiveness: Floats  # [person, channel], factors
    fatigue_factor: Floats
    dropout_per_day: Floats
    need_rate: Floats  # [person, category], purchases wanted per day; 0 for a category never wanted
    favourite: np.ndarray  # [person, category], a product
    is_staff: np.ndarray

    def __len__(self) -> int:
        """How many people there are."""
        return len(self.household)

    def take(self, rows: np.ndarray) -> "People":
        """The traits of some people, who get new numbers in the order of `rows`."""
        return People(*(getattr(self, name)[rows] for name in self.__slots__))


def make_people(scenario: Scenario) -> People:
    """All people of a world. In a world of equals every trait that decides what is bought has one value."""
    return _Maker(scenario).people()


class _Maker:
    """Draws one trait after the other; none depends on the order."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.person = np.arange(scenario.people)
        self.vary = 0.0 if scenario.behaviour.are_all_alike else 1.0
        self.household = self._households()
        self.first_of_household = np.searchsorted(self.household, self.household)

    def uniform(self, purpose: str, index: int | np.ndarray = 0) -> Floats:
        person = self.person if isinstance(index, int) else self.person[:, None]
        return uniform(self.scenario.seed, purpose, person, 0, index)

    def normal(self, purpose: str, index: int | np.ndarray = 0) -> Floats:
        """Standard normal; all zero in a world of equals."""
        person = self.person if isinstance(index, int) else self.person[:, None]
        return self.vary * normal(self.scenario.seed, purpose, person, 0, index)

    def people(self) -> People:
        behaviour, stores = self.scenario.behaviour, self.scenario.stores
        busy, thrifty = self.normal("trips"), self.normal("discount sensitivity")
        trips = behaviour.median_trips_per_day * np.exp(behaviour.trips_spread * busy)
        home = self._of_household("home store", stores)
        tier = choice(0.5 + (self.uniform("price tier") - 0.5) * self.vary, np.array([0.3, 0.45, 0.25]))
        need_rate = self._need_rates(trips)
        return People(
            household=self.household,
            place_in_household=self.person - self.first_of_household,
            responder=self._responders(busy, thrifty),
            joined_day=self._joined_days(),
            region=region_of_store(home, stores),
            home_store=home,
            next_store=self._of_household("next store", stores),
            moved_day=self._moved_days(),
            trips_per_day=np.minimum(trips, 0.9),
            weekday_habit=self._weekday_habits(),
            hour_habit=np.clip(14.5 + 3.2 * self.normal("hour"), 7.5, 21.0),
            big_shop_share=np.clip(behaviour.big_shop_share + 0.12 * self.normal("big shop"), 0.05, 0.8),
            web_share=self._web_shares(),
            price_tier=tier,
            brand_loyalty=0.45 + 0.7 * (self.uniform("loyalty") - 0.5) * self.vary,
            discount_sensitivity=np.exp(0.5 * thrifty - 0.125 * self.vary),
            responsiveness=np.exp(0.4 * self.normal("responsiveness", np.arange(len(CHANNELS))) - 0.08 * self.vary),
            fatigue_factor=np.exp(0.3 * self.normal("fatigue")),
            dropout_per_day=behaviour.dropout_per_day * np.exp(0.8 * self.normal("dropout") - 0.32 * self.vary),
            need_rate=need_rate,
            favourite=self._favourites(tier),
            is_staff=self.uniform("staff") < 0.004,
        )

    def _households(self) -> np.ndarray:
        size = 1 + choice(uniform(self.scenario.seed, "household size", self.person), HOUSEHOLD_SIZES)
        return np.repeat(self.person, size)[: len(self.person)]

    def _of_household(self, purpose: str, count: int) -> np.ndarray:
        drawn = self.uniform(purpose)[self.first_of_household]
        return np.minimum((drawn * count).astype(np.int64), count - 1)

    def _responders(self, busy: Floats, thrifty: Floats) -> np.ndarray:
        """Frequent shoppers are more often sure buyers, thrifty ones persuadable, the indifferent sleeping dogs."""
        if not self.vary:
            return np.full(len(self.person), CLASSES.index("persuadable"))
        share = np.array([self.scenario.behaviour.classes.get(name, 0.0) for name in CLASSES])  # type: ignore[call-overload]
        pull = np.stack([0.8 * busy, 0.9 * thrifty, -0.8 * busy, -0.9 * thrifty], axis=1)
        weight = share * np.exp(pull - 0.35)
        edge = np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True)
        return np.asarray(np.minimum((self.uniform("responder")[:, None] > edge).sum(axis=1), len(CLASSES) - 1))

    def _joined_days(self) -> np.ndarray:
        later = self.uniform("joined later") < self.scenario.behaviour.joined_later_share
        when = (self.uniform("joined day") * self.scenario.days).astype(np.int64)
        return np.where(later, self.scenario.first_day_number + when, self.scenario.first_day_number - 1)

    def _moved_days(self) -> np.ndarray:
        yearly = self.scenario.behaviour.moves_per_year
        years = -np.log(self.uniform("move")[self.first_of_household]) / max(yearly, 1e-9)
        days = np.minimum(years * 365, 10_000).astype(np.int64)
        return self.scenario.first_day_number + np.where(self.vary > 0, days, 10_000)

    def _weekday_habits(self) -> Floats:
        """Most people have favourite days; a week's factors average one."""
        drawn = np.exp(0.7 * self.normal("weekday", np.arange(7))) * (
            1 + self.vary * np.array([0, 0, 0, 0.05, 0.15, 0.35, 0.2])
        )
        return np.asarray(drawn / drawn.mean(axis=1, keepdims=True))

    def _web_shares(self) -> Floats:
        share = self.scenario.behaviour.web_people_share
        if not self.vary:
            return np.full(len(self.person), 0.3 * share)
        drawn = 0.05 + 0.5 * self.uniform("web share") ** 2
        return np.where(self.uniform("web") < share, drawn, 0.0)

    def _need_rates(self, trips: Floats) -> Floats:
        """Wanted purchases per day. Who shops often also wants more, but less than in proportion."""
        category = np.arange(len(CATEGORIES))
        wants = (self.uniform("wants", category) < column("wanted_by")) | (self.vary == 0)
        own = np.exp(0.75 * self.normal("need", category) - 0.1 * self.vary)
        often = (trips / self.scenario.behaviour.median_trips_per_day) ** 0.6
        return np.where(wants, own * often[:, None] / column("interval_days"), 0.0)

    def _favourites(self, tier: np.ndarray) -> np.ndarray:
        per_tier = self.scenario.products_per_category // TIERS
        category = np.arange(len(CATEGORIES))
        weight = 1.0 / (np.arange(per_tier) + 2.0)
        middle = 0.0 if not self.vary else 1.0
        inside = choice(self.uniform("favourite", category) * middle, weight)
        return np.asarray(category * self.scenario.products_per_category + tier[:, None] * per_tier + inside)


def region_of_store(store: np.ndarray, stores: int) -> np.ndarray:
    """Stores are numbered region after region."""
    return store * len(REGIONS) // stores
