"""Who gets what and why, what the limits cost, and how good the joint choice is."""

import json
from decimal import Decimal
from typing import Any

import polars as pl

from ml.errors import ContractError
from pipelines.reports.context import RunReport
from pipelines.reports.reason_words import reason_words
from pipelines.reports.words import words

NONE = "none"
IS_CONTACT = pl.col("treatment_id") != NONE
IS_HELD_OUT = pl.col("holdout_arm") == "holdout"
NO_REASON = "no_reason_given"  # blocked without a word: shown, because nothing may be dropped silently
EXAMPLES = 10
MAX_BINS = 12
UNITS = 10_000  # the ledger's money has four digits


def choice_section(report: RunReport) -> dict[str, Any]:
    """Counts and money of tonight's decisions, by treatment, channel and reason for nothing."""
    decisions = report.decisions
    contacts = decisions.filter(IS_CONTACT)
    return {
        "person_count": decisions.height,
        "contact_count": contacts.height,
        "holdout_count": decisions.filter(IS_HELD_OUT).height,
        "contacted_holdout_count": contacts.filter(IS_HELD_OUT).height,
        "left_alone_count": decisions.filter(~IS_CONTACT & IS_HELD_OUT.not_().fill_null(True)).height,
        "exploration_count": int(contacts["is_exploration"].sum()),
        "waiting_count": contacts.filter(pl.col("approval") == "pending").height,
        "export_count": report.exports.height,
        **_money(contacts),
        "treatments": [_named(report, row) for row in _by(contacts, "treatment_id", "channel_code", "uplift_basis")],
        "channels": _by(contacts, "channel_code"),
        "nothing_reasons": _reasons_for_nothing(report),
        "value_bins": value_bins(contacts["value_amount"].drop_nulls().to_list()),
        "policy_hashes": sorted({str(text) for text in decisions["policy_hash"].to_list()}),
    }


def guardrail_section(report: RunReport) -> dict[str, Any]:
    """How many candidates each guardrail blocked; one candidate may be blocked by several."""
    blocked = report.candidates.filter(pl.col("is_eligible").not_().fill_null(True))
    has_reason = (pl.col("reason_codes").list.len() > 0).fill_null(False)
    reasons = pl.when(has_reason).then("reason_codes").otherwise(pl.lit([NO_REASON], dtype=pl.List(pl.String)))
    counts = (
        blocked.select("person_id", reason_code=reasons)
        .explode("reason_code")
        .group_by("reason_code")
        .agg(pl.len().alias("candidate_count"), pl.col("person_id").n_unique().alias("person_count"))
        .sort("candidate_count", "reason_code", descending=[True, False])
    )
    people = report.candidates["person_id"].n_unique()
    return {
        "candidate_count": report.candidates.height,
        "blocked_count": blocked.height,
        "eligible_count": report.candidates.height - blocked.height,
        "person_count": people,
        "fully_blocked_person_count": people - report.candidates.filter(pl.col("is_eligible"))["person_id"].n_unique(),
        "reasons": [{**row, "reason": reason_text(report, row["reason_code"])} for row in counts.to_dicts()],
    }


def limits_section(report: RunReport) -> list[dict[str, Any]]:
    """Each global limit: how much of it is used, what one more unit would bring, and what that means."""
    known = report.certificates.join(report.limits, on="limit_name", how="left").sort("limit_name")
    return [
        {
            "limit_name": row["limit_name"],
            "unit": row["unit"] or "units",
            "meaning": row["meaning"] or words(row["limit_name"]),
            "limit_amount": row["limit_amount"],
            "used_amount": row["used_amount"],
            "used_rate": _rate(row["used_amount"], row["limit_amount"]),
            "price_amount": row["price_amount"],
            "is_binding": row["price_amount"] is not None and row["price_amount"] > 0,
        }
        for row in known.iter_rows(named=True)
    ]


def certificate_section(report: RunReport) -> dict[str, Any] | None:
    """Value, bound and gap of the joint choice; None if the night has no certificate."""
    names = ["primal_value_amount", "dual_bound_amount", "gap_rate"]
    stated = report.certificates.select(names).unique().sort(names)
    if stated.height > 1:
        raise ContractError(
            f"certificates: expected one value, bound and gap for the night, got {stated.height}. Solve it once."
        )
    return stated.row(0, named=True) if stated.height else None


def example_people(report: RunReport) -> list[dict[str, Any]]:
    """Ten people to look at: the best of each treatment, somebody held out, and each reason for nothing."""
    ordered = report.decisions.sort("value_amount", "person_id", descending=[True, False], nulls_last=True)
    picked = pl.concat(
        [
            ordered.filter(IS_CONTACT).unique("treatment_id", keep="first", maintain_order=True).head(6),
            ordered.filter(IS_HELD_OUT).head(1),
            ordered.filter(~IS_CONTACT & ~IS_HELD_OUT).unique("reason_code", keep="first", maintain_order=True).head(3),
            ordered.filter(IS_CONTACT),
            ordered,
        ]
    )
    chosen = picked.unique("person_id", keep="first", maintain_order=True).head(EXAMPLES)
    return [_person(report, row) for row in chosen.iter_rows(named=True)]


