"""One night of a simulated retailer: other systems, other files, the same night; nobody's address leaves identity."""

from datetime import date

import duckdb
import polars as pl
import pytest

from ml.identity.links import EDGES
from pipelines.night import ledger_of, warehouse_of
from pipelines.seeds import read_seeds
from pipelines.settings import Settings
from pipelines.simulator.evaluate import PAGE, REPORT, evaluate_home

RECORD_ID = (
    "case \"table\" when 'shopify.customers' then 'shopify:customer:' when 'loyalty.members' then 'loyalty:member:' "
    "when 'crm.contacts' then 'crm:contact:' end || record_key"
)


@pytest.fixture(scope="module")
def night(simulated: tuple[Settings, date]) -> tuple[Settings, date]:
    """The home in which the night after history has run."""
    return simulated


def test_the_night_of_a_retailer_without_a_past_ends_with_empty_audiences_and_a_report(
    night: tuple[Settings, date],
) -> None:
    settings, day = night
    assert ledger_of(settings).is_sealed(day)
    audiences = list((settings.folder("exports") / f"as_of_date={day}").glob("*/audience.csv"))
    channels = read_seeds(settings)["channels"]["channel_code"]
    assert {path.parent.name for path in audiences} == set(channels)
    assert {len(path.read_text(encoding="utf-8").splitlines()) for path in audiences} == {1}
    decisions = ledger_of(settings).partition("decisions", day)
    assert decisions.height > 100
    assert set(decisions["treatment_id"]) == {"none"}
    assert list((settings.folder("reports") / f"as_of_date={day}").glob("*.html"))


def test_orders_come_from_tills_and_web_shop_and_cards_lead_to_members(night: tuple[Settings, date]) -> None:
    settings, _ = night
    with duckdb.connect(str(settings.warehouse_path), read_only=True) as connection:
        sources = dict(
            connection.execute(
                "select source_code, count(*) from intermediate.int_order_lines__unioned group by 1"
            ).fetchall()
        )
        linked = connection.execute(
            "select count(*) from identity.person_members card join identity.person_members member using (person_id) "
            "where card.record_id = replace(member.record_id, 'loyalty:member:', 'till:card:') "
            "and member.record_id like 'loyalty:member:%'"
        ).fetchall()[0][0]
        cards = connection.execute(
            "select count(*) from identity.identity_records where source_code = 'till'"
        ).fetchall()[0][0]
    assert sources.keys() == {"till", "shopify"}
    assert min(sources.values()) > 20
    assert linked > 0.9 * cards > 0


def test_every_pair_that_was_looked_at_says_why_and_no_phone_of_a_family_joins_it(night: tuple[Settings, date]) -> None:
    settings, day = night
    edges = warehouse_of(settings).read("from identity.identity_edges order by record_id_a, record_id_b, rule")
    assert edges.schema == EDGES
    assert {"same_loyalty_id", "same_email", "same_phone", "likely"} <= set(edges["rule"])
    refused = edges.filter((pl.col("rule") == "same_phone") & (pl.col("verdict") == "refused"))
    assert refused["reason"].str.starts_with("different persons; ").any()
    issued = ledger_of(settings).partition("person_ids", day)
    ends = issued.select("record_id", "person_id")
    joined = edges.filter(pl.col("verdict") == "accepted").join(ends, left_on="record_id_a", right_on="record_id")
    joined = joined.join(ends, left_on="record_id_b", right_on="record_id")
    assert joined.filter(pl.col("person_id") != pl.col("person_id_right")).is_empty()


