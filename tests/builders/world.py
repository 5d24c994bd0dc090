"""Small worlds, and what their copies live through: brute force for the truth to be compared with."""

from functools import cache

import numpy as np
import polars as pl

from pipelines.simulator.effects import copies
from pipelines.simulator.scenario import load_scenario
from pipelines.simulator.world import World


def lived(scenario="tiny", *, days, **changes):
    """A world after some days of its habitual campaigns."""
    world = World(load_scenario(scenario, **changes))
    for _ in range(days):
        world.step(world.next_day, world.habitual_treatments(world.next_day))
    return world


def small(scenario, **changes):
    """A scenario at the size of `tiny`."""
    size = {"people": 300, "stores": 3, "products_per_category": 6, "days": 28, "value_horizon_days": 28}
    return load_scenario(scenario, **(size | changes))


@cache
def tiny_world():
    """The tiny world after its history; not to be stepped."""
    return lived(days=28)


def treat(people, treatment):
    """Everybody gets the same treatment."""
    columns = {name: pl.lit(value, dtype=kind) for (name, value), kind in zip(treatment.items(), KINDS, strict=True)}
    return pl.DataFrame({"person": np.arange(people)}).with_columns(**columns)


KINDS = (pl.String, pl.String, pl.Float64, pl.String)


def replicate(world, rows, *, count, days, treatment=None):
    """What `count` copies of each of some people do.

    Returns   per person and copy: bought (0 or 1), margin and discount in units of the currency.
    """
    again = copies(world, rows, count)
    again.state.consent[:] = True
    lines = []
    for number in range(days):
        given = treat(len(again.people), treatment) if treatment and number == 0 else None
        lines.append(again.step(again.next_day, given).lines)
    margin = pl.col("units") * (pl.col("price_cents") - pl.col("cost_cents")) - pl.col("coupon_cents")
    sums = pl.concat(lines).group_by("person").agg(margin=margin.sum(), discount=pl.col("coupon_cents").sum())
    result = {name: np.zeros(len(again.people)) for name in ("bought", "margin", "discount")}
    who = sums["person"].to_numpy()
    result["bought"][who] = 1
    for name in ("margin", "discount"):
        result[name][who] = sums[name].to_numpy() / 100
    return {name: values.reshape(len(rows), count) for name, values in result.items()}
