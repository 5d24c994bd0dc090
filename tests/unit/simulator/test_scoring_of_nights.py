"""Scores of predictions, effects, policies and lift at their ends, by hand and by brute force."""

from datetime import date
from decimal import Decimal
from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from pipelines.simulator.scoring_lift import lift_scores
from pipelines.simulator.scoring_policy import (
    DECIDED,
    EVERYBODY,
    GREEDY,
    NOBODY,
    ORACLE,
    SOLVED,
    TOP_PROPENSITY,
    filled,
    permitted_contacts,
    policy_values,
)
from pipelines.simulator.scoring_predictions import GROUPS, ordering_share, prediction_score, ranks, spearman, tenths
from pipelines.simulator.scoring_uplift import STEPS, gain_curve, uplift_scores
from tests.builders.decisioning import AMOUNT, with_limits

NUMBERS = st.lists(st.integers(-50, 50).map(float), min_size=2, max_size=40)
DRAWN = np.random.default_rng(3).gamma(2.0, 50.0, 1_000)
FIRST = date(2025, 7, 5)


def beside(predicted, true):
    """People with what was predicted and what is so."""
    return pl.DataFrame({"predicted": predicted, "true": true}, schema={"predicted": pl.Float64, "true": pl.Float64})


def test_a_perfect_prediction_scores_one_and_makes_no_error():
    score = prediction_score(beside(DRAWN, DRAWN))
    assert (score.total_ratio, score.skill, score.squared_error, score.calibration_error) == (1, 1, 0, 0)
    assert score.spearman == pytest.approx(1)
    assert score.normalised_gini == pytest.approx(1)


def test_planted_miscalibration_is_found_although_the_order_is_right():
    score = prediction_score(beside(1.5 * DRAWN, DRAWN))
    assert score.total_ratio == pytest.approx(1.5)
    assert score.calibration_error == pytest.approx(0.5)
    assert score.spearman == pytest.approx(1)
    assert score.normalised_gini == pytest.approx(1)
    assert score.skill < 1


def test_a_right_total_hides_no_shrinkage_of_the_tenths():
    shrunk = DRAWN.mean() + 0.5 * (DRAWN - DRAWN.mean())
    score = prediction_score(beside(shrunk, DRAWN))
    assert score.total_ratio == pytest.approx(1)
    assert score.calibration_error > 0.15
    gaps = tenths(beside(shrunk, DRAWN)).select(pl.col("predicted") - pl.col("true")).to_series()
    assert gaps[0] > 0 > gaps[GROUPS - 1]


def test_saying_the_mean_of_everybody_has_no_skill_and_no_order():
    score = prediction_score(beside(np.full(1_000, DRAWN.mean()), DRAWN))
    assert score.skill == pytest.approx(0)
    assert score.spearman is None
    assert score.normalised_gini == pytest.approx(0)


def test_nobody_has_no_score():
    score = prediction_score(beside([], []))
    assert (score.person_count, score.mean_true, score.skill) == (0, None, None)
    assert tenths(beside([], [])).is_empty()


@given(NUMBERS)
def test_the_tenths_hold_everybody_once_and_the_total(values):
    parts = tenths(beside(values, values[::-1]))
    assert parts["person_count"].sum() == len(values)
    assert parts["person_count"].max() - parts["person_count"].min() <= 1
    assert (parts["true"] * parts["person_count"]).sum() == pytest.approx(sum(values))
    assert parts["predicted"].is_sorted()


@given(NUMBERS, st.randoms(use_true_random=False))
def test_no_order_is_worth_more_than_the_best_nor_less_than_its_reverse(values, random):
    true, by = np.array(values), np.array(random.sample(values, len(values)))
    share = ordering_share(by, true)
    assert (share is None) == (len(set(values)) == 1)
    if share is not None:
        assert -1 - 1e-9 <= share <= 1 + 1e-9
        assert ordering_share(true, true) == pytest.approx(1)
        assert ordering_share(-true, true) == pytest.approx(-1)
        assert ordering_share(np.zeros(len(true)), true) == pytest.approx(0)
        place = random.sample(range(len(true)), len(true))
        assert ordering_share(by[place], true[place]) == pytest.approx(share)


@given(st.lists(st.sampled_from([0.0, -0.0, 1e-300, -1e300, 1.5]) | st.floats(allow_nan=False), max_size=40))
def test_ranks_are_those_of_scipy(values):
    assert ranks(np.array(values)).tolist() == rankdata(values).tolist()


def test_rank_correlation_is_the_known_one():
    assert spearman(np.array([1.0, 2, 3, 4]), np.array([10.0, 20, 40, 30])) == pytest.approx(0.8)
    assert spearman(np.array([1.0, 1, 1]), np.array([1.0, 2, 3])) is None


