"""Is choosing people worth it? One of three phrases, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from ml.effect.policy import SURE_OF_MONEY, SURE_ONE_SIDED, Price, Valued
from ml.effect.qini import Qini
from ml.measurement.multiplicity import holm

HELPS = "targeting helps"
DOES_NOT = "targeting does not help"
CANNOT_TELL = "cannot tell"
WORTH = 0.1  # of what contacting everybody changes: a smaller gain is not worth a model


@dataclass(frozen=True, slots=True)
class ArmEvidence:
    """Of one arm: p-value of the permutation test, area of the ranking, average effect, possible gain in money."""

    arm: str
    p_value: float
    area: Qini
    effect: float
    possible_gain: float


def judge(arms: Sequence[ArmEvidence], valued: Valued, price: Price, obstacle: str | None) -> tuple[str, str]:
    """The verdict and its reason.

    With a stated cost or value: helps if the chosen people bring more money than nobody and than everybody, each at
    10 % one-sided, and the ranking is no luck at 5 %. Without: helps if the ranking is no luck (5 % one-sided, Holm
    over arms), for then the same number of contacts does more when it is targeted. Does not: a gain of a tenth of what
    contacting everybody changes can be ruled out.
    """
    if obstacle:
        return CANNOT_TELL, obstacle
    p_values = holm([arm.p_value for arm in arms])
    best = min(p_values)
    is_ranked = best <= SURE_ONE_SIDED
    if not price.is_stated:
        return _judge_ranking(arms, best)
    worst = max(valued.best_uniform(), key=lambda gain: gain.p_value)
    if is_ranked and worst.p_value <= SURE_OF_MONEY:
        least = min(valued.best_uniform(), key=lambda gain: gain.estimate)
        return HELPS, (
            f"Contacting the chosen {valued.share:.0%} brings {least.estimate:.4g} more per person than contacting "
            f"{least.against} (p = {worst.p_value:.2g}), and the ranking is no luck (p = {best:.2g})."
        )
    change = max(abs(arm.effect) for arm in arms) * abs(price.value)
    possible = max(arm.possible_gain for arm in arms)
    if possible <= WORTH * change:
        return DOES_NOT, (
            f"The same for everybody is as good: whatever share is chosen, the gain is below {possible:.4g} per "
            f"person, less than a tenth of the {change:.4g} that a contact changes."
        )
    return CANNOT_TELL, (
        f"The gain over contacting {worst.against} is {worst.estimate:.4g} per person, which chance explains "
        f"(p = {worst.p_value:.2g}; the ranking: p = {best:.2g}), but a gain of up to {possible:.4g} is possible."
    )


def _judge_ranking(arms: Sequence[ArmEvidence], best: float) -> tuple[str, str]:
    if best <= SURE_ONE_SIDED:
        return HELPS, (
            f"The ranking is no luck (p = {best:.2g}): the same number of contacts changes more when the people with "
            "the highest uplift come first. State --cost and --value to learn whether to contact fewer than all."
        )
    if all(arm.area.high <= WORTH * abs(arm.effect) / 2.0 for arm in arms):
        return DOES_NOT, (
            f"The ranking may be luck (p = {best:.2g}), and a gain of a tenth over people taken at random is ruled out."
        )
    return CANNOT_TELL, f"The ranking may be luck (p = {best:.2g}), but a gain worth having is not ruled out."
