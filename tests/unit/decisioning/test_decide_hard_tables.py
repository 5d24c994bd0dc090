"""`nightmarket decide` on tables and limits that break deciders: every case through the command."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from typer.testing import CliRunner

from benchmarks.check_decisions import check
from ml.decisioning import candidate_order, optimum
from ml.errors import ContractError, NightmarketError
from pipelines.cli.engines import tables
from pipelines.cli.main import app
from tests.builders.candidates import ONE_EACH, frame_of, pairs, solved

ROOT = Path(__file__).parents[3]
MANY = frame_of(
    *[
        (f"p{i:04}", f"t{j}", float(v), "abc"[j], float(c))
        for i, (vs, cs) in enumerate(
            zip(
                np.random.default_rng(1).normal(1, 2, (1_500, 3)).round(3),
                np.random.default_rng(2).uniform(0.1, 2, (1_500, 3)).round(2),
                strict=True,
            )
        )
        for j, (v, c) in enumerate(zip(vs, cs, strict=True))
    ]
)
LIMITS = {
    "per_person": [ONE_EACH],
    "global": [
        {"name": "budget", "sum": "cost", "at_most": 300.0},
        {"name": "a_capacity", "where": {"channel": "a"}, "at_most": 150},
        {"name": "b_minimum", "where": {"channel": "b"}, "at_least": 200},
    ],
}


def decide(folder, frame, limits, *, name="candidates.parquet"):
    """Decisions and certificate of the command; its own error if it fails."""
    path, rules, out = folder / name, folder / "limits.yml", folder / "out"
    frame.write_csv(path) if name.endswith(".csv") else frame.write_parquet(path)
    rules.write_text(limits if isinstance(limits, str) else yaml.safe_dump(limits), encoding="utf-8")
    done = CliRunner().invoke(app, ["decide", str(path), "--limits", str(rules), "--out", str(out)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return pl.read_parquet(out / "decisions.parquet"), json.loads((out / "certificate.json").read_text())


def test_a_candidate_that_can_never_fit_costs_the_others_nothing():
    impossible = frame_of(("huge", "t0", 1e12, "a", 1e9))
    _, without = solved(MANY, LIMITS)
    table, found = solved(pl.concat([MANY, impossible]), LIMITS)
    assert found.value == pytest.approx(without.value, rel=1e-4)
    assert "huge" not in {person for person, _ in pairs(table, found)}
    assert found.bound >= found.value


@pytest.mark.parametrize("extreme", [1e12, -1e12])
def test_the_smallest_values_count_beside_the_largest(extreme):
    frame = frame_of(("a", "x", extreme, "a", 1.0), ("b", "x", 1e-3, "a", 1.0), ("c", "x", 2e-3, "a", 1.0))
    table, found = solved(frame, {"global": [{"name": "two", "at_most": 2}]})
    expected = [("a", "x"), ("c", "x")] if extreme > 0 else [("b", "x"), ("c", "x")]
    assert pairs(table, found) == expected


def test_a_table_with_nobody_and_one_without_candidates(tmp_path):
    made, proof = decide(tmp_path, MANY.clear(), LIMITS | {"global": LIMITS["global"][:2]}, name="a.csv")
    assert (made.height, proof["primal_value"], proof["gap"]) == (0, 0, 0)
    with pytest.raises(ContractError, match=r"no choice keeps b_minimum \(at least 200\)"):
        decide(tmp_path, MANY.clear(), LIMITS)
    nothing = frame_of(("ä", "none", 0.0, "a", 0.0), ("b", "none", 0.0, "a", 0.0))
    made, proof = decide(tmp_path, nothing, {"global": [LIMITS["global"][0]]})
    assert made.rows() == [("b", "none"), ("ä", "none")]


def test_every_type_a_column_may_have_is_understood(tmp_path):
    frame = pl.DataFrame(
        {
            "person_id": [10, 2, 3, 4],
            "treatment_id": pl.Series(["x", "ÿ", "x", "x"], dtype=pl.Categorical),
            "value_amount": pl.Series([Decimal("1.10"), Decimal("2.20"), Decimal("3.30"), Decimal("4.40")]),
            "is_new": [True, False, True, None],
            "day": pl.Series(["2026-01-02", "2026-01-02", "2026-01-03", "2026-01-02"]).str.to_date(),
            "at": pl.Series(["2026-01-02", "2026-01-02", "2026-01-03", None]).str.to_datetime(),
            "kind": pl.Series(["u", "v", "u", "v"], dtype=pl.Enum(["u", "v"])),
            "rank": [1, 2, 1, 2],
        }
    )
    limits = """
global:
  - {name: new, where: {is_new: true}, at_most: 1}
  - {name: one_day, where: {day: 2026-01-02}, at_most: 2}
  - {name: moment, where: {at: 2026-01-02 00:00:00}, at_most: 9}
  - {name: kind, where: {kind: [u, w], rank: 1}, at_most: 1}
  - {name: ranks, where: {rank: [1.0, 7]}, at_least: 1}
