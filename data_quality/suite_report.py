"""What a suite found in a frame: one row per expectation, and whether the frame may be used."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["critical", "warning"]


@dataclass(frozen=True, slots=True)
class ExpectationResult:
    """One expectation, checked: what was expected, in words, and what was found."""

    expectation: str
    column: str | None  # None: the expectation is about the frame or several columns
    severity: Severity
    success: bool
    observed: str
    failed_count: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SuiteReport:
    """The results of one suite on one frame, in the order of the suite file."""

    name: str
    suite: str
    row_count: int
    results: tuple[ExpectationResult, ...]

    @property
    def passed_critical(self) -> bool:
        """Whether every critical expectation held; a report without results has not passed."""
        return bool(self.results) and not any(r.severity == "critical" and not r.success for r in self.results)

    @property
    def failures(self) -> tuple[ExpectationResult, ...]:
        """The expectations that did not hold, critical ones first, else in the order of the suite file."""
        failed = [result for result in self.results if not result.success]
        return tuple(sorted(failed, key=lambda result: result.severity != "critical"))
