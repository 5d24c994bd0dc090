"""What each kind of check found, in one shape: findings that a gate can weigh."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from data_quality.suite_report import ExpectationResult, Severity, SuiteReport

FAILED_DBT_STATUSES = {"error", "fail", "runtime error", "skipped"}
HARMLESS_DBT_STATUSES = {"success", "pass", "warn", "no-op"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be. `message` reads: where: expected X, got Y. What to do."""

    severity: Severity
    subject: str
    message: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """The outcome of one kind of check. Nothing checked means nothing proven: a gate counts it as critical."""

    kind: str
    checked_count: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class DbtOutcome:
    """How one dbt node of the night ended."""

    unique_id: str
    status: str  # dbt's word: success, pass, warn, fail, error, skipped
    failure_count: int
    message: str


def from_freshness(ages: pl.DataFrame) -> Evidence:
    """Is every source as recent as the night needs?

    Takes     ages, one row per configured source table: source str; is_critical bool;
              max_age_days i64, null: any age will do; age_days i64, days from the newest known delivery to the
              night, null: nothing was ever delivered.
    Returns   Evidence; a critical source that is missing, too old or from the future is critical,
              another one is a warning. A null is_critical counts as critical.
    """
    rows = ages.sort("source").iter_rows(named=True)
    return Evidence("freshness", ages.height, tuple(finding for row in rows if (finding := _staleness(row))))


def from_dbt(outcomes: Sequence[DbtOutcome]) -> Evidence:
    """Did every dbt model build and every data test hold? Unknown statuses count as failures."""
    findings = (_dbt_finding(outcome) for outcome in sorted(outcomes, key=lambda outcome: outcome.unique_id))
    return Evidence("dbt", len(outcomes), tuple(finding for finding in findings if finding))


def from_suites(reports: Sequence[SuiteReport]) -> Evidence:
    """What the Great Expectations suites found; a report without results is critical."""
    findings = [_suite_finding(report, result) for report in reports for result in report.failures]
    empty = [
        Finding(
            "critical",
            report.name,
            f"{report.name}: expected results of suite {report.suite}, got none. Check that it lists expectations.",
        )
        for report in reports
        if not report.results
    ]
    return Evidence("suites", sum(len(report.results) for report in reports), (*empty, *findings))


def from_reconciliation(table: pl.DataFrame) -> Evidence:
    """Do counts and money add up across a border? Exactly, or it is critical.

    Takes     table, one row per (subject, unit): subject str, what is compared; unit str, e.g. rows or USD;
              expected and actual, integers or decimals (never floats), null: could not be counted.
    """
    rows = table.sort("subject", "unit").iter_rows(named=True)
    findings = (
        Finding(
            "critical",
            row["subject"],
            f"{row['subject']}: expected {row['expected']} {row['unit']}, got {row['actual']}. "
            "Rows or money were lost or doubled on the way: compare the two sides before running again.",
        )
        for row in rows
        if row["expected"] is None or row["actual"] is None or row["expected"] != row["actual"]
    )
    return Evidence("reconciliation", table.height, tuple(findings))


def from_drift(table: pl.DataFrame, *, warn_above: float, stop_above: float) -> Evidence:
    """Do tonight's features look like those that the models were trained on?

    Takes     table, one row per feature: feature_name str; drift_index f64, population stability index,
              null or NaN: could not be measured, which is critical;
              warn_above, stop_above: limits of the index.
    """
    rows = table.sort("feature_name").iter_rows(named=True)
    findings = (_drift_finding(row["feature_name"], row["drift_index"], warn_above, stop_above) for row in rows)
    return Evidence("drift", table.height, tuple(finding for finding in findings if finding))


def from_metric_floors(table: pl.DataFrame) -> Evidence:
    """Is every model as good as it must be to be used?

    Takes     table, one row per (model_name, metric_name): value f64, larger is better; floor f64.
              A null or NaN on either side is critical.
    """
    rows = table.sort("model_name", "metric_name").iter_rows(named=True)
    findings = (
        Finding(
            "critical",
            row["model_name"],
            f"{row['model_name']}.{row['metric_name']}: expected at least {row['floor']}, got {row['value']}. "
            "Let the baseline score, or train again on more nights.",
        )
        for row in rows
        if not _is_at_least(row["value"], row["floor"])
    )
    return Evidence("metric_floors", table.height, tuple(findings))


def _staleness(row: dict[str, Any]) -> Finding | None:
    age, limit = row["age_days"], row["max_age_days"]
    if age is not None and age >= 0 and (limit is None or age <= limit):
        return None
    expected = "a delivery before the night" if limit is None else f"a delivery at most {limit} days old"
    got = "none" if age is None else f"one of {age} days ago" if age >= 0 else "one from after the night"
    severity: Severity = "warning" if row["is_critical"] is False else "critical"
    return Finding(
        severity,
        row["source"],
        f"{row['source']}: expected {expected}, got {got}. Deliver the file to landing/, then run again.",
    )


def _dbt_finding(outcome: DbtOutcome) -> Finding | None:
    if outcome.status in HARMLESS_DBT_STATUSES and outcome.status != "warn":
        return None
    name = outcome.unique_id.split(".")[2] if outcome.unique_id.count(".") >= 2 else outcome.unique_id
    expected = "no failing row" if outcome.unique_id.startswith("test.") else "a table that builds"
    got = f"{outcome.status} with {outcome.failure_count} rows" if outcome.failure_count else outcome.status
    detail = " ".join(outcome.message.split())[:300]
    return Finding(
        "warning" if outcome.status == "warn" else "critical",
        name,
        f"dbt {name}: expected {expected}, got {got}{f' ({detail})' if detail else ''}. "
        "Correct the rows at their source, or the rule in dbt_project/.",
    )


def _suite_finding(report: SuiteReport, result: ExpectationResult) -> Finding:
    where = f"{report.name}.{result.column}" if result.column else report.name
    first = f", first: {', '.join(result.examples)}" if result.examples else ""
    return Finding(
        result.severity,
        where,
        f"{where}: expected: {result.expectation} Got: {result.observed}{first}. "
        f"Trace the rows to their source, or correct data_quality/suites/{report.suite}.json.",
    )


def _drift_finding(name: str, index: float | None, warn_above: float, stop_above: float) -> Finding | None:
    if index is not None and index <= warn_above:  # NaN is not <= anything
        return None
    is_warning = index is not None and index <= stop_above
    limit = warn_above if is_warning else stop_above
    return Finding(
        "warning" if is_warning else "critical",
        name,
        f"{name}: expected a drift index of at most {limit}, got {index}. "
        "Look for a changed source; if customers really changed, train again.",
    )


def _is_at_least(value: float | None, floor: float | None) -> bool:
    return value is not None and floor is not None and value >= floor  # false for NaN on either side
