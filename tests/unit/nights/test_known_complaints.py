"""A file of tickets that could not be read, or is overdue, may hold anybody's complaint, until it has come."""

from datetime import date, timedelta

import polars as pl
import pytest

from pipelines.complaints import complaints_problem
from pipelines.ledger_schema import STREAMS
from pipelines.settings import load_settings
from pipelines.simulator.scenario import load_scenario
from pipelines.simulator.settings_file import write_settings
from tests.builders.exports import NIGHT, log_file

TICKETS = {"table_name": "tickets"}


@pytest.fixture
def settings(tmp_path):
    write_settings(load_scenario("tiny"), tmp_path)
    return load_settings(tmp_path)


def file(name, day, refused=0):
    return log_file(name, date(2017, 12, day), refused=refused, source="zendesk") | TICKETS


def loads(*rows):
    return pl.DataFrame(list(rows), schema=STREAMS["loads"])


def test_a_refused_file_blocks_until_a_corrected_one_of_its_name_has_come(settings):
    assert complaints_problem(settings, loads(), NIGHT) is None
    assert complaints_problem(settings, loads(file("a.csv", 20)), NIGHT) is None
    rows = loads(file("a.csv", 19), file("a.csv", 20, refused=3), file("b.csv", 21))
    said = complaints_problem(settings, rows, NIGHT)
    assert "1 refused files may hold complaints" in said
    assert "a.csv" in said
    assert complaints_problem(settings, loads(file("a.csv", 20, refused=3), file("a.csv", 21)), NIGHT) is None


def test_tickets_older_than_the_settings_allow_block(settings):
    overdue = (NIGHT - timedelta(days=8)).day
    other = file("b.csv", 21) | {"table_name": "users"}
    said = complaints_problem(settings, loads(file("a.csv", overdue), other), NIGHT)
    assert said.startswith("zendesk.tickets: expected a file of the last 7 days, the newest is of 2017-12-18")
    assert complaints_problem(settings, loads(file("a.csv", overdue + 1)), NIGHT) is None


def test_a_file_with_a_wrong_row_and_files_of_other_tables_block_nothing(settings):
    partly = file("a.csv", 20) | {"refused_row_count": 1}
    other = file("a.csv", 20, refused=3) | {"source_code": "shopify"}
    assert complaints_problem(settings, loads(partly, other), NIGHT) is None
