"""`nightmarket lift` on experiments that went wrong, as files through the command: words, no stack trace."""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from ml.errors import NightmarketError
from pipelines.cli.engines import lift as lift_command
from pipelines.cli.main import app
from tests.builders.experiment import experiment

KEYS = "metric arm control_mean arm_mean estimate low high p_value relative_lift relative_low relative_high method"
ROOT = Path(__file__).parents[3]


def measured(folder, frame, *more):
    """Report and screen of a run that must end well."""
    path = folder / "experiment.csv"
    frame.write_csv(path)
    asked = ["lift", path, "--arm", "arm", "--control", "control", "--metric", "revenue", *more]
    done = CliRunner().invoke(app, [*map(str, asked), "--json", str(folder / "o.json")], env={"COLUMNS": "300"})
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return json.loads((folder / "o.json").read_text(encoding="utf-8")), " ".join(done.output.split())


def lost():
    """An experiment in which every tenth of the treated got lost on the way."""
    frame = experiment(people=6_000)
    return frame.filter((pl.col("arm") == "control") | (pl.int_range(pl.len()) % 10 > 0))


def whale():
    """One treated person with nine tenths of all revenue."""
    frame = experiment(people=2_000)
    frame[3_000, "revenue"] = 9 * frame["revenue"].sum()
    return frame


@pytest.mark.parametrize(
    ("frame", "options", "words"),
    [
        (lost, ["--shares", "control=.5,treated=.5"], ["Sample ratio mismatch", "blocked: sample ratio"]),
        (lost, [], ["Sample ratio mismatch", "state the planned ones with --shares"]),
        (whale, [], ["one row holds", "no verdict can rest on one unit", "not enough evidence yet"]),
        (lambda: experiment().with_columns(revenue=0), [], ["is 0 for everybody", "not enough evidence yet"]),
        (lambda: experiment(people=2, others=1), [], ["units; 100 are needed", "not enough evidence yet"]),
        (lambda: experiment(people=1), [], ["1 units; 100 are needed"]),
        (
            lambda: experiment(),
            ["--shares", "control=1,treated=1,phone=1"],
            ["phone 0 (expected 667)", "blocked: sample ratio"],
        ),
        (lambda: experiment().with_columns(revenue=7), [], ["is the same for everybody"]),
        (lambda: experiment(), [], ["looks again and stops when he likes", "(peeking)"]),
        (lambda: experiment(), ["--sequential"], ["at all looks together"]),
    ],
)
def test_an_experiment_that_went_wrong_gets_words_and_no_verdict(tmp_path, frame, options, words):
    _, said = measured(tmp_path, frame(), *options)
    for expected in words:
        assert expected in said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop("revenue"), "revenue: expected a column"),
        (lambda t: t.clear(), "rows below the header"),
        (lambda t: t.with_columns(revenue=pl.when(pl.int_range(pl.len()) != 5).then("revenue")), r"1 of 2000 rows"),
        (lambda t: t.with_columns(revenue=pl.lit(float("nan"))), "a value in every row"),
        (lambda t: t.with_columns(revenue=pl.lit("12,50")), r"a number, got something else in 2000 of 2000"),
        (lambda t: t.with_columns(revenue=pl.lit("1e300")), "numbers up to 1e"),
        (lambda t: t.filter(arm="control"), "at least two arms, got only 'control'"),
        (lambda t: t.filter(arm="treated"), "expected the control 'control' among its values"),
        (lambda t: t.head(1), "at least two arms"),
        (lambda t: t.with_columns(arm=pl.lit("  ")), "a name in every row"),
    ],
)
def test_a_table_that_says_nothing_is_refused_in_words(tmp_path, change, words):
    with pytest.raises(NightmarketError, match=words):
        measured(tmp_path, change(experiment()))
    assert not (tmp_path / "o.json").exists()


def test_mixed_types_and_people_twice_are_refused_with_the_row(tmp_path):
    mixed = experiment().with_columns(pl.col("revenue").cast(pl.String))
    mixed[41, "revenue"] = "unknown"
    with pytest.raises(NightmarketError, match=r"first: row 42, 'unknown'"):
        measured(tmp_path, mixed)
    twice = experiment().with_columns(customer=pl.Series([0, *range(1_999)]))
    with pytest.raises(NightmarketError, match="every person once, got 1 of 1999 more often"):
        measured(tmp_path, twice, "--id", "customer")


def test_an_arm_nobody_planned_is_refused(tmp_path):
    with pytest.raises(NightmarketError, match=r"a share for every arm, got none for \['treated'\]"):
        measured(tmp_path, experiment(), "--shares", "control=.5,phone=.5")


def test_any_alphabet_and_awkward_names_go_through(tmp_path):
    frame = experiment().with_columns(arm=pl.col("arm").replace({"treated": "处理, «ñ»"}))
    report, said = measured(tmp_path, frame)
    assert report["results"][0]["arm"] == "处理, «ñ»"
    assert "处理, «ñ»" in said


def test_who_peeks_finds_an_effect_that_is_not_there_unless_he_says_so(tmp_path):
    # one stream of people without any effect, looked at twenty times
    frame = experiment(people=4_000, seed=10).sample(fraction=1.0, shuffle=True, seed=1)
    looks = [frame.head(size) for size in range(400, 8_001, 400)]
    fixed = [measured(tmp_path, look)[0]["results"][0]["p_value"] for look in looks]
    anytime = [measured(tmp_path, look, "--sequential")[0]["results"][0]["p_value"] for look in looks]
    assert min(fixed) < 0.05 < fixed[-1]
    assert min(anytime) > 0.05


def test_the_keys_are_those_that_were_promised_and_hold_no_nan(tmp_path):
    report, _ = measured(tmp_path, experiment(), "--covariate", "before", "--winsorise", ".99")
    assert {"sample_ratio_p", "arms", "results", "warnings"} <= set(report)
    assert all({"arm", "n"} <= set(arm) for arm in report["arms"])
    assert all(set(KEYS.split()) <= set(row) for row in report["results"])
    assert "NaN" not in (tmp_path / "o.json").read_text(encoding="utf-8")


def test_a_large_file_is_read_by_the_columns_it_needs_with_the_same_answer(tmp_path, monkeypatch):
    frame = experiment().with_columns(pl.col("revenue").cast(pl.String), note=pl.lit("long text"))
    small, _ = measured(tmp_path, frame, "--covariate", "before", "--cluster", "house")
    monkeypatch.setattr(lift_command, "READ_WHOLE", 10)
    large, said = measured(tmp_path, frame, "--covariate", "before", "--cluster", "house")
    assert large["results"] == small["results"]
    assert "rows were not searched for exact copies" in said
    frame[1_500, "revenue"] = "much"
    with pytest.raises(NightmarketError, match=r"1 of 2000 rows \(first: row 1501, 'much'\)"):
        measured(tmp_path, frame)
    with pytest.raises(NightmarketError, match="none called 'gone'"):
        measured(tmp_path, frame, "--covariate", "gone")


def test_the_program_itself_ends_with_a_sentence_and_exit_code_one(tmp_path):
    (tmp_path / "a.csv").write_text("arm,revenue\ncontrol,1\n", encoding="utf-8")
    command = [sys.executable, "-m", "pipelines.cli.main", "lift", str(tmp_path / "a.csv"), "--arm", "arm"]
    done = subprocess.run(
        [*command, "--control", "control", "--metric", "revenue"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("✗ arm: expected at least two arms")
    assert "Traceback" not in done.stderr
