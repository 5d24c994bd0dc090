"""Each rule blocks by its own name, at its boundary, and whenever its input is unknown."""

from datetime import timedelta
from decimal import Decimal

import polars as pl
import pytest

from ml.decisioning.guardrails import apply_guardrails, guardrails
from ml.decisioning.policy import load_policy
from tests.builders.decisioning import NIGHT, candidate_frame, candidate_row, seed_tables

POLICY = load_policy(seed_tables())


def blocked_by(arm="treated", treatment_id=None, **changes):
    frame = candidate_frame([candidate_row(POLICY, treatment_id=treatment_id, **changes)], POLICY)
    judged = apply_guardrails(frame.with_columns(holdout_arm=pl.lit(arm, dtype=pl.String)), guardrails(POLICY))
    assert judged["is_eligible"].item() == (judged["reason_codes"].item().len() == 0)
    return judged["reason_codes"].item().to_list()


def test_a_candidate_nothing_speaks_against_is_eligible():
    assert blocked_by() == []


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("is_applicable", False, "not_applicable"),
        ("valid_through", NIGHT - timedelta(days=1), "treatment_not_valid"),
        ("valid_from", NIGHT + timedelta(days=1), "treatment_not_valid"),
        ("is_permitted", False, "no_consent"),
        ("is_undisturbed", False, "open_complaint"),
        ("identity_confidence", 0.79, "identity_uncertain"),
        ("is_sensitive", True, "sensitive_category"),
        ("contacts:email_10d", 1, "contact_cap:email_10d"),
        ("contacts:all_channels_14d", 2, "contact_cap:all_channels_14d"),
        ("discount:person_28d", Decimal("5.7001"), "discount_ceiling:person_28d"),
        ("margin_after_rate", 0.0999, "margin_floor"),
        ("was_bought_just_now", True, "bought_just_now"),
        ("is_stocked", False, "out_of_stock"),
        ("arm", "holdout", "universal_holdout"),
        ("value_amount", Decimal("0.0099"), "below_minimum_value"),
    ],
)
def test_a_broken_rule_blocks_by_its_name(column, value, reason):
    assert blocked_by(**{column: value}) == [reason]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("valid_through", NIGHT),
        ("valid_from", NIGHT),
        ("identity_confidence", 0.8),
        ("contacts:all_channels_14d", 1),
        ("contacts:direct_mail_28d", 9),  # another channel's cap
        ("discount:person_28d", Decimal("5.7000")),
        ("margin_after_rate", 0.1),
        ("value_amount", Decimal("0.0100")),
    ],
)
def test_the_boundary_itself_is_allowed(column, value):
    assert blocked_by(**{column: value}) == []


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ("is_applicable", "not_applicable"),
        ("as_of_date", "treatment_not_valid"),
        ("valid_from", "treatment_not_valid"),
        ("valid_through", "treatment_not_valid"),
        ("is_permitted", "no_consent"),
        ("identity_confidence", "identity_uncertain"),
        ("is_sensitive", "sensitive_category"),
        ("scope_code", "sensitive_category"),
        ("channel_code", "contact_cap:email_10d"),
        ("contacts:email_10d", "contact_cap:email_10d"),
        ("contacts:all_channels_14d", "contact_cap:all_channels_14d"),
        ("discount:person_28d", "discount_ceiling:person_28d"),
        ("discount_rate", "discount_ceiling:person_28d"),
        ("margin_after_rate", "margin_floor"),
        ("floor_margin_rate", "margin_floor"),
        ("was_bought_just_now", "bought_just_now"),
        ("is_undisturbed", "open_complaint"),
        ("is_stocked", "out_of_stock"),
        ("arm", "universal_holdout"),
        ("base_probability", "value_unknown"),
        ("uplift_probability", "value_unknown"),
        ("value_amount", "value_unknown"),
        ("contact_cost_amount", "value_unknown"),
        ("discount_cost_amount", "value_unknown"),
        ("fatigue_cost_amount", "value_unknown"),
    ],
)
def test_what_is_unknown_is_not_allowed(column, reason):
    assert reason in blocked_by(**{column: None})


@pytest.mark.parametrize(
    "column", ["identity_confidence", "margin_after_rate", "floor_margin_rate", "uplift_probability"]
)
def test_not_a_number_is_not_allowed(column):
    assert blocked_by(**{column: float("nan")})


def test_a_contact_without_discount_is_free_of_the_ceiling():
    free = "next_best_category-none-email"
    assert (
        blocked_by(treatment_id=free, discount_cost_amount=Decimal(0), **{"discount:person_28d": Decimal("99")}) == []
    )


def test_every_reason_is_listed_not_only_the_first():
    assert blocked_by(is_permitted=False, is_sensitive=True) == ["no_consent", "sensitive_category"]
