import numpy as np
import polars as pl
import pytest

from ml.models.baselines import fit_baselines
from ml.models.calibration import Calibration, choose_calibration, fit_beta, fit_scale


def world(n=20_000, seed=4):
    generator = np.random.default_rng(seed)
    truth = generator.beta(1, 3, n)
    return truth, (generator.random(n) < truth).astype(float), [f"p{i}" for i in range(n)]


def test_beta_calibration_undoes_a_planted_distortion():
    truth, label, persons = world()
    odds = (truth / (1 - truth)) ** 2 * 3
    distorted = odds / (1 + odds)
    chosen, note = choose_calibration(distorted, label, persons, kind="probability")
    assert note.startswith("kept")
    assert np.mean(np.abs(chosen.apply(distorted) - truth)) < 0.01


def test_what_is_calibrated_already_is_left_alone_or_hardly_moved():
    truth, label, persons = world()
    chosen, _ = choose_calibration(truth, label, persons, kind="probability")
    assert np.max(np.abs(chosen.apply(truth) - truth)) < 0.02


def test_calibration_never_turns_the_ranking_round():
    truth, label, _ = world(2000)
    fitted = fit_beta(1 - truth, label)  # the worst case: the score points the wrong way
    assert (np.diff(fitted.apply(np.linspace(0.01, 0.99, 99))) >= 0).all()


def test_a_panel_with_one_outcome_calibrates_nothing():
    chosen, note = choose_calibration(np.full(50, 0.2), np.zeros(50), [f"p{i}" for i in range(50)], kind="probability")
    assert chosen == Calibration()
    assert "one outcome" in note


def test_scaling_makes_the_total_true():
    raw, spent = np.array([1.0, 2.0, 3.0]), np.array([0.0, 9.0, 3.0])
    assert fit_scale(raw, spent).apply(raw).sum() == pytest.approx(12.0)
    assert fit_scale(np.zeros(3), spent) == Calibration()


def rows(*cells):
    schema = {"target": pl.String, "level": pl.Int64, "label": pl.Int64}
    return pl.DataFrame(list(cells), schema=schema, orient="row")


def baselines(frame, kind="probability", label_scale=1):
    return fit_baselines(frame, last_period="level", kind=kind, label_scale=label_scale)


def test_last_period_frequency_is_the_rate_of_those_with_the_same_level():
    frame = rows(*[("a", 0, 0)] * 900, *[("a", 0, 1)] * 100, *[("a", 3, 1)] * 900, *[("a", 3, 0)] * 100)
    last_period, popularity = baselines(frame)
    assert last_period.predict(rows(("a", 0, 0), ("a", 3, 0))) == pytest.approx([0.1, 0.9], abs=0.01)
    assert popularity.predict(rows(("a", 0, 0), ("a", 3, 0))) == pytest.approx([0.5, 0.5], abs=0.01)


def test_ten_rows_do_not_make_anything_certain():
    last_period, popularity = baselines(rows(*[("a", 0, 0)] * 10))
    for baseline in (last_period, popularity):
        assert 0 < baseline.predict(rows(("a", 0, 0)))[0] < 0.1


def test_a_target_or_level_never_seen_gets_the_wider_rate():
    last_period, _ = baselines(rows(*[("a", 0, 1)] * 50, *[("b", 0, 0)] * 50))
    known, other_level, other_target = last_period.predict(rows(("a", 0, 0), ("a", 9, 0), ("c", 0, 0)))
    assert known > 0.8
    assert other_level > 0.8
    assert other_target == pytest.approx(0.5)


def test_amounts_are_means_of_cents_in_the_currency():
    frame = rows(*[("", 5, 1000)] * 500, *[("", 50, 9000)] * 500)
    last_period, popularity = baselines(frame, kind="amount", label_scale=100)
    assert last_period.predict(rows(("", 5, 0), ("", 50, 0))) == pytest.approx([10, 90], rel=0.2)
    assert popularity.predict(rows(("", 5, 0)))[0] == pytest.approx(50)


def test_an_unknown_level_is_its_own_group():
    last_period, _ = baselines(rows(*[("a", None, 1)] * 200, *[("a", 1, 0)] * 200))
    assert last_period.predict(rows(("a", None, 0)))[0] > 0.9
