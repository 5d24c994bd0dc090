"""A world goes day by day, answers treatments, and says what it cannot take."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from ml.errors import ContractError
from pipelines.simulator.contacts import no_treatments
from pipelines.simulator.scenario import CHANNELS
from pipelines.simulator.world import World
from tests.builders.world import lived, small, treat

FIRST = date(2025, 1, 6)
EMAIL = {"treatment_id": "t", "channel": "email", "offer_depth": 0.1, "category": None}


def facts_of(seed, days=3):
    """The first days' facts of the tiny world."""
    world = World.from_scenario("tiny", seed=seed)
    return [world.step(FIRST + timedelta(days=number), no_treatments()) for number in range(days)]


def test_the_same_seed_gives_the_same_days_and_another_seed_others():
    one, two, other = facts_of(1), facts_of(1), facts_of(2)
    assert all(a.lines.equals(b.lines) and a.sessions.equals(b.sessions) for a, b in zip(one, two, strict=True))
    assert not one[0].lines.equals(other[0].lines)


@pytest.mark.parametrize("day", [FIRST - timedelta(days=1), FIRST + timedelta(days=1)])
def test_a_day_out_of_turn_is_refused(day):
    with pytest.raises(ContractError, match="expected 2025-01-06, got"):
        World.from_scenario("tiny").step(day)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"channel": "pigeon"}, "channel"),
        ({"offer_depth": 1.5}, "offer_depth"),
        ({"offer_depth": None}, "offer_depth"),
        ({"category": "NOTHING"}, "category"),
    ],
)
def test_a_treatment_that_is_none_is_refused(change, said):
    with pytest.raises(ContractError, match=f"treatments: {said}"):
        World.from_scenario("tiny").step(FIRST, treat(3, EMAIL | change))


@pytest.mark.parametrize("people", [[0, 0], [300], [-1]])
def test_a_treatment_of_nobody_or_of_one_twice_is_refused(people):
    frame = treat(len(people), EMAIL).with_columns(person=pl.Series(people))
    with pytest.raises(ContractError, match="treatments: person"):
        World.from_scenario("tiny").step(FIRST, frame)


def test_a_missing_column_is_named():
    with pytest.raises(ContractError, match="missing \\['category'\\]"):
        World.from_scenario("tiny").step(FIRST, treat(3, EMAIL).drop("category"))


def test_nobody_is_sent_a_message_without_consent():
    world = World.from_scenario("tiny")
    allowed = world.state.consent[:, CHANNELS.index("email")].copy()
    contacts = world.step(FIRST, treat(300, EMAIL)).contacts
    sent = contacts["is_sent"].to_numpy()
    assert not (sent & ~allowed).any()
    assert sent.any()
    assert not contacts.filter(~pl.col("is_sent"))["delivered"].any()


def test_who_unsubscribes_gets_no_more():
    world = World.from_scenario("tiny")
    effects = world.scenario.effects
    eager = effects.channels["email"].model_copy(update={"unsubscribed": 0.5})
    changed = effects.model_copy(update={"channels": effects.channels | {"email": eager}})
    world = World(world.scenario.model_copy(update={"effects": changed}))
    first = world.step(FIRST, treat(300, EMAIL)).contacts
    second = world.step(FIRST + timedelta(days=1), treat(300, EMAIL)).contacts
    left = first.filter("unsubscribed")["person"]
    assert len(left) > 20
    assert not second.filter(pl.col("person").is_in(left.to_list()))["is_sent"].any()


def test_nobody_shops_before_he_joins_or_after_he_has_left():
    world = World(small("default", days=40))
    gone = set()
    for number in range(40):
        facts = world.step(world.next_day)
        gone |= set(facts.gone.tolist())
        person = facts.baskets["person"].to_numpy()
        assert (world.people.joined_day[person] <= world.scenario.first_day_number + number).all()
        assert not gone & set(person.tolist())


def test_a_coupon_is_used_once_and_only_in_its_window():
    world = World.from_scenario("tiny")
    coupon = EMAIL | {"offer_depth": 0.2, "channel": "till_coupon"}
    lines = []
    for number in range(24):
        facts = world.step(world.next_day, treat(300, coupon) if number == 0 else None)
        lines.append(facts.lines.with_columns(number=pl.lit(number)))
    used = pl.concat(lines).filter(pl.col("coupon_cents") > 0)
    assert used.height > 20
    assert used["number"].max() < world.scenario.effects.response_days
    assert used.group_by("person").agg(pl.col("number").n_unique())["number"].max() == 1


def test_a_need_that_was_met_is_not_due_the_next_day():
    world = lived("tiny", days=20)
    clockwork = 13  # baby: shape 4
    bought = np.flatnonzero(world.state.last_day[:, clockwork] == world.state.day - 1)
    age = world.state.day - world.state.last_day[bought]
    due = world.hazards.dueness(bought, age)[:, clockwork]
    later = world.hazards.dueness(bought, age + 15)[:, clockwork]
    assert (due < 0.2 * later).all()


def test_a_crisis_empties_the_shelves_of_its_departments():
    calm, crisis = World(small("default")), World(small("stock_crisis"))
    day = calm.scenario.first_day_number + 125
    share = [one.market.day(day).is_available.mean() for one in (calm, crisis)]
    assert share[1] < share[0] - 0.05
    before = calm.scenario.first_day_number + 3
    assert (calm.market.day(before).is_available == crisis.market.day(before).is_available).all()


def test_a_wave_takes_its_share_of_consents_on_its_day():
    world = World(small("consent_wave", consent={"wave_day": 2, "wave_share": 0.33}))
    before = world.state.consent.sum()
    for _ in range(2):
        world.step(world.next_day)
    calm = world.state.consent.sum()
    changes = world.step(world.next_day).consent_changes
    assert calm > 0.98 * before
    assert 0.2 < changes.filter(reason="wave").height / calm < 0.45
    assert world.state.consent.sum() < 0.8 * calm