@given(NUMBERS)
def test_the_gain_curve_ends_at_the_mean_and_the_best_order_is_never_below(values):
    true = np.array(values)
    curve = gain_curve(np.arange(len(true), dtype=np.float64), true)
    assert curve.height == STEPS + 1
    assert curve["by_belief"][0] == curve["by_truth"][0] == 0
    assert curve["by_belief"][-1] == pytest.approx(true.mean())
    assert curve["by_truth"][-1] == pytest.approx(true.mean())
    assert (curve["by_truth"] >= curve["by_belief"] - 1e-9).all()


def test_effects_are_scored_per_treatment_and_basis_and_over_all():
    rows = [("a", "prior", b, t) for b, t in ((0.1, 1.0), (0.2, 2.0), (0.3, 3.0))]
    rows += [("b", "randomised", b, t) for b, t in ((0.1, 3.0), (0.2, 2.0), (0.3, 1.0))]
    schema = {"treatment_id": pl.String, "uplift_basis": pl.String, "believed": pl.Float64, "true": pl.Float64}
    found = uplift_scores(pl.DataFrame(rows, schema, orient="row"))
    names = ["treatment_id", "uplift_basis", "contact_count"]
    assert found.select(names).rows() == [
        ("a", "prior", 3),
        ("b", "randomised", 3),
        ("all", "prior", 3),
        ("all", "randomised", 3),
        ("all", "all", 6),
    ]
    assert found["ordering_share"].to_list() == pytest.approx([1, -1, 1, -1, 0])
    assert found["mean_true"].to_list() == pytest.approx([2] * 5)


TREATMENTS = (("x", "email"), ("y", "till_coupon"), ("z", "direct_mail"))
CONTACT = st.fixed_dictionaries(
    {
        "true": st.integers(-30, 60),
        "believed": st.none() | st.integers(-30, 60),
        "discount": st.integers(0, 20),
        "is_allowed": st.booleans(),
        "base": st.none() | st.floats(0, 1),
    }
)
PEOPLE = st.lists(st.lists(CONTACT, min_size=3, max_size=3), min_size=1, max_size=4)


def contacts_of(people):
    """Every treatment for everybody."""
    rows = [
        {
            "person_id": f"p{place}",
            "treatment_id": treatment,
            "action_id": "next_best_category",
            "channel_code": channel,
            "contact_cost_amount": Decimal("0.10"),
            "discount_cost_amount": Decimal(one["discount"]) / 10,
            "value_amount": None if one["believed"] is None else Decimal(one["believed"]) / 10,
            "true_amount": Decimal(one["true"]) / 10,
            "base_probability": one["base"],
            "is_eligible": one["believed"] is not None and one["believed"] > 0,
            "is_allowed": one["is_allowed"],
        }
        for place, person in enumerate(people)
        for (treatment, channel), one in zip(TREATMENTS, person, strict=True)
    ]
    money = {name: AMOUNT for name in ("contact_cost_amount", "discount_cost_amount", "value_amount", "true_amount")}
    return pl.DataFrame(rows, schema_overrides=money | {"base_probability": pl.Float64})


def every_choice(permitted):
    """True value of each choice within the limits among people who consent, by trying all."""
    rows, problem = permitted.rows, permitted.problem
    options = [
        [None, *rows.filter(person_id=person, is_allowed=True)["place"].to_list()]
        for person in rows["person_id"].unique().sort()
    ]
    for choice in product(*options):
        at = np.array([place for place in choice if place is not None], dtype=np.int64)
        if (problem.use[:, at].sum(axis=1) <= problem.limit).all():
            yield at, int(problem.value[at].sum())


@settings(max_examples=60, deadline=None)
@given(PEOPLE, st.integers(0, 3), st.sampled_from([0.3, 1.0, 2.5]), st.data())
def test_no_policy_is_above_the_oracle_and_the_oracle_is_the_best_there_is(people, emails, budget, data):
    policy = with_limits(email_capacity=emails, night_budget=budget)
    permitted = permitted_contacts(contacts_of(people), policy)
    choices = list(every_choice(permitted))
    at, units = data.draw(st.sampled_from(choices))
    decided = permitted.rows[at].with_columns(is_sent=pl.lit(True))
    found = {row["policy"]: row for row in policy_values(permitted, decided, decided).to_dicts()}
    best = max(value for _, value in choices)
    assert found[ORACLE]["value_amount"] == Decimal(best) / 10_000
    assert found[DECIDED]["value_amount"] == Decimal(units) / 10_000
    assert found[NOBODY]["value_amount"] == 0
    for name in (DECIDED, SOLVED, NOBODY, TOP_PROPENSITY, GREEDY):
        assert found[name]["keeps_limits"]
        assert found[name]["value_amount"] <= found[ORACLE]["value_amount"]
    assert (found[DECIDED]["oracle_share"] is None) == (best == 0)


