"""The report of an uplift measurement: plain numbers and sentences, ready for JSON."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ml.effect.arms import ArmFit
from ml.effect.average import single_slopes
from ml.effect.balance import Assignment
from ml.effect.crossfit import FOLDS
from ml.effect.learners import LEARNERS
from ml.effect.policy import Price, Valued
from ml.effect.pseudo import doubly_robust
from ml.effect.qini import NORMAL_95, Qini, qini, qini_curve
from ml.effect.trees import Numbers
from ml.effect.trial import Trial

AVERAGE = "average"


def describe(
    trial: Trial,
    assignment: Assignment,
    arms: Sequence[ArmFit],
    valued: Valued,
    verdict: tuple[str, str],
    price: Price,
    warnings: Sequence[str],
    *,
    seed: int,
) -> dict[str, Any]:
    """Everything the command says, and more."""
    counts = np.bincount(trial.arm, minlength=len(trial.arms))
    return {
        "verdict": verdict[0],
        "reason": verdict[1],
        "arms": [{"arm": arm, "n": int(count)} for arm, count in zip(trial.arms, counts, strict=True)],
        "features": [column.name for column in trial.encoder.columns],
        "balance": {
            "p_value": assignment.p_value,
            "auc": dict(zip(trial.arms[1:], assignment.auc, strict=True)),
            "is_predicted": assignment.is_predicted,
            "differing_columns": list(assignment.differing),
            "probabilities": assignment.basis,
        },
        "effects": [_effect(arm, trial, seed=seed) for arm in arms],
        "policy": {
            "value": price.value,
            "cost": dict(zip(trial.arms[1:], price.costs, strict=True)),
            "is_stated": price.is_stated,
            "policies": valued.values,
            "gains_of_targeted": [gain.described() for gain in valued.gains],
        },
        "warnings": [*trial.warnings, *warnings],
        "folds": FOLDS,
        "seed": seed,
    }


def _effect(arm: ArmFit, trial: Trial, *, seed: int) -> dict[str, Any]:
    out, group, fold = arm.fitted.out, arm.pair.group, arm.fold
    score = arm.deviation()[arm.pair.rows]
    response = (1.0 - out.chance) * out.without + out.chance * out.with_
    margin = NORMAL_95 * arm.whole.effect_error
    names = [*LEARNERS, *(["dose curve"] if arm.pair.curves else [])]
    slopes = single_slopes(out, group)
    learners = [
        {
            "learner": name,
            **_area(qini(out.effects[:, place], out.score, fold, widening=arm.widening)),
            "slope": slope,
            "slope_z": z,
        }
        | {"weight": float(arm.whole.weights[place])}
        for place, (name, (slope, z)) in enumerate(zip(names, slopes, strict=True))
    ]
    rankings = {
        "uplift": qini(score, out.score, fold, widening=arm.widening),
        "random": Qini(0.0, 0.0),
        "treat-all": Qini(0.0, 0.0),
        "response": qini(response, out.score, fold),
        "uplift, treatment permuted": qini(score, _dealt_again(arm, seed=seed), fold),
    }
    return {
        "arm": arm.name,
        "average_effect": arm.whole.effect,
        "low": arm.whole.effect - margin,
        "high": arm.whole.effect + margin,
        "kept_share_of_differences": arm.whole.kept,
        "slope_z": arm.whole.slope_z,
        "permutation": {"z": arm.luck.z, "p_value": arm.luck.p_value, "draws": arm.luck.draws},
        "learners": learners,
        "qini": [{"ranking": name, **_area(area)} for name, area in rankings.items()],
        "curve": qini_curve(score, out.score, group.outcome, group.treated, fold),
        "response_curve": qini_curve(response, out.score, group.outcome, group.treated, fold),
    }


def _dealt_again(arm: ArmFit, *, seed: int) -> Numbers:
    """Doubly robust scores of a treatment dealt again: what the curve shows when nothing is there."""
    out, group = arm.fitted.out, arm.pair.group
    dealt = np.random.default_rng([seed, 4]).permutation(group.treated)
    return doubly_robust(group.outcome, dealt, np.full(dealt.size, dealt.mean()), out.without, out.with_)


def _area(area: Qini) -> dict[str, float]:
    return {"qini": area.area, "low": area.low, "high": area.high}
