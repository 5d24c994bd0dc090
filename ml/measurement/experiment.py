"""What did each arm of an experiment change, on any table with one row per person?"""

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from ml.errors import ContractError
from ml.measurement.cautions import about_repeats, about_split
from ml.measurement.results import ResultPlan, results_of
from ml.measurement.sample_ratio import split_p
from ml.measurement.units import ARM, CLUSTER, Metric, crossing_clusters, label_column, number_column
from ml.measurement.verdict import BLOCKED, STANDARD_PLAN

SHARES_ADD_UP = 1e-9
ONE_LOOK = (
    "Intervals and p-values hold for one look at a moment fixed beforehand. Whoever looks again and stops when he "
    "likes what he sees (peeking) errs far more often: then use --sequential."
)
MANY_LOOKS = "Intervals hold at all looks together, so looking again and stopping at any moment is allowed."


@dataclass(frozen=True, slots=True)
class ExperimentPlan:
    """What is compared and how; decided before the result is seen."""

    arm: str
    control: str
    metrics: tuple[Metric, ...]
    covariates: tuple[str, ...] = ()
    cluster: str | None = None
    person: str | None = None
    shares: dict[str, float] | None = None  # None: equal
    result: ResultPlan = field(default_factory=ResultPlan)


def measure_experiment(frame: pl.DataFrame, plan: ExperimentPlan) -> dict[str, Any]:
    """Every arm against the control, for every metric and method, with verdicts and warnings in words.

    Takes     frame, one row per person (or per member of a cluster), any order and any numeric type: the columns
              the plan names. Nobody may be missing because of what he did or did not do.
    Returns   sample_ratio_p f64; arms: [{arm, n, share}], control first; results: one row per metric, method and
              arm, numbers null where there is no honest one; warnings, assumptions: sentences; verdict of the whole.
    Raises    ContractError   a column is missing, a name or a number cannot be read, the control or every other
              arm is absent, a person is in the file twice.
    """
    values, warnings = _read(frame, plan)
    shares = _shares(values[ARM].unique().to_list(), plan)
    counts = {arm: int((values[ARM] == arm).sum()) for arm in shares}
    is_crossed = False
    units = counts
    if CLUSTER in values.columns:
        crossing = crossing_clusters(values)
        is_crossed = crossing > 0
        units = counts if is_crossed else _clusters(values, list(shares))
        if is_crossed:
            warnings.append(
                f"{crossing} clusters have members in more than one arm: taken as drawn person by person, so the split "
                "is checked by rows."
            )
    ratio_p = split_p(list(units.values()), list(shares.values()))
    is_broken = ratio_p is not None and ratio_p < STANDARD_PLAN.sample_ratio_alpha
    if is_broken and ratio_p is not None:
        warnings.insert(0, about_split(units, shares, ratio_p, is_stated=plan.shares is not None))
    results, told = results_of(values, list(plan.metrics), list(plan.covariates), units, is_crossed, plan.result)
    if is_broken:
        results = [_blocked(row, is_hidden=plan.shares is not None) for row in results]
    return {
        "sample_ratio_p": ratio_p,
        "arms": [
            {"arm": arm, "n": counts[arm], "expected_share": shares[arm]}
            | ({"clusters": units[arm]} if units is not counts else {})
            for arm in shares
        ],
        "results": results,
        "warnings": warnings + told,
        "assumptions": _assumptions(plan, len(results)),
    }


