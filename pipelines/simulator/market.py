"""The shelves: products, their prices and price cuts, and which are out of stock where on which day."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pipelines.simulator.categories import CATEGORIES, TIER_PRICE, TIERS, column, departments_of_categories
from pipelines.simulator.randomness import bits, normal, uniform
from pipelines.simulator.scenario import Scenario

PROMOTION_DAYS = 7
PROMOTION_SHARE = 0.12
PROMOTION_DEPTHS = np.array([0.10, 0.15, 0.20, 0.30])
OUT_DAYS = 3
PRICE_CHANGE_DAYS = 56
UNITS_MORE = 0.22  # mean units beyond the first, at full price


Period = tuple[int, int, int, bool]


@dataclass(frozen=True, slots=True)
class Products:
    """One row per product; products of a category and tier stand together."""

    category: np.ndarray
    tier: np.ndarray
    list_cents: np.ndarray  # on the first day
    cost_rate: np.ndarray
    popularity: np.ndarray  # chances inside a category and tier, the same list for all of them


@dataclass(frozen=True, slots=True)
class MarketDay:
    """The shelves on one day; places are the stores and, last, the web shop's warehouse."""

    list_cents: np.ndarray  # [product]
    price_cents: np.ndarray  # [product], after price cuts
    cost_cents: np.ndarray  # [product]
    depth: np.ndarray  # [product], price cut as a share of the list price
    is_available: np.ndarray  # [place, product]


class Market:
    """All days' shelves of one world."""

    def __init__(self, scenario: Scenario) -> None:
        """Takes a scenario; the products depend on its seed alone."""
        self.scenario = scenario
        self.products = make_products(scenario)
        self.place_count = scenario.stores + 1
        self.web = scenario.stores
        self.day = lru_cache(maxsize=512)(self._day)

    def _day(self, day: int) -> MarketDay:
        listed = self.list_cents(day)
        depth = self.depth(day)
        return MarketDay(
            list_cents=listed,
            price_cents=np.rint(listed * (1 - depth)).astype(np.int64),
            cost_cents=np.rint(self.products.list_cents * self.products.cost_rate).astype(np.int64),
            depth=depth,
            is_available=~self._is_out(day),
        )

    def period(self, day: int) -> Period:
        """Days with the same period have the same shelves."""
        since, crisis = day - self.scenario.first_day_number, self.scenario.stock.crisis_days
        in_crisis = crisis is not None and crisis[0] <= since <= crisis[1]
        return day // OUT_DAYS, (day + 3) // PROMOTION_DAYS, since // PRICE_CHANGE_DAYS, in_crisis

    def list_cents(self, day: int) -> np.ndarray:
        """List prices: each product's price moves a little every eight weeks."""
        period = (day - self.scenario.first_day_number) // PRICE_CHANGE_DAYS
        moved = normal(self.scenario.seed, "list price", np.arange(len(self.products.category)), period)
        factor = np.where(period == 0, 1.0, np.exp(0.03 * moved))
        return np.asarray(np.maximum(np.rint(self.products.list_cents * factor), 19).astype(np.int64))

    def depth(self, day: int) -> np.ndarray:
        """Price cuts, a week long each."""
        week = (day + 3) // PROMOTION_DAYS
        product = np.arange(len(self.products.category))
        is_on = uniform(self.scenario.seed, "is promoted", product, week) < PROMOTION_SHARE
        place = (uniform(self.scenario.seed, "promotion depth", product, week) * len(PROMOTION_DEPTHS)).astype(int)
        return np.where(is_on, PROMOTION_DEPTHS[place], 0.0)

    def _is_out(self, day: int) -> np.ndarray:
        stock = self.scenario.stock
        chance = np.full(len(self.products.category), stock.out_share)
        since = day - self.scenario.first_day_number
        if stock.crisis_days and stock.crisis_days[0] <= since <= stock.crisis_days[1]:
            hit = np.array([category.department in stock.crisis_departments for category in CATEGORIES])
            chance = np.where(hit[self.products.category], stock.crisis_out_share, chance)
        place = np.arange(self.place_count)[:, None]
        drawn = uniform(self.scenario.seed, "out of stock", place, day // OUT_DAYS, np.arange(len(chance))[None, :])
        return np.asarray(drawn < chance)


def make_products(scenario: Scenario) -> Products:
    """The catalogue: `products_per_category` products per category, a third in each price tier."""
    per_tier = scenario.products_per_category // TIERS
    category = np.repeat(np.arange(len(CATEGORIES)), scenario.products_per_category)
    tier = np.tile(np.repeat(np.arange(TIERS), per_tier), len(CATEGORIES))
    number = np.arange(len(category))
    spread = np.exp(0.35 * normal(scenario.seed, "product price", number))
    cents = column("price")[category] * TIER_PRICE[tier] * spread * 100
    weight = 1.0 / (np.arange(per_tier) + 2.0)
    rate = column("cost_rate")[category] + 0.04 * normal(scenario.seed, "product cost", number)
    return Products(
        category=category,
        tier=tier,
        list_cents=np.maximum(np.rint(cents / 10).astype(np.int64) * 10 - 1, 19),
        cost_rate=np.clip(rate, 0.2, 0.95),
        popularity=weight / weight.sum(),
    )


def sku_of(seed: int, product: np.ndarray) -> np.ndarray:
    """12-digit article numbers (int64)."""
    tail = (bits(seed, "sku", product) % np.uint64(10**5)).astype(np.int64)
    return np.asarray(4 * 10**11 + product.astype(np.int64) * 10**5 + tail)


def department_of_product(products: Products) -> np.ndarray:
    """The department number of every product."""
    return np.asarray(departments_of_categories()[products.category])
