"""When the consent log cannot be trusted, nobody's recorded word counts, and a sentence says why."""

from datetime import date, timedelta

import polars as pl
import pytest

from pipelines.consents import consent_log_problem
from pipelines.ledger_schema import STREAMS
from pipelines.settings import load_settings
from pipelines.simulator.scenario import load_scenario
from pipelines.simulator.settings_file import write_settings
from tests.builders.exports import NIGHT, log_file


@pytest.fixture
def settings(tmp_path):
    write_settings(load_scenario("tiny"), tmp_path)
    return load_settings(tmp_path)


def loads(*rows):
    return pl.DataFrame(list(rows), schema=STREAMS["loads"])


def days_ago(days):
    return NIGHT - timedelta(days=days)


def test_a_log_that_was_read_to_the_last_file_is_trusted(settings):
    assert consent_log_problem(settings, loads(log_file("a.csv", days_ago(7))), NIGHT) is None
    assert consent_log_problem(settings, loads(), NIGHT) is None  # no statement is no permission anyway


def test_a_refused_file_blocks_until_a_corrected_one_of_its_name_has_come(settings):
    refused = log_file("a.csv", days_ago(5), refused=3)
    others = log_file("b.csv", days_ago(1))
    assert "1 refused files may hold withdrawals" in consent_log_problem(settings, loads(refused, others), NIGHT)
    before, after = log_file("a.csv", days_ago(6)), log_file("a.csv", days_ago(4))
    assert "a.csv" in consent_log_problem(settings, loads(before, refused, others), NIGHT)
    assert consent_log_problem(settings, loads(refused, after, others), NIGHT) is None


def test_a_log_older_than_the_settings_allow_blocks(settings):
    said = consent_log_problem(settings, loads(log_file("a.csv", days_ago(8))), NIGHT)
    assert said.startswith("consent.events: expected a file of the last 7 days, the newest is of 2017-12-18")


def test_files_of_other_tables_say_nothing_about_the_log(settings):
    other = log_file("a.csv", date(2017, 1, 1), refused=3) | {"source_code": "shopify"}
    assert consent_log_problem(settings, loads(other), NIGHT) is None
