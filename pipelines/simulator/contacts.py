"""Contacts: who is really reached, what people do with a message, and who wants no more of them."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from ml.errors import ContractError
from pipelines.simulator.categories import DEPARTMENTS
from pipelines.simulator.people import People
from pipelines.simulator.randomness import uniform
from pipelines.simulator.response import ANY_DEPARTMENT, SLEEPING_DOG, Response, fatigue_on, respond
from pipelines.simulator.scenario import CHANNELS, Scenario

TREATMENTS = {
    "person": pl.Int64,
    "treatment_id": pl.String,
    "channel": pl.String,
    "offer_depth": pl.Float64,
    "category": pl.String,
}
OUTCOMES = ("delivered", "opened", "clicked", "bounced", "unsubscribed", "complained")


def no_treatments() -> pl.DataFrame:
    """Nobody is contacted."""
    return pl.DataFrame(schema=TREATMENTS)


def checked(treatments: pl.DataFrame, people: int) -> pl.DataFrame:
    """Treatments with the right columns, sorted by person.

    Raises    ContractError if a column is missing, a value unknown, or a person stands twice.
    """
    missing = [name for name in TREATMENTS if name not in treatments.columns]
    if missing:
        raise ContractError(f"treatments: expected columns {list(TREATMENTS)}, missing {missing}.")
    frame = treatments.select(pl.col(name).cast(kind) for name, kind in TREATMENTS.items()).sort("person")
    wrong = {
        "person (a number of this world)": ~pl.col("person").is_between(0, people - 1),
        f"channel (one of {', '.join(CHANNELS)})": ~pl.col("channel").is_in(CHANNELS),
        "offer_depth (0..1)": ~pl.col("offer_depth").is_between(0, 1),
        f"category (null or one of {', '.join(DEPARTMENTS)})": ~pl.col("category")
        .fill_null(DEPARTMENTS[0])
        .is_in(DEPARTMENTS),
        "person (at most one contact a day)": pl.col("person").is_duplicated(),
    }
    for said, test in wrong.items():
        found = frame.filter(test.fill_null(True))
        if found.height:
            raise ContractError(f"treatments: {said}: {found.height} rows break this, first: {found.row(0)}.")
    return frame


@dataclass(frozen=True, slots=True)
class Contacted:
    """What became of a day's treatments."""

    contacts: pl.DataFrame  # treatments with is_sent and one column per outcome
    response: Response
    consent: np.ndarray  # [person, channel]


def contact(
    scenario: Scenario,
    people: People,
    treatments: pl.DataFrame,
    day: int,
    response: Response,
    consent: np.ndarray,
    alive: np.ndarray,
) -> Contacted:
    """Send, deliver, and let people answer. Who has not consented on the channel is not sent anything."""
    person = treatments["person"].to_numpy()
    channel = channel_numbers(treatments)
    is_sent = consent[person, channel] & (people.joined_day[person] <= day)
    rows, via = person[is_sent], channel[is_sent]
    outcome = _outcomes(scenario, people, response, rows, via, day, alive)
    reached = outcome["delivered"]
    after = respond(
        people,
        rows[reached],
        response.take(rows[reached]),
        day,
        scenario.effects,
        channel=via[reached],
        depth=treatments["offer_depth"].to_numpy()[is_sent][reached],
        department=department_numbers(treatments)[is_sent][reached],
    )
    drawn = uniform(scenario.seed, "redeems", rows[reached], day) < after.redeem_chance
    after = replace(after, redeem_chance=drawn.astype(np.float64))
    left = consent.copy()
    left[rows[outcome["unsubscribed"]], via[outcome["unsubscribed"]]] = False
    columns = {"is_sent": is_sent} | {name: _spread(is_sent, outcome[name]) for name in OUTCOMES}
    return Contacted(
        treatments.with_columns(pl.Series(name, values) for name, values in columns.items()),
        response.put(rows[reached], after),
        left,
    )


def channel_numbers(treatments: pl.DataFrame) -> np.ndarray:
    """Each treatment's place in CHANNELS."""
    return treatments["channel"].replace_strict(list(CHANNELS), range(len(CHANNELS)), return_dtype=pl.Int64).to_numpy()


def department_numbers(treatments: pl.DataFrame) -> np.ndarray:
    """Each treatment's department, ANY_DEPARTMENT if none is named."""
    named = treatments["category"].replace_strict(
        list(DEPARTMENTS), range(len(DEPARTMENTS)), return_dtype=pl.Int64, default=None
    )
    return named.fill_null(ANY_DEPARTMENT).to_numpy()


def _outcomes(
    scenario: Scenario,
    people: People,
    response: Response,
    rows: np.ndarray,
    channel: np.ndarray,
    day: int,
    alive: np.ndarray,
) -> dict[str, np.ndarray]:
    """Who does what with a message; the tired and the sleeping dogs unsubscribe more, the gone hardly react."""

    def happens(name: str, factor: np.ndarray | float = 1.0) -> np.ndarray:
        rate = np.array([getattr(scenario.effects.channels[one], name) for one in CHANNELS])[channel]
        return np.asarray(uniform(scenario.seed, f"message {name}", rows, day) < rate * factor)

    keen = people.responsiveness[rows, channel] * np.where(alive[rows], 1.0, 0.3)
    tired = fatigue_on(response.take(rows), day, scenario.effects)
    cross = np.where(people.responder[rows] == SLEEPING_DOG, 3.0, 0.8) * (1 + 4 * tired)
    bounced = happens("bounce")
    opened = ~bounced & happens("opened", keen)
    return {
        "delivered": ~bounced,
        "bounced": bounced,
        "opened": opened,
        "clicked": opened
        & (uniform(scenario.seed, "message clicked", rows, day) < _click_share(scenario, channel) * keen),
        "unsubscribed": ~bounced & happens("unsubscribed", cross),
        "complained": ~bounced & happens("complained", cross),
    }


def _click_share(scenario: Scenario, channel: np.ndarray) -> np.ndarray:
    """Clicks among those who opened."""
    effects = [scenario.effects.channels[one] for one in CHANNELS]
    return np.asarray(np.array([one.clicked / one.opened if one.opened else 0.0 for one in effects])[channel])


def _spread(is_sent: np.ndarray, values: np.ndarray) -> np.ndarray:
    result = np.zeros(len(is_sent), dtype=bool)
    result[is_sent] = values
    return result
