"""Everything Dagster knows: assets with their checks, two jobs, two schedules, one resource."""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from ml.errors import ContractError
from pipelines.assets.decisions import decisions
from pipelines.assets.exports import exports
from pipelines.assets.features import features
from pipelines.assets.identity import PERSON_IDS_KEY, person_ids
from pipelines.assets.landing import landing_assets
from pipelines.assets.measurement import lift_results
from pipelines.assets.models import scores
from pipelines.assets.publish import published_snapshot, run_report
from pipelines.assets.training import challengers
from pipelines.assets.warehouse import dbt_assets
from pipelines.dbt import DbtProject
from pipelines.dbt_parse import open_project
from pipelines.landing.contracts import contract_names
from pipelines.lock import held_by
from pipelines.night import Night, ledger_of, prepare_home, warehouse_of
from pipelines.reporter import Reporter
from pipelines.settings import Settings

NIGHT_HOUR = "0 3 * * *"  # after the tills have closed and the day's files have landed
TRAINING_HOUR = "0 1 * * 1"  # Mondays, so that a new champion is there for the week's nights
TRAINING_ONLY = [challengers]


def build_definitions(settings: Settings, reporter: Reporter) -> dg.Definitions:
    """The whole graph for one retailer's home; parses the dbt project if it changed."""
    prepare_home(settings)
    project = open_project(settings)
    require_sources(contract_names(settings.contracts_dir), project.nodes["sources"].values())
    assets = _assets(settings, project)
    nightly, training = _jobs(assets)
    return dg.Definitions(
        assets=assets,
        jobs=[nightly, training],
        schedules=[_schedule(settings, nightly, NIGHT_HOUR), _schedule(settings, training, TRAINING_HOUR)],
        resources={"night": _night(settings, project, reporter)},
        loggers={"console": dg.colored_console_logger, "file": file_logger},
        executor=dg.in_process_executor,
    )


def require_sources(contracts: Collection[str], read: Iterable[Mapping[str, Any]]) -> None:
    """Every landed table that the warehouse reads has a contract, also one that this retailer never delivers.

    Takes     contracts: their names `source.table`; read: dbt's own sources.
    Raises    ContractError naming the tables that have none.
    """
    names = {f"{source['source_name']}.{source['name']}" for source in read if source["source_name"] != "ledger"}
    if absent := sorted(names.difference(contracts)):
        raise ContractError(
            f"data_quality/contracts: expected one for every table that the warehouse reads, "
            f"missing: {', '.join(absent)}. "
            "Write each: it says which columns a table has that is never delivered."
        )


def _assets(settings: Settings, project: DbtProject) -> list[dg.AssetsDefinition]:
    return [
        landing_assets(settings),
        dbt_assets(project, "identity_inputs"),
        person_ids,
        dbt_assets(project, "customers", after=[PERSON_IDS_KEY]),
        features,
        challengers,
        scores,
        decisions,
        exports,
        dbt_assets(project, "outcome", after=[["ledger", "exports"]]),
        lift_results,
        published_snapshot,
        run_report,
    ]


def _jobs(assets: list[dg.AssetsDefinition]) -> tuple[Any, Any]:
    extra = dg.AssetSelection.assets(*TRAINING_ONLY)
    nightly = dg.define_asset_job(
        "nightly",
        selection=dg.AssetSelection.assets(*assets) - extra,
        description="From delivered files to verified audiences, proof and report, for one as_of_date.",
    )
    training = dg.define_asset_job(
        "train_models",
        selection=extra.upstream().required_multi_asset_neighbors(),
        description="Trains challengers and promotes those that beat the champion; nights after it score with them.",
    )
    return nightly, training


def _schedule(settings: Settings, job: Any, cron: str) -> dg.ScheduleDefinition:
    zone = settings.zone

    @dg.schedule(
        job=job, cron_schedule=cron, execution_timezone=settings.retailer.time_zone, name=f"{job.name}_schedule"
    )
    def _tick(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        day = context.scheduled_execution_time.astimezone(zone).date()
        return dg.RunRequest(partition_key=day.isoformat())

    return _tick


def _night(settings: Settings, project: DbtProject, reporter: Reporter) -> dg.ResourceDefinition:
    @dg.resource(description="Configuration, ledger, warehouse and dbt of one home; held by one run at a time.")
    def night(context: dg.InitResourceContext) -> Iterator[Night]:
        with held_by(settings.home, purpose=f"run {context.run.run_id}" if context.run else "no job"):
            yield Night(settings, ledger_of(settings), warehouse_of(settings), project, reporter)

    return night


@dg.logger(config_schema={"path": str}, description="Every event of the run as lines of one file.")
def file_logger(context: dg.InitLoggerContext) -> logging.Logger:
    """Dagster's own log, kept with the run instead of scrolling past the operator."""
    path = Path(context.logger_config["path"])
    path.parent.mkdir(parents=True, exist_ok=True)
    logger = logging.Logger("nightmarket.run", level=logging.INFO)
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    return logger
