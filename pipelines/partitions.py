"""The day a night is for: one partition definition for every asset; its key is the as_of_date."""

from datetime import date

import dagster as dg

FIRST_NIGHT = date(2000, 1, 1)  # older than any retailer's data here; a partition exists when it is run
NIGHTLY = dg.DailyPartitionsDefinition(start_date=FIRST_NIGHT.isoformat(), end_offset=1)


def as_of(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> date:
    """The day that the running partition decides for."""
    return date.fromisoformat(context.partition_key)
