"""Laws of `resolve_records`: no order, no name of a record, no thread and no repetition changes who is who."""

import io
from collections import defaultdict

import polars as pl
import pytest

from ml.identity.match import blocking, mixture
from ml.identity.roles import Role
from tests.builders.people import GIVEN, persons_by_record, resolved, usual_world

ROLES = tuple(Role(name, name) for name in ("given_name", "family_name", "birth_date", "phone", "loyalty_id"))
SEED = 11


@pytest.fixture(scope="module")
def frame():
    """About 150 records with slips, families and equal records among them."""
    return usual_world(singles=40, families=12, slips=5).frame()


@pytest.fixture(scope="module")
def answer(frame):
    return resolved(frame, ROLES)


def written(found):
    """Persons and edges as bytes of files, once as Parquet and once as CSV, and the report and the notes."""
    files = []
    for table in (found.persons, found.edges, found.shared):
        for write in (table.write_parquet, table.write_csv):
            file = io.BytesIO()
            write(file)
            files.append(file.getvalue())
    return files, found.report, found.notes


def partition(persons):
    """Persons as sets of records."""
    members = defaultdict(set)
    for record, person in persons_by_record(persons).items():
        members[person].add(record)
    return {frozenset(records) for records in members.values()}


def test_the_example_holds_what_the_laws_are_about(frame, answer):
    """Links kept and refused, persons of several records, and equal records: else no law could fail."""
    assert set(answer.edges["verdict"]) == {"accepted", "refused"}
    assert "equal" in set(answer.edges["rule"])
    assert answer.report["person_count"] < frame.height
    assert answer.persons["confidence"].n_unique() > 20


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_order_of_rows_gives_the_same_bytes(frame, answer, seed):
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=seed)
    assert written(resolved(shuffled, ROLES)) == written(answer)


def test_samples_are_the_same_whatever_the_order_of_rows(frame, monkeypatch):
    """In a large table pairs and records are sampled: made small here, so that a sample of places would show."""
    monkeypatch.setattr(mixture, "RANDOM_PAIRS", 300)
    monkeypatch.setattr(mixture, "SAMPLE_PAIRS", 60)
    monkeypatch.setattr(blocking, "SAMPLE", 40)
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=SEED)
    assert written(resolved(shuffled, ROLES)) == written(resolved(frame, ROLES))


def test_any_order_of_columns_and_roles_gives_the_same_bytes(frame, answer):
    turned = frame.select(reversed(frame.columns))
    assert written(resolved(turned, tuple(reversed(ROLES)))) == written(answer)


def test_one_thread_and_two_give_the_same_bytes_and_so_does_a_second_run(frame, answer):
    assert written(resolved(frame, ROLES, threads=2)) == written(answer)
    assert written(resolved(frame, ROLES)) == written(answer)


def test_ids_of_the_same_order_give_the_same_persons(frame, answer):
    numbers = frame.with_columns(pl.col("record_id").str.slice(1).cast(pl.Int64) * 7 - 100)
    found = resolved(numbers, ROLES)
    assert found.persons.drop("record_id").equals(answer.persons.drop("record_id"))
    ids = ["record_id_a", "record_id_b"]
    assert found.edges.drop(ids).equals(answer.edges.drop(ids))
    back = found.edges.select(pl.format("r{}", ((pl.col(ids) + 100) // 7).cast(pl.String).str.zfill(5)).name.keep())
    assert back.equals(answer.edges.select(ids))


def test_ids_of_any_order_give_the_same_people_and_confidence(frame, answer):
    names = pl.int_range(frame.height).shuffle(seed=SEED).alias("new")
    renamed = frame.with_columns(names.cast(pl.String).str.zfill(4))
    found = resolved(renamed.drop("record_id").rename({"new": "record_id"}), ROLES).persons
    old = dict(renamed.select("new", "record_id").iter_rows())
    back = found.with_columns(pl.col("record_id").replace_strict(old)).sort("record_id")
    assert partition(back) == partition(answer.persons)
    assert back["confidence"].equals(answer.persons["confidence"])


def test_every_record_is_present_once_and_persons_are_numbered_by_their_first_record(frame, answer):
    assert answer.persons["record_id"].to_list() == sorted(frame["record_id"])
    seen = list(dict.fromkeys(answer.persons["person_id"]))
    assert seen == [f"P{number:09d}" for number in range(1, answer.report["person_count"] + 1)]
    assert answer.persons["confidence"].is_between(0, 1).all()


def test_a_repeat_joins_its_twin_row_and_a_record_of_nothing_stays_alone(frame):
    twin = frame.filter(pl.col("given_name").is_in(GIVEN), pl.all().is_not_null()).head(1)
    assert twin.height == 1
    empty = twin.with_columns(pl.lit(None, pl.String).alias(name) for name in frame.columns[1:])
    added = [
        twin.with_columns(record_id=pl.lit("z1")),
        empty.with_columns(record_id=pl.lit("z2")),
        empty.with_columns(record_id=pl.lit("z3")),
    ]
    persons = persons_by_record(resolved(pl.concat([frame, *added]), ROLES).persons)
    assert persons["z1"] == persons[twin["record_id"][0]]
    assert all(list(persons.values()).count(persons[alone]) == 1 for alone in ("z2", "z3"))


def test_a_repeat_of_too_little_is_not_the_same_person():
    """Everybody of one common name is not one person, however equal the rows."""
    rows = usual_world(singles=40, families=0).frame()
    common = pl.DataFrame({"record_id": [f"c{i:02d}" for i in range(20)], "family_name": ["Smith"] * 20})
    found = resolved(pl.concat([rows, common], how="diagonal"), ROLES)
    persons = persons_by_record(found.persons)
    assert len({persons[f"c{i:02d}"] for i in range(20)}) == 20
    repeats = found.edges.filter(pl.col("record_id_b").str.starts_with("c"), pl.col("rule") == "equal")
    assert repeats.height == 19
    assert set(repeats["verdict"]) == {"refused"}
