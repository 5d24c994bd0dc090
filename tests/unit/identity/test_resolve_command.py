"""`nightmarket resolve`: files in; persons, links and a report out; refusals in words and with exit code 1."""

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from ml.errors import NightmarketError
from ml.identity.match.rules import RULE_NAMES
from pipelines.cli.main import app
from tests.builders.people import usual_world

ROOT = Path(__file__).parents[3]
MAPS = {"given_name": "vorname", "family_name": "nachname", "birth_date": "born", "job": "job"}
HEADER = "id,vorname,nachname,born,job"
ROWS = ["1,Åsa,Öberg,1980-02-03,cook", "2,Asa,Oberg,1980-02-03,cook", "3,王,小明,1990-05-06,nurse", "4,Ann,Lee,,"]


def command(file, out, *more, record="id", maps=MAPS):
    pairs = [word for role, column in maps.items() for word in ("--map", f"{role}={column}")]
    return [str(word) for word in ("resolve", file, "--id", record, *pairs, "--out", out, "--threads", 1, *more)]


def run(arguments):
    """Standard output of a command that must succeed; its own error otherwise."""
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def csv(folder, *rows, header=HEADER):
    path = folder / "in.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def persons(folder, *rows, header=HEADER, **how):
    """What the command finds in a CSV of these rows, and what it says."""
    said = run(command(csv(folder, *rows, header=header), folder / "out.csv", **how))
    return pl.read_csv(folder / "out.csv", infer_schema=False), said


@pytest.fixture(scope="module")
def frame():
    columns = {"record_id": "id", "given_name": "vorname", "family_name": "nachname", "birth_date": "born"}
    world = usual_world(singles=30, families=8, slips=4).frame()
    return world.rename(columns).with_columns(job=pl.col("city"))


@pytest.fixture(scope="module")
def answers(frame, tmp_path_factory):
    """CSV in and CSV out beside Parquet in and Parquet out, the second with rows turned round and two threads."""
    folder = tmp_path_factory.mktemp("answers")
    frame.write_csv(folder / "in.csv")
    frame.reverse().write_parquet(folder / "in.parquet")
    said = run(command(folder / "in.csv", folder / "p.csv", "--edges", folder / "e.csv", "--json", folder / "r.json"))
    more = ("--edges", folder / "e.parquet", "--threads", 2)
    run(command(folder / "in.parquet", folder / "p.parquet", *more))
    return folder, said


def test_csv_and_parquet_give_the_same_persons_links_and_report(answers):
    folder, _ = answers
    for name in ("p", "e"):
        text, table = pl.read_csv(folder / f"{name}.csv"), pl.read_parquet(folder / f"{name}.parquet")
        assert text.equals(table)
    assert json.loads((folder / "r.json").read_text()) == json.loads((folder / "p.json").read_text())


def test_the_answer_has_the_promised_columns_and_every_record(answers, frame):
    folder, _ = answers
    found = pl.read_parquet(folder / "p.parquet")
    assert found.columns == ["record_id", "person_id", "confidence"]
    assert found["record_id"].to_list() == sorted(frame["id"])
    assert found.null_count().sum_horizontal().item() == 0
    report = json.loads((folder / "r.json").read_text())
    assert report["record_count"] == frame.height
    assert report["person_count"] == found["person_id"].n_unique()
    assert report["largest_person_record_count"] == found["person_id"].value_counts()["count"].max()


def test_every_link_says_rule_weight_verdict_and_evidence(answers):
    folder, _ = answers
    links = pl.read_parquet(folder / "e.parquet")
    assert links.columns == ["record_id_a", "record_id_b", "rule", "weight", "verdict", "evidence"]
    assert links.null_count().sum_horizontal().item() == 0
    assert (links["record_id_a"] < links["record_id_b"]).all()
    assert links.select("record_id_a", "record_id_b").is_unique().all()
    assert set(links["rule"]) <= {*RULE_NAMES, "equal"}
    assert links["evidence"].str.contains("^(?:all fields equal|[a-z_]+ [a-z ]+(?:, [a-z_]+ [a-z ]+)*)$").all()


def test_a_link_is_accepted_exactly_when_both_are_one_person(answers):
    folder, _ = answers
    person = dict(pl.read_parquet(folder / "p.parquet").select("record_id", "person_id").iter_rows())
    links = pl.read_parquet(folder / "e.parquet").select("record_id_a", "record_id_b", "verdict").rows()
    assert {verdict for _, _, verdict in links} == {"accepted", "refused"}
    assert all((person[a] == person[b]) == (verdict == "accepted") for a, b, verdict in links)


