"""What a suite file says: the expectations of one frame, as JSON that a non-programmer can edit."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_quality.suite_report import Severity

SUITE_KEYS = {"name", "about", "expectations"}
EXPECTATION_KEYS = {"type", "kwargs", "severity", "description"}
SEVERITIES: tuple[Severity, ...] = ("critical", "warning")
ROW_COUNT = "expect_table_row_count_to_be_between"


class SuiteFileError(ValueError):
    """A suite file cannot be used; the message says where, what was expected, what was found, what to do."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """One line of a suite: a Great Expectations type with its settings, how bad a failure is, and why."""

    type: str
    kwargs: dict[str, Any]
    severity: Severity
    description: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads; empty if it is about the frame as a whole."""
        single = [self.kwargs[key] for key in ("column", "column_A", "column_B") if key in self.kwargs]
        return (*single, *self.kwargs.get("column_list", ()))


@dataclass(frozen=True, slots=True)
class Suite:
    """The expectations of one frame, in file order."""

    name: str
    about: str
    expectations: tuple[Expectation, ...]


def read_suite(path: Path) -> Suite:
    """Read and check a suite file.

    Raises    SuiteFileError if the file is missing or not JSON, if a key is unknown or absent, if a severity is
              none of critical and warning, or if no critical row count refuses an empty frame
              (every other expectation holds for a frame without rows).
    """
    content = _json_of(path)
    _require_keys(content, SUITE_KEYS, where=str(path))
    if not isinstance(content["expectations"], list):
        raise SuiteFileError(f"{path}: expectations: expected a list, got {content['expectations']!r}.")
    expectations = tuple(
        _expectation(entry, where=f"{path}: expectation {number}")
        for number, entry in enumerate(content["expectations"], start=1)
    )
    if not any(_refuses_empty_frame(expectation) for expectation in expectations):
        raise SuiteFileError(
            f"{path}: expected a critical {ROW_COUNT} with min_value of at least 1, got none. "
            "A frame without rows fulfils everything else: add one."
        )
    return Suite(content["name"], content["about"], expectations)


def _json_of(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SuiteFileError(f"{path}: expected a suite file, got: {error.strerror}. Restore it.") from error
    except ValueError as error:  # JSONDecodeError names line and column; UnicodeDecodeError the byte
        raise SuiteFileError(f"{path}: expected JSON, got: {error}. Correct that place.") from error
    if not isinstance(content, dict):
        raise SuiteFileError(f"{path}: expected an object with {sorted(SUITE_KEYS)}, got {type(content).__name__}.")
    return content


def _expectation(entry: Any, *, where: str) -> Expectation:
    if not isinstance(entry, dict):
        raise SuiteFileError(f"{where}: expected an object with {sorted(EXPECTATION_KEYS)}, got {entry!r}.")
    _require_keys(entry, EXPECTATION_KEYS, where=where)
    if entry["severity"] not in SEVERITIES:
        raise SuiteFileError(f"{where}: severity: expected critical or warning, got {entry['severity']!r}.")
    if not isinstance(entry["kwargs"], dict):
        raise SuiteFileError(f"{where}: kwargs: expected an object, got {entry['kwargs']!r}.")
    return Expectation(**entry)


def _require_keys(entry: dict[str, Any], expected: set[str], *, where: str) -> None:
    if set(entry) != expected:
        unknown, missing = sorted(set(entry) - expected), sorted(expected - set(entry))
        raise SuiteFileError(
            f"{where}: expected exactly the keys {sorted(expected)}, got unknown {unknown}, missing {missing}. "
            "Correct the keys named here."
        )


def _refuses_empty_frame(expectation: Expectation) -> bool:
    least = expectation.kwargs.get("min_value")
    is_counted = expectation.type == ROW_COUNT and isinstance(least, int) and least >= 1
    return is_counted and expectation.severity == "critical"
