"""JSON lines: only what the contract names is cut out, also from inside nested values and lists of pairs."""

import json
import math
from dataclasses import replace

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.landing.cells import Cells, open_cells
from pipelines.landing.contracts import Column, Contract
from pipelines.landing.text import Unreadable
from tests.builders.shop import deliver, night, shop, tree


def contract(*headers, nullable=True):
    """A table of texts under these headers; the first is its key."""
    columns = [
        Column(name=f"x{i}", delivered_as=header, type="varchar", description="x", nullable=nullable and i > 0)
        for i, header in enumerate(headers)
    ]
    facts = {"source": "s", "table": "t", "version": 1, "description": "x", "format": "jsonl", "key": ("x0",)}
    return Contract(**facts, max_refused_rate=0, columns=tuple(columns))


def opened(tmp_path, lines, *headers, nullable=True):
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with duckdb.connect() as con:
        return open_cells(con, path, contract(*headers, nullable=nullable))


def cells(tmp_path, lines, *headers):
    """The cells of each line that holds an object."""
    found = opened(tmp_path, lines, *headers)
    assert isinstance(found, Cells)
    assert found.rows is not None
    return [[row[f"c{i}"] for i in range(len(headers))] for row in found.rows.to_pylist()]


NESTED = [
    {"id": "1", "privacy": {"storage": "Yes"}, "params": [{"key": "session", "value": {"int": 7}}]},
    {"id": "2", "privacy": {}, "params": [{"key": "page"}, {"key": "session", "value": {"int": 8, "text": None}}]},
    {"id": "3", "privacy": None, "params": {"session": {"int": 9}}},
    {"id": "4", "params": [{"key": "session"}, 3, None]},
    {"id": "5", "privacy": "Yes", "params": []},
]


def test_a_value_inside_another_is_found_by_its_path_and_in_a_list_of_pairs_by_its_key(tmp_path):
    lines = [json.dumps(row) for row in NESTED]
    assert cells(tmp_path, lines, "id", "privacy.storage", "params.session.int") == [
        ["1", "Yes", "7"],
        ["2", None, "8"],
        ["3", None, "9"],
        ["4", None, None],
        ["5", None, None],
    ]


def test_a_key_with_a_dot_in_it_is_that_key(tmp_path):
    assert cells(tmp_path, ['{"id": 1, "a.b": "x", "a": {"b": "y"}}'], "id", "a.b") == [["1", "x"]]


def test_keys_that_no_column_is_taken_from_are_told(tmp_path):
    found = opened(tmp_path, [json.dumps(NESTED[0] | {"new": 1, "more": []})], "id", "params.session.int")
    assert isinstance(found, Cells)
    assert found.added == ("more", "new", "privacy")


def test_a_file_in_which_nothing_can_hold_a_needed_value_is_refused(tmp_path):
    found = opened(tmp_path, ['{"id": 1}'], "id", "params.session.int", nullable=False)
    assert isinstance(found, Unreadable)
    assert (found.code, "params.session.int" in found.reason) == ("missing_column", True)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{broken", "text that is not JSON"),
        ("[1]", "array"),
        ("3", "ubigint"),
        ("null", "null"),
        ('{"id": "\\ud83d"}', "text that is not JSON"),  # half of a character pair
        ('{"id": 1} x', "text that is not JSON"),
    ],
)
def test_a_line_that_is_no_object_is_one_broken_row_in_its_place(tmp_path, line, reason):
    found = opened(tmp_path, ['{"id": 1}', "", line, '{"id": 2}'], "id")
    assert isinstance(found, Cells)
    assert found.rows is not None
    rows = found.rows.to_pylist()
    assert [row["c0"] for row in rows] == ["1", None, "2"]
    assert [row["broken_code"] for row in rows] == [None, "not_json", None]
    assert rows[1]["broken_reason"] == f"expected a JSON object, got {reason}"
    assert rows[1]["raw"] == line
    assert found.raw_row_count == 3


def test_files_that_are_cut_while_others_are_judged_give_the_same_bytes_as_one_after_the_other(tmp_path):
    line = '{"sale_id":"%d","units":2,"amount":"3.5","sold_at":"2017-12-01T12:00:00Z"}\n'
    written = []
    for threads in (1, 2):
        home = replace(shop(tmp_path / str(threads), format="jsonl"), threads=threads)
        for number in range(30):
            deliver(
                home, "2017-12-04", f"{number:02}.jsonl", "".join(line % (number * 9 + i) for i in range(10)).encode()
            )
        assert night(home, "2017-12-05").duplicate_row_count == 29  # the last of a file is the first of the next
        written.append(tree(home))
    assert written[0] == written[1]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
WHOLE = st.integers(-(2**63), 2**64 - 1)
MONEY = st.integers(-(10**14), 10**14).map(lambda cents: cents / 100)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(TEXT, WHOLE, st.booleans(), MONEY), min_size=1, max_size=6))
def test_texts_whole_numbers_truths_and_amounts_come_back_as_they_were_sent(tmp_path_factory, rows):
    keys = ("text", "whole", "truth", "amount")
    lines = [
        json.dumps(dict(zip(keys, row, strict=True)), ensure_ascii=place % 2 == 0) for place, row in enumerate(rows)
    ]
    found = cells(tmp_path_factory.mktemp("json"), lines, *keys)
    assert [row[0] or "" for row in found] == [row[0] for row in rows]
    assert [int(row[1]) for row in found] == [row[1] for row in rows]
    assert [row[2] for row in found] == [str(row[2]).lower() for row in rows]
    assert all(
        math.isclose(float(row[3]), sent[3], rel_tol=0, abs_tol=0) for row, sent in zip(found, rows, strict=True)
    )
