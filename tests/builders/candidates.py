"""Small tables of candidates and limits for `decide`, and the best of all choices by trying each."""

import itertools
import math

import numpy as np
import polars as pl

from ml.decisioning.candidate_table import build_table
from ml.decisioning.limit_rules import parse_limits
from ml.decisioning.optimum import optimise

COLUMNS = {
    "person_id": pl.String,
    "treatment_id": pl.String,
    "value_amount": pl.Float64,
    "channel": pl.String,
    "cost": pl.Float64,
}
ONE_EACH = {"name": "one_each", "at_most": 1}


def frame_of(*rows):
    """(person_id, treatment_id, value_amount, channel, cost) per candidate."""
    return pl.DataFrame(list(rows), schema=COLUMNS, orient="row")


def solved(frame, limits):
    """The table and the optimum of a frame under limits as a YAML file would hold them."""
    table = build_table([frame], parse_limits(limits))
    return table, optimise(table.joint)


def pairs(table, found):
    """Chosen (person, treatment) pairs."""
    who = np.searchsorted(table.joint.starts, found.chosen, side="right") - 1
    return [
        (table.people[int(w)], table.treatments[int(table.treatment[c])])
        for w, c in zip(who, found.chosen, strict=True)
    ]


def random_frame(random, people, treatments, *, decimals=1):
    """Every treatment for everybody, with many ties and some negative values."""
    rows = [
        (f"p{i}", f"t{j}", float(v), "abc"[j % 3], float(c))
        for i in range(people)
        for j, (v, c) in enumerate(
            zip(
                np.round(random.normal(1, 2, treatments), decimals),
                np.round(random.uniform(0.1, 2, treatments), decimals),
                strict=True,
            )
        )
    ]
    return frame_of(*rows)


def met(row, where):
    """Whether a row matches a `where`."""
    return all(row[column] == value for column, value in (where or {}).items())


def keeps(rows, limits):
    """Whether chosen rows keep every cap and limit; true sums of the numbers as stored."""
    people = {row["person_id"] for row in rows}
    for cap in limits.get("per_person", []):
        counts = [sum(met(r, cap.get("where")) for r in rows if r["person_id"] == person) for person in people]
        if max(counts, default=0) > cap["at_most"]:
            return False
    for limit in limits.get("global", []):
        own = [row for row in rows if met(row, limit.get("where"))]
        use = math.fsum(row[limit["sum"]] for row in own) if "sum" in limit else len(own)
        if not limit.get("at_least", -math.inf) <= use <= limit.get("at_most", math.inf):
            return False
    return True


def best_of_all(frame, limits):
    """The value of the best choice, or None if no choice keeps the limits."""
    rows = frame.to_dicts()
    values = [
        math.fsum(row["value_amount"] for row in chosen)
        for size in range(len(rows) + 1)
        for chosen in itertools.combinations(rows, size)
        if keeps(chosen, limits)
    ]
    return max(values, default=None)
