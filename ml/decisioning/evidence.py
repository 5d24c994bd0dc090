"""What the retailer's own lots say about contacts: who was left out by chance, and what became of both kinds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from ml.decisioning.departments import Floats
from ml.decisioning.ledger_rows import NONE
from ml.decisioning.policy import Policy
from ml.effect.score import UpliftModel
from ml.effect.trial import Roles
from ml.effect.uplift import measure_uplift
from ml.errors import InsufficientDataError
from ml.features.source import FeatureSource

FEWEST_WITHHELD = 50  # per treatment; with fewer nothing is said about it
TREATED_PER_WITHHELD = 4  # more treated rows cost time and add next to no precision
HABITS = (
    "days_since_last_order",
    "order_count_28d",
    "order_count_91d",
    "net_sales_amount_91d",
    "net_sales_per_order_56d",
    "discount_rate_56d",
    "coupon_discount_rate_56d",
    "promoted_sales_rate_56d",
    "lateness_ratio_56d",
    "top_department_sales_rate_56d",
)
OF_CONTACT = ("base_probability", "discount_rate", "channel_code", "action_id")
ROLES = Roles("decision_id", "arm", "withheld", "bought", (*OF_CONTACT, *HABITS), probability="chance")
FACTS = ["decision_id", "person_id", "treatment_id", "as_of_date", "arm", "chance", "bought"]


@dataclass(frozen=True, slots=True)
class Effects:
    """What was learned; `withheld` counts rows per treatment, only those with enough are answered."""

    model: UpliftModel
    withheld: dict[str, int]
    row_count: int
    effect: float  # average over the rows, in probability
    error: float

    def of(self, candidates: pl.DataFrame, habits: pl.DataFrame) -> tuple[Floats, Floats]:
        """Uplift in probability and its standard error per candidate; NaN where there is no evidence.

        Takes     candidates: candidate_id (in order, unique), person_id, treatment_id and OF_CONTACT;
                  habits: person_id and HABITS, of the same date.
        """
        known = pl.col("treatment_id").is_in(sorted(self.withheld)) & pl.col("base_probability").is_not_null()
        asked = candidates.filter(known).join(habits, on="person_id", how="left", maintain_order="left")
        uplift, error = (np.full(candidates.height, np.nan) for _ in range(2))
        if asked.height:
            name = pl.col("candidate_id").cast(pl.String).str.zfill(12).alias(ROLES.person)
            found = self.model.score(asked.with_columns(name))
            place = found[ROLES.person].cast(pl.Int64).to_numpy()
            uplift[place], error[place] = found["uplift"].to_numpy(), found["standard_error"].to_numpy()
        return uplift, error


def is_anything_due(decisions: pl.DataFrame, policy: Policy, observed_through: date) -> bool:
    """Whether a lot of an earlier night has had the time to show something."""
    return not _drawn(decisions, policy, observed_through).filter(pl.col("treatment_id") == NONE).is_empty()


def in_words_of(effects: Effects | None) -> dict[str, object]:
    """For the report: plain numbers."""
    if effects is None:
        return {"row_count": 0}
    return {
        "row_count": effects.row_count,
        "withheld_count": effects.withheld,
        "effect": effects.effect,
        "standard_error": effects.error,
    }


def collect_evidence(
    decisions: pl.DataFrame,
    candidates: pl.DataFrame,
    source: FeatureSource,
    *,
    policy: Policy,
    observed_through: date,
) -> pl.DataFrame:
    """Every past decision in which a lot stood between one contact and nothing, and what came of it.

    Takes     decisions, candidates: ledger rows of sealed nights; source: facts as of tonight;
              observed_through: first day that is not covered yet: a night counts once its horizon is over.
    Returns   one row per decision, sorted by decision_id: FACTS, OF_CONTACT and HABITS. arm: treated or withheld;
              chance: of the own arm, given that it was one of the two; bought: 1.0 if the named department (or
              anything, if none was named) was bought within the treatment's horizon.
    Ignores   other choices that were drawn; persons who have merged since, whose purchases stand under another id.
    """
    drawn = _drawn(decisions, policy, observed_through).select(
        "decision_id",
        "person_id",
        "as_of_date",
        "horizon_days",
        "solved_probability",
        "nothing_probability",
        arm=pl.when(pl.col("treatment_id") == NONE).then(pl.lit("withheld")).otherwise(pl.lit("treated")),
        treatment_id="solved_treatment_id",
    )
    attributes = candidates.select("as_of_date", "person_id", "treatment_id", "department_name", *OF_CONTACT)
    rows = _thinned(drawn.join(attributes, on=["as_of_date", "person_id", "treatment_id"]))
    return _with_outcome(_with_habits(rows, source), source).select(*FACTS, *OF_CONTACT, *HABITS).sort("decision_id")


def learn_effects(evidence: pl.DataFrame, *, seed: int) -> Effects | None:
    """Uplift learned from the rows, by the engine of `nightmarket uplift`; None if they are too few to say anything."""
    counts = evidence.filter(arm="withheld").group_by("treatment_id").len().sort("treatment_id")
    enough = {name: count for name, count in counts.iter_rows() if count >= FEWEST_WITHHELD}
    rows = evidence.filter(pl.col("treatment_id").is_in(sorted(enough)))  # few: threads would wait for each other
    try:
        measured = measure_uplift(rows, ROLES, seed=seed, threads=1) if enough else None
    except InsufficientDataError:
        measured = None
    if measured is None:
        return None
    average = measured.model.arms[0].average
    return Effects(measured.model, enough, rows.height, average.effect, average.effect_error)


def habits_of(source: FeatureSource, day: date) -> pl.DataFrame:
    """person_id and HABITS as they were known when a day began."""
    return source.persons(day).select("person_id", pl.col(HABITS).cast(pl.Float64))


def _drawn(decisions: pl.DataFrame, policy: Policy, observed_through: date) -> pl.DataFrame:
    """Decisions between a contact and nothing whose horizon is over, with horizon_days."""
    horizon = {one.treatment_id: one.horizon_days for one in policy.treatments}
    solved = pl.col("solved_treatment_id")
    days = solved.replace_strict(horizon, default=None, return_dtype=pl.Int64)
    is_one_of_two = (pl.col("treatment_id") == solved) | (pl.col("treatment_id") == NONE)
    is_lot = (solved != NONE) & is_one_of_two & (pl.col("nothing_probability") > 0) & (pl.col("approval") != "pending")
    over = pl.col("as_of_date") + pl.duration(days=pl.col("horizon_days")) <= observed_through
    return decisions.filter(is_lot).with_columns(horizon_days=days).filter(over)


def _thinned(rows: pl.DataFrame) -> pl.DataFrame:
    """All withheld rows and a share of the treated ones of each night, by the digits of the decision's id."""
    share = pl.min_horizontal(
        1.0, TREATED_PER_WITHHELD * (pl.col("arm") == "withheld").sum() / (pl.col("arm") == "treated").sum()
    ).over("as_of_date")
    lot = pl.col("decision_id").str.slice(8, 8).str.to_integer(base=16, strict=False, dtype=pl.Int64) / 2**32
    kept = rows.with_columns(share=share.fill_nan(1.0)).filter((pl.col("arm") == "withheld") | (lot < pl.col("share")))
    treated, withheld = pl.col("solved_probability") * pl.col("share"), pl.col("nothing_probability")
    own = pl.when(pl.col("arm") == "treated").then(treated).otherwise(withheld)
    return kept.with_columns(chance=own / (treated + withheld))


