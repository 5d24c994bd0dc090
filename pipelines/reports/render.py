"""From plain data to a page that needs nothing but itself."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipelines.reports import pictures, words

TEMPLATES = Path(__file__).parent / "templates"


def render_run_report(content: dict[str, Any]) -> str:
    """The run report as one HTML file."""
    return render_page("run_report.html.j2", content, pictures)


def render_lift_report(content: dict[str, Any]) -> str:
    """The lift report as one HTML file."""
    return render_page("lift_report.html.j2", content, pictures)


def render_page(template: str, content: dict[str, Any], pictures: Any) -> str:
    """One HTML file from plain data.

    Takes     template: a file of `templates/`; content: JSON values, with `currency`; pictures: what makes its charts.
    """
    style = Markup((TEMPLATES / "report.css").read_text(encoding="utf-8"))  # our own file, no outside text in it
    currency = content["currency"]
    page = _environment().get_template(template)
    return page.render(
        content=content,
        style=style,
        money=lambda value, digits=2: words.money(value, currency, digits),
        signed=lambda value: words.signed(value, currency),
        pictures=pictures,
    )


@cache
def _environment() -> Environment:
    """Everything is escaped, and a name that a template misspells is an error instead of a gap."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        number=words.number,
        percent=words.percent,
        rounded_up=words.rounded_up,
        p_value=words.p_value,
        day=words.day,
        weekday=words.weekday,
        words=words.words,
    )
    environment.globals.update(count=words.count)
    return environment
