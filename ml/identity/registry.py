"""Which person a record is: ids are issued once, kept through merges and splits, and never given to anyone else."""

from datetime import date

import polars as pl

from ml.errors import ContractError

ID_PATTERN = r"^P\d{9}$"
LARGEST_NUMBER = 999_999_999
DELTA = {
    "as_of_date": pl.Date,
    "record_id": pl.String,
    "person_id": pl.String,
    "cause": pl.String,  # issued | joined | merged | split
    "from_person_id": pl.String,
    "founding_record_id": pl.String,
    "confidence": pl.Float64,
}


def issue_person_ids(
    components: pl.DataFrame, registry: pl.DataFrame, first_seen: pl.DataFrame, as_of_date: date
) -> pl.DataFrame:
    """The night's changes to the registry: which records belong to another person than before.

    Takes     components, one row per record: record_id str; cluster_id i64; confidence f64 in (0, 1];
              registry: the deltas of all earlier nights, any order (see `DELTA`); no row of this night or later;
              first_seen, one row per record: record_id str, first_seen_date date;
              as_of_date: the night.
    Returns   one row per record whose person or confidence changed, sorted by record_id, columns as `DELTA`.
              issued  a cluster none of whose records was anybody gets the next number; clusters are numbered in
                      order of their founding record: earliest first_seen_date, then smallest record_id.
              joined  a new record of a known person; or, without change of person, another confidence.
              merged  the record's former person went into an older one; the smaller number stays.
              split   the record left its former person, which stays where that person's founding record is. The
                      side that leaves gets back an id founded by one of its own records (so undoing a merge
                      restores both persons), else a new one.
              Hence a cluster's person depends on the partition and on who founded which id, not on the way there.
    Ignores   records of the registry that are no longer among the components. If a founding record is gone, the
              earliest present record of that person stands in for it.
    Raises    ContractError   a key repeats, a date or confidence is null, the registry reaches into this night,
              an id is malformed, or numbers run out.
    """
    _require_sound(components, registry, first_seen, as_of_date)
    records = _known_records(components, registry, first_seen)
    claims = _claims(records, registry)
    clusters = _name_clusters(records, claims, _largest_number(registry))
    return _delta(records, clusters, claims, as_of_date)


def current_persons(registry: pl.DataFrame) -> pl.DataFrame:
    """Who every record was when the registry's last night ended.

    Returns   one row per record ever registered, sorted by record_id:
              record_id, person_id, founding_record_id str; confidence f64.
    """
    return (
        registry.sort("record_id", "as_of_date")
        .unique("record_id", keep="last", maintain_order=True)
        .select("record_id", "person_id", "founding_record_id", "confidence")
    )


def _known_records(components: pl.DataFrame, registry: pl.DataFrame, first_seen: pl.DataFrame) -> pl.DataFrame:
    """Every record with its cluster, its former person and its age (0 = the earliest record of all)."""
    former = current_persons(registry).select("record_id", former_person_id="person_id", former_confidence="confidence")
    records = components.select("record_id", "cluster_id", "confidence").join(
        first_seen.select("record_id", "first_seen_date"), on="record_id", how="left"
    )
    undated = records.filter(pl.col("first_seen_date").is_null())
    if undated.height:
        raise ContractError(
            f"first_seen.first_seen_date: expected a day for every record, got none for {undated.height} of "
            f"{records.height} (first: {undated['record_id'].sort()[0]}). Take records and days from the same table."
        )
    return (
        records.join(former, on="record_id", how="left")
        .sort("first_seen_date", "record_id")
        .with_row_index("age")
        .drop("first_seen_date")
    )


def _claims(records: pl.DataFrame, registry: pl.DataFrame) -> pl.DataFrame:
    """Where every id of the registry is at home now: person_id, founding_record_id, cluster_id.

    That is the cluster of its founding record, or of its stand-in. An id whose records are all gone has no row.
    """
    founders = registry.select("person_id", "founding_record_id").unique("person_id", keep="any")
    homes = records.select(founding_record_id="record_id", founder_cluster_id="cluster_id")
    stand_ins = (
        records.filter(pl.col("former_person_id").is_not_null())
        .sort("age")
        .unique("former_person_id", keep="first", maintain_order=True)
        .select(person_id="former_person_id", stand_in_cluster_id="cluster_id")
    )
    return (
        founders.join(homes, on="founding_record_id", how="left")
        .join(stand_ins, on="person_id", how="left")
        .select(
            "person_id",
            "founding_record_id",
            cluster_id=pl.coalesce("founder_cluster_id", "stand_in_cluster_id"),
        )
        .drop_nulls("cluster_id")
    )


