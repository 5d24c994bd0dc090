"""Who was in a channel's last release and is not in tonight's, and why?

Leaving somebody out removes nobody from a list that a channel already has: the removal has to be sent.
"""

import polars as pl

HELD_OUT = "held_out"
NO_LONGER_ALLOWED = "no_longer_allowed"
NOT_CHOSEN = "not_chosen_tonight"
UNRESOLVED = "unresolved"


def removals_of_channel(
    last_release: pl.DataFrame, tonight: pl.DataFrame, *, decisions: pl.DataFrame, candidates: pl.DataFrame
) -> pl.DataFrame:
    """The removals of one channel.

    Takes     last_release: this channel's rows of the ledger stream `exports`, of the last sealed night;
              tonight: person_id of this channel's audience;
              decisions: tonight's ledger rows, one per person;
              candidates: tonight's ledger rows of this channel, one per (person_id, treatment_id).
    Returns   decision_id (of the last release), person_id, reason; one row per decision_id, sorted by it.
              reason: unresolved (no decision was made for the person tonight: merged away or erased), held_out,
              no_longer_allowed: <codes> (every candidate of the channel was blocked; by these), else
              not_chosen_tonight.
    """
    held_out = pl.col("holdout_arm") == "holdout"
    blocked = pl.format("{}: {}", pl.lit(NO_LONGER_ALLOWED), pl.col("codes"))
    return (
        last_release.select("decision_id", "person_id")
        .join(tonight.select("person_id"), on="person_id", how="anti")
        .join(decisions.select("person_id", "holdout_arm"), on="person_id", how="left")
        .join(_blocking_codes(candidates), on="person_id", how="left")
        .with_columns(
            reason=pl.when(pl.col("holdout_arm").is_null())
            .then(pl.lit(UNRESOLVED))
            .when(held_out)
            .then(pl.lit(HELD_OUT))
            .when(pl.col("codes").is_not_null())
            .then(blocked)
            .otherwise(pl.lit(NOT_CHOSEN))
        )
        .select("decision_id", "person_id", "reason")
        .sort("decision_id")
    )


def _blocking_codes(candidates: pl.DataFrame) -> pl.DataFrame:
    """Per person with no eligible candidate: every reason code found on them, sorted, as one text."""
    codes = pl.col("reason_codes").list.explode(keep_nulls=False, empty_as_null=False)
    return (
        candidates.group_by("person_id")
        .agg(is_blocked=~pl.col("is_eligible").fill_null(False).any(), codes=codes.unique().sort())
        .filter("is_blocked")
        .select("person_id", codes=pl.col("codes").list.join(", "))
        .sort("person_id")
    )
