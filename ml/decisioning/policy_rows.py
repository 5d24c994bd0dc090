"""One row of each seed table, typed."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

RECORDED_OPT_IN = "recorded_opt_in"  # a consent basis: the person's own recorded yes is needed


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
    withheld_rate: Decimal
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
