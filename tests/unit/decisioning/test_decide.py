"""A night's decisions: one row per person, the reason in words, limits kept, holdout untouched."""

import json
from datetime import timedelta
from decimal import Decimal

import polars as pl

from ml.decisioning.assignment import assign, current_arms
from ml.decisioning.candidates import build_candidates
from ml.decisioning.circumstances import with_circumstances
from ml.decisioning.decide import decide, decision_id
from ml.decisioning.guardrails import guardrails
from ml.decisioning.ledger_rows import CANDIDATE_COLUMNS, DECISION_COLUMNS
from ml.decisioning.policy import load_policy
from ml.decisioning.reasons import REASON_CODES
from pipelines import ledger_schema
from tests.builders.decisioning import (
    DISCOUNTED,
    NIGHT,
    arms,
    candidate_frame,
    candidate_row,
    consents,
    contacts,
    customers,
    department_history,
    scores,
    seed_tables,
    stock,
    with_limits,
)

POLICY = load_policy(seed_tables())
FREE = "next_best_category-none-email"


def run(*rows, policy=POLICY, seed=1, **holdout):
    people = sorted({row["person_id"] for row in rows})
    return decide(
        candidate_frame(list(rows), policy),
        policy,
        arms(people, **holdout),
        model_versions={"lapse_28d": "v1"},
        seed=seed,
        as_of_date=NIGHT,
    )


def decided(result, person_id="p1"):
    return result.decisions.filter(person_id=person_id).row(0, named=True)


def candidate(person_id="p1", treatment_id=DISCOUNTED, **changes):
    return candidate_row(POLICY, person_id, treatment_id, **changes)


def test_the_frames_fit_the_ledger_exactly():
    result = run(candidate())
    assert pl.Schema(ledger_schema.DECISIONS) == pl.Schema(DECISION_COLUMNS) == result.decisions.schema
    assert pl.Schema(ledger_schema.CANDIDATES) == pl.Schema(CANDIDATE_COLUMNS) == result.candidates.schema
    assert pl.Schema(ledger_schema.CERTIFICATES) == result.certificates.schema
    people = pl.DataFrame({"person_id": ["p1"], "lineage_root": ["p1"]})
    assert assign(people, None, experiment=POLICY.holdout, as_of_date=NIGHT).schema == pl.Schema(
        ledger_schema.ASSIGNMENTS
    )


def test_the_most_valuable_allowed_treatment_is_chosen_and_says_why():
    result = run(
        candidate(), candidate(treatment_id=FREE, value_amount=Decimal("0.9"), discount_cost_amount=Decimal(0))
    )
    row = decided(result)
    assert (row["treatment_id"], row["reason_code"]) == (FREE, "chosen_best_value")
    assert "Worth 0.9000 after discount, contact and fatigue" in row["reasons"][1]
    assert "a stated prior, not evidence" in row["reasons"][2]
    assert json.loads(row["runner_ups"]) == [
        {"treatment_id": DISCOUNTED, "value_amount": 0.5, "net_of_prices_amount": 0.5, "reason_codes": []}
    ]
    assert row["decision_id"] == decision_id("p1", NIGHT)
    assert json.loads(row["model_versions"]) == {"lapse_28d": "v1"}


def test_nothing_is_done_if_every_allowed_action_costs_more_than_it_brings():
    row = decided(run(candidate(value_amount=Decimal("-0.03"))))
    assert (row["treatment_id"], row["reason_code"], row["value_amount"]) == ("none", "nothing_pays", 0)
    assert row["reasons"] == [
        "Every allowed treatment brings less than 0.01 (best: Point to the next best department: "
        "5 % off one department on one receipt, E-mail, GROCERY, -0.0300)."
    ]


def test_a_blocked_treatment_is_never_chosen_however_good():
    row = decided(run(candidate(is_permitted=False, value_amount=Decimal("900"))))
    assert (row["treatment_id"], row["reason_code"]) == ("none", "all_blocked")
    assert "blocked by no_consent" in row["reasons"][0]


def test_the_holdout_gets_nothing_and_is_told_apart():
    row = decided(run(candidate(), p1="holdout"))
    assert (row["treatment_id"], row["reason_code"], row["assignment_probability"]) == ("none", "held_out", 1.0)


def test_a_person_without_an_arm_gets_nothing():
    assert decided(run(candidate(), p1=None))["treatment_id"] == "none"
    unknown = decide(
        candidate_frame([candidate()], POLICY), POLICY, arms([]), model_versions={}, seed=1, as_of_date=NIGHT
    )
    assert decided(unknown)["treatment_id"] == "none"


def test_where_a_limit_is_used_up_the_dearer_choice_goes_to_the_person_it_helps_most():
    rows = [candidate("p1", value_amount=Decimal("0.8")), candidate("p2", value_amount=Decimal("0.9"))]
    result = run(*rows, policy=with_limits(email_capacity=1))
    assert decided(result, "p2")["treatment_id"] == DISCOUNTED
    loser = decided(result, "p1")
    assert (loser["treatment_id"], loser["reason_code"]) == ("none", "limit_bound")
    assert "but the shared limits" in loser["reasons"][0]


