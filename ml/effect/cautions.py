"""What a reader must know before believing a figure, and what forbids a verdict."""

from collections.abc import Sequence

import numpy as np

from ml.effect.arms import ArmFit
from ml.effect.balance import SURE, Assignment
from ml.effect.learners import SAFE
from ml.effect.trees import Numbers
from ml.effect.trial import Roles, Trial

FEWEST_EVENTS = 20
NO_OVERLAP = 0.1
GIANT = 0.25


def obstacle_of(trial: Trial, assignment: Assignment, arms: Sequence[ArmFit]) -> str | None:
    """Why nobody can tell, if so."""
    for place, name in enumerate(trial.arms):
        outcome = trial.outcome[trial.arm == place]
        events = _rarer(outcome)
        if events < FEWEST_EVENTS:
            return (
                f"Only {events} of {outcome.size} people of {name} have another outcome than the rest; "
                f"{FEWEST_EVENTS} are needed."
            )
    if assignment.basis == "given" and assignment.is_predicted:
        return (
            f"The given probabilities do not explain who got what (p = {assignment.p_value:.1g}): find out how people "
            "were really assigned."
        )
    alone = max((_without_peer(arm) for arm in arms), default=0.0)
    if alone > NO_OVERLAP:
        return f"{alone:.0%} of the people had nearly no chance to be in the other arm: nobody is like them there."
    return None


def cautions(trial: Trial, assignment: Assignment, arms: Sequence[ArmFit], roles: Roles) -> list[str]:
    """Sentences about the data, the worst first."""
    said = _about_assignment(trial, assignment)
    for place, name in enumerate(trial.arms):
        outcome = np.abs(trial.outcome[trial.arm == place])
        if outcome.sum() > 0.0 and outcome.max() > GIANT * outcome.sum():
            said.append(f"One person holds {outcome.max() / outcome.sum():.0%} of the outcome of {name}.")
    for arm in arms:
        if roles.is_dose and arm.whole.effect < -2.0 * arm.whole.effect_error:
            said.append(f"The outcome falls with dose {arm.name}, which a rising curve cannot show: it is flat there.")
    return said


def _about_assignment(trial: Trial, assignment: Assignment) -> list[str]:
    if not assignment.is_predicted:
        if trial.chances is not None:
            return []
        return [
            f"No chances were given and the arm cannot be predicted (p above {SURE:g}), so the arms' shares are taken "
            "for everybody's chance of treatment."
        ]
    seen = f"the arm can be predicted from the columns (p = {assignment.p_value:.1g})"
    if assignment.differing:
        seen = f"{', '.join(assignment.differing)} differ between the arms"
    if assignment.basis == "given":
        return [f"Although probabilities were given, {seen} beyond them."]
    return [
        f"This is no clean experiment: {seen}. Chances were estimated; the figures hold only if the columns tell "
        "everything that decided the arm, and if all of them were known before the treatment. If people were drawn, a "
        "column was measured afterwards: leave it out with --exclude."
    ]


def _rarer(outcome: Numbers) -> int:
    """People whose outcome is not the most frequent one."""
    _, counts = np.unique(outcome, return_counts=True)
    return int(outcome.size - counts.max())


def _without_peer(arm: ArmFit) -> float:
    chance = arm.fitted.chances
    if chance is None:
        return 0.0
    return float(((chance <= 2.0 * SAFE) | (chance >= 1.0 - 2.0 * SAFE)).mean())
