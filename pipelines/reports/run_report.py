"""A night's reports: built from frames, written all at once."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from pipelines.files import new_directory, write_json, write_text
from pipelines.reports.content import lift_content, report_content
from pipelines.reports.context import RunReport
from pipelines.reports.render import render_lift_report, render_run_report
from pipelines.settings import Settings


def build_run_report(report: RunReport) -> tuple[str, dict[str, Any]]:
    """The run report as a page that needs nothing but itself, and the same content as JSON values.

    Raises    ContractError if frames contradict each other or a ledger column cannot be read.
    """
    content = report_content(report)
    return render_run_report(content), content


def build_lift_report(report: RunReport) -> tuple[str, dict[str, Any]]:
    """The lift report, good enough to be read alone, and the same content as JSON values."""
    content = lift_content(report)
    return render_lift_report(content), content


def write_reports(settings: Settings, as_of_date: date, run_dir: Path, report: RunReport) -> Path:
    """Put a night's reports in place, and a copy with timings beside the run's logs.

    `reports/as_of_date=.../` has the same bytes for the same night, so it holds no timings;
    `<run_dir>/run_report.html` has them if the report has.

    Returns   the folder of the night's reports.
    """
    page, content = build_run_report(replace(report, timings=None))
    lift_page, lift = build_lift_report(report)
    folder = settings.folder("reports") / f"as_of_date={as_of_date.isoformat()}"
    with new_directory(folder) as new:
        write_text(new / "run_report.html", page)
        write_json(new / "run_report.json", content)
        write_text(new / "lift_report.html", lift_page)
        write_json(new / "lift_report.json", lift)
    write_text(run_dir / "run_report.html", build_run_report(report)[0])
    return folder
