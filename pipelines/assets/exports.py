"""Stage exports: files are staged, checked by other code than made them, recorded, sealed, and only then released."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date

import dagster as dg
import polars as pl

from data_quality.evidence import from_suites
from data_quality.gates import GateResult, judge
from data_quality.validate import validate
from pipelines.assets.outcomes import (
    Outcome,
    check_spec,
    checked,
    gate_for_report,
    made,
    row_counts,
    told_then_required,
)
from pipelines.consents import CONSENT_LOG, RECORDED_CONSENTS
from pipelines.exports.build import REFERENCES_QUERY, ExportRun, ExportSeeds, StagedExports, stage_exports
from pipelines.exports.gate import require_clean
from pipelines.exports.layout import AUDIENCE, SCHEMA_VERSION
from pipelines.exports.monitors import MONITOR_LIMITS, find_anomalies
from pipelines.exports.release import record_exports, release
from pipelines.exports.verify import CHECKS, VerifierInputs, verify_exports
from pipelines.exports.violations import CRITICAL, Violation
from pipelines.ledger_schema import EXPORTS
from pipelines.model_store import RELEASES, release_date_for
from pipelines.night import Night
from pipelines.partitions import NIGHTLY, as_of
from pipelines.seeds import read_seeds
from pipelines.settings import Settings

EXPORTS_KEY = ["ledger", "exports"]
FILES_KEY = ["exports", "audience_files"]
SEALED = ["assignments", "candidates", "certificates", "decisions", "exports", "loads", "person_ids"]


@dg.multi_asset(
    name="exports",
    specs=[
        dg.AssetSpec(
            EXPORTS_KEY,
            group_name="exports",
            partitions_def=NIGHTLY,
            deps=[["ledger", "decisions"]],
            description="One row per released row, written before the release and sealed with the night.",
        ),
        dg.AssetSpec(
            FILES_KEY,
            group_name="exports",
            partitions_def=NIGHTLY,
            deps=[EXPORTS_KEY],
            description="One folder per channel: audience, removals, manifest. There only if every check passed.",
        ),
    ],
    check_specs=[
        check_spec(FILES_KEY, "verified", f"{len(CHECKS)} SQL checks over the final files, and the volume monitors"),
        check_spec(FILES_KEY, "great_expectations", "Every row of every final audience file"),
    ],
    pool="warehouse",
)
def exports(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> Iterator[Outcome]:
    """Stage, verify, record, seal, release."""
    as_of_date = as_of(context)
    with night.reporter.stage("exports") as said:
        staged = _stage(night, as_of_date)
        violations = _violations(night, as_of_date, staged)
        gate = expectations_of_files(night.settings, staged)
        said.append(f"{row_counts(staged.row_counts)} · {len(CHECKS)} checks, {len(violations)} findings")
    night.note(as_of_date, "exports", _for_the_report(staged, violations, gate))
    clean = not any(violation.severity == CRITICAL for violation in violations)
    found = [asdict(violation) for violation in violations]
    yield dg.AssetCheckResult(
        asset_key=dg.AssetKey(FILES_KEY), check_name="verified", passed=clean, metadata={"violations": found}
    )
    yield from told_then_required([checked(FILES_KEY, "great_expectations", gate)], [gate])
    require_clean(violations)
    record_exports(night.ledger, as_of_date, staged)
    trained_tonight = [] if release_date_for(night, as_of_date) else [RELEASES]
    night.ledger.seal(as_of_date, [*SEALED, *trained_tonight])
    folder = release(night.settings, night.ledger, as_of_date, staged)
    yield made(EXPORTS_KEY, row_count=staged.rows.height)
    yield made(FILES_KEY, folder=str(folder), **staged.row_counts)


def _stage(night: Night, as_of_date: date) -> StagedExports:
    seeds = read_seeds(night.settings)
    return stage_exports(
        night.settings.folder("exports") / f".staged-{as_of_date.isoformat()}.partial",
        decisions=night.ledger.partition("decisions", as_of_date),
        candidates=night.ledger.partition("candidates", as_of_date),
        references=night.warehouse.read(REFERENCES_QUERY),
        seeds=ExportSeeds(seeds["actions"], seeds["channels"], seeds["treatments"], seeds["consents"]),
        recorded_consents=night.warehouse.read(RECORDED_CONSENTS).drop("is_granted"),
        earlier_exports=_earlier_exports(night, as_of_date),
        earlier_nights=_earlier_nights(night, as_of_date),
        run=_run_of(night, as_of_date),
    )


def _violations(night: Night, as_of_date: date, staged: StagedExports) -> Sequence[Violation]:
    run, settings = _run_of(night, as_of_date), night.settings
    consent_log = settings.retailer.sources.get(CONSENT_LOG)
    inputs = VerifierInputs(
        staged=staged.folder,
        seeds=settings.seeds_dir,
        ledger=night.ledger.root,
        bronze=settings.folder("bronze"),
        warehouse=settings.warehouse_path,
        as_of_date=as_of_date,
        run_id=run.run_id,
        policy_hash=run.policy_hash,
        schema_version=run.schema_version,
        currency=run.currency,
        consent_max_age_days=None if consent_log is None else consent_log.max_age_days,
        threads=settings.threads,
        memory_limit=settings.memory_limit,
    )
    anomalies = find_anomalies(
        staged.rows,
        _earlier_exports(night, as_of_date),
        earlier_nights=_earlier_nights(night, as_of_date),
        channel_codes=sorted(staged.row_counts),
        person_count=night.ledger.partition("decisions", as_of_date).height,
        limits=MONITOR_LIMITS,
    )
    return [*verify_exports(inputs), *anomalies]


def expectations_of_files(settings: Settings, staged: StagedExports) -> GateResult:
    """The suite reads the files themselves; a night that contacts nobody has no row to look at, and that is allowed."""
    suite = settings.suites_dir / "export_audience.json"
    files = {name: staged.folder / name / AUDIENCE for name, rows in staged.row_counts.items() if rows}
    reports = [
        validate(f"exports.{name}", pl.read_csv(path, infer_schema=False), suite) for name, path in files.items()
    ]
    return judge("release", [from_suites(reports)], required=["suites"]) if files else judge("release", [], required=[])


def _run_of(night: Night, as_of_date: date) -> ExportRun:
    decisions = night.ledger.partition("decisions", as_of_date)
    policy_hash = decisions["policy_hash"].first() if decisions.height else ""
    run_id = f"night-{as_of_date.isoformat()}"
    return ExportRun(as_of_date, run_id, str(policy_hash), SCHEMA_VERSION, night.settings.retailer.currency)


def _earlier_exports(night: Night, as_of_date: date) -> pl.DataFrame:
    earlier = night.ledger.read_before("exports", as_of_date)
    return pl.DataFrame(schema=EXPORTS) if earlier is None else earlier


def _earlier_nights(night: Night, as_of_date: date) -> list[date]:
    return [one for one in night.ledger.nights() if one < as_of_date]


def _for_the_report(staged: StagedExports, violations: Sequence[Violation], gate: GateResult) -> dict[str, object]:
    return {
        "row_counts": staged.row_counts,
        "removal_counts": staged.removal_counts,
        "checks": list(CHECKS),
        "violations": [asdict(violation) for violation in violations],
        "gate": gate_for_report(gate),
    }
