"""How well found persons agree with the true ones, and refused rows with the planted ones. No files."""

from dataclasses import dataclass

import polars as pl

ABOUT = {"same_phone": "phone", "same_email": "email"}
NAMES = "typo|nickname|swapped_name"  # what a link without an equal identifier could trip over
RELATIVES, STRANGERS = "same household, no planted fault", "strangers, no planted fault"


@dataclass(frozen=True, slots=True)
class Agreement:
    """Precision and recall of found groups; None where there is nothing to judge."""

    pairwise_precision: float | None
    pairwise_recall: float | None
    b_cubed_precision: float | None
    b_cubed_recall: float | None


def agreement(records: pl.DataFrame) -> Agreement:
    """Compare two groupings of the same records.

    Takes     records, one row per record: found, true, neither null, of any type.
    Returns   Agreement. Pairwise: of the pairs together in one grouping, the share together in the other.
              B-cubed: the mean over records of the share of their found (true) group that is with them in the other.
    Source    Bagga and Baldwin (1998), Entity-based cross-document coreferencing (B-cubed).
    """
    counts = records.group_by("found", "true").agg(both=pl.len().cast(pl.Int64))
    counts = counts.with_columns(in_found=pl.col("both").sum().over("found"), in_true=pl.col("both").sum().over("true"))
    pairs = _pairs(counts["both"])
    found, true = (_pairs(counts.group_by(one).agg(pl.col("both").sum())["both"]) for one in ("found", "true"))
    of_found, of_true = _shares(counts)
    return Agreement(
        _rate(pairs, found), _rate(pairs, true), _rate(of_found, records.height), _rate(of_true, records.height)
    )


def _rate(part: float, whole: int) -> float | None:
    return part / whole if whole else None


def _pairs(sizes: pl.Series) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def _shares(counts: pl.DataFrame) -> tuple[float, float]:
    ordered = counts.sort("both", "in_found", "in_true")  # sums of floats depend on the order
    squares = ordered["both"] ** 2
    return float((squares / ordered["in_found"]).sum()), float((squares / ordered["in_true"]).sum())


def wrong_links(links: pl.DataFrame) -> pl.DataFrame:
    """Accepted links between two people, by rule and cause.

    Takes     links, one row per accepted link: rule str; person_a, person_b i64; household_a, household_b i64;
              faults list[str], kinds planted in either record.
    Returns   one row per rule and cause with link_count, largest first. The cause is the planted kind that the rule
              could trip over, else that the two share a household, else neither.
    """
    about = pl.col("rule").replace_strict(ABOUT, default=NAMES, return_dtype=pl.String)
    planted = pl.col("faults").list.eval(pl.element().sort()).list.eval(pl.element().unique(maintain_order=True))
    wrong = links.filter(pl.col("person_a") != pl.col("person_b")).with_columns(about=about, faults=planted)
    fitting = wrong.with_row_index("link").explode("faults", empty_as_null=True, keep_nulls=True)
    fits = pl.col("faults").str.contains(pl.col("about")).fill_null(False)
    relative = pl.when(pl.col("household_a") == pl.col("household_b")).then(pl.lit(RELATIVES))
    cause = pl.when(fits).then(pl.col("faults")).otherwise(relative.otherwise(pl.lit(STRANGERS)))
    told = fitting.with_columns(cause=cause, rank=fits).sort("link", "rank", "cause", descending=[False, True, False])
    causes = told.unique("link", keep="first", maintain_order=True)
    return (
        causes.group_by("rule", "cause")
        .agg(link_count=pl.len())
        .sort("link_count", "rule", "cause", descending=[True, False, False])
    )


def quarantine_score(planted: pl.DataFrame, set_aside: pl.DataFrame) -> pl.DataFrame:
    """Which planted bad rows were set aside, and which others were too.

    Takes     planted, one row per bad row: table, row_key str; set_aside, one row per refused row: table, row_key.
    Returns   one row per table: planted_count, caught_count, missed_count (keys), falsely_refused_count.
    """
    bad, refused = planted.select("table", "row_key").unique(), set_aside.select("table", "row_key").unique()
    keys = ["table", "row_key"]
    parts = {
        "planted_count": bad,
        "caught_count": bad.join(refused, on=keys, how="semi"),
        "missed_count": bad.join(refused, on=keys, how="anti"),
        "falsely_refused_count": refused.join(bad, on=keys, how="anti"),
    }
    tables = pl.concat([bad.select("table"), refused.select("table")]).unique().sort("table")
    for name, part in parts.items():
        tables = tables.join(part.group_by("table").agg(pl.len().alias(name)), on="table", how="left")
    return tables.with_columns(pl.col(name).fill_null(0).cast(pl.Int64) for name in parts)
