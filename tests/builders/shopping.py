"""Facts for tests: one valid row with one thing changed, and a simulated retailer whose chances are known."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from ml.features.facts import SCHEMAS, Facts
from ml.features.source import FeatureSource, open_facts
from ml.models.spec import CATEGORY_PURCHASE
from ml.models.trained import TrainedModel
from ml.models.training import train_model

AS_OF = date(2017, 12, 26)
OBSERVED = date(2017, 12, 25)
FIRST_DAY = date(2017, 1, 1)
PLANTED_PERSONS = 400

ROWS: dict[str, dict[str, Any]] = {
    "lines": {
        "person_id": "p1",
        "order_id": "o1",
        "store_id": "s1",
        "product_id": "i1",
        "department_name": "GROCERY",
        "category_name": "BREAD",
        "ordered_date": AS_OF - timedelta(days=10),
        "net_sales_cents": 1000,
        "gross_sales_cents": 1200,
        "discount_cents": 200,
        "margin_cents": 250,
        "coupon_discount_cents": 0,
        "is_promoted": False,
    },
    "contacts": {
        "person_id": "p1",
        "campaign_id": "c1",
        "campaign_type_code": "type_a",
        "contacted_date": AS_OF - timedelta(days=10),
    },
    "redemptions": {"person_id": "p1", "campaign_id": "c1", "redeemed_date": AS_OF - timedelta(days=5)},
    "campaigns": {
        "campaign_id": "c1",
        "campaign_type_code": "type_a",
        "start_date": AS_OF - timedelta(days=10),
        "end_date": AS_OF + timedelta(days=10),
    },
    "customers": {
        "person_id": "p1",
        "age_band": "45-54",
        "income_band": "Under 15K",
        "home_ownership": "Renter",
        "marital_status": None,
        "household_size": "5+",
        "household_composition": "1 Adult Kids",
        "kids_count": "3+",
        "known_date": FIRST_DAY,
    },
}
EVENT = {
    "lines": "ordered_date",
    "contacts": "contacted_date",
    "redemptions": "redeemed_date",
    "campaigns": "start_date",
}


def row(table: str, **changes: Any) -> dict[str, Any]:
    """A valid row of a table; known on the day it happened unless the test says otherwise."""
    made = {**ROWS[table], **changes}
    if "known_date" not in made:
        made["known_date"] = made[EVENT[table]]
    return made


def days_ago(days: int) -> date:
    """The day so many days before AS_OF."""
    return AS_OF - timedelta(days=days)


def facts(**tables: list[dict[str, Any]]) -> Facts:
    """Facts with these rows and nothing else."""
    frames = {name: pl.DataFrame(tables.get(name, []), schema=schema, orient="row") for name, schema in SCHEMAS.items()}
    return Facts(**frames)


@dataclass(frozen=True, slots=True)
class SimulatedRetailer:
    """A year of shopping in which every person has a fixed daily chance per department."""

    facts: Facts
    daily_chance: pl.DataFrame  # person_id, department_name, chance

    def chance_in(self, days: int) -> pl.DataFrame:
        """The true probability of a purchase in so many days: person_id, target, truth."""
        return self.daily_chance.select("person_id", target="department_name", truth=1 - (1 - pl.col("chance")) ** days)


def simulate(person_count: int, *, spread: float, seed: int) -> SimulatedRetailer:
    """Shop every day of 2017 up to AS_OF.

    spread: how much persons differ, as standard deviation of the log chance; 0: all are the same and
    nothing in their past says anything about their future.
    """
    generator = np.random.default_rng(seed)
    departments = ("BAKERY", "DELI", "GROCERY", "MEAT")
    base = np.array([0.01, 0.02, 0.06, 0.03])
    person_level = generator.normal(0, spread, size=(person_count, 1))
    taste = generator.normal(0, spread, size=(person_count, len(departments)))
    chance = np.minimum(base * np.exp(person_level + taste), 0.9)
    day_count = (AS_OF - FIRST_DAY).days
    bought = generator.random((person_count, day_count, len(departments))) < chance[:, None, :]
    person, day, department = np.nonzero(bought)
    ids = [f"p{i:04d}" for i in range(person_count)]
    lines = pl.DataFrame(
        {
            "person_id": pl.Series(ids).gather(person),
            "day": day,
            "department_name": pl.Series(departments).gather(department),
            "net_sales_cents": generator.integers(100, 3000, size=len(person)),
        }
    )
    pairs = [(p, d, float(chance[i, k])) for i, p in enumerate(ids) for k, d in enumerate(departments)]
    schema = {"person_id": pl.String, "department_name": pl.String, "chance": pl.Float64}
    return SimulatedRetailer(_facts_of(lines, ids, generator), pl.DataFrame(pairs, schema=schema, orient="row"))


def _facts_of(lines: pl.DataFrame, ids: list[str], generator: np.random.Generator) -> Facts:
    ordered = pl.lit(FIRST_DAY) + pl.duration(days=pl.col("day"))
    dated = lines.with_columns(ordered_date=ordered.cast(pl.Date))
    delivered = pl.col("ordered_date") + pl.duration(days=8 - pl.col("ordered_date").dt.weekday().cast(pl.Int64))
    full = dated.with_columns(
        order_id=pl.format("{}-{}", "person_id", "day"),
        store_id=pl.format("s{}", pl.col("day") % 3),
        product_id=pl.col("department_name"),
        category_name=pl.col("department_name"),
        known_date=delivered.cast(pl.Date),
        gross_sales_cents=pl.col("net_sales_cents") + 50,
        discount_cents=pl.lit(50, pl.Int64),
        margin_cents=pl.col("net_sales_cents") // 4,
        coupon_discount_cents=pl.lit(0, pl.Int64),
        is_promoted=pl.col("day") % 5 == 0,
    ).select(pl.col(name).cast(dtype) for name, dtype in SCHEMAS["lines"].items())
    return Facts(lines=full, **_campaigns(ids, generator))


def _campaigns(ids: list[str], generator: np.random.Generator) -> dict[str, pl.DataFrame]:
    """A campaign a month to half the persons; every fifth of those mailed uses a coupon ten days later."""
    tables: dict[str, list[dict[str, Any]]] = {"campaigns": [], "contacts": [], "redemptions": [], "customers": []}
    for month in range(1, 13):
        start = date(2017, month, 3)
        campaign = {"campaign_id": f"c{month:02d}", "campaign_type_code": f"type_{'ab'[month % 2]}"}
        tables["campaigns"].append({**campaign, "start_date": start, "end_date": start + timedelta(days=20)})
        for person in generator.permutation(ids)[: len(ids) // 2]:
            tables["contacts"].append({**campaign, "person_id": str(person), "contacted_date": start})
            if generator.random() < 0.2:
                used = {"person_id": str(person), "redeemed_date": start + timedelta(days=10)}
                tables["redemptions"].append({**used, "campaign_id": campaign["campaign_id"]})
    tables["customers"] = [row("customers", person_id=person) for person in ids[::2]]
    known = {"redemptions": "redeemed_date"}
    return {
        name: pl.DataFrame(
            [{"known_date": r.get(known.get(name, ""), FIRST_DAY), **r} for r in rows], schema=SCHEMAS[name]
        )
        for name, rows in tables.items()
    }


@cache
def planted() -> SimulatedRetailer:
    """Four hundred different persons; built once, never changed."""
    return simulate(PLANTED_PERSONS, spread=0.8, seed=11)


@cache
def planted_source() -> FeatureSource:
    """The planted retailer as of AS_OF."""
    return open_facts(planted().facts, AS_OF)


@cache
def planted_release() -> TrainedModel:
    """The next-best-category model of the planted retailer."""
    return train_model(CATEGORY_PURCHASE, planted_source(), observed_through=OBSERVED, seed=3, threads=2)
