"""Declared lots that are none: if habits predict who was left out, a campaign is no experiment."""

import polars as pl

from ml.decisioning.traits import TRAITS
from ml.effect.balance import check_balance
from ml.effect.trees import Setup, capacity_for
from ml.effect.trial import Roles, build_trial
from ml.errors import InsufficientDataError

ROLES = Roles("lot_id", "arm", "left_out", "_number", TRAITS, probability="own_chance")


def fair_lots(rows: pl.DataFrame, *, seed: int, threads: int) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Rows whose arms cannot be told from what was known before, and the names of the campaigns that are left out.

    Takes     rows: LOTS with TRAITS. The nights' own lots are drawn by this code and are not doubted.
    Returns   the rows of the others. All campaigns of a channel are asked together by the engine of `nightmarket
              uplift` (trees, out of fold); where it knows more than the lot, each campaign is asked alone, and if it
              is none of them alone, none is used.
    """
    kept, unfair = [rows.filter(pl.col("campaign_id").is_null())], []
    declared = rows.filter(pl.col("campaign_id").is_not_null())
    for _, part in sorted(declared.partition_by("channel_code", as_dict=True).items()):
        names = part["campaign_id"].unique().sort().to_list()
        if not is_predicted(part, seed=seed, threads=threads):
            bad: list[str] = []
        else:
            alone = [name for name in names if is_predicted(part.filter(campaign_id=name), seed=seed, threads=threads)]
            bad = alone or names
        kept.append(part.filter(~pl.col("campaign_id").is_in(bad)))
        unfair += bad
    return pl.concat(kept).sort("lot_id"), tuple(unfair)


def is_predicted(rows: pl.DataFrame, *, seed: int, threads: int) -> bool:
    """Whether the arm can be told from TRAITS better than from its chance; few rows tell nothing."""
    arm = pl.when("is_treated").then(pl.lit("treated")).otherwise(pl.lit("left_out"))
    own = pl.when("is_treated").then(pl.col("chance")).otherwise(1 - pl.col("chance"))
    asked = rows.select("lot_id", *TRAITS, arm=arm, own_chance=own).with_row_index("_number")
    try:
        trial = build_trial(asked.with_columns(pl.col("_number").cast(pl.Float64)), ROLES)
    except InsufficientDataError:
        return False
    setup = Setup(tuple(trial.encoder.kinds), capacity_for(trial.arm.size), seed, threads)
    return check_balance(trial, setup).is_predicted
