"""Stage lift: what earlier nights were worth, against the people who were randomly left alone."""

from datetime import timedelta

import dagster as dg
import polars as pl

from ml.measurement.lift import OUTCOMES, measure_lift
from pipelines.assets.outcomes import Made
from pipelines.facts import observed_through
from pipelines.ledger_schema import LIFT_RESULTS
from pipelines.night import Night
from pipelines.partitions import NIGHTLY, as_of
from pipelines.seeds import read_seeds

LIFT_KEY = ["ledger", "lift_results"]
LIFT_INPUTS = """
    select
        experiment_id, decided_date, person_id, arm,
        (net_sales_amount * 100)::bigint as net_sales_cents,
        (gross_margin_amount * 100)::bigint as margin_cents,
        observed_days
    from measurement.lift_inputs
    order by experiment_id, decided_date, person_id
"""


@dg.asset(
    key=LIFT_KEY,
    group_name="measurement",
    partitions_def=NIGHTLY,
    pool="warehouse",
    deps=[["measurement", "lift_inputs"]],
    description="Treated minus held-out people per earlier night and metric, with interval and a verdict in words.",
)
def lift_results(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> Made:
    """Measure every earlier night as far as its 28 days have been observed."""
    as_of_date = as_of(context)
    with night.reporter.stage("lift") as said:
        rows = night.warehouse.read(LIFT_INPUTS)
        results = measure_lift(
            rows.select(pl.col(name).cast(kind) for name, kind in OUTCOMES.items()),
            read_seeds(night.settings)["experiments"].select("experiment_id", pl.col("holdout_share").cast(pl.Float64)),
            as_of_date,
            observed_through(night.warehouse, as_of_date) - timedelta(days=1),
            is_replay=night.settings.retailer.is_replay,
        )
        results = results.select(pl.col(name).cast(kind) for name, kind in LIFT_RESULTS.items())
        night.ledger.write("lift_results", as_of_date, results)
        said.append(_verdicts(results))
    return dg.MaterializeResult(metadata={"row_count": results.height})


def _verdicts(results: pl.DataFrame) -> str:
    if results.is_empty():
        return "no earlier night to measure"
    counts = results.group_by("verdict").len().sort("verdict")
    nights = results["decided_date"].n_unique()
    return f"{nights} earlier nights · " + " · ".join(f"{verdict}: {count}" for verdict, count in counts.iter_rows())
