import csv
import io
import json
from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from ml.errors import ContractError
from pipelines.exports.build import ExportRun, stage_exports
from pipelines.exports.csv_text import cell, identifier_cell, number_cell, text_cell
from pipelines.ledger_schema import CANDIDATES, DECISIONS, EXPORTS
from tests.builders.exports import (
    EARLIER,
    NIGHT,
    candidate,
    clean_world,
    decision,
    export,
    recorded,
    references,
    seed_frames,
    stage,
)


def rows(staged, path):
    return list(csv.DictReader(io.StringIO((staged.folder / path).read_text(encoding="utf-8"), newline="")))


def removal_reasons(world, tmp_path, channel="email"):
    return {row["person_id"]: row["reason"] for row in rows(stage(world, tmp_path / "s"), f"{channel}/removals.csv")}


def test_a_row_says_who_gets_what_until_when_on_which_basis_and_why(tmp_path):
    first, second = rows(stage(clean_world(), tmp_path / "s"), "email/audience.csv")
    assert first == {
        "decision_id": "d-2017-12-26-p1",
        "person_id": "p1",
        "household_id": "h1",
        "action_id": "grow",
        "treatment_id": "grow-pct_5-email",
        "offer_id": "pct_5",
        "discount_rate": "0.05",
        "department_name": "GROCERY",
        "valid_from_date": "2017-12-26",
        "valid_through_date": "2018-01-22",
        "priority_rank": "1",
        "consent_basis": "loyalty_opt_in",
        "consent_evidence": "assumed",
        "reason_text": "p1 is worth it. Nothing else is worth more.",
    }
    assert (second["priority_rank"], second["department_name"], second["consent_basis"]) == ("2", "", "loyalty_terms")


def test_an_offer_ends_with_its_treatment_when_that_comes_first(tmp_path):
    (row,) = rows(stage(clean_world(), tmp_path / "s"), "direct_mail/audience.csv")
    assert row["valid_through_date"] == "2018-01-05"


def test_a_channel_without_a_row_still_gets_its_three_files(tmp_path):
    staged = stage(clean_world(), tmp_path / "s")
    assert sorted(path.name for path in (staged.folder / "app_push").iterdir()) == [
        "audience.csv",
        "manifest.json",
        "removals.csv",
    ]
    assert staged.row_counts == {"app_push": 0, "direct_mail": 1, "email": 2, "till_coupon": 1}
    assert (staged.folder / "app_push" / "audience.csv").read_bytes().count(b"\n") == 1


def test_the_ledger_rows_name_the_person_and_never_the_customer_number(tmp_path):
    staged = stage(clean_world(), tmp_path / "s")
    assert staged.rows.schema == pl.Schema(EXPORTS)
    assert staged.rows["person_id"].to_list() == ["p3", "p1", "p6", "p2"]
    assert not {"h1", "h2", "h3"} & {str(value) for row in staged.rows.iter_rows() for value in row}


def test_the_same_night_staged_again_is_the_same_bytes_whatever_the_row_order(tmp_path):
    shuffled = clean_world()
    shuffled.decisions.reverse()
    shuffled.candidates.reverse()
    shuffled.exports.reverse()
    assert stage(clean_world(), tmp_path / "a").file_hashes == stage(shuffled, tmp_path / "b").file_hashes


def test_the_manifest_tells_no_time(tmp_path):
    manifest = json.loads((stage(clean_world(), tmp_path / "s").folder / "email" / "manifest.json").read_text())
    assert manifest["totals"] == {
        "chosen": 2,
        "written": 2,
        "waiting_for_approval": 0,
        "removed": {"not_chosen_tonight": 1},
    }
    assert sorted(manifest) == [
        "as_of_date", "channel", "currency", "files", "mode", "policy_hash", "run", "schema_version", "totals",
    ]  # fmt: skip


def test_a_decision_that_waits_for_approval_is_counted_and_not_written(tmp_path):
    world = clean_world()
    world.choose("p6", "thanks-none-email", approval="pending")
    staged = stage(world, tmp_path / "s")
    assert [row["person_id"] for row in rows(staged, "email/audience.csv")] == ["p1"]
    assert json.loads((staged.folder / "email/manifest.json").read_text())["totals"]["waiting_for_approval"] == 1


def test_of_several_customer_numbers_the_smallest_is_used_and_9_is_smaller_than_10(tmp_path):
    world = clean_world()
    several = pl.concat(
        [references(world), pl.DataFrame({"person_id": ["p1"] * 2, "household_id": ["10", "9"]})]
    ).filter(pl.col("household_id") != "h1")
    staged = stage_exports(
        tmp_path / "s",
        decisions=pl.DataFrame(world.decisions, schema=DECISIONS),
        candidates=pl.DataFrame(world.candidates, schema=CANDIDATES),
        references=several,
        seeds=seed_frames(world),
        recorded_consents=recorded(world),
        earlier_exports=pl.DataFrame(schema=EXPORTS),
        earlier_nights=[],
        run=ExportRun(NIGHT, "night", "policy-1", "1.0", "USD"),
    )
    assert rows(staged, "email/audience.csv")[0]["household_id"] == "9"


