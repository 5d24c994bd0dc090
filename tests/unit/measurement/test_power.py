"""Power: the effect a comparison can see, against the textbook and against what is wanted."""

import pytest

from ml.measurement.power import detectable_effect, times_more_people


def test_with_many_people_it_is_the_textbooks_two_point_eight_standard_errors():
    assert detectable_effect(1.0, 1e9, confidence=0.95, power=0.8) == pytest.approx(2.8015852, abs=1e-6)


def test_fewer_degrees_of_freedom_see_less():
    few = detectable_effect(1.0, 10, confidence=0.95, power=0.8)
    assert few == pytest.approx(2.2281389 + 0.8790578, abs=1e-6)  # Bloom (1995), table of multipliers
    assert few > detectable_effect(1.0, 100, confidence=0.95, power=0.8)


def test_a_half_as_large_effect_takes_four_times_the_people():
    assert times_more_people(10.0, 5.0) == 4.0
    assert times_more_people(10.0, 0.0) is None
