"""Trees on the classic models: when they have a say, how far they may go, and what total is expected."""

import numpy as np
import pytest

from ml.value.correction import COUNT, VALUE, fit_correction, unlearned
from ml.value.lean import MOST, fit_lean

ROWS = 3000


def learn(kind, features, base, label, carried=1.0):
    return fit_correction(kind, features, base, label, np.arange(base.size), carried=carried, seed=1, threads=1)


def test_trees_that_do_not_beat_the_classic_models_are_not_used():
    rng = np.random.default_rng(1)
    base = rng.gamma(1.0, 1.0, ROWS) + 0.05
    noise = rng.normal(size=(ROWS, 4)).astype(np.float32)
    found, _ = learn(COUNT, noise, base, rng.poisson(base) * 1.0)
    assert (found.booster, found.plain) == (None, None)
    assert found.factor == pytest.approx(1.0, abs=0.1)


def test_trees_find_what_the_classic_models_missed():
    rng = np.random.default_rng(1)
    mark = rng.integers(0, 2, ROWS)
    label = rng.poisson(np.where(mark, 3.0, 0.5)) * 1.0
    found, out = learn(COUNT, mark[:, None] * np.float32(1), np.ones(ROWS), label)
    assert found.rounds > 0
    assert out[mark == 1].mean() == pytest.approx(3.0, abs=0.3)


def test_where_the_classic_models_are_noise_the_plain_trees_get_a_say():
    rng = np.random.default_rng(2)
    level = rng.gamma(1.0, 1.0, ROWS) + 0.05
    noise = level * np.exp(rng.normal(0, 1.5, ROWS))
    found, out = learn(COUNT, np.log(level)[:, None].astype(np.float32), noise, rng.poisson(level) * 1.0)
    assert found.weight >= 0.5
    assert np.corrcoef(out, level)[0, 1] > np.corrcoef(noise, level)[0, 1] + 0.2


def test_a_customer_given_up_for_lost_is_not_multiplied_to_riches():
    """Lost customers who came back with large orders must not make those rich who were nearly lost."""
    rng = np.random.default_rng(3)
    lost = np.arange(ROWS) % 25 == 0
    base = np.where(lost, 10 ** rng.uniform(-9, 1.5, ROWS), 100.0)
    label = np.where(lost, np.where(base < 1e-3, 300.0, 0.0), rng.gamma(2.0, 50.0, ROWS))
    features = np.stack([lost, rng.normal(size=ROWS)], axis=1).astype(np.float32)
    found, out = learn(VALUE, features, base, label)
    assert out.max() < 1000
    assert found.predict(features, base, threads=1).max() < 1000


def test_totals_stand_half_way_between_the_classic_models_and_the_past():
    base = np.random.default_rng(4).gamma(1.0, 1.0, ROWS) + 0.05
    nothing = np.zeros((ROWS, 1), dtype=np.float32)
    label = np.random.default_rng(5).poisson(base * 1.44) * 1.0
    found, _ = learn(COUNT, nothing, base, label)
    settled, ratio = found.settled(nothing, base, threads=1)
    now = settled.predict(nothing, base, threads=1).sum()
    assert now / base.sum() == pytest.approx(np.sqrt(label.sum() / base.sum()), rel=0.01)
    assert ratio == pytest.approx(now / base.sum(), rel=1e-9)


def test_what_was_learned_on_shorter_outcomes_counts_for_less():
    rng = np.random.default_rng(1)
    mark = rng.integers(0, 2, ROWS)
    features = mark[:, None] * np.float32(1)
    label = rng.poisson(np.where(mark, 3.0, 0.5)) * 1.0
    gaps = []
    for carried in (1.0, 0.5):
        found, _ = learn(COUNT, features, np.ones(ROWS), label, carried)
        answer = found.predict(features, np.ones(ROWS), threads=1)
        gaps.append(np.log(answer[mark == 1].mean() / answer[mark == 0].mean()))
    assert 0 < gaps[1] < 0.75 * gaps[0]


def test_without_anything_learned_the_classic_answer_stands():
    base = np.array([1e-9, 0.5, 7.0])
    assert unlearned("nothing").predict(np.zeros((3, 1)), base, threads=1) == pytest.approx(base)


def test_leaning_keeps_the_total_and_the_order_and_moves_the_smallest_most():
    orders = np.random.default_rng(6).gamma(0.5, 1.0, ROWS) + 1e-6
    leaned = fit_lean(orders).apply(orders)
    assert leaned.sum() == pytest.approx(orders.sum())
    places = np.argsort(orders)
    assert (np.diff(leaned[places]) > 0).all()
    change = leaned / orders
    assert change[places[0]] == pytest.approx(1 - MOST, abs=0.06)
    assert 1 < change[places[-1]] < 1.06
