"""One valid policy, candidate, night; a test changes one thing."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl

from ml.decisioning.policy import Policy, load_policy
from ml.decisioning.prices import Problem

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
NIGHT = date(2017, 12, 26)
AMOUNT = pl.Decimal(18, 4)
AMOUNTS = ("contact_cost_amount", "discount_cost_amount", "fatigue_cost_amount", "value_amount")


def seed_tables() -> dict[str, pl.DataFrame]:
    return {path.stem: pl.read_csv(path, infer_schema=False) for path in sorted(SEEDS.glob("*.csv"))}


def change(tables: dict[str, pl.DataFrame], table: str, row: int, **cells: str | None) -> dict[str, pl.DataFrame]:
    """The seed tables with some cells of one row (0 = first data row) changed."""
    rows = tables[table].to_dicts()
    rows[row] |= cells
    return tables | {table: pl.DataFrame(rows, schema=tables[table].schema)}


def with_limits(**amounts: float | str) -> Policy:
    """The retailer's policy with other amounts for some limits, by name."""
    tables = seed_tables()
    for row, name in enumerate(tables["limits"]["limit_name"]):
        if name in amounts:
            tables = change(tables, "limits", row, limit_amount=str(amounts[name]))
    return load_policy(tables)


def candidate_row(policy: Policy, person_id: str = "p1", treatment_id: str | None = None, **changes: object) -> dict:
    """A candidate nothing speaks against, with its evidence."""
    treatment = next(t for t in policy.treatments if t.treatment_id == (treatment_id or DISCOUNTED))
    row = {
        "as_of_date": NIGHT,
        "person_id": person_id,
        "treatment_id": treatment.treatment_id,
        "action_id": treatment.action_id,
        "offer_id": treatment.offer_id,
        "channel_code": treatment.channel_code,
        "department_name": "GROCERY",
        "base_probability": 0.4,
        "uplift_probability": 0.03,
        "uplift_basis": "prior",
        "discount_rate": float(policy.offers[treatment.offer_id].discount_rate),
        "contact_cost_amount": Decimal("0.002"),
        "discount_cost_amount": Decimal("0.3"),
        "fatigue_cost_amount": Decimal("0"),
        "value_amount": Decimal("0.5"),
        "scope_code": "department",
        "is_permitted": True,
        "valid_from": treatment.valid_from,
        "valid_through": treatment.valid_through,
        "is_applicable": True,
        "is_sensitive": False,
        "was_bought_just_now": False,
        "is_undisturbed": True,
        "is_stocked": True,
        "margin_after_rate": 0.2,
        "floor_margin_rate": 0.1,
        "identity_confidence": 1.0,
        "contacts:fatigue": 0,
        **{f"contacts:{row.contact_policy_id}": 0 for row in policy.contact_policies},
        **{f"discount:{row.ceiling_id}": Decimal(0) for row in policy.discount_ceilings},
    }
    return row | changes


DISCOUNTED = "next_best_category-pct_5-email"


def candidate_frame(rows: list[dict], policy: Policy) -> pl.DataFrame:
    """Candidate rows with the types of the engine."""
    like = candidate_row(policy)
    kinds = {
        name: pl.String
        if isinstance(value, str)
        else pl.Boolean
        if isinstance(value, bool)
        else pl.Date
        if isinstance(value, date)
        else AMOUNT
        if isinstance(value, Decimal)
        else pl.Int64
        if isinstance(value, int)
        else pl.Float64
        for name, value in like.items()
    }
    return pl.DataFrame(rows, schema=kinds)


def arms(people: list[str], **holdout: str | None) -> pl.DataFrame:
    """Everybody treated, except those named."""
    return pl.DataFrame(
        {"person_id": people, "holdout_arm": [holdout.get(person, "treated") for person in people]},
        schema={"person_id": pl.String, "holdout_arm": pl.String},
    )


def random_candidates(policy: Policy, rng: np.random.Generator, people: int) -> pl.DataFrame:
    """A few treatments per person with values around the minimum, some of them blocked."""
    rows = []
    for person in range(people):
        for treatment in rng.choice([t.treatment_id for t in policy.treatments], size=4, replace=False):
            rows.append(
                candidate_row(
                    policy,
                    f"p{person}",
                    str(treatment),
                    value_amount=Decimal(int(rng.integers(-500, 9000))) / 10_000,
                    contact_cost_amount=Decimal(int(rng.integers(0, 60))) / 100,
                    discount_cost_amount=Decimal(int(rng.integers(0, 9000))) / 10_000,
                    is_permitted=bool(rng.random() < 0.9),
                )
            )
    return candidate_frame(rows, policy)


