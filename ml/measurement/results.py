"""One row per metric, method and arm: numbers where there are honest ones, and a verdict."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from ml.errors import InsufficientDataError
from ml.measurement.balance import unequal_covariates
from ml.measurement.cautions import FEWEST_CLUSTERS, about_metric
from ml.measurement.compare import (
    Comparison,
    as_normal,
    as_student,
    compare_means,
    compare_ratios,
    compare_shared,
    relative_lift,
)
from ml.measurement.moments import Moments
from ml.measurement.multiplicity import holm
from ml.measurement.sequential import (
    always_valid_multiplier,
    always_valid_p,
    group_boundaries,
    group_p,
)
from ml.measurement.units import ARM, CLUSTER, Metric, capped, samples, shared_sample
from ml.measurement.verdict import HARM, LIFT, NOT_YET, STANDARD_PLAN, read_interval
from ml.measurement.welch import Difference, student_interval

Pair = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class ResultPlan:
    """How sure one wants to be, how often one looks, and what is cut."""

    confidence: float = STANDARD_PLAN.confidence
    power: float = STANDARD_PLAN.power
    winsorise: float | None = None
    is_sequential: bool = False
    looks: tuple[float, ...] = ()  # shares of the planned people at each look so far; empty: always-valid
    tuned_for: float = 10_000.0  # units at which always-valid intervals are narrowest

    @property
    def alpha(self) -> float:
        """Accepted error rate."""
        return 1.0 - self.confidence


def results_of(
    values: pl.DataFrame,
    metrics: list[Metric],
    covariates: list[str],
    units: dict[str, int],
    is_crossed: bool,
    plan: ResultPlan,
) -> tuple[list[dict[str, Any]], list[str]]:
    """All comparisons, Holm's correction per method, verdicts; and warnings in the order of the metrics.

    Takes     values: arm, cluster if any, and numbers, sorted; units: randomised units per arm, control first.
    """
    control, *others = units
    rows: list[dict[str, Any]] = []
    warnings = [] if is_crossed else list(unequal_covariates(values, covariates, list(units)))
    if CLUSTER in values.columns and min(units.values()) < FEWEST_CLUSTERS:
        warnings.append(
            f"The smallest arm has {min(units.values())} clusters; below {FEWEST_CLUSTERS} errors are rough."
        )
    for metric in metrics:
        people = {arm: int((values[ARM] == arm).sum()) for arm in units}
        warnings += [caution.text for caution in about_metric(values, metric.column, people)]
        for method, table, extra in _variants(values, metric, covariates, is_crossed, plan, warnings):
            cautions = about_metric(table, metric.column, people)
            for arm in others:
                row = _row(table, metric, extra, control, arm, units, is_crossed, plan)
                names = {"metric": metric.column, "denominator": metric.denominator, "arm": arm, "method": method}
                rows.append({**names, **row, "cautions": cautions})
    _correct(rows)
    return [_judged(row, units, plan) for row in rows], warnings


def _variants(
    values: pl.DataFrame,
    metric: Metric,
    covariates: list[str],
    is_crossed: bool,
    plan: ResultPlan,
    warnings: list[str],
) -> Iterator[tuple[str, pl.DataFrame, list[str]]]:
    """Raw beside winsorised, each without and with covariates, named."""
    base = "delta" if metric.denominator else "welch"
    suffix = " clustered" if CLUSTER in values.columns else ""
    if plan.is_sequential:
        suffix += " group-sequential" if plan.looks else " always-valid"
    tables = [("", values)]
    if plan.winsorise is not None:
        cut, cap = capped(values, metric.column, plan.winsorise)
        changed = int((values[metric.column] > cap).sum())
        warnings.append(
            f"{metric.column}: {changed} of {values.height} values were cut to {cap:g} (quantile {plan.winsorise:g} of "
            "all arms together); the winsorised rows measure the effect on the cut metric."
        )
        tables.append((" winsorised", cut))
    for cutting, table in tables:
        yield f"{base}{cutting}{suffix}", table, []
        if covariates and not is_crossed:
            yield f"cuped{' ' + base if metric.denominator else ''}{cutting}{suffix}", table, covariates
    if covariates and is_crossed:
        warnings.append(f"{metric.column}: covariates are not used where clusters are in several arms.")


def _row(
    table: pl.DataFrame,
    metric: Metric,
    covariates: list[str],
    control: str,
    arm: str,
    units: dict[str, int],
    is_crossed: bool,
    plan: ResultPlan,
) -> dict[str, Any]:
    """The numbers of one comparison."""
    pairs: list[Pair] = [(metric.column, metric.denominator), *((name, None) for name in covariates)]
    is_paired = metric.denominator is not None or CLUSTER in table.columns
    try:
        if is_crossed:
            shared = shared_sample(table, pairs[0], control, arm)
            seen = compare_shared(shared) if shared.count > 1 else None
        else:
            both = samples(table, pairs, [control, arm])
            seen = _compared(both[control], both[arm], is_paired=is_paired)
    except InsufficientDataError as error:
        return _numbers(None, units[control] + units[arm], plan) | {"reason": str(error)}
    means = {} if seen else _means(table, metric, control, arm)
    return _numbers(seen, units[control] + units[arm], plan) | means


def _compared(control: Moments, arm: Moments, *, is_paired: bool) -> Comparison | None:
    if min(control.count, arm.count) < 2:
        return None
    return compare_ratios(control, arm) if is_paired else compare_means(control, arm)


def _means(table: pl.DataFrame, metric: Metric, control: str, arm: str) -> dict[str, float | None]:
    """What is known of arms too small to be compared: their means."""
    found: dict[str, float | None] = {}
    for name, side in (("control_mean", control), ("arm_mean", arm)):
        mine = table.filter(pl.col(ARM) == side)
        below = float(mine[metric.denominator].sum()) if metric.denominator else float(mine.height)
        found[name] = float(mine[metric.column].sum()) / below if below else None
    if found["control_mean"] is not None and found["arm_mean"] is not None:
        found["estimate"] = found["arm_mean"] - found["control_mean"]
    return found


def _numbers(seen: Comparison | None, count: int, plan: ResultPlan) -> dict[str, Any]:
    """All columns of a result; null where nothing can be known."""
    is_testable = seen is not None and seen.error > 0.0
    found = interval_of(seen, count, plan) if seen and is_testable else (Difference(), math.inf)
    difference, multiplier = found
    lift = relative_lift(seen, multiplier) if seen and is_testable else None
    return {
        "control_mean": seen.control if seen else None,
        "arm_mean": seen.arm if seen else None,
        "estimate": seen.estimate if seen else None,
        "low": difference.low,
        "high": difference.high,
        "p_value": difference.p_value,
        "p_holm": None,
        "relative_lift": lift.value if lift else None,
        "relative_low": lift.low if lift else None,
        "relative_high": lift.high if lift else None,
        "standard_error": seen.error if seen and is_testable else None,
        "degrees_of_freedom": seen.freedom if seen and is_testable else None,
        "detectable_effect": difference.detectable,
    }


def interval_of(seen: Comparison, count: int, plan: ResultPlan) -> tuple[Difference, float]:
    """The interval of the wanted kind, and how many standard errors it reaches to each side."""
    fixed = student_interval(seen.estimate, seen.error, seen.freedom, confidence=plan.confidence, power=plan.power)
    if not plan.is_sequential:
        return fixed, (fixed.high - seen.estimate) / seen.error if fixed.high is not None else math.inf
    z = as_normal(seen)
    if plan.looks:
        multiplier, p_value = group_boundaries(plan.looks, plan.alpha)[-1], group_p(z, plan.looks)
    else:
        multiplier = always_valid_multiplier(count, tuned_for=plan.tuned_for, alpha=plan.alpha)
        p_value = always_valid_p(z, count, tuned_for=plan.tuned_for, alpha=plan.alpha)
    wide = as_student(multiplier, seen.freedom)
    margin = wide * seen.error
    wider = replace(fixed, low=seen.estimate - margin, high=seen.estimate + margin, p_value=p_value, detectable=None)
    return wider, wide


def _correct(rows: list[dict[str, Any]]) -> None:
    """Holm's p over all comparisons of one method."""
    for method in {row["method"] for row in rows}:
        family = [row for row in rows if row["method"] == method and row["p_value"] is not None]
        for row, p_value in zip(family, holm([row["p_value"] for row in family]), strict=True):
            row["p_holm"] = p_value


