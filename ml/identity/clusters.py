"""From links to persons: clusters with their guard, then ids."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from ml.errors import ContractError
from ml.identity.components import connected_components
from ml.identity.registry import current_persons, issue_person_ids


@dataclass(frozen=True, slots=True)
class Resolution:
    """What one night changes in the registry, and which clusters were too large to believe."""

    delta: pl.DataFrame
    refused: pl.DataFrame


def resolve_persons(
    records: pl.DataFrame, edges: pl.DataFrame, registry: pl.DataFrame, *, as_of_date: date, max_records: int
) -> Resolution:
    """Who is who tonight.

    Takes     records, one row per record: record_id str, first_seen_date date;
              edges: see `connected_components`; registry: the deltas of all earlier nights;
              max_records: the largest cluster that may be one person.
    Returns   Resolution: delta, ledger rows of this night (see `issue_person_ids`);
              refused, one row per record whose cluster was not merged: record_id str, reason str; sorted by record_id.
    Raises    ContractError if an input breaks its contract.
    """
    clusters = resolve_clusters(records["record_id"], edges, registry, max_records=max_records)
    delta = issue_person_ids(clusters, registry, records, as_of_date)
    return Resolution(delta, clusters.filter(pl.col("reason").is_not_null()).select("record_id", "reason"))


def resolve_clusters(
    record_ids: pl.Series, edges: pl.DataFrame, registry: pl.DataFrame, *, max_records: int
) -> pl.DataFrame:
    """The clusters of the night, none of them newly grown beyond what one person can be.

    Takes     record_ids, edges: see `connected_components`; registry: the deltas of all earlier nights;
              max_records: the largest cluster that may be one person, at least 1.
    Returns   one row per record, sorted by record_id: record_id str; cluster_id i64, numbered in order of each
              cluster's smallest record_id; confidence f64; reason str, null where the links were followed.
              In a larger cluster the links of tonight are not followed: records that were one person stay one
              person with their confidence, new records stay alone, and all carry the reason.
    Raises    ContractError if an input breaks its contract.
    """
    if max_records < 1:
        raise ContractError(f"max_records: expected at least 1, got {max_records}. Correct the limit.")
    former = current_persons(registry).select("record_id", former_person_id="person_id", former_confidence="confidence")
    found = (
        connected_components(record_ids, edges)
        .join(former, on="record_id", how="left")
        .sort("record_id")
        .with_row_index("row")
        .with_columns(record_count=pl.len().over("cluster_id"))
    )
    refused = pl.col("record_count") > max_records
    former_self = pl.coalesce(pl.concat_str(pl.lit("person "), "former_person_id"), "record_id")
    kept_apart = pl.when(refused).then(former_self)
    return found.select(
        "record_id",
        cluster_id=pl.col("row").min().over("cluster_id", kept_apart),
        confidence=pl.when(refused).then(pl.col("former_confidence").fill_null(1.0)).otherwise("confidence"),
        reason=pl.when(refused).then(
            pl.format("cluster_too_large: {} records, limit {}", "record_count", pl.lit(max_records))
        ),
    ).with_columns(pl.col("cluster_id").rank("dense").cast(pl.Int64) - 1)
