"""What the retailer has decided: the seed tables as typed, checked, immutable rows."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from ml.decisioning.policy_rows import (
    RECORDED_OPT_IN,
    Action,
    Channel,
    Consent,
    ContactPolicy,
    DiscountCeiling,
    Experiment,
    Exploration,
    Journey,
    Limit,
    MarginRate,
    Offer,
    Treatment,
)
from ml.decisioning.policy_rules import cross_checks
from ml.decisioning.policy_tables import Rows, read_table
from ml.errors import ContractError


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything decided by people rather than by data; its hash stands in every decision."""

    actions: Mapping[str, Action]
    offers: Mapping[str, Offer]
    channels: Mapping[str, Channel]
    treatments: tuple[Treatment, ...]  # sorted by treatment_id
    consents: Mapping[tuple[str, str], Consent]
    contact_policies: tuple[ContactPolicy, ...]
    discount_ceilings: tuple[DiscountCeiling, ...]
    holdout: Experiment
    exploration: Exploration
    journeys: tuple[Journey, ...]
    limits: tuple[Limit, ...]  # sorted by limit_name
    margin_rates: Mapping[str, MarginRate]
    sensitive_departments: frozenset[str]
    rules: Mapping[str, Decimal]
    policy_hash: str

    @property
    def needs_recorded_opt_in(self) -> bool:
        """Whether any channel may be used only after a person's own recorded yes."""
        return any(row.consent_basis == RECORDED_OPT_IN for row in self.consents.values())

    def margin_rate(self, department_name: str) -> MarginRate:
        """The department's own row, else the row `*`."""
        return self.margin_rates.get(department_name) or self.margin_rates["*"]

    def is_sensitive(self, department_name: str) -> bool:
        """Whether nobody may be addressed about the department as a whole."""
        return not self.sensitive_departments.isdisjoint((department_name, "*"))


ROWS = {
    "actions": Action,
    "offers": Offer,
    "channels": Channel,
    "treatments": Treatment,
    "consents": Consent,
    "contact_policies": ContactPolicy,
    "discount_ceilings": DiscountCeiling,
    "experiments": Experiment,
    "exploration": Exploration,
    "journeys": Journey,
    "limits": Limit,
    "margin_rates": MarginRate,
}
LONGEST_LIST = 12  # problems shown at once


def load_policy(tables: Mapping[str, pl.DataFrame]) -> Policy:
    """Check the seed tables and make them one policy.

    Takes     tables: seed name to frame, every column text as in the CSV, null for an empty cell.
    Returns   Policy; the order of rows and columns in the files does not matter.
    Raises    ContractError listing file, row (the header is row 1) and column of every problem found.
    """
    problems: list[str] = []
    rows = {name: read_table(name, tables, problems) for name in (*ROWS, "sensitive_categories", "value_rules")}
    if not problems:
        problems += cross_checks(rows)
    if problems:
        more = f" ... and {len(problems) - LONGEST_LIST} more" if len(problems) > LONGEST_LIST else ""
        raise ContractError("; ".join(problems[:LONGEST_LIST]) + more + ". Correct the cells named here.")
    return _policy(rows)


def _policy(rows: dict[str, Rows]) -> Policy:
    typed = {name: [row_type(**row) for row in rows[name]] for name, row_type in ROWS.items()}  # type: ignore[operator]
    whole = {row["department_name"] for row in rows["sensitive_categories"] if row["category_name"] == "*"}
    return Policy(
        actions={row.action_id: row for row in typed["actions"]},
        offers={row.offer_id: row for row in typed["offers"]},
        channels={row.channel_code: row for row in typed["channels"]},
        treatments=tuple(typed["treatments"]),
        consents={(row.channel_code, row.purpose_code): row for row in typed["consents"]},
        contact_policies=tuple(typed["contact_policies"]),
        discount_ceilings=tuple(typed["discount_ceilings"]),
        holdout=typed["experiments"][0],
        exploration=typed["exploration"][0],
        journeys=tuple(typed["journeys"]),
        limits=tuple(typed["limits"]),
        margin_rates={row.department_name: row for row in typed["margin_rates"]},
        sensitive_departments=frozenset(str(name) for name in whole),
        rules={str(row["rule"]): Decimal(str(row["rule_value"])) for row in rows["value_rules"]},
        policy_hash=_hash_of(rows),
    )


def _hash_of(rows: dict[str, Rows]) -> str:
    """SHA-256 over the typed content in key order, so that 0.1 and 0.10 are the same policy."""
    plain = {
        name: [{column: _canonical(value) for column, value in row.items()} for row in table]
        for name, table in rows.items()
    }
    return hashlib.sha256(json.dumps(plain, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _canonical(value: object) -> str | None:
    if value is None:
        return None
    return f"{value:.4f}" if isinstance(value, Decimal) else str(value)
