"""May the night go on? One mechanism, used before scoring and before export."""

from collections.abc import Sequence
from dataclasses import dataclass

from data_quality.evidence import Evidence, Finding

SHOWN = 10  # a gate's message names the first findings; the report lists all of them


@dataclass(frozen=True, slots=True)
class GateResult:
    """A gate's answer: open only if every required check was made and none found anything critical."""

    name: str
    passed: bool
    critical: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    checked_counts: tuple[tuple[str, int], ...]  # per kind of check, so that a report can say what was looked at
    text: str


def judge(name: str, evidence: Sequence[Evidence], *, required: Sequence[str]) -> GateResult:
    """Weigh the evidence.

    Takes     name: which step waits behind the gate, e.g. scoring; evidence: at most one per kind and part;
              required: the kinds without which the gate stays shut.
    Returns   GateResult; a required kind that is absent or checked nothing is a critical finding by its name,
              so a check that never ran cannot open a gate.
    """
    counts = {kind: 0 for kind in required}
    for item in evidence:
        counts[item.kind] = counts.get(item.kind, 0) + item.checked_count
    unproven = [_unproven(name, kind) for kind, count in counts.items() if not count]
    found = [finding for item in evidence for finding in item.findings]
    critical = (*unproven, *(finding for finding in found if finding.severity != "warning"))
    warnings = tuple(finding for finding in found if finding.severity == "warning")
    return GateResult(
        name=name,
        passed=not critical,
        critical=critical,
        warnings=warnings,
        checked_counts=tuple(sorted(counts.items())),
        text=_text(name, critical, warnings, sum(counts.values())),
    )


def require(gate: GateResult, refusal: type[Exception]) -> None:
    """Let the night go on, or stop it.

    Takes     refusal: the error to raise, `ml.errors.GuardrailError` in the pipelines; passed in because
              data_quality knows no other room.
    Raises    refusal, with the gate's text, unless the gate passed.
    """
    if gate.passed is not True:
        raise refusal(gate.text)


def _unproven(name: str, kind: str) -> Finding:
    return Finding(
        "critical",
        kind,
        f"{kind}: expected checks before {name}, got none. Run them: a check that did not run proves nothing.",
    )


def _text(name: str, critical: Sequence[Finding], warnings: Sequence[Finding], checked_count: int) -> str:
    warned = f"{len(warnings)} warning{'' if len(warnings) == 1 else 's'}"
    if not critical:
        return f"Gate before {name}: open; {checked_count} checks, {warned}."
    head = (
        f"Gate before {name}: expected no critical finding, got {len(critical)} (and {warned}) "
        f"in {checked_count} checks. Nothing behind the gate was done. Act on each line, then run the night again:"
    )
    lines = [f"- {finding.message}" for finding in critical[:SHOWN]]
    more = [f"- and {len(critical) - SHOWN} more, in the run report"] if len(critical) > SHOWN else []
    return "\n".join([head, *lines, *more])
