"""`nightmarket lift FILE` and `nightmarket power`: files in, report out, refusals in words."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from ml.errors import ContractError, NightmarketError
from ml.measurement.units import Metric
from pipelines.cli.engines.lift import parse_metric, parse_shares
from pipelines.cli.main import app
from tests.builders.experiment import experiment

COOKIE_CATS = Path(__file__).parents[3] / "../shared/data/cookie_cats/cookie_cats.parquet"


def run(*arguments):
    """Standard output of a command that must succeed; its own error otherwise."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def lift(file, *more, out):
    run("lift", file, "--arm", "arm", "--control", "control", "--metric", "revenue", *more, "--json", out)
    return json.loads(out.read_text())


def test_csv_and_parquet_give_the_same_report(tmp_path):
    frame = experiment()
    frame.write_csv(tmp_path / "a.csv")
    frame.write_parquet(tmp_path / "a.parquet")
    reports = [lift(tmp_path / name, out=tmp_path / "o.json") for name in ("a.csv", "a.parquet")]
    assert reports[0] == reports[1]
    promised = (
        "metric arm control_mean arm_mean estimate low high p_value relative_lift relative_low relative_high method"
    )
    assert set(promised.split()) <= set(reports[0]["results"][0])
    assert {"sample_ratio_p", "arms", "results", "warnings"} <= set(reports[0])


def test_every_option_together_ends_in_a_report(tmp_path):
    experiment().write_parquet(tmp_path / "a.parquet")
    options = ["--metric", "revenue:ratio=visits", "--covariate", "before", "--cluster", "house", "--winsorise", ".99"]
    report = lift(
        tmp_path / "a.parquet", *options, "--looks", ".5,1", "--shares", "control=1,treated=1",
        "--out", tmp_path / "t.csv", out=tmp_path / "o.json",
    )  # fmt: skip
    methods = [row["method"] for row in report["results"]]
    assert methods[-1] == "cuped delta winsorised clustered group-sequential"
    assert len(methods) == 8
    assert pl.read_csv(tmp_path / "t.csv").height == 8


def test_the_screen_says_the_verdict_and_the_warning(tmp_path):
    experiment(people=100, others=400).write_csv(tmp_path / "a.csv")
    said = run("lift", tmp_path / "a.csv", "--arm", "arm", "--control", "control", "--metric", "revenue")
    assert "blocked: sample ratio" in said
    assert "Sample ratio mismatch" in said


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (None, "gone.csv", "found none"),
        (b"", "empty.csv", "empty file"),
        (b"arm,revenue\n", "header.csv", "rows below the header"),
        (b"arm,revenue\ncontrol,\xff\xfe\n", "binary.csv", "UTF-8, got other bytes in line 2"),
        (b"no parquet", "fake.parquet", "expected Parquet"),
        (b"arm;revenue\ncontrol;1\n", "semicolon.csv", "divided by commas"),
        (b"x", "table.xlsx", "expected a \\.csv, \\.csv\\.gz, \\.parquet or \\.pq file"),
    ],
)
def test_a_broken_file_is_refused_in_words(tmp_path, content, name, expected):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(NightmarketError, match=expected):
        lift(tmp_path / name, out=tmp_path / "o.json")
    assert not (tmp_path / "o.json").exists()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--winsorise", "1.5"], "quantile between"),
        (["--looks", "half"], "shares of the planned people"),
        (["--shares", ".5,.5"], "ARM=SHARE"),
        (["--confidence", "95"], "share such as .95"),
        (["--covariate", "revenue"], "from before the start"),
    ],
)
def test_a_wrong_option_is_refused_in_words(tmp_path, options, expected):
    experiment().write_parquet(tmp_path / "a.parquet")
    with pytest.raises(ContractError, match=expected):
        lift(tmp_path / "a.parquet", *options, out=tmp_path / "o.json")


def test_a_file_without_the_question_is_refused(tmp_path):
    with pytest.raises(ContractError, match="--arm, --control, --metric"):
        run("lift", tmp_path / "a.csv")


def test_without_a_file_the_ledger_answers(tmp_path):
    with pytest.raises(ContractError, match="no finished night yet"):
        run("lift", "--home", tmp_path)


def test_metrics_are_read_with_colons_in_their_names():
    texts = ["a", "a:mean", "a:ratio=b", "utm:source", "x:y:ratio=z w"]
    found = [parse_metric(text) for text in texts]
    assert found == [Metric("a"), Metric("a"), Metric("a", "b"), Metric("utm:source"), Metric("x:y", "z w")]
    with pytest.raises(ContractError, match="Name the denominator"):
        parse_metric("a:ratio=")


def test_shares_come_together_or_one_by_one():
    assert parse_shares(["a=.1,b=.9"], "a") == parse_shares(["a=.1", "b=.9"], "a") == {"a": 0.1, "b": 0.9}
    assert parse_shares([], "a") is None
    with pytest.raises(ContractError, match="once per arm"):
        parse_shares(["a=.1,a=.2"], "a")


def test_power_answers_in_people_and_in_lift(tmp_path):
    out = tmp_path / "p.json"
    run("power", "--mean", "1", "--sd", "2", "--lift", ".5", "--json", out)
    needed = json.loads(out.read_text())
    assert needed["people_per_arm"] == 253  # Cohen's d of .25, power .8: 252.1 by the noncentral t
    run("power", "--mean", "1", "--sd", "2", "--people", needed["people"], "--json", out)
    assert json.loads(out.read_text())["detectable_lift"] == pytest.approx(0.5, rel=0.01)


def test_a_covariate_and_a_file_make_power_cheaper(tmp_path):
    experiment().write_csv(tmp_path / "a.csv")
    sizes = []
    for correlation in ("0", ".7"):
        run("power", tmp_path / "a.csv", "--metric", "revenue", "--lift", ".1", "--correlation", correlation,
            "--json", tmp_path / "p.json")  # fmt: skip
        sizes.append(json.loads((tmp_path / "p.json").read_text())["people"])
    assert sizes[1] / sizes[0] == pytest.approx(0.51, abs=0.01)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--lift", ".1"], "expected a baseline"),
        (["--rate", ".1"], "either --lift or --people"),
        (["--rate", "2", "--lift", ".1"], "inside \\(0, 1\\)"),
        (["--mean", "0", "--sd", "1", "--lift", ".1"], "mean other than 0"),
    ],
)
def test_an_incomplete_question_of_power_is_refused(options, expected):
    with pytest.raises(ContractError, match=expected):
        run("power", *options)


def test_cookie_cats_gives_the_published_figures(tmp_path):
    if not COOKIE_CATS.exists():
        pytest.skip("the shared data are absent")
    out = tmp_path / "o.json"
    metrics = ["--metric", "retention_1", "--metric", "retention_7"]
    run("lift", COOKIE_CATS, "--arm", "test_version", "--control", "gate_30", *metrics, "--json", out)
    report = json.loads(out.read_text())
    found = [(round(100 * r["control_mean"], 2), round(100 * r["arm_mean"], 2)) for r in report["results"]]
    assert found == [(44.82, 44.23), (19.02, 18.20)]
    assert [arm["n"] for arm in report["arms"]] == [44_700, 45_489]
    assert [row["verdict"] for row in report["results"]] == ["no measurable difference", "harm"]
    assert report["sample_ratio_p"] == pytest.approx(0.0086, abs=5e-5)
