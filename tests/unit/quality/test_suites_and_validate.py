"""Suites: every file can be used, and a frame that breaks a rule is reported in words."""

import json
import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from data_quality.sample import evenly_spaced_rows
from data_quality.suite_files import SuiteFileError, read_suite
from data_quality.validate import _context, validate
from ml.features.registry import PERSON_FEATURES
from pipelines.exports.layout import AUDIENCE_COLUMNS

SUITES = Path(__file__).parents[3] / "data_quality" / "suites"
NIGHT = date(2017, 12, 26)
ROWS = {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1}, "severity": "critical"}


def audience(**changes):
    row = {
        "decision_id": "d-1",
        "person_id": "P000000001",
        "household_id": "17",
        "action_id": "grow",
        "treatment_id": "grow-pct_5-email",
        "offer_id": "pct_5",
        "discount_rate": "0.0500",
        "department_name": None,
        "valid_from_date": "2017-12-26",
        "valid_through_date": "2018-01-08",
        "priority_rank": "1",
        "consent_basis": "loyalty_opt_in",
        "consent_evidence": "assumed",
        "reason_text": "Likely to try the bakery.",
    }
    return pl.DataFrame([row | changes], schema=dict.fromkeys(row, pl.String))


def scores(**changes):
    row = {
        "person_id": "P000000001",
        "as_of_date": NIGHT,
        "model_name": "lapse_28d",
        "target": "",
        "score": 0.25,
        "scored_by": "model",
        "model_version": "v1",
    }
    return pl.DataFrame([row | changes], schema_overrides={"score": pl.Float64, "person_id": pl.String})


def order_lines(**changes):
    row = {
        "household_id": "1",
        "store_id": "7",
        "basket_id": "b1",
        "product_id": "p1",
        "quantity": 2,
        "sales_value": Decimal("1.99"),
        "retail_disc": Decimal("0.10"),
        "coupon_disc": Decimal("0.00"),
        "coupon_match_disc": Decimal("0.00"),
        "event_at": datetime(2017, 12, 24, 18),
        "known_date": date(2017, 12, 25),
    }
    return pl.DataFrame([row | changes])


def features(**changes):
    row = {feature.name: 1 if feature.dtype != pl.String else None for feature in PERSON_FEATURES}
    half = {"discount_rate_56d": 0.5}
    return pl.DataFrame([{"person_id": "P000000001", "as_of_date": NIGHT} | row | half | changes])


FRAMES = {
    "export_audience": audience,
    "scores_person": scores,
    "landing_order_lines": order_lines,
    "features_person": features,
}
NAMES = sorted(path.stem for path in SUITES.glob("*.json"))


def check(name, frame):
    return validate(name, frame, SUITES / f"{name}.json")


def broken(report):
    return [result.expectation for result in report.failures]


def write(folder, *expectations, **changes):
    path = folder / "mine.json"
    described = [{"description": "As it should be."} | expectation for expectation in expectations]
    path.write_text(json.dumps({"name": "mine", "about": "A test.", "expectations": described} | changes))
    return path


def between(severity="critical", **kwargs):
    return {"type": "expect_column_values_to_be_between", "kwargs": {"column": "a", **kwargs}, "severity": severity}


