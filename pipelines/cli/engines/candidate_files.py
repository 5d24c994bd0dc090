"""Candidates from a CSV or Parquet file, a block at a time, with errors in words."""

import shutil
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import polars.exceptions as polars_errors

from ml.errors import ContractError

ROWS_PER_READ = 4_000_000
TEXT = {"person_id", "treatment_id"}


@contextmanager
def candidate_blocks(
    path: Path, columns: Sequence[str], numbers: set[str], near: Path
) -> Iterator[Iterator[pl.DataFrame]]:
    """Blocks of some columns of a file; a CSV is turned into Parquet in a temporary folder `near` first."""
    if not path.is_file():
        raise ContractError(f"{path}: expected a CSV or Parquet file, got nothing there. Correct the path.")
    if path.stat().st_size == 0:
        raise ContractError(f"{path}: expected at least a line with the names of the columns, got an empty file.")
    near.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".decide.", suffix=".partial", dir=near))
    try:
        with _in_words(path):
            if path.suffix.lower() in (".parquet", ".pq"):
                _require(path, pl.read_parquet_schema(path).keys(), columns)
                yield _guarded(path, _blocks(path, columns))
            else:
                _sink_csv(path, columns, numbers, scratch / "candidates.parquet")
                yield _guarded(path, _whole_ids(_blocks(scratch / "candidates.parquet", columns), scratch))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _sink_csv(path: Path, columns: Sequence[str], numbers: set[str], target: Path) -> None:
    lines = pl.scan_csv(path, infer_schema=False)
    _require(path, lines.collect_schema().names(), columns)
    kinds = [pl.col(name).cast(pl.Float64, strict=False) if name in numbers else pl.col(name) for name in columns]
    lines.select(kinds).sink_parquet(target, compression="lz4", row_group_size=500_000)


def _whole_ids(blocks: Iterator[pl.DataFrame], scratch: Path) -> Iterator[pl.DataFrame]:
    """Person ids of a CSV as whole numbers if all of them are, so that 2 stands before 10; else as text."""
    file = scratch / "candidates.parquet"
    number = pl.col("person_id").cast(pl.Int64, strict=False)
    is_whole = (number.cast(pl.String) == pl.col("person_id")).fill_null(False)
    whole = bool(pl.scan_parquet(file).select(is_whole.all()).collect().item())
    for block in blocks:
        yield block.with_columns(pl.col("person_id").cast(pl.Int64)) if whole and block.height else block


def _blocks(path: Path, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    lines = pl.scan_parquet(path).select(columns)
    count = int(pl.scan_parquet(path).select(pl.len()).collect().item())
    for first in range(0, count, ROWS_PER_READ):
        block = lines.slice(first, ROWS_PER_READ).collect()
        kind = block.schema["person_id"]
        yield (
            block if kind.is_integer() or kind == pl.String else block.with_columns(pl.col("person_id").cast(pl.String))
        )


def _require(path: Path, names: Collection[str], columns: Sequence[str]) -> None:  # type: ignore[misc]
    missing = [name for name in columns if name not in set(names)]
    if missing:
        raise ContractError(
            f"{path}: expected the columns {', '.join(columns)}, got none called {', '.join(missing)} "
            f"(there are {', '.join(list(names)[:12])}). Add them, or correct their names in the limits."
        )


def _guarded(path: Path, blocks: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    with _in_words(path):
        yield from blocks


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except (polars_errors.PolarsError, UnicodeDecodeError) as error:
        first = str(error).splitlines()[0][:200]
        raise ContractError(
            f"{path}: expected a CSV (comma, UTF-8) or Parquet table, got something unreadable: {first}. Save it again."
        ) from error
