"""How a delivered text file falls into records, and, counted another way, how many it must hold."""

import csv
import io
import re
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

UTF8_BOM = b"\xef\xbb\xbf"
GZIP = 31  # zlib's word for: gzip header, largest window
GZIP_BLOCK = 1 << 16
QUOTED = re.compile(rb'(?:(?<=[,\r\n])|\A)"(?:[^"]|"")*"')  # a cell that begins with a quote


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that is refused as a whole: why, and its lines as far as they can be read."""

    code: str
    reason: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """The decoded bytes of a text file."""

    data: bytes  # UTF-8 without BOM


@dataclass(frozen=True, slots=True)
class Record:
    """One CSV record: its cells, or None if the quotes are broken; and the text it was cut from."""

    cells: list[str] | None
    raw: str


def read_text(path: Path) -> Text | Unreadable:
    """Uncompress and check the encoding. The file is held in memory while it is read."""
    data = path.read_bytes()
    if path.name.endswith(".gz"):
        data, problem = _gunzip(data)
        if problem:
            return Unreadable("truncated_gzip", problem, readable_lines(data))
    data = data.removeprefix(UTF8_BOM)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"byte 0x{data[error.start]:02X} at offset {error.start}"
        lines = () if b"\0" in data else readable_lines(data)
        return Unreadable("bad_encoding", f"expected UTF-8, got {found}", lines)
    if not data.strip():
        return Unreadable("empty_file", "expected a header or a row, got an empty file")
    return Text(data)


def readable_lines(data: bytes) -> tuple[str, ...]:
    """The lines after the first, blank ones left out; bytes that are not UTF-8 are shown as \\xNN."""
    if b"\0" in data:
        return ()
    return tuple(line.decode("utf-8", "backslashreplace") for line in data.splitlines() if line)[1:]


def count_lines(data: bytes) -> int:
    """Lines that are not blank."""
    lines = data.splitlines()
    return len(lines) - lines.count(b"")


def count_records(text: Text) -> int:
    """Records of a CSV after its header, counted from line ends outside quoted cells alone."""
    data = QUOTED.sub(b"q", text.data) if b'"' in text.data else text.data
    return count_lines(data) - 1


def records(text: Text) -> Iterator[Record]:
    """Cut a CSV into records, header first. A record with broken quotes is one, and the next line goes on."""
    csv.field_size_limit(sys.maxsize)  # a long cell is refused by its contract, with its place
    consumed: list[str] = []
    reader = csv.reader(_remember(io.StringIO(text.data.decode("utf-8"), newline=""), consumed), strict=True)
    while True:
        consumed.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield Record(None, "".join(consumed).rstrip("\r\n"))
            continue
        if cells:  # a blank line is no record
            yield Record(cells, "".join(consumed).rstrip("\r\n"))


def is_plain(text: Text) -> bool:
    """Whether lines and commas alone give the records, so that any CSV reader finds the same."""
    return b'"' not in text.data and b"\0" not in text.data


def _remember(lines: Iterator[str] | io.StringIO, consumed: list[str]) -> Iterator[str]:
    for line in lines:
        consumed.append(line)
        yield line


def _gunzip(data: bytes) -> tuple[bytes, str]:
    """All members of a gzip file, and what is wrong with it. Block by block, so that a break keeps what precedes."""
    parts: list[bytes] = []
    member = zlib.decompressobj(GZIP)
    while data:
        block, data = data[:GZIP_BLOCK], data[GZIP_BLOCK:]
        try:
            parts.append(member.decompress(block))
        except zlib.error as error:
            return b"".join(parts), f"expected gzip, got something else ({error})"
        if member.eof:
            data = member.unused_data + data
            if data:
                member = zlib.decompressobj(GZIP)
    problem = "" if member.eof else "expected a whole gzip file, it breaks off"
    return b"".join(parts), problem