def _with_habits(rows: pl.DataFrame, source: FeatureSource) -> pl.DataFrame:
    parts: Sequence[pl.DataFrame] = [
        part.join(habits_of(source, day), on="person_id", how="inner")
        for (day,), part in sorted(rows.partition_by("as_of_date", as_dict=True).items())
    ]
    nobody = rows.clear().with_columns(pl.lit(None, dtype=pl.Float64).alias(name) for name in HABITS)
    return pl.concat([nobody, *parts])


def _with_outcome(rows: pl.DataFrame, source: FeatureSource) -> pl.DataFrame:
    bought = source.summaries.departments.select(
        pl.col("person_id", "department_name").cast(pl.String), "ordered_date"
    ).unique()
    met = rows.select("decision_id", "person_id", "as_of_date", "horizon_days", named="department_name").join(
        bought, on="person_id"
    )
    inside = pl.col("ordered_date").is_between(
        pl.col("as_of_date"), pl.col("as_of_date") + pl.duration(days=pl.col("horizon_days")), closed="left"
    )
    fits = pl.col("named").is_null() | (pl.col("named") == pl.col("department_name"))
    won = met.filter(inside & fits).select("decision_id").unique().with_columns(bought=pl.lit(1.0))
    return rows.join(won, on="decision_id", how="left").with_columns(pl.col("bought").fill_null(0.0))
