"""Does a frame fulfil its suite? The only module that loads Great Expectations (and with it pandas).

Both are imported inside the functions: they cost seconds and hundreds of megabytes, so only a step
that really validates pays for them, once per process.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import polars.selectors as cs

from data_quality.suite_files import Expectation, Suite, SuiteFileError, read_suite
from data_quality.suite_report import ExpectationResult, SuiteReport

MAX_EXAMPLES = 3
POSITION = "position"  # key under which an expectation keeps its place in the suite file


def validate(name: str, frame: pl.DataFrame, suite: Path) -> SuiteReport:
    """Check a frame against a suite file and report every expectation in words.

    Takes     name: what the frame is called in reports; frame: any columns, NaN counts as null;
              suite: a file of data_quality/suites.
    Returns   SuiteReport, one result per expectation in file order. What cannot be checked has failed: a missing
              column fails its expectation, a suite that cannot be read gives a report with one critical failure.
    Ignores   decimals beyond binary doubles: suites look at ranges; exact sums are the reconciliation's work.
    """
    try:
        expectations = read_suite(suite)
        return SuiteReport(name, suite.stem, frame.height, _results(frame, expectations, suite))
    except SuiteFileError as error:
        return SuiteReport(name, suite.stem, frame.height, (_unusable(str(error)),))


def _results(frame: pl.DataFrame, suite: Suite, path: Path) -> tuple[ExpectationResult, ...]:
    absent = {n: _absent_columns(frame, e) for n, e in enumerate(suite.expectations)}
    configured = {n: _configured(e, n, path) for n, e in enumerate(suite.expectations)}
    checked = _run({n: e for n, e in configured.items() if not absent[n]}, _to_pandas(frame, suite))
    return tuple(
        _missing(expectation, absent[n]) if absent[n] else _result(expectation, checked.get(n))
        for n, expectation in enumerate(suite.expectations)
    )


@cache
def _context() -> Any:
    """One context for all suites of the process: in memory, silent, sending nothing anywhere."""
    import great_expectations
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = great_expectations.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


def _configured(expectation: Expectation, position: int, path: Path) -> Any:
    """The Great Expectations object. Built one by one, for a suite drops what it cannot build with a log line."""
    from great_expectations.core.expectation_suite import ExpectationSuite

    _context()
    entry = {
        "type": expectation.type,
        "kwargs": dict(expectation.kwargs),
        "severity": expectation.severity,
        "meta": {POSITION: position},
    }
    where = f"{path}: expectation {position + 1} ({expectation.type})"
    try:
        built = ExpectationSuite(name="one", expectations=[entry]).expectations
    except Exception as error:  # the library raises several unrelated kinds for a wrong setting
        raise SuiteFileError(f"{where}: Great Expectations refuses it: {_one_line(error)} Correct it.") from error
    if not built:
        raise SuiteFileError(f"{where}: expected a type and settings that Great Expectations knows. Correct it.")
    return built[0]


def _run(expectations: dict[int, Any], batch_data: Any) -> dict[int, dict[str, Any]]:
    """The library's answers by position in the suite file; it returns them in an order of its own."""
    from great_expectations.core.expectation_suite import ExpectationSuite

    suite = ExpectationSuite(name="frame", expectations=list(expectations.values()))
    with _batch_of(batch_data) as batch:
        answer = batch.validate(suite, result_format={"result_format": "SUMMARY"})
    rows = [result.to_json_dict() for result in answer.results]
    return {int(row["expectation_config"]["meta"][POSITION]): row for row in rows}


@contextmanager
def _batch_of(batch_data: Any) -> Iterator[Any]:
    """The frame as the library wants it, forgotten afterwards: the shared context would keep it in memory."""
    source = _context().data_sources.add_pandas("frame")
    try:
        asset = source.add_dataframe_asset("frame")
        yield asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": batch_data})
    finally:
        _context().data_sources.delete("frame")


def _to_pandas(frame: pl.DataFrame, suite: Suite) -> Any:
    """The columns that the suite reads: decimals as doubles, days as days (not instants), NaN as pandas' null."""
    names = {name for expectation in suite.expectations for name in expectation.columns}
    needs_all = any(_reads_any_column(expectation) for expectation in suite.expectations)
    read = [name for name in frame.columns if needs_all or name in names] or frame.columns[:1]
    converted = frame.select(read).with_columns(cs.decimal().cast(pl.Float64))  # exact to the cent below 10**13
    return converted.to_pandas(date_as_object=True)  # else a day compares with no limit of a suite


def _reads_any_column(expectation: Expectation) -> bool:
    return expectation.type.startswith("expect_table_column") or "row_condition" in expectation.kwargs


def _absent_columns(frame: pl.DataFrame, expectation: Expectation) -> tuple[str, ...]:
    return tuple(name for name in expectation.columns if name not in frame.columns)


def _result(expectation: Expectation, row: dict[str, Any] | None) -> ExpectationResult:
    if row is None or ("unexpected_count" not in row["result"] and "observed_value" not in row["result"]):
        return _failed(expectation, f"could not be checked: {_reason(row)}")
    result = row["result"]
    failed = int(result.get("unexpected_count") or 0)
    if "observed_value" in result:
        observed = str(result["observed_value"])
    else:
        observed = f"{failed} of {result['element_count']} rows do not" if failed else "all rows do"
    return ExpectationResult(
        expectation=expectation.description,
        column=_column(expectation),
        severity=expectation.severity,
        success=bool(row["success"]),
        observed=observed,
        failed_count=failed,
        examples=_examples(expectation, result.get("partial_unexpected_list") or []),
    )


def _examples(expectation: Expectation, values: list[Any]) -> tuple[str, ...]:
    """A few offending values. Text may be personal, so it is shown only from columns of codes."""
    is_code = all(name.endswith("_code") for name in expectation.columns)
    shown = [value for value in values if is_code or isinstance(value, int | float)]
    return tuple(dict.fromkeys(str(value) for value in shown if value is not None))[:MAX_EXAMPLES]


def _missing(expectation: Expectation, absent: tuple[str, ...]) -> ExpectationResult:
    return _failed(expectation, f"column {', '.join(absent)} is not in the frame")


def _failed(expectation: Expectation, observed: str) -> ExpectationResult:
    return ExpectationResult(
        expectation.description, _column(expectation), expectation.severity, False, observed, 0, ()
    )


def _unusable(message: str) -> ExpectationResult:
    return ExpectationResult("The suite file can be used.", None, "critical", False, message, 0, ())


def _column(expectation: Expectation) -> str | None:
    return expectation.columns[0] if len(expectation.columns) == 1 else None


def _reason(row: dict[str, Any] | None) -> str:
    """The library's own words; it files them once per expectation or once per metric."""
    info = (row or {}).get("exception_info") or {}
    messages = [info, *(value for value in info.values() if isinstance(value, dict))]
    return next((_one_line(m["exception_message"]) for m in messages if m.get("exception_message")), "no answer")


def _one_line(error: object) -> str:
    return " ".join(str(error).split())[:300]
