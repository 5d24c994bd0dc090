"""Nights with lots whose effect is planted: who was contacted, who was withheld, and who then bought."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from ml.features.facts import SCHEMAS, Facts
from ml.features.source import FeatureSource, open_facts

FIRST_NIGHT, TONIGHT = date(2017, 11, 14), date(2017, 12, 26)
MAIL, COUPON = "next_best_category-none-email", "next_best_category-pct_5-till_coupon"
WITHHELD_RATE = 0.2


def planted(people: int, effect: dict[str, float], *, seed: int) -> tuple[pl.DataFrame, pl.DataFrame, FeatureSource]:
    """Decisions, candidates and facts of one past night: half solved for MAIL, half for COUPON, 0.3 buy anyway."""
    rng = np.random.default_rng(seed)
    person = [f"p{n:06d}" for n in range(people)]
    solved = np.where(rng.random(people) < 0.5, MAIL, COUPON)
    is_withheld = rng.random(people) < WITHHELD_RATE
    chance = 0.3 + np.where(is_withheld, 0.0, [effect[name] for name in solved])
    bought = rng.random(people) < chance
    decisions = pl.DataFrame(
        {
            "as_of_date": [FIRST_NIGHT] * people,
            "decision_id": [f"{int(rng.integers(0, 2**62)):016x}" for _ in range(people)],
            "person_id": person,
            "treatment_id": np.where(is_withheld, "none", solved).tolist(),
            "solved_treatment_id": solved.tolist(),
            "solved_probability": [1 - WITHHELD_RATE] * people,
            "nothing_probability": [WITHHELD_RATE] * people,
            "approval": ["not_required"] * people,
        }
    )
    candidates = pl.DataFrame(
        {
            "as_of_date": [FIRST_NIGHT] * people,
            "person_id": person,
            "treatment_id": solved.tolist(),
            "department_name": ["GROCERY"] * people,
            "base_probability": 0.3 + 0.01 * rng.standard_normal(people),
            "discount_rate": np.where(solved == MAIL, 0.0, 0.05),
            "channel_code": np.where(solved == MAIL, "email", "till_coupon").tolist(),
            "action_id": ["next_best_category"] * people,
        }
    )
    before = [line(one, FIRST_NIGHT - timedelta(days=int(rng.integers(1, 50))), "GROCERY") for one in person]
    after = [line(one, FIRST_NIGHT + timedelta(days=9), "GROCERY") for one in np.array(person)[bought]]
    return decisions, candidates, source_of([*before, *after])


def source_of(lines: list[dict[str, object]]) -> FeatureSource:
    """Facts that are nothing but these lines, as of TONIGHT."""
    frames = {name: pl.DataFrame(schema=schema) for name, schema in SCHEMAS.items()}
    return open_facts(Facts(**{**frames, "lines": pl.DataFrame(lines, schema=SCHEMAS["lines"])}), TONIGHT)


def line(person: str, day: date, department: str) -> dict[str, object]:
    return {
        "person_id": person,
        "order_id": f"{person}-{day}",
        "store_id": "S1",
        "product_id": "1",
        "department_name": department,
        "category_name": "milk",
        "ordered_date": day,
        "known_date": day,
        "net_sales_cents": 500,
        "gross_sales_cents": 500,
        "discount_cents": 0,
        "margin_cents": 100,
        "coupon_discount_cents": 0,
        "is_promoted": False,
    }
