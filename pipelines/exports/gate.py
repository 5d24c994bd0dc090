"""What happens to a night whose files break a rule: it stops, naming the check and the first rows."""

from collections.abc import Sequence

from ml.errors import GuardrailError
from pipelines.exports.violations import CRITICAL, Violation


def require_clean(violations: Sequence[Violation]) -> None:
    """Let a night go on only if no check found a critical violation.

    Takes     violations: what the verifier and the monitors found, together.
    Raises    GuardrailError naming every check that failed, how often, and its first rows.
    """
    critical = [violation for violation in violations if violation.severity == CRITICAL]
    if not critical:
        return
    found = "\n".join(
        f"  {violation.check}: {violation.count} (first: {' | '.join(violation.examples)})" for violation in critical
    )
    raise GuardrailError(
        f"exports: expected files that keep every guardrail, got violations of {len(critical)} checks. "
        f"Nothing was released.\n{found}\n"
        "docs/exports.md says what each check protects. Correct the decision or its input and run the night again."
    )
