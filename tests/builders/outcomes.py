"""Outcomes of decided nights, for the tests of measurement."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from ml.measurement.lift import OUTCOMES, measure_lift

NIGHT = date(2017, 11, 7)
LATER = date(2017, 12, 26)
KNOWN_THROUGH = LATER - timedelta(days=1)
SHARE = 0.5


def night(treated, holdout, *, decided_date=NIGHT, observed_days=28):
    """One row per person: the cents given per arm are both sales and margin."""
    cents = [*treated, *holdout]
    return pl.DataFrame(
        {
            "experiment_id": ["universal_holdout"] * len(cents),
            "decided_date": [decided_date] * len(cents),
            "person_id": [f"p{i:06d}" for i in range(len(cents))],
            "arm": ["treated"] * len(treated) + ["holdout"] * len(holdout),
            "net_sales_cents": cents,
            "margin_cents": cents,
            "observed_days": [observed_days] * len(cents),
        },
        schema=OUTCOMES,
    )


def experiments(share=SHARE):
    """The one experiment of these tests."""
    return pl.DataFrame({"experiment_id": ["universal_holdout"], "holdout_share": [share]})


def measured(outcomes, *, share=SHARE, as_of_date=LATER, observed_through=KNOWN_THROUGH, is_replay=False):
    """What measure_lift says, as dictionaries of the net sales rows."""
    lift = measure_lift(outcomes, experiments(share), as_of_date, observed_through, is_replay=is_replay)
    return lift.filter(pl.col("metric_name") == "net_sales").to_dicts()


def spend(rng, people, *, effect_cents=0):
    """Skewed, rounded, often zero: what four weeks of a shop's customers look like."""
    cents = rng.gamma(0.7, 6_000, people).astype(np.int64) * (rng.random(people) < 0.8)
    return (cents + effect_cents).tolist()
