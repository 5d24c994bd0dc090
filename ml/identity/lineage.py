"""Which person did a person descend from? An experiment's arm follows that root through every split and merge."""

import polars as pl

from ml.errors import ContractError


def lineage_roots(persons: pl.Series, lineage: pl.DataFrame) -> pl.DataFrame:
    """The oldest person that each person descends from.

    Takes     persons: person_id str, unique; lineage, one row per event: from_person_id str, to_person_id str,
              cause 'split' or 'merged'. A merge keeps the older id, so only splits lead back to another person.
    Returns   one row per person, sorted by person_id: lineage_root str, the person itself if never split off.
    Raises    ContractError   if the events go round in a circle.
    """
    splits = lineage.filter(pl.col("cause") == "split").sort("from_person_id", "to_person_id")
    parent = dict(splits.select("to_person_id", "from_person_id").iter_rows())
    ids = persons.sort().to_list()
    return pl.DataFrame(
        {"person_id": ids, "lineage_root": [_root(one, parent) for one in ids]},
        schema={"person_id": pl.String, "lineage_root": pl.String},
    )


def _root(person_id: str, parent: dict[str, str]) -> str:
    seen = {person_id}
    while person_id in parent:
        person_id = parent[person_id]
        if person_id in seen:
            raise ContractError(
                f"person_lineage: {person_id} descends from itself. Restore the person_ids of the ledger."
            )
        seen.add(person_id)
    return person_id
