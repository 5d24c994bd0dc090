"""The lot: its probabilities are exact, it never breaks a limit, and it is the same for the same night."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.decisioning.explore import PERIOD_DAYS, explore, period_of
from ml.decisioning.prices import Problem, net_values, used
from ml.decisioning.solver import solve
from tests.builders.decisioning import NIGHT, random_problem

NAMES = ["money", "letters", "mails"]


def draw(problem, solution, *, seed=1, rate=0.05, withheld=0.0, tolerance=10_000, night=NIGHT):
    return explore(
        problem,
        solution.choice,
        net_values(problem, solution.prices),
        people=[f"p{n}" for n in range(len(solution.choice))],
        rate=rate,
        withheld_rate=withheld,
        tolerance_units=tolerance,
        seed=seed,
        as_of_date=night,
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), people=st.integers(1, 30), tolerance=st.integers(0, 60_000))
def test_the_limits_hold_even_if_everybody_draws(seed, people, tolerance):
    problem = random_problem(np.random.default_rng(seed), people)
    solution = solve(problem, NAMES)
    for lot in range(10):
        drawn = draw(problem, solution, seed=lot, rate=1.0, tolerance=tolerance)
        assert (used(problem, drawn.choice) <= problem.limit).all()
        chosen = drawn.choice >= 0
        assert (problem.person[drawn.choice[chosen]] == np.flatnonzero(chosen)).all()


def three_equal_choices(people):
    """Nothing binds; each person has two candidates and nothing, all within a cent."""
    person = np.repeat(np.arange(people), 2)
    value = np.tile([60, 50], people)
    return Problem(person, value, np.zeros((1, 2 * people), dtype=np.int64), np.array([0]))


def test_the_recorded_probabilities_are_the_frequencies():
    problem = three_equal_choices(2_000)
    solution = solve(problem, ["money"])
    counts, greedy, rounds = np.zeros(3), 0.05, 40
    for seed in range(rounds):
        drawn = draw(problem, solution, seed=seed, rate=0.3, tolerance=100)
        kind = np.where(drawn.choice < 0, 2, drawn.choice % 2)
        counts += np.bincount(kind, minlength=3)
        expected = np.array([1 - 0.3 + 0.1, 0.1, 0.1])
        assert drawn.probability == pytest.approx(expected[kind])
        assert (drawn.set_size == 3).all()
    greedy, other, nothing = counts / counts.sum()
    assert greedy == pytest.approx(0.8, abs=0.006)  # 4 standard deviations of 80,000 draws
    assert other == pytest.approx(0.1, abs=0.0045)
    assert nothing == pytest.approx(0.1, abs=0.0045)


def test_withheld_contacts_come_at_their_rate_and_both_chances_are_recorded():
    problem = three_equal_choices(2_000)
    solution = solve(problem, ["money"])
    counts = np.zeros(3)
    for seed in range(40):
        drawn = draw(problem, solution, seed=seed, rate=0.3, withheld=0.2, tolerance=100)
        kind = np.where(drawn.choice < 0, 2, drawn.choice % 2)
        counts += np.bincount(kind, minlength=3)
        expected = np.array([0.8 * (1 - 0.3 + 0.1), 0.8 * 0.1, 0.2 + 0.8 * 0.1])
        assert drawn.probability == pytest.approx(expected[kind])
        assert drawn.solved == pytest.approx(0.64)
        assert drawn.nothing == pytest.approx(0.28)
    assert counts / counts.sum() == pytest.approx([0.64, 0.08, 0.28], abs=0.0075)


def test_who_is_withheld_stays_so_until_the_period_ends_and_then_others_are():
    problem = three_equal_choices(2_000)
    solution = solve(problem, ["money"])
    start = date.fromordinal(period_of(NIGHT) * PERIOD_DAYS)
    last, later = start + timedelta(days=PERIOD_DAYS - 1), start + timedelta(days=PERIOD_DAYS)
    left_out = [
        draw(problem, solution, rate=0.0, withheld=0.2, night=night).choice < 0 for night in (start, last, later)
    ]
    assert (left_out[0] == left_out[1]).all()
    assert left_out[0].mean() == pytest.approx(0.2, abs=0.04)
    both = (left_out[0] & left_out[2]).mean()
    assert both == pytest.approx(0.04, abs=0.02)  # as if drawn anew


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), people=st.integers(1, 30), tolerance=st.integers(0, 60_000))
def test_chances_of_all_choices_of_a_person_add_up_to_one(seed, people, tolerance):
    problem = random_problem(np.random.default_rng(seed), people)
    solution = solve(problem, NAMES)
    drawn = draw(problem, solution, rate=0.4, withheld=0.3, tolerance=tolerance)
    other = 0.7 * 0.4 / drawn.set_size
    has_nothing = drawn.nothing - np.where(solution.choice >= 0, 0.3, 0.0) > 1e-9
    others = drawn.set_size - 1 - (has_nothing & (solution.choice >= 0))
    nothing = np.where(solution.choice >= 0, drawn.nothing, 0.0)
    assert drawn.solved + nothing + others * other == pytest.approx(np.ones(len(drawn.solved)))
    assert (used(problem, drawn.choice) <= problem.limit).all()


def test_without_a_near_equal_choice_nothing_is_left_to_chance():
    problem = three_equal_choices(50)
    drawn = draw(problem, solve(problem, ["money"]), rate=1.0, tolerance=0)
    assert (drawn.probability == 1.0).all()
    assert not drawn.is_drawn.any()


def test_a_limit_that_is_used_up_lets_only_cheaper_choices_into_the_set():
    # one letter for two people; who has the letter may fall back to nothing, the other may not take it
    problem = Problem(np.array([0, 1]), np.array([60, 50]), np.array([[10_000, 10_000]]), np.array([10_000]))
    solution = solve(problem, ["letters"])
    assert solution.choice.tolist() == [0, -1]
    assert draw(problem, solution, tolerance=10_000).set_size.tolist() == [2, 1]


def test_the_lot_depends_on_seed_night_and_person_alone():
    problem = three_equal_choices(400)
    solution = solve(problem, ["money"])
    first = draw(problem, solution, rate=0.5)
    assert (draw(problem, solution, rate=0.5).choice == first.choice).all()
    assert (draw(problem, solution, rate=0.5, seed=2).choice != first.choice).any()
    assert (draw(problem, solution, rate=0.5, night=date(2018, 1, 2)).choice != first.choice).any()
    fewer = three_equal_choices(100)
    assert (draw(fewer, solve(fewer, ["money"]), rate=0.5).choice == first.choice[:100]).all()


def test_more_exploration_only_adds_people_who_draw():
    problem = three_equal_choices(400)
    solution = solve(problem, ["money"])
    few, many = (draw(problem, solution, rate=rate).is_drawn for rate in (0.1, 0.4))
    assert (few <= many).all()
    assert few.sum() < many.sum()
