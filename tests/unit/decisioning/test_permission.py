"""A recorded opt-in is needed where the settings ask for one; what is not recorded is not permitted."""

import polars as pl
import pytest

from ml.decisioning.decide import decide
from ml.decisioning.permission import is_permitted
from ml.decisioning.policy import load_policy
from ml.decisioning.policy_rows import Consent
from ml.errors import ContractError
from tests.builders.decisioning import NIGHT, arms, change, consents, seed_tables
from tests.unit.decisioning.test_candidates import build

PEOPLE = pl.DataFrame({"person_id": ["said_yes", "said_no", "said_nothing", "unknown"]})
SAID = consents(
    ("said_yes", "email", "marketing", True),
    ("said_no", "email", "marketing", False),
    ("unknown", "email", "marketing", None),
    ("said_no", "sms", "marketing", True),
    ("said_nothing", "email", "service", True),
)
RECORDED = Consent("email", "marketing", "recorded_opt_in", is_permitted=True, basis="declared")


def email_needs_opt_in(**cells):
    row = seed_tables()["consents"].with_row_index().filter(channel_code="email", purpose_code="marketing")["index"][0]
    return change(seed_tables(), "consents", row, consent_basis="recorded_opt_in", basis="declared", **cells)


def test_only_a_recorded_yes_for_this_channel_and_purpose_permits():
    assert is_permitted(PEOPLE, SAID, RECORDED).to_list() == [True, False, None, None]


def test_a_channel_that_is_closed_stays_closed_whatever_people_said():
    closed = Consent("email", "marketing", "recorded_opt_in", is_permitted=False, basis="declared")
    assert True not in is_permitted(PEOPLE, SAID, closed).to_list()


def test_other_bases_permit_everybody_or_nobody_as_before():
    declared = Consent("email", "marketing", "loyalty_opt_in", is_permitted=True, basis="assumed")
    assert is_permitted(PEOPLE, SAID, declared).to_list() == [True] * 4
    assert is_permitted(PEOPLE, SAID, None).to_list() == [None] * 4


def test_a_person_without_a_recorded_yes_is_decided_about_and_blocked_by_name():
    policy = load_policy(email_needs_opt_in())
    said = consents(("p1", "email", "marketing", True), ("p2", "email", "marketing", False))
    candidates = build(("p1", "p2", "p3"), policy=policy, said=said)
    judged = decide(
        candidates, policy, arms(["p1", "p2", "p3"]), model_versions={}, seed=1, as_of_date=NIGHT
    ).candidates.filter(channel_code="email", action_id="next_best_category")
    blocked = judged.group_by("person_id").agg(
        pl.col("reason_codes").list.contains("no_consent").all(), some=pl.col("is_eligible").any()
    )
    assert blocked.sort("person_id").rows() == [("p1", False, True), ("p2", True, False), ("p3", True, False)]


def test_a_misspelt_basis_is_refused_because_it_would_permit_everybody():
    assert load_policy(email_needs_opt_in()).needs_recorded_opt_in
    assert not load_policy(seed_tables()).needs_recorded_opt_in
    tables = change(email_needs_opt_in(), "consents", 0, consent_basis="recorded_optin")
    with pytest.raises(ContractError, match=r"consents.csv row app_push, consent_basis: expected 'recorded_opt_in'"):
        load_policy(tables)


def test_a_person_whose_state_stands_twice_is_refused():
    with pytest.raises(ContractError, match="recorded_consents: expected one row per person_id, channel_code"):
        build(said=consents(("p1", "email", "marketing", True), ("p1", "email", "marketing", False)))
