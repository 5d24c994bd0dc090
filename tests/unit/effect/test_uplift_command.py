"""`nightmarket uplift` on files as people have them."""

import json

import polars as pl
import pytest
from typer.testing import CliRunner

from ml.errors import ContractError, InsufficientDataError
from pipelines.cli.engines.uplift import parse_cost
from pipelines.cli.main import app
from tests.builders.effect import responsive, trial_table

COLUMNS = ["--id", "person", "--treatment", "arm", "--control", "none", "--outcome", "bought", "--threads", "1"]


@pytest.fixture(scope="module")
def table():
    return trial_table(600, effect=responsive, seed=1).drop("truth")


def run(folder, frame, *more, kind="csv"):
    """The command; returns the answer, the report and what was said."""
    source = folder / f"in.{kind}"
    frame.write_csv(source) if kind == "csv" else frame.write_parquet(source)
    command = ["uplift", str(source), *COLUMNS, "--out", str(folder / "out.parquet"), *more]
    result = CliRunner().invoke(app, command)
    if result.exception:
        raise result.exception
    return pl.read_parquet(folder / "out.parquet"), json.loads((folder / "out.json").read_text("utf-8")), result.stdout


def test_a_file_is_answered_with_a_row_per_person_a_report_and_a_summary(tmp_path, table):
    rows, report, said = run(tmp_path, table, "--cost", ".5", "--value", "5")
    assert rows.columns == ["person", "arm", "uplift", "standard_error", "is_chosen"]
    assert rows.height == table.height
    assert rows["person"].is_sorted()
    assert report["verdict"] in said
    for words in ("S-learner", "DR-learner", "likely responders first", "everybody", "nobody", "permutation test"):
        assert words in said


def test_the_same_table_as_parquet_and_again_gives_the_same_answer(tmp_path, table):
    first, *_ = run(tmp_path, table)
    source = (tmp_path / "out.parquet").read_bytes()
    again, *_ = run(tmp_path, table, kind="parquet")
    assert again.equals(first)
    assert (tmp_path / "out.parquet").read_bytes() == source


def test_other_people_need_no_treatment_and_no_outcome(tmp_path, table):
    others = tmp_path / "others.csv"
    table.drop("arm", "bought").head(7).with_columns(city=pl.lit("Oslo")).write_csv(others)
    rows, report, _ = run(tmp_path, table, "--score", str(others))
    assert rows["person"].to_list() == table["person"].head(7).to_list()
    assert report["scored"] == str(others)
    assert rows["uplift"].is_finite().all()


def test_other_people_without_a_column_are_refused_by_its_name(tmp_path, table):
    others = tmp_path / "others.csv"
    table.drop("arm", "bought", "city").write_csv(others)
    with pytest.raises(ContractError, match=r"got none called \['city'\]"):
        run(tmp_path, table, "--score", str(others))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.clear(), "expected rows below the header"),
        (lambda t: t.drop("bought"), r"expected columns \['bought'\]"),
        (lambda t: pl.concat([t, t.head(3)]), "expected every person once, got 3 of 600 more often"),
        (lambda t: t.with_columns(person=pl.lit("")), "expected a name in every row"),
        (lambda t: t.with_columns(arm=pl.lit(None)), "expected a name in every row"),
        (lambda t: t.with_columns(arm=pl.lit("mail")), "expected the control 'none' among its values"),
        (lambda t: t.with_columns(bought=pl.lit("yes")), "bought: expected a number"),
        (lambda t: t.with_columns(bought=pl.lit("1e200")), "expected numbers up to"),
        (lambda t: t.with_columns(bought=pl.lit("")), "expected a value in every row"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_in_words(tmp_path, table, change, words):
    with pytest.raises(ContractError, match=words):
        run(tmp_path, change(table))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: pl.concat([t.filter(arm="none").head(1), t.filter(arm="mail").head(2)]), "expected 100 people"),
        (lambda t: t.with_columns(bought=pl.lit(0)), "expected people who differ"),
        (lambda t: t.select("person", "arm", "bought", same=pl.lit(1)), "same is left out: every row says the same"),
    ],
)
def test_too_little_to_learn_from_is_said(tmp_path, table, change, words):
    with pytest.raises(InsufficientDataError, match=words):
        run(tmp_path, change(table))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--features", "age,nope"], r"expected columns of the table, got \['nope'\]"),
        (["--features", "age,bought"], r"got \['bought'\], which are named for something else"),
        (["--cost", "-1"], "expected a cost of at least 0"),
        (["--cost", "post=1"], "one for each of"),
        (["--value", "0"], "a value other than 0"),
        (["--probability", "age"], "expected chances above 0 and below 1"),
        (["--probability", "mail=age"], "got none for"),
        (["--dose"], "expected numbers in arm"),
        (["--out", "x.xlsx"], "expected an ending of .csv or .parquet"),
        (["--id", "arm"], "expected three columns"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_in_words(tmp_path, table, options, words):
    with pytest.raises(ContractError, match=words):
        run(tmp_path, table, *options)


def test_giant_amounts_and_empty_cells_are_answered(tmp_path, table):
    hard = table.with_columns(
        bought=pl.col("bought") * 1e100,
        age=pl.when(pl.col("recency") > 1.0).then(None).otherwise(pl.col("age") * 1e300),
        größe=pl.lit(float("inf")),
    )
    rows, report, _ = run(tmp_path, hard, kind="parquet")
    assert rows["uplift"].is_finite().all()
    assert rows["standard_error"].is_finite().all()
    assert any(text.startswith("größe is left out") for text in report["warnings"])


def test_an_arm_of_a_few_people_is_left_out_and_named(tmp_path, table):
    few = table.with_columns(arm=pl.when(pl.col("person") < "P000020").then(pl.lit("call")).otherwise(pl.col("arm")))
    rows, report, _ = run(tmp_path, few)
    assert rows["arm"].unique().to_list() == ["mail"]
    assert rows.height == 580
    assert "call: left out, fewer than 100 people each." in report["warnings"][0]


def test_few_buyers_give_no_verdict(tmp_path, table):
    rare = table.with_columns(bought=(pl.col("person") < "P000012").cast(pl.Int64))
    _, report, said = run(tmp_path, rare)
    assert report["verdict"] == "cannot tell"
    assert "20 are needed" in said


def test_costs_are_one_number_or_one_per_arm():
    assert parse_cost([]) is None
    assert parse_cost([".5"]) == 0.5
    assert parse_cost(["5=.1,10=.2", "a=b=3"]) == {"5": 0.1, "10": 0.2, "a=b": 3.0}
    for wrong in (["1", "2"], ["a=1,a=2"], ["x"], ["a="]):
        with pytest.raises(ContractError, match="--cost"):
            parse_cost(wrong)
