"""Which picture goes with which section: from the report's plain data to charts."""

from typing import Any

from markupsafe import Markup

from pipelines.reports.charts import (
    Bar,
    Bin,
    Mark,
    MarkRow,
    bar_chart,
    dot_whisker_chart,
    histogram,
    scale_ends,
)
from pipelines.reports.words import NOTHING, count, day, money, number, percent, signed, words

MAX_BARS = 12
LATEST_NIGHTS = 12


def guardrail_bars(content: dict[str, Any]) -> Markup:
    """Blocked candidates by reason."""
    guardrails = content["guardrails"]
    total = guardrails["candidate_count"]
    bars = [
        Bar(
            row["reason"],
            row["candidate_count"],
            percent(row["candidate_count"] / total),
        )
        for row in guardrails["reasons"][:MAX_BARS]
    ]
    return bar_chart("Candidates blocked, by guardrail", bars, full=total)


def path(content: dict[str, Any]) -> list[tuple[str, int]]:
    """How many are left at each stage of the choice."""
    guardrails, choice = content["guardrails"], content["choice"]
    return [
        ("Candidates", guardrails["candidate_count"]),
        ("Allowed by every guardrail", guardrails["eligible_count"]),
        ("Chosen", choice["contact_count"]),
        ("Exported", choice["export_count"]),
    ]


def path_bars(content: dict[str, Any]) -> Markup:
    """From candidates to exported rows."""
    bars = [Bar(label, amount, f"{amount:,}") for label, amount in path(content)]
    return bar_chart("From candidates to exported contacts", bars)


def treatment_bars(content: dict[str, Any]) -> Markup:
    """People per treatment."""
    rows = content["choice"]["treatments"][:MAX_BARS]
    bars = [Bar(short_name(row["treatment_id"]), row["person_count"], f"{row['person_count']:,}") for row in rows]
    return bar_chart("People by treatment", bars)


def short_name(treatment_id: str) -> str:
    """A treatment in few words, for charts: action, offer and channel codes as words."""
    return " · ".join(words(part) for part in treatment_id.split("-"))


def nothing_bars(content: dict[str, Any]) -> Markup:
    """Why people get nothing."""
    rows = content["choice"]["nothing_reasons"][:MAX_BARS]
    bars = [Bar(row["reason"], row["person_count"], f"{row['person_count']:,}", "quiet") for row in rows]
    return bar_chart("People who get nothing, by reason", bars)


def value_histogram(content: dict[str, Any]) -> Markup:
    """Expected value of the chosen contacts."""
    currency = content["currency"]
    bins = [
        Bin(
            money(row["low_amount"], currency),
            "and more" if row["high_amount"] is None else money(row["high_amount"], currency),
            row["person_count"],
        )
        for row in content["choice"]["value_bins"]
    ]
    return histogram("Chosen contacts by expected value", bins)


def limit_bars(content: dict[str, Any]) -> Markup:
    """How much of each limit is used."""
    bars = [
        Bar(
            words(row["limit_name"]),
            min(row["used_rate"] or 0.0, 1.0),
            percent(row["used_rate"], 0),
            "binding" if row["is_binding"] else "main",
        )
        for row in content["limits"]
    ]
    return bar_chart("Use of each limit", bars, full=1.0)


def amount(value: str | None, unit: str, content: dict[str, Any]) -> str:
    """An amount of a limit in its unit."""
    return money(value, content["currency"]) if unit == "money" else number(value)


def model_charts(model: dict[str, Any]) -> list[tuple[str, Markup]]:
    """One chart per metric of a model: the model's dot and the baseline's square on the same scale."""
    metrics = sorted({row["metric_name"] for row in model["metrics"]})
    return [_metric_chart(name, [r for r in model["metrics"] if r["metric_name"] == name]) for name in metrics]


def interval(low: float | None, high: float | None) -> str:
    """The ends of a metric's interval: `0.594 to 0.630`; nothing where there is none."""
    return "" if low is None or high is None else f"{digits(low)} to {digits(high)}"


def _metric_chart(name: str, rows: list[dict[str, Any]]) -> tuple[str, Markup]:
    drawn = [
        MarkRow(
            " · ".join(words(text) for text in (row["target"], row["baseline_name"]) if text) or words(name),
            f"{digits(row['value'])} / {digits(row['baseline_value'])}",
            (
                Mark(row["value"], row["low"], row["high"], "main"),
                Mark(row["baseline_value"], row["baseline_low"], row["baseline_high"], "other"),
            ),
        )
        for row in rows
    ]
    better = "more is better" if rows[0]["is_higher_better"] else "less is better"
    title = f"{words(name)}, {better}: model / baseline"
    return title, dot_whisker_chart(title, drawn, zero=False, axis=_axis(drawn, digits, zero=False))


def digits(value: float | None) -> str:
    """A metric at three significant decimals, however large it is."""
    if value is None:
        return NOTHING
    return number(value, 3 if abs(value) < 100 else 0)


def lift_charts(content: dict[str, Any]) -> list[tuple[str, Markup]]:
    """One interval plot per metric: the latest nights on one scale with zero marked."""
    results = content["lift"]["results"]
    metrics = sorted({row["metric_name"] for row in results})
    shown = latest_results(results)
    return [
        (name, _lift_chart(name, [row for row in shown if row["metric_name"] == name], content["currency"]))
        for name in metrics
    ]


def latest_results(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the latest nights, oldest first."""
    nights = sorted({row["decided_date"] for row in results})[-LATEST_NIGHTS:]
    rows = [row for row in results if row["decided_date"] in nights]
    return sorted(rows, key=lambda row: (row["decided_date"], row["experiment_id"], row["metric_name"]))


def _lift_chart(name: str, rows: list[dict[str, Any]], currency: str) -> Markup:
    drawn = [
        MarkRow(
            f"{day(row['decided_date'])} · {count(row['observed_days'], 'day')}",
            signed(row["estimate"], currency),
            (Mark(row["estimate"], row["low"], row["high"], "main" if _is_final(row) else "early"),),
        )
        for row in rows
    ]
    title = f"{words(name)}: treated minus holdout, {currency} per person, with intervals"
    return dot_whisker_chart(title, drawn, zero=True, axis=_axis(drawn, lambda v: signed(v, currency), zero=True))


def _is_final(row: dict[str, Any]) -> bool:
    return bool(row["observed_days"] >= row["window_days"])


def _axis(rows: list[MarkRow], write: Any, *, zero: bool) -> tuple[str, str]:
    low, high = scale_ends(rows, zero=zero)
    return write(low), write(high)
