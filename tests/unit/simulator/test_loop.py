"""The closed loop: the world goes on as if it had never stopped, and everybody gets what the files say."""

import hashlib
from dataclasses import fields

import numpy as np
import polars as pl
import pytest

from ml.errors import ContractError
from pipelines.exports.csv_text import csv_bytes
from pipelines.exports.layout import AUDIENCE_COLUMNS
from pipelines.night import ledger_of
from pipelines.settings import load_settings
from pipelines.simulator.effects import effects_of, true_effects
from pipelines.simulator.loop import answered_nights, live_on, take_up, write_truth_of_people
from pipelines.simulator.scenario import load_scenario
from pipelines.simulator.settings_file import write_settings
from pipelines.simulator.simulate import Recorder, begin_history, simulate_history
from pipelines.simulator.world import World

DAYS = 6


def silent(done, total):
    pass


def lived(home, days=DAYS):
    """A small home with a history."""
    scenario = load_scenario("tiny", days=days)
    write_settings(scenario, home)
    simulate_history(scenario, home, silent)
    return load_settings(home)


@pytest.fixture
def settings(tmp_path):
    return lived(tmp_path / "home")


def release(settings, day, channel, rows):
    """An audience as a night releases it."""
    folder = settings.folder("exports") / f"as_of_date={day}" / channel
    folder.mkdir(parents=True)
    empty = {"id": "x", "text": "", "number": 1, "date": day}
    filled = [tuple(row.get(name, empty[kind]) for name, kind in AUDIENCE_COLUMNS) for row in rows]
    (folder / "audience.csv").write_bytes(csv_bytes(AUDIENCE_COLUMNS, filled))


def state_of(world):
    state = world.state
    response = [getattr(state.response, one.name) for one in fields(state.response)]
    return [np.array(state.day), state.is_here, state.last_day, state.consent, *response]


def files_of(home, day):
    paths = [*home.glob(f"landing/*/*/delivered_date={day}/*"), *home.glob(f"truth/*/{day}.parquet")]
    return {path.relative_to(home).as_posix(): path.read_bytes() for path in paths}


def test_a_world_taken_up_again_is_the_one_that_was_left(settings):
    scenario = load_scenario("tiny", days=DAYS)
    world = World(scenario)
    for _ in range(DAYS):
        world.step(world.next_day, world.habitual_treatments(world.next_day))
    again = take_up(settings.home, silent).world
    assert all((one == other).all() for one, other in zip(state_of(world), state_of(again), strict=True))


def test_the_systems_remember_coupons_and_open_tickets_as_if_they_had_never_stopped(tmp_path):
    days = 25
    going_on = Recorder(World(load_scenario("tiny", days=days)), tmp_path / "other")
    for _ in range(days):
        day = going_on.world.next_day
        going_on.record(going_on.world.step(day, going_on.world.habitual_treatments(day)))
    going_on.finish()
    again = take_up(lived(tmp_path / "home", days).home, silent).systems
    assert going_on.systems.last_treatment.null_count() < 300
    assert again.last_treatment.equals(going_on.systems.last_treatment, null_equal=True)
    opened = going_on.systems.open_tickets
    assert opened.keys() == again.open_tickets.keys() != set()
    assert all(pl.concat(opened[day]).equals(pl.concat(again.open_tickets[day])) for day in opened)


def test_stopping_between_two_days_changes_no_file_of_the_next(settings, tmp_path):
    other = lived(tmp_path / "other")
    going_on = take_up(settings.home, silent)
    for each in (settings, other):
        release(each, going_on.world.next_day, "email", [contact("x", 0.1)])
    first = live_on(going_on, settings)
    second = live_on(going_on, settings)
    going_on.finish()
    for _ in range(2):
        fresh = take_up(other.home, silent)
        live_on(fresh, other)
        fresh.finish()
    for day in (first.day, second.day):
        assert files_of(other.home, day) == files_of(settings.home, day) != {}


def test_going_on_right_after_history_changes_no_file_of_the_next_days(settings, tmp_path):
    scenario, other = load_scenario("tiny", days=DAYS), tmp_path / "other"
    write_settings(scenario, other)
    summary, going_on = begin_history(scenario, other, silent)
    assert summary.is_new
    taken_up = take_up(settings.home, silent)
    for recorder, each in ((going_on, load_settings(other)), (taken_up, settings)):
        days = [live_on(recorder, each).day for _ in range(2)]
        recorder.finish()
    assert all(files_of(other, day) == files_of(settings.home, day) != {} for day in days)
    assert begin_history(scenario, other, silent)[1] is None


