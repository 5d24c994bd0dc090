"""Laws of landing: every row is somewhere, once; what arrives in which order on disk does not matter."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.landing.cells import open_cells
from pipelines.landing.contracts import Contract
from pipelines.landing.text import Text, Unreadable, is_plain, records
from pipelines.settings import Settings
from tests.builders.shop import CONTRACT, bronze, csv_of, deliver, night, quarantine, sale, shop, tree

good = st.builds(sale, sale_id=st.integers(1, 6), units=st.integers(1, 2))
dirty = st.sampled_from(
    [
        sale(7, units="two"),
        sale("x"),
        sale(8)[:3],
        [*sale(9), "more"],
        sale(10, note='"two\nlines"'),
        sale(11, note='"a"b'),
        sale(12, amount="1.001"),
        sale(13, sold_at="2018-01-01T00:00:00Z"),
        sale(14, note="a\0b"),
    ]
)
rows = st.lists(st.one_of(good, good, dirty), max_size=8)
files = st.lists(rows, min_size=1, max_size=3)
DAYS = ("2017-12-04", "2017-12-04", "2017-12-11")


def land(contents: Sequence[list[list[object]]], home: Path, order: Sequence[int]) -> Settings:
    own = shop(home, max_refused_rate=0.7)
    for i in order:
        deliver(own, DAYS[i], f"{i}.csv", csv_of(contents[i]))
    night(own, "2017-12-12")
    return own


@settings(max_examples=16, deadline=None)
@given(contents=files)
def test_every_row_sent_is_accepted_refused_or_a_duplicate(contents):
    with tempfile.TemporaryDirectory() as folder:
        own = land(contents, Path(folder) / "home", range(len(contents)))
        loads = night(own, "2017-12-12").tonight
        for load, sent in zip(loads.sort("file").rows(named=True), contents, strict=True):
            parts = [load[f"{part}_row_count"] for part in ("accepted", "refused", "duplicate")]
            assert sum(parts) == load["raw_row_count"] == len(sent)
        accepted = bronze(own)
        set_aside = quarantine(own).height if list((own.home / "quarantine").rglob("*.parquet")) else 0
        assert accepted.height + set_aside == sum(map(len, contents))
        assert accepted["sale_id"].n_unique() == accepted.height, "a key is a fact once"


@settings(max_examples=8, deadline=None)
@given(contents=files, order=st.permutations([0, 1, 2]))
def test_the_order_in_which_files_are_written_to_disk_does_not_matter(contents, order):
    with tempfile.TemporaryDirectory() as folder:
        first = land(contents, Path(folder) / "a", range(len(contents)))
        second = land(contents, Path(folder) / "b", [i for i in order if i < len(contents)])
        assert tree(first) == tree(second)


@settings(max_examples=8, deadline=None)
@given(contents=files)
def test_sending_everything_again_accepts_nothing_more(contents):
    with tempfile.TemporaryDirectory() as folder:
        own = land(contents, Path(folder) / "home", range(len(contents)))
        before = bronze(own)
        for i, content in enumerate(contents):
            deliver(own, "2017-12-11", f"again {i}.csv", csv_of(content))
        result = night(own, "2017-12-12")
        assert bronze(own).equals(before)
        assert result.raw_row_count == 2 * sum(map(len, contents))


@settings(max_examples=8, deadline=None)
@given(contents=files)
def test_one_night_or_two_accept_the_same_facts(contents):
    with tempfile.TemporaryDirectory() as folder:
        at_once = land(contents, Path(folder) / "a", range(len(contents)))
        stepwise = shop(Path(folder) / "b", max_refused_rate=0.7)
        for i, content in enumerate(contents):
            deliver(stepwise, DAYS[i], f"{i}.csv", csv_of(content))
        night(stepwise, "2017-12-05", seal=True)
        night(stepwise, "2017-12-12")
        assert bronze(stepwise).equals(bronze(at_once))


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as connection:
        yield connection


@settings(max_examples=300, deadline=None)
@given(body=st.text(alphabet='a0,\n\r" \0', max_size=30))
def test_the_fast_reader_finds_what_the_careful_one_finds(con, body):
    contract = Contract.model_validate(
        CONTRACT
        | {"source": "shop", "table": "sales", "key": ["a"], "event": None}
        | {"columns": [{"name": name, "type": "varchar", "description": "Text."} for name in ("a", "b")]}
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.csv"
        path.write_bytes(b"a,b\n" + body.encode())
        found = open_cells(con, path, contract)
        text = Text(path.read_bytes())
        careful = [record.cells for record in records(text)][1:]
        if isinstance(found, Unreadable):
            assert found.code == "broken_quotes"
            assert not is_plain(text)
            return
    read = [tuple(row.values()) for row in found.rows.select(["broken_code", "c0", "c1"]).to_pylist()]
    assert found.raw_row_count == len(read) == len(careful)
    for (broken, *cells), expected in zip(read, careful, strict=True):
        whole = expected is not None and len(expected) == 2
        assert (broken is None) == whole
        assert not whole or cells == [cell or None for cell in expected]
