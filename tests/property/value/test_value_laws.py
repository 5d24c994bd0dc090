"""Laws of customer value: no order of rows, number of threads or unit of money changes what is said."""

import polars as pl
import pytest

from tests.builders.transactions import draw_transactions
from tests.unit.value.test_predicted_value import score


@pytest.mark.parametrize("seed", [1, 2])
def test_any_order_of_rows_and_any_threads_give_the_same_bits(seed):
    rows = draw_transactions(500)
    shuffled = rows.sample(fraction=1.0, shuffle=True, seed=seed)
    assert score(rows, threads=1)[1].equals(score(shuffled, threads=2)[1])


def test_another_currency_changes_the_unit_alone():
    rows = draw_transactions(500)
    cents = rows.with_columns(pl.col("amount") * 128)
    one, other = score(rows)[1], score(cents)[1]
    assert other["expected_order_count"].to_numpy() == pytest.approx(one["expected_order_count"].to_numpy(), rel=1e-3)
    total = one["expected_value_amount"].sum() * 128
    assert other["expected_value_amount"].sum() == pytest.approx(total, rel=0.02)
