"""Which rows of a large delivery a suite looks at: few, spread over all of it, the same ones every time."""

import polars as pl


def evenly_spaced_rows(frame: pl.DataFrame, *, key: list[str], row_limit: int) -> pl.DataFrame:
    """At most `row_limit` rows, evenly spaced over the frame sorted by its unique key.

    Takes     frame: any row order; key: columns that identify a row; row_limit: at least 1.
    Returns   rows of the frame, sorted by key, always with the first one; the whole frame if it is small enough.
              The choice depends on the rows alone: no random numbers, no row order, no thread count.
    """
    ordered = frame.sort(key)
    if ordered.height <= row_limit:
        return ordered
    positions = pl.select((pl.int_range(row_limit, dtype=pl.Int64) * ordered.height) // row_limit).to_series()
    return ordered[positions]
