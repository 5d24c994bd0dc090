"""What a check of the files found: shared by the verifier, the monitors and the gate; knows neither."""

from dataclasses import dataclass

CRITICAL = "critical"  # nothing is released
INFO = "info"  # said in the report, stops nothing


@dataclass(frozen=True, slots=True)
class Violation:
    """One check that did not pass."""

    check: str
    severity: str
    count: int
    examples: tuple[str, ...]  # the first offending rows, each as one line of text
