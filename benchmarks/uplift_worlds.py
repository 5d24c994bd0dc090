"""Simulated people whose uplift is known, for the campaign; nothing in the engine was set on these worlds.

Stated before the first run. Ten columns, one of them a text, 5 % of one column unknown. A yes/no outcome at a base
rate of about 15 % that depends on four columns, or spend that is 0 for most and lognormal for the others.

- null: everybody gains the same: nothing, or 3 points (spend: .6). Half of the worlds deal the arms 1:1, half 1:4.
- moderate: half of the people gain 10 points, the others nothing, with people in between; two columns tell who. That
  is .28 of the outcome's standard deviation, between a small (.2) and a medium (.5) effect in Cohen's terms.
- pointless: uplift from 6 to 12 points, but even the least is worth twice the contact: contact everybody.
- strong: uplift from -15 to +15 points with an interaction of two columns, for the share of the oracle's value.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

CITIES = np.array(["Aachen", "Bonn", "Köln", "Łódź"])
KINDS = ("null", "moderate", "strong", "pointless")
NULLS = ("nothing", "3 points for everybody", "spend, nothing", "spend, .6 for everybody")


@dataclass(frozen=True)
class World:
    """A table as a user has it, and the truth: uplift per row of it, cost and value of a unit."""

    frame: pl.DataFrame
    uplift: np.ndarray
    cost: float
    value: float


def people(rng: np.random.Generator, count: int) -> dict[str, np.ndarray]:
    """What is known before."""
    return {
        "age": rng.integers(18, 90, count),
        "recency": rng.exponential(30.0, count),
        "orders": rng.poisson(3.0, count),
        "spend_before": np.round(rng.lognormal(3.0, 1.0, count), 2),
        "city": CITIES[rng.integers(0, 4, count)],
        "is_member": rng.integers(0, 2, count),
        "visits": rng.poisson(1.0 + rng.gamma(1.0, 2.0, count)),
        "score": np.where(rng.random(count) < 0.05, np.nan, rng.normal(size=count)),
        "noise_a": rng.normal(size=count),
        "noise_b": rng.random(count),
    }


def draw(kind: str, number: int, count: int, *, seed: int) -> World:
    """One world; `kind` one of KINDS, `number` says which of them."""
    rng = np.random.default_rng([seed, KINDS.index(kind), number])
    x = people(rng, count)
    share = 0.5 if kind != "null" or number % 2 else 0.8
    treated = rng.random(count) < share
    log_odds = -2.0 + 0.3 * (x["orders"] - 3.0) / 1.7 - 0.01 * (x["recency"] - 30.0) + 0.4 * x["is_member"]
    base = np.clip(1.0 / (1.0 + np.exp(-log_odds + 0.3 * (x["city"] == "Köln"))), 0.02, 0.8)
    value = 20.0
    if kind == "null":
        what = NULLS[number // 2 % 4]
        uplift = np.full(count, {"n": 0.0, "3": 0.03, "s": 0.0}[what[0]] + 0.6 * what.endswith("6 for everybody"))
        if what.startswith("spend"):
            basket = np.exp(2.5 + rng.normal(size=count)) * (rng.random(count) < base)
            return _world(x, treated, basket + treated * uplift, uplift, cost=0.6, value=1.0)
        return _world(x, treated, _draw(rng, base + treated * uplift), uplift, cost=0.03 * value, value=value)
    if kind in ("moderate", "pointless"):
        lean = 3.0 * (np.log(x["spend_before"]) - 3.0) + 0.9 * (x["visits"] - 3.0)
        uplift = 0.10 / (1.0 + np.exp(-lean)) if kind == "moderate" else 0.06 + 0.06 / (1.0 + np.exp(-lean))
        cost = 0.05 * value if kind == "moderate" else 0.03 * value
        return _world(x, treated, _draw(rng, base + treated * uplift), uplift, cost=cost, value=value)
    reversed_ = np.where(x["is_member"] == 1, 1.0, -1.0)
    uplift = 0.15 * np.tanh((x["age"] - 54.0) / 15.0) * reversed_ + 0.03 * (x["orders"] > 3)
    chance = np.clip(base + 0.1 + treated * uplift, 0.001, 0.999)
    uplift = np.clip(base + 0.1 + uplift, 0.001, 0.999) - np.clip(base + 0.1, 0.001, 0.999)
    return _world(x, treated, _draw(rng, chance), uplift, cost=0.03 * value, value=value)


def _draw(rng: np.random.Generator, chance: np.ndarray) -> np.ndarray:
    return (rng.random(chance.size) < chance).astype(np.int64)


def _world(
    x: dict[str, np.ndarray],
    treated: np.ndarray,
    outcome: np.ndarray,
    uplift: np.ndarray,
    *,
    cost: float,
    value: float,
) -> World:
    columns = {"person_id": np.arange(treated.size), **x}
    frame = pl.DataFrame({**columns, "arm": np.where(treated, "mail", "none"), "outcome": outcome})
    return World(frame.with_columns(pl.col("score").fill_nan(None)), uplift, cost, value)
