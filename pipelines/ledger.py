"""The ledger: what was decided, issued and measured. Append-only, one partition per stream and night."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from ml.errors import ContractError
from pipelines.files import parquet_bytes_to, sha256_of, write_file, write_parquet
from pipelines.ledger_schema import NIGHTS, STREAMS

PART = "part-0.parquet"
SEALS = "nights"  # the stream whose partition, written last, makes a night final


@dataclass(frozen=True, slots=True)
class Ledger:
    """Reads and writes partitions `<root>/<stream>/as_of_date=YYYY-MM-DD/part-0.parquet`.

    A night's partitions may be replaced until the night is sealed; from then on writing other bytes
    is an error. A later night reads sealed nights only, so a night that failed half-way counts for nothing.
    """

    root: Path

    def write_empty(self) -> None:
        """Put a typed partition without rows beside each stream, so that SQL can read one that has no night yet."""
        for stream, schema in {**STREAMS, SEALS: NIGHTS}.items():
            write_parquet(self.root / stream / "_empty" / PART, pl.DataFrame(schema=schema))

    def path(self, stream: str, as_of_date: date) -> Path:
        """Where a partition stands, whether or not it exists."""
        return self.root / stream / f"as_of_date={as_of_date.isoformat()}" / PART

    def write(self, stream: str, as_of_date: date, frame: pl.DataFrame) -> None:
        """Put a partition in place atomically.

        Takes     frame: sorted by its unique key, with the columns and types of `ledger_schema`.
        Raises    ContractError if columns or types differ, or if the night is sealed and the bytes would differ.
        """
        _require_schema(stream, frame)
        path = self.path(stream, as_of_date)

        def write(temporary: Path) -> None:
            parquet_bytes_to(temporary, frame)
            if self.is_sealed(as_of_date) and path.exists() and sha256_of(temporary) != sha256_of(path):
                raise ContractError(_difference(stream, as_of_date, pl.read_parquet(path), frame))

        write_file(path, write)

    def read(self, stream: str, as_of_date: date) -> pl.DataFrame | None:
        """One partition, or None if that night has none.

        Raises    ContractError if the file is damaged.
        """
        path = self.path(stream, as_of_date)
        try:
            return pl.read_parquet(path) if path.exists() else None
        except pl.exceptions.PolarsError as error:
            raise ContractError(
                f"{path}: cannot be read as Parquet ({str(error).splitlines()[0]}). "
                "The ledger is not rebuilt from anything: bring this file back from a backup."
            ) from error

    def partition(self, stream: str, as_of_date: date) -> pl.DataFrame:
        """One partition that an earlier step of the night has written.

        Raises    ContractError if it is not there.
        """
        frame = self.read(stream, as_of_date)
        if frame is None:
            raise ContractError(f"{self.path(stream, as_of_date)}: is missing. Run the whole night again.")
        return frame

    def nights(self, stream: str = SEALS) -> list[date]:
        """The nights that have a partition in the stream, oldest first (default: the sealed nights)."""
        folders = (self.root / stream).glob(f"as_of_date=*/{PART}")
        return sorted(date.fromisoformat(path.parent.name.removeprefix("as_of_date=")) for path in folders)

    def read_before(self, stream: str, as_of_date: date) -> pl.DataFrame | None:
        """All partitions of sealed nights before a date, oldest first; None if there are none."""
        earlier = [night for night in self.nights() if night < as_of_date]
        frames = [frame for night in earlier if (frame := self.read(stream, night)) is not None]
        return pl.concat(frames, how="vertical") if frames else None

    def scan(self, stream: str, nights: Sequence[date]) -> pl.LazyFrame:
        """Partitions of some nights, read only as far as what is asked of them."""
        paths = [self.path(stream, night) for night in nights]
        return pl.scan_parquet(paths) if paths else pl.LazyFrame(schema=STREAMS[stream])

    def is_sealed(self, as_of_date: date) -> bool:
        """Whether the night was completed and released."""
        return self.path(SEALS, as_of_date).exists()

    def seal(self, as_of_date: date, streams: list[str]) -> pl.DataFrame:
        """Make a night final: one row per stream with rows and SHA-256 of its partition.

        Returns   stream str, row_count i64, sha256 str; sorted by stream.
        """
        paths = {stream: self.path(stream, as_of_date) for stream in sorted(streams)}
        seal = pl.DataFrame(
            {
                "as_of_date": [as_of_date] * len(paths),
                "stream": list(paths),
                "row_count": [pl.scan_parquet(path).select(pl.len()).collect().item() for path in paths.values()],
                "sha256": [sha256_of(path) for path in paths.values()],
            },
            schema=NIGHTS,
        )
        self.write(SEALS, as_of_date, seal)
        return seal


def _require_schema(stream: str, frame: pl.DataFrame) -> None:
    expected = pl.Schema(NIGHTS if stream == SEALS else STREAMS[stream])
    if frame.schema != expected:
        wrong = sorted(set(frame.schema.items()) ^ set(expected.items()), key=str)
        raise ContractError(f"ledger {stream}: columns or types differ from ledger_schema: {wrong[:6]}.")


def _difference(stream: str, as_of_date: date, before: pl.DataFrame, now: pl.DataFrame) -> str:
    where = f"ledger {stream} of {as_of_date}"
    advice = (
        "A night is a function of its inputs: undo the change of configuration, seeds or code, "
        "or decide anew for a later date."
    )
    if before.schema != now.schema:
        changed = sorted(set(before.schema.items()) ^ set(now.schema.items()), key=str)
        return f"{where}: sealed with other columns ({changed[:4]}). {advice}"
    if before.height != now.height:
        return f"{where}: sealed with {before.height} rows, this run makes {now.height}. {advice}"
    unequal = [name for name in before.columns if not before[name].equals(now[name])]
    first = next((i for i in range(before.height) if before.row(i) != now.row(i)), 0)
    return f"{where}: sealed rows differ in {unequal} (first: row {first}, {before.row(first)[:3]}). {advice}"
