"""The joint choice against every possible choice, and the bound against both."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.decisioning.prices import PRICE_UNITS, Problem, dual_bound, used, value_of
from ml.decisioning.solver import solve
from ml.decisioning.whole_people import SMALL as MOST_CANDIDATES
from ml.errors import ContractError
from tests.builders.decisioning import random_problem

NAMES = ["money", "letters", "mails"]
seeds = st.integers(0, 2**32 - 1)


def best_of_all(problem):
    """Value of the best choice, found by trying every one."""
    options = [[-1, *np.flatnonzero(problem.person == person)] for person in range(int(problem.person[-1]) + 1)]
    choices = np.array(list(itertools.product(*options)), dtype=np.int64)
    value = np.append(problem.value, 0)[choices].sum(axis=1)  # position -1 is nothing
    use = np.column_stack([problem.use, np.zeros(len(problem.limit), np.int64)])[:, choices].sum(axis=2)
    return int(value[(use <= problem.limit[:, None]).all(axis=0)].max())


@settings(max_examples=200, deadline=None)
@given(seed=seeds, people=st.integers(1, 4))
def test_a_small_night_is_solved_as_well_as_by_trying_everything(seed, people):
    problem = random_problem(np.random.default_rng(seed), people)
    found = solve(problem, NAMES)
    assert value_of(problem, found.choice) == found.value == best_of_all(problem)
    assert found.bound >= found.value * PRICE_UNITS
    assert (used(problem, found.choice) <= problem.limit).all()


@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_a_larger_night_keeps_every_limit_within_a_proven_gap(seed):
    problem = random_problem(np.random.default_rng(seed), 600)
    assert len(problem.value) > MOST_CANDIDATES  # so that prices, repair and filling are on their own
    found = solve(problem, NAMES)
    assert (used(problem, found.choice) <= problem.limit).all()
    assert found.bound - found.value * PRICE_UNITS >= 0
    most_at_stake = len(NAMES) * int(problem.value.max())  # one person per limit is split by the relaxation
    assert found.bound / PRICE_UNITS - found.value <= 2 * most_at_stake


@settings(max_examples=50, deadline=None)
@given(seed=seeds, prices=st.lists(st.integers(0, 10**8), min_size=3, max_size=3))
def test_at_any_prices_the_bound_is_a_bound(seed, prices):
    problem = random_problem(np.random.default_rng(seed), 4)
    assert dual_bound(problem, np.array(prices)) >= best_of_all(problem) * PRICE_UNITS


@settings(max_examples=30, deadline=None)
@given(seed=seeds)
def test_of_each_person_at_most_one_of_the_own_candidates_is_chosen(seed):
    problem = random_problem(np.random.default_rng(seed), 30)
    choice = solve(problem, NAMES).choice
    chosen = choice >= 0
    assert (problem.person[choice[chosen]] == np.flatnonzero(chosen)).all()


def problem_of(person, value, use, limit):
    return Problem(*(np.array(part, dtype=np.int64) for part in (person, value, use, limit)))


def test_a_night_with_nothing_in_it_has_value_and_bound_zero():
    nothing = Problem(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((1, 0), np.int64), np.array([5]))
    found = solve(nothing, ["money"])
    assert (found.value, found.bound, len(found.choice)) == (0, 0, 0)


def test_between_equals_the_first_is_chosen():
    found = solve(problem_of([0, 0, 1, 1], [5, 5, 5, 5], [[1, 1, 1, 1]], [1]), ["money"])
    assert found.choice.tolist() == [0, -1]


def test_a_limit_of_zero_leaves_only_what_does_not_use_it():
    found = solve(problem_of([0, 0, 1], [9, 3, 9], [[1, 0, 1]], [0]), ["money"])
    assert (found.choice.tolist(), found.bound) == ([1, -1], 3 * PRICE_UNITS)


def test_one_person_worth_more_than_all_others_is_exact_beyond_64_bits():
    people = 700
    value = [10**13, *[7] * (people - 1)]
    problem = problem_of(range(people), value, [[10**12, *[10_000] * (people - 1)]], [10**12])
    found = solve(problem, ["money"])
    assert (found.value, found.choice[0]) == (10**13, 0)
    assert found.bound >= found.value * PRICE_UNITS


def test_without_shared_limits_everybody_gets_the_best():
    found = solve(problem_of([0, 0, 1], [2, 5, 7], np.zeros((0, 3)), []), [])
    assert (found.value, found.bound) == (12, 12 * PRICE_UNITS)


def test_a_limit_that_not_even_nothing_keeps_is_named():
    with pytest.raises(ContractError, match=r"less for money: not even doing nothing keeps them"):
        solve(problem_of([0], [5], [[1]], [-1]), ["money"])
