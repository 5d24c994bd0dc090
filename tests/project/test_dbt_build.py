"""The warehouse really builds, also for a retailer without a row, and each invariant notices when it is broken."""

import json
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.ledger import Ledger
from pipelines.ledger_schema import EXPORTS
from tests.builders.bronze import LAST_WEEK, NIGHT, export, ledger_row
from tests.builders.warehouse import DBT, SEEDS, built, hashes, not_good, run_dbt

HISTORY = "insert into marts.contact_history (person_id, channel_code, contacted_date, origin, contact_ref, {})"
BREAKS = {
    "a line is lost": (
        "delete from marts.fct_order_lines where order_line_id = 'b2-p2'",
        {"every_till_line_is_a_sale_or_a_return", "orders_hold_all_lines"},
    ),
    "a line is a cent short": (
        "update marts.fct_order_lines set net_sales_amount = 9.99 where order_line_id = 'b4-p1'",
        {"every_till_line_is_a_sale_or_a_return", "orders_hold_all_lines"},
    ),
    "a return is counted twice": (
        "insert into marts.fct_returns from marts.fct_returns",
        {"every_till_line_is_a_sale_or_a_return", "persons_and_unresolved_are_all_facts"},
    ),
    "a redemption is lost": (
        "delete from marts.fct_redemptions",
        {"every_other_row_arrives", "persons_and_unresolved_are_all_facts"},
    ),
    "a product is lost": ("delete from marts.dim_products where product_id = 'p3'", {"every_other_row_arrives"}),
    "a ticket is lost": ("delete from marts.fct_support_tickets", {"every_other_row_arrives"}),
    "a product is not counted": (
        "delete from marts.fct_stock_daily where department_name = 'unknown'",
        {"every_other_row_arrives"},
    ),
    "an answer is lost": ("delete from marts.fct_feedback", {"every_other_row_arrives"}),
    "a visit is lost": ("delete from marts.fct_web_sessions", {"every_other_row_arrives"}),
    "an entry of the points ledger is lost": (
        "delete from marts.fct_points where entry_id = '2'",
        {"every_other_row_arrives", "points_balances_are_the_ledger"},
    ),
    "a person has a point too many": (
        "update marts.customer_360 set points_balance = points_balance + 1 where person_id = 'P1'",
        {"points_balances_are_the_ledger"},
    ),
    "a visit is of the night's own day": (
        "update marts.fct_web_sessions set session_date = date '2017-12-26'",
        {"nothing_is_from_the_future"},
    ),
    "a campaign is lost": (
        "delete from marts.dim_campaigns",
        {"every_other_row_arrives", "coupons_belong_to_announced_campaigns"},
    ),
    "a person is a cent too rich": (
        "update marts.customer_360 set net_sales_amount_365d = net_sales_amount_365d + 0.01 where person_id = 'P1'",
        {"persons_and_unresolved_are_all_facts"},
    ),
    "a person is lost": (
        "delete from marts.customer_360 where person_id = 'P2'",
        {"persons_and_unresolved_are_all_facts", "every_record_is_one_person", "everybody_has_one_decision"},
    ),
    "a record comes from nowhere": (
        "update identity.person_members set record_id = 'pos:household:99' where record_id = 'crm:household:1'",
        {"every_record_is_one_person"},
    ),
    "a fact is known on the night's own day": (
        "update marts.fct_redemptions set known_date = date '2017-12-26'",
        {"nothing_is_from_the_future"},
    ),
    "an order is of two stores": (
        "update marts.fct_order_lines set store_id = 's9' where order_line_id = 'b2-p2'",
        {"an_order_has_one_customer_and_store"},
    ),
    "a contact is forgotten": (
        "delete from marts.contact_history where origin = 'nightmarket'",
        {"contact_history_misses_nobody"},
    ),
    "a person is not decided about": (
        "delete from decisions.decisions where decision_id = '2017-12-26-P1'",
        {"everybody_has_one_decision", "lift_inputs_are_the_outcomes"},
    ),
    "a person is left out of the measurement": (
        "delete from measurement.lift_inputs where person_id = 'P3'",
        {"lift_inputs_are_the_outcomes"},
    ),
    "a cent is lost on the way to the measurement": (
        "update measurement.lift_inputs set net_sales_amount = net_sales_amount + 0.01 where person_id = 'P1'",
        {"lift_inputs_are_the_outcomes"},
    ),
    "no margin holds for other departments": (
        "delete from seeds.margin_rates where department_name = '*'",
        {"default_margin_is_stated"},
    ),
    "the contact of ten days ago still counts": (
        HISTORY.format("discount_cost_amount") + " values ('P2', 'email', '2017-12-16', 'nightmarket', 'd', 0)",
        {"contact_caps_hold", "contact_history_misses_nobody"},
    ),
    "the contact of eleven days ago no longer counts": (
        HISTORY.format("discount_cost_amount") + " values ('P2', 'email', '2017-12-15', 'nightmarket', 'd', 0)",
        {"contact_history_misses_nobody"},
    ),
    "a discount is above the ceiling": (
        HISTORY.format("discount_cost_amount") + " values ('P2', 'email', '2017-11-28', 'nightmarket', 'd', 5.0001)",
        {"discount_ceilings_hold", "contact_history_misses_nobody"},
    ),
    "a discount is at the ceiling": (
        HISTORY.format("discount_cost_amount") + " values ('P2', 'email', '2017-11-28', 'nightmarket', 'd', 5)",
        {"contact_history_misses_nobody"},
    ),
}
FILES = {
    "a held-out person was contacted a week ago": (
        LAST_WEEK,
        [export(LAST_WEEK, "3")],
        {
            "held_out_people_are_never_contacted",
            "every_export_carries_out_a_decision",
            "contact_history_misses_nobody",
        },
    ),
    "a row goes to another person than was decided": (
        NIGHT,
        [export(NIGHT, "2", person_id="P1")],
        {"every_export_carries_out_a_decision"},
    ),
    "a row gives another discount than was decided": (
        NIGHT,
        [export(NIGHT, "2", discount_rate=0.1)],
        {"every_export_carries_out_a_decision"},
    ),
    "a decision is carried out twice": (
        NIGHT,
        [export(NIGHT, "2"), export(NIGHT, "2", row_number=2)],
        {"every_export_carries_out_a_decision", "contact_caps_hold"},
    ),
}


