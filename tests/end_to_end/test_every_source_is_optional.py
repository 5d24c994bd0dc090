"""With any single source removed a night completes and says what is off; orders alone are enough for a whole night."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console

from pipelines.coverage import gaps_in_words
from pipelines.dbt import DbtProject
from pipelines.dbt_parse import open_project
from pipelines.night import ledger_of
from pipelines.reporter import Reporter
from pipelines.reports.context import RunReport
from pipelines.run import run_night
from pipelines.settings import PROJECT_DIR, Settings, load_settings
from pipelines.simulator.scenario import load_scenario
from pipelines.simulator.settings_file import write_settings
from tests.builders.rehearsal import home_without, rehearse

RARE = {"shopify.refunds", "shopify.order_line_refunds", "feedback.reviews"}  # two weeks may see none
WEB_ORDERS = {"shopify.orders", "shopify.order_lines"}
STREAMS = ("loads", "person_ids", "candidates", "decisions", "exports")


@dataclass(frozen=True)
class Finished:
    """A home in which a whole night has run with every source, and what a rehearsal of it reports."""

    settings: Settings
    day: date
    project: DbtProject


Rehearse = Callable[..., tuple[Settings, RunReport]]


def _sources() -> list[str]:
    """The tables that a simulated retailer's settings name."""
    with tempfile.TemporaryDirectory() as folder:
        write_settings(load_scenario("tiny"), Path(folder))
        return sorted(load_settings(Path(folder)).retailer.sources)


SOURCES = _sources()


@pytest.fixture(scope="module")
def complete(simulated: tuple[Settings, date]) -> Finished:
    """Two weeks of three hundred people, and the night after."""
    settings, day = simulated
    return Finished(settings, day, open_project(settings))


@pytest.fixture
def night_without(complete: Finished, tmp_path: Path) -> Rehearse:
    """Runs the steps of the same night in a home that never had some tables."""

    def made(*tables: str) -> tuple[Settings, RunReport]:
        settings = home_without(complete.settings, tmp_path / "home", tables)
        return settings, rehearse(complete.project, settings, complete.day)

    return made


def missing(report: RunReport) -> set[str]:
    """Tables of the simulated retailer that the report calls missing."""
    return {table for tables in report.gaps["tables"] for table in tables} & set(SOURCES)


def test_the_rehearsed_night_is_the_whole_night(complete: Finished, night_without: Rehearse) -> None:
    """The short way would prove nothing if it went elsewhere: with every source it writes the same ledger."""
    settings, report = night_without()
    assert missing(report) <= RARE
    for stream in STREAMS:
        whole, short = (ledger_of(one).partition(stream, complete.day) for one in (complete.settings, settings))
        assert short.equals(whole), stream
    decided = ledger_of(settings).partition("decisions", complete.day)
    assert decided.height > 50


@pytest.mark.parametrize("table", SOURCES)
def test_without_one_source_the_night_completes_and_says_what_that_costs(
    table: str, complete: Finished, night_without: Rehearse
) -> None:
    settings, report = night_without(table)
    assert ledger_of(settings).is_sealed(complete.day)
    assert (settings.folder("exports") / f"as_of_date={complete.day}").is_dir()
    assert table in missing(report) <= {table} | RARE
    assert table in " ".join(gaps_in_words(report.gaps))
    page = settings.folder("reports") / f"as_of_date={complete.day}" / "run_report.html"
    assert f"<code>{table}</code>" in page.read_text(encoding="utf-8")


def test_a_retailer_with_tills_only_has_a_night_that_leaves_everybody_alone(
    complete: Finished, night_without: Rehearse
) -> None:
    settings, report = night_without(*(set(SOURCES) - {"till.receipts"}))
    decisions = ledger_of(settings).partition("decisions", complete.day)
    assert decisions.height > 10
    assert set(decisions["treatment_id"]) == {"none"}
    assert missing(report) == set(SOURCES) - {"till.receipts"}


def test_a_retailer_with_web_orders_only_has_a_whole_night_and_leaves_everybody_alone(
    complete: Finished, tmp_path: Path
) -> None:
    settings = home_without(complete.settings, tmp_path / "home", set(SOURCES) - WEB_ORDERS)
    (settings.home / "warehouse.duckdb").unlink()
    with (tmp_path / "said").open("w", encoding="utf-8") as said:
        run_night(settings, complete.day, Reporter(Console(file=said, width=1000), total=0))
    decisions = ledger_of(settings).partition("decisions", complete.day)
    assert decisions.height > 10
    assert set(decisions["treatment_id"]) == {"none"}
    text = (tmp_path / "said").read_text(encoding="utf-8")
    assert "missing: pim.products" in text
    assert "also missing: " in text
    assert load_settings(tmp_path / "another").seeds_dir == PROJECT_DIR / "seeds"  # not the home's that just ran
    assert WEB_ORDERS.isdisjoint(text.replace(",", " ").split())
