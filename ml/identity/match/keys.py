"""What must two records share to be compared at all? Values and parts of values as whole numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.identity.match.fields import Field
from ml.identity.normal.phonetic import phonetic_keys

Codes = NDArray[np.int32]
ABSENT = -1
# How often a key survives the mistakes of two records of one person: stated, not fitted. They only rank rules.
SURVIVAL = {"value": 0.45, "part": 0.6}


@dataclass(frozen=True, slots=True)
class Keys:
    """codes: int32, records x keys, ABSENT where unknown; fields: the field of each key; survival: see SURVIVAL.

    The first key of a field is its whole value. swapped: for names, the places of two further columns of `codes` that
    hold the beginnings of given and family name in one numbering, else None.
    """

    names: tuple[str, ...]
    fields: tuple[int, ...]
    survival: tuple[float, ...]
    codes: Codes
    swapped: tuple[int, int] | None


def build_keys(records: pl.DataFrame, fields: Sequence[Field]) -> Keys:
    """The keys of all fields.

    Takes     records: normalised; fields: `choose_fields` of them.
    Returns   Keys, one row of codes per record, in their order.
    """
    parts = [(place, *part) for place, field in enumerate(fields) for part in _parts(records[field.name], field)]
    columns = [_numbered(values) for _, _, _, values in parts]
    names = {field.name for field in fields}
    swapped = None
    if {"given_name", "family_name"} <= names:
        starts = [records[name].str.slice(0, 3).alias("key") for name in ("given_name", "family_name")]
        both = _numbered(pl.concat(starts))
        columns += [both[: records.height], both[records.height :]]
        swapped = (len(parts), len(parts) + 1)
    return Keys(
        tuple(name for _, name, _, _ in parts),
        tuple(place for place, _, _, _ in parts),
        tuple(SURVIVAL[survival] for _, _, survival, _ in parts),
        np.ascontiguousarray(np.stack(columns, axis=1)),
        swapped,
    )


def _parts(values: pl.Series, field: Field) -> Iterator[tuple[str, str, pl.Series]]:
    yield field.name, "value", values
    if field.kind in ("given", "family"):
        yield f"start of {field.name}", "part", values.str.slice(0, 3)
        yield f"end of {field.name}", "part", values.str.tail(3)
        yield f"sound of {field.name}", "part", phonetic_keys(values)
    elif field.kind == "date":
        yield "year and month", "part", values.str.slice(0, 6)
        yield "month and day", "part", values.str.slice(4, 4)
        yield "year and day", "part", values.str.slice(0, 4) + values.str.slice(6, 2)
    elif field.kind in ("text", "email"):
        yield f"start of {field.name}", "part", values.str.slice(0, 4)
    elif field.name == "phone":
        yield "end of phone", "part", values.str.tail(6)


def _numbered(values: pl.Series) -> Codes:
    """Equal values get equal numbers from 0, in order of value."""
    return (values.rank("dense").cast(pl.Int32) - 1).fill_null(ABSENT).to_numpy().astype(np.int32)