def reason_text(report: RunReport, code: str) -> str:
    """A reason code in words."""
    return report.reason_texts.get(code) or reason_words(code)


def treatment_text(report: RunReport, treatment_id: str) -> str:
    """A treatment in words."""
    return "Nothing" if treatment_id == NONE else report.treatment_names.get(treatment_id) or words(treatment_id)


def value_bins(values: list[Decimal]) -> list[dict[str, Any]]:
    """A histogram of money with round borders; the highest hundredth shares the last, open column."""
    if not values:
        return []
    units = sorted(int(value * UNITS) for value in values)
    top = units[(99 * (len(units) - 1)) // 100]
    step = _round_step(max(top - min(units[0], 0), 1))
    first, last = units[0] // step, top // step
    counts = dict.fromkeys(range(first, last + 1), 0)
    for unit in units:
        counts[min(unit // step, last)] += 1
    return [
        {
            "low_amount": Decimal(place * step) / UNITS,
            "high_amount": None
            if place == last and units[-1] >= (last + 1) * step
            else Decimal((place + 1) * step) / UNITS,
            "person_count": amount,
        }
        for place, amount in counts.items()
    ]


def _round_step(span: int) -> int:
    """The smallest 1, 2 or 5 times a power of ten that cuts the span into at most MAX_BINS - 1 parts."""
    size = 1
    while True:
        for factor in (1, 2, 5):
            if span <= factor * size * (MAX_BINS - 1):
                return factor * size
        size *= 10


def _money(contacts: pl.DataFrame) -> dict[str, Any]:
    names = ("value_amount", "discount_cost_amount", "contact_cost_amount", "fatigue_cost_amount")
    return {name: contacts[name].sum() for name in names}


def _by(contacts: pl.DataFrame, *keys: str) -> list[dict[str, Any]]:
    costs = pl.col("discount_cost_amount").sum(), pl.col("contact_cost_amount").sum()
    grouped = contacts.group_by(keys).agg(pl.len().alias("person_count"), pl.col("value_amount").sum(), *costs)
    return grouped.sort("person_count", *keys, descending=[True] + [False] * len(keys)).to_dicts()


def _named(report: RunReport, row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "treatment_name": treatment_text(report, row["treatment_id"])}


def _reasons_for_nothing(report: RunReport) -> list[dict[str, Any]]:
    nothing = (
        report.decisions.filter(~IS_CONTACT)
        .group_by("reason_code")
        .agg(pl.len().alias("person_count"), IS_HELD_OUT.sum().alias("holdout_count"))
    )
    ordered = nothing.sort("person_count", "reason_code", descending=[True, False])
    return [{**row, "reason": reason_text(report, str(row["reason_code"]))} for row in ordered.to_dicts()]


def _person(report: RunReport, row: dict[str, Any]) -> dict[str, Any]:
    names = ["person_id", "treatment_id", "department_name", "channel_code", "value_amount", "base_probability"]
    names += ["uplift_probability", "uplift_basis", "is_exploration", "holdout_arm", "reason_code", "reasons"]
    return {
        **{name: row[name] for name in names},
        "treatment_name": treatment_text(report, row["treatment_id"]),
        "reason": reason_text(report, str(row["reason_code"])),
        "runner_ups": [_loser(report, loser) for loser in _parsed(row)],
    }


def _parsed(row: dict[str, Any]) -> list[dict[str, Any]]:
    try:
        losers = json.loads(row["runner_ups"] or "[]")
    except json.JSONDecodeError as error:
        raise ContractError(
            f"decisions.runner_ups: expected JSON, got {row['runner_ups']!r} for {row['person_id']} ({error.msg}). "
            "Write it with json.dumps."
        ) from error
    if not isinstance(losers, list):
        raise ContractError(f"decisions.runner_ups: expected a list for {row['person_id']}, got {losers!r}.")
    return losers


def _loser(report: RunReport, loser: dict[str, Any]) -> dict[str, Any]:
    value = loser.get("value_amount")
    return {
        "treatment_name": treatment_text(report, str(loser.get("treatment_id"))),
        "value_amount": None if value is None else Decimal(str(value)),
        "reasons": [reason_text(report, str(code)) for code in loser.get("reason_codes") or []],
    }


def _rate(used: Decimal | None, limit: Decimal | None) -> float | None:
    return None if used is None or not limit else float(used / limit)
