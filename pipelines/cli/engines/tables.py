"""A user's own table, in and out, whole or in blocks: CSV or Parquet, with words for everything that can be wrong."""

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from ml.errors import ContractError
from pipelines.cli.engines.table_files import columns_of, ending_of, has_blank_lines, in_words, require_columns
from pipelines.files import write_file

ROWS_PER_BLOCK = 1_000_000


def read_table(path: Path, *, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """A CSV (every column as text, so that nothing is guessed) or Parquet file with a header and rows.

    Takes     path: .csv, .csv.gz, .parquet or .pq; columns: read these alone, in this order; else all.
    Raises    ContractError if the file is absent, of another kind, empty, or not readable as what it claims to be,
              or lacks a column.
    """
    lines = _lines(path, columns)
    with in_words(path):
        frame = lines.collect()
    if frame.is_empty():
        raise ContractError(f"{path}: expected rows below the header, got none. Export it again.")
    return frame


def table_blocks(
    path: Path, *, columns: Sequence[str], numbers: Collection[str] = (), labels: Collection[str] = ()
) -> Iterator[pl.DataFrame]:
    """The same in blocks of rows, in the order of the file, within bounded memory; no block if there is no row.

    Takes     columns: read these alone; numbers: of them, those that a CSV is to give as floats, null where the text
              is none; labels: of them, texts with few different values, given as Categorical.
    Raises    ContractError as `read_table`, but for a file without rows; some only when their block is reached.
    """
    lines = _lines(path, columns)
    schema = lines.collect_schema()
    texts = {name for name, kind in schema.items() if kind == pl.String}
    kinds = [
        pl.col(name).str.strip_chars().cast(pl.Float64, strict=False)
        if name in texts and name in numbers and ending_of(path) == "csv"
        else pl.col(name).cast(pl.Categorical)
        if name in texts and name in labels
        else pl.col(name)
        for name in columns
    ]
    with in_words(path):
        yield from lines.select(kinds).collect_batches(chunk_size=ROWS_PER_BLOCK, maintain_order=True)


def write_table(frame: pl.DataFrame, path: Path) -> None:
    """Write a CSV or Parquet file, all at once or not at all.

    Raises    ContractError for another ending.
    """
    whole = frame.rechunk()
    write: Any = whole.write_parquet
    if ending_of(path) == "csv":
        write = partial(whole.write_csv, compression="gzip" if path.suffix.lower() == ".gz" else "uncompressed")
    write_file(path, write)


def _lines(path: Path, columns: Sequence[str] | None) -> pl.LazyFrame:
    names = columns_of(path) if columns is None else require_columns(path, columns)
    if ending_of(path) == "parquet":
        return pl.scan_parquet(path, glob=False).select(names)
    with in_words(path):
        is_blank = has_blank_lines(path)
        lines = pl.scan_csv(path, infer_schema=False, glob=False)
        if is_blank and len(lines.collect_schema()) > 1:
            lines = lines.filter(pl.any_horizontal(pl.all().is_not_null()))
    return lines.select(names)
