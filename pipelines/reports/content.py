"""The whole report as plain data: what the JSON holds is what the page shows."""

import math
from datetime import date
from decimal import Decimal
from typing import Any

from pipelines.reports.content_data import (
    checks_section,
    landing_section,
    quarantine_section,
    steps_section,
    tables_section,
)
from pipelines.reports.content_decisions import (
    certificate_section,
    choice_section,
    example_people,
    guardrail_section,
    limits_section,
)
from pipelines.reports.content_proof import lift_section, models_section
from pipelines.reports.context import RunReport
from pipelines.reports.words import count, money

FORMAT_VERSION = 1


def report_content(report: RunReport) -> dict[str, Any]:
    """Every section as JSON values: days as ISO text, money as decimal text, unknown as null."""
    landing, choice = landing_section(report), choice_section(report)
    content = {
        "format_version": FORMAT_VERSION,
        "as_of_date": report.as_of_date,
        "retailer": report.retailer,
        "currency": report.currency,
        "headline": headline(choice, report.currency),
        "steps": steps_section(report, landing),
        "landing": landing,
        "gaps": report.gaps.to_dicts(),
        "quarantine": quarantine_section(report),
        "tables": tables_section(report),
        "checks": checks_section(report),
        "models": models_section(report),
        "guardrails": guardrail_section(report),
        "choice": choice,
        "examples": example_people(report),
        "limits": limits_section(report),
        "certificate": certificate_section(report),
        "lift": lift_section(report),
        "assumptions": report.assumptions.sort("seed_name", "key", "value").to_dicts(),
        "timings": None if report.timings is None else report.timings.to_dicts(),
    }
    plain: dict[str, Any] = json_values(content)
    return plain


def lift_content(report: RunReport) -> dict[str, Any]:
    """The lift section with what it needs to be read alone."""
    content = {
        "format_version": FORMAT_VERSION,
        "as_of_date": report.as_of_date,
        "retailer": report.retailer,
        "currency": report.currency,
        "lift": lift_section(report),
    }
    plain: dict[str, Any] = json_values(content)
    return plain


def headline(choice: dict[str, Any], currency: str) -> str:
    """The night in one paragraph."""
    people, contacts = choice["person_count"], choice["contact_count"]
    if people == 0:
        return "Nobody is known yet, so nothing was decided: no customer has arrived in the files of this night."
    start = f"{contacts:,} of {count(people, 'person', 'people')} {_get(contacts)} something tonight"
    if contacts:
        costs = choice["discount_cost_amount"] + choice["contact_cost_amount"]
        start += (
            f", expected to add {money(choice['value_amount'], currency)} of margin after "
            f"{money(costs, currency)} of discounts and contact costs"
        )
    held = choice["holdout_count"]
    rest = f"{count(held, 'person', 'people')} {_are(held)} left alone at random, so that the effect can be measured"
    return f"{start}. {rest}.{_nothing(choice)}"


def _nothing(choice: dict[str, Any]) -> str:
    left = choice["left_alone_count"]
    if not left:
        return ""
    reasons = [row for row in choice["nothing_reasons"] if row["person_count"] > row["holdout_count"]]
    why = ", ".join(f"{row['reason'][:1].lower()}{row['reason'][1:]} ({row['person_count']:,})" for row in reasons[:3])
    return f" {left:,} {_get(left)} nothing: {why}."


def json_values(value: Any) -> Any:
    """The same with dates as ISO text and decimals as plain text."""
    if isinstance(value, dict):
        return {name: json_values(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [json_values(inner) for inner in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON knows no NaN, and a page says nothing instead
    return value.isoformat() if isinstance(value, date) else value


def _get(amount: int) -> str:
    return "gets" if amount == 1 else "get"


def _are(amount: int) -> str:
    return "is" if amount == 1 else "are"
