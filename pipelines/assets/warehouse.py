"""Stage warehouse: dbt builds and tests the tables, with the issuing of person ids in between."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg
import polars as pl
from dagster_dbt import DagsterDbtTranslator

from data_quality.evidence import DbtOutcome, from_dbt
from data_quality.gates import GateResult, judge
from ml.identity.clusters import Resolution, resolve_persons
from pipelines.assets.outcomes import Made, Outcome, check_spec, checked, made, told_then_required
from pipelines.dbt import DbtProject, NodeResult
from pipelines.ledger_schema import PERSON_IDS
from pipelines.night import Night
from pipelines.partitions import NIGHTLY, as_of
from pipelines.seeds import largest_cluster, read_seeds

PERSON_IDS_KEY = ["ledger", "person_ids"]


class _SchemaTableKeys(DagsterDbtTranslator):
    """Asset key = schema and table, the same in dbt, Dagster and the database."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        schema = dbt_resource_props.get("source_name") or dbt_resource_props["schema"]
        if schema == "ledger":
            schema = "earlier_nights"  # what earlier nights wrote, else the graph would run in a circle
        return dg.AssetKey([schema, dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        return _GROUPS.get(dbt_resource_props["schema"], "warehouse")


_GROUPS = {"decisions": "decisions", "activation": "exports", "measurement": "measurement"}


def dbt_assets(project: DbtProject, selector: str, after: Sequence[Sequence[str]] = ()) -> dg.AssetsDefinition:
    """One selection of the dbt project as assets, each with the check that its tests passed."""
    specs = _specs(project, selector, after)
    tested = _tested_models(project)
    keys = {node: list(spec.key.path) for node, spec in specs.items()}
    checks = [
        check_spec(key, "dbt_tests", f"{len(tested[node])} dbt tests on this table")
        for node, key in keys.items()
        if tested[node]
    ]

    @dg.multi_asset(
        name=f"dbt_{selector}", specs=list(specs.values()), check_specs=checks, partitions_def=NIGHTLY, pool="warehouse"
    )
    def build(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> Iterator[Outcome]:
        with night.reporter.stage(selector.replace("_", " ")) as said:
            results = night.project.build(selector, as_of(context))
            said.append(_in_words(results))
        night.note(as_of(context), f"dbt_{selector}", _for_the_report(results))
        yield from told_then_required(_outcomes(results, keys, tested), [_gate(f"what follows {selector}", results)])

    return build


@dg.asset(
    key=PERSON_IDS_KEY,
    group_name="warehouse",
    partitions_def=NIGHTLY,
    pool="warehouse",
    deps=[["identity", "identity_edges"], ["identity", "identity_records"]],
)
def person_ids(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> Made:
    """Ids issued to new clusters of records, and what merged or split; unchanged records give no row."""
    as_of_date = as_of(context)
    with night.reporter.stage("identity") as said:
        resolution = _issue(night, as_of_date)
        delta = resolution.delta.select(pl.col(name).cast(kind) for name, kind in PERSON_IDS.items())
        night.ledger.write("person_ids", as_of_date, delta)
        causes = Counter(delta["cause"].to_list())
        said.append(" · ".join(f"{cause} {count:,}" for cause, count in sorted(causes.items())) or "no change")
    night.note(as_of_date, "identity", {"causes": dict(causes), "refused": resolution.refused.to_dicts()})
    return made(PERSON_IDS_KEY, row_count=delta.height, refused_count=resolution.refused.height)


def _issue(night: Night, as_of_date: date) -> Resolution:
    records = night.warehouse.read("select record_id, first_seen_date from identity.identity_records order by 1")
    edges = night.warehouse.read(
        "select record_id_a, record_id_b, verdict, probability from identity.identity_edges order by 1, 2"
    )
    earlier = night.ledger.read_before("person_ids", as_of_date)
    registry = pl.DataFrame(schema=PERSON_IDS) if earlier is None else earlier
    largest = largest_cluster(read_seeds(night.settings))
    return resolve_persons(records, edges, registry, as_of_date=as_of_date, max_records=largest)


def _specs(project: DbtProject, selector: str, after: Sequence[Sequence[str]]) -> dict[str, dg.AssetSpec]:
    """The selection's models and seeds by their unique id; `after` are assets that dbt does not know of."""
    translator, extra = _SchemaTableKeys(), [dg.AssetDep(dg.AssetKey(list(key))) for key in after]
    built = [node for node in project.selections[selector] if node.split(".")[0] in {"model", "seed"}]
    specs = {node: translator.get_asset_spec(project.nodes, node, None) for node in built}
    return {
        node: spec.replace_attributes(deps=[*spec.deps, *extra], partitions_def=NIGHTLY) for node, spec in specs.items()
    }


def _tested_models(project: DbtProject) -> Mapping[str, list[str]]:
    """The tests of each model; a test of several models counts for the one built last."""
    tests: dict[str, list[str]] = defaultdict(list)
    for node in project.nodes["nodes"].values():
        if node["resource_type"] == "test":
            tests[_home_of_test(node)].append(node["unique_id"])
    return tests


def _home_of_test(node: Mapping[str, Any]) -> str:
    attached = node.get("attached_node")
    return str(attached) if attached else (sorted(node["depends_on"]["nodes"]) or [""])[-1]


def _outcomes(
    results: Sequence[NodeResult], keys: Mapping[str, list[str]], tested: Mapping[str, list[str]]
) -> Iterator[Outcome]:
    by_id = {result.unique_id: result for result in results}
    for node in by_id:  # dbt's order: what a table reads comes before it
        if node not in keys:
            continue
        key = keys[node]
        if not by_id[node].is_bad:
            yield made(key, result=by_id[node].message)
        tests = [by_id[test] for test in tested[node] if test in by_id]
        if tested[node]:
            yield checked(key, "dbt_tests", _gate(".".join(key), tests))


def _gate(name: str, results: Sequence[NodeResult]) -> GateResult:
    """What was skipped because of a failure says nothing of its own, unless nothing else failed."""
    failed = any(result.is_bad and result.status != "skipped" for result in results)
    telling = [result for result in results if not (failed and result.status == "skipped")]
    outcomes = [DbtOutcome(one.unique_id, one.status, one.failures, one.message) for one in telling]
    return judge(name, [from_dbt(outcomes)], required=["dbt"])


def _in_words(results: Sequence[NodeResult]) -> str:
    models = sum(result.resource_type == "model" and not result.is_bad for result in results)
    tests = [result for result in results if result.resource_type == "test"]
    bad = sum(result.is_bad for result in results)
    warnings = sum(result.status == "warn" for result in results)
    passed = len(tests) - sum(test.is_bad or test.status == "warn" for test in tests)
    trouble = f" · {bad} failed" * (bad > 0) + f" · {warnings} warnings" * (warnings > 0)
    return f"{models} models · {passed} tests passed{trouble}"


def _for_the_report(results: Sequence[NodeResult]) -> dict[str, Any]:
    tests = [result for result in results if result.resource_type == "test"]
    told = [result for result in results if result.is_bad or result.status == "warn"]
    return {
        "models": sorted(result.name for result in results if result.resource_type == "model"),
        "passed_tests": sorted(test.name for test in tests if test not in told),
        "not_passed": sorted([one.name, one.status, one.failures, one.message] for one in told),
    }
