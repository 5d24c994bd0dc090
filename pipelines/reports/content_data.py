"""From files to tables: what arrived, what was set aside, what was checked."""

from typing import Any

import polars as pl

from pipelines.reports.context import STATUSES, RunReport

FEATURES, SCORES, PEOPLE = "features.features_person", "scores.scores_person", "marts.customer_360"
MAX_QUARANTINE_REASONS = 20


def landing_section(report: RunReport) -> dict[str, Any]:
    """Files and rows per source table; accepted + refused + duplicate = delivered, or it says so."""
    counts = ["raw", "accepted", "refused", "duplicate"]
    by_table = (
        report.loads.group_by("source_code", "table_name")
        .agg(
            pl.len().alias("file_count"),
            (pl.col("status") != "loaded").sum().alias("set_aside_file_count"),
            (pl.col("as_of_date") == report.as_of_date).sum().alias("new_file_count"),
            pl.col("delivered_date").max().alias("last_delivered_date"),
            *(pl.col(f"{name}_row_count").sum() for name in counts),
        )
        .sort("source_code", "table_name")
    )
    rows = by_table.to_dicts()
    for row in rows:
        parts = sum(row[f"{name}_row_count"] for name in counts[1:])
        row["is_balanced"] = parts == row["raw_row_count"]
    totals = {
        name: sum(row[name] for row in rows)
        for name in ("file_count", "set_aside_file_count", "new_file_count", *(f"{name}_row_count" for name in counts))
    }
    refused_files = report.loads.filter(pl.col("status") == "refused_file").sort("file")
    return {
        "tables": rows,
        "totals": totals,
        "is_balanced": all(row["is_balanced"] for row in rows),
        "refused_files": refused_files.select("file", "reason").to_dicts(),
    }


def quarantine_section(report: RunReport) -> dict[str, Any]:
    """Why rows were set aside, most frequent first."""
    ordered = report.quarantine.sort(
        "row_count", "source_code", "table_name", "disposition", "reason_code", descending=[True] + [False] * 4
    )
    return {
        "reasons": ordered.head(MAX_QUARANTINE_REASONS).to_dicts(),
        "reason_count": ordered.height,
        "row_count": int(ordered["row_count"].sum()),
    }


def checks_section(report: RunReport) -> dict[str, Any]:
    """Checks per kind, and each one that did not pass, failed ones first."""
    kinds = (
        report.checks.group_by("kind")
        .agg([(pl.col("status") == status).sum().alias(f"{status}_count") for status in STATUSES])
        .sort("kind")
    )
    rank = pl.col("status").replace_strict({"failed": 0, "warned": 1}, default=2, return_dtype=pl.Int64)
    not_passed = report.checks.filter(pl.col("status") != "passed").sort(rank, "kind", "name", "detail")
    return {
        "kinds": kinds.to_dicts(),
        "check_count": report.checks.height,
        "failed_count": int((report.checks["status"] == "failed").sum()),
        "warned_count": int((report.checks["status"] == "warned").sum()),
        "not_passed": not_passed.to_dicts(),
    }


def tables_section(report: RunReport) -> list[dict[str, Any]]:
    """Rows of each relation, in the order of the flow."""
    return [{"table_name": name, "row_count": count} for name, count in report.row_counts.items()]


def steps_section(report: RunReport, landing: dict[str, Any]) -> list[dict[str, Any]]:
    """Each step of the night with what went in, what came out and where the difference is."""
    totals = landing["totals"]
    people, contacts = report.decisions.height, _contact_count(report)
    eligible = int(report.candidates["is_eligible"].sum())
    files = totals["file_count"]
    return [
        _step(
            "Files", files, files - totals["set_aside_file_count"], "files", "Refused or repeated files are set aside."
        ),
        _step(
            "Rows",
            totals["raw_row_count"],
            totals["accepted_row_count"],
            "rows",
            "Refused and repeated rows are in quarantine with a reason.",
        ),
        _step(
            "Features", report.row_counts.get(PEOPLE), report.row_counts.get(FEATURES), "people", "One row per person."
        ),
        _step(
            "Scores",
            report.row_counts.get(FEATURES),
            report.row_counts.get(SCORES),
            "people to scores",
            "Several predictions per person.",
        ),
        _step("Candidates", people, report.candidates.height, "people to candidates", "Everything that might be done."),
        _step("Guardrails", report.candidates.height, eligible, "candidates", "Blocked ones keep their reasons."),
        _step("Choice", people, contacts, "people", "At most one action each; nothing is an action too."),
        _step("Export", contacts, report.exports.height, "contacts", "Verified files; the rest waits for approval."),
    ]


def _step(name: str, rows_in: int | None, rows_out: int | None, unit: str, note: str) -> dict[str, Any]:
    return {"step": name, "rows_in": rows_in, "rows_out": rows_out, "unit": unit, "note": note}


def _contact_count(report: RunReport) -> int:
    return report.decisions.filter(pl.col("treatment_id") != "none").height
