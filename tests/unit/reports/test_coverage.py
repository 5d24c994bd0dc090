"""A source that a night does not have is named, with what that costs; nothing is said of what is there."""

import polars as pl
import pytest

from ml.decisioning.inputs import LAPSE, PURCHASE, REDEMPTION, VALUE
from pipelines.coverage import NEEDS, NO_PURCHASE, find_gaps, gaps_in_words
from pipelines.ledger_schema import LOADS
from tests.builders.bronze import TABLES
from tests.builders.decisioning import change, seed_tables

SEEDS = seed_tables()
EXAMPLE = {"pos.order_lines", "catalogue.products"}  # what takes the place of a till journal and its products


def loads(tables, rows=1):
    split = [table.split(".") for table in sorted(tables)]
    given = [{"source_code": source, "table_name": name, "accepted_row_count": rows} for source, name in split]
    return pl.DataFrame([dict.fromkeys(LOADS) | row for row in given], schema=LOADS, orient="row")


def gaps_of(tables, seeds=SEEDS):
    return find_gaps(loads(tables), seeds).to_dicts()


def test_a_retailer_that_delivers_everything_misses_nothing():
    assert gaps_of(TABLES) == []
    assert gaps_in_words(find_gaps(loads(TABLES), SEEDS)) == []


@pytest.mark.parametrize("table", sorted(set(TABLES) - EXAMPLE))
def test_every_table_that_is_missing_is_named_with_what_it_costs(table):
    gaps = gaps_of(set(TABLES) - EXAMPLE - {table})
    assert [gap["tables"] for gap in gaps] == [[table]]
    assert gaps[0]["cost"].endswith(".")
    assert table in " ".join(gaps_in_words(find_gaps(loads(set(TABLES) - EXAMPLE - {table}), SEEDS)))


def test_a_table_whose_place_another_takes_is_not_missed():
    assert gaps_of(set(TABLES) - {"till.receipts", "stores.stores", "pim.products"}) == []


def test_files_without_an_accepted_row_are_no_source():
    assert find_gaps(loads(TABLES, rows=0), SEEDS).height == len(NEEDS) + 1


def test_without_a_purchase_every_model_and_every_journey_is_off_and_that_comes_first():
    gap = gaps_of(set(TABLES) - EXAMPLE - {"till.receipts", "shopify.orders"})[0]
    assert gap["cost"] == NO_PURCHASE
    assert set(gap["models"]) == {LAPSE, PURCHASE, REDEMPTION, VALUE}
    assert gap["journeys"] == sorted(SEEDS["journeys"]["journey_id"])


def test_without_products_the_journeys_about_a_department_are_off():
    gap = gaps_of(set(TABLES) - EXAMPLE - {"pim.products"})[0]
    about_persons = SEEDS["actions"].filter(scope_code="person")["action_id"]
    others = SEEDS["journeys"].filter(~pl.col("action_id").is_in(about_persons.to_list()))["journey_id"]
    assert gap["journeys"] == sorted(others)
    assert PURCHASE in gap["models"]


def test_without_campaigns_the_journeys_of_likely_redeemers_are_off():
    gap = gaps_of(set(TABLES) - {"campaigns.mailings"})[0]
    assert (gap["models"], gap["journeys"]) == ([REDEMPTION], ["mail_active", "mail_at_risk"])


def test_the_consent_log_blocks_nobody_unless_the_settings_ask_for_it():
    without = set(TABLES) - {"consent.events"}
    asking = change(SEEDS, "consents", 4, consent_basis="recorded_opt_in")
    assert gaps_of(without)[0]["guardrails"] == []
    assert gaps_of(without, asking)[0]["guardrails"] == ["no_consent"]


def test_every_table_that_a_night_reads_is_some_need():
    assert {table for need in NEEDS for table in need.tables} | EXAMPLE == set(TABLES)
