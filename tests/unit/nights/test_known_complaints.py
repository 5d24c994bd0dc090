"""A file of tickets that could not be read may hold anybody's complaint, until it has come again."""

from datetime import date

import polars as pl

from pipelines.complaints import complaints_problem
from pipelines.ledger_schema import STREAMS
from tests.builders.exports import log_file

TICKETS = {"table_name": "tickets"}


def file(name, day, refused=0):
    return log_file(name, date(2017, 12, day), refused=refused, source="zendesk") | TICKETS


def loads(*rows):
    return pl.DataFrame(list(rows), schema=STREAMS["loads"])


def test_a_refused_file_blocks_until_a_corrected_one_of_its_name_has_come():
    assert complaints_problem(loads()) is None
    assert complaints_problem(loads(file("a.csv", 20))) is None
    said = complaints_problem(loads(file("a.csv", 19), file("a.csv", 20, refused=3), file("b.csv", 21)))
    assert "1 refused files may hold complaints" in said
    assert "a.csv" in said
    assert complaints_problem(loads(file("a.csv", 20, refused=3), file("a.csv", 21))) is None


def test_a_file_with_a_wrong_row_and_files_of_other_tables_block_nothing():
    partly = file("a.csv", 20) | {"refused_row_count": 1}
    other = file("a.csv", 20, refused=3) | {"source_code": "shopify"}
    assert complaints_problem(loads(partly, other)) is None
