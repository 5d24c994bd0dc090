"""Any table survives being written and read again, in every format, whole and in blocks."""

from datetime import date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.cli.engines.tables import read_table, table_blocks, write_table

# no surrogates, which are no text; a name with another separator in it is taken for several
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
names = st.lists(
    text.filter(lambda name: name and not name.startswith("\ufeff") and not set(name) & set(";\t|")),
    min_size=1,
    max_size=4,
    unique=True,
)
CELLS = [
    (pl.String, text),
    (pl.Int64, st.integers(-(2**63), 2**63 - 1)),
    (pl.Float64, st.floats(allow_nan=False)),
    (pl.Boolean, st.booleans()),
    (pl.Date, st.dates(date(1, 1, 1))),
    (pl.Datetime("us"), st.datetimes(datetime(1, 1, 1))),
    (pl.Decimal(18, 2), st.decimals(Decimal(-(10**15)), Decimal(10**15), places=2, allow_nan=False)),
]
FORMATS = [".csv", ".csv.gz", ".parquet", ".pq"]


@st.composite
def tables(draw):
    height = draw(st.integers(1, 6))
    columns = []
    for name in draw(names):
        kind, cell = draw(st.sampled_from(CELLS))
        values = draw(st.lists(st.none() | cell, min_size=height, max_size=height))
        columns.append(pl.Series(name, values, dtype=kind))
    return pl.DataFrame(columns)


def as_text(frame):
    """What a CSV says: everything as text, moments as ISO 8601."""
    moments = [pl.col(name).dt.to_string("iso:strict") for name, kind in frame.schema.items() if kind == pl.Datetime]
    return frame.with_columns(moments).cast(pl.String)


@pytest.mark.parametrize("ending", FORMATS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frame=tables())
@example(frame=pl.DataFrame({"only": [None, "", "x"]}))
@example(frame=pl.DataFrame({"a,b": ['say "x"', "two\r\nlines\n\nand a blank one"], "ä": [1, None]}))
@example(frame=pl.DataFrame({"a": [None, "x"], "b": [None, "y"]}))
def test_a_table_that_is_written_reads_as_it_was(tmp_path, ending, frame):
    path = tmp_path / f"table{ending}"
    write_table(frame, path)
    told = frame if ending in (".parquet", ".pq") else as_text(frame)
    read = read_table(path)
    assert_frame_equal(read, told if read.height else told.clear())
    blocks = list(table_blocks(path, columns=frame.columns))
    assert_frame_equal(pl.concat(blocks), told)
    one = frame.columns[-1:]
    assert_frame_equal(read_table(path, columns=one), told.select(one))
