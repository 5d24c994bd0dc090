"""Draws are a function of their key, look random, and know nothing of each other."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pipelines.simulator.randomness import bits, choice, gamma, normal, poisson, scrambled, uniform

MANY = 40_000
keys = st.integers(min_value=0, max_value=2**40)


@given(seed=keys, day=st.integers(min_value=-10_000, max_value=100_000), size=st.integers(min_value=2, max_value=60))
def test_a_draw_does_not_depend_on_what_else_is_drawn(seed, day, size):
    everybody = uniform(seed, "trip", np.arange(size), day)
    backwards = uniform(seed, "trip", np.arange(size)[::-1], day)[::-1]
    alone = np.concatenate([uniform(seed, "trip", person, day) for person in range(size)])
    assert (everybody == backwards).all()
    assert (everybody == alone).all()


@given(seed=keys, person=keys, index=st.integers(min_value=0, max_value=2**30))
def test_a_draw_is_strictly_between_zero_and_one(seed, person, index):
    drawn = uniform(seed, "trip", person, 3, index)
    assert ((drawn > 0) & (drawn < 1)).all()


def test_draws_are_uniform_over_people_days_and_indexes():
    samples = {
        "people": uniform(1, "trip", np.arange(MANY)),
        "days": uniform(1, "trip", 5, np.arange(MANY)),
        "indexes": uniform(1, "trip", 5, 9, np.arange(MANY)),
        "seeds": np.concatenate([uniform(seed, "trip", np.arange(100)) for seed in range(400)]),
    }
    assert {name: stats.kstest(one, "uniform").pvalue > 1e-3 for name, one in samples.items()} == dict.fromkeys(
        samples, True
    )


def test_neighbouring_keys_are_not_correlated():
    person = np.arange(MANY)
    here = uniform(1, "trip", person, 7)
    others = [
        uniform(1, "need", person, 7),
        uniform(1, "trip", person, 8),
        uniform(1, "trip", person + 1, 7),
        uniform(1, "trip", person, 7, 1),
        uniform(2, "trip", person, 7),
    ]
    limit = 4.5 / np.sqrt(MANY)
    assert max(abs(np.corrcoef(here, other)[0, 1]) for other in others) < limit


def test_a_grid_of_people_and_indexes_is_the_draws_one_by_one():
    grid = bits(3, "need", np.arange(5)[:, None], 11, np.arange(4))
    single = [[bits(3, "need", person, 11, index)[0] for index in range(4)] for person in range(5)]
    assert (grid == np.array(single)).all()


def test_normal_gamma_and_poisson_have_their_distributions():
    person = np.arange(MANY)
    assert stats.kstest(normal(1, "n", person), "norm").pvalue > 1e-3
    assert stats.kstest(gamma(1, "g", person, shape=3.0) * 3, "gamma", (3.0,)).pvalue > 1e-3
    count = poisson(uniform(1, "p", person), np.full(MANY, 2.5))
    expected = stats.poisson.pmf(np.arange(8), 2.5) * MANY
    seen = np.bincount(np.minimum(count, 8), minlength=9)[:8]
    assert stats.chisquare(seen, expected * seen.sum() / expected.sum()).pvalue > 1e-3


def test_choices_come_as_often_as_their_chances():
    drawn = choice(uniform(1, "c", np.arange(MANY)), np.array([2.0, 1.0, 0.0, 1.0]))
    assert np.allclose(np.bincount(drawn, minlength=4) / MANY, [0.5, 0.25, 0, 0.25], atol=0.015)


@given(seed=keys, day=st.integers(min_value=0, max_value=100_000))
def test_ids_never_repeat(seed, day):
    person = np.arange(3_000)
    both = np.concatenate([scrambled(seed, "order", person, day), scrambled(seed, "order", person, day + 1)])
    assert len(np.unique(both)) == 6_000
    assert both.min() >= 10**12
