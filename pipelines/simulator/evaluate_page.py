"""The page of `nightmarket evaluate`: which picture goes with which part."""

import sys
from typing import Any

from markupsafe import Markup

from pipelines.reports.charts import (
    Bar,
    Curve,
    Mark,
    MarkRow,
    curve_chart,
    dot_whisker_chart,
    scale_ends,
    signed_bar_chart,
)
from pipelines.reports.pictures import short_name
from pipelines.reports.render import render_page
from pipelines.reports.words import day, money, number, percent, signed, words
from pipelines.simulator.scoring_policy import DECIDED, ORACLE
from pipelines.simulator.scoring_uplift import EVERY

KINDS = {DECIDED: "main", ORACLE: "binding"}
LATEST_RESULTS = 12
LONGEST_NAME = 33  # letters that fit beside two figures on a phone of 360 pixels


def render_evaluation(content: dict[str, Any]) -> str:
    """All that was judged as one HTML file that needs nothing but itself."""
    return render_page("evaluation.html.j2", content, sys.modules[__name__])


def amount(value: float | None, is_money: bool, currency: str) -> str:
    """A prediction in its unit: money, or a chance in per cent."""
    return money(value, currency) if is_money else percent(value)


def calibration_plot(part: dict[str, Any], currency: str) -> Markup:
    """True mean over predicted mean per tenth; dots on the dashed line are right."""
    dots = [(row["predicted"], row["true"]) for row in part["tenths"]]
    high = max([end for dot in dots for end in dot])
    low = min([0.0, *(end for dot in dots for end in dot)])  # a regression may go slightly below
    shown = amount(high, part["is_money"], currency)
    across = (amount(low, part["is_money"], currency), f"predicted {shown}")
    diagonal = Curve(((low, low), (high, high)), "zero")
    title = f"{part['title']}, by tenth: true over predicted"
    return curve_chart(title, [diagonal], dots, across=across, top=f"true {shown}")


def gain_plot(night: dict[str, Any], currency: str) -> Markup:
    """What contacting the first so many would truly bring."""
    rows = night["curve"]
    names = {"by_belief": "main", "by_truth": "other"}
    curves = [Curve(tuple((row["contacted_share"], row[name]) for row in rows), kind) for name, kind in names.items()]
    last = rows[-1]["by_truth"]
    by_lot = Curve(((0.0, 0.0), (1.0, last)), "zero")
    top = signed(max(row[name] for row in rows for name in names), currency)
    title = "True gain of the first contacts of an order"
    return curve_chart(title, [by_lot, *curves], [], across=("nobody", "all contacts"), top=top)


def treatments_of(night: dict[str, Any], unit: str) -> list[dict[str, Any]]:
    """The rows of single treatments, without their sums."""
    return [row for row in night[unit] if row["treatment_id"] != EVERY]


def overall_of(night: dict[str, Any], unit: str) -> dict[str, Any]:
    """The row over everything."""
    row: dict[str, Any] = night[unit][-1]
    return row


def effect_plot(night: dict[str, Any], currency: str) -> Markup:
    """Believed beside true mean effect per treatment, in money."""
    drawn = [
        MarkRow(
            _cut(short_name(row["treatment_id"])),
            f"{number(row['mean_true'], 2)} / {number(row['mean_believed'], 2)}",
            (Mark(row["mean_true"], None, None, "main"), Mark(row["mean_believed"], None, None, "other")),
        )
        for row in treatments_of(night, "money")
    ]
    axis = _axis(drawn, currency)
    return dot_whisker_chart(f"Effect per contact, {currency}: true / believed", drawn, zero=True, axis=axis)


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1].rstrip()}…"


def policy_bars(night: dict[str, Any], currency: str) -> Markup:
    """True net value of each policy."""
    bars = [
        Bar(
            words(row["policy"]),
            float(row["value_amount"]),
            f"{money(row['value_amount'], currency)} · {percent(row['oracle_share'])}",
            KINDS.get(row["policy"], "quiet"),
        )
        for row in night["values"]
    ]
    return signed_bar_chart("True net value of a night, by policy", bars)


def lift_plot(content: dict[str, Any]) -> Markup:
    """Measured differences with intervals, and the true effect below each."""
    currency = content["currency"]
    drawn = [
        MarkRow(
            f"{day(row['decided_date'])} · {words(row['metric_name']).lower()}",
            f"{signed(row['estimate'], currency)} / {signed(row['true_in_window'], currency)}",
            (
                Mark(row["estimate"], row["low"], row["high"], "early" if row["state"] == "too early" else "main"),
                Mark(row["true_in_window"], None, None, "other"),
            ),
        )
        for row in content["lift"]["results"][-LATEST_RESULTS:]
    ]
    axis = _axis(drawn, currency)
    return dot_whisker_chart(f"Lift per person, {currency}: measured / true", drawn, zero=True, axis=axis)


def _axis(rows: list[MarkRow], currency: str) -> tuple[str, str]:
    """The scale's ends; one that stands where the 0 is written is left out."""
    low, high = scale_ends(rows, zero=True)
    room = 0.15 * (high - low)
    return (signed(low, currency) if low < -room else "", signed(high, currency) if high > room else "")
