"""Small worlds of records and links, and the registry after several nights in them."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import polars as pl

from ml.identity.clusters import resolve_persons
from ml.identity.registry import DELTA

NIGHT = date(2017, 12, 12)
SEEN = date(2017, 1, 2)
EDGES = {"record_id_a": pl.String, "record_id_b": pl.String, "verdict": pl.String, "probability": pl.Float64}


def edges(*pairs: Sequence[str], probability: float = 1.0) -> pl.DataFrame:
    """Accepted links: "ab" links record a with record b."""
    return pl.DataFrame([(*pair, "accepted", probability) for pair in pairs], EDGES, orient="row")


def records(*ids: str, seen: date = SEEN) -> pl.DataFrame:
    """Records that were all first seen on one day."""
    return pl.DataFrame({"record_id": list(ids), "first_seen_date": [seen] * len(ids)})


def run(*nights: tuple[Iterable[str], Sequence[str]], max_records: int = 50) -> pl.DataFrame:
    """The registry after weekly nights, each given as its records and its links."""
    registry = pl.DataFrame(schema=DELTA)
    for week, (ids, links) in enumerate(nights):
        night = NIGHT + timedelta(weeks=week)
        found = resolve_persons(records(*ids), edges(*links), registry, as_of_date=night, max_records=max_records)
        registry = pl.concat([registry, found.delta])
    return registry
