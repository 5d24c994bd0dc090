"""Many lots at once: the same answer as a library's regression, errors that hold, and belief that follows evidence."""

import dataclasses

import numpy as np
import pytest
import statsmodels.api as sm

from ml.effect.belief import weigh
from ml.effect.pooled import Lots, pool_lots, standardised

CELLS = (("email", False), ("email", True), ("sms", False))
LOTS_OF_A_PERSON = 8


def lots_of(multiples, *, people=400, slope=0.0, seed=0, luck=0.0):
    """Each person in eight lots; `luck` is what the rows of a person have in common beyond what is expected of them."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(people), LOTS_OF_A_PERSON)
    expected = np.repeat(rng.gamma(2.0, 1.0, people), LOTS_OF_A_PERSON) + 0.1
    traits = np.repeat(rng.normal(3.0, 2.0, (people, 1)), LOTS_OF_A_PERSON, axis=0)
    own = rng.integers(0, len(multiples), person.size)
    chance = rng.uniform(0.3, 0.9, person.size)
    treated = rng.random(person.size) < chance
    effect = (np.array(multiples)[own] + slope * (traits[:, 0] - 3.0) / 2.0) * 0.3 * expected
    common = np.repeat(rng.normal(0.0, luck, people), LOTS_OF_A_PERSON) * (treated - chance)
    outcome = expected + treated * effect + common + rng.normal(0.0, 0.5, person.size)
    cells = CELLS[: len(multiples)]
    return Lots(person, cells, own, treated - chance, 0.3 * expected, expected, expected, outcome, traits)


def of_a_library(lots):
    """Weighted least squares of statsmodels on the columns that the docstring names, with errors by person."""
    pooled = pool_lots(lots)
    traits = standardised(lots.traits, pooled.centre, pooled.scale)
    of_cell = (lots.own[:, None] == np.arange(len(lots.cells))).astype(float)
    belief = (lots.drawn * lots.stated)[:, None]
    ones = np.ones((lots.own.size, 1))
    parts = [lots.usual[:, None] * np.hstack([ones, traits]), ones, traits, belief * np.hstack([of_cell, traits])]
    model = sm.WLS(lots.outcome, np.hstack(parts), weights=1 / (lots.expected + lots.expected.mean()))
    by_person = model.fit(cov_type="cluster", cov_kwds={"groups": lots.person, "use_correction": False})
    return pooled, by_person, model.fit()


@pytest.mark.parametrize(("people", "luck"), [(400, 1.0), (6, 0.0)])  # of few people the own scatter says too little
def test_estimates_and_errors_are_those_of_a_library(people, luck):
    lots = lots_of([1.0, 0.5, 0.0], slope=0.4, people=people, luck=luck)
    pooled, by_person, alike = of_a_library(lots)
    kept = len(pooled.estimate)
    assert pooled.estimate == pytest.approx(by_person.params[-kept:], rel=1e-10)
    larger = np.maximum(np.diag(by_person.cov_params()), np.diag(alike.cov_params()))[-kept:]
    assert np.diag(pooled.covariance) == pytest.approx(larger, rel=1e-9)
    off = pooled.covariance - np.diag(np.diag(pooled.covariance))
    theirs = by_person.cov_params()[-kept:, -kept:]
    assert off == pytest.approx(theirs - np.diag(np.diag(theirs)), rel=1e-9, abs=1e-15)


def test_neither_the_order_of_rows_nor_the_numbers_of_people_matter():
    lots = lots_of([1.0, 0.5], luck=1.0)
    order = np.random.default_rng(5).permutation(lots.own.size)
    names = ("own", "drawn", "stated", "expected", "usual", "outcome", "traits")
    moved = {name: getattr(lots, name)[order] for name in names}
    other = dataclasses.replace(lots, person=(lots.person.max() - lots.person)[order], **moved)
    assert pool_lots(other).estimate == pytest.approx(pool_lots(lots).estimate, rel=1e-9)
    assert pool_lots(other).covariance == pytest.approx(pool_lots(lots).covariance, rel=1e-7, abs=1e-12)


def test_errors_hold_when_the_rows_of_a_person_are_alike():
    """Multiples inside 1.96 errors in 95 % of worlds; were rows taken for independent it would be 77 %."""
    inside = []
    for seed in range(200):
        pooled = pool_lots(lots_of([1.0, 0.5], people=150, luck=1.5, seed=seed))
        error = np.sqrt(np.diag(pooled.covariance))[:2]
        inside += list(np.abs(pooled.estimate[:2] - [1.0, 0.5]) <= 1.96 * error)
    assert 0.91 <= np.mean(inside) <= 0.98


def test_belief_goes_from_what_is_stated_to_what_is_found():
    clear = weigh(pool_lots(lots_of([0.6, 0.2], people=4_000)), CELLS)
    assert clear.multiple[:2] == pytest.approx([0.6, 0.2], abs=0.1)
    assert (clear.weight[:2] > 0.9).all()
    assert clear.weight[2] < clear.weight[1]  # of what was in no lot only the others tell
    nothing = weigh(pool_lots(lots_of([0.0, 0.0], people=4_000)), CELLS)
    assert nothing.nothing_probability > 0.9
    assert np.abs(nothing.multiple).max() < 0.05


def test_a_person_differs_as_far_as_the_lots_show():
    belief = weigh(pool_lots(lots_of([1.0], people=4_000, slope=0.5)), CELLS[:1])
    asked = np.array([[3.0], [5.0], [np.nan]])
    multiple, weight, is_seen = belief.of([CELLS[0]] * 3, asked)
    assert multiple[1] - multiple[0] == pytest.approx(0.5, abs=0.1)
    assert multiple[2] == belief.multiple[0]  # who is not known is as everybody
    assert is_seen.all()
    assert (weight > 0.9).all()


def test_a_kind_of_contact_that_was_not_asked_for_is_unknown():
    belief = weigh(pool_lots(lots_of([1.0])), CELLS[:1])
    multiple, weight, is_seen = belief.of([("letter", True)], np.array([[3.0]]))
    assert np.isnan(multiple[0])
    assert np.isnan(weight[0])
    assert not is_seen[0]