def test_everybodys_consent_is_what_the_persons_behind_the_records_last_said(night: tuple[Settings, date]) -> None:
    """The truth knows persons, the log knows records: where two persons were taken for one, both must have said yes.

    Left out are person ids with a record of somebody whose other records were not found to be the same person: what was
    said there is not known here.
    """
    settings, _ = night
    truth = settings.folder("truth")
    said = f"read_parquet('{truth}/consents/*.parquet')"
    with duckdb.connect(str(settings.warehouse_path), read_only=True) as connection:
        rows = connection.execute(f"""
            with last_words as (
                select person, channel, arg_max(is_granted, day) as is_granted from {said} group by all
            ),
            records as (
                select person, {RECORD_ID} as record_id from read_parquet('{truth}/records.parquet')
            ),
            persons as (
                select distinct members.person_id, records.person
                from records inner join identity.person_members as members using (record_id)
            ),
            in_pieces as (select person from persons group by person having count(*) > 1),
            unsure as (select person_id from persons where person in (from in_pieces)),
            expected as (
                select person_id, channel, bool_and(is_granted) as is_granted
                from persons inner join last_words using (person)
                where person_id not in (from unsure)
                group by all
            )
            select expected.is_granted, consents.is_granted, count(*)
            from expected
            left join marts.person_consents as consents
                on expected.person_id = consents.person_id and expected.channel = consents.channel_code
            group by all
        """).fetchall()
    found = {(expected, state): count for expected, state, count in rows}
    assert found.keys() == {(True, True), (False, False)}
    assert min(found.values()) > 100


def test_the_retailers_own_messages_count_for_those_whom_they_reached(night: tuple[Settings, date]) -> None:
    settings, _ = night
    with duckdb.connect(str(settings.warehouse_path), read_only=True) as connection:
        counts = connection.execute(
            "select count(*) filter (event_code = 'sent' and person_id is not null), "
            "count(*) filter (event_code = 'opened_by_machine'), count(*) filter (event_code = 'other'), "
            "(select count(*) from marts.contact_history) from marts.fct_message_events"
        ).fetchall()[0]
    sent, machines, others, history = counts
    assert sent == history > 50  # nothing was released yet: every message is the retailer's own
    assert machines > 5
    assert others == 0


def test_no_address_no_number_and_no_date_of_birth_leaves_the_identity_relations(night: tuple[Settings, date]) -> None:
    settings, _ = night
    members = settings.folder("bronze") / "loyalty" / "members"
    known = (
        pl.read_parquet(members / "*.parquet")
        .select("email", "phone", "date_of_birth")
        .unpivot()["value"]
        .drop_nulls()
        .unique()
    )
    assert known.len() > 50
    rooms = ("exports", "ledger", "published", "reports")
    told = b"".join(path.read_bytes() for room in rooms for path in settings.folder(room).rglob("*.csv"))
    told += b"".join(path.read_bytes() for path in settings.folder("reports").rglob("*") if path.is_file())
    assert [text for text in known if text.encode() in told] == []
    with duckdb.connect(str(settings.warehouse_path), read_only=True) as connection:
        tables = connection.execute(
            "select table_schema, table_name, column_name "
            "from information_schema.columns join information_schema.tables using (table_schema, table_name) "
            "where table_type = 'BASE TABLE' and table_schema <> 'identity' "
            "and data_type = 'VARCHAR'"
        ).fetchall()
        leaked = [
            (schema, table, column)
            for schema, table, column in tables
            if connection.execute(
                f'select count(*) from "{schema}"."{table}" where "{column}" in (select unnest($1))', [known.to_list()]
            ).fetchall()[0][0]
        ]
    assert leaked == []


def test_most_found_persons_are_one_true_person_and_every_bad_row_was_caught(night: tuple[Settings, date]) -> None:
    found = evaluate_home(night[0])
    assert found.record_count > 200
    assert (found.identity.pairwise_precision or 0) > 0.97
    assert (found.identity.pairwise_recall or 0) > 0.97
    assert found.quarantine["caught_count"].sum() == found.quarantine["planted_count"].sum() > 5
    assert found.quarantine["missed_count"].sum() == found.quarantine["falsely_refused_count"].sum() == 0
    assert (night[0].folder("reports") / REPORT).is_file()
    assert (night[0].folder("reports") / PAGE).is_file()
    assert all(part["note"] for part in found.predictions)  # no model, and no night that people answered
    assert found.nights["nights_note"]
