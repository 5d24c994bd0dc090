"""How well predicted persons agree with true ones: exact pairs, B-cubed, the largest wrong cluster, and causes."""

from dataclasses import dataclass

import polars as pl

LABELS = ["record_id", "person", "person_id"]


@dataclass(frozen=True, slots=True)
class Score:
    """pairs: exact counts of pairs of records; causes: wrong pairs by what joins the two people, where known."""

    precision: float
    recall: float
    f1: float
    bcubed_precision: float
    bcubed_recall: float
    true_pairs: int
    found_pairs: int
    right_pairs: int
    largest_wrong_cluster: int  # records of the largest cluster with more than one true person, 0 if there is none
    people_in_it: int
    causes: dict[str, int]


def _pairs(count: pl.Expr) -> pl.Expr:
    number = count.cast(pl.Int64)
    return (number * (number - 1) // 2).sum()


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def _causes(frame: pl.DataFrame) -> dict[str, int]:
    """Wrong pairs inside clusters: both in the black hole, twins, another pair of one household, or neither."""

    def wrong(rows: pl.DataFrame, also: list[str]) -> int:
        within = rows.group_by(["person_id", *also]).len().select(_pairs(pl.col("len"))).item()
        right = rows.group_by(["person_id", "person", *also]).len().select(_pairs(pl.col("len"))).item()
        return int(within - right)

    hole = frame.filter("is_in_black_hole")
    rest = wrong(frame, [])
    of_hole = wrong(hole, [])
    family = wrong(frame, ["household"]) - wrong(hole, ["household"])
    twins = wrong(frame.filter("is_twin"), ["household"]) - wrong(hole.filter("is_twin"), ["household"])
    return {"black_hole": of_hole, "twins": twins, "family": family - twins, "strangers": rest - of_hole - family}


def score(truth: pl.DataFrame, persons: pl.DataFrame) -> Score:
    """Predicted against true persons.

    Takes     truth: record_id, person, and perhaps household, is_twin, is_in_black_hole; persons: record_id, person_id.
    Returns   Score; every count is an exact integer, from the table of (person, person_id) sizes.
    Raises    ValueError   when a record is missing, is there twice, or is unknown.
    """
    frame = truth.join(persons.select("record_id", "person_id"), on="record_id", how="left")
    if len(persons) != len(truth) or len(frame) != len(truth) or frame["person_id"].null_count():
        raise ValueError(
            f"score: expected one person_id for each of {len(truth)} records, got {len(persons)} rows, "
            f"{frame['person_id'].null_count()} records without one."
        )
    cells = frame.group_by("person", "person_id").len().with_columns(pl.col("len").cast(pl.Int64))
    cells = cells.with_columns(
        pl.col("len").sum().over("person").alias("of_person"), pl.col("len").sum().over("person_id").alias("of_cluster")
    )
    right = cells.select(_pairs(pl.col("len"))).item()
    true = frame.group_by("person").len().select(_pairs(pl.col("len"))).item()
    found = frame.group_by("person_id").len().select(_pairs(pl.col("len"))).item()
    square = pl.col("len") ** 2
    bcubed = cells.select((square / pl.col("of_cluster")).sum(), (square / pl.col("of_person")).sum().alias("r")).row(0)
    wrong = cells.group_by("person_id").agg(pl.len().alias("people"), pl.col("len").sum().alias("records"))
    wrong = wrong.filter(pl.col("people") > 1).sort("records", "person_id", descending=True).head(1)
    return Score(
        precision=_ratio(right, found),
        recall=_ratio(right, true),
        f1=_ratio(2 * right, found + true),
        bcubed_precision=bcubed[0] / len(frame),
        bcubed_recall=bcubed[1] / len(frame),
        true_pairs=true,
        found_pairs=found,
        right_pairs=right,
        largest_wrong_cluster=wrong["records"].sum(),
        people_in_it=wrong["people"].sum(),
        causes=_causes(frame) if "household" in frame.columns else {},
    )
