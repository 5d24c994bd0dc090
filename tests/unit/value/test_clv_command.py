"""`nightmarket clv` on files as people have them."""

import json
from datetime import date

import polars as pl
import pytest

from ml.errors import ContractError
from pipelines.cli.engines.clv import ValueRequest, value_file
from tests.builders.transactions import draw_transactions

GOOD = "who,when,paid\nÅsa,2020-01-02,5\nÅsa,2020-02-02 10:00:00,7.5\nBob,2020-01-09,3\n"


def run(folder, text, **changes):
    """The command on a CSV; returns the answer and the report."""
    source = folder / "in.csv"
    source.write_text(text, encoding="utf-8")
    columns = ("who", "when", "paid")
    settings = {"as_of": date(2020, 3, 1), "horizon_days": 30, "out": folder / "out.parquet"}
    value_file(ValueRequest(source, *columns, **{**settings, "json": None, "seed": 7, "threads": 1, **changes}))
    return pl.read_parquet(folder / "out.parquet"), json.loads((folder / "out.json").read_text(encoding="utf-8"))


def test_three_rows_are_answered_and_the_doubt_is_said(tmp_path, capsys):
    scores, report = run(tmp_path, GOOD)
    assert scores["customer_id"].to_list() == ["Bob", "Åsa"]
    assert report["warnings"]
    assert "2 customers" in capsys.readouterr().out


def test_rows_with_gaps_are_left_out_and_counted(tmp_path):
    _, report = run(tmp_path, GOOD + ",2020-01-01,4\nEve,,4\nEve,2020-01-03,NaN\n")
    assert "3 of 6 rows were left out because a value is missing: who 1, when 1, paid 1." in report["warnings"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "got an empty file"),
        ("who,when,paid\n", "expected rows below the header"),
        ("who,when,price\na,2020-01-01,1\n", "--amount: expected a column of the file, got 'paid'"),
        (GOOD + "Eve,soon,3\n", r"when: expected a date .* got 'soon' \(row 4, first of 1 of 4 rows\)"),
        (GOOD + "Eve,2020-01-05,three\n", "paid: expected a number such as 12.50, got 'three'"),
        (GOOD + "Eve,2020-01-05,1e300\n", "paid: expected amounts up to"),
        ("who,when,paid\n,,\n", "expected rows with all three, got 0 of 1"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(tmp_path, text, words):
    with pytest.raises(ContractError, match=words):
        run(tmp_path, text)


def test_a_horizon_of_no_days_is_refused_before_reading(tmp_path):
    with pytest.raises(ContractError, match="--horizon-days: expected 1 to 3650, got 0"):
        run(tmp_path, GOOD, horizon_days=0)


def test_the_same_file_gives_the_same_bytes(tmp_path):
    rows = draw_transactions(100).with_columns(pl.col("day").cast(pl.Date) + pl.duration(days=18_000))
    text = rows.rename({"customer_id": "who", "day": "when", "amount": "paid"}).write_csv()
    first = run(tmp_path, text, as_of=date(2019, 10, 1))[0]
    assert first.equals(run(tmp_path, text, as_of=date(2019, 10, 1))[0])
