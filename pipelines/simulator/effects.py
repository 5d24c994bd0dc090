"""The truth about every action: what it changes for every person, and what everybody is worth, exactly.

Effects are those of a message that is sent; whether it may be sent is in `is_allowed`.
"""

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import polars as pl

from pipelines.simulator.calendar import to_date
from pipelines.simulator.contacts import channel_numbers, department_numbers
from pipelines.simulator.expected import Expectation, expected
from pipelines.simulator.randomness import Floats
from pipelines.simulator.response import ANY_DEPARTMENT, Response, respond
from pipelines.simulator.scenario import CHANNELS, CLASSES
from pipelines.simulator.world import World

DEPTHS = (0.0, 0.1, 0.2)


def standard_treatments() -> pl.DataFrame:
    """The treatments whose effects are written down: every channel, without an offer and with two depths."""
    rows = [
        {"treatment_id": f"{channel}-{depth:g}", "channel": channel, "offer_depth": depth, "category": None}
        for channel in CHANNELS
        for depth in DEPTHS
    ]
    return pl.DataFrame(rows, schema_overrides={"category": pl.String, "offer_depth": pl.Float64})


def true_effects(world: World, treatments: pl.DataFrame, rows: np.ndarray | None = None) -> pl.DataFrame:
    """What each treatment, given on the morning of the world's next day, changes over the response window.

    Takes     treatments: treatment_id, channel, offer_depth, category (null or a department), one row each;
              rows: people, ascending, none of whom has left; None: everybody who is still here and has joined.
    Returns   one row per (person, treatment_id): as_of_date; responder; is_allowed; buy_probability_without and _with,
              sales_, margin_ and discount_ _without and _with in units of the currency, before returns; their
              difference in buy_probability as uplift, and in margin as margin_uplift. f64, not rounded.
    """
    rows = people_here(world) if rows is None else rows
    named = [np.full(len(rows), department) for department in department_numbers(treatments)]
    return _compared(world, rows, treatments, named)


def effects_of(world: World, candidates: pl.DataFrame) -> pl.DataFrame:
    """The same for what each person could get, given on the morning of the world's next day.

    Takes     candidates: one row per person and treatment_id: channel and offer_depth, the same for everybody;
              category, each person's own: a department or null.
    Returns   as `true_effects`, one row per candidate whose person is still here.
    """
    here = candidates.filter(pl.col("person").is_in(people_here(world))).sort("treatment_id", "person")
    rows = here["person"].unique().sort().to_numpy()
    treatments = here.unique("treatment_id", keep="first", maintain_order=True)
    named = []
    for name in treatments["treatment_id"]:
        own = here.filter(treatment_id=name)
        department = np.full(len(rows), ANY_DEPARTMENT)
        department[np.searchsorted(rows, own["person"].to_numpy())] = department_numbers(own)
        named.append(department)
    found = _compared(world, rows, treatments, named)
    return found.join(here, on=["person", "treatment_id"], how="semi", maintain_order="left")


def _compared(world: World, rows: np.ndarray, treatments: pl.DataFrame, named: list[np.ndarray]) -> pl.DataFrame:
    """Every treatment for everybody against none; named: each treatment's department, per person."""
    state = world.state
    before = state.response.take(rows)
    each = [treatments[place] for place in range(treatments.height)]
    paths = [before] + [_after(world, rows, before, one, its) for one, its in zip(each, named, strict=True)]
    window = world.scenario.effects.response_days
    (without,), *reached = expected(world.hazards, rows, state.last_day[rows], state.day, [window], paths)
    pairs = zip(each, [one for (one,) in reached], strict=True)
    frames = [_frame(world, rows, one, without, _bounced(world, one, without, it)) for one, it in pairs]
    none = _frame(
        world, rows[:0], standard_treatments()[:1], *[_no_one(without)] * 2
    ).clear()  # also without treatments
    return pl.concat([none, *frames]).sort("person", "treatment_id")


