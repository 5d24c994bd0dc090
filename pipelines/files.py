"""How a file or folder appears: all at once or not at all."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

ROWS_PER_GROUP = 122_880  # DuckDB's own row group, so both engines prune equally well


def fsync_directory(directory: Path) -> None:
    """Make the names inside a directory durable (a rename is only safe after this)."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_file(path: Path) -> None:
    """Make a file's content durable."""
    with path.open("rb") as handle:
        os.fsync(handle.fileno())


def _beside(path: Path) -> Path:
    """A temporary name in the same folder (same file system, so the rename is atomic)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent))


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """A temporary file to fill, which is then put in place: fsync, rename, fsync of the folder.

    If it was not made, there is none afterwards; if something went wrong, what stood there stays.
    """
    folder = _beside(path)
    try:
        temporary = folder / path.name
        yield temporary
        if temporary.exists():
            fsync_file(temporary)
            temporary.replace(path)
        else:
            path.unlink(missing_ok=True)
        fsync_directory(path.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_file(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file that then appears."""
    with appearing(path) as temporary:
        write(temporary)
        temporary.stat()  # what was not written must not take away what stands


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes atomically."""
    write_file(path, lambda temporary: _discard(temporary.write_bytes(content)))


def write_text(path: Path, content: str) -> None:
    """Write UTF-8 text atomically, with the line ends as given."""
    write_bytes(path, content.encode("utf-8"))


def write_json(path: Path, content: Any) -> None:
    """Write JSON atomically: sorted keys, two spaces, final newline, so equal content is equal bytes."""
    write_text(path, json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def write_parquet(path: Path, frame: pl.DataFrame) -> None:
    """Write a frame atomically; the caller has sorted it by a unique key."""
    write_file(path, lambda temporary: parquet_bytes_to(temporary, frame))


def parquet_bytes_to(path: Path, frame: pl.DataFrame) -> None:
    """Write Parquet whose bytes depend on the rows alone, not on how they were chunked or by how many threads."""
    frame.rechunk().write_parquet(
        path, compression="zstd", statistics=True, row_group_size=ROWS_PER_GROUP, use_pyarrow=False
    )


@contextmanager
def new_directory(path: Path) -> Iterator[Path]:
    """Fill a folder beside `path`; on success it takes the name `path`, replacing an older one; else it vanishes."""
    folder = _beside(path)
    content = folder / path.name
    content.mkdir()
    try:
        yield content
        _sync_tree(content)
        if path.exists():
            path.rename(folder / "replaced")
        content.rename(path)
        fsync_directory(path.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(root: Path) -> int:
    """Delete what a killed process left half-written under `root`; returns how many were removed."""
    found = sorted(root.rglob(".*.partial")) if root.exists() else []
    for folder in found:
        shutil.rmtree(folder, ignore_errors=True)
    return len(found)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content, hexadecimal, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _sync_tree(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            fsync_file(path)
        else:
            fsync_directory(path)
    fsync_directory(folder)


def _discard(_: object) -> None:
    return None
