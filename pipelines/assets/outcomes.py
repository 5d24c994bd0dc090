"""How a step tells Dagster what it made and what it checked."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import dagster as dg

from data_quality.gates import GateResult, require
from ml.errors import GuardrailError

Made: TypeAlias = dg.MaterializeResult[Any]
Outcome: TypeAlias = Made | dg.AssetCheckResult
SHOWN = 20  # findings in a check's metadata; the report lists all


def made(key: Sequence[str], **metadata: Any) -> Made:
    """An asset was written; metadata are the two or three numbers that an operator looks at."""
    return dg.MaterializeResult(asset_key=dg.AssetKey(list(key)), metadata=dict(metadata))


def check_spec(key: Sequence[str], name: str, description: str) -> dg.AssetCheckSpec:
    """A check that stops everything downstream when it fails."""
    return dg.AssetCheckSpec(name=name, asset=dg.AssetKey(list(key)), description=description, blocking=True)


def checked(key: Sequence[str], name: str, gate: GateResult) -> dg.AssetCheckResult:
    """What a gate said, as a result of the asset's check."""
    return dg.AssetCheckResult(
        asset_key=dg.AssetKey(list(key)),
        check_name=name,
        passed=gate.passed,
        metadata={
            "critical": [finding.message for finding in gate.critical[:SHOWN]],
            "warnings": [finding.message for finding in gate.warnings[:SHOWN]],
            "checked": sum(count for _, count in gate.checked_counts),
        },
    )


def told_then_required(outcomes: Iterable[Outcome], gates: Iterable[GateResult]) -> Iterator[Outcome]:
    """Report everything first, so that the history shows it, then stop the night if a gate is closed.

    Raises    GuardrailError with the text of the first closed gate.
    """
    yield from outcomes
    for gate in gates:
        require(gate, GuardrailError)


def gate_for_report(gate: GateResult) -> dict[str, Any]:
    """A gate as plain JSON for the night's notes."""
    return {
        "name": gate.name,
        "passed": gate.passed,
        "checked": dict(gate.checked_counts),
        "critical": [finding.message for finding in gate.critical],
        "warnings": [finding.message for finding in gate.warnings],
    }


def row_counts(tables: Mapping[str, int]) -> str:
    """Row counts in words: `customers 2,469 · orders 155,848`."""
    return " · ".join(f"{name} {count:,}" for name, count in tables.items())
