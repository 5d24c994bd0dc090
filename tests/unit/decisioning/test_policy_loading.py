"""The seed tables become one policy, or are refused with file, row and column."""

import random

import polars as pl
import pytest

from ml.decisioning.policy import load_policy
from ml.errors import ContractError
from tests.builders.decisioning import change, seed_tables


@pytest.mark.parametrize(
    ("table", "row", "cells", "words"),
    [
        ("limits", 0, {"limit_amount": "-5"}, r"limits.csv row 2, limit_amount: .*at least 0, got '-5'"),
        ("channels", 1, {"contact_cost_amount": "NaN"}, r"channels.csv row 3, contact_cost_amount: .*finite"),
        ("channels", 1, {"contact_cost_amount": None}, r"channels.csv row 3, contact_cost_amount: .*got nothing"),
        ("channels", 1, {"contact_cost_amount": "0.00001"}, r"at most four decimals"),
        ("treatments", 0, {"offer_id": "pct_99"}, r"offer_id: 'pct_99' is not in seeds/offers.csv"),
        ("treatments", 1, {"valid_from": "2019-01-01"}, r"valid_from: 2019-01-01 is after valid_through 2018-12-31"),
        ("treatments", 0, {"horizon_days": "91"}, r"horizon_days: expected 28"),
        ("treatments", 3, {"offer_id": "pct_5"}, r"a discount needs a monetary action"),
        ("treatments", 0, {"prior_effect_log_odds": "9"}, r"prior_effect_log_odds: expected at most 3"),
        ("offers", 0, {"discount_rate": "1.5"}, r"offers.csv row 2, discount_rate: expected a number from 0 to 1"),
        ("offers", 1, {"funded_by": "nobody"}, r"somebody who pays"),
        ("journeys", 0, {"lifecycle_stage_code": "asleep"}, r"journeys.csv row 2, lifecycle_stage_code: .*one of"),
        ("journeys", 6, {"min_lapse_probability": "0.5"}, r"min_lapse_probability: 0.5 is above"),
        ("consents", 0, {"is_permitted": "maybe"}, r"is_permitted: expected true or false, got 'maybe'"),
        ("consents", 1, {"purpose_code": "marketing"}, r"consents.csv row 3: expected a new key"),
        ("contact_policies", 0, {"window_days": "0"}, r"window_days: expected a whole number of at least 1"),
        ("value_rules", 0, {"rule": "generosity"}, r"missing or unknown rules"),
    ],
)
def test_a_wrong_cell_is_named_with_file_row_and_column(table, row, cells, words):
    with pytest.raises(ContractError, match=words):
        load_policy(change(seed_tables(), table, row, **cells))


def test_a_missing_file_and_an_unknown_column_are_named():
    tables = seed_tables()
    tables["limits"] = tables["limits"].with_columns(extra=pl.lit("1"))
    del tables["offers"]
    with pytest.raises(ContractError, match=r"seeds/offers.csv: expected the file.*limits.csv: .*'extra'"):
        load_policy(tables)


def test_a_department_without_own_margin_has_the_default_and_only_the_default_row_can_be_missed():
    tables = seed_tables()
    assert load_policy(tables).margin_rate("NEVER SEEN").department_name == "*"
    tables["margin_rates"] = tables["margin_rates"].filter(pl.col("department_name") != "*")
    with pytest.raises(ContractError, match=r"expected a row '\*'"):
        load_policy(tables)


def test_the_policy_hash_depends_on_content_and_not_on_row_order_or_trailing_zeros():
    tables = seed_tables()
    shuffled = {name: frame.sample(fraction=1, shuffle=True, seed=4) for name, frame in tables.items()}
    columns = {
        name: frame.select(random.Random(1).sample(frame.columns, len(frame.columns)))
        for name, frame in shuffled.items()
    }
    assert load_policy(columns).policy_hash == load_policy(tables).policy_hash
    assert load_policy(change(tables, "limits", 0, limit_amount="60")).policy_hash == load_policy(tables).policy_hash
    assert load_policy(change(tables, "limits", 0, limit_amount="61")).policy_hash != load_policy(tables).policy_hash