def _name_clusters(records: pl.DataFrame, claims: pl.DataFrame, largest_number: int) -> pl.DataFrame:
    """Per cluster its person_id, that id's founding record, and whether the id is issued tonight."""
    kept = claims.sort("person_id").unique("cluster_id", keep="first", maintain_order=True)
    fresh = (
        records.join(kept, on="cluster_id", how="anti")
        .sort("age")
        .unique("cluster_id", keep="first", maintain_order=True)
        .select("cluster_id", founding_record_id="record_id")
        .with_row_index("place", offset=1)
    )
    if largest_number + fresh.height > LARGEST_NUMBER:
        raise ContractError(
            f"person_ids: expected numbers up to {LARGEST_NUMBER}, got {largest_number} issued and {fresh.height} "
            "more to issue. Widen the form of the ids before the next night."
        )
    number = (pl.col("place").cast(pl.Int64) + largest_number).cast(pl.String).str.zfill(9)
    issued = fresh.select("cluster_id", "founding_record_id", person_id=pl.concat_str(pl.lit("P"), number))
    columns = ["cluster_id", "person_id", "founding_record_id"]
    return pl.concat([kept.select(columns), issued.select(columns)])


def _delta(records: pl.DataFrame, clusters: pl.DataFrame, claims: pl.DataFrame, as_of_date: date) -> pl.DataFrame:
    former, person = pl.col("former_person_id"), pl.col("person_id")
    is_same_person = former.eq_missing(person)
    is_unchanged = is_same_person & pl.col("former_confidence").eq_missing(pl.col("confidence"))
    former_home = claims.select(former_person_id="person_id", former_home_id="cluster_id")
    was_somebody = former.is_not_null().any().over("cluster_id")
    cause = (
        pl.when(is_same_person)
        .then(pl.lit("joined"))
        .when(former.is_not_null())
        .then(
            pl.when(pl.col("former_home_id") == pl.col("cluster_id")).then(pl.lit("merged")).otherwise(pl.lit("split"))
        )
        .when(pl.col("is_known") | was_somebody)
        .then(pl.lit("joined"))
        .otherwise(pl.lit("issued"))
    )
    known = claims.select("person_id", is_known=pl.lit(True))
    return (
        records.join(clusters, on="cluster_id")
        .join(former_home, on="former_person_id", how="left")
        .join(known, on="person_id", how="left")
        .with_columns(
            cause=cause,
            from_person_id=pl.when(is_same_person).then(None).otherwise(former),
            as_of_date=pl.lit(as_of_date),
        )
        .filter(~is_unchanged)
        .sort("record_id")
        .select(*DELTA)
    )


def _largest_number(registry: pl.DataFrame) -> int:
    """Over all history and both columns: the number of a person that was merged away stays taken."""
    issued = pl.concat([registry["person_id"], registry["from_person_id"].alias("person_id")]).drop_nulls()
    return int(issued.str.slice(1).cast(pl.Int64).max() or 0)  # type: ignore[arg-type]


def _require_sound(
    components: pl.DataFrame, registry: pl.DataFrame, first_seen: pl.DataFrame, as_of_date: date
) -> None:
    _require_once(components, ["record_id"], "components")
    _require_once(first_seen, ["record_id"], "first_seen")
    _require_once(registry, ["record_id", "as_of_date"], "registry")
    _require_none(
        components.filter(~pl.col("confidence").is_between(0, 1, closed="right").fill_null(False)),
        "components.confidence: expected a number in (0, 1]",
    )
    _require_none(
        registry.filter(~(pl.col("as_of_date") < as_of_date).fill_null(False)),
        f"registry: expected nights before {as_of_date} only",
    )
    founders = registry.unique(["person_id", "founding_record_id"], keep="first", maintain_order=True)
    _require_none(
        founders.filter(pl.col("person_id").is_duplicated() | pl.col("founding_record_id").is_null()),
        "registry.founding_record_id: expected one and the same per person",
    )
    _require_none(
        registry.filter(~pl.col("person_id").str.contains(ID_PATTERN).fill_null(False)),
        "registry.person_id: expected P and nine digits",
    )


def _require_once(frame: pl.DataFrame, key: list[str], name: str) -> None:
    null = pl.any_horizontal(pl.col(key).is_null())
    _require_none(frame.filter(pl.struct(key).is_duplicated() | null), f"{name}: expected every {key} once")


def _require_none(wrong: pl.DataFrame, expectation: str) -> None:
    if wrong.height:
        first = wrong.sort("record_id").row(0)
        raise ContractError(
            f"{expectation}, got {wrong.height} other rows (first: {first}). "
            "The registry is the ledger's: restore it, do not repair it by hand."
        )
