"""How a day's files come into a home: everything is written beside landing first, then renamed into place."""

import gzip
import io
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.files import parquet_bytes_to
from pipelines.simulator.calendar import to_date
from pipelines.simulator.sources.delivery import Delivery

STAGE = ".simulated_day.partial"
LEVEL = 1  # of gzip: these files are read more often than kept
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Placed:
    """A file and the day it arrives, days since 1970-01-01."""

    table: str
    file: str
    delivered_day: int
    content: bytes

    @property
    def path(self) -> Path:
        """Where it lies in the home."""
        source, table = self.table.split(".")
        folder = f"delivered_date={to_date(self.delivered_day).isoformat()}"
        return Path("landing") / source / table / folder / self.file


def contents_of(delivery: Delivery) -> dict[str, bytes]:
    """The bytes of a delivery's files by name; equal frames give equal bytes."""
    buffer = io.BytesIO()
    if delivery.format == "lines.gz":
        buffer.write("".join(f"{line}\n" for line in delivery.frame[delivery.key]).encode())
    elif delivery.format == "jsonl.gz":
        delivery.frame.write_ndjson(buffer)
    else:
        delivery.frame.write_csv(buffer)
    if delivery.split is not None:
        return _split(delivery, buffer.getvalue(), delivery.split)
    return {delivery.file: _encoded(delivery, buffer.getvalue())}


def write_day(home: Path, day: int, placed: list[Placed], truth: dict[str, pl.DataFrame]) -> None:
    """Put a day's files below landing/ and its truth below truth/.

    Not every file is forced to disk: a home whose history is not complete is made again, with equal bytes.
    """
    stage = home / STAGE
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    goals = [one.path for one in placed] + [_truth_path(name, day) for name in truth]
    for folder in {goal.parent for goal in goals}:
        (home / folder).mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(placed):
        (stage / str(number)).write_bytes(one.content)
    for number, name in enumerate(truth, start=len(placed)):
        parquet_bytes_to(stage / str(number), truth[name])
    for number, goal in enumerate(goals):
        os.replace(stage / str(number), home / goal)
    shutil.rmtree(stage)


def contents_of_all(deliveries: list[Delivery]) -> list[dict[str, bytes]]:
    """The bytes of several deliveries, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(contents_of, deliveries))


def _split(delivery: Delivery, data: bytes, name: str) -> dict[str, bytes]:
    """One file per value of a column; the rows are sorted by it, and no cell holds a line end."""
    head, *lines = data.splitlines(keepends=True)
    files, start = {}, 0
    runs = delivery.frame[name].rle().struct.unnest()
    for length, value in zip(runs["len"], runs["value"], strict=True):
        content = head + b"".join(lines[start : start + length])
        files[delivery.file.format(value)] = _encoded(delivery, content)
        start += length
    return files


def _encoded(delivery: Delivery, data: bytes) -> bytes:
    if delivery.encoding != "utf-8":
        data = data.decode("utf-8").encode(delivery.encoding, errors="replace")
    if delivery.format == "csv_bom":
        data = BYTE_ORDER_MARK + data
    return gzip.compress(data, LEVEL, mtime=0) if delivery.format.endswith(".gz") else data


def _truth_path(name: str, day: int) -> Path:
    return Path("truth") / name / f"{to_date(day).isoformat()}.parquet"
