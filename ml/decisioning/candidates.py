"""Every treatment for every person, what it would bring, and all that the guardrails will ask about it."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from ml.decisioning.applicability import applies
from ml.decisioning.departments import DepartmentInputs, Floats, department_inputs
from ml.decisioning.evidence import Effects
from ml.decisioning.history import recent_contacts
from ml.decisioning.inputs import checked_inputs
from ml.decisioning.ledger_rows import PRIOR
from ml.decisioning.permission import is_permitted
from ml.decisioning.policy import Policy
from ml.decisioning.policy_rows import Action, Treatment
from ml.decisioning.units import AMOUNT, amounts_from_floats, floats
from ml.decisioning.value import Expected, expected_purchases, lift_of, margin_rate_after_discount, worth
from ml.decisioning.weighing import weighed

HORIZON_DAYS, VALUE_DAYS = 28, 91  # of the purchase and lapse models; of the value model
WORKING = ("lift", "margin", "basket_margin", "sales", "retained_margin", "fatigue_cost", "retailer_discount_rate")


@dataclass(frozen=True, slots=True)
class _Night:
    """What all treatments share."""

    people: pl.DataFrame
    departments: DepartmentInputs
    recorded_consents: pl.DataFrame
    policy: Policy
    as_of_date: date


def build_candidates(
    customers: pl.DataFrame,
    scores: pl.DataFrame,
    department_history: pl.DataFrame,
    contact_history: pl.DataFrame,
    *,
    recorded_consents: pl.DataFrame,
    policy: Policy,
    as_of_date: date,
    effects: Effects | None = None,
    traits: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """One candidate per person and treatment, valued, not yet judged.

    Takes     customers, one row per person_id: identity_confidence, lifecycle_stage_code,
              days_since_last_order, order_count_365d, net_sales_amount_365d, gross_margin_amount_365d;
              scores, one row per person x model_name x target: score;
              department_history, one row per person x department_name: order_count_365d,
              net_sales_amount_365d, gross_margin_amount_365d, last_ordered_date;
              contact_history, one row per contact: channel_code, contacted_date, origin, discount_cost_amount;
              recorded_consents, one row per person_id x channel_code x purpose_code: is_granted;
              effects, traits: what lots say about contacts (`learn_effects`), if anything, and what is known tonight of
              every person_id and channel_code (`with_traits`).
    Returns   one row per person x treatment, sorted by both: the ledger's candidate columns without verdicts,
              and the evidence that `guardrails` reads. Amounts are rounded once to 1/10,000; an unknown input
              leaves the amount null. The department is the allowed one worth most, ties to the first name.
    Raises    ContractError   a column is missing, a key repeats, a score lies outside its range.
    """
    given = checked_inputs(
        customers,
        scores,
        department_history,
        contact_history,
        recorded_consents=recorded_consents,
        as_of_date=as_of_date,
    )
    recent = recent_contacts(given.people, given.contact_history, policy, as_of_date)
    people = given.people.join(recent, on="person_id", how="left").sort("person_id")
    departments = department_inputs(
        people, given.purchase_scores, given.department_history, policy=policy, as_of_date=as_of_date
    )
    night = _Night(people, departments, given.recorded_consents, policy, as_of_date)
    frames = [_candidates_of(night, treatment) for treatment in policy.treatments]
    found = pl.concat(frames, how="vertical").sort("person_id", "treatment_id")
    if effects is not None and traits is not None:
        found = weighed(found, effects, traits)
    return found.drop(WORKING)


def _candidates_of(night: _Night, treatment: Treatment) -> pl.DataFrame:
    policy = night.policy
    action, offer = policy.actions[treatment.action_id], policy.offers[treatment.offer_id]
    channel = policy.channels[treatment.channel_code]
    consent = policy.consents.get((channel.channel_code, action.purpose_code))
    columns = (
        _about_a_department(night, treatment)
        if action.scope_code == "department"
        else _about_the_person(night, treatment)
    )
    return night.people.select(
        pl.lit(night.as_of_date).alias("as_of_date"),
        "person_id",
        pl.lit(treatment.treatment_id).alias("treatment_id"),
        pl.lit(action.action_id).alias("action_id"),
        pl.lit(offer.offer_id).alias("offer_id"),
        pl.lit(channel.channel_code).alias("channel_code"),
        *columns,
        pl.lit(PRIOR).alias("uplift_basis"),
        pl.lit(lift_of(float(treatment.prior_effect_log_odds))).alias("lift"),
        pl.Series("basket_margin", _expected_margin(night.people, HORIZON_DAYS)),
        pl.Series("retained_margin", _retained_margin(night.people, action)),
        pl.Series("fatigue_cost", _fatigue(night, treatment)),
        pl.lit(float(offer.retailer_rate)).alias("retailer_discount_rate"),
        pl.lit(float(offer.discount_rate)).alias("discount_rate"),
        pl.lit(channel.contact_cost_amount).cast(AMOUNT).alias("contact_cost_amount"),
        amounts_from_floats(_fatigue(night, treatment)).alias("fatigue_cost_amount"),
        pl.lit(action.scope_code).alias("scope_code"),
        is_permitted(night.people, night.recorded_consents, consent),
        pl.lit(treatment.valid_from).alias("valid_from"),
        pl.lit(treatment.valid_through).alias("valid_through"),
        applies(policy, action.action_id).alias("is_applicable"),
        "identity_confidence",
        "^(contacts|discount):.*$",
    )


def _about_the_person(night: _Night, treatment: Treatment) -> list[pl.Series]:
    """Base: any order in 28 days, and the margin of all that is expected to be bought in them."""
    people, count = night.people, night.people.height
    margin = _expected_margin(people, HORIZON_DAYS)
    base = 1 - floats(people["lapse_probability"])
    found = _expected(night, treatment, base, margin, np.zeros(count))
    unknown = np.full(count, np.nan)
    nothing = pl.Series([None] * count, dtype=pl.String)
    return _columns(nothing, base, found, margin, np.zeros(count), unknown, unknown, unknown, unknown)


def _about_a_department(night: _Night, treatment: Treatment) -> list[pl.Series]:
    """The same for every department, then the one that is allowed and worth most."""
    inputs, count = night.departments, night.people.height
    if not inputs.names:
        unknown = np.full(count, np.nan)
        nothing = Expected(unknown, unknown, unknown)
        return _columns(pl.Series([None] * count, dtype=pl.String), unknown, nothing, *[unknown] * 6)
    rates = [night.policy.margin_rate(name) for name in inputs.names]
    discount = float(night.policy.offers[treatment.offer_id].retailer_rate)
    after = np.array([margin_rate_after_discount(float(rate.margin_rate), discount) for rate in rates])
    floor = np.array([float(rate.floor_margin_rate) for rate in rates])
    sensitive = np.array([night.policy.is_sensitive(name) for name in inputs.names])
    chance = inputs.purchase_probability
    margin = (chance if discount else expected_purchases(chance)) * inputs.margin  # a coupon works on one receipt
    found = _expected(night, treatment, inputs.purchase_probability, margin, inputs.sales)
    allowed = ~sensitive & (after >= floor) & (inputs.was_bought_just_now == 0)
    best = _best_column(found.value, allowed, ~sensitive)
    row = np.arange(count)
    picked = Expected(found.uplift_probability[row, best], found.discount_cost[row, best], found.value[row, best])
    return _columns(
        pl.Series(inputs.names, dtype=pl.String).gather(best),
        inputs.purchase_probability[row, best],
        picked,
        margin[row, best],
        inputs.sales[row, best],
        sensitive[best].astype(np.float64),
        inputs.was_bought_just_now[row, best],
        after[best],
        floor[best],
    )


def _expected(night: _Night, treatment: Treatment, base: Floats, margin: Floats, sales: Floats) -> Expected:
    action, fatigue = night.policy.actions[treatment.action_id], _fatigue(night, treatment)
    retained = _retained_margin(night.people, action)
    wide = base.ndim == 2  # one column per department: what belongs to the person counts for each
    return worth(
        base,
        lift_of(float(treatment.prior_effect_log_odds)),
        margin=margin,
        sales=sales,
        retained_margin=retained[:, None] if wide else retained,
        retailer_discount_rate=float(night.policy.offers[treatment.offer_id].retailer_rate),
        contact_cost=float(night.policy.channels[treatment.channel_code].contact_cost_amount),
        fatigue_cost=fatigue[:, None] if wide else fatigue,
    )


def _retained_margin(people: pl.DataFrame, action: Action) -> Floats:
    """Share of the margin expected in the next 91 days; not looked at by actions that retain nothing."""
    if not action.retained_value_rate:
        return np.zeros(people.height)
    return float(action.retained_value_rate) * _expected_margin(people, VALUE_DAYS)


def _expected_margin(people: pl.DataFrame, days: int) -> Floats:
    """Of all that a person is expected to buy in so many of the next 91 days."""
    own_rate = floats(people["gross_margin_amount_365d"]) / _positive(floats(people["net_sales_amount_365d"]))
    expected_sales = np.maximum(floats(people["net_sales_91d"]), 0)  # a regression may go slightly below
    return expected_sales * own_rate * days / VALUE_DAYS


def _fatigue(night: _Night, treatment: Treatment) -> Floats:
    per_contact = float(night.policy.channels[treatment.channel_code].fatigue_cost_amount)
    return per_contact * floats(night.people["contacts:fatigue"])


def _best_column(value: Floats, allowed: np.ndarray, acceptable: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """Of each row the allowed column worth most; without one the best acceptable, so that its verdict is shown."""
    known = np.where(np.isnan(value), -np.inf, value)
    first = np.where(allowed, known, -np.inf)
    second = np.where(acceptable, known, -np.inf)
    fallback = np.where(np.isneginf(second.max(axis=1)), int(np.argmax(acceptable)), second.argmax(axis=1))
    return np.where(np.isneginf(first.max(axis=1)), fallback, first.argmax(axis=1))


def _columns(
    department: pl.Series,
    base: Floats,
    found: Expected,
    margin: Floats,
    sales: Floats,
    is_sensitive: Floats,
    was_bought_just_now: Floats,
    margin_after: Floats,
    floor: Floats,
) -> list[pl.Series]:
    return [
        department.alias("department_name"),
        pl.Series("base_probability", base, nan_to_null=True),
        pl.Series("uplift_probability", found.uplift_probability, nan_to_null=True),
        amounts_from_floats(found.discount_cost).alias("discount_cost_amount"),
        amounts_from_floats(found.value).alias("value_amount"),
        pl.Series("margin", margin),
        pl.Series("sales", sales),
        pl.Series("is_sensitive", is_sensitive, nan_to_null=True).cast(pl.Boolean),
        pl.Series("was_bought_just_now", was_bought_just_now, nan_to_null=True).cast(pl.Boolean),
        pl.Series("margin_after_rate", margin_after, nan_to_null=True),
        pl.Series("floor_margin_rate", floor, nan_to_null=True),
    ]


def _positive(values: Floats) -> Floats:
    return np.where(values > 0, values, np.nan)
