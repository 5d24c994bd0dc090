"""What a user's file is: its kind, its columns, and words for everything that can be wrong with it."""

import csv
import gzip
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import polars as pl

from ml.errors import ContractError

ENDINGS = ".csv, .csv.gz, .parquet or .pq"
PARQUET, GZIP = b"PAR1", b"\x1f\x8b"
OTHERS = {  # first bytes of files that are often given a wrong name
    b"PK\x03\x04": "an Excel workbook or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
    b"SQLite": "an SQLite database",
    b"ARROW1": "an Arrow file",
}
BYTES_PER_READ = 1 << 20


def ending_of(path: Path) -> str:
    """`csv` or `parquet`, by the file's name.

    Raises    ContractError for another ending.
    """
    name = path.name.lower()
    if name.endswith((".csv", ".csv.gz")):
        return "csv"
    if name.endswith((".parquet", ".pq")):
        return "parquet"
    raise ContractError(
        f"{path}: expected a {ENDINGS} file, got {path.suffix or 'no ending'}. Convert it, or correct the name."
    )


def columns_of(path: Path) -> list[str]:
    """The names in the header.

    Raises    ContractError if there is no such file, or it is not what its ending says, or names repeat.
    """
    kind = ending_of(path)
    if path.is_dir():
        raise ContractError(f"{path}: expected a file, got a folder. Name one file in it.")
    if not path.is_file():
        raise ContractError(f"{path}: expected a file, found none. Correct the path.")
    with in_words(path):
        with path.open("rb") as file:
            start = file.read(8)
        _require_kind(path, kind, start)
        names = list(pl.read_parquet_schema(path)) if kind == "parquet" else _header(path)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ContractError(f"{path}: expected every column once, got {twice} more than once. Rename or remove one.")
    return names


def require_columns(path: Path, wanted: Sequence[str]) -> list[str]:
    """Which of the file's columns are wanted, in the order asked for, each once.

    Raises    ContractError, naming what is missing and what there is.
    """
    names = columns_of(path)
    missing = [name for name in dict.fromkeys(wanted) if name not in names]
    if missing:
        there = ", ".join(map(repr, names[:20])) + (", ..." if len(names) > 20 else "")
        raise ContractError(
            f"{path}: expected the columns {', '.join(map(repr, dict.fromkeys(wanted)))}, got none called "
            f"{', '.join(map(repr, missing))}. There are {there}: correct the names."
        )
    return list(dict.fromkeys(wanted))


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """Turn what a library says about an unreadable file into a sentence for its owner."""
    try:
        yield
    except PermissionError as error:
        raise ContractError(f"{path}: expected a file to read, got no permission. Ask its owner for it.") from error
    except UnicodeDecodeError as error:
        raise ContractError(_not_utf8(path)) from error
    except pl.exceptions.NoDataError as error:
        raise ContractError(f"{path}: expected a header and rows, got an empty file. Export it again.") from error
    except (pl.exceptions.PolarsError, csv.Error, EOFError, gzip.BadGzipFile, OSError) as error:
        if isinstance(error, OSError) and error.errno:  # a disk that fails is no fault of the file
            raise
        if "new-line character seen in unquoted" in str(error):
            raise ContractError(
                f"{path}: expected lines that end in LF or CR LF, got CR alone. Save it anew."
            ) from error
        first = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        if "utf-8" in first.lower():
            raise ContractError(_not_utf8(path)) from error
        kind = "Parquet" if ending_of(path) == "parquet" else "CSV"
        more = "" if kind == "Parquet" else " (commas, UTF-8, at most as many fields in a row as in the header)"
        raise ContractError(f"{path}: expected {kind}{more}, but: {first}. Export it again.") from error


def has_blank_lines(path: Path) -> bool:
    """Whether a CSV may hold lines without anything on them, which are no rows."""
    last = b""
    with opened(path) as file:
        while part := file.read(BYTES_PER_READ):
            text = last + part
            if b"\n\n" in text or b"\n\r\n" in text:
                return True
            last = text[-2:]
    return False


def opened(path: Path) -> BinaryIO:
    """The bytes of a file, unpacked if they are packed."""
    with path.open("rb") as file:
        is_packed = file.read(2) == GZIP
    return cast("BinaryIO", gzip.open(path, "rb")) if is_packed else path.open("rb")


def _require_kind(path: Path, kind: str, start: bytes) -> None:
    if not start:
        raise ContractError(f"{path}: expected a header and rows, got an empty file. Export it again.")
    if kind == "parquet" and not start.startswith(PARQUET):
        raise ContractError(f"{path}: expected Parquet, got something else under this name. Export or rename it.")
    if kind == "csv" and start.startswith(PARQUET):
        raise ContractError(f"{path}: expected CSV, got Parquet under this name. Rename it to end in .parquet.")
    other = next((words for magic, words in OTHERS.items() if kind == "csv" and start.startswith(magic)), None)
    if other:
        raise ContractError(f"{path}: expected CSV in UTF-8, got {other}. Save it as CSV (UTF-8).")


def _header(path: Path) -> list[str]:
    with opened(path) as file, io.TextIOWrapper(file, encoding="utf-8-sig", newline="\n") as text:
        names = next((row for row in csv.reader(text) if row), None)
    if names is None:
        raise pl.exceptions.NoDataError("empty CSV")
    other = next((mark for mark in (";", "\t", "|") if len(names) == 1 and mark in names[0]), None)
    if other:
        raise ContractError(f"{path}: expected columns divided by commas, got {other!r} in {names[0]!r}. Save it anew.")
    return names


def _not_utf8(path: Path) -> str:
    """The first line that is no UTF-8, with its number."""
    where = ""
    with opened(path) as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                near = line[max(error.start - 12, 0) : error.start + 12].decode("latin-1").strip()
                where = f" in line {number} (read as Latin-1: {near!r})"
                break
    return (
        f"{path}: expected text in UTF-8, got other bytes{where}. Save it as UTF-8; if it is Windows or Latin-1 text: "
        "iconv -f WINDOWS-1252 -t UTF-8."
    )
