"""What the retailer has decided: the seed tables as typed, checked, immutable rows."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import polars as pl

from ml.decisioning.policy_rules import cross_checks
from ml.decisioning.policy_tables import Rows, read_table
from ml.errors import ContractError


@dataclass(frozen=True, slots=True)
class Action:
    """What may be done for a person."""

    action_id: str
    action_name: str
    purpose_code: str
    scope_code: str
    is_monetary: bool
    retained_value_rate: Decimal
    basis: str


@dataclass(frozen=True, slots=True)
class Offer:
    """The incentive and its depth."""

    offer_id: str
    offer_name: str
    discount_rate: Decimal
    funded_by: str
    basis: str

    @property
    def retailer_rate(self) -> Decimal:
        """The part of the price the retailer itself gives away."""
        return self.discount_rate if self.funded_by == "retailer" else Decimal(0)


@dataclass(frozen=True, slots=True)
class Channel:
    """How a person is reached, and what one contact costs."""

    channel_code: str
    channel_name: str
    contact_cost_amount: Decimal
    fatigue_cost_amount: Decimal
    basis: str


@dataclass(frozen=True, slots=True)
class Treatment:
    """Action x offer x channel with its stated prior effect."""

    treatment_id: str
    action_id: str
    offer_id: str
    channel_code: str
    prior_effect_log_odds: Decimal
    prior_source: str
    horizon_days: int
    valid_from: date
    valid_through: date
    requires_approval: bool
    basis: str


@dataclass(frozen=True, slots=True)
class Consent:
    """Whether a channel may be used for a purpose, and on what that rests."""

    channel_code: str
    purpose_code: str
    consent_basis: str
    is_permitted: bool
    basis: str


@dataclass(frozen=True, slots=True)
class ContactPolicy:
    """How often a person may be contacted."""

    contact_policy_id: str
    channel_code: str
    origin: str
    window_days: int
    max_contact_count: int
    reason: str
    basis: str


@dataclass(frozen=True, slots=True)
class DiscountCeiling:
    """How much discount a person may be given."""

    ceiling_id: str
    channel_code: str
    window_days: int
    max_discount_amount: Decimal
    reason: str
    basis: str


@dataclass(frozen=True, slots=True)
class Experiment:
    """A randomised comparison, fixed before it starts."""

    experiment_id: str
    holdout_share: Decimal
    salt: str
    start_date: date
    unit: str
    description: str
    basis: str


@dataclass(frozen=True, slots=True)
class Exploration:
    """How much is left to chance, to learn from."""

    exploration_id: str
    exploration_rate: Decimal
    tolerance_amount: Decimal
    reason: str
    basis: str


@dataclass(frozen=True, slots=True)
class Journey:
    """To whom an action applies: every bound that is given must hold."""

    journey_id: str
    action_id: str
    lifecycle_stage_code: str
    min_days_since_last_order: int | None
    max_days_since_last_order: int | None
    min_lapse_probability: Decimal | None
    max_lapse_probability: Decimal | None
    min_redemption_probability: Decimal | None
    min_order_count_365d: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Limit:
    """What one night may use in total."""

    limit_name: str
    measure: str
    channel_code: str
    action_id: str
    limit_amount: Decimal
    basis: str


@dataclass(frozen=True, slots=True)
class MarginRate:
    """A department's gross margin and its floor after discount."""

    department_name: str
    margin_rate: Decimal
    floor_margin_rate: Decimal
    basis: str


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

    def margin_rate(self, department_name: str) -> MarginRate:
        """The department's own row, else the row `*`."""
        return self.margin_rates.get(department_name) or self.margin_rates["*"]


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
