"""A user's own table, in and out: CSV or Parquet, with words for everything that can be wrong with a file."""

from pathlib import Path

import polars as pl

from ml.errors import ContractError
from pipelines.files import write_file


def read_table(path: Path) -> pl.DataFrame:
    """A CSV (every column as text, so that nothing is guessed) or Parquet file with a header and rows.

    Raises    ContractError if the file is absent, of another kind, empty, or not readable as what it claims to be.
    """
    kind = path.suffix.lower()
    if kind not in (".csv", ".parquet"):
        raise ContractError(
            f"{path}: expected a .csv or .parquet file, got {kind or 'no ending'}. Convert or rename it."
        )
    if not path.is_file():
        raise ContractError(f"{path}: expected a file, found none. Correct the path.")
    try:
        frame = pl.read_csv(path, infer_schema=False) if kind == ".csv" else pl.read_parquet(path)
    except pl.exceptions.NoDataError as error:
        raise ContractError(f"{path}: expected a header and rows, got an empty file. Export it again.") from error
    except pl.exceptions.PolarsError as error:
        first = str(error).strip().splitlines()[0]
        raise ContractError(
            f"{path}: expected {kind[1:].upper()} (text in UTF-8, as many fields in each row as in the header), but: "
            f"{first}. Export it again."
        ) from error
    if frame.is_empty():
        raise ContractError(f"{path}: expected rows below the header, got none. Export it again.")
    return frame


def write_table(frame: pl.DataFrame, path: Path) -> None:
    """Write a CSV or Parquet file, all at once or not at all.

    Raises    ContractError for another ending.
    """
    kind = path.suffix.lower()
    if kind not in (".csv", ".parquet"):
        raise ContractError(f"{path}: expected an ending of .csv or .parquet for the result. Rename it.")
    whole = frame.rechunk()
    write_file(path, whole.write_csv if kind == ".csv" else whole.write_parquet)
