"""What sources beside orders tell of persons, beside the truth of a simulated retailer."""

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.settings import Settings
from tests.end_to_end.test_simulated_night import RECORD_ID

OF_PERSON = f"""
    create temp table known as
    select distinct records.person, members.person_id
    from (select person, {RECORD_ID} as record_id from read_parquet('{{truth}}/records.parquet')) as records
    join night.identity.person_members as members using (record_id)
"""
VISITS = """
    create temp table visits as
    select truth.person, truth.is_denied, found.person_id, found.is_signed_in
    from read_parquet('{truth}/sessions/*.parquet') as truth
    join night.marts.fct_web_sessions as found
        on starts_with(found.web_session_id, sha256(coalesce(truth.user_pseudo_id, '') || ':' || truth.ga_session_id))
"""
TICKETS = """
    create temp table tickets as
    select truth.person, truth.sentiment < 0 as is_negative, truth.solved_day, found.*
    from read_parquet('{truth}/tickets/*.parquet') as truth
    join (select * exclude (is_negative) from night.marts.fct_support_tickets where is_latest) as found
        using (ticket_id)
"""


@pytest.fixture(scope="module")
def world(simulated: tuple[Settings, date]) -> duckdb.DuckDBPyConnection:
    """The night's visits and tickets beside the true persons."""
    settings, _ = simulated
    connection = duckdb.connect()
    connection.execute(f"attach '{settings.warehouse_path}' as night (read_only)")
    truth: Path = settings.folder("truth")
    for statement in (OF_PERSON, VISITS, TICKETS):
        connection.execute(statement.format(truth=truth))
    return connection


def one(world: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    found: list[tuple[Any, ...]] = world.execute(query).fetchall()
    return found[0]


IS_RIGHT = "exists (from known where known.person = {0}.person and known.person_id = {0}.person_id)"


def test_a_visit_without_consent_is_nobodys(world: duckdb.DuckDBPyConnection) -> None:
    denied, known = one(world, "select count(*), count(person_id) from visits where is_denied")
    assert denied > 0
    assert known == 0


def test_a_visit_is_the_visitors_whether_he_signed_in_then_or_another_time(world: duckdb.DuckDBPyConnection) -> None:
    right = IS_RIGHT.format("visits")
    for signed_in, at_least in (("is_signed_in", 1.0), ("not is_signed_in", 0.9)):
        count, known = one(
            world, f"select count(*), count(*) filter ({right}) from visits where {signed_in} and person_id is not null"
        )
        assert count > 20
        assert known / count >= at_least


def test_a_ticket_is_the_requesters_and_open_until_it_is_solved(
    world: duckdb.DuckDBPyConnection, simulated: tuple[Settings, date]
) -> None:
    count, known = one(
        world,
        f"select count(*), count(*) filter ({IS_RIGHT.format('tickets')}) from tickets where person_id is not null",
    )
    assert count > 0
    assert known / count > 0.9
    last_read = (
        simulated[1] - date(1970, 1, 1)
    ).days - 2  # a day's files arrive the day after, and count from the next
    wrong = one(world, f"select count(*) from tickets where is_open and solved_day < {last_read}")
    assert wrong == (0,)


def test_whoever_complained_and_waits_is_marked_and_nobody_else(world: duckdb.DuckDBPyConnection) -> None:
    marked = "select person_id from night.marts.customer_360 where has_open_complaint"
    waiting = "select person_id from tickets where is_open and is_negative and person_id is not null"
    assert one(world, f"select count(*) from (({marked}) except ({waiting}))") == (0,)
    assert one(world, f"select count(*) from (({waiting}) except ({marked}))") == (0,)
