"""Stage landing: delivered files become typed bronze rows, refused rows, and a line in the load log."""

from collections.abc import Iterator
from datetime import date

import dagster as dg
import polars as pl

from data_quality.evidence import Evidence, Finding, from_reconciliation, from_suites
from data_quality.gates import GateResult, judge
from data_quality.sample import evenly_spaced_rows
from data_quality.validate import validate
from pipelines.assets.outcomes import Outcome, check_spec, checked, gate_for_report, made, told_then_required
from pipelines.landing.contracts import load_contracts
from pipelines.landing.freshness import check_freshness
from pipelines.landing.load import LandingResult, load_landing
from pipelines.night import Night
from pipelines.partitions import NIGHTLY, as_of
from pipelines.settings import Settings

LOADS_KEY = ["ledger", "loads"]
SAMPLED = "pos.order_lines"  # the table that a person would look at first: everything later rests on it
SAMPLE_ROWS = 20_000  # Great Expectations reads pandas frames: enough to see a broken column, quick to read


def landing_assets(settings: Settings) -> dg.AssetsDefinition:
    """One asset per contracted source table, and the load log."""
    contracts = load_contracts(settings)
    specs = [
        dg.AssetSpec(name.split("."), group_name="landing", partitions_def=NIGHTLY, description=contract.description)
        for name, contract in contracts.items()
    ]
    log = dg.AssetSpec(
        LOADS_KEY,
        group_name="landing",
        partitions_def=NIGHTLY,
        deps=[spec.key for spec in specs],
        description="One row per delivered file: content hash, rows accepted, refused and repeated, and why.",
    )
    checks = [
        check_spec(LOADS_KEY, "fresh_and_complete", "Critical sources are recent; accepted + refused + repeated = raw"),
    ]
    if SAMPLED in contracts:
        checks.append(check_spec(SAMPLED.split("."), "great_expectations", "The newest delivered rows, evenly sampled"))

    @dg.multi_asset(name="landing", specs=[*specs, log], check_specs=checks, pool="warehouse")
    def landing(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> Iterator[Outcome]:
        as_of_date = as_of(context)
        with night.reporter.stage("landing") as said:
            result = load_landing(night.settings, night.ledger, as_of_date, progress=context.log.info)
            said.append(_in_words(result))
            arrived = judge("the warehouse", _evidence(night, as_of_date, result), required=["counts", "freshness"])
            looked_at = _sample_gate(night, result)
        night.note(as_of_date, "landing", {"gates": [gate_for_report(arrived), gate_for_report(looked_at)]})
        rows = {name: _rows(result, name) for name in contracts}
        outcomes = [made(name.split("."), accepted_row_count=count) for name, count in rows.items()]
        outcomes.append(made(LOADS_KEY, row_count=result.tonight.height))
        results = [checked(LOADS_KEY, "fresh_and_complete", arrived)]
        if SAMPLED in contracts:
            results.append(checked(SAMPLED.split("."), "great_expectations", looked_at))
        yield from told_then_required([*outcomes, *results], [arrived, looked_at])

    return landing


def _evidence(night: Night, as_of_date: date, result: LandingResult) -> list[Evidence]:
    found = check_freshness(night.settings, as_of_date, result.known)
    stale = tuple(Finding(one.severity, f"{one.source_code}.{one.table_name}", one.message) for one in found)
    sums = result.known.group_by("source_code", "table_name").agg(
        expected=pl.col("raw_row_count").sum(),
        actual=pl.sum_horizontal("accepted_row_count", "refused_row_count", "duplicate_row_count").sum(),
    )
    counts = sums.select(
        pl.concat_str("source_code", "table_name", separator=".").alias("subject"),
        pl.lit("rows").alias("unit"),
        "expected",
        "actual",
    )
    added_up = from_reconciliation(counts)
    return [
        Evidence("counts", max(added_up.checked_count, 1), added_up.findings),
        Evidence("freshness", len(night.settings.retailer.sources), stale),
    ]


def _sample_gate(night: Night, result: LandingResult) -> GateResult:
    source, table = SAMPLED.split(".")
    suite = night.settings.suites_dir / f"landing_{table}.json"
    loaded = result.known.filter(
        (pl.col("source_code") == source) & (pl.col("table_name") == table) & (pl.col("status") == "loaded")
    )
    if loaded.is_empty():
        return judge("the warehouse", [], required=[])  # whether that may be is the freshness check's question
    newest = loaded.filter(pl.col("delivered_date") == loaded["delivered_date"].max())
    folder = night.settings.folder("bronze") / source / table
    delivered = pl.scan_parquet(folder / "*.parquet").filter(pl.col("load_id").is_in(newest["load_id"].implode()))
    sample = evenly_spaced_rows(delivered.collect(), key=["load_id", "row_number"], row_limit=SAMPLE_ROWS)
    return judge("the warehouse", [from_suites([validate(SAMPLED, sample, suite)])], required=["suites"])


def _rows(result: LandingResult, name: str) -> int:
    source, table = name.split(".")
    mine = (pl.col("source_code") == source) & (pl.col("table_name") == table)
    return int(result.known.filter(mine)["accepted_row_count"].sum())


def _in_words(result: LandingResult) -> str:
    files = f"{result.file_count:,} files" + f" ({result.refused_file_count} refused)" * (result.refused_file_count > 0)
    rows = f"{result.raw_row_count:,} rows: {result.accepted_row_count:,} accepted"
    return f"{files} · {rows}, {result.refused_row_count:,} refused, {result.duplicate_row_count:,} repeated"