def random_problem(rng: np.random.Generator, people: int, *, each: int = 3, limits: int = 3) -> Problem:
    """A joint problem with one money limit and several capacities, of random tightness."""
    person = np.repeat(np.arange(people), each)
    keep = rng.random(len(person)) < 0.8
    keep[::each] = True
    person = person[keep]
    use = np.zeros((limits, len(person)), dtype=np.int64)
    use[0] = rng.integers(0, 20_000, len(person))
    channel = rng.integers(0, limits, len(person))
    for position in range(1, limits):
        use[position] = np.where(channel == position, 10_000, 0)
    tight = rng.random()
    limit = np.array([int(10_000 * people * tight), *rng.integers(0, people + 1, limits - 1) * 10_000])
    return Problem(person, rng.integers(1, 50_000, len(person)), use, limit)


def customers(*ids: str, **changes: object) -> pl.DataFrame:
    """Regular households that shop every week."""
    row = {
        "identity_confidence": 1.0,
        "lifecycle_stage_code": "active",
        "days_since_last_order": 5,
        "order_count_365d": 50,
        "net_sales_amount_365d": Decimal("2500.00"),
        "gross_margin_amount_365d": Decimal("650.00"),
        "home_store_id": "s1",
        "has_open_complaint": False,
    } | changes
    money = pl.Decimal(18, 2)
    return pl.DataFrame([{"person_id": person, **row} for person in ids]).with_columns(
        pl.col("net_sales_amount_365d", "gross_margin_amount_365d").cast(money),
        pl.col("home_store_id").cast(pl.String),
        pl.col("has_open_complaint").cast(pl.Boolean),
    )


def scores(*ids: str, departments: dict[str, float | None] | None = None, lapse: float | None = 0.2) -> pl.DataFrame:
    """The same scores for everybody named."""
    chances = {"GROCERY": 0.5, "FLORAL": 0.1} if departments is None else departments
    rows = [
        *[("category_purchase_28d", name, chance) for name, chance in chances.items()],
        ("lapse_28d", "", lapse),
        ("value_91d", "", 600.0),
        ("coupon_redemption", "type_a", 0.2),
    ]
    return pl.DataFrame(
        [(person, NIGHT, model, target, score, "v1") for person in ids for model, target, score in rows],
        schema={
            "person_id": pl.String,
            "as_of_date": pl.Date,
            "model_name": pl.String,
            "target": pl.String,
            "score": pl.Float64,
            "model_version": pl.String,
        },
        orient="row",
    )


def department_history(*ids: str, **changes: object) -> pl.DataFrame:
    """Each of them bought groceries and flowers, last two weeks ago."""
    kinds = {
        "person_id": pl.String,
        "department_name": pl.String,
        "order_count_365d": pl.Int64,
        "net_sales_amount_365d": pl.Decimal(18, 2),
        "gross_margin_amount_365d": pl.Decimal(18, 2),
        "last_ordered_date": pl.Date,
    }
    then = NIGHT - timedelta(days=14)
    rows = []
    for person in ids:
        rows.append([person, "GROCERY", 40, Decimal("1600.00"), Decimal("400.00"), then])
        rows.append([person, "FLORAL", 5, Decimal("50.00"), Decimal("22.50"), then])
    frame = pl.DataFrame(rows, schema=kinds, orient="row")
    return frame.with_columns(pl.lit(value, dtype=kinds[name]).alias(name) for name, value in changes.items())


def consents(*rows: tuple[str, str, str, bool | None]) -> pl.DataFrame:
    """(person_id, channel_code, purpose_code, is_granted) per recorded state."""
    kinds = {"person_id": pl.String, "channel_code": pl.String, "purpose_code": pl.String, "is_granted": pl.Boolean}
    return pl.DataFrame(list(rows), schema=kinds, orient="row")


def stock(*rows: tuple[str, str, int, int, int]) -> pl.DataFrame:
    """(store_id, department_name, days before the night, products, products on the shelf) per department of a place."""
    kinds = {
        "store_id": pl.String,
        "department_name": pl.String,
        "snapshot_date": pl.Date,
        "product_count": pl.Int32,
        "stocked_product_count": pl.Int32,
    }
    dated = [(store, name, NIGHT - timedelta(days=days), *counts) for store, name, days, *counts in rows]
    return pl.DataFrame(dated, schema=kinds, orient="row")


def contacts(*rows: tuple[str | None, str | None, int | None, str | None, str | None]) -> pl.DataFrame:
    """(person_id, channel_code, days before the night, origin, discount) per contact."""
    return pl.DataFrame(
        [
            (
                person,
                channel,
                None if days is None else NIGHT - timedelta(days=days),
                origin,
                None if cost is None else Decimal(cost),
            )
            for person, channel, days, origin, cost in rows
        ],
        schema={
            "person_id": pl.String,
            "channel_code": pl.String,
            "contacted_date": pl.Date,
            "origin": pl.String,
            "discount_cost_amount": AMOUNT,
        },
        orient="row",
    )