def test_the_screen_says_how_many_persons_there_are(answers, frame):
    folder, said = answers
    count = json.loads((folder / "r.json").read_text())["person_count"]
    assert f"{frame.height} records are {count} persons" in said
    assert all(str(folder / name) in said for name in ("p.csv", "e.csv", "r.json"))


REFUSED = [  # rows after the header (or a whole file as bytes), what is asked otherwise, words of the refusal
    (b"", {}, [], "got an empty file"),
    ([], {}, [], "expected rows below the header, got none"),
    (ROWS, {"record": "key"}, [], "got none called 'key'"),
    (ROWS, {"maps": {"given_name": "name"}}, [], "got none called 'name'. There are 'id', 'vorname'"),
    (ROWS, {"maps": {"given_name": ""}}, [], "--map: expected a role, = and a column, got 'given_name='"),
    (ROWS, {}, ["--map", "vorname"], "--map: expected a role, = and a column, got 'vorname'"),
    (ROWS, {}, ["--map", "given_name=job"], "--map given_name: expected one column, got 2"),
    (ROWS, {}, ["--map", "job=job"], "--map job: expected one column, got 2"),
    ([*ROWS, ROWS[0]], {}, [], r"id: expected every record once, got nulls or repeats \(2 of 5 rows, first: 1\)"),
    ([*ROWS, ",Ann,Lee,,"], {}, [], r"got nulls or repeats \(1 of 5 rows, first: None\)"),
    (ROWS, {}, ["--threads", "0"], "--threads, --seed: expected at least 1"),
    (ROWS, {}, ["--seed", "-1"], "--threads, --seed: expected at least 1"),
    (ROWS, {}, ["--edges", "links.xlsx"], "links.xlsx: expected a .csv, .csv.gz, .parquet or .pq file"),
    (ROWS, {}, ["--json", "OUT"], "expected different files, none of them the input"),
    (ROWS, {}, ["--edges", "IN"], "expected different files, none of them the input"),
    (["1,Ann,Lee,1990-01-01,cook,more"], {}, [], "expected CSV .* as many fields in a row as in the header"),
    (b"id,vorname,nachname,born,job\n1,\xff\xfe,Lee,,\n", {}, [], "expected text in UTF-8"),
]


@pytest.mark.parametrize(("rows", "asked", "more", "words"), REFUSED)
def test_what_cannot_be_meant_is_refused_in_words(tmp_path, rows, asked, more, words):
    file = csv(tmp_path, *rows) if isinstance(rows, list) else tmp_path / "in.csv"
    if isinstance(rows, bytes):
        file.write_bytes(rows)
    names = {"OUT": tmp_path / "out.csv", "IN": file}
    with pytest.raises(NightmarketError, match=words):
        run(command(file, tmp_path / "out.csv", *[names.get(word, word) for word in more], **asked))
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("name", "out", "words"),
    [
        ("gone.csv", "out.csv", "gone.csv: expected a file, found none"),
        ("in.csv", "in.csv", "none of them the input"),
        ("in.csv", "out.txt", "out.txt: expected a .csv, .csv.gz, .parquet or .pq file, got .txt"),
        ("in.csv", "out", "got no ending"),
        (".", "out.csv", "expected a"),
    ],
)
def test_a_wrong_path_is_refused_in_words(tmp_path, name, out, words):
    before = csv(tmp_path, *ROWS).read_bytes()
    with pytest.raises(NightmarketError, match=words):
        run(command(tmp_path / name, tmp_path / out))
    assert (tmp_path / "in.csv").read_bytes() == before


def nightmarket(*arguments, cwd):
    """Exit code and error output of the real command."""
    script = "from pipelines.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
    )  # fmt: skip
    return done.returncode, done.stderr


def test_a_refusal_ends_with_exit_code_one_and_no_trace(tmp_path):
    file = csv(tmp_path, *ROWS)
    code, said = nightmarket(*command(file, file), cwd=tmp_path)
    assert code == 1
    assert said.strip().startswith("✗ --out, --edges, --json: expected different files")
    assert "Traceback" not in said


def test_a_command_without_roles_is_a_wrong_argument_and_says_which(tmp_path):
    code, said = nightmarket(*command(csv(tmp_path, *ROWS), tmp_path / "out.csv", maps={}), cwd=tmp_path)
    assert code != 0
    assert "--map" in said
    assert "Traceback" not in said
