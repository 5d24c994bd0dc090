"""What must hold before anybody is contacted. Rules say when it is allowed; everything else blocks, by name."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
import polars.selectors as cs

from ml.decisioning.policy import Policy
from ml.decisioning.policy_rows import ContactPolicy, DiscountCeiling

BELOW_MINIMUM = "below_minimum_value"
HOLDOUT = "universal_holdout"
NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Guardrail:
    """A rule by the name that stands in `reason_codes`; `allows` is boolean, and null counts as no."""

    name: str
    allows: pl.Expr


def guardrails(policy: Policy) -> list[Guardrail]:
    """All rules of a policy, in the order in which reasons are listed."""
    confidence = float(policy.rules["min_identity_confidence"])
    minimum = pl.lit(policy.rules["min_value_amount"]).cast(pl.Decimal(18, 4))
    about_the_person = pl.col("scope_code") == "person"  # no department, so nothing about one can be wrong
    return [
        Guardrail(NOT_APPLICABLE, pl.col("is_applicable")),
        Guardrail("treatment_not_valid", pl.col("as_of_date").is_between("valid_from", "valid_through")),
        Guardrail("no_consent", pl.col("is_permitted")),
        Guardrail("open_complaint", pl.col("is_undisturbed")),
        Guardrail("identity_uncertain", pl.col("identity_confidence") >= confidence),
        Guardrail("sensitive_category", _either(about_the_person, ~pl.col("is_sensitive"))),
        *[_contact_cap(row) for row in policy.contact_policies],
        *[_discount_ceiling(row) for row in policy.discount_ceilings],
        Guardrail(
            "margin_floor", _either(about_the_person, pl.col("margin_after_rate") >= pl.col("floor_margin_rate"))
        ),
        Guardrail("bought_just_now", _either(about_the_person, ~pl.col("was_bought_just_now"))),
        Guardrail("out_of_stock", _either(about_the_person, pl.col("is_stocked"))),
        Guardrail(HOLDOUT, pl.col("holdout_arm") == "treated"),
        Guardrail("value_unknown", _known("base_probability", "uplift_probability", "value_amount", *COSTS)),
        Guardrail(BELOW_MINIMUM, pl.col("value_amount") >= minimum),
    ]


COSTS = ("contact_cost_amount", "discount_cost_amount", "fatigue_cost_amount")


def apply_guardrails(candidates: pl.DataFrame, rails: Sequence[Guardrail]) -> pl.DataFrame:
    """Add `reason_codes` (list of names, empty = eligible) and `is_eligible`. Drops no row."""
    known = candidates.with_columns(cs.float().fill_nan(None))  # in Polars, NaN >= 0.8 is true
    if not rails:
        return known.with_columns(reason_codes=pl.lit([], dtype=pl.List(pl.String)), is_eligible=pl.lit(True))
    reasons = [pl.when(rail.allows.fill_null(False)).then(None).otherwise(pl.lit(rail.name)) for rail in rails]
    return known.with_columns(reason_codes=pl.concat_list(reasons).list.drop_nulls()).with_columns(
        is_eligible=pl.col("reason_codes").list.len() == 0
    )


def _contact_cap(row: ContactPolicy) -> Guardrail:
    under = pl.col(f"contacts:{row.contact_policy_id}") < row.max_contact_count
    return Guardrail(f"contact_cap:{row.contact_policy_id}", _concerns(row.channel_code, under))


def _discount_ceiling(row: DiscountCeiling) -> Guardrail:
    """What was given in the window plus what this offer is expected to give; an offer without discount is free."""
    given = pl.col(f"discount:{row.ceiling_id}") + pl.col("discount_cost_amount")
    under = given <= pl.lit(row.max_discount_amount).cast(pl.Decimal(18, 4))
    allowed = _either(pl.col("discount_rate") == 0, under)
    return Guardrail(f"discount_ceiling:{row.ceiling_id}", _concerns(row.channel_code, allowed))


def _concerns(channel_code: str, allows: pl.Expr) -> pl.Expr:
    if channel_code == "*":
        return allows
    return _either(pl.col("channel_code") != channel_code, allows)


def _either(exempt: pl.Expr, allows: pl.Expr) -> pl.Expr:
    """Exempt from the rule or within it; null, so not allowed, where it is unknown whether the rule concerns it."""
    return pl.when(exempt.is_null()).then(None).otherwise(exempt | allows)


def _known(*columns: str) -> pl.Expr:
    return pl.all_horizontal(pl.col(columns).is_not_null())
