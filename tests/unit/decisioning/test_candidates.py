"""What a contact is worth, for which department, and what is unknown."""

import math
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from ml.decisioning.candidates import build_candidates
from ml.decisioning.circumstances import with_circumstances
from ml.decisioning.decide import decide
from ml.decisioning.policy import load_policy
from ml.decisioning.units import amounts_from_floats
from ml.decisioning.value import expected_purchases, lift_for, lift_of, margin_rate_after_discount, uplift
from ml.errors import ContractError
from tests.builders.decisioning import (
    NIGHT,
    arms,
    change,
    consents,
    contacts,
    customers,
    department_history,
    scores,
    seed_tables,
    stock,
)

POLICY = load_policy(seed_tables())
EMAIL_5 = "next_best_category-pct_5-email"


def build(people=("p1",), *, policy=POLICY, history=None, scored=None, known=None, sent=None, said=None):
    people_known = customers(*people) if known is None else known
    found = build_candidates(
        people_known,
        scores(*people) if scored is None else scored,
        department_history(*people) if history is None else history,
        contacts() if sent is None else sent,
        recorded_consents=consents() if said is None else said,
        policy=policy,
        as_of_date=NIGHT,
    )
    return with_circumstances(found, people_known, stock(), policy=policy, as_of_date=NIGHT)


def row(frame, treatment_id=EMAIL_5, person_id="p1"):
    return frame.filter(treatment_id=treatment_id, person_id=person_id).row(0, named=True)


def test_the_value_is_the_formula_of_the_documentation_in_numbers():
    found = row(build())
    # groceries: 40 orders, 1600.00 sold, 400.00 margin: the only buyer, so shrinking changes nothing
    probability, margin, sales = 0.5, 10.0, 40.0
    lift = math.exp(0.21) - 1
    won = (1 - probability) - (1 - probability) ** (1 + lift)
    discount = 0.05 * sales * (probability + won)
    assert found["department_name"] == "FLORAL"  # a discount on groceries is given to too many sure buyers
    groceries = lift * probability * margin - discount - 0.002
    flowers_won = 0.9 - 0.9 ** (1 + lift)
    flowers = lift * 0.1 * 4.5 - 0.05 * 10.0 * (0.1 + flowers_won) - 0.002
    assert flowers > groceries
    assert found["value_amount"] == Decimal(str(round(flowers, 4)))
    assert found["discount_cost_amount"] == Decimal(str(round(0.5 * (0.1 + flowers_won), 4)))
    message = row(build(), "next_best_category-none-email")
    assert message["department_name"] == "GROCERY"  # nothing is given away: all purchases of the month count
    gained = (math.exp(0.06) - 1) * -math.log(1 - probability) * margin - 0.002
    assert message["value_amount"] == Decimal(str(round(gained, 4)))
    assert found["uplift_basis"] == "prior"


def test_sure_buyers_and_never_buyers_are_moved_less_than_the_undecided():
    moved = uplift(np.array([0.0, 0.02, 0.5, 0.98, 1.0]), 0.21)
    assert moved[2] > moved[1] > moved[0] == 0
    assert moved[2] > moved[3] > moved[4] == 0


def test_a_rare_purchase_is_moved_as_the_log_odds_say_and_a_rate_can_be_told_from_its_chance():
    rare, lift = np.array([1e-4]), lift_of(0.21)
    odds = rare / (1 - rare) * math.exp(0.21)
    assert uplift(rare, lift) == pytest.approx(odds / (1 + odds) - rare, rel=1e-3)
    chances, lifts = np.array([0.05, 0.4, 0.9]), np.array([-0.5, 0.2, 1.5])
    assert lift_for(chances, uplift(chances, lifts)) == pytest.approx(lifts)
    assert expected_purchases(np.array([0.0, 1 - math.exp(-2.5), 1.0])) == pytest.approx([0.0, 2.5, -math.log(0.001)])


