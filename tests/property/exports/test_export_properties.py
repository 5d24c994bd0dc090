"""Laws of the files: what goes in comes out, nothing runs, and nobody vanishes between two releases."""

import csv
import io

import duckdb
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.exports.csv_text import DANGEROUS_STARTS, csv_bytes, one_line, plain_text
from pipelines.exports.removals import removals_of_channel
from pipelines.ledger_schema import CANDIDATES, DECISIONS, EXPORTS
from tests.builders.exports import EARLIER, candidate, decision, export

HOSTILE = st.sampled_from(list("=+-@|;'\"\r\n\t\0,＝＠ \\%\u2028\x85é日"))
texts = st.one_of(
    st.text(max_size=12), st.text(HOSTILE, max_size=8), st.builds(str.__add__, HOSTILE, st.text(max_size=6))
)
numbers = st.one_of(st.integers(-(10**12), 10**12), st.floats(allow_nan=False, allow_infinity=False))
COLUMNS = (("decision_id", "id"), ("reason_text", "text"), ("amount", "number"))


def written(rows):
    return csv_bytes(COLUMNS, [(f"d{place}", text, number) for place, (text, number) in enumerate(rows)])


def read_back(content):
    return list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True))


@given(rows=st.lists(st.tuples(texts, numbers), max_size=6))
def test_every_text_and_number_comes_back_from_the_file(rows):
    for (text, number), (_, cell, digits) in zip(rows, read_back(written(rows))[1:], strict=True):
        assert plain_text(cell) == one_line(text)
        assert float(digits) == number
        assert one_line(one_line(text)) == one_line(text)


@given(rows=st.lists(st.tuples(texts, numbers), max_size=6))
def test_no_text_begins_like_a_formula_and_every_row_is_one_line(rows):
    content = written(rows)
    assert content.count(b"\n") == len(rows) + 1
    assert content.endswith(b"\n")
    assert b"\r" not in content
    for _, cell, digits in read_back(content)[1:]:
        assert not cell or cell[0] not in set(DANGEROUS_STARTS) - {"'"}
        assert not digits.startswith("'")


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.tuples(texts, numbers), min_size=1, max_size=6))
def test_the_checker_reads_the_same_cells_as_any_other_program(rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("csv") / "audience.csv"
    path.write_bytes(written(rows))
    dialect = "header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"', nullstr = ''"
    with duckdb.connect() as connection:
        cells = connection.execute(f"select * from read_csv('{path}', {dialect}) order by decision_id").fetchall()
    assert [[cell or "" for cell in row] for row in cells] == read_back(path.read_bytes())[1:]


@given(rows=st.lists(st.tuples(texts, numbers), max_size=6), data=st.data())
def test_equal_rows_are_equal_bytes_and_other_text_is_other_bytes(rows, data):
    assert written(rows) == written(list(rows))
    if rows:
        place = data.draw(st.integers(0, len(rows) - 1))
        text = data.draw(texts)
        changed = [*rows[:place], (text, rows[place][1]), *rows[place + 1 :]]
        assert (written(changed) == written(rows)) == (one_line(text) == one_line(rows[place][0]))


people = st.sets(st.integers(0, 9), max_size=10)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(earlier=people, tonight=people, known=people, held=people, blocked=people)
def test_the_last_release_is_who_is_still_there_and_who_is_removed(earlier, tonight, known, held, blocked):
    decisions = [
        decision(f"p{one}", holdout_arm="holdout" if one in held - tonight else "treated")
        for one in sorted(known | tonight)
    ]
    candidates = [
        candidate(decision(f"p{one}", "grow-pct_5-email"), reason_codes=["cap"], is_eligible=False)
        for one in sorted(blocked - tonight)
    ]
    removed = removals_of_channel(
        pl.DataFrame([export(EARLIER[1], f"p{one}", "email") for one in sorted(earlier)], schema=EXPORTS),
        pl.DataFrame({"person_id": [f"p{one}" for one in sorted(tonight)]}, schema={"person_id": pl.String}),
        decisions=pl.DataFrame(decisions, schema=DECISIONS),
        candidates=pl.DataFrame(candidates, schema=CANDIDATES),
    )
    gone = {int(person[1:]) for person in removed["person_id"]}
    assert gone | (earlier & tonight) == earlier
    assert not gone & tonight
    assert removed.height == len(gone)
    assert removed["decision_id"].is_sorted()
    for person, reason in removed.select("person_id", "reason").iter_rows():
        one = int(person[1:])
        assert (reason == "unresolved") == (one not in known)
        assert (reason == "held_out") == (one in known & held)
        assert (reason == "no_longer_allowed: cap") == (one in (known & blocked) - held)
