"""Experiments as tables: one valid row per person, one thing changed by each test."""

import numpy as np
import polars as pl

from ml.measurement.experiment import ExperimentPlan, measure_experiment
from ml.measurement.results import ResultPlan
from ml.measurement.units import Metric


def revenue(rng, people, *, factor=1.0, buyers=0.2):
    """Zero for most people, lognormal for the others."""
    return np.where(rng.random(people) < buyers, factor * rng.lognormal(3.0, 1.0, people), 0.0)


def experiment(*, people=1_000, others=None, seed=1, factor=1.0, arms=("control", "treated")):
    """People in arms with revenue, visits, what was known before, and a household."""
    rng = np.random.default_rng(seed)
    parts = []
    for number, arm in enumerate(arms):
        count = people if number == 0 else (others or people)
        before = rng.lognormal(1.0, 0.5, count)
        values = revenue(rng, count, factor=factor if number else 1.0) + before
        visits = 1 + rng.poisson(2.0, count)
        house = [f"{arm}-{i // 2}" for i in range(count)]
        parts.append(
            pl.DataFrame({"arm": [arm] * count, "revenue": values, "visits": visits, "before": before, "house": house})
        )
    return pl.concat(parts)


def plan(*metrics, result=None, **changes):
    """A plan for `experiment`; metrics as (column, denominator) or a column."""
    named = [Metric(*m) if isinstance(m, tuple) else Metric(m) for m in metrics or ("revenue",)]
    return ExperimentPlan(
        **{"arm": "arm", "control": "control", "metrics": tuple(named), "result": result or ResultPlan()} | changes
    )


def report_of(frame, *metrics, **changes):
    """The whole report."""
    return measure_experiment(frame, plan(*metrics, **changes))


def row_of(report, method, arm="treated", metric="revenue"):
    """The one result of a method."""
    (row,) = [row for row in report["results"] if (row["method"], row["arm"], row["metric"]) == (method, arm, metric)]
    return row
