"""The truth in closed form is what happens: brute force over copies of people agrees for every treatment."""

import numpy as np
import polars as pl
import pytest

from pipelines.simulator.effects import people_here, standard_treatments, true_effects, true_values
from pipelines.simulator.world import World
from tests.builders.world import lived, replicate, small, tiny_world

COPIES = 900
PEOPLE = 40
NAMED = {"treatment_id": "produce", "channel": "email", "offer_depth": 0.2, "category": "PRODUCE"}
KINDS = [*standard_treatments().iter_rows(named=True), NAMED]


def deviations(seen, expected):
    """Standard errors between the mean over copies and the expectation, per person."""
    error = seen.std(axis=1) / np.sqrt(seen.shape[1])
    return (seen.mean(axis=1) - expected) / np.maximum(error, 1e-3)


def share_deviations(seen, expected):
    """The same for shares of copies that bought: the error is the binomial's."""
    error = np.sqrt(expected * (1 - expected) / seen.shape[1])
    return (seen.mean(axis=1) - expected) / np.maximum(error, 1e-4)


def agrees(z):
    """No person is far off, and together they are as far off as chance makes them."""
    return bool(np.abs(z).max() < 5 and np.sqrt((z**2).mean()) < 1.4)


@pytest.fixture(scope="module")
def truth():
    """Effects of every kind on some people."""
    world = tiny_world()
    rows = people_here(world)[:PEOPLE]
    return world, rows, true_effects(world, pl.DataFrame(KINDS), rows)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["treatment_id"])
def test_brute_force_agrees_with_the_truth_about_a_treatment(truth, kind):
    world, rows, table = truth
    seen = replicate(world, rows, count=COPIES, days=world.scenario.effects.response_days, treatment=kind)
    mine = table.filter(treatment_id=kind["treatment_id"])
    assert agrees(share_deviations(seen["bought"], mine["buy_probability_with"].to_numpy()))
    assert agrees(deviations(seen["margin"], mine["margin_with"].to_numpy()))
    assert agrees(deviations(seen["discount"], mine["discount_with"].to_numpy()))


def test_brute_force_agrees_with_the_truth_about_doing_nothing(truth):
    world, rows, table = truth
    seen = replicate(world, rows, count=COPIES, days=world.scenario.effects.response_days)
    mine = table.filter(treatment_id="produce")
    assert agrees(share_deviations(seen["bought"], mine["buy_probability_without"].to_numpy()))
    assert agrees(deviations(seen["margin"], mine["margin_without"].to_numpy()))


def test_brute_force_agrees_with_the_value_over_a_longer_horizon():
    world = tiny_world()
    rows = people_here(world)[:PEOPLE]
    seen = replicate(world, rows, count=300, days=45)
    value = true_values(world, [45], rows)
    assert agrees(deviations(seen["margin"], value["margin"].to_numpy()))
    assert agrees(share_deviations(seen["bought"], value["buy_probability"].to_numpy()))


def test_a_wrong_truth_would_be_noticed(truth):
    world, rows, table = truth
    days = world.scenario.effects.response_days
    seen = replicate(world, rows, count=COPIES, days=days, treatment=KINDS[8])
    without = table.filter(treatment_id=KINDS[8]["treatment_id"])
    assert not agrees(share_deviations(seen["bought"], without["buy_probability_without"].to_numpy()))
    assert not agrees(deviations(seen["margin"], without["margin_without"].to_numpy()))


def test_without_effects_no_contact_changes_a_purchase():
    world = lived_small("no_effect")
    table = true_effects(world, standard_treatments())
    assert table["uplift"].abs().max() == 0
    assert (table["sales_with"] - table["sales_without"]).abs().max() < 1e-9
    spared = (table["margin_uplift"] + table["discount_with"] - table["discount_without"]).abs().max()
    assert spared < 1e-9  # what is left of the margin's change is the coupon's price


def test_without_heterogeneity_a_contact_does_the_same_to_everybody():
    world = lived_small("no_heterogeneity")
    rested = np.flatnonzero((world.state.response.started_day < 0) & world.state.is_here)
    table = true_effects(world, standard_treatments(), rested)
    spread = table.group_by("treatment_id").agg(
        uplift=pl.col("uplift").max() - pl.col("uplift").min(),
        margin=pl.col("margin_uplift").max() - pl.col("margin_uplift").min(),
        size=pl.col("uplift").mean(),
    )
    assert len(rested) > 20
    assert spread["uplift"].max() < 1e-12
    assert spread["margin"].max() < 1e-9
    assert spread["size"].min() > 0


def test_sure_buyers_and_lost_causes_are_not_moved_and_sleeping_dogs_are_put_off():
    world = lived("tiny", days=1, people=2_000)
    rested = np.flatnonzero((world.state.response.started_day < 0) & (world.people.joined_day <= world.state.day))
    email = standard_treatments().filter(treatment_id="email-0")
    table = true_effects(world, email, rested[world.state.is_here[rested]])
    by = {name: one["uplift"] for (name,), one in table.partition_by("responder", as_dict=True).items()}
    # a message that tires makes leaving a little likelier for everybody
    assert by["sure_buyer"].is_between(-1e-2, 0).all()
    assert by["lost_cause"].is_between(-1e-2, 0).all()
    assert (by["sleeping_dog"] <= 0).all()
    assert by["sleeping_dog"].mean() < -0.01
    assert by["persuadable"].mean() > 0.01


def test_a_contact_changes_nobody_but_the_contacted():
    first, second = lived(days=5), lived(days=5)
    contacted = np.flatnonzero(first.state.consent[:, 0])[:20]
    given = pl.DataFrame(
        {
            "person": contacted,
            "treatment_id": ["t"] * 20,
            "channel": ["email"] * 20,
            "offer_depth": [0.2] * 20,
            "category": pl.Series([None] * 20, dtype=pl.String),
        }
    )
    differs = set()
    for number in range(14):
        one = first.step(first.next_day, given if number == 0 else None).lines
        two = second.step(second.next_day, None).lines
        assert one.filter(~pl.col("person").is_in(contacted.tolist())).equals(
            two.filter(~pl.col("person").is_in(contacted.tolist()))
        )
        differs |= {number} if not one.equals(two) else set()
    assert differs


def lived_small(name):
    """A scenario at the size of tiny, after two weeks."""
    world = World(small(name))
    for _ in range(14):
        world.step(world.next_day, world.habitual_treatments(world.next_day))
    return world


def test_a_tired_person_reacts_less_and_rest_mends_it():
    world = lived("tiny", days=1)
    rows = people_here(world)[:50]
    email = standard_treatments().filter(treatment_id="email-0.1")
    fresh = true_effects(world, email, rows)["uplift"].to_numpy()
    world.state.response.fatigue[:] = 0.8
    world.state.response.fatigue_day[:] = world.state.day
    tired = true_effects(world, email, rows)["uplift"].to_numpy()
    world.state.response.fatigue_day[:] = world.state.day - 140
    rested = true_effects(world, email, rows)["uplift"].to_numpy()
    likes = world.people.responder[rows] == 1
    assert (tired[likes] < fresh[likes]).all()
    assert np.abs(rested - fresh)[likes].max() < 1e-3