def one(true, believed, base=0.5, *, is_allowed=True):
    """A contact that gives nothing away."""
    return {"true": true, "believed": believed, "discount": 0, "base": base, "is_allowed": is_allowed}


def test_the_oracles_own_policy_has_share_one():
    permitted = permitted_contacts(contacts_of([[one(5, 1), one(9, 1), one(2, 1)]] * 3), with_limits())
    decided = permitted.rows.filter(treatment_id="y").with_columns(is_sent=pl.lit(True))
    found = policy_values(permitted, decided, decided)
    assert found.filter(policy=DECIDED)["oracle_share"].to_list() == [1]


def test_simple_policies_know_what_the_night_knew_and_only_consented_contacts_count():
    nothing = one(0, None, None)
    people = [
        [one(50, 9, 0.1), nothing, nothing],
        [one(-10, 1, 0.9), nothing, nothing],
        [one(30, 8, 0.5, is_allowed=False), nothing, nothing],
    ]
    permitted = permitted_contacts(contacts_of(people), with_limits(email_capacity=2))
    decided = permitted.rows.filter(person_id="p0", treatment_id="x").with_columns(is_sent=pl.lit(True))
    found = {
        row["policy"]: (row["contact_count"], float(row["value_amount"]))
        for row in policy_values(permitted, decided, decided).to_dicts()
    }
    assert found == {
        DECIDED: (1, 5.0),
        SOLVED: (1, 5.0),
        ORACLE: (1, 5.0),
        NOBODY: (0, 0.0),
        EVERYBODY: (2, 4.0),  # the third does not consent, so nothing goes out
        TOP_PROPENSITY: (1, -1.0),
        GREEDY: (1, 5.0),  # the two that are believed to be worth most; one of them is not sent
    }


def test_filling_up_gives_each_person_one_contact_and_stops_in_time():
    permitted = permitted_contacts(contacts_of([[one(5, 1)] * 3] * 3), with_limits())
    found = filled(permitted.problem, range(9), 2)
    assert permitted.rows[found]["person_id"].to_list() == ["p0", "p1"]
    assert len(filled(permitted.problem, range(9), 9)) == 3


def test_what_was_decided_but_not_sent_is_worth_nothing():
    permitted = permitted_contacts(contacts_of([[one(5, 1), one(9, 1), one(2, 1)]]), with_limits())
    decided = permitted.rows.filter(treatment_id="y").with_columns(is_sent=pl.lit(False))
    assert policy_values(permitted, decided, decided).filter(policy=DECIDED).rows() == [
        (DECIDED, 0, Decimal(0), 0.0, True)
    ]


def lift_row(read, decided, low, high, *, observed=28, metric="gross_margin"):
    """A row of the ledger's lift results."""
    middle = None if low is None else (low + high) / 2
    return (read, "holdout", decided, metric, 28, observed, 100, 10, middle, low, high)


LIFT = {
    "as_of_date": pl.Date,
    "experiment_id": pl.String,
    "decided_date": pl.Date,
    "metric_name": pl.String,
    **dict.fromkeys(("window_days", "observed_days", "treated_count", "holdout_count"), pl.Int64),
    **dict.fromkeys(("estimate", "low", "high"), pl.Float64),
}


def lift_of(*rows):
    """States of some results, of contacts of two nights a week apart and one after the window."""
    nights = [FIRST, FIRST, date(2025, 7, 12), date(2025, 8, 2)]
    contacts = pl.DataFrame({"as_of_date": nights, "margin_uplift": [10.0, 20, 30, 500], "sales_uplift": [1.0] * 4})
    return lift_scores(pl.DataFrame(rows, LIFT, orient="row"), contacts)


def test_an_interval_is_held_to_all_contacts_inside_its_window_and_to_no_other():
    last = date(2025, 8, 9)
    found = lift_of(lift_row(last, FIRST, 0.5, 0.7), lift_row(last, date(2025, 7, 12), 0.5, 0.7))
    assert found["true_of_night"].to_list() == pytest.approx([0.3, 0.3])
    assert found["true_in_window"].to_list() == pytest.approx([0.6, 5.3])
    assert found["state"].to_list() == ["covered", "missed"]


def test_the_last_reading_counts_and_an_open_window_is_too_early():
    early, late = lift_row(date(2025, 7, 12), FIRST, 0.5, 0.7, observed=7), lift_row(date(2025, 8, 9), FIRST, 2.0, 3.0)
    assert lift_of(early)["state"].to_list() == ["too early"]
    assert lift_of(early, late)["state"].to_list() == ["missed"]
    assert lift_of(lift_row(date(2025, 8, 9), FIRST, None, None))["state"].to_list() == ["withheld"]
    assert lift_of(lift_row(date(2025, 8, 9), FIRST, 0.0, 0.1, metric="net_sales"))["state"].to_list() == ["covered"]
