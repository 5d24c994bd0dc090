"""Which difference could a comparison have seen, and how many people would a smaller one take?"""

from scipy.special import stdtrit


def detectable_effect(standard_error: float, degrees_of_freedom: float, *, confidence: float, power: float) -> float:
    """Smallest true difference found with the given power by a two-sided test, in the error's unit.

    Source    Bloom (1995), Minimum Detectable Effects, Evaluation Review 19(5): the sum of two t quantiles
              times the standard error. The far tail (chance of the wrong sign) is left out: below 1e-6.
    """
    found = float(stdtrit(degrees_of_freedom, 1.0 - (1.0 - confidence) / 2.0))
    missed = float(stdtrit(degrees_of_freedom, power))
    return (found + missed) * standard_error


def times_more_people(detectable: float, wanted: float) -> float | None:
    """How many times today's people it takes to see `wanted` instead of `detectable`; None if wanted is 0.

    The standard error falls with the square root of the people, both arms growing alike.
    """
    return None if wanted <= 0.0 else (detectable / wanted) ** 2
