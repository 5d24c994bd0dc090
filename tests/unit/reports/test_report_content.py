"""The report's data: every number is the ledger's, every text has words, contradictions are refused."""

import json
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.errors import ContractError
from pipelines.coverage import COVERAGE
from pipelines.ledger_schema import CERTIFICATES, LIFT_RESULTS
from pipelines.reports.content import json_values, report_content
from pipelines.reports.content_decisions import UNITS, value_bins
from pipelines.reports.context import ASSUMPTIONS, CHECKS, LIMITS
from pipelines.reports.run_report import build_lift_report, build_run_report
from tests.builders.report import NIGHT, empty_report, frame, lift_results, load, sample_report

GOLDEN = Path(__file__).with_name("run_report.golden.json")
REPORT = sample_report()
CONTENT = report_content(REPORT)
CHOICE = CONTENT["choice"]


def small_report():
    """Forty people, and nothing that the retailer's seeds could change."""
    limit = {"limit_name": "night_budget", "unit": "money", "meaning": "Cost of a night"}
    gap = {
        "tables": ["consent.events"],
        "cost": "Nobody's consent is recorded.",
        "models": [],
        "journeys": ["thank_loyal"],
        "guardrails": ["no_consent"],
    }
    assumed = {"seed_name": "channels", "key": "email", "value": "contact_cost_amount = 0.0020"}
    return sample_report(
        people=40,
        gaps=frame([gap], COVERAGE),
        limits=frame([limit], LIMITS),
        assumptions=frame([assumed], ASSUMPTIONS),
        treatment_names={"loyalty_thanks-none-email": "Thank a loyal household"},
    )