def test_a_frequent_buyer_is_worth_a_message_and_costs_a_discount_only_once():
    frequent = build(scored=scores("p1", departments={"FLORAL": 0.97}))
    rare = build(scored=scores("p1", departments={"FLORAL": 0.1}))
    message = "next_best_category-none-email"
    assert row(frequent, message)["value_amount"] > 10 * row(rare, message)["value_amount"] > 0
    assert row(frequent)["discount_cost_amount"] < Decimal("0.5")  # of one receipt of 10.00, however many there are


def test_everybody_has_every_treatment_once_whatever_is_known():
    frame = build(("p2", "p1"), scored=scores("p1"), history=department_history("p1"))
    assert frame.height == 2 * len(POLICY.treatments)
    assert frame.select("person_id", "treatment_id").is_unique().all()
    assert frame.select("person_id", "treatment_id").equals(
        frame.sort("person_id", "treatment_id").select("person_id", "treatment_id")
    )


def test_an_unknown_score_leaves_the_value_unknown_and_blocks_by_that_name():
    frame = build(scored=scores("p1", departments={"GROCERY": None}, lapse=float("nan")))
    assert frame["value_amount"].null_count() == frame.height
    judged = decide(frame, POLICY, arms(["p1"]), model_versions={}, seed=1, as_of_date=NIGHT).candidates
    assert judged["reason_codes"].list.contains("value_unknown").all()


@pytest.mark.parametrize("column", ["order_count_365d", "net_sales_amount_365d", "gross_margin_amount_365d"])
def test_an_unknown_sum_in_the_history_is_not_zero(column):
    frame = build(history=department_history("p1", **{column: None}), scored=scores("p1", departments={"GROCERY": 0.5}))
    assert row(frame)["value_amount"] is None


def test_a_person_who_never_bought_there_is_valued_by_the_department_mean():
    new = build(("p1", "p2"), history=department_history("p1"), scored=scores("p1", "p2", departments={"FLORAL": 0.3}))
    assert row(new, person_id="p2")["value_amount"] == row(new, person_id="p1")["value_amount"]


def test_a_whole_sensitive_department_is_never_the_subject_however_much_it_would_bring():
    history = department_history("p1").with_columns(pl.col("department_name").replace("GROCERY", "SPIRITS"))
    frame = build(scored=scores("p1", departments={"FLORAL": 0.3, "SPIRITS": 0.5}), history=history)
    assert row(frame, "next_best_category-none-email")["value_amount"] > 0
    assert set(frame["department_name"].drop_nulls()) == {"FLORAL"}


def test_a_star_makes_every_department_sensitive():
    policy = load_policy(change(seed_tables(), "sensitive_categories", 1, department_name="*"))
    assert build(policy=policy)["is_sensitive"].drop_nulls().all()


def test_if_only_a_sensitive_department_is_scored_every_department_treatment_is_blocked():
    frame = build(scored=scores("p1", departments={"SPIRITS": 0.5}))
    judged = decide(frame, POLICY, arms(["p1"]), model_versions={}, seed=1, as_of_date=NIGHT).candidates
    about_one = judged.filter(pl.col("department_name").is_not_null())
    assert about_one.height
    assert about_one["reason_codes"].list.contains("sensitive_category").all()


def test_a_department_bought_within_the_last_three_days_gives_way_to_the_next_best():
    recent = department_history("p1").with_columns(
        last_ordered_date=pl.when(pl.col("department_name") == "FLORAL")
        .then(pl.lit(NIGHT).dt.offset_by("-3d"))
        .otherwise("last_ordered_date")
    )
    assert row(build(history=recent))["department_name"] == "GROCERY"
    earlier = recent.with_columns(pl.col("last_ordered_date").dt.offset_by("-1d"))
    assert row(build(history=earlier))["department_name"] == "FLORAL"


def test_the_margin_floor_counts_the_margin_over_what_is_paid():
    assert margin_rate_after_discount(0.25, 0.10) == pytest.approx(0.15 / 0.90)
    judged = build(
        scored=scores("p1", departments={"FUEL": 0.5}), history=department_history("p1", department_name=None)
    )
    found = row(judged)
    assert found["margin_after_rate"] < found["floor_margin_rate"]  # fuel has nothing to give away


