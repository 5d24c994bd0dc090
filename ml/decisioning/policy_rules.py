"""What must agree between the seed tables; messages name the file, the row's key and the column."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from ml.decisioning.policy_cells import Value
from ml.decisioning.policy_rows import RECORDED_OPT_IN
from ml.decisioning.policy_tables import Rows

REFERENCES = [  # (table, column, table it must exist in, column there)
    ("treatments", "action_id", "actions", "action_id"),
    ("treatments", "offer_id", "offers", "offer_id"),
    ("treatments", "channel_code", "channels", "channel_code"),
    ("consents", "channel_code", "channels", "channel_code"),
    ("contact_policies", "channel_code", "channels", "channel_code"),
    ("discount_ceilings", "channel_code", "channels", "channel_code"),
    ("journeys", "action_id", "actions", "action_id"),
    ("limits", "channel_code", "channels", "channel_code"),
    ("limits", "action_id", "actions", "action_id"),
]
RULES = {
    "bought_recently_days",
    "fatigue_window_days",
    "max_stock_age_days",
    "min_identity_confidence",
    "min_stocked_rate",
    "min_value_amount",
    "shrinkage_order_count",
}
HORIZON_DAYS = 28  # the models answer for 28 days and for no other horizon
LARGEST_EFFECT = 3  # log-odds; beyond it a prior claims to turn nearly everybody


def cross_checks(rows: dict[str, Rows]) -> list[str]:
    """Every disagreement between tables that are sound one by one."""
    checks = (_unknown_references, _wrong_treatments, _wrong_consents, _wrong_bounds, _missing_rows)
    return [problem for check in checks for problem in check(rows)]


def _unknown_references(rows: dict[str, Rows]) -> Iterator[str]:
    for table, column, target, target_column in REFERENCES:
        known = {row[target_column] for row in rows[target]} | {"*"}
        for row in rows[table]:
            if row[column] not in known:
                yield f"{_place(table, row)}, {column}: {row[column]!r} is not in seeds/{target}.csv"


def _wrong_treatments(rows: dict[str, Rows]) -> Iterator[str]:
    discounts = {row["offer_id"]: row["discount_rate"] for row in rows["offers"]}
    monetary = {row["action_id"]: row["is_monetary"] for row in rows["actions"]}
    scopes = {row["action_id"]: row["scope_code"] for row in rows["actions"]}
    for row in rows["treatments"]:
        place = _place("treatments", row)
        if row["treatment_id"] == "none":
            yield f"{place}, treatment_id: 'none' is taken: it means that nothing is done"
        if row["valid_from"] > row["valid_through"]:  # type: ignore[operator]
            yield f"{place}, valid_from: {row['valid_from']} is after valid_through {row['valid_through']}"
        if row["horizon_days"] != HORIZON_DAYS:
            yield f"{place}, horizon_days: expected {HORIZON_DAYS}, as the models answer, got {row['horizon_days']}"
        if abs(Decimal(str(row["prior_effect_log_odds"]))) > LARGEST_EFFECT:
            yield f"{place}, prior_effect_log_odds: expected at most {LARGEST_EFFECT} either way"
        gives = discounts.get(row["offer_id"])
        if gives and (not monetary.get(row["action_id"]) or scopes.get(row["action_id"]) == "person"):
            yield f"{place}, offer_id: a discount needs a monetary action about a department"


def _wrong_consents(rows: dict[str, Rows]) -> Iterator[str]:
    """A misspelt basis would permit everybody what should need everybody's own yes."""
    for row in rows["consents"]:
        basis = str(row["consent_basis"])
        if basis.startswith("recorded") and basis != RECORDED_OPT_IN:
            yield f"{_place('consents', row)}, consent_basis: expected {RECORDED_OPT_IN!r}, got {basis!r}"


def _wrong_bounds(rows: dict[str, Rows]) -> Iterator[str]:
    for row in rows["journeys"]:
        for name in ("days_since_last_order", "lapse_probability"):
            low, high = row[f"min_{name}"], row[f"max_{name}"]
            if low is not None and high is not None and low > high:  # type: ignore[operator]
                yield f"{_place('journeys', row)}, min_{name}: {low} is above max_{name} {high}"
    for row in rows["offers"]:
        if (row["discount_rate"] == 0) != (row["funded_by"] == "nobody"):
            yield f"{_place('offers', row)}, funded_by: a discount has somebody who pays, no discount nobody"
        if row["discount_rate"] == 1:
            yield f"{_place('offers', row)}, discount_rate: expected less than 1, or the margin rate has no meaning"


def _missing_rows(rows: dict[str, Rows]) -> Iterator[str]:
    if "*" not in {row["department_name"] for row in rows["margin_rates"]}:
        yield "seeds/margin_rates.csv: expected a row '*' for departments without their own"
    for table in ("experiments", "exploration"):
        if len(rows[table]) != 1:
            yield f"seeds/{table}.csv: expected exactly one row, got {len(rows[table])}"
    for row in rows["exploration"]:
        if Decimal(str(row["exploration_rate"])) + Decimal(str(row["withheld_rate"])) >= 1:
            yield f"{_place('exploration', row)}: exploration_rate and withheld_rate together must stay below 1"
    wrong = sorted(RULES ^ {str(row["rule"]) for row in rows["value_rules"]})
    if wrong:
        yield f"seeds/value_rules.csv: missing or unknown rules: {wrong}"
    if not rows["treatments"]:
        yield "seeds/treatments.csv: expected at least one row"


def _place(table: str, row: Mapping[str, Value]) -> str:
    return f"seeds/{table}.csv row {next(iter(row.values()))}"
