"""What each kind of check found, in one shape: findings that a gate can weigh."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from data_quality.suite_report import ExpectationResult, Severity, SuiteReport

HARMLESS_DBT_STATUSES = {"success", "pass", "no-op"}


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


def from_drift(table: pl.DataFrame, *, stop_above: float) -> Evidence:
    """Do tonight's features look like those that the models were trained on?

    Takes     table, one row per feature: feature str; stability_index f64, 0 = as in training;
              verdict str: stable, watch, shifted, or too_few_rows (no judgement, one warning for all of them);
              stop_above: the index from which a feature is not worth scoring with.
    Returns   Evidence; watch and shifted are warnings, an index above `stop_above` is critical,
              and so are a null or NaN index and an unknown verdict.
    """
    rows = list(table.sort("feature").iter_rows(named=True))
    findings = [finding for row in rows if (finding := _drift_finding(row, stop_above))]
    unjudged = [row["feature"] for row in rows if row["verdict"] == "too_few_rows"]
    if unjudged:
        findings.append(
            Finding(
                "warning",
                "drift",
                f"drift: expected enough rows to compare with training, got too few for {len(unjudged)} of "
                f"{len(rows)} features (first: {unjudged[0]}). Nothing to do: small retailers drift unseen.",
            )
        )
    return Evidence("drift", table.height, tuple(findings))


def _dbt_finding(outcome: DbtOutcome) -> Finding | None:
    if outcome.status in HARMLESS_DBT_STATUSES:
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


def _drift_finding(row: dict[str, Any], stop_above: float) -> Finding | None:
    index, verdict = row["stability_index"], row["verdict"]
    if verdict == "too_few_rows":
        return None
    is_below = index is not None and index <= stop_above  # NaN is not <= anything
    if is_below and verdict == "stable":
        return None
    is_warning = is_below and verdict in ("watch", "shifted")
    return Finding(
        "warning" if is_warning else "critical",
        row["feature"],
        f"{row['feature']}: expected a stability index of at most {stop_above} and the verdict stable, "
        f"got {index}, {verdict}. Look for a changed source; if customers really changed, train again.",
    )
