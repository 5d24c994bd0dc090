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
# rows of a CSV are read whole: a comma too many before a wanted cell would move it into another column unseen
WHOLE_ROWS = pl.QueryOptFlags(projection_pushdown=False)


def read_table(path: Path, *, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """A CSV (every column as text, so that nothing is guessed) or Parquet file with a header and rows.

    Takes     path: .csv, .csv.gz, .parquet or .pq; columns: read these alone, in this order; else all.
    Raises    ContractError if the file is absent, of another kind, empty, or not readable as what it claims to be,
              or lacks a column.
    """
    lines = _lines(path, columns)
    with in_words(path):
        frame = lines.collect(engine="streaming", optimizations=WHOLE_ROWS)
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
    with in_words(path):
        schema = lines.collect_schema()
        texts = [name for name, kind in schema.items() if kind == pl.String]
        lines = lines.with_columns(
            pl.col(name).cast(pl.Categorical) for name in texts if name in set(labels) - set(numbers)
        )
        wanted = [name for name in texts if name in set(numbers) and ending_of(path) == "csv"]
        for block in lines.collect_batches(chunk_size=ROWS_PER_BLOCK, maintain_order=True, optimizations=WHOLE_ROWS):
            yield block.with_columns(_floats(block[name]) for name in wanted)


def _floats(text: pl.Series) -> pl.Series:
    numbers = text.cast(pl.Float64, strict=False)
    if numbers.null_count() > text.null_count():  # blanks around numbers are looked for where there may be some
        numbers = text.str.strip_chars().cast(pl.Float64, strict=False)
    return numbers


def write_table(frame: pl.DataFrame, path: Path) -> None:
    """Write a CSV or Parquet file, all at once or not at all.

    Raises    ContractError for another ending.
    """
    kind = ending_of(path)
    nested = [name for name, dtype in frame.schema.items() if dtype.is_nested()]
    if kind == "csv" and nested:
        raise ContractError(f"{path}: expected columns of single values, got nested ones: {nested}. Write Parquet.")
    whole = frame.rechunk()
    write: Any = whole.write_parquet
    if kind == "csv":
        write = partial(whole.write_csv, compression="gzip" if path.suffix.lower() == ".gz" else "uncompressed")
    write_file(path, write)


def _lines(path: Path, columns: Sequence[str] | None) -> pl.LazyFrame:
    names = columns_of(path) if columns is None else require_columns(path, columns)
    if ending_of(path) == "parquet":
        return pl.scan_parquet(path, glob=False).select(names)
    with in_words(path):
        header = columns_of(path)  # read by the standard library, which undoes doubled quotes in names
        lines = pl.scan_csv(path, infer_schema=False, glob=False, new_columns=header)
        if len(header) > 1 and has_blank_lines(path):
            lines = lines.filter(pl.any_horizontal(pl.all().is_not_null()))
    return lines.select(names)
