"""What may be said about one comparison, in one of five fixed phrases, and why."""

from dataclasses import dataclass

from ml.measurement.power import times_more_people
from ml.measurement.welch import Difference, Sums

NOT_YET = "not enough evidence yet"
NO_DIFFERENCE = "no measurable difference"
LIFT = "lift"
HARM = "harm"
BLOCKED = "blocked: sample ratio"
VERDICTS = (NOT_YET, NO_DIFFERENCE, LIFT, HARM, BLOCKED)


@dataclass(frozen=True, slots=True)
class LiftPlan:
    """What was fixed before anybody looked at a result."""

    window_days: int
    confidence: float
    power: float
    min_persons_per_arm: int
    plausible_rate: float  # of the holdout's mean: the largest effect one would believe in
    sample_ratio_alpha: float


STANDARD_PLAN = LiftPlan(
    window_days=28,  # four whole weeks, so that every night's window holds each weekday equally often
    confidence=0.95,
    power=0.80,
    min_persons_per_arm=100,  # spend is skewed: below this the t interval does not keep its promise
    plausible_rate=0.05,  # own definition: next-best-action programmes report low single per cents of sales
    sample_ratio_alpha=0.0005,  # checked every night, so a false alarm has to be rare
)


def judge(
    difference: Difference,
    treated: Sums,
    holdout: Sums,
    *,
    observed_days: int,
    sample_ratio: float | None,
    plan: LiftPlan,
) -> tuple[str, str]:
    """The verdict and its reason in one sentence.

    The order matters: a broken split is told at once, and a result is never read before its window is over.
    """
    if sample_ratio is not None and sample_ratio < plan.sample_ratio_alpha:
        return BLOCKED, (
            f"{holdout.count} of {holdout.count + treated.count} people are in the holdout, which the stated "
            "share does not explain: find out who got lost before reading any difference."
        )
    missing = _missing_evidence(difference, treated, holdout, observed_days=observed_days, plan=plan)
    return (NOT_YET, missing) if missing else read_interval(difference, holdout.mean, plan)


def read_interval(difference: Difference, control_mean: float | None, plan: LiftPlan) -> tuple[str, str]:
    """What an interval says by itself, once nothing forbids to read it."""
    if difference.low is not None and difference.low > 0.0:
        return LIFT, "The whole interval is above zero."
    if difference.high is not None and difference.high < 0.0:
        return HARM, "The whole interval is below zero."
    return _no_clear_sign(difference, control_mean, plan)


def _missing_evidence(
    difference: Difference, treated: Sums, holdout: Sums, *, observed_days: int, plan: LiftPlan
) -> str | None:
    if treated.count == 0 or holdout.count == 0:
        return f"Nobody is in the {'treated' if treated.count == 0 else 'holdout'} arm."
    if observed_days < plan.window_days:
        return f"{observed_days} of {plan.window_days} days are over."
    fewest = min(treated.count, holdout.count)
    if fewest < plan.min_persons_per_arm:
        return f"The smaller arm has {fewest} people; {plan.min_persons_per_arm} are needed."
    if difference.low is None:
        return "Everybody has the same value, so chance cannot be told from effect."
    return None


def _no_clear_sign(difference: Difference, control_mean: float | None, plan: LiftPlan) -> tuple[str, str]:
    plausible = plan.plausible_rate * abs(control_mean or 0.0)
    detectable = difference.detectable or 0.0
    if detectable <= plausible:
        return NO_DIFFERENCE, (
            f"The interval covers zero, and an effect of {_per_cent(plan.plausible_rate)} would very likely "
            "have been seen."
        )
    factor = times_more_people(detectable, plausible)
    more = (
        "" if factor is None else f"; seeing {_per_cent(plan.plausible_rate)} takes about {factor:.1f} times the people"
    )
    return (
        NOT_YET,
        f"The interval covers zero, and only a difference of {_amount(detectable)} or more could be seen{more}.",
    )


def _per_cent(rate: float) -> str:
    return f"{100 * rate:g} %"


def _amount(value: float) -> str:
    """Two decimals for money, three digits for rates."""
    return f"{value:.2f}" if value >= 1.0 else f"{value:.3g}"
