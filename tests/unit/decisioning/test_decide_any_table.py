"""`nightmarket decide`: files in, decisions and certificate out; hard cases answered or refused in words."""

import json

import polars as pl
import pytest
import yaml
from typer.testing import CliRunner

from benchmarks.check_decisions import check
from ml.errors import ContractError, NightmarketError
from pipelines.cli.engines.decide import decide_file
from pipelines.cli.main import app
from tests.builders.candidates import ONE_EACH, frame_of, solved

TIES = frame_of(*[(f"p{i}", f"t{j}", 1.0, "ab"[j], 1.0) for i in range(1_000) for j in range(2)])


def files(folder, frame, limits, *, suffix=".parquet"):
    candidates, rules = folder / f"candidates{suffix}", folder / "limits.yml"
    frame.write_csv(candidates) if suffix == ".csv" else frame.write_parquet(candidates)
    rules.write_text(yaml.safe_dump(limits))
    return candidates, rules, folder / "out"


def run(folder, frame, limits, *, suffix=".parquet"):
    candidates, rules, out = files(folder, frame, limits, suffix=suffix)
    decide_file(candidates, rules, out, seed=0)
    assert check(candidates, rules, out) == []
    return pl.read_parquet(out / "decisions.parquet"), json.loads((out / "certificate.json").read_text())


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_file_goes_in_and_decisions_with_their_proof_come_out(tmp_path, suffix):
    frame = frame_of(
        ("ä", "x", 3.0, "a", 1.0), ("ä", "y", 4.0, "b", 3.0), ("b", "x", 2.0, "a", 1.0), ("c", "x", -1.0, "a", 0.0)
    )
    limits = {"per_person": [ONE_EACH], "global": [{"name": "budget", "sum": "cost", "at_most": 2}]}
    made, proof = run(tmp_path, frame, limits, suffix=suffix)
    assert made.rows() == [("b", "x"), ("c", "none"), ("ä", "x")]
    assert proof["primal_value"] == 5
    assert proof["inner_problem"]["kind"] == "exact"
    assert proof["limits"][0] | {"price_at_most": 0.0} == {
        "name": "budget",
        "used": 2.0,
        "at_most": 2.0,
        "at_least": None,
        "price_at_most": 0.0,
        "price_at_least": 0.0,
    }


