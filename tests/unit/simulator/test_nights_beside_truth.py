"""A night's tables beside the truth: who is counted, what is sent, and what is said when nothing can be judged."""

from datetime import timedelta
from decimal import Decimal

import polars as pl
import pytest

from pipelines.files import write_parquet, write_text
from pipelines.ledger_schema import LOADS
from pipelines.night import ledger_of
from pipelines.simulator.evaluate import planted_rows
from pipelines.simulator.evaluate_nights import NO_NIGHT, OTHER_POLICY, nights_content
from pipelines.simulator.evaluate_predictions import predictions_content
from pipelines.simulator.judged_nights import judged_nights, may_be_made
from pipelines.simulator.scoring_policy import DECIDED, ORACLE, SOLVED
from tests.builders.judged import EMAIL, NIGHT, PUSH, judged_home, rows_of, write_scores


def test_a_person_with_two_ids_counts_once_by_the_id_that_was_decided_for(tmp_path):
    (night,) = judged_nights(judged_home(tmp_path))
    rows = night.contacts.filter(person=0).select("treatment_id", "person_id", "is_decided", "is_sent").rows()
    assert sorted(rows) == [(PUSH, "a", False, False), (EMAIL, "z", True, True)]
    assert night.contacts.height == 8


def test_who_has_left_changes_by_nothing_and_costs_a_contact(tmp_path):
    (night,) = judged_nights(judged_home(tmp_path))
    (gone,) = night.contacts.filter(person=1, treatment_id=EMAIL).to_dicts()
    assert (gone["margin_uplift"], gone["is_allowed"], gone["is_sent"]) == (0, False, True)
    assert gone["true_amount"] == Decimal("-0.0020")


def test_the_night_is_worth_what_was_sent_and_the_oracle_keeps_to_consent(tmp_path):
    (night,) = nights_content(judged_home(tmp_path))["policy"]
    found = {row["policy"]: row for row in night["values"]}
    assert (night["decided_count"], night["sent_count"]) == (4, 3)
    assert found[DECIDED]["value_amount"] == Decimal("6.9950")  # 4 + 0 + 3, less two e-mails and a notification
    assert found[SOLVED]["value_amount"] == Decimal("2.9960")  # 4 - 1, less two e-mails; who has left gets none
    assert (found[ORACLE]["contact_count"], found[ORACLE]["value_amount"]) == (2, Decimal("6.9970"))


def test_a_contact_that_only_belief_speaks_against_may_be_made_and_no_other(tmp_path):
    (night,) = judged_nights(judged_home(tmp_path))
    for reasons, count in ((["below_minimum_value", "value_unknown"], 8), (["value_unknown", "no_consent"], 0)):
        contacts = night.contacts.with_columns(reason_codes=reasons)
        assert may_be_made(contacts).height == count


def test_predictions_add_up_over_the_ids_of_a_person_and_who_has_left_buys_nothing(tmp_path):
    settings = judged_home(tmp_path)
    write_scores(
        settings,
        value_91d={"a": 100.0, "z": 200.0, "b": 0.0, "c": 150.0, "d": 60.0},
        lapse_28d={"a": 0.1, "z": 0.9, "b": 1.0, "c": 0.5, "d": 0.8},
    )
    value, lapse = predictions_content(settings)
    for part in (value, lapse):
        assert (part["person_count"], part["total_ratio"]) == (4, pytest.approx(1))
        assert (part["spearman"], part["squared_error"]) == (pytest.approx(1), pytest.approx(0))


@pytest.mark.parametrize("scores", [None, {"value_91d": {}}])
def test_without_scores_it_says_so(tmp_path, scores):
    settings = judged_home(tmp_path)
    write_scores(settings, **(scores or {"other": {"a": 1.0}}))
    assert [part["note"] for part in predictions_content(settings)] == ["Nobody has this score."] * 2


def test_another_horizon_than_the_truths_is_said_and_skipped(tmp_path):
    settings = judged_home(tmp_path)
    write_scores(settings, value_91d={"a": 1.0})
    (tmp_path / "truth" / "values" / "2025-07-05.parquet").unlink()
    assert "No truth of 91 days is known" in predictions_content(settings)[0]["note"]


def test_the_last_night_whose_people_are_known_is_judged_and_none_after_it(tmp_path):
    settings = judged_home(tmp_path)
    write_scores(settings, value_91d={"a": 300.0, "c": 150.0, "d": 60.0})
    write_scores(settings, night=NIGHT - timedelta(days=1), value_91d={"a": 1.0})
    write_scores(settings, night=NIGHT + timedelta(days=1), value_91d={"a": 2.0})
    value, _ = predictions_content(settings)
    assert (value["as_of_date"], value["total_ratio"]) == (str(NIGHT), pytest.approx(1))


def test_a_home_without_a_night_of_the_loop_says_what_to_do(tmp_path):
    settings = judged_home(tmp_path)
    (tmp_path / "truth" / "candidates" / "2025-07-05.parquet").unlink()
    content = nights_content(settings)
    assert content["nights_note"] == content["lift"]["note"] == NO_NIGHT
    assert content["uplift"] == content["policy"] == []


def test_a_night_that_decided_nothing_or_was_not_lived_or_had_other_limits_says_so(tmp_path):
    nothing = nights_content(judged_home(tmp_path / "nothing", decided={}))["policy"][0]
    assert nothing["note"] == "Nothing was decided: the night contacted nobody."
    assert {row["policy"]: row["contact_count"] for row in nothing["values"]}[DECIDED] == 0
    unlived = nights_content(judged_home(tmp_path / "unlived", is_lived=False))["policy"][0]
    assert "has not been lived through" in unlived["note"]
    settings = judged_home(tmp_path / "changed")
    assert settings.seeds_dir == settings.home / "seeds"  # never the project's own
    limits = settings.seeds_dir / "limits.csv"
    write_text(limits, limits.read_text(encoding="utf-8").replace("email_capacity", "mail_capacity"))
    assert nights_content(settings)["policy"][0]["note"] == OTHER_POLICY


def test_only_bad_rows_of_tables_and_files_that_a_night_has_read_count(tmp_path):
    settings = judged_home(tmp_path)
    faults = [
        ("bad_row", "till.receipts", "journal_1.csv", "1"),
        ("bad_row", "till.receipts", "journal_2.csv", "2"),  # arrives after the night
        ("typo", "till.receipts", "journal_1.csv", "3"),
        ("bad_row", "weather.daily", "daily.csv", "4"),  # no night reads this table
    ]
    planted = pl.DataFrame(faults, ["kind", "table", "file", "row_key"], orient="row")
    write_parquet(tmp_path / "truth" / "faults" / f"{NIGHT}.parquet", planted)
    files = {"till/receipts/delivered_date=2025-07-05/journal_1.csv": "receipts", "weather/daily.csv": "daily"}
    loads = [
        {"as_of_date": NIGHT, "source_code": file.split("/")[0], "table_name": table, "file": file}
        for file, table in files.items()
    ]
    ledger_of(settings).write("loads", NIGHT, rows_of(loads, LOADS))
    assert planted_rows(settings).rows() == [("till.receipts", "1")]