@pytest.mark.parametrize(
    ("days", "counted"),
    [(10, 1), (11, 0), (1, 1), (0, 0), (-1, 0)],  # e-mail: [night - 10, night)
)
def test_a_contact_counts_from_the_first_day_of_the_window_until_yesterday(days, counted):
    frame = build(sent=contacts(("p1", "email", days, "nightmarket", "0.10")))
    assert row(frame)["contacts:email_10d"] == counted


def test_contacts_of_others_and_other_channels_do_not_count():
    frame = build(
        ("p1", "p2"), sent=contacts(("p2", "email", 2, "nightmarket", "0"), ("p1", "direct_mail", 2, "campaign", None))
    )
    assert (row(frame)["contacts:email_10d"], row(frame)["contacts:direct_mail_28d"]) == (0, 1)
    assert row(frame)["contacts:all_channels_14d"] == 1


EVERY_WINDOW = {"contacts:all_channels_14d", "contacts:email_10d", "contacts:fatigue", "discount:person_28d"}
EXPECTED_UNKNOWN = {
    (None, 3, "nightmarket"): {"contacts:direct_mail_28d", "contacts:email_10d", "contacts:till_coupon_14d"},
    ("email", None, "nightmarket"): EVERY_WINDOW,
    ("email", 3, None): {"discount:person_28d"},
}


@pytest.mark.parametrize("missing", [(None, 3, "nightmarket"), ("email", None, "nightmarket"), ("email", 3, None)])
def test_a_contact_that_does_not_say_when_how_or_by_whom_blocks_the_rules_it_could_break(missing):
    channel, days, origin = missing
    frame = build(sent=contacts(("p1", channel, days, origin, "0.10")))
    till = row(frame, "next_best_category-pct_5-till_coupon")
    unknown = {name for name, value in till.items() if name.startswith(("contacts:", "discount:")) and value is None}
    assert unknown == EXPECTED_UNKNOWN[missing]


def test_an_unknown_discount_of_ours_makes_the_sum_unknown_a_campaigns_does_not():
    ours = row(build(sent=contacts(("p1", "email", 3, "nightmarket", None))))
    theirs = row(build(sent=contacts(("p1", "direct_mail", 3, "campaign", None))))
    known = row(
        build(sent=contacts(("p1", "email", 3, "nightmarket", "0.25"), ("p1", "email", 28, "nightmarket", "1.5")))
    )
    assert ours["discount:person_28d"] is None
    assert theirs["discount:person_28d"] == 0
    assert known["discount:person_28d"] == Decimal("1.75")


def test_earlier_contacts_make_the_next_one_cost_more():
    once = row(build(sent=contacts(("p1", "email", 20, "nightmarket", "0"))))
    assert once["fatigue_cost_amount"] == Decimal("0.0150")
    assert row(build())["value_amount"] - once["value_amount"] == Decimal("0.0150")


def test_amounts_are_rounded_once_halves_to_even():
    assert amounts_from_floats(np.array([0.00025, 0.00035, np.nan, np.inf])).to_list() == [
        Decimal("0.0002"),
        Decimal("0.0004"),
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scored": scores("p1", "p1")}, "scores: expected one row per person_id, model_name, target"),
        ({"known": customers("p1", "p1")}, "customers: expected one row per person_id, got several for 1"),
        ({"known": customers("p1").drop("lifecycle_stage_code")}, r"missing \['lifecycle_stage_code'\]"),
        ({"scored": scores("p1", departments={"FLORAL": 1.2})}, "probability from 0 to 1"),
        ({"scored": scores("p1").with_columns(as_of_date=pl.lit(NIGHT).dt.offset_by("-7d"))}, "Score this night first"),
    ],
)
def test_frames_that_cannot_be_read_are_refused(change, words):
    with pytest.raises(ContractError, match=words):
        build(**change)