def test_several_treatments_per_person_within_nested_caps(tmp_path):
    frame = frame_of(*[("p", f"t{j}", 5.0 - j, "ab"[j // 3], 1.0) for j in range(6)])
    caps = [{"name": "three", "at_most": 3}, {"name": "two_a", "where": {"channel": "a"}, "at_most": 2}]
    made, proof = run(tmp_path, frame, {"per_person": caps})
    assert made["treatment_id"].to_list() == ["t0", "t1", "t3"]
    assert proof["gap"] == 0


def test_equal_values_share_a_capacity_exactly(tmp_path):
    limits = {"per_person": [ONE_EACH], "global": [{"name": "mails", "where": {"channel": "a"}, "at_most": 333}]}
    limits["global"].append({"name": "all", "at_most": 700})
    made, proof = run(tmp_path, TIES, limits)
    assert made.filter(pl.col("treatment_id") != "none").height == 700
    assert proof["gap"] < 1e-9


def test_a_minimum_is_met_with_those_who_lose_least(tmp_path):
    frame = frame_of(*[(f"p{i:03}", "t", -float(i), "a", 1.0) for i in range(900)])
    made, proof = run(tmp_path, frame, {"per_person": [ONE_EACH], "global": [{"name": "some", "at_least": 3}]})
    assert made.filter(treatment_id="t")["person_id"].to_list() == ["p000", "p001", "p002"]
    assert proof["primal_value"] == -3
    assert proof["dual_bound"] == pytest.approx(-3)


def test_one_huge_person_and_a_budget_of_zero(tmp_path):
    rows = [(f"p{i}", "t", 1.0, "a", 0.01) for i in range(800)]
    frame = frame_of(("huge", "t", 1e12, "a", 1e9), *rows)
    budget = {"name": "budget", "sum": "cost", "at_most": 5.0}
    assert run(tmp_path, frame, {"per_person": [ONE_EACH], "global": [budget]})[1]["primal_value"] >= 498
    made, _ = run(tmp_path, frame, {"per_person": [ONE_EACH], "global": [budget | {"at_most": 0}]})
    assert set(made["treatment_id"]) == {"none"}


@pytest.mark.parametrize("frame", [frame_of(), frame_of(("p", "t", 1.0, "a", 1.0))], ids=["none", "one"])
def test_hardly_any_candidates(tmp_path, frame):
    made, proof = run(tmp_path, frame, {"global": [{"name": "all", "at_most": 1}]})
    assert made.height == frame.height
    assert proof["primal_value"] == frame.height


def test_no_limits_at_all_takes_everything_worth_something(tmp_path):
    made, proof = run(tmp_path, TIES, {})
    assert (made.height, proof["primal_value"], proof["gap"]) == (2_000, 2_000, 0)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (
            [{"name": "low", "at_least": 2001}],
            r"no choice keeps low \(at least 2,001\): .* at most 1,000 .*2,000 without",
        ),
        (
            [
                {"name": "a_min", "where": {"channel": "a"}, "at_least": 9},
                {"name": "cost_max", "sum": "cost", "at_most": 8},
                {"name": "b_max", "where": {"channel": "b"}, "at_most": 5},
            ],
            r"these 2 together: cost_max \(at most 8\); a_min \(at least 9\)",
        ),
        (
            [
                {"name": "a_max", "where": {"channel": "a"}, "at_most": 100},
                {"name": "b_max", "where": {"channel": "b"}, "at_most": 5},
                {"name": "all_min", "at_least": 106},
            ],
            r"these 3 together",
        ),
        (
            [{"name": "both", "at_least": 5, "at_most": 4}],
            r"no choice keeps both \(at least 5\) and both \(at most 4\)",
        ),
    ],
)
def test_limits_that_cannot_be_kept_are_named(limits, words):
    with pytest.raises(ContractError, match=words):
        solved(TIES, {"per_person": [ONE_EACH], "global": limits})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"value_amount": pl.lit(None, pl.Float64)}, r"value_amount: expected a finite number, got null"),
        ({"value_amount": pl.lit(float("inf"))}, r"value_amount: expected a finite number"),
        ({"value_amount": pl.lit("much")}, r"value_amount: expected a finite number"),
        ({"person_id": pl.lit(None, pl.String)}, r"person_id: expected an id, got null"),
        ({"treatment_id": pl.lit("t")}, r"each person_id and treatment_id once, got 1000 pairs again \(first: p0, t\)"),
        ({"treatment_id": pl.lit("none")}, r"expected 0 for `none`"),
        ({"cost": pl.lit(float("nan"))}, r"cost: expected a finite number"),
    ],
)
def test_what_a_table_may_not_hold_is_refused_in_words(change, words):
    with pytest.raises(ContractError, match=words):
        solved(TIES.with_columns(**change), {"global": [{"name": "budget", "sum": "cost", "at_most": 5}]})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("global: [{name: a}]", "expected at_most or at_least"),
        ("global: [{name: a, at_most: x}]", "expected a finite number, got 'x'"),
        ("per_person: [{name: a, at_most: 1.5}]", "whole number"),
        ("per_person: [{name: a, at_most: 1}, {name: a, at_most: 2}]", "every name once"),
        ("globals: []", "expected the keys per_person and global"),
        ("global: [{name: a, where: {colour: red}, at_most: 1}]", "none called 'colour'"),
        ("a: [", "something unreadable"),
    ],
)
def test_a_limits_file_is_refused_in_words(tmp_path, content, words):
    candidates, limits, out = files(tmp_path, TIES.head(3), {})
    limits.write_text(content)
    with pytest.raises(NightmarketError, match=words):
        decide_file(candidates, limits, out, seed=0)


@pytest.mark.parametrize("content", ["", "person_id,treatment_id\n1,2\n", "a\x00b"])
def test_an_unreadable_table_is_refused_in_words(tmp_path, content):
    _, limits, out = files(tmp_path, TIES.head(3), {})
    wrong = tmp_path / "wrong.csv"
    wrong.write_text(content)
    with pytest.raises(NightmarketError, match=r"expected"):
        decide_file(wrong, limits, out, seed=0)
    assert not list(out.glob("*"))


def test_a_limit_that_meets_nothing_is_said(tmp_path):
    _, proof = run(tmp_path, TIES.head(4), {"global": [{"name": "idle", "where": {"channel": "fax"}, "at_most": 1}]})
    assert proof["warnings"] == ["idle: no candidate matches it"]


@pytest.mark.parametrize("at_once", [10_000, 100], ids=["all people at once", "in parts"])
def test_the_checker_sees_a_wrong_certificate_and_a_broken_limit(tmp_path, at_once):
    limits = {"global": [{"name": "all", "at_most": 5}]}
    candidates, rules, out = files(tmp_path, TIES, limits)
    decide_file(candidates, rules, out, seed=0)
    assert check(candidates, rules, out, at_once) == []
    proof = json.loads((out / "certificate.json").read_text())
    (out / "certificate.json").write_text(
        json.dumps(proof | {"dual_bound": proof["dual_bound"] - 1, "primal_value": 9})
    )
    assert len(check(candidates, rules, out, at_once)) == 2
    TIES.select("person_id", "treatment_id").write_parquet(out / "decisions.parquet")
    assert any("all: 2000 used" in problem for problem in check(candidates, rules, out, at_once))
    TIES.select("person_id", "treatment_id").head(1).write_parquet(out / "decisions.parquet")
    assert "people are missing" in check(candidates, rules, out, at_once)


def test_the_command_says_what_came_out(tmp_path):
    candidates, limits, out = files(tmp_path, TIES.head(10), {"per_person": [ONE_EACH]})
    said = CliRunner().invoke(app, ["decide", str(candidates), "--limits", str(limits), "--out", str(out)])
    assert said.exit_code == 0, said.output
    assert "5 people, 10 candidates, 5 chosen" in said.output
