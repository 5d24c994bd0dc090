"""A source that is missing, old or broken is said to be so."""

from datetime import date
from pathlib import Path

import pytest

from pipelines.landing.freshness import check_freshness
from tests.builders.shop import csv_of, deliver, night, sale, shop


@pytest.fixture
def settings(tmp_path: Path):
    return shop(tmp_path / "home")


def findings(settings, as_of_date: str) -> list[tuple[str, str]]:
    known = night(settings, as_of_date, seal=True).known
    return [(f.severity, f.message) for f in check_freshness(settings, date.fromisoformat(as_of_date), known)]


def test_a_fresh_source_gives_no_finding(settings):
    deliver(settings, "2017-12-04", "a.csv", csv_of([sale()]))
    assert findings(settings, "2017-12-05") == []


def test_a_critical_source_never_delivered_is_critical(settings):
    ((severity, message),) = findings(settings, "2017-12-05")
    assert severity == "critical"
    assert message.startswith("shop.sales: expected a delivery before 2017-12-05, got none")


def test_age_is_counted_in_days_and_the_limit_itself_is_fresh(settings):
    deliver(settings, "2017-12-04", "a.csv", csv_of([sale()]))
    assert findings(settings, "2017-12-11") == []
    ((severity, message),) = findings(settings, "2017-12-12")
    assert severity == "critical"
    assert "of the last 7 days, got 2017-12-04 (8 days)" in message


def test_a_source_refused_entirely_tonight_is_critical_even_if_last_week_was_good(settings):
    deliver(settings, "2017-12-04", "a.csv", csv_of([sale()]))
    assert findings(settings, "2017-12-05") == []
    deliver(settings, "2017-12-08", "b.csv", b"\0\xff")
    ((severity, message),) = findings(settings, "2017-12-09")
    assert severity == "critical"
    assert "1 of 1 files of tonight were refused" in message


def test_one_refused_file_among_good_ones_is_a_warning(settings):
    deliver(settings, "2017-12-04", "a.csv", csv_of([sale()]))
    deliver(settings, "2017-12-04", "b.csv", b"\0\xff")
    ((severity, _),) = findings(settings, "2017-12-05")
    assert severity == "warning"
