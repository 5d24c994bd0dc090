"""Files judged in one pass come to what they come to one after the other, byte for byte; so do batches, row for row."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.landing import arrived, plan, tables
from pipelines.landing.keys import Bounds, hull
from pipelines.settings import Settings
from tests.builders.shop import HEADER, bronze, csv_of, deliver, night, quarantine, sale, shop, tree

DAYS = ("2017-12-04", "2017-12-05", "2017-12-11")
ADDED = (*HEADER, "colour")
rows = st.lists(
    st.one_of(
        st.builds(sale, sale_id=st.integers(1, 5), units=st.sampled_from([1, 1, 1, 2])),
        st.builds(sale, sale_id=st.integers(1, 5), units=st.just(1)),
        st.sampled_from(
            [
                sale(3, units="two"),
                sale("x"),
                sale(4)[:3],
                [*sale(5), "more"],
                sale(6, note='"two\nlines"'),
                sale(7, note='"a"b'),
                sale(8, sold_at="2017-12-04T18:00:00Z"),  # after some of the deliveries
            ]
        ),
    ),
    max_size=6,
)
plain = st.builds(csv_of, rows)
odd = st.one_of(
    st.builds(lambda sent: csv_of([[*row, "red"] for row in sent], header=ADDED), rows),  # a wider file
    st.builds(lambda sent: csv_of(sent) + b'9,1,1.00,"open\n', rows),  # quotes that never end
    st.sampled_from([b"", csv_of([]), b"\0\xff", b"sale_id,units\n1,2\n"]),
)
files = st.lists(st.one_of(plain, plain, plain, odd, st.integers(0, 9)), min_size=2, max_size=9)


def contents(sent: Sequence[bytes | int]) -> list[bytes]:
    """A number stands for the content of an earlier file, sent again."""
    made: list[bytes] = []
    for one in sent:
        made.append(one if isinstance(one, bytes) else made[one % len(made)] if made else csv_of([sale(1)]))
    return made


def land(
    home: Path, sent: Sequence[bytes], batch_size: int, nights: Sequence[str] = ("2017-12-12",), **contract: object
) -> Settings:
    own: Settings = shop(home, **contract)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "FILES_PER_BATCH", batch_size)
        for i, content in enumerate(sent):
            deliver(own, DAYS[i * len(DAYS) // len(sent)], f"{i}.csv", content)
        for each in nights:
            night(own, each, seal=True)
    return own


def kept(own: Settings) -> dict[str, object]:
    """Every row of every room, in the order of loads and rows, and the ledger's bytes."""
    ledger = {name: content for name, content in tree(own).items() if name.startswith("ledger/")}
    aside = quarantine(own).rows() if list((own.home / "quarantine").rglob("*.parquet")) else []
    return {"bronze": bronze(own).rows(), "quarantine": aside, **ledger}


CLASH = [  # the middle file loses its rows to the first, is refused for it, and so holds no key for the last
    csv_of([sale(1), sale(2)]),
    csv_of([sale(1, units=9), sale(2, units=9), sale(3)]),
    csv_of([sale(3, units=9), sale(4)]),
]
TWICE = [  # a later file says twice what an earlier one said otherwise
    csv_of([sale(1), sale(2)]),
    csv_of([sale(1, units=9), sale(1, units=9), sale(3), sale(4), sale(5)]),
    csv_of([sale(6), sale(3), sale(3, units=9), sale(7)]),
]
SENT_AGAIN = [TWICE[0], csv_of([sale(3), sale(1), sale("x"), sale("y")]), 0, 1, 1]


@settings(max_examples=6, deadline=None)
@given(sent=files, batch_size=st.sampled_from([1, 2, 3]), versioned=st.booleans())
@example(sent=CLASH, batch_size=1, versioned=False)
@example(sent=TWICE, batch_size=2, versioned=False)
@example(sent=TWICE, batch_size=2, versioned=True)
@example(sent=SENT_AGAIN, batch_size=3, versioned=False)
def test_batches_of_any_size_hold_the_same_rows_and_counts(sent, batch_size, versioned):
    with tempfile.TemporaryDirectory() as folder:
        apart = land(Path(folder) / "a", contents(sent), batch_size, is_versioned=versioned)
        together = land(Path(folder) / "b", contents(sent), 200, is_versioned=versioned)
        assert kept(together) == kept(apart)


@settings(max_examples=6, deadline=None)
@given(sent=files, versioned=st.booleans())
@example(sent=CLASH, versioned=False)
@example(sent=TWICE, versioned=False)
@example(sent=SENT_AGAIN, versioned=False)
def test_a_batch_judged_file_by_file_makes_the_same_bytes_as_in_one_pass(sent, versioned):
    with tempfile.TemporaryDirectory() as folder:
        together = land(Path(folder) / "a", contents(sent), 200, is_versioned=versioned)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(arrived, "BYTES_PER_PASS", 0)
            alone = land(Path(folder) / "b", contents(sent), 200, is_versioned=versioned)
        assert tree(together) == tree(alone)


