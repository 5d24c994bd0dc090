"""What the retailer's own lots say about contacts: who was left out by chance, and what became of both kinds.

Whoever is withheld gets nothing for a period (`explore.PERIOD_DAYS`), so a person's first solved contact in it begins
an experiment: that contact and what follows it, against nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from ml.decisioning.departments import Floats
from ml.decisioning.explore import PERIOD_DAYS, period_of
from ml.decisioning.ledger_rows import NONE
from ml.decisioning.policy import Policy
from ml.effect.score import UpliftModel
from ml.effect.trial import Roles
from ml.effect.uplift import measure_uplift
from ml.errors import InsufficientDataError
from ml.features.build import person_features
from ml.features.source import FeatureSource

LOOK_BACK_PERIODS = 7  # half a year: older answers cost as much and tell of another season
EPOCH = date(1970, 1, 1).toordinal()
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
FACTS = ["decision_id", "person_id", "treatment_id", "as_of_date", "arm", "chance", "bought", "contact_count"]
DECIDED = (  # of the ledger's decisions
    "as_of_date",
    "decision_id",
    "person_id",
    "treatment_id",
    "solved_treatment_id",
    "solved_probability",
    "nothing_probability",
    "approval",
)
OFFERED = ("as_of_date", "person_id", "treatment_id", "department_name", *OF_CONTACT)  # of its candidates


@dataclass(frozen=True, slots=True)
class Effects:
    """What was learned; `withheld` counts rows per treatment, only those with enough are answered."""

    model: UpliftModel
    withheld: dict[str, int]
    row_count: int
    contacts: float  # that a treated person got on average, the first included: an effect is that of all of them
    effect: float  # of one contact on average, in probability
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
            uplift[place] = found["uplift"].to_numpy() / self.contacts
            error[place] = found["standard_error"].to_numpy() / self.contacts
        return uplift, error


def first_night(as_of_date: date) -> date:
    """From which night on decisions are looked at: the first of a period, or a second contact would seem the first."""
    return date.fromordinal((period_of(as_of_date) - LOOK_BACK_PERIODS) * PERIOD_DAYS)


def first_contacts(decisions: pl.DataFrame, policy: Policy, observed_through: date) -> pl.DataFrame:
    """Each person's first solved contact of a period, if it was one of two: done, or withheld.

    Takes     decisions: ledger rows of sealed nights with a solved contact, DECIDED; observed_through: first day that
              is not covered yet: a row counts once its horizon is over.
    Returns   DECIDED with period, horizon_days and contact_count: contacts in the horizon, the first included.
    """
    horizon = {one.treatment_id: one.horizon_days for one in policy.treatments}
    solved, day = pl.col("solved_treatment_id"), pl.col("as_of_date")
    days = solved.replace_strict(horizon, default=None, return_dtype=pl.Int64)
    period = (day.cast(pl.Int32).cast(pl.Int64) + EPOCH) // PERIOD_DAYS  # `period_of`
    meant = decisions.filter((solved != NONE) & (pl.col("approval") != "pending")).with_columns(
        horizon_days=days, period=period
    )
    first = meant.sort("person_id", "as_of_date").unique(["person_id", "period"], keep="first", maintain_order=True)
    is_one_of_two = (pl.col("treatment_id") == solved) | (pl.col("treatment_id") == NONE)
    over = day + pl.duration(days=pl.col("horizon_days")) <= observed_through
    due = first.filter(is_one_of_two & (pl.col("nothing_probability") > 0) & over)
    made = meant.filter(pl.col("treatment_id") != NONE).select("person_id", contacted_date="as_of_date")
    inside = pl.col("contacted_date").is_between(day, day + pl.duration(days=pl.col("horizon_days")), closed="left")
    counts = due.join(made, on="person_id").filter(inside).group_by("decision_id").len("contact_count")
    return due.join(counts, on="decision_id", how="left").with_columns(
        pl.col("contact_count").fill_null(0).cast(pl.Int64)
    )


def collect_evidence(first: pl.DataFrame, candidates: pl.DataFrame, source: FeatureSource) -> pl.DataFrame:
    """What came of each first contact, done or withheld.

    Takes     first: of `first_contacts`; candidates: the ledger's rows of at least those persons, treatments and
              nights, OFFERED; source: facts as of tonight.
    Returns   one row per decision, sorted by decision_id: FACTS, OF_CONTACT and HABITS (as of the period's first day).
              arm: treated or withheld; chance: of the own arm, given that it was one of the two; bought: 1.0 if the
              named department (or anything, if none was named) was bought within the treatment's horizon.
    Ignores   persons who have merged since, whose purchases stand under another id.
    """
    known = source.summaries.orders.select(pl.col("person_id").cast(pl.String)).unique()
    named = (
        first.join(known, on="person_id", how="semi")
        .with_columns(arm=pl.when(pl.col("treatment_id") == NONE).then(pl.lit("withheld")).otherwise(pl.lit("treated")))
        .drop("treatment_id")
        .rename({"solved_treatment_id": "treatment_id"})
    )
    rows = _thinned(named.join(candidates.select(OFFERED), on=["as_of_date", "person_id", "treatment_id"]))
    return _with_outcome(_with_habits(rows, source), source).select(*FACTS, *OF_CONTACT, *HABITS).sort("decision_id")


def in_words_of(effects: Effects | None) -> dict[str, object]:
    """For the report: plain numbers."""
    if effects is None:
        return {"row_count": 0}
    return {
        "row_count": effects.row_count,
        "withheld_count": effects.withheld,
        "contacts_per_person": effects.contacts,
        "effect": effects.effect,
        "standard_error": effects.error,
    }


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
    contacts = max(float(rows.filter(arm="treated")["contact_count"].cast(pl.Float64).mean() or 1.0), 1.0)  # type: ignore[arg-type]
    return Effects(
        measured.model, enough, rows.height, contacts, average.effect / contacts, average.effect_error / contacts
    )


def _thinned(rows: pl.DataFrame) -> pl.DataFrame:
    """All withheld rows and a share of the treated ones of each period, by the digits of the decision's id."""
    share = pl.min_horizontal(
        1.0, TREATED_PER_WITHHELD * (pl.col("arm") == "withheld").sum() / (pl.col("arm") == "treated").sum()
    ).over("period")
    lot = pl.col("decision_id").str.slice(8, 8).str.to_integer(base=16, strict=False, dtype=pl.Int64) / 2**32
    kept = rows.with_columns(share=share.fill_nan(1.0)).filter((pl.col("arm") == "withheld") | (lot < pl.col("share")))
    treated, withheld = pl.col("solved_probability") * pl.col("share"), pl.col("nothing_probability")
    own = pl.when(pl.col("arm") == "treated").then(treated).otherwise(withheld)
    return kept.with_columns(chance=own / (treated + withheld))


def _with_habits(rows: pl.DataFrame, source: FeatureSource) -> pl.DataFrame:
    """Habits as they were known when the period began: a few dates serve all rows."""
    nobody = rows.clear().with_columns(pl.lit(None, dtype=pl.Float64).alias(name) for name in HABITS)
    parts: Sequence[pl.DataFrame] = [
        part.join(habits_of(source, date.fromordinal(period * PERIOD_DAYS)), on="person_id", how="left")
        for (period,), part in sorted(rows.partition_by("period", as_dict=True).items())
    ]
    return pl.concat([nobody, *parts])


def habits_of(source: FeatureSource, day: date) -> pl.DataFrame:
    """person_id and HABITS as they were known when a day began."""
    return person_features(source.summaries, day).select("person_id", pl.col(HABITS).cast(pl.Float64))


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
