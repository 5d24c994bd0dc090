"""The frames that decisions are made from, checked at the door."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl
import polars.selectors as cs

from ml.errors import ContractError

CUSTOMER_COLUMNS = (
    "person_id",
    "identity_confidence",
    "lifecycle_stage_code",
    "days_since_last_order",
    "order_count_365d",
    "net_sales_amount_365d",
    "gross_margin_amount_365d",
)
SCORE_COLUMNS = ("person_id", "as_of_date", "model_name", "target", "score")
DEPARTMENT_COLUMNS = (
    "person_id",
    "department_name",
    "order_count_365d",
    "net_sales_amount_365d",
    "gross_margin_amount_365d",
    "last_ordered_date",
)
CONTACT_COLUMNS = ("person_id", "channel_code", "contacted_date", "origin", "discount_cost_amount")
CONSENT_COLUMNS = ("person_id", "channel_code", "purpose_code", "is_granted")

PURCHASE, LAPSE, VALUE, REDEMPTION = "category_purchase_28d", "lapse_28d", "value_91d", "coupon_redemption"
PROBABILITIES = (PURCHASE, LAPSE, REDEMPTION)


@dataclass(frozen=True, slots=True)
class Inputs:
    """Checked frames: floats without NaN, one row per key."""

    people: pl.DataFrame  # customers with lapse_probability, redemption_probability, net_sales_91d
    purchase_scores: pl.DataFrame
    department_history: pl.DataFrame
    contact_history: pl.DataFrame
    recorded_consents: pl.DataFrame


def checked_inputs(
    customers: pl.DataFrame,
    scores: pl.DataFrame,
    department_history: pl.DataFrame,
    contact_history: pl.DataFrame,
    *,
    recorded_consents: pl.DataFrame,
    as_of_date: date,
) -> Inputs:
    """Refuse what cannot be read; turn NaN into null, which blocks later on, by name."""
    customers = _checked("customers", customers, CUSTOMER_COLUMNS, ("person_id",))
    scores = _checked("scores", scores, SCORE_COLUMNS, ("person_id", "model_name", "target"))
    departments = _checked(
        "department_history",
        department_history.filter(pl.col("department_name").is_not_null()),
        DEPARTMENT_COLUMNS,
        ("person_id", "department_name"),
    )
    contacts = _checked("contact_history", contact_history, CONTACT_COLUMNS, ())
    consents = _checked("recorded_consents", recorded_consents, CONSENT_COLUMNS, CONSENT_COLUMNS[:3])
    _require_night(scores, as_of_date)
    _require_ranges(scores)
    people = customers.sort("person_id")
    for model, column in (
        (LAPSE, "lapse_probability"),
        (REDEMPTION, "redemption_probability"),
        (VALUE, "net_sales_91d"),
    ):
        people = people.join(_per_person(scores, model, column), on="person_id", how="left")
    return Inputs(people.sort("person_id"), scores.filter(model_name=PURCHASE), departments, contacts, consents)


def _per_person(scores: pl.DataFrame, model_name: str, column: str) -> pl.DataFrame:
    """One score per person: of several targets the highest."""
    return scores.filter(model_name=model_name).group_by("person_id").agg(pl.col("score").max().alias(column))


def _checked(name: str, frame: pl.DataFrame, columns: Sequence[str], key: Sequence[str]) -> pl.DataFrame:
    require_columns(name, frame, columns)
    frame = frame.select(columns).with_columns(cs.float().fill_nan(None))
    if not key:
        return frame
    empty = frame.filter(pl.any_horizontal(pl.col(key).is_null())).height
    if empty:
        raise ContractError(f"{name}: expected a key in every row, got none in {empty} of {frame.height}. Rebuild it.")
    repeated = frame.group_by(key).len().filter(pl.col("len") > 1).sort(key)
    if repeated.height:
        raise ContractError(
            f"{name}: expected one row per {', '.join(key)}, got several for {repeated.height} "
            f"(first: {repeated.select(key).row(0)}). Collapse it before deciding."
        )
    return frame


def require_columns(name: str, frame: pl.DataFrame, columns: Sequence[str]) -> None:
    """Raise ContractError if a frame lacks one of these columns."""
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise ContractError(f"{name}: expected columns {list(columns)}, missing {missing}. Rebuild the table.")


def _require_night(scores: pl.DataFrame, as_of_date: date) -> None:
    other = scores.filter(pl.col("as_of_date").ne_missing(as_of_date))
    if other.height:
        raise ContractError(
            f"scores.as_of_date: expected {as_of_date}, got {other['as_of_date'][0]} "
            f"({other.height} of {scores.height} rows). Score this night first."
        )


def _require_ranges(scores: pl.DataFrame) -> None:
    score = pl.col("score")
    outside = pl.col("model_name").is_in(PROBABILITIES) & ~score.is_between(0, 1)
    wrong = scores.filter(score.is_infinite() | outside).sort("person_id", "model_name", "target")
    if wrong.height:
        raise ContractError(
            f"scores.score: expected a probability from 0 to 1 or a finite amount, got "
            f"{wrong['score'][0]} of {wrong['model_name'][0]} "
            f"({wrong.height} of {scores.height} rows, first: {wrong['person_id'][0]}). Retrain or repair the model."
        )