def test_what_people_are_worth_is_told_again_when_a_week_has_passed(settings):
    recorder, values = take_up(settings.home, silent), settings.folder("truth") / "values"
    days = []
    for _ in range(9):
        before = set(values.iterdir())
        write_truth_of_people(recorder)
        days.append(len(set(values.iterdir()) - before))
        live_on(recorder, settings)
    recorder.finish()
    assert days == [0] * 7 + [1, 0]  # history told it for the first day
    first, again = (pl.read_parquet(path) for path in sorted(values.iterdir()))
    horizons = {28, recorder.world.scenario.value_horizon_days}
    assert set(first["horizon_days"]) == set(again["horizon_days"]) == horizons


def test_each_row_is_brought_to_the_person_whose_number_it_names(settings):
    recorder = take_up(settings.home, silent)
    systems, day = recorder.systems, recorder.world.next_day
    records = systems.records.records.unique("person", keep="first", maintain_order=True).head(3)
    guest = int(np.setdiff1d(np.arange(300), records["person"].to_numpy())[0])
    address = systems.identities["email"][guest]
    rows = [contact(key, 0.1) for key in records["record_key"]]
    rows[0]["department_name"] = "PRODUCE"
    rows[1]["department_name"] = "a department that this retailer does not have"
    rows.append(contact(hashlib.sha256(f"email:{address}".encode()).hexdigest(), 0.0))
    release(settings, day, "email", [*rows, contact("nobody", 0.1)])
    release(settings, day, "till_coupon", [contact(records["record_key"][0], 0.2)])
    answered = live_on(recorder, settings)
    recorder.finish()
    given = pl.read_parquet(settings.folder("truth") / "treatments" / f"{day}.parquet")
    assert sorted(given["person"]) == sorted([*records["person"], guest])
    assert set(given["channel"]) == {"email"}
    about = dict(given.select("person", "category").iter_rows())
    assert [about[person] for person in records["person"]] == ["PRODUCE", None, None]
    assert sorted(given["offer_depth"]) == [0.0, 0.1, 0.1, 0.1]
    assert (answered.row_count, answered.unknown_count, answered.repeated_count) == (6, 1, 1)
    assert answered.sent_count == given["is_sent"].sum()


def test_a_day_without_a_night_contacts_nobody_and_counts_as_lived(settings):
    recorder = take_up(settings.home, silent)
    answered = live_on(recorder, settings)
    recorder.finish()
    assert (answered.row_count, answered.sent_count) == (0, 0)
    assert take_up(settings.home, silent).world.next_day == recorder.world.next_day


def test_a_night_whose_day_was_not_lived_to_the_end_does_not_count_as_answered(settings):
    recorder = take_up(settings.home, silent)
    day = recorder.world.next_day
    seal = ledger_of(settings).path("nights", day)
    seal.parent.mkdir(parents=True)
    seal.write_bytes(b"")
    assert answered_nights(settings) == []
    live_on(recorder, settings)
    recorder.finish()
    assert answered_nights(settings) == [day]


def test_the_truth_of_candidates_is_that_of_the_same_treatment_for_everybody(settings):
    world = take_up(settings.home, silent).world
    one = {"treatment_id": "t", "channel": "email", "offer_depth": 0.1, "category": "PRODUCE"}
    of_everybody = true_effects(world, pl.DataFrame([one]))
    whole = of_everybody.select("person").with_columns(pl.lit(value).alias(name) for name, value in one.items())
    some = whole.filter(pl.col("person") % 3 == 0)
    plain = some.with_columns(treatment_id=pl.lit("u"), category=pl.lit(None, dtype=pl.String))
    found = effects_of(world, pl.concat([some, plain]))
    assert found.height == 2 * some.height
    assert found.filter(treatment_id="t").equals(of_everybody.filter(pl.col("person") % 3 == 0))
    without = found.filter(treatment_id="u")["margin_with"]
    assert (without != found.filter(treatment_id="t")["margin_with"]).any()
    assert effects_of(world, whole.clear()).is_empty()


def test_a_home_that_was_not_simulated_is_refused(tmp_path):
    with pytest.raises(ContractError, match="nightmarket simulate"):
        take_up(tmp_path, silent)


def contact(reference, rate):
    return {"household_id": reference, "treatment_id": "t", "discount_rate": rate}
