"""One call from a table to uplift per person and arm, what targeting is worth, and a verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from ml.effect.arms import ArmFit, fit_arms, response_of_everybody, scores_of_everybody
from ml.effect.balance import check_balance
from ml.effect.cautions import cautions, obstacle_of
from ml.effect.crossfit import Notify, deal_folds
from ml.effect.dose import rising
from ml.effect.permutation import plain_score
from ml.effect.policy import Price, possible_gain, value_policies
from ml.effect.qini import qini
from ml.effect.report import describe
from ml.effect.score import UpliftModel
from ml.effect.trees import Setup, capacity_for
from ml.effect.trial import Roles, build_trial
from ml.effect.verdict import ArmEvidence, judge
from ml.errors import ContractError


@dataclass(frozen=True, slots=True)
class Measured:
    """Rows for people, a report for readers, a model for people who are not in the table."""

    rows: pl.DataFrame
    report: dict[str, Any]
    model: UpliftModel


def measure_uplift(
    frame: pl.DataFrame,
    roles: Roles,
    *,
    cost: float | Mapping[str, float] | None = None,
    value: float | None = None,
    seed: int = 7,
    threads: int = 2,
    notify: Notify = lambda _: None,
) -> Measured:
    """Uplift of every person and arm, out of fold, with what targeting by it is worth.

    Takes     frame: one row per person; roles: names of its columns; cost: of a contact, one for all arms or per arm;
              value: of one unit of outcome; without both 0 and 1, and the verdict is about the ranking.
    Returns   Measured; rows: the id, `arm`, `uplift` (outcome units), `standard_error`, `is_chosen` (the policy
              contacts this person with this arm), sorted by id and arm.
    Raises    ContractError, InsufficientDataError as `build_trial` does.
    """
    trial = build_trial(frame, roles)
    price = price_of(trial.arms, cost, value)
    setup = Setup(tuple(trial.encoder.kinds), capacity_for(trial.arm.size), seed, threads)
    notify("balance of the arms")
    assignment = check_balance(trial, setup)
    fold = deal_folds(trial.arm, seed=seed)
    arms = fit_arms(trial, assignment, fold, setup, is_dose=roles.is_dose, notify=notify)
    notify("value of the policies")
    uplift = np.column_stack([arm.uplift() for arm in arms])
    if roles.is_dose:
        uplift = rising(uplift)
    valued = value_policies(
        uplift,
        scores_of_everybody(trial, assignment, arms),
        response_of_everybody(arms),
        fold,
        trial.arms[1:],
        price,
        widening=max(arm.widening for arm in arms),
    )
    verdict = judge([_evidence(arm, price) for arm in arms], valued, price, obstacle_of(trial, assignment, arms))
    report = describe(
        trial, assignment, arms, valued, verdict, price, cautions(trial, assignment, arms, roles), seed=seed
    )
    model = UpliftModel(roles.person, trial.encoder, tuple(arm.model() for arm in arms), price, roles.is_dose)
    rows = model.table(trial.person, uplift, np.column_stack([arm.error for arm in arms]))
    return Measured(rows, report, model)


def price_of(arms: Sequence[str], cost: float | Mapping[str, float] | None, value: float | None) -> Price:
    """Costs per arm, the control's left out, and the value of one unit of outcome.

    Raises    ContractError if a number is not finite, a cost is negative, or an arm is unknown or without a cost.
    """
    costs = dict(cost) if isinstance(cost, Mapping) else dict.fromkeys(arms[1:], 0.0 if cost is None else cost)
    if set(costs) != set(arms[1:]):
        raise ContractError(
            f"--cost: expected one number, or one for each of {list(arms[1:])}, got {sorted(costs)}. Correct it."
        )
    numbers = [*costs.values(), 1.0 if value is None else value]
    if not all(np.isfinite(numbers)) or min(costs.values()) < 0.0 or value == 0.0:
        raise ContractError(
            f"--cost, --value: expected a cost of at least 0 and a value other than 0, got {costs} and {value}."
        )
    return Price(numbers[-1], tuple(costs[arm] for arm in arms[1:]), cost is not None or value is not None)


def _evidence(arm: ArmFit, price: Price) -> ArmEvidence:
    out = arm.fitted.out
    possible = possible_gain(plain_score(out.effects, arm.fold), out.score, arm.fold, price, arm.pair.place - 1)
    area = qini(plain_score(out.effects, arm.fold), out.score, arm.fold, widening=arm.widening)
    return ArmEvidence(arm.name, arm.luck.p_value, area, arm.whole.effect, possible)
