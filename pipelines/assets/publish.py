"""Stage publish: the read-only copy for people and BI, and the night's report."""

import dagster as dg

from pipelines.assets.measurement import LIFT_KEY
from pipelines.assets.outcomes import Made
from pipelines.coverage import gaps_in_words
from pipelines.night import Night
from pipelines.partitions import NIGHTLY, as_of
from pipelines.publishing.publish import publish_snapshot
from pipelines.publishing.tables import PUBLISHED_TABLES
from pipelines.reports.gather import gather_report
from pipelines.reports.run_report import write_reports

SNAPSHOT_KEY = ["published", "snapshot"]
RUN_TAG = "nightmarket/run"


@dg.asset(
    key=SNAPSHOT_KEY,
    group_name="publish",
    partitions_def=NIGHTLY,
    pool="warehouse",
    deps=[LIFT_KEY, ["measurement", "scoreboard"], ["decisions", "decisions"], ["exports", "audience_files"]],
    description="The night's tables as Parquet and as one read-only DuckDB file; readers never block a night.",
)
def published_snapshot(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> Made:
    """Copy the marts out of the warehouse, all at once."""
    with night.reporter.stage("publish") as said:
        folder = publish_snapshot(night.settings, as_of(context), PUBLISHED_TABLES)
        said.append(f"{len(PUBLISHED_TABLES)} tables")
    return dg.MaterializeResult(metadata={"table_count": len(PUBLISHED_TABLES), "folder": str(folder)})


@dg.asset(
    key=["reports", "run_report"],
    group_name="publish",
    partitions_def=NIGHTLY,
    pool="warehouse",
    deps=[SNAPSHOT_KEY],
    description="What came in, what was decided and why, what it may be worth, and what earlier nights were worth.",
)
def run_report(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> Made:
    """Write the run report and the lift report."""
    as_of_date = as_of(context)
    run_id = context.run.tags.get(RUN_TAG, context.run.run_id)
    with night.reporter.stage("report") as said:
        report = gather_report(night, as_of_date)
        folder = write_reports(night.settings, as_of_date, night.run_dir(run_id), report)
        said.append(str(folder))
    for line in gaps_in_words(report.gaps):
        night.reporter.say(f"       {line}")
    return dg.MaterializeResult(metadata={"folder": str(folder)})
