"""How a step tells Dagster what it made and what it checked."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from data_quality.gates import GateResult, require

Outcome = dg.MaterializeResult | dg.AssetCheckResult


def made(key: Sequence[str], **metadata: Any) -> dg.MaterializeResult:
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
        metadata={"critical": list(gate.critical)[:20], "warnings": list(gate.warnings)[:20]},
    )


def told_then_required(outcomes: Iterable[Outcome], gates: Iterable[GateResult]) -> Iterator[Outcome]:
    """Report everything first, so that the history shows it, then stop the night if a gate is closed."""
    yield from outcomes
    for gate in gates:
        require(gate)


def row_counts(tables: Mapping[str, int]) -> str:
    """Row counts in words: `customers 2,469 · orders 155,848`."""
    return " · ".join(f"{name} {count:,}" for name, count in tables.items())