def test_without_any_candidate_eligible_or_anybody_at_all_a_night_is_still_whole():
    assert run(candidate(is_applicable=False)).summary["contact_count"] == 0
    empty = decide(candidate_frame([], POLICY), POLICY, arms([]), model_versions={}, seed=1, as_of_date=NIGHT)
    assert (empty.decisions.height, empty.certificates.height) == (0, len(POLICY.limits))
    assert empty.certificates["gap_rate"].to_list() == [0.0] * len(POLICY.limits)


def test_ties_go_to_the_first_treatment_and_the_first_person():
    same = {"discount_cost_amount": Decimal(0), "contact_cost_amount": Decimal(0)}
    rows = [candidate(person, treatment, **same) for person in ("p1", "p2") for treatment in (DISCOUNTED, FREE)]
    result = run(*rows, policy=with_limits(email_capacity=1))
    assert [decided(result, person)["treatment_id"] for person in ("p1", "p2")] == [FREE, "none"]


def test_a_night_without_budget_chooses_only_what_is_free():
    costly, free = (
        candidate("p1"),
        candidate("p2", FREE, contact_cost_amount=Decimal(0), discount_cost_amount=Decimal(0)),
    )
    result = run(costly, free, policy=with_limits(night_budget=0))
    assert [decided(result, person)["treatment_id"] for person in ("p1", "p2")] == ["none", FREE]


def test_one_huge_person_does_not_overflow():
    rows = [candidate("p1", value_amount=Decimal("900000000"), discount_cost_amount=Decimal("5")), candidate("p2")]
    result = run(*rows)
    assert decided(result, "p1")["treatment_id"] == DISCOUNTED
    assert result.certificates["used_amount"].to_list()[2] <= 150


def test_reason_codes_and_guardrail_names_are_closed_lists():
    result = run(candidate(), candidate("p2", is_permitted=None), candidate("p3", value_amount=None))
    assert set(result.decisions["reason_code"]) <= set(REASON_CODES)
    assert set(result.candidates["reason_codes"].explode().drop_nulls()) <= {rail.name for rail in guardrails(POLICY)}


def test_contact_caps_and_the_discount_ceiling_hold_across_nights():
    people = [f"p{n}" for n in range(40)]
    policy = with_limits(till_coupon_capacity=12)  # few coupons, so that e-mail is used as well
    sent, earlier, nights = contacts(), None, []
    for week in range(6):
        night = NIGHT + timedelta(weeks=week)
        found = build_candidates(
            customers(*people),
            scores(*people, lapse=0.4).with_columns(as_of_date=pl.lit(night)),
            department_history(*people),
            sent,
            recorded_consents=consents(),
            policy=policy,
            as_of_date=night,
        )
        candidates = with_circumstances(found, customers(*people), stock(), policy=policy, as_of_date=night)
        everybody = pl.DataFrame({"person_id": people, "lineage_root": people})
        new = assign(everybody, earlier, experiment=POLICY.holdout, as_of_date=night)
        arm = current_arms(everybody, earlier, new, experiment=POLICY.holdout, as_of_date=night)
        earlier = pl.concat([frame for frame in (earlier, new) if frame is not None])
        result = decide(candidates, policy, arm, model_versions={}, seed=1, as_of_date=night)
        nights.append(result.decisions)
        made = result.decisions.filter(pl.col("treatment_id") != "none").select(
            "person_id",
            "channel_code",
            pl.col("as_of_date").alias("contacted_date"),
            pl.lit("nightmarket").alias("origin"),
            "discount_cost_amount",
        )
        sent = pl.concat([sent, made])
    assert {"email", "till_coupon"} <= set(sent["channel_code"])
    assert_caps_hold(sent)
    held = earlier.filter(arm="holdout")["person_id"]
    assert not sent["person_id"].is_in(held.to_list()).any()
    assert all(frame["person_id"].to_list() == sorted(people) for frame in nights)


def assert_caps_hold(sent):
    """Every contact against all others of its person that lie in its own window."""
    pairs = sent.join(sent, on="person_id", suffix="_before").with_columns(
        age=(pl.col("contacted_date") - pl.col("contacted_date_before")).dt.total_days()
    )
    key = ["person_id", "contacted_date"]
    emails = pairs.filter((pl.col("channel_code") == "email") & (pl.col("channel_code_before") == "email"))
    assert emails.filter(pl.col("age").is_between(0, 10)).group_by(key).len()["len"].max() == 1
    assert pairs.filter(pl.col("age").is_between(0, 14)).group_by(key).len()["len"].max() <= 2
    given = pairs.filter(pl.col("age").is_between(0, 28)).group_by(key).agg(pl.col("discount_cost_amount_before").sum())
    assert given["discount_cost_amount_before"].max() <= Decimal("6.00")