def test_every_suite_has_a_frame_here():
    assert sorted(FRAMES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_sound_frame_passes_its_suite(name):
    report = check(name, FRAMES[name]())
    assert report.passed_critical
    assert broken(report) == []
    assert len(report.results) == len(read_suite(SUITES / f"{name}.json").expectations)


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_frame_passes_no_suite(name):
    assert not check(name, FRAMES[name]().clear()).passed_critical


@pytest.mark.parametrize("name", NAMES)
def test_a_frame_without_its_columns_fails_every_expectation_about_them(name):
    report = check(name, pl.DataFrame({"other": [1]}))
    held = [result for result in report.results if result.success]
    assert not report.passed_critical
    assert [result.observed for result in held] == ["1"]  # the row count
    assert all("is not in the frame" in result.observed for result in report.failures)


@pytest.mark.parametrize("name", NAMES)
def test_suite_files_are_stable_text_without_ids(name):
    text = (SUITES / f"{name}.json").read_text()
    content = json.loads(text)
    assert json.dumps(content, indent=2, ensure_ascii=False) + "\n" == text
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", text)
    assert all(set(entry) == {"type", "kwargs", "severity", "description"} for entry in content["expectations"])


@pytest.mark.parametrize("column", [name for name, _ in AUDIENCE_COLUMNS if name != "department_name"])
def test_an_audience_row_without_one_of_its_values_is_not_released(column):
    report = check("export_audience", audience(**{column: None}))
    assert not report.passed_critical
    assert {result.column for result in report.failures if result.severity == "critical"} >= {column}


@pytest.mark.parametrize(
    "changes",
    [
        {"consent_basis": "none_recorded"},
        {"treatment_id": "none"},
        {"discount_rate": "1.0"},
        {"discount_rate": "0,05"},
        {"priority_rank": "0"},
        {"valid_through_date": "2017-12-25"},
        {"valid_from_date": "26.12.2017"},
        {"person_id": "17"},
    ],
)
def test_an_audience_row_that_breaks_a_rule_is_not_released(changes):
    assert not check("export_audience", audience(**changes)).passed_critical


def test_a_customer_twice_in_an_audience_file_is_not_released():
    twice = pl.concat([audience(), audience(decision_id="d-2", person_id="P000000002", priority_rank="2")])
    assert broken(check("export_audience", twice)) == ["A customer number stands once in a file."]


@pytest.mark.parametrize(
    "changes",
    [{"score": None}, {"score": float("nan")}, {"score": -0.1}, {"score": 1.5}, {"model_name": "luck"}],
)
def test_a_score_that_is_no_probability_is_not_used(changes):
    assert not check("scores_person", scores(**changes)).passed_critical


def test_a_value_may_exceed_one():
    assert check("scores_person", scores(model_name="value_91d", score=250.0)).passed_critical


def test_features_that_know_the_night_itself_are_refused():
    report = check("features_person", features(days_since_last_order=0))
    assert broken(report) == ["The last order lies at least a day back: the night itself is not known yet."]


def test_a_broken_decimal_point_in_landed_money_is_refused_by_amount():
    report = check("landing_order_lines", order_lines(sales_value=Decimal("199000.00")))
    (found,) = report.failures
    assert (found.column, found.observed, found.failed_count) == ("sales_value", "1 of 1 rows do not", 1)
    assert found.examples == ("199000.0",)


def test_a_warning_never_closes_the_suite():
    report = check("landing_order_lines", order_lines(quantity=0))
    assert [result.severity for result in report.failures] == ["warning"]
    assert report.passed_critical


def test_personal_text_is_not_repeated_in_a_report(tmp_path):
    entry = {"type": "expect_column_values_to_be_in_set", "severity": "critical"}
    codes = entry | {"kwargs": {"column": "city_code", "value_set": ["x"]}}
    names = entry | {"kwargs": {"column": "surname", "value_set": ["x"]}}
    frame = pl.DataFrame({"city_code": ["NY"], "surname": ["Miller"]})
    report = validate("people", frame, write(tmp_path, ROWS, codes, names))
    assert [result.examples for result in report.results] == [(), ("NY",), ()]


def test_nan_counts_as_missing(tmp_path):
    entry = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "a"}, "severity": "critical"}
    report = validate("a", pl.DataFrame({"a": [1.0, float("nan")]}), write(tmp_path, ROWS, entry))
    assert report.failures[0].failed_count == 1


def test_exact_cents_stay_on_the_right_side_of_a_limit(tmp_path):
    frame = pl.DataFrame({"a": [Decimal("0.10"), Decimal("9999999999.99")]})
    assert validate("a", frame, write(tmp_path, ROWS, between(min_value=0.10, max_value=9999999999.99))).passed_critical
    assert not validate("a", frame, write(tmp_path, ROWS, between(max_value=9999999999.98))).passed_critical