def true_values(world: World, horizons: Collection[int], rows: np.ndarray | None = None) -> pl.DataFrame:
    """What everybody is worth from the world's next day on, if nobody is contacted.

    Returns   one row per person and horizon, sorted: as_of_date, horizon_days, buy_probability, sales and margin in
              units of the currency (before returns), alive_probability at the horizon's end.
    """
    state, ends = world.state, sorted(set(horizons))
    rows = people_here(world) if rows is None else rows
    (each,) = expected(world.hazards, rows, state.last_day[rows], state.day, ends, [state.response.take(rows)])
    values = [_values(state.day, rows, days, one) for days, one in zip(ends, each, strict=True)]
    return pl.concat(values).sort("person", "horizon_days")


def _values(day: int, rows: np.ndarray, days: int, one: Expectation) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "as_of_date": [to_date(day)] * len(rows),
            "person": rows,
            "horizon_days": np.full(len(rows), days),
            "buy_probability": one.buy_probability,
            "sales": one.sales / 100,
            "margin": one.margin / 100,
            "alive_probability": one.alive_probability,
        }
    )


def people_here(world: World) -> np.ndarray:
    """Everybody who has joined and not left."""
    return np.flatnonzero(world.state.is_here & (world.people.joined_day <= world.state.day))


def _no_one(one: Expectation) -> Expectation:
    return Expectation(*(getattr(one, name)[:0] for name in Expectation.__slots__))


def _after(
    world: World, rows: np.ndarray, before: Response, treatment: pl.DataFrame, department: np.ndarray
) -> Response:
    """The state of people whom a treatment has reached."""
    count = len(rows)
    return respond(
        world.people,
        rows,
        before,
        world.state.day,
        world.scenario.effects,
        channel=np.full(count, channel_numbers(treatment)[0]),
        depth=np.full(count, treatment["offer_depth"][0]),
        department=department,
    )


def _bounced(world: World, treatment: pl.DataFrame, without: Expectation, reached: Expectation) -> Expectation:
    """A message that is sent reaches its person unless it bounces."""
    bounce = world.scenario.effects.channels[treatment["channel"][0]].bounce
    return reached.mixed(without, np.full(len(without.margin), bounce))


def _frame(
    world: World, rows: np.ndarray, treatment: pl.DataFrame, without: Expectation, with_it: Expectation
) -> pl.DataFrame:
    money = {
        f"{name}_{side}": getattr(one, name) / 100
        for name in ("sales", "margin", "discount")
        for side, one in (("without", without), ("with", with_it))
    }
    columns: dict[str, Floats | list[object]] = {
        "buy_probability_without": without.buy_probability,
        "buy_probability_with": with_it.buy_probability,
        "uplift": with_it.buy_probability - without.buy_probability,
        "margin_uplift": (with_it.margin - without.margin) / 100,
        **money,
    }
    return pl.DataFrame(
        {
            "as_of_date": pl.Series([to_date(world.state.day)] * len(rows), dtype=pl.Date),
            "person": rows,
            "treatment_id": pl.Series([treatment["treatment_id"][0]] * len(rows), dtype=pl.String),
            "responder": np.array(CLASSES, dtype=object)[world.people.responder[rows]],
            "is_allowed": world.state.consent[rows, channel_numbers(treatment)[0]],
            **columns,
        },
        schema_overrides={"responder": pl.String},
    )


def copies(world: World, rows: np.ndarray, count: int) -> World:
    """A world of `count` copies of each of some people, all in the state they are in: its draws are replicates.

    Returns   a world whose person number p is a copy of rows[p // count].
    """
    again = object.__new__(World)
    chosen = np.repeat(rows, count)
    again.scenario, again.market = world.scenario, world.market
    again.people = world.people.take(chosen)
    again.hazards = type(world.hazards)(world.scenario, again.people, world.market)
    again.consents = type(world.consents)(world.scenario, again.people)
    again.aftermath = type(world.aftermath)(world.scenario, again.people)
    state = world.state
    again.state = replace(
        state,
        is_here=state.is_here[chosen],
        last_day=state.last_day[chosen],
        response=state.response.take(chosen),
        consent=state.consent[chosen],
    )
    return again