def _judged(row: dict[str, Any], units: dict[str, int], plan: ResultPlan) -> dict[str, Any]:
    control = next(iter(units))
    verdict, note = _verdict(row, units, plan)
    counts = {"control_count": units[control], "arm_count": units[row["arm"]]}
    kept = {name: value for name, value in row.items() if name not in {"cautions", "reason"}}
    return {**kept, **counts, "verdict": verdict, "note": note}


def _verdict(row: dict[str, Any], units: dict[str, int], plan: ResultPlan) -> tuple[str, str]:
    """The first reason that forbids an answer, else the answer."""
    pair = {arm: units[arm] for arm in (next(iter(units)), row["arm"])}
    empty = next((arm for arm in pair if pair[arm] == 0), None)
    fewest = min(pair.values())
    needed = FEWEST_CLUSTERS if "clustered" in row["method"] else STANDARD_PLAN.min_persons_per_arm
    p_value = 1.0 if row["p_holm"] is None else row["p_holm"]
    doubt = next((caution.text for caution in row["cautions"] if p_value >= caution.needed_p < 1.0), None)
    refused = {
        f"Nobody is in arm {empty}.": empty is not None,
        row.get("reason", ""): "reason" in row,
        f"The smaller arm has {fewest} units; {needed} are needed.": fewest < needed,
        doubt or "": doubt is not None,
        "Everybody has the same value, so chance cannot be told from effect.": row["low"] is None,
    }
    for note, holds in refused.items():
        if holds:
            return NOT_YET, note
    seen = Difference(row["estimate"], row["low"], row["high"], row["p_value"], row["detectable_effect"])
    if plan.is_sequential and row["low"] <= 0.0 <= row["high"]:
        return NOT_YET, "The interval, valid at every look, still covers zero."
    verdict, note = read_interval(seen, row["control_mean"], STANDARD_PLAN)
    if verdict in (LIFT, HARM) and row["p_holm"] >= plan.alpha:
        return NOT_YET, "The interval excludes zero, but not after counting all comparisons (Holm)."
    return verdict, note