@settings(max_examples=4, deadline=None)
@given(sent=files, batch_size=st.sampled_from([2, 200]))
def test_bronze_of_many_nights_that_is_deleted_is_made_again_byte_for_byte(sent, batch_size):
    with tempfile.TemporaryDirectory() as folder:
        own = land(Path(folder) / "a", contents(sent), batch_size, nights=("2017-12-05", "2017-12-06", "2017-12-12"))
        before = tree(own)
        for room in ("bronze", "quarantine"):
            shutil.rmtree(own.folder(room))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(plan, "FILES_PER_BATCH", batch_size)
            night(own, "2017-12-12")
        assert tree(own) == before


def test_a_file_that_comes_before_others_of_a_night_that_was_given_up_leaves_no_row_twice(tmp_path):
    """The batch that began with the other file has another name now; what it left would be read beside the new one."""
    own = shop(tmp_path / "home")
    deliver(own, "2017-12-05", "b.csv", csv_of([sale(2)]))
    night(own, "2017-12-06")
    deliver(own, "2017-12-04", "a.csv", csv_of([sale(1)]))
    night(own, "2017-12-06")
    assert sorted(bronze(own)["sale_id"]) == ["1", "2"]


def test_batches_are_full_and_of_one_night(tmp_path):
    sent = [csv_of([sale(i)]) for i in range(6)]
    own = land(tmp_path / "home", sent, 3, nights=("2017-12-05", "2017-12-12"))  # two files, then four
    folder = own.folder("bronze") / "shop" / "sales"
    counts = [pq.read_metadata(path).num_rows for path in folder.glob("[!_]*.parquet")]
    assert sorted(counts) == [1, 2, 3]


def test_what_stands_in_a_refused_file_holds_no_key_for_later_files_of_its_batch(tmp_path):
    own = shop(tmp_path / "home")
    for i, content in enumerate(CLASH):
        deliver(own, "2017-12-04", f"{i}.csv", content)
    result = night(own, "2017-12-05")
    assert result.tonight.sort("file")["status"].to_list() == ["loaded", "refused_file", "loaded"]
    assert result.tonight.sort("file")["accepted_row_count"].to_list() == [2, 0, 2]


def test_row_groups_are_full_whatever_the_files_and_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.landing.writing.ROWS_PER_GROUP", 2048)  # the database's smallest block
    notes = ["", "a"] * 2500
    sent = [
        csv_of([sale(i, note=notes[i]) for i in range(*bounds)]) for bounds in ((0, 700), (700, 4796), (4796, 5000))
    ]
    own = land(tmp_path / "a", sent, 200)
    (path,) = (own.folder("bronze") / "shop" / "sales").glob("[!_]*.parquet")
    metadata = pq.read_metadata(path)
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [2048, 2048, 904]
    monkeypatch.setattr(arrived, "BYTES_PER_PASS", 0)
    assert tree(land(tmp_path / "b", sent, 200)) == tree(own)


def test_files_that_are_all_refused_are_judged_in_few_passes(tmp_path, monkeypatch):
    """Each refusal cuts the batch: without smaller batches after a cut, 16 files would be judged 136 times."""
    own, judged = shop(tmp_path / "home"), []
    judge = tables.judge_pass

    def counted(con, contract, files, *rest):
        judged.append(len(files))
        return judge(con, contract, files, *rest)

    monkeypatch.setattr(tables, "judge_pass", counted)
    for i in range(16):
        deliver(own, "2017-12-04", f"{i:02}.csv", csv_of([sale(i, units="x")]))
    assert night(own, "2017-12-05").refused_file_count == 16
    assert sum(judged) < 16 * 3


def test_an_operator_is_told_what_is_not_clean_and_one_line_per_table(tmp_path):
    own, said = shop(tmp_path / "home"), []
    clean = [sale(i) for i in range(100, 140)]
    deliver(own, "2017-12-04", "a.csv", csv_of(clean))
    deliver(own, "2017-12-04", "b.csv", csv_of([*(sale(i) for i in range(200, 240)), sale(200)]))  # one repeated
    deliver(own, "2017-12-04", "c.csv", csv_of([*(sale(i) for i in range(300, 303)), sale(300)]))  # a quarter
    for i, name in enumerate("de"):
        deliver(own, "2017-12-04", f"{name}.csv", csv_of([[*sale(350 + i), "red"]], header=ADDED))
    deliver(own, "2017-12-04", "f.csv", csv_of([sale(400), sale(401, units="x")]))
    night(own, "2017-12-05", tell=said.append)
    told = [line.split("/")[-1] for line in said]
    assert told == [
        "c.csv: 3 rows accepted, 0 refused, 1 duplicates",
        "d.csv: columns ['colour'] are not in the contract; they are not loaded.",
        "f.csv: 1 rows accepted, 1 refused, 0 duplicates",
        "shop.sales: 6 files read (0 refused and 0 repeated as a whole); rows: 86 accepted, 1 refused, 2 repeated",
    ]


@given(st.lists(st.lists(st.tuples(st.integers(0, 9), st.text("ab", max_size=2)), max_size=3), max_size=4))
def test_the_hull_overlaps_whatever_one_of_its_files_overlaps(files):
    each = [Bounds(tuple(map(min, *f, f[0])), tuple(map(max, *f, f[0]))) if f else Bounds() for f in files]
    assert all(one.overlap(hull(each)) for one in each if one.low)
    together = [key for file in files for key in file]
    assert hull(each).high == (tuple(map(max, *together, together[0])) if together else ())
