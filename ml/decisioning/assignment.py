"""Who is held out of everything: decided once per person by a salted hash, and kept."""

import hashlib
from datetime import date

import polars as pl

from ml.decisioning.policy_rows import Experiment

ASSIGNMENT_COLUMNS = {
    "as_of_date": pl.Date,
    "experiment_id": pl.String,
    "person_id": pl.String,
    "arm": pl.String,
    "holdout_share": pl.Float64,
}
BUCKETS = 2**32  # eight hexadecimal digits


def bucket(salt: str, key: str) -> float:
    """A number in [0, 1) that depends on the salt and the key alone: md5(salt:key), first 8 hex digits / 2^32."""
    return int(hashlib.md5(f"{salt}:{key}".encode(), usedforsecurity=False).hexdigest()[:8], 16) / BUCKETS


def assign(
    people: pl.DataFrame, earlier: pl.DataFrame | None, *, experiment: Experiment, as_of_date: date
) -> pl.DataFrame:
    """The people who get an arm tonight: those who have none yet.

    Takes     people, one row per person_id: lineage_root, the oldest person_id it descends from (the person
              itself if never merged or split);
              earlier: all ledger rows of earlier nights, or None.
    Returns   new ledger rows `assignments`, sorted by person_id. A person that split off takes the arm its
              lineage root was given; else the bucket of the root decides. Nobody before the start date.
    """
    if as_of_date < experiment.start_date:
        return pl.DataFrame(schema=ASSIGNMENT_COLUMNS)
    given = _given(earlier, experiment)
    share = float(experiment.holdout_share)
    rows = [
        (person_id, given.get(root) or _drawn(root, experiment.salt, share))
        for person_id, root in people.select("person_id", "lineage_root").sort("person_id").iter_rows()
        if person_id not in given
    ]
    return pl.DataFrame(
        {
            "as_of_date": [as_of_date] * len(rows),
            "experiment_id": [experiment.experiment_id] * len(rows),
            "person_id": [person_id for person_id, _ in rows],
            "arm": [arm for _, arm in rows],
            "holdout_share": [share] * len(rows),
        },
        schema=ASSIGNMENT_COLUMNS,
    )


def current_arms(
    people: pl.DataFrame,
    earlier: pl.DataFrame | None,
    new: pl.DataFrame,
    *,
    experiment: Experiment,
    as_of_date: date,
) -> pl.DataFrame:
    """Tonight's arm of everybody, one row per person_id, sorted: `holdout_arm` holdout or treated.

    Before the experiment starts everybody is `treated`. Afterwards a person without a row has none (null),
    and is contacted by nobody.
    """
    given = _given(new, experiment) | _given(earlier, experiment)
    otherwise = "treated" if as_of_date < experiment.start_date else None
    ids = people["person_id"].sort()
    return pl.DataFrame(
        {"person_id": ids, "holdout_arm": [given.get(person_id, otherwise) for person_id in ids]},
        schema={"person_id": pl.String, "holdout_arm": pl.String},
    )


def _given(rows: pl.DataFrame | None, experiment: Experiment) -> dict[str, str]:
    """The first arm each person was given; a later row never changes it."""
    if rows is None:
        return {}
    own = rows.filter(experiment_id=experiment.experiment_id).sort("as_of_date", "person_id", descending=True)
    return dict(own.select("person_id", "arm").iter_rows())


def _drawn(root: str, salt: str, share: float) -> str:
    return "holdout" if bucket(salt, root) < share else "treated"