def invariants():
    """The SQL of every singular test as it ran, by its name without `assert_`."""
    ran = {name: r.node for name, r in built().results.items() if name.startswith("assert_")}
    return {name.removeprefix("assert_"): node.compiled_code for name, node in ran.items()}


def broken(statement=None):
    """The invariants that fail after a statement, which is undone."""
    with duckdb.connect(str(built().home / "warehouse.duckdb")) as connection:
        connection.execute("begin")
        if statement:
            connection.execute(statement)
        found = {name for name, sql in invariants().items() if connection.execute(sql).fetchall()}
        connection.execute("rollback")
    return found


def exports_file(night) -> Path:
    """The partition of the exports of a night."""
    return Ledger(built().home / "ledger").path("exports", night)


def test_the_whole_project_builds_and_every_test_passes():
    assert not_good(built().results) == []
    assert built().read("select count(*), sum(record_count) from marts.customer_360") == [(3, 8)]


def test_a_retailer_without_a_single_row_builds_and_passes():
    assert not_good(built().empty_results) == []


def test_the_settings_are_not_overwritten_by_the_build():
    assert hashes(SEEDS) == built().seeds_before


def test_the_nights_own_deliveries_are_not_known_to_it():
    assert built().read("select count(*) from marts.fct_order_lines where order_id = 'b8'") == [(0,)]


def test_nothing_is_broken_before_we_break_it():
    assert broken() == set()


@pytest.mark.parametrize("case", BREAKS)
def test_an_invariant_notices_when(case):
    statement, expected = BREAKS[case]
    assert broken(statement) == expected


@pytest.mark.parametrize("case", FILES)
def test_an_invariant_notices_in_the_ledger_that(case):
    night, rows, expected = FILES[case]
    path = exports_file(night)
    before = path.read_bytes()
    dated = [ledger_row("exports", **row) | {"as_of_date": night} for row in rows]
    pl.DataFrame(dated, schema=EXPORTS, orient="row").write_parquet(path)
    try:
        assert broken() == expected
    finally:
        path.write_bytes(before)


def test_every_invariant_has_been_seen_failing():
    seen = set().union(*(expected for _, expected in BREAKS.values()), *(case[2] for case in FILES.values()))
    assert set(invariants()) - seen == set()


@pytest.mark.parametrize("value", [None, "yesterday", "2017-13-01", "2017-02-29", "20171226"])
def test_a_day_that_is_missing_or_no_day_is_refused_in_words(value):
    given = [] if value is None else ["--vars", json.dumps({"as_of_date": value})]
    done = run_dbt(built().home, "compile", "--select", "person_favourites", *given, manifest=built().parsed)
    said = " ".join(str(done.exception or [result.message for result in done.result]).split())
    assert not done.success
    assert "as_of_date: expected a day as YYYY-MM-DD, got" in said
    assert "dbt build --vars" in said


def test_there_is_one_variable():
    sql = "".join(path.read_text(encoding="utf-8") for path in DBT.rglob("*.sql") if "target" not in path.parts)
    names = {part.split("'")[1] for part in sql.split("var(")[1:]}
    assert names == {"as_of_date"}
