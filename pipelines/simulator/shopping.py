"""One day's trips: who shops where, what is bought and what it costs. All draws are keyed by person and day."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from pipelines.simulator.categories import CATEGORIES, TIERS
from pipelines.simulator.hazards import STOCK_UP, Hazards
from pipelines.simulator.market import UNITS_MORE
from pipelines.simulator.people import VISITED
from pipelines.simulator.randomness import choice, normal, poisson, uniform
from pipelines.simulator.response import Response

LINES = 64  # index room per category
OPEN, CLOSE = 7.0, 21.95  # hours


@dataclass(frozen=True, slots=True)
class Trips:
    """One row per trip: people, and per category whether it is on the list."""

    person: np.ndarray
    is_web: np.ndarray
    size: np.ndarray
    listed: np.ndarray  # [trip, category]


@dataclass(frozen=True, slots=True)
class Shopping:
    """What a day's trips ended in."""

    baskets: pl.DataFrame  # person, place, is_web, sold_second
    lines: pl.DataFrame  # person, place, is_web, category, product, units and money in cents
    bought: tuple[np.ndarray, np.ndarray]  # (person, category) pairs whose need is met
    response: Response  # coupons used are used up


def shop(hazards: Hazards, alive: np.ndarray, last_day: np.ndarray, day: int, response: Response) -> Shopping:
    """One day of shopping.

    Takes     alive: people who have not left, ascending; last_day: [person, category]; response: of all people.
    """
    trips = _trips(hazards, alive, last_day, day, response)
    lines = _lines(hazards, trips, day)
    lines, used = _with_coupons(hazards, lines, day, response)
    person, category = lines["person"].to_numpy(), lines["category"].to_numpy()
    pairs = np.unique(person * len(CATEGORIES) + category)
    redeem = response.redeem_chance.copy()
    redeem[used] = 0.0
    baskets = lines.select("person", "place", "is_web").unique().sort("person")
    second = _seconds(hazards, baskets["person"].to_numpy(), day)
    return Shopping(
        baskets=baskets.with_columns(sold_second=pl.Series(second)),
        lines=lines,
        bought=(pairs // len(CATEGORIES), pairs % len(CATEGORIES)),
        response=replace(response, redeem_chance=redeem),
    )


def _trips(hazards: Hazards, alive: np.ndarray, last_day: np.ndarray, day: int, response: Response) -> Trips:
    seed = hazards.scenario.seed
    chance = hazards.trip_chance(alive, day, response.take(alive))
    person = alive[uniform(seed, "trip", alive, day) < chance]
    is_web = uniform(seed, "is web trip", person, day) < hazards.people.web_share[person]
    size = (uniform(seed, "is big shop", person, day) < hazards.people.big_shop_share[person]).astype(np.int64)
    due = hazards.dueness(person, day - last_day[person])
    wanted = hazards.need_chance(due, hazards.want_factor(person, day, response.take(person)))
    drawn = uniform(seed, "need", person[:, None], day, np.arange(len(CATEGORIES)))
    return Trips(person, is_web, size, drawn < wanted * VISITED[size][:, None])


def _lines(hazards: Hazards, trips: Trips, day: int) -> pl.DataFrame:
    """Every line that is not lost to an empty shelf."""
    seed, people, today = hazards.scenario.seed, hazards.people, hazards.market.day(day)
    trip, category = np.nonzero(trips.listed)
    mean = np.stack([hazards.lines_mean(0), hazards.lines_mean(1)])[trips.size[trip], category]
    count = 1 + np.minimum(poisson(uniform(seed, "lines", trips.person[trip], day, category), mean), LINES - 1)
    trip, category = np.repeat(trip, count), np.repeat(category, count)
    place_in_need = np.arange(len(trip)) - np.repeat(np.cumsum(count) - count, count)
    person, index = trips.person[trip], category * LINES + place_in_need
    product = _products(hazards, person, category, day, index)
    place = np.where(trips.is_web[trip], hazards.market.web, hazards.place(person, day))
    depth = today.depth[product]
    mean = UNITS_MORE + STOCK_UP * people.discount_sensitivity[person] * depth
    units = 1 + poisson(uniform(seed, "units", person, day, index), mean)
    frame = pl.DataFrame(
        {
            "person": person,
            "place": place,
            "is_web": trips.is_web[trip],
            "category": category,
            "line": index,
            "product": product,
            "units": units,
            "list_cents": today.list_cents[product],
            "price_cents": today.price_cents[product],
            "cost_cents": today.cost_cents[product],
            "is_there": today.is_available[place, product],
        }
    )
    return frame.filter("is_there").drop("is_there")


def _products(hazards: Hazards, person: np.ndarray, category: np.ndarray, day: int, index: np.ndarray) -> np.ndarray:
    """The favourite, or another of the same tier by popularity."""
    seed, people, market = hazards.scenario.seed, hazards.people, hazards.market
    is_loyal = uniform(seed, "is favourite", person, day, index) < people.brand_loyalty[person]
    other = choice(uniform(seed, "product", person, day, index), market.products.popularity)
    per_tier = len(market.products.popularity)
    start = category * (per_tier * TIERS) + people.price_tier[person] * per_tier
    return np.asarray(np.where(is_loyal, people.favourite[person, category], start + other))


def _with_coupons(
    hazards: Hazards, lines: pl.DataFrame, day: int, response: Response
) -> tuple[pl.DataFrame, np.ndarray]:
    """Coupons taken off the lines that they are for; and who used one."""
    person, category = lines["person"].to_numpy(), lines["category"].to_numpy()
    is_valid = day - response.started_day < hazards.scenario.effects.response_days
    holds = (response.redeem_chance == 1.0) & is_valid
    covered = holds[person]
    rows = np.flatnonzero(covered)
    covered[rows] = hazards.covers(response.take(person[rows]))[np.arange(len(rows)), category[rows]]
    paid = lines["units"].to_numpy() * lines["price_cents"].to_numpy()
    discount = np.where(covered, np.rint(paid * response.depth[person]), 0).astype(np.int64)
    return lines.with_columns(coupon_cents=pl.Series(discount)), np.unique(person[covered])


def _seconds(hazards: Hazards, person: np.ndarray, day: int) -> np.ndarray:
    """When in the day, seconds since local midnight."""
    hour = hazards.people.hour_habit[person] + 2.0 * normal(hazards.scenario.seed, "hour of sale", person, day)
    minute = uniform(hazards.scenario.seed, "second of sale", person, day)
    return np.asarray((np.clip(hour, OPEN, CLOSE) * 3600).astype(np.int64) // 60 * 60 + (minute * 60).astype(np.int64))