def test_the_json_is_what_it_was():
    # A change that is meant: write the new text here, and read the difference before committing it.
    now = json.dumps(build_run_report(small_report())[1], indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    assert now == GOLDEN.read_text(encoding="utf-8")


def test_everybody_is_counted_once():
    assert CHOICE["contact_count"] + CHOICE["holdout_count"] + CHOICE["left_alone_count"] == CHOICE["person_count"]
    assert sum(row["person_count"] for row in CHOICE["treatments"]) == CHOICE["contact_count"]
    assert sum(row["person_count"] for row in CHOICE["channels"]) == CHOICE["contact_count"]
    nothing = sum(row["person_count"] for row in CHOICE["nothing_reasons"])
    assert nothing + CHOICE["contact_count"] == CHOICE["person_count"] == 2_469


def test_a_person_whose_arm_is_unknown_is_still_counted():
    nobody_drawn = REPORT.decisions.with_columns(holdout_arm=pl.lit(None, pl.String))
    choice = report_content(sample_report(people=5, decisions=nobody_drawn))["choice"]
    assert choice["holdout_count"] == 0
    assert choice["contact_count"] + choice["left_alone_count"] == choice["person_count"]


def test_the_money_is_the_ledgers_to_the_last_digit():
    contacts = REPORT.decisions.filter(pl.col("treatment_id") != "none")
    assert Decimal(CHOICE["value_amount"]) == sum(contacts["value_amount"].to_list())
    assert sum(Decimal(row["value_amount"]) for row in CHOICE["treatments"]) == Decimal(CHOICE["value_amount"])


def test_the_headline_tells_who_gets_something_and_why_the_others_do_not():
    assert CONTENT["headline"].startswith(f"{CHOICE['contact_count']} of 2,469 people get something tonight")
    assert f"{CHOICE['holdout_count']} people are left alone at random" in CONTENT["headline"]
    assert "nothing is worth a contact (" in CONTENT["headline"]


def test_delivered_rows_are_accepted_refused_or_duplicate():
    totals = CONTENT["landing"]["totals"]
    parts = totals["accepted_row_count"] + totals["refused_row_count"] + totals["duplicate_row_count"]
    assert CONTENT["landing"]["is_balanced"]
    assert parts == totals["raw_row_count"]


def test_a_table_whose_rows_do_not_add_up_is_marked():
    broken = REPORT.loads.with_columns(raw_row_count=pl.col("raw_row_count") + 1)
    assert not report_content(sample_report(people=5, loads=broken))["landing"]["is_balanced"]


def test_every_candidate_is_eligible_or_blocked_by_something():
    guardrails = CONTENT["guardrails"]
    assert guardrails["blocked_count"] + guardrails["eligible_count"] == guardrails["candidate_count"]
    assert sum(row["candidate_count"] for row in guardrails["reasons"]) >= guardrails["blocked_count"]


def test_a_candidate_of_unknown_eligibility_counts_as_blocked():
    unknown = REPORT.candidates.head(3).with_columns(
        is_eligible=pl.lit(None, pl.Boolean), reason_codes=pl.lit([], pl.List(pl.String))
    )
    guardrails = report_content(sample_report(people=3, candidates=unknown))["guardrails"]
    assert guardrails["blocked_count"] == 3
    assert guardrails["reasons"][0]["reason_code"] == "no_reason_given"


def test_ten_different_people_show_every_treatment_and_the_holdout():
    people = CONTENT["examples"]
    assert len({person["person_id"] for person in people}) == len(people) == 10
    assert {row["treatment_id"] for row in CHOICE["treatments"]} <= {person["treatment_id"] for person in people}
    assert any(person["holdout_arm"] == "holdout" for person in people)
    assert {"all_blocked", "nothing_pays"} <= {person["reason_code"] for person in people}


def test_codes_are_told_in_words_and_keep_their_rule():
    reasons = {row["reason_code"]: row["reason"] for row in CONTENT["guardrails"]["reasons"]}
    assert reasons["contact_cap:email_10d"] == "Contacted too often (email 10d)"
    told = report_content(sample_report(people=5, reason_texts={"no_consent": "Never asked"}))
    assert "Never asked" in [row["reason"] for row in told["guardrails"]["reasons"]]


def test_the_order_in_which_rows_arrive_changes_nothing():
    names = (
        "loads",
        "quarantine",
        "checks",
        "model_metrics",
        "candidates",
        "decisions",
        "certificates",
        "lift_results",
    )
    shuffled = {n: getattr(REPORT, n).sample(fraction=1.0, shuffle=True, seed=5) for n in names}
    assert report_content(sample_report(**shuffled)) == CONTENT


def test_a_retailer_of_whom_nothing_is_known_has_a_report():
    content = report_content(empty_report())
    assert content["headline"].startswith("Nobody is known yet")
    assert content["lift"]["verdict"] == "Nothing to measure yet: no earlier night has been decided."
    assert content["certificate"] is None
    assert json.loads(json.dumps(content)) == content


def test_lift_says_when_the_first_night_is_final():
    verdict = CONTENT["lift"]["verdict"]
    assert verdict.startswith("Not enough evidence yet: 2 earlier nights, none of them has its 28 days behind it")
    assert verdict.endswith("the first will on 8 January 2018.")


def test_lift_leads_with_the_verdict_of_the_latest_finished_night():
    results = lift_results(np.random.default_rng(2), 2_469, nights=9)
    verdict = build_lift_report(sample_report(people=5, lift_results=results))[1]["lift"]["verdict"]
    assert verdict.startswith("Gross margin: not enough evidence yet (+$")
    assert verdict.endswith("This is the night of 21 November 2017, the latest with all its 28 days.")


def test_one_broken_split_outranks_every_result():
    results = lift_results(np.random.default_rng(2), 500, nights=9)
    is_first = pl.col("decided_date") == results["decided_date"].min()
    verdict = pl.when(is_first).then(pl.lit("blocked: sample ratio")).otherwise("verdict")
    broken = sample_report(people=5, lift_results=results.with_columns(verdict=verdict))
    assert report_content(broken)["lift"]["verdict"].startswith("Do not read a difference: on 1 night (first: 24 Oct")


def test_a_result_without_an_interval_is_told_without_one():
    row = {
        "as_of_date": NIGHT,
        "experiment_id": "universal_holdout",
        "decided_date": NIGHT - timedelta(days=40),
        "metric_name": "net_sales",
        "window_days": 28,
        "observed_days": 28,
        "treated_count": 1,
        "holdout_count": 0,
        "verdict": "not enough evidence yet",
        "note": "Nobody is in the holdout arm.",
    }
    content = report_content(empty_report(lift_results=frame([row], LIFT_RESULTS)))
    assert content["lift"]["verdict"].startswith("Net sales: not enough evidence yet. This is the night of")


@pytest.mark.parametrize("price", ["0", "0.25"])
def test_a_limit_with_a_price_holds_something_back(price):
    row = REPORT.certificates.row(0, named=True) | {"price_amount": Decimal(price)}
    (limit,) = report_content(sample_report(people=5, certificates=frame([row], CERTIFICATES)))["limits"]
    assert limit["is_binding"] == (price != "0")


def test_a_certificate_with_two_values_is_refused():
    two = REPORT.certificates.with_columns(gap_rate=pl.Series([0.1, 0.2, 0.2, 0.2]))
    with pytest.raises(ContractError, match="expected one value, bound and gap for the night, got 2"):
        report_content(sample_report(people=5, certificates=two))


@pytest.mark.parametrize("text", ["{", '"a word"'])
def test_runner_ups_that_cannot_be_read_are_refused(text):
    broken = REPORT.decisions.head(1).with_columns(runner_ups=pl.lit(text))
    with pytest.raises(ContractError, match="runner_ups: expected"):
        report_content(sample_report(people=5, decisions=broken))


def test_a_frame_with_other_columns_is_refused_by_name():
    with pytest.raises(ContractError, match=r"report\.checks: columns or types differ"):
        sample_report(people=5, checks=REPORT.checks.drop("detail"))


def test_decisions_of_another_night_are_refused():
    other = REPORT.decisions.with_columns(as_of_date=pl.lit(date(2017, 12, 19)))
    with pytest.raises(ContractError, match=r"report\.decisions: expected rows of 2017-12-26, got 2469"):
        sample_report(people=5, decisions=other)


def test_a_check_in_an_unknown_state_is_refused():
    odd = frame([{"kind": "gate", "name": "x", "status": "skipped", "detail": ""}], CHECKS)
    with pytest.raises(ContractError, match="expected one of"):
        sample_report(people=5, checks=odd)


def test_a_file_that_was_refused_is_named():
    bad = load("pos", "order_lines", 3, delivered_date=NIGHT, status="refused_file", reason="not CSV", refused=3)
    landing = report_content(empty_report(loads=frame([bad], REPORT.loads.schema)))["landing"]
    assert [file["reason"] for file in landing["refused_files"]] == ["not CSV"]
    assert landing["totals"]["set_aside_file_count"] == 1


units = st.lists(st.integers(-50_000, 10**13), min_size=1, max_size=60)


@given(values=units)
def test_the_histogram_holds_everybody_once_and_has_at_most_a_dozen_columns_per_sign(values):
    bins = value_bins([Decimal(value) / UNITS for value in values])
    assert sum(row["person_count"] for row in bins) == len(values)
    assert bins[0]["low_amount"] <= Decimal(min(values)) / UNITS
    assert bins[-1]["high_amount"] is None or bins[-1]["high_amount"] > Decimal(max(values)) / UNITS
    assert all(a["high_amount"] == b["low_amount"] for a, b in pairwise(bins))
    assert len(bins) <= 14


def test_money_stays_exact_in_json():
    values = {"amount": [Decimal("99999999999999.9999"), date(2017, 1, 2), None, float("nan")]}
    assert json_values(values) == {"amount": ["99999999999999.9999", "2017-01-02", None, None]}
