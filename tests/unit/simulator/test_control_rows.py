"""Whom a campaign's lot left out is told, in rows of its own, and nothing else of a history is another for it."""

import gzip
import json

import polars as pl
import pytest

from pipelines.simulator.simulate import simulate_history
from pipelines.simulator.sources.messaging import CONTROL
from pipelines.simulator.world import World
from tests.builders.world import small
from tests.unit.simulator.test_history_files import digests

DAYS = 10


@pytest.fixture(scope="module")
def homes(tmp_path_factory):
    """The same history with and without the rows."""
    told, untold = (tmp_path_factory.mktemp(name) for name in ("told", "untold"))
    scenario = small("default", days=DAYS)
    simulate_history(scenario, told, lambda done, total: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(World, "habitual_controls", lambda world, day: world._drawn(day).drop("is_chosen").clear())
        simulate_history(scenario, untold, lambda done, total: None)
    return told, untold


def lines(home):
    """Every line of the sender's files, by file."""
    paths = sorted((home / "landing" / "messaging").rglob("*.gz"))
    return {path.relative_to(home): gzip.decompress(path.read_bytes()).decode().splitlines() for path in paths}


def test_nothing_but_those_rows_is_another(homes):
    told, untold = homes
    changed = {name for name, sum_ in digests(told).items() if digests(untold).get(name) != sum_}
    assert digests(told).keys() == digests(untold).keys()
    assert all("messaging" in name or name == "landing/_simulator.json" for name in changed)
    left = {name: [line for line in all_ if CONTROL not in line] for name, all_ in lines(told).items()}
    assert left == lines(untold)


def test_both_arms_together_are_all_who_would_be_sent_a_campaign(homes):
    rows = [json.loads(line) for all_ in lines(homes[0]).values() for line in all_]
    by_campaign = pl.DataFrame(rows, infer_schema_length=None).filter(
        pl.col("event_type").str.ends_with("Send") | (pl.col("event_type") == CONTROL)
    )
    scenario = small("default", days=DAYS)
    world = World(scenario)
    seen = 0
    for _ in range(DAYS):
        day = world.next_day
        drawn = world._drawn(day)
        facts = world.step(day, world.habitual_treatments(day), world.habitual_controls(day))
        sent = facts.contacts.filter("is_sent").select("person", "treatment_id")
        left_out = facts.controls.select("person", "treatment_id")
        assert sent.join(left_out, on=["person", "treatment_id"]).is_empty()
        everybody = drawn.select("person", "treatment_id").unique()
        unsent = everybody.join(pl.concat([sent, left_out]), on=["person", "treatment_id"], how="anti")
        assert sent.height + left_out.height + unsent.height == everybody.height
        for name, count in pl.concat([sent, left_out]).group_by("treatment_id").len().iter_rows():
            assert by_campaign.filter(campaign_id=name).height == count
            seen += 1
    assert seen >= 3


def test_who_does_not_consent_or_has_not_joined_is_in_no_arm():
    world = World(small("default", days=DAYS))
    day = world.next_day
    while world.habitual_controls(day).is_empty():
        world.step(day)
        day = world.next_day
    asked = world.habitual_controls(day)
    world.people.joined_day[asked["person"][0]] = 10**6
    world.state.consent[asked["person"][1], :] = False
    facts = world.step(day, None, asked)
    assert not set(asked["person"][:2]) & set(facts.controls["person"])
    assert facts.controls.height > asked.height / 4
