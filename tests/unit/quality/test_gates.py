"""Gates: what opens them, what keeps them shut, and what the operator reads."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from data_quality.evidence import (
    DbtOutcome,
    Evidence,
    Finding,
    from_dbt,
    from_drift,
    from_reconciliation,
    from_suites,
)
from data_quality.gates import SHOWN, judge, require
from data_quality.suite_report import ExpectationResult, SuiteReport
from data_quality.validate import validate
from ml.errors import GuardrailError
from pipelines.assets.models import drift_evidence

SUITES = Path(__file__).parents[3] / "data_quality" / "suites"
CLEAN = Evidence("dbt", 12, ())


def result(**changes):
    sound = ExpectationResult("Every row has a person.", "person_id", "critical", True, "all rows do", 0, ())
    return replace(sound, **changes)


def report(*results):
    return SuiteReport("scores.scores_person", "scores_person", 10, results)


def sums(*rows):
    schema = {"subject": pl.String, "unit": pl.String, "expected": pl.Decimal(18, 2), "actual": pl.Decimal(18, 2)}
    return pl.DataFrame(rows, schema, orient="row")


def drift(*rows):
    schema = {"feature": pl.String, "stability_index": pl.Float64, "verdict": pl.String}
    return pl.DataFrame(rows, schema, orient="row")


def severities(evidence):
    return [finding.severity for finding in evidence.findings]


def test_a_gate_opens_when_everything_required_was_checked_and_sound():
    gate = judge("scoring", [CLEAN, from_suites([report(result())])], required=["dbt", "suites"])
    assert gate.passed
    assert gate.checked_counts == (("dbt", 12), ("suites", 1))
    assert gate.text == "Gate before scoring: open; 13 checks, 0 warnings."
    require(gate, GuardrailError)


def test_a_warning_is_told_and_stops_nothing():
    gate = judge("scoring", [from_suites([report(result(success=False, severity="warning"))])], required=["suites"])
    assert gate.passed
    assert len(gate.warnings) == 1
    assert gate.text.endswith("1 checks, 1 warning.")


def test_a_critical_finding_stops_the_night_with_a_message_to_act_on():
    found = result(success=False, observed="3 of 10 rows do not", examples=("1.5", "2.0"))
    gate = judge("scoring", [CLEAN, from_suites([report(found)])], required=["dbt", "suites"])
    with pytest.raises(GuardrailError) as error:
        require(gate, GuardrailError)
    assert str(error.value).splitlines() == [
        "Gate before scoring: expected no critical finding, got 1 (and 0 warnings) in 13 checks. "
        "Nothing behind the gate was done. Act on each line, then run the night again:",
        "- scores.scores_person.person_id: expected: Every row has a person. Got: 3 of 10 rows do not, "
        "first: 1.5, 2.0. Trace the rows to their source, or correct data_quality/suites/scores_person.json.",
    ]


@pytest.mark.parametrize("evidence", [[], [Evidence("dbt", 0, ())], [Evidence("suites", 3, ())]])
def test_a_check_that_never_ran_keeps_the_gate_shut(evidence):
    gate = judge("scoring", evidence, required=["dbt"])
    assert not gate.passed
    assert gate.critical[0].message.startswith("dbt: expected checks before scoring, got none.")


def test_evidence_that_checked_nothing_keeps_the_gate_shut_even_if_nobody_required_it():
    assert not judge("scoring", [CLEAN, Evidence("drift", 0, ())], required=["dbt"]).passed


def test_a_severity_that_nobody_knows_counts_as_critical():
    odd = Evidence("dbt", 1, (Finding("unknown", "x", "x"),))
    assert not judge("scoring", [odd], required=["dbt"]).passed


@pytest.mark.parametrize("passed", [False, None])
def test_only_a_clear_yes_opens(passed):
    with pytest.raises(GuardrailError):
        require(replace(judge("scoring", [CLEAN], required=["dbt"]), passed=passed), GuardrailError)


def test_a_long_list_is_cut_and_says_so():
    many = Evidence("dbt", 40, tuple(Finding("critical", f"t{n}", f"t{n}: broken.") for n in range(SHOWN + 5)))
    text = judge("export", [many], required=["dbt"]).text
    assert text.splitlines()[-1] == "- and 5 more, in the run report"
    assert len(text.splitlines()) == SHOWN + 2


def test_a_broken_suite_file_stops_the_night(tmp_path):
    found = validate("scores", pl.DataFrame({"a": [1]}), tmp_path / "gone.json")
    gate = judge("scoring", [from_suites([found])], required=["suites"])
    assert not gate.passed
    assert "gone.json: expected a suite file" in gate.text


def test_an_empty_frame_stops_the_night():
    found = validate("scores", pl.DataFrame({"person_id": []}), SUITES / "scores_person.json")
    assert not judge("scoring", [from_suites([found])], required=["suites"]).passed


def test_a_report_without_results_stops_the_night():
    assert not report().passed_critical
    assert severities(from_suites([report(), report(result())])) == ["critical"]


@pytest.mark.parametrize(
    ("status", "severity"),
    [("pass", []), ("success", []), ("no-op", []), ("warn", ["warning"])]
    + [(bad, ["critical"]) for bad in ("fail", "error", "skipped", "runtime error", "", "something new")],
)
def test_a_dbt_status_is_weighed(status, severity):
    outcome = DbtOutcome("test.nightmarket.unique_fct_orders", status, 3, "Got 3 results,\n  configured to fail")
    assert severities(from_dbt([outcome])) == severity


def test_a_failed_dbt_test_names_itself_and_its_rows():
    outcome = DbtOutcome("test.nightmarket.unique_fct_orders", "fail", 3, "Got 3 results")
    assert (
        from_dbt([outcome])
        .findings[0]
        .message.startswith("dbt unique_fct_orders: expected no failing row, got fail with 3 rows (Got 3 results). ")
    )


def test_counts_and_money_must_agree_to_the_cent():
    exact = ("fct_order_lines", "USD", Decimal("10.00"), Decimal("10.00"))
    short = ("fct_orders", "USD", Decimal("10.00"), Decimal("9.99"))
    unknown = ("fct_returns", "rows", Decimal(1), None)
    uncounted = ("fct_visits", "rows", None, None)
    evidence = from_reconciliation(sums(exact, short, unknown, uncounted))
    assert severities(evidence) == ["critical", "critical", "critical"]
    assert "fct_orders: expected 10.00 USD, got 9.99." in evidence.findings[0].message


@pytest.mark.parametrize(
    ("index", "verdict", "severity"),
    [
        (0.05, "stable", []),
        (0.15, "watch", ["warning"]),
        (0.5, "shifted", ["warning"]),
        (0.51, "shifted", ["critical"]),
        (0.51, "stable", ["critical"]),
        (None, "stable", ["critical"]),
        (float("nan"), "stable", ["critical"]),
        (0.05, None, ["critical"]),
        (0.05, "great", ["critical"]),
        (9.0, "too_few_rows", ["warning"]),
    ],
)
def test_drift_warns_stops_or_says_that_it_cannot_tell(index, verdict, severity):
    assert severities(from_drift(drift(("order_count_28d", index, verdict)), stop_above=0.5)) == severity


def test_trees_that_were_not_compared_stop_the_night_and_a_baseline_without_trees_does_not():
    nothing = pl.DataFrame(schema={"feature": pl.String, "stability_index": pl.Float64, "verdict": pl.String})
    assert judge("decisions", drift_evidence("baseline", nothing), required=[]).passed
    assert not judge("decisions", drift_evidence("model", nothing), required=[]).passed
