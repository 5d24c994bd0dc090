"""Who waits for an answer to a complaint gets no marketing, and no empty shelf is promoted; what is unknown blocks."""

import pytest

from ml.decisioning.circumstances import with_circumstances
from ml.decisioning.decide import decide
from ml.decisioning.policy import load_policy
from ml.errors import ContractError
from tests.builders.decisioning import (
    NIGHT,
    arms,
    candidate_frame,
    candidate_row,
    change,
    customers,
    seed_tables,
    stock,
)

POLICY = load_policy(seed_tables())
FULL = ("s1", "GROCERY", 2, 10, 10)


def judged(people=None, shelves=None, policy=POLICY, **changes):
    """The one candidate of p1, about groceries, with its circumstances."""
    row = candidate_row(policy, **changes)
    frame = candidate_frame([row], policy).drop("is_undisturbed", "is_stocked")
    known = customers("p1") if people is None else people
    shown = stock(FULL) if shelves is None else shelves
    return with_circumstances(frame, known, shown, policy=policy, as_of_date=NIGHT).row(0, named=True)


def reasons(people=None, shelves=None):
    frame = candidate_frame([candidate_row(POLICY)], POLICY).drop("is_undisturbed", "is_stocked")
    known = customers("p1") if people is None else people
    shown = stock(FULL) if shelves is None else shelves
    circumstances = with_circumstances(frame, known, shown, policy=POLICY, as_of_date=NIGHT)
    result = decide(circumstances, POLICY, arms(["p1"]), model_versions={}, seed=1, as_of_date=NIGHT)
    return result.candidates["reason_codes"].item().to_list()


def test_whoever_complained_and_waits_gets_no_marketing():
    assert reasons() == []
    assert reasons(people=customers("p1", has_open_complaint=True)) == ["open_complaint"]


def test_service_may_answer_whoever_complained():
    number = seed_tables()["actions"]["action_id"].to_list().index(candidate_row(POLICY)["action_id"])
    service = load_policy(change(seed_tables(), "actions", number, purpose_code="service"))
    assert judged(people=customers("p1", has_open_complaint=True), policy=service)["is_undisturbed"] is True


def test_a_person_of_whom_nobody_knows_whether_he_complained_is_left_alone():
    assert judged(people=customers("p1", has_open_complaint=None))["is_undisturbed"] is None
    assert judged(people=customers("somebody else"))["is_undisturbed"] is None


@pytest.mark.parametrize(
    ("row", "is_stocked"),
    [
        (("s1", "GROCERY", 2, 10, 5), True),  # half of the products is enough
        (("s1", "GROCERY", 2, 10, 4), False),
        (("s1", "GROCERY", 7, 10, 10), True),
        (("s1", "GROCERY", 8, 10, 10), None),  # too old to say anything
        (("s2", "GROCERY", 2, 10, 10), None),  # another place
        (("s1", "FLORAL", 2, 10, 10), None),  # another department
    ],
)
def test_a_department_is_promoted_where_the_person_shops_if_enough_of_it_is_there(row, is_stocked):
    assert judged(shelves=stock(row))["is_stocked"] is is_stocked
    assert ("out_of_stock" in reasons(shelves=stock(row))) is (is_stocked is not True)


def test_a_retailer_that_does_not_tell_its_stock_is_not_held_up():
    assert judged(shelves=stock())["is_stocked"] is True


def test_a_person_without_a_store_is_promoted_no_department_while_stock_is_told():
    assert judged(people=customers("p1", home_store_id=None))["is_stocked"] is None


def test_what_is_not_about_a_department_needs_no_shelf():
    assert "out_of_stock" not in _reasons_about_the_person()


def _reasons_about_the_person():
    treatment = next(t for t in POLICY.treatments if POLICY.actions[t.action_id].scope_code == "person")
    row = candidate_row(POLICY, treatment_id=treatment.treatment_id, scope_code="person", department_name=None)
    frame = candidate_frame([row], POLICY).drop("is_undisturbed", "is_stocked")
    known = with_circumstances(frame, customers("p1"), stock(FULL), policy=POLICY, as_of_date=NIGHT)
    result = decide(known, POLICY, arms(["p1"]), model_versions={}, seed=1, as_of_date=NIGHT)
    return result.candidates["reason_codes"].item().to_list()


def test_a_missing_column_is_refused_in_words():
    with pytest.raises(ContractError, match=r"stock: expected columns .*missing"):
        judged(shelves=stock(FULL).drop("product_count"))
