"""What holds for every ranking, policy and curve, whatever the numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml.effect.balance import auc
from ml.effect.crossfit import FOLDS
from ml.effect.dose import rising
from ml.effect.learners import Group
from ml.effect.permutation import _over_error, permutation_test
from ml.effect.policy import Price, choose, value_policies
from ml.effect.pseudo import doubly_robust
from ml.effect.qini import places, qini

NUMBERS = st.floats(-100, 100, allow_nan=False, width=32)
SIZE = 60
FOLD = np.arange(SIZE) % FOLDS
effects = arrays(np.float64, SIZE, elements=NUMBERS)
chances = arrays(np.float64, SIZE, elements=st.floats(0.0625, 0.9375, width=32))


def slow_area(score, effect, fold):
    """The area between curve and straight line by walking down the ranking, ties shared."""
    area = 0.0
    for i, j in ((i, j) for i in range(len(score)) for j in range(len(score)) if fold[i] == fold[j]):
        before = 1.0 if score[i] > score[j] else 0.5 if score[i] == score[j] else 0.0
        area += (effect[i] - effect.mean()) * before / (fold == fold[i]).sum()
    return area / len(score)


@given(score=arrays(np.float64, SIZE, elements=st.integers(-5, 5).map(float)), effect=effects)
@settings(max_examples=25, deadline=None)
def test_the_area_is_what_walking_down_the_ranking_gives(score, effect):
    assert qini(score, effect, FOLD).area == pytest.approx(slow_area(score, effect, FOLD), abs=1e-9)


@given(score=effects, effect=effects, shift=st.floats(-5, 5), scale=st.floats(0.1, 10))
@settings(max_examples=50, deadline=None)
def test_only_the_order_of_scores_counts(score, effect, shift, scale):
    whole = np.round(score)
    moved = qini(np.round(whole * 8) * 2.0 + 1.0, effect, FOLD)
    assert moved.area == pytest.approx(qini(whole, effect, FOLD).area, abs=1e-9)
    assert qini(-whole, effect, FOLD).area == pytest.approx(-moved.area, abs=1e-9)
    assert qini(whole, effect + shift, FOLD).area == pytest.approx(moved.area, abs=1e-7)
    assert qini(whole, effect * scale, FOLD).area == pytest.approx(moved.area * scale, abs=1e-7)


@given(score=effects)
def test_places_are_spread_evenly_over_every_fold(score):
    place = places(score, FOLD)
    assert ((place > 0.0) & (place < 1.0)).all()
    for held in range(FOLDS):
        assert place[held == FOLD].mean() == pytest.approx(0.5)


@given(uplift=arrays(np.float64, (SIZE, 3), elements=NUMBERS), cost=st.floats(0, 5), value=st.floats(0.1, 5))
def test_nobody_is_contacted_at_a_loss_and_nobody_worse_than_possible(uplift, cost, value):
    price = Price(value, (cost, cost / 2, 2 * cost), is_stated=True)
    net = np.column_stack([np.zeros(SIZE), uplift * value - np.asarray(price.costs)])
    chosen = choose(uplift, price)
    assert (net[np.arange(SIZE), chosen + 1] == net.max(axis=1)).all()


@given(uplift=effects, effect=effects, response=effects)
@settings(max_examples=50, deadline=None)
def test_gains_are_differences_of_values_and_rivals_contact_as_many(uplift, effect, response):
    price = Price(2.0, (1.0,), is_stated=True)
    found = value_policies(uplift[:, None], effect[:, None], response, FOLD, ["mail"], price)
    values = {row["policy"]: row for row in found.values}
    for gain in found.gains:
        difference = values["targeted"]["value_per_person"] - values[gain.against]["value_per_person"]
        assert gain.estimate == pytest.approx(difference, abs=1e-9)
    for name in ("as many at random", "as many, likely responders first"):
        assert values[name]["contacted_share"] == pytest.approx(found.share)
    assert values["everybody"]["value_per_person"] == pytest.approx((2.0 * effect - 1.0).mean())


@given(table=arrays(np.float64, (8, 4), elements=NUMBERS))
def test_a_dose_curve_rises_from_zero_and_a_rising_one_stays(table):
    curve = rising(table)
    assert (np.diff(np.column_stack([np.zeros(len(curve)), curve])) >= -1e-9).all()
    assert rising(curve) == pytest.approx(curve, abs=1e-9)


@given(table=arrays(np.float64, (6, 4), elements=NUMBERS), other=arrays(np.float64, (6, 4), elements=NUMBERS))
def test_no_rising_curve_is_nearer_than_the_one_found(table, other):
    rival = np.maximum.accumulate(np.maximum(other, 0.0), axis=1)
    assert (((rising(table) - table) ** 2).sum(axis=1) <= ((rival - table) ** 2).sum(axis=1) + 1e-6).all()


@given(outcome=effects, chance=chances, without=effects, with_=effects)
def test_over_both_treatments_the_score_averages_to_the_effect(outcome, chance, without, with_):
    zero, one = np.zeros(SIZE), np.ones(SIZE)
    untreated = doubly_robust(outcome, zero, chance, without, with_)
    treated = doubly_robust(outcome + 3.0, one, chance, without, with_)
    assert chance * treated + (1.0 - chance) * untreated == pytest.approx(3.0, abs=1e-2)


@given(score=effects, treated=arrays(np.bool_, SIZE))
def test_auc_is_the_chance_to_rank_a_treated_person_higher(score, treated):
    treated[:2] = [True, False]
    pairs = np.sign(score[treated][:, None] - score[~treated][None, :])
    assert auc(treated.astype(float), score) == pytest.approx((0.5 + 0.5 * pairs).mean())


def scored_trial(rng, people, slope):
    """Answers ahead of their folds for a trial whose uplift is `slope` times the score."""
    from ml.effect.crossfit import Scored

    score, treated = rng.normal(size=people), (rng.random(people) < 0.5).astype(float)
    outcome = 1.0 + treated * (0.3 + slope * score) + rng.normal(size=people)
    half, level = np.full(people, 0.5), np.ones(people)
    fold = np.arange(people) % FOLDS
    effect = doubly_robust(outcome, treated, half, level, level)
    scored = Scored(score[:, None], level, level, half, effect, fold > 0)
    return scored, Group(np.zeros((people, 1), dtype=np.float32), treated, outcome, half), fold


def test_the_permutation_test_errs_as_often_as_it_says_and_finds_what_is_there():
    rng = np.random.default_rng(9)
    p_values = []
    for number in range(100):
        scored, group, fold = scored_trial(rng, 300, 0.0)
        p_values.append(permutation_test(scored, group, fold, is_constant=True, seed=number, most=59).p_value)
    assert 1 <= (np.array(p_values) <= 0.05).sum() <= 13  # 99.9 % of Binomial(100, .05) is 0 to 13
    assert 0.4 < np.mean(p_values) < 0.6
    scored, group, fold = scored_trial(rng, 2_000, 0.5)
    assert permutation_test(scored, group, fold, is_constant=False, seed=1).p_value <= 0.01


@given(score=effects, effect=effects)
def test_a_figure_over_its_error_does_not_depend_on_units(score, effect):
    assert _over_error(score * 4.0, effect * 0.5) == pytest.approx(_over_error(score, effect), abs=1e-6)
