"""Planted faults: dirty files that show quarantine at work and, by construction, change no figure."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from ml.errors import ContractError
from pipelines.files import write_bytes
from pipelines.settings import Settings

PLANTED_DATE = date(2017, 12, 25)  # the last delivery before the demo night
DIRTY_FILE = "order_lines_planted_faults.csv"
GARBAGE_FILE = "order_lines_planted_garbage.csv"
REPEATED_ROWS = 200  # enough that the dirty ones stay below the share at which the whole file is refused
GARBAGE = b"\x00\xff\xfe\x80" + bytes(range(256)) * 8


def plant_faults(settings: Settings) -> list[Path]:
    """Put two dirty files beside the order lines delivered on PLANTED_DATE; returns their paths.

    The first repeats 200 delivered lines (all duplicates) and adds nine rows, each wrong in its own way;
    the second is no text at all. No row of them is accepted. Files that are there already are left alone.

    Raises    ContractError if there is no delivery of order lines on that day to repeat.
    """
    folder = settings.folder("landing") / "pos" / "order_lines" / f"delivered_date={PLANTED_DATE}"
    original = folder / "order_lines.csv"
    if not original.is_file():
        raise ContractError(
            f"{original}: expected the delivery whose lines are repeated, found none. "
            "Run `nightmarket import completejourney` first."
        )
    with original.open(encoding="utf-8", newline="") as handle:
        header, *rows = csv.reader(handle)
    contents = {DIRTY_FILE: _dirty(header, rows), GARBAGE_FILE: GARBAGE}
    for name, content in contents.items():
        if not (folder / name).exists():
            write_bytes(folder / name, content)
    return [folder / name for name in contents]


def _dirty(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows[i % len(rows)] for i in range(REPEATED_ROWS))
    writer.writerows(_faulty(header, rows[0]))
    return text.getvalue().encode()


def _faulty(header: Sequence[str], good: Sequence[str]) -> list[list[str]]:
    """One row per kind of fault; the expected reason code stands behind each."""

    def but(**changed: str) -> list[str]:
        return [changed.get(name, cell) for name, cell in zip(header, good, strict=True)]

    return [
        but(quantity="two"),  # wrong_type
        but(quantity="-5000000"),  # out_of_range
        but(sales_value="1.999"),  # wrong_type: a third of a cent is no amount
        but(transaction_timestamp="2017-02-30T10:00:00Z"),  # wrong_type: there is no such day
        but(transaction_timestamp="2018-03-01T10:00:00Z"),  # event_after_delivery
        but(household_id='=HYPERLINK("http://example.com","win")'),  # wrong_format
        but(product_id=""),  # missing_value
        but(store_id="1"),  # key_conflict: the basket is known, from another store
        [*good, "a column nobody announced"],  # cell_count
    ]
