"""Which difference could a comparison have seen, and how many people would a smaller one take?"""

import math

from scipy.optimize import brentq
from scipy.special import nctdtr, stdtrit

from ml.errors import ContractError, InsufficientDataError

MOST_PEOPLE = 1e12


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


def power_of(effect: float, spread: float, *, control_count: float, arm_count: float, alpha: float) -> float:
    """Chance that a two-sided t test of level alpha finds a true difference.

    Takes     effect: the difference; spread: standard deviation of one person, the same in both arms, > 0.
    Source    Cohen (1988), Statistical Power Analysis: noncentral t with n1 + n2 - 2 degrees of freedom.
    """
    freedom = control_count + arm_count - 2.0
    shift = abs(effect) / (spread * math.sqrt(1.0 / control_count + 1.0 / arm_count))
    edge = float(stdtrit(freedom, 1.0 - alpha / 2.0))
    above = 1.0 - float(nctdtr(freedom, shift, edge)) if shift < 30.0 else 1.0  # scipy's sum ends near 38
    return above + (float(nctdtr(freedom, shift, -edge)) if shift < 5.0 else 0.0)


def people_needed(effect: float, spread: float, *, control_share: float, alpha: float, power: float) -> float:
    """People in control and arm together, not rounded, that give the wanted power.

    Takes     control_share: the control's share of these two arms, in (0, 1).
    Raises    ContractError           a zero effect, or no spread.
              InsufficientDataError   more than 1e12 people would be needed.
    """
    if effect == 0.0 or spread <= 0.0 or not 0.0 < control_share < 1.0:
        raise ContractError(
            f"power: expected an effect other than 0, a spread above 0 and a control share inside (0, 1), got "
            f"{effect}, {spread} and {control_share}. State the smallest effect worth acting upon."
        )

    def missing(people: float) -> float:
        counts = {"control_count": people * control_share, "arm_count": people * (1.0 - control_share)}
        return power_of(effect, spread, alpha=alpha, **counts) - power

    fewest = max(1.01 / min(control_share, 1.0 - control_share), 2.5)
    if missing(fewest) >= 0.0:
        return fewest
    if missing(MOST_PEOPLE) < 0.0:
        raise InsufficientDataError(
            f"power: an effect of {effect:g} at a standard deviation of {spread:g} takes more than {MOST_PEOPLE:g} "
            "people. No test will see it: look for a larger effect or a metric that varies less."
        )
    return float(brentq(missing, fewest, MOST_PEOPLE, xtol=1e-9, rtol=1e-14))


def smallest_effect(people: float, spread: float, *, control_share: float, alpha: float, power: float) -> float:
    """The difference that is found with the given power by that many people in control and arm together."""
    control, arm = people * control_share, people * (1.0 - control_share)
    if min(control, arm) < 2.0:
        raise InsufficientDataError(
            f"power: expected at least two people in each arm, got {control:g} and {arm:g}. Take more people."
        )

    def missing(effect: float) -> float:
        return power_of(effect, spread, control_count=control, arm_count=arm, alpha=alpha) - power

    error = spread * math.sqrt(1.0 / control + 1.0 / arm)
    return float(brentq(missing, 0.0, 29.0 * error, xtol=1e-12 * error, rtol=1e-12))
