"""The day a night is for: one partition definition for every asset; its key is the as_of_date."""

from datetime import date

import dagster as dg

from ml.errors import ContractError

FIRST_NIGHT = date(2000, 1, 1)  # older than any retailer's data here; a partition exists when it is run
# Two days ahead of the end of yesterday in UTC: east of Greenwich a night begins while it is the day before there.
NIGHTLY = dg.DailyPartitionsDefinition(start_date=FIRST_NIGHT.isoformat(), end_offset=2)


def require_night(as_of_date: date) -> None:
    """Refuse a day that no night can be for, before anything is started.

    Raises    ContractError if it is before FIRST_NIGHT or has not begun anywhere.
    """
    if not NIGHTLY.has_partition_key(as_of_date.isoformat()):
        raise ContractError(
            f"night of {as_of_date}: expected a day from {FIRST_NIGHT} on that has begun, got another. "
            "A night decides with what is known: choose a day up to today."
        )


def as_of(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> date:
    """The day that the running partition decides for."""
    return date.fromisoformat(context.partition_key)
