"""What each seed table must look like: its columns, its key, and how a cell is read."""

from collections.abc import Mapping

import polars as pl

from ml.decisioning.policy_cells import (
    Cell,
    Value,
    amount,
    any_or_identifier,
    day,
    days,
    identifier,
    number,
    one_of,
    optional,
    rate,
    whole,
    words,
    yes_no,
)

Rows = list[dict[str, Value]]

BASIS = one_of("assumed", "declared", "measured")
PURPOSE = one_of("marketing", "service")
STAGE = one_of("*", "new", "active", "at_risk", "lapsed", "never_bought")

TABLES: dict[str, dict[str, Cell]] = {
    "actions": {
        "action_id": identifier,
        "action_name": words,
        "purpose_code": PURPOSE,
        "scope_code": one_of("department", "person"),
        "is_monetary": yes_no,
        "retained_value_rate": rate,
        "basis": BASIS,
    },
    "offers": {
        "offer_id": identifier,
        "offer_name": words,
        "discount_rate": rate,
        "funded_by": one_of("nobody", "retailer", "manufacturer"),
        "basis": BASIS,
    },
    "channels": {
        "channel_code": identifier,
        "channel_name": words,
        "contact_cost_amount": amount,
        "fatigue_cost_amount": amount,
        "basis": BASIS,
    },
    "treatments": {
        "treatment_id": identifier,
        "action_id": identifier,
        "offer_id": identifier,
        "channel_code": identifier,
        "prior_effect_log_odds": number,
        "prior_source": words,
        "horizon_days": days,
        "valid_from": day,
        "valid_through": day,
        "requires_approval": yes_no,
        "basis": BASIS,
    },
    "consents": {
        "channel_code": identifier,
        "purpose_code": PURPOSE,
        "consent_basis": identifier,
        "is_permitted": yes_no,
        "basis": BASIS,
    },
    "contact_policies": {
        "contact_policy_id": identifier,
        "channel_code": any_or_identifier,
        "origin": one_of("*", "campaign", "nightmarket"),
        "window_days": days,
        "max_contact_count": whole,
        "reason": words,
        "basis": BASIS,
    },
    "discount_ceilings": {
        "ceiling_id": identifier,
        "channel_code": any_or_identifier,
        "window_days": days,
        "max_discount_amount": amount,
        "reason": words,
        "basis": BASIS,
    },
    "experiments": {
        "experiment_id": identifier,
        "holdout_share": rate,
        "salt": words,
        "start_date": day,
        "unit": one_of("person"),
        "description": words,
        "basis": BASIS,
    },
    "exploration": {
        "exploration_id": identifier,
        "exploration_rate": rate,
        "withheld_rate": rate,
        "tolerance_amount": amount,
        "reason": words,
        "basis": BASIS,
    },
    "journeys": {
        "journey_id": identifier,
        "action_id": identifier,
        "lifecycle_stage_code": STAGE,
        "min_days_since_last_order": optional(whole),
        "max_days_since_last_order": optional(whole),
        "min_lapse_probability": optional(rate),
        "max_lapse_probability": optional(rate),
        "min_redemption_probability": optional(rate),
        "min_order_count_365d": optional(whole),
        "reason": words,
    },
    "limits": {
        "limit_name": identifier,
        "measure": one_of("contact_count", "cost_amount", "discount_cost_amount"),
        "channel_code": any_or_identifier,
        "action_id": any_or_identifier,
        "limit_amount": amount,
        "basis": BASIS,
    },
    "margin_rates": {
        "department_name": words,
        "margin_rate": rate,
        "floor_margin_rate": rate,
        "basis": BASIS,
    },
    "sensitive_categories": {"department_name": words, "category_name": words, "reason": words},
    "value_rules": {"rule": identifier, "rule_value": amount, "unit": words, "reason": words, "basis": BASIS},
}
KEY_LENGTH = {"consents": 2, "sensitive_categories": 2}  # leading columns that make the key; else the first


def read_table(name: str, tables: Mapping[str, pl.DataFrame], problems: list[str]) -> Rows:
    """The table's rows, typed and sorted by key; what is wrong is added to `problems`."""
    columns = TABLES[name]
    if name not in tables:
        problems.append(f"seeds/{name}.csv: expected the file, found none")
        return []
    frame = tables[name]
    if set(frame.columns) != set(columns):
        wrong = sorted(set(frame.columns) ^ set(columns))
        problems.append(f"seeds/{name}.csv: expected columns {list(columns)}, missing or unknown: {wrong}")
        return []
    keyed: dict[tuple[str, ...], dict[str, Value]] = {}
    for position, raw in enumerate(frame.select(pl.col(list(columns)).cast(pl.String)).iter_rows(named=True), start=2):
        row = {column: _cell(name, position, column, raw[column], problems) for column in columns}
        key = tuple(str(raw[column]) for column in list(columns)[: KEY_LENGTH.get(name, 1)])
        if key in keyed:
            problems.append(f"seeds/{name}.csv row {position}: expected a new key, got {'/'.join(key)} again")
        keyed[key] = row
    return [keyed[key] for key in sorted(keyed)]


def _cell(name: str, position: int, column: str, text: str | None, problems: list[str]) -> Value:
    try:
        return TABLES[name][column](text)
    except ValueError as error:
        shown = "nothing" if text is None else repr(text)
        problems.append(f"seeds/{name}.csv row {position}, {column}: expected {error}, got {shown}")
        return None