def _read(frame: pl.DataFrame, plan: ExperimentPlan) -> tuple[pl.DataFrame, list[str]]:
    """Arm, cluster, metrics and covariates as labels and numbers, sorted; and what had to be filled or is odd."""
    if frame.height == 0:
        raise ContractError("the table: expected one row per person, got no rows. Look whether the export is complete.")
    columns = [label_column(frame, plan.arm).alias(ARM)]
    if plan.cluster:
        columns.append(label_column(frame, plan.cluster).alias(CLUSTER))
    if plan.person:
        _require_once(label_column(frame, plan.person))
    names = dict.fromkeys(name for m in plan.metrics for name in (m.column, m.denominator) if name)
    columns += [number_column(frame, name) for name in names]
    warnings = []
    for name in plan.covariates:
        if name in names:
            raise ContractError(f"{name}: expected a covariate from before the start, got a metric. Choose another.")
        covariate = number_column(frame, name, may_be_empty=True)
        if covariate.null_count():
            mean = covariate.drop_nulls().sort().mean() or 0.0
            warnings.append(
                f"{name}: {covariate.null_count()} of {len(covariate)} rows have none; they count with the mean of the "
                "others, which is fair in every arm but explains less."
            )
            covariate = covariate.fill_null(mean)
        columns.append(covariate)
    used = [plan.arm, *names, *plan.covariates, *([plan.cluster] if plan.cluster else [])]
    repeats = None if plan.person else about_repeats(frame, used)
    values = pl.DataFrame(columns)
    return values.sort(values.columns), warnings + ([repeats] if repeats else [])


def _require_once(people: pl.Series) -> None:
    twice = people.filter(people.is_duplicated())
    if len(twice):
        raise ContractError(
            f"{people.name}: expected every person once, got {twice.n_unique()} of {people.n_unique()} more often "
            f"(first: {twice.sort()[0]}). Add up each person's rows first, or use --cluster {people.name}."
        )


def _shares(found: list[str], plan: ExperimentPlan) -> dict[str, float]:
    """Expected share per arm, control first, the others by name."""
    if plan.control not in found:
        raise ContractError(
            f"{plan.arm}: expected the control {plan.control!r} among its values, got {sorted(found)[:10]}. Correct "
            "--control, or find out why nobody of it was delivered."
        )
    stated = plan.shares or {}
    unknown = sorted(set(found) - set(stated)) if plan.shares is not None else []
    if unknown:
        raise ContractError(
            f"--shares: expected a share for every arm, got none for {unknown}. State them all; 0 people is no share."
        )
    arms = [plan.control, *sorted(set(found) | set(stated) - {plan.control} if stated else set(found))]
    arms = list(dict.fromkeys(arms))
    if len(arms) < 2:
        raise ContractError(
            f"{plan.arm}: expected at least two arms, got only {arms[0]!r} in all {'rows'}. Without somebody treated "
            "differently there is nothing to compare."
        )
    if not stated:
        return dict.fromkeys(arms, 1.0 / len(arms))
    total = sum(stated.values())
    if min(stated.values()) <= 0.0:
        raise ContractError(f"--shares: expected numbers above 0, got {stated}. Leave an arm out that was not planned.")
    return {arm: stated[arm] / total for arm in arms}


def _clusters(values: pl.DataFrame, arms: list[str]) -> dict[str, int]:
    found = dict(values.group_by(ARM).agg(pl.col(CLUSTER).n_unique()).iter_rows())
    return {arm: found.get(arm, 0) for arm in arms}


def _blocked(row: dict[str, Any], *, is_hidden: bool) -> dict[str, Any]:
    """A result without a verdict; without numbers too where the planned shares are known to be missed."""
    kept = {"metric", "denominator", "arm", "method", "control_count", "arm_count"}
    numbers = {name: None if is_hidden and name not in kept else value for name, value in row.items()}
    return {**numbers, "verdict": BLOCKED, "note": "The split is not the planned one; see the warnings."}


def _assumptions(plan: ExperimentPlan, count: int) -> list[str]:
    said = [MANY_LOOKS if plan.result.is_sequential else ONE_LOOK]
    if plan.shares is None:
        said.append("Equal shares were expected, as none were stated (--shares).")
    if plan.cluster is None:
        said.append("Each row is taken as a person of its own who was assigned alone; else use --cluster.")
    if plan.covariates:
        said.append("Covariates were known before the start; one measured afterwards hides a part of the effect.")
    if count > 1:
        said.append(
            "p_holm and the verdict count all comparisons made by the same method; low, high and p_value do not."
        )
    return said
