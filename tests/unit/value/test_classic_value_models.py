"""BG/NBD and Gamma-Gamma: published figures, gradients, and answers where the closed form breaks."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.integrate import quad
from scipy.optimize import check_grad
from scipy.stats import beta

from ml.errors import InsufficientDataError
from ml.value import bgnbd, gamma_gamma
from ml.value.base import fit_base
from ml.value.bgnbd import BgNbd, expected_orders, fit_bgnbd, probability_alive, probability_of_order
from ml.value.gamma_gamma import GammaGamma, expected_amount, fit_gamma_gamma
from ml.value.history import build_history
from ml.value.transactions import build_order_days

CDNOW = Path(__file__).parents[3] / "../shared/data/cdnow/cdnow_sample.parquet"
PUBLISHED = BgNbd(0.243, 4.414, 0.793, 2.426, -9582.4)


def test_cdnow_gives_the_published_parameters():
    if not CDNOW.exists():
        pytest.skip("the CDNOW sample is absent")
    rows = pl.read_parquet(CDNOW).select(
        "customer_id", day=pl.col("date").cast(pl.Date).cast(pl.Int32), amount=pl.col("dollar_value")
    )
    day = (date(1997, 10, 1) - date(1970, 1, 1)).days  # the first day after the calibration period
    model = fit_base(build_history(build_order_days(rows), day=day, windows=(91,)), seed=7)
    found = model.bgnbd
    assert [round(v, 3) for v in (found.r, found.alpha, found.a, found.b)] == [0.243, 4.414, 0.793, 2.426]
    assert found.log_likelihood == pytest.approx(-9582.4, abs=0.05)
    spend = model.repeat_gamma_gamma
    assert [round(v, 2) for v in (spend.p, spend.q, spend.gamma)] == [6.25, 3.74, 15.44]


def test_the_gradients_are_the_slopes_of_the_likelihoods():
    groups = np.array([[0.0, 0.0, 9.0], [1.0, 3.0, 9.0], [6.0, 20.0, 30.0]])
    weight = np.array([5.0, 2.0, 1.0])
    here = np.array([0.4, 3.0, 0.8, 2.5])
    of = bgnbd._log_likelihood
    assert check_grad(lambda p: of(p, groups, weight)[0], lambda p: of(p, groups, weight)[1], here) < 1e-4
    n, mean = np.array([1.0, 3.0, 8.0]), np.array([2.0, 5.0, 1.5])
    money = gamma_gamma._log_likelihood
    slope = check_grad(lambda p: money(p, n, mean)[0], lambda p: money(p, n, mean)[1], np.array([2.0, 3.0, 1.2]))
    assert slope < 1e-4


@pytest.mark.parametrize("a", [0.3, 0.793, 1.0, 1.0005, 2.5])
@pytest.mark.parametrize("repeats", [0.0, 3.0, 400.0])
def test_expected_orders_equal_the_integral_over_who_leaves(a, repeats):
    model = BgNbd(0.243, 4.414, a, 2.426, 0.0)
    last, age = np.array([20.0]), np.array([25.0])
    shape, ratio = model.r + repeats, 39.0 / (model.alpha + 25.0)
    chance = beta(a, model.b + repeats)

    def growth(share):
        p = max(chance.ppf(share), 1e-300)
        return -np.expm1(-shape * np.log1p(p * ratio)) / p

    truth = quad(growth, 0, 1, limit=200)[0] * probability_alive(model, np.array([repeats]), last, age)[0]
    assert expected_orders(model, np.array([repeats]), last, age, 39.0)[0] == pytest.approx(truth, rel=2e-3)


def test_a_world_in_which_nobody_leaves_is_counted_without_overflow():
    model = BgNbd(0.75, 9.0, 1e-4, 160_000.0, 0.0)
    x, last, age = np.array([0.0, 5.0, 5000.0]), np.array([0.0, 40.0, 40.0]), np.array([40.0, 40.0, 40.0])
    plain = (model.r + x) * 13.0 / (model.alpha + age)
    assert expected_orders(model, x, last, age, 13.0) == pytest.approx(plain, rel=1e-3)


def test_the_chance_of_an_order_lies_between_zero_and_the_chance_to_be_alive():
    x, last, age = np.array([0.0, 2.0, 2.0]), np.array([0.0, 30.0, 5.0]), np.array([39.0, 39.0, 39.0])
    ordering = probability_of_order(PUBLISHED, x, last, age, 39.0)
    alive = probability_alive(PUBLISHED, x, last, age)
    assert (ordering > 0).all()
    assert (ordering < alive).all()
    assert ordering[1] > ordering[2]


def test_a_customer_with_more_orders_keeps_more_of_his_own_mean():
    model = GammaGamma(6.25, 3.74, 15.44)
    one, many = expected_amount(model, np.array([1.0, 50.0]), np.array([100.0, 100.0]))
    assert model.population_mean < one < many < 100


def test_nobody_who_came_twice_is_said():
    with pytest.raises(InsufficientDataError, match="ordered at least twice, got 0 of 3"):
        fit_bgnbd(np.zeros(3), np.zeros(3), np.ones(3))
    with pytest.raises(InsufficientDataError, match="at least 3 customers with spend, got 1"):
        fit_gamma_gamma(np.array([1.0, 0.0]), np.array([3.0, 0.0]))
