"""For every guardrail: break exactly that one in the final files, and see the release stop by its name."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from ml.errors import GuardrailError
from pipelines.exports.gate import require_clean
from pipelines.exports.verify import BRONZE, CHECKS, CHECKS_DIR, SEEDS, needs_of, verify_exports
from tests.builders.broken_circumstances import BROKEN_CIRCUMSTANCES, OF_SOMEBODY_ELSE, what_may_be
from tests.builders.broken_files import BROKEN_FILES
from tests.builders.broken_rules import BROKEN_RULES, recorded, says, unread
from tests.builders.exports import (
    EARLIER,
    NIGHT,
    BuiltNight,
    build_night,
    clean_world,
    copy_night,
    export,
    goodbye,
    message,
)
from tests.builders.exports import SEEDS as TEST_SEEDS

PROJECT = Path(__file__).parents[3]


BREAKS = [*BROKEN_RULES, *BROKEN_CIRCUMSTANCES, *BROKEN_FILES]


@pytest.fixture(scope="module")
def clean_night(tmp_path_factory):
    return build_night(clean_world(), tmp_path_factory.mktemp("clean") / "home")


def test_a_night_that_keeps_every_rule_is_released(clean_night):
    assert verify_exports(clean_night.inputs) == []
    require_clean([])


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.story)
def test_a_broken_guardrail_stops_the_release_by_its_name(broken, clean_night, tmp_path):
    if broken.before is None:
        night = copy_night(clean_night, tmp_path / "home")
    else:
        world = clean_world()
        broken.before(world)
        night = build_night(world, tmp_path / "home")
    broken.after(night)
    violations = verify_exports(night.inputs)
    assert {violation.check for violation in violations} - broken.also == {broken.check}
    with pytest.raises(GuardrailError, match=broken.check):
        require_clean(violations)


def test_every_check_has_a_test_that_breaks_it():
    assert {broken.check for broken in BREAKS} == set(CHECKS) == {path.stem for path in CHECKS_DIR.glob("*.sql")}


def needed_inputs():
    return sorted({need for name in CHECKS for need in needs_of((CHECKS_DIR / f"{name}.sql").read_text())} - {"run"})


def remove_input(night: BuiltNight, name: str) -> None:
    if name.startswith("seed_"):
        (night.inputs.seeds / f"{name.removeprefix('seed_')}.csv").unlink()
    elif name.replace("_", ".", 1) in BRONZE:
        shutil.rmtree(night.inputs.bronze / name.split("_")[0])
    elif name in ("decisions", "candidates", "assignments", "loads", "person_ids"):
        night.ledger.path(name, NIGHT).unlink()
    elif name in ("earlier_exports", "ledger_files"):
        night.ledger.path("exports", EARLIER[0]).unlink()
    elif name == "seals":
        (night.ledger.root / "nights" / "_empty" / "part-0.parquet").unlink()
    elif name in ("audience", "removals", "manifests", "files"):
        pattern = {"audience": "*/audience.csv", "removals": "*/removals.csv", "manifests": "*/manifest.json"}
        for path in night.staged.folder.glob(pattern.get(name, "*/*")):
            path.unlink()
    else:
        schema = "identity" if name.startswith(("identity", "person")) else "marts"
        night.in_warehouse(f"drop table {schema}.{name}")


@pytest.mark.parametrize("name", needed_inputs())
def test_a_missing_input_blocks_every_check_that_needs_it(name, clean_night, tmp_path):
    night = copy_night(clean_night, tmp_path / "home")
    remove_input(night, name)
    blocked = {violation.check for violation in verify_exports(night.inputs)}
    needing = {check for check in CHECKS if name in needs_of((CHECKS_DIR / f"{check}.sql").read_text())}
    assert needing
    assert needing <= blocked


def test_an_empty_warehouse_allows_nobody(clean_night, tmp_path):
    night = copy_night(clean_night, tmp_path / "home")
    night.in_warehouse("delete from marts.customer_360")
    assert {"identity_confidence", "one_decision_per_person"} <= {v.check for v in verify_exports(night.inputs)}


def test_a_check_that_is_lost_stops_the_release(clean_night, tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.exports.verify.CHECKS_DIR", tmp_path / "nowhere")
    assert [violation.check for violation in verify_exports(clean_night.inputs)] == list(CHECKS)


def test_a_contact_on_the_first_day_of_the_window_counts_and_the_day_before_does_not(tmp_path):
    first_day, before = clean_world(), clean_world()
    first_day.mailings.append(("p6", "email", date(2017, 12, 16)))
    before.mailings.append(("p6", "email", date(2017, 12, 15)))
    assert [v.check for v in verify_exports(build_night(first_day, tmp_path / "a").inputs)] == ["contact_caps"]
    assert verify_exports(build_night(before, tmp_path / "b").inputs) == []


def test_who_said_yes_last_is_contacted_and_the_file_names_the_statement(tmp_path):
    world = clean_world()
    recorded(
        says("p1", "sms", "withdrawn", date(2017, 12, 20)),
        unread(date(2017, 12, 1), "b.csv"),  # delivered again, corrected, on 25 December
        lambda world: world.left.append(goodbye("Unsubscribe", date(2017, 11, 30), member="m1")),
    )(world)
    night = build_night(world, tmp_path / "home")
    assert verify_exports(night.inputs) == []
    rows = (night.staged.folder / "email" / "audience.csv").read_text(encoding="utf-8").splitlines()
    assert [",recorded_opt_in,recorded:e2," in row for row in rows] == [False, True, False]
    assert ",loyalty_terms,assumed," in rows[2]


def test_tickets_that_are_solved_or_glad_or_of_others_and_half_full_shelves_forbid_nothing(tmp_path):
    world = clean_world()
    what_may_be(world)
    night = build_night(world, tmp_path / "home")
    night.in_warehouse(OF_SOMEBODY_ELSE)
    assert verify_exports(night.inputs) == []


def test_a_message_that_carries_out_a_release_is_counted_once_and_a_second_one_again(tmp_path):
    world = clean_world()  # two contacts in two weeks: p2 had a coupon on the 19th and gets one tonight
    world.exports.append(export(EARLIER[0], "p6", "email") | {"treatment_id": "thanks-none-email"})
    night = build_night(world, tmp_path / "home")
    assert verify_exports(night.inputs) == []
    night.in_warehouse(message("p6", "thanks-none-email", date(2017, 12, 18)))
    assert verify_exports(night.inputs) == []
    night.in_warehouse(message("p6", "thanks-none-email", date(2017, 12, 18), number=2))
    assert [violation.check for violation in verify_exports(night.inputs)] == ["contact_caps"]


def test_contacts_go_along_with_the_record_that_an_id_was_issued_for_and_stay_with_it(tmp_path):
    """p0 was one person with p6 and is not any more: what p0 was sent is nothing to p6."""
    for today, expected in (("p6", ["contact_caps"]), ("p0", [])):
        world = clean_world()
        world.exports.append(export(EARLIER[1], "p0", "email", "0"))
        world.former = [("p0", today)]
        found = verify_exports(build_night(world, tmp_path / today).inputs)
        assert [violation.check for violation in found] == expected


def test_a_home_whose_name_looks_like_a_pattern_or_a_partition_is_read_as_it_is(clean_night, tmp_path):
    night = copy_night(clean_night, tmp_path / ".home [a-b]*?'=1" / "as_of_date=x")
    assert verify_exports(night.inputs) == []


def test_the_message_names_check_count_and_first_rows(tmp_path):
    world = clean_world()
    world.arms["p6"] = "holdout"
    with pytest.raises(GuardrailError, match=r"holdout_never_contacted: 1 .*d-2017-12-26-p6: held out of universal"):
        require_clean(verify_exports(build_night(world, tmp_path).inputs))


@pytest.mark.parametrize("name", SEEDS)
def test_the_seeds_of_these_tests_have_the_columns_of_the_project(name):
    header = (PROJECT / "seeds" / f"{name}.csv").read_text(encoding="utf-8").splitlines()[0]
    assert TEST_SEEDS[name].splitlines()[0] == header


def test_the_docs_list_every_check():
    docs = (PROJECT / "docs" / "exports.md").read_text(encoding="utf-8")
    assert [name for name in CHECKS if f"`{name}`" not in docs] == []
