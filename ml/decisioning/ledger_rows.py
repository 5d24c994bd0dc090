"""Columns and types of what this room hands to the ledger; a test holds them to the ledger's own schema."""

import polars as pl

from ml.decisioning.units import AMOUNT, Schema

CANDIDATE_COLUMNS: Schema = {
    "as_of_date": pl.Date,
    "person_id": pl.String,
    "treatment_id": pl.String,
    "action_id": pl.String,
    "offer_id": pl.String,
    "channel_code": pl.String,
    "department_name": pl.String,
    "base_probability": pl.Float64,
    "uplift_probability": pl.Float64,
    "uplift_basis": pl.String,
    "discount_rate": pl.Float64,
    "contact_cost_amount": AMOUNT,
    "discount_cost_amount": AMOUNT,
    "fatigue_cost_amount": AMOUNT,
    "value_amount": AMOUNT,
    "reason_codes": pl.List(pl.String),
    "is_eligible": pl.Boolean,
}
CHOSEN = list(CANDIDATE_COLUMNS)[2:-2]  # what a decision takes over from its candidate
DECISION_COLUMNS: Schema = {
    "as_of_date": pl.Date,
    "decision_id": pl.String,
    "person_id": pl.String,
    **{name: CANDIDATE_COLUMNS[name] for name in CHOSEN},
    "assignment_probability": pl.Float64,
    "is_exploration": pl.Boolean,
    "solved_treatment_id": pl.String,
    "solved_probability": pl.Float64,
    "nothing_probability": pl.Float64,
    "holdout_arm": pl.String,
    "reason_code": pl.String,
    "reasons": pl.List(pl.String),
    "runner_ups": pl.String,
    "approval": pl.String,
    "policy_hash": pl.String,
    "model_versions": pl.String,
}
PRIOR, RELATED, RANDOMISED = "prior", "related", "randomised"  # what an uplift rests on: see `weighing`
NONE = "none"  # the treatment that does nothing


def in_shape(frame: pl.DataFrame, columns: Schema) -> pl.DataFrame:
    """Exactly these columns, in this order and of these types."""
    return frame.select(pl.col(name).cast(kind) for name, kind in columns.items())