def test_a_chosen_person_without_a_customer_number_stops_the_export(tmp_path):
    world = clean_world()
    del world.confidence["p6"]
    with pytest.raises(ContractError, match=r"household_id: .* \(1 of 4 rows, first: \('d-2017-12-26-p6'"):
        stage(world, tmp_path / "s")
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    ("seed", "old", "message"),
    [
        ("treatments", "thanks-none-email", "valid_through_date: .*seeds/treatments.csv"),
        ("actions", "thanks,Thanks", "purpose_code: .*seeds/actions.csv"),
        ("channels", "email,", "channel_code: .*'email'"),
    ],
)
def test_what_no_seed_declares_stops_the_export(tmp_path, seed, old, message):
    world = clean_world()
    world.seeds[seed] = world.seeds[seed].replace(old, "other" + old)
    with pytest.raises(ContractError, match=message):
        stage(world, tmp_path / "s")


def test_a_seed_that_repeats_a_key_stops_the_export_instead_of_doubling_rows(tmp_path):
    world = clean_world()
    world.seeds["consents"] += "email,service,other,true,assumed\n"
    with pytest.raises(ContractError, match="expected 4 chosen decisions, got 5 rows"):
        stage(world, tmp_path / "s")


def test_somebody_who_is_not_chosen_again_is_removed(tmp_path):
    assert removal_reasons(clean_world(), tmp_path) == {"p4": "not_chosen_tonight"}


def test_somebody_who_moves_to_the_holdout_is_removed_as_held_out(tmp_path):
    world = clean_world()
    world.decisions[3]["holdout_arm"] = "holdout"
    assert removal_reasons(world, tmp_path) == {"p4": "held_out"}


def test_somebody_whose_every_candidate_is_blocked_is_removed_with_the_codes(tmp_path):
    world = clean_world()
    for treatment, codes in (("grow-pct_5-email", ["no_consent", "cap"]), ("thanks-none-email", ["cap"])):
        blocked = candidate(decision("p4", treatment), reason_codes=codes, is_eligible=False)
        world.candidates.append(blocked)
    assert removal_reasons(world, tmp_path) == {"p4": "no_longer_allowed: cap, no_consent"}


def test_somebody_with_one_allowed_candidate_was_only_not_chosen(tmp_path):
    world = clean_world()
    world.candidates += [
        candidate(decision("p4", "grow-pct_5-email"), reason_codes=["cap"], is_eligible=False),
        candidate(decision("p4", "thanks-none-email")),
    ]
    assert removal_reasons(world, tmp_path) == {"p4": "not_chosen_tonight"}


def test_somebody_who_is_no_longer_a_person_is_removed_as_unresolved_without_a_customer_number(tmp_path):
    world = clean_world()
    world.exports.append(export(EARLIER[1], "gone", "email"))
    removed = {row["person_id"]: row for row in rows(stage(world, tmp_path / "s"), "email/removals.csv")}
    assert (removed["gone"]["reason"], removed["gone"]["household_id"]) == ("unresolved", "")


def test_only_the_last_release_counts_also_when_it_was_empty(tmp_path):
    # p1 had a till coupon on the 12th, was removed on the 19th, and is not removed again
    assert removal_reasons(clean_world(), tmp_path, channel="till_coupon") == {}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""),
        ("+1 212 555 0100", '"\'+1 212 555 0100"'),
        ("-5", '"\'-5"'),
        ("@handle", '"\'@handle"'),
        ("\t=1", '" =1"'),
        ("\r=1", '" =1"'),
        ('"=1', '"""=1"'),
        (";=1", '"\';=1"'),
        ("＝1", '"\'＝1"'),
        ("|calc", '"\'|calc"'),
        ("O'Neil", '"O\'Neil"'),
        ("", ""),
        (None, ""),
        ('=1+2";=1+2', '"\'=1+2"";=1+2"'),
        ("a\r\nb\0c", '"a b c"'),
    ],
)
def test_no_text_can_run_as_a_formula(text, written):
    assert text_cell(text) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.1, "0.1"),
        (1e-05, "0.00001"),
        (-5, "-5"),
        (Decimal("12.3400"), "12.3400"),
        (1e16, "10000000000000000"),
        (None, ""),
    ],
)
def test_numbers_stay_numbers(value, written):
    assert number_cell(value) == written


@pytest.mark.parametrize("key", ["=1+1", "-5", "a b", "", "é", 'x"', "a,b", "a\n"])
def test_a_key_that_would_have_to_be_escaped_is_refused(key):
    with pytest.raises(ContractError, match="household_id"):
        identifier_cell(key, column="household_id")


def test_a_value_of_the_wrong_kind_is_refused():
    with pytest.raises(ContractError, match="valid_from_date: expected a date"):
        cell("2017-12-26", column="valid_from_date", kind="date")
    assert cell(date(2017, 12, 26), column="valid_from_date", kind="date") == "2017-12-26"