"""
    for name in ("a.parquet", "a.csv"):
        made, proof = decide(tmp_path, frame, limits, name=name)
        assert made.rows() == [(2, "ÿ"), (3, "x"), (4, "x"), (10, "none")], name
        used = [limit["used"] for limit in proof["limits"]]
        assert used == [1, 2, 1 if name == "a.parquet" else 0, 1, 1]  # a moment in a CSV is text: 2026-01-02T00:00:00


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_one_column_may_be_asked_about_and_summed(tmp_path, name):
    limits = {"global": [{"name": "dear", "where": {"cost": 2}, "sum": "cost", "at_most": 2.5}]}
    frame = frame_of(("a", "x", 1.0, "a", 2.0), ("b", "x", 2.0, "a", 2.0), ("c", "x", 3.0, "a", 1.0))
    made, proof = decide(tmp_path, frame, limits, name=name)
    assert made.rows() == [("a", "none"), ("b", "x"), ("c", "x")]
    assert proof["limits"][0]["used"] == 2


def test_whole_numbers_in_a_csv_stay_numbers_and_others_text(tmp_path):
    frame = frame_of(("10", "x", 1.0, "a", 1.0), ("9", "x", 1.0, "a", 1.0))
    assert decide(tmp_path, frame, {}, name="a.csv")[0]["person_id"].to_list() == [9, 10]
    with_zero = pl.concat([frame, frame_of(("007", "x", 1.0, "a", 1.0))])
    assert decide(tmp_path, with_zero, {}, name="a.csv")[0]["person_id"].to_list() == ["007", "10", "9"]


@pytest.mark.parametrize("blocks", [1, 7])
def test_ids_that_turn_out_to_be_text_in_a_later_block_are_text_everywhere(tmp_path, monkeypatch, blocks):
    monkeypatch.setattr(tables, "ROWS_PER_BLOCK", blocks)
    monkeypatch.setattr(candidate_order, "ROWS_PER_TURN", 4)
    ids = [*map(str, range(20)), "x1", "03"]
    frame = frame_of(*[(i, f"t{j}", 1.0, "a", 1.0) for j in range(2) for i in ids])
    made, _ = decide(tmp_path, frame, {}, name="a.csv")
    assert made["person_id"].to_list() == [i for i in sorted(ids) for _ in range(2)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"person_id": pl.lit(1.5)}, "expected text or whole numbers, got 1.5"),
        ({"person_id": pl.lit(float("nan"))}, "expected text or whole numbers, got nan"),
        ({"person_id": pl.lit(float("inf"))}, "expected text or whole numbers, got inf"),
        ({"person_id": pl.lit([1])}, "expected text or whole numbers, got List"),
        ({"value_amount": pl.lit(float("-inf"))}, "expected a finite number"),
        ({"value_amount": pl.lit("2026-01-01").str.to_date()}, "expected numbers, got Date"),
        ({"cost": pl.lit([1.0])}, "expected numbers, got List"),
        ({"channel": pl.lit(["a"])}, "expected text, numbers or dates"),
    ],
)
def test_ids_and_amounts_of_the_wrong_kind_are_refused_in_words(tmp_path, change, words):
    with pytest.raises(NightmarketError, match=words):
        decide(tmp_path, MANY.with_columns(**change), LIMITS)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ("global: [{name: a, at_most: 1, atleast: 2}]", "expected a name and some of"),
        ("global: [{name: a, sum: [x], at_most: 1}]", "expected the name of a column"),
        ("global: [{name: a, where: [x], at_most: 1}]", "expected column: value"),
        ("global: [{name: a, where: {channel: null}, at_most: 1}]", "expected a value"),
        ("global: [{name: a, at_most: .inf}]", "expected a finite number"),
        ("per_person: [{name: a, at_most: -1}]", "a whole number from 0 on"),
        ("per_person: [{name: a, at_least: 1}]", "expected a name and some of at_most, name, where"),
        ("global: 5", "expected a list"),
        ("- 1", "expected the keys per_person and global"),
    ],
)
def test_limits_that_say_nothing_are_refused_in_words(tmp_path, limits, words):
    with pytest.raises(NightmarketError, match=words):
        decide(tmp_path, MANY.head(9), limits)


def test_a_table_in_any_order_of_rows_and_any_size_of_turn_gives_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(optimum, "MANY_PEOPLE", 100)  # so that most people are set aside
    orders = [MANY, MANY.sort("treatment_id"), MANY.sample(fraction=1, shuffle=True, seed=4), MANY.reverse()]
    found = set()
    for position, frame in enumerate(orders):
        monkeypatch.setattr(candidate_order, "ROWS_PER_TURN", [1 << 24, 700, 64, 1][position])
        monkeypatch.setattr(tables, "ROWS_PER_BLOCK", [1 << 20, 1_000, 500, 777][position])
        folder = tmp_path / str(position)
        folder.mkdir()
        decide(folder, frame, LIMITS)
        assert check(folder / "candidates.parquet", folder / "limits.yml", folder / "out") == []
        found.add(tuple((folder / "out" / name).read_bytes() for name in ("decisions.parquet", "certificate.json")))
    assert len(found) == 1


def test_a_full_disk_or_a_kill_leaves_the_earlier_answer_untouched(tmp_path, monkeypatch):
    decide(tmp_path, MANY, LIMITS)
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    rules = str(tmp_path / "limits.yml")
    done = CliRunner().invoke(
        app, ["decide", str(tmp_path / "candidates.parquet"), "--limits", rules, "--out", str(tmp_path / "out")]
    )
    assert isinstance(done.exception, OSError)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_who_interrupts_is_told_and_nothing_is_half_written(tmp_path):
    MANY.write_parquet(tmp_path / "a.parquet")
    (tmp_path / "limits.yml").write_text(yaml.safe_dump(LIMITS))
    program = (
        "import os, signal, time, pipelines.cli.engines.decide as decide; from pipelines.cli.main import main\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may ignore it\n"
        "decide.optimise = lambda *_, **__: (os.kill(os.getpid(), signal.SIGINT), time.sleep(60))\n"
        "main()"
    )
    asked = ["decide", tmp_path / "a.parquet", "--limits", tmp_path / "limits.yml", "--out", tmp_path / "out"]
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, asked)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "Traceback" in done.stderr) == (130, False)
    assert not (tmp_path / "out").exists()
