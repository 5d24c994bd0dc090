"""From whom was a person split off when its id was issued? An experiment's arm follows that root for ever."""

import polars as pl


def birth_roots(persons: pl.Series, registry: pl.DataFrame) -> pl.DataFrame:
    """The person that each person descends from, by the split in which its id was issued.

    Takes     persons: person_id str, unique;
              registry: all deltas of the ledger up to and with tonight's (see `registry.DELTA`), any order.
    Returns   one row per person, sorted by person_id: person_id str; lineage_root str, the person itself unless its
              id was issued by a split.
    Ignores   later events: a record that changes over to a person who already was somebody, or an id given back
              when a merge is undone, changes nobody's descent. A person not in the registry is its own root.
    """
    first_night = pl.col("as_of_date").min().over("person_id")
    births = registry.filter(
        (pl.col("as_of_date") == first_night)
        & (pl.col("record_id") == pl.col("founding_record_id"))
        & (pl.col("cause") == "split")
    )
    parents: dict[str, str] = dict(births.sort("person_id").select("person_id", "from_person_id").iter_rows())
    roots: dict[str, str] = {}
    for person in parents:  # ascending, and a parent's number is always smaller: its root is known already
        roots[person] = roots.get(parents[person], parents[person])
    people = persons.cast(pl.String).sort().rename("person_id").to_frame()
    found = pl.DataFrame(
        {"person_id": list(roots), "lineage_root": list(roots.values())},
        schema={"person_id": pl.String, "lineage_root": pl.String},
    )
    return (
        people.join(found, on="person_id", how="left")
        .with_columns(pl.coalesce("lineage_root", "person_id").alias("lineage_root"))
        .sort("person_id")
    )