def test_days_compare_as_days(tmp_path):
    frame = pl.DataFrame({"a": [date(2017, 12, 26)]})
    suite = write(tmp_path, ROWS, between(min_value="2017-12-26", max_value="2017-12-26"))
    assert validate("a", frame, suite).passed_critical
    assert not validate("a", frame, write(tmp_path, ROWS, between(max_value="2017-12-25"))).passed_critical


def test_what_cannot_be_compared_has_failed(tmp_path):
    report = validate("a", pl.DataFrame({"a": ["x"]}), write(tmp_path, ROWS, between(min_value=1)))
    assert not report.passed_critical
    assert report.failures[0].observed.startswith("could not be checked: ")


def test_results_stand_in_the_order_of_the_file(tmp_path):
    limits = [between(max_value=limit, severity="warning") for limit in (9, 1, 5)]
    report = validate("a", pl.DataFrame({"a": [4]}), write(tmp_path, *limits, ROWS))
    assert [result.success for result in report.results] == [True, False, True, True]


@pytest.mark.parametrize(
    ("expectations", "words"),
    [
        ([ROWS, {"type": "expect_miracles", "kwargs": {}, "severity": "critical"}], "expectation 2 (expect_miracles)"),
        ([ROWS, between(least=1)], "expectation 2 (expect_column_values_to_be_between)"),
        ([ROWS, between(severity="fatal")], "severity: expected critical or warning, got 'fatal'"),
        ([ROWS, between() | {"colunm": "a"}], "unknown ['colunm']"),
        ([between(min_value=1)], "A frame without rows fulfils everything else: add one."),
        ([ROWS | {"severity": "warning"}], "A frame without rows fulfils everything else: add one."),
        ([ROWS | {"kwargs": {"min_value": 0}}], "A frame without rows fulfils everything else: add one."),
        (["rows"], "expectation 1: expected an object"),
    ],
)
def test_a_suite_file_that_cannot_be_used_is_a_critical_finding_that_says_where(tmp_path, expectations, words):
    path = tmp_path / "mine.json"
    entries = [{"description": "d"} | entry if isinstance(entry, dict) else entry for entry in expectations]
    path.write_text(json.dumps({"name": "mine", "about": "A test.", "expectations": entries}))
    report = validate("a", pl.DataFrame({"a": [1]}), path)
    assert not report.passed_critical
    assert words in report.results[0].observed
    assert str(path) in report.results[0].observed


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "expected JSON"), ("[]", "expected an object"), ("{}", "missing"), ('{"name": 1}', "missing ['about'")],
)
def test_a_damaged_suite_file_is_refused(tmp_path, text, words):
    path = tmp_path / "mine.json"
    path.write_text(text)
    with pytest.raises(SuiteFileError, match=re.escape(words)):
        read_suite(path)


def test_a_suite_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(SuiteFileError, match="No such file"):
        read_suite(tmp_path / "gone.json")


def test_great_expectations_sends_nothing_and_draws_no_bars(capfd):
    assert check("scores_person", scores()).passed_critical
    assert _context().config.analytics_enabled is False
    assert capfd.readouterr() == ("", "")


def test_the_shared_context_keeps_no_frame():
    check("scores_person", scores())
    assert list(_context().data_sources.all()) == []


def test_a_sample_is_bounded_spread_and_the_same_in_any_row_order():
    frame = pl.DataFrame({"key": list(range(1000)), "value": list(range(1000))})
    sample = evenly_spaced_rows(frame, key=["key"], row_limit=10)
    assert sample["key"].to_list() == list(range(0, 1000, 100))
    assert evenly_spaced_rows(frame.reverse(), key=["key"], row_limit=10).equals(sample)
    assert evenly_spaced_rows(frame.head(7), key=["key"], row_limit=10).height == 7
