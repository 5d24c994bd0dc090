"""Stage warehouse: dbt builds and tests the tables, in a few selections."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator

from data_quality.evidence import DbtOutcome, from_dbt
from data_quality.gates import GateResult, judge
from pipelines.assets.outcomes import Outcome, check_spec, checked, made, told_then_required
from pipelines.dbt import DbtProject, NodeResult
from pipelines.night import Night
from pipelines.partitions import NIGHTLY, as_of


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
