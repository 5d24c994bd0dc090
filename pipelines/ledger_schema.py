"""What each ledger stream holds: its columns and types, in one place for writers, dbt sources and tests."""

from typing import TypeAlias

import polars as pl

Columns: TypeAlias = dict[str, pl.DataType | type[pl.DataType]]

MONEY = pl.Decimal(18, 4)  # expected values of one contact are fractions of a cent
PRICE = pl.Decimal(18, 6)
MOMENT = pl.Datetime("us")

LOADS: Columns = {
    "as_of_date": pl.Date,  # the night that first saw the file
    "load_id": pl.String,
    "source_code": pl.String,
    "table_name": pl.String,
    "file": pl.String,  # relative to landing/
    "delivered_date": pl.Date,
    "known_at": MOMENT,
    "known_date": pl.Date,
    "content_sha256": pl.String,
    "byte_count": pl.Int64,
    "raw_row_count": pl.Int64,
    "accepted_row_count": pl.Int64,
    "refused_row_count": pl.Int64,
    "duplicate_row_count": pl.Int64,
    "status": pl.String,  # loaded | duplicate_file | refused_file
    "reason": pl.String,
    "contract_version": pl.String,
}

PERSON_IDS: Columns = {
    "as_of_date": pl.Date,
    "record_id": pl.String,
    "person_id": pl.String,
    "cause": pl.String,  # issued | joined | merged | split
    "from_person_id": pl.String,
    "founding_record_id": pl.String,
    "confidence": pl.Float64,
}

ASSIGNMENTS: Columns = {
    "as_of_date": pl.Date,
    "experiment_id": pl.String,
    "person_id": pl.String,
    "arm": pl.String,
    "holdout_share": pl.Float64,
}

CANDIDATES: Columns = {
    "as_of_date": pl.Date,
    "person_id": pl.String,
    "treatment_id": pl.String,
    "action_id": pl.String,
    "offer_id": pl.String,
    "channel_code": pl.String,
    "department_name": pl.String,
    "base_probability": pl.Float64,
    "uplift_probability": pl.Float64,
    "uplift_basis": pl.String,  # prior | related | randomised
    "discount_rate": pl.Float64,
    "contact_cost_amount": MONEY,
    "discount_cost_amount": MONEY,
    "fatigue_cost_amount": MONEY,
    "value_amount": MONEY,
    "reason_codes": pl.List(pl.String),  # empty: eligible
    "is_eligible": pl.Boolean,
}

DECISIONS: Columns = {
    "as_of_date": pl.Date,
    "decision_id": pl.String,
    "person_id": pl.String,
    "treatment_id": pl.String,  # none: nothing is done
    "action_id": pl.String,
    "offer_id": pl.String,
    "channel_code": pl.String,
    "department_name": pl.String,
    "base_probability": pl.Float64,
    "uplift_probability": pl.Float64,
    "uplift_basis": pl.String,
    "discount_rate": pl.Float64,
    "contact_cost_amount": MONEY,
    "discount_cost_amount": MONEY,
    "fatigue_cost_amount": MONEY,
    "value_amount": MONEY,
    "assignment_probability": pl.Float64,
    "is_exploration": pl.Boolean,
    "solved_treatment_id": pl.String,  # the choice before any lot
    "solved_probability": pl.Float64,  # with which it was made
    "nothing_probability": pl.Float64,  # with which nothing was done
    "holdout_arm": pl.String,  # holdout | treated
    "reason_code": pl.String,  # why this and not another, one word
    "reasons": pl.List(pl.String),  # the same in sentences
    "runner_ups": pl.String,  # JSON: up to three losers with value and reason codes
    "approval": pl.String,  # not_required | pending | approved
    "policy_hash": pl.String,
    "model_versions": pl.String,  # JSON: model name to version
}

CERTIFICATES: Columns = {
    "as_of_date": pl.Date,
    "limit_name": pl.String,
    "limit_amount": MONEY,
    "used_amount": MONEY,
    "price_amount": PRICE,
    "primal_value_amount": MONEY,
    "dual_bound_amount": pl.Decimal(18, 6),
    "gap_rate": pl.Float64,
}

EXPORTS: Columns = {
    "as_of_date": pl.Date,
    "channel_code": pl.String,
    "file": pl.String,
    "row_number": pl.Int64,
    "decision_id": pl.String,
    "person_id": pl.String,
    "treatment_id": pl.String,
    "discount_rate": pl.Float64,
    "discount_cost_amount": MONEY,
    "consent_basis": pl.String,
    "file_sha256": pl.String,
}

MODEL_RELEASES: Columns = {
    "as_of_date": pl.Date,
    "model_name": pl.String,
    "version": pl.String,
    "scored_by": pl.String,  # model | baseline
    "trained_as_of_date": pl.Date,  # training reads only what was known before this day
    "trained_through_date": pl.Date,  # first day after the last label that was learned from
    "metric_name": pl.String,
    "metric_value": pl.Float64,
    "baseline_value": pl.Float64,
    "fingerprint": pl.String,
}

LIFT_RESULTS: Columns = {
    "as_of_date": pl.Date,
    "experiment_id": pl.String,
    "decided_date": pl.Date,
    "metric_name": pl.String,
    "window_days": pl.Int64,
    "observed_days": pl.Int64,
    "treated_count": pl.Int64,
    "holdout_count": pl.Int64,
    "treated_mean": pl.Float64,
    "holdout_mean": pl.Float64,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "p_value": pl.Float64,
    "sample_ratio_p": pl.Float64,
    "detectable_effect": pl.Float64,
    "verdict": pl.String,
    "note": pl.String,
}

STREAMS: dict[str, Columns] = {
    "loads": LOADS,
    "person_ids": PERSON_IDS,
    "assignments": ASSIGNMENTS,
    "candidates": CANDIDATES,
    "decisions": DECISIONS,
    "certificates": CERTIFICATES,
    "exports": EXPORTS,
    "model_releases": MODEL_RELEASES,
    "lift_results": LIFT_RESULTS,
}

NIGHTS: Columns = {"as_of_date": pl.Date, "stream": pl.String, "row_count": pl.Int64, "sha256": pl.String}
