"""Which identifiers are shared by so many different people that they identify nobody?"""

from dataclasses import dataclass

import numpy as np
import polars as pl

IDENTIFIERS = ("account_id", "loyalty_id", "email", "phone", "device_id")
NAMING = ("given_root", "given_name", "family_name", "birth_date")
ALWAYS_ALLOWED = 10  # names under one identifier: a person's own misspellings and a family reach that
NEVER_ALLOWED = 50
KNEE = 2.0  # a jump by this factor in the sorted numbers of names divides what people share from what is junk


@dataclass(frozen=True, slots=True)
class Shared:
    """records: with shared identifiers taken as unknown; values: one row per such value."""

    records: pl.DataFrame
    values: pl.DataFrame


def set_aside_shared(records: pl.DataFrame) -> Shared:
    """Take identifiers that too many differently named records carry as unknown.

    Takes     records: normalised.
    Returns   Shared; values, sorted: role, value str; record_count, name_count i64; limit i64.
    """
    found: list[pl.DataFrame] = []
    for role in (name for name in IDENTIFIERS if name in records.columns):
        counts = _names_per_value(records, role)
        limit = cardinality_knee(counts["name_count"])
        beyond = counts.filter(pl.col("name_count") > limit).with_columns(limit=pl.lit(limit, pl.Int64))
        found.append(beyond)
        columns = [role, *(name for name in ("email_local", "email_domain") if role == "email")]
        is_shared = pl.col(role).is_in(beyond["value"].implode())
        records = records.with_columns(pl.when(~is_shared).then(pl.col(columns)).name.keep())
    schema = {
        "role": pl.String,
        "value": pl.String,
        "record_count": pl.Int64,
        "name_count": pl.Int64,
        "limit": pl.Int64,
    }
    return Shared(records, pl.concat([pl.DataFrame(schema=schema), *found]).sort("role", "value"))


def cardinality_knee(counts: pl.Series) -> int:
    """The largest number of names that an identifier may carry.

    Takes     counts: names per value, at least 1 each.
    Returns   the last count before the sorted counts first jump by KNEE beyond ALWAYS_ALLOWED; never below
              ALWAYS_ALLOWED, never above NEVER_ALLOWED.
    """
    steps = np.unique(np.append(counts.to_numpy(), ALWAYS_ALLOWED))
    steps = steps[steps >= ALWAYS_ALLOWED]
    jumps = np.flatnonzero(steps[1:] > KNEE * steps[:-1])
    last = int(steps[jumps[0]]) if jumps.size else int(steps[-1])
    return min(last, NEVER_ALLOWED)


def _names_per_value(records: pl.DataFrame, role: str) -> pl.DataFrame:
    names = [name for name in NAMING if name in records.columns]
    return (
        records.filter(pl.col(role).is_not_null())
        .group_by(value=pl.col(role))
        .agg(
            record_count=pl.len().cast(pl.Int64),
            name_count=(pl.struct(names).n_unique() if names else pl.len()).cast(pl.Int64),
        )
        .select(pl.lit(role).alias("role"), "value", "record_count", "name_count")
    )
