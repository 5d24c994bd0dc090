"""A night's report as it might really be: 2,469 people, three weekly nights, real seeds; all numbers are drawn."""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl

from ml.measurement.lift import OUTCOMES, measure_lift
from pipelines.coverage import COVERAGE, find_gaps
from pipelines.ledger_schema import CANDIDATES, CERTIFICATES, DECISIONS, EXPORTS, LIFT_RESULTS, LOADS
from pipelines.reports.context import ASSUMPTIONS, CHECKS, LIMITS, MODEL_METRICS, QUARANTINE, RunReport
from pipelines.reports.seed_tables import assumptions_of, limit_meanings, treatment_names

NIGHT = date(2017, 12, 26)
SEEDS = Path(__file__).resolve().parents[2] / "seeds"
TREATMENTS = [  # id, department, share of people, mean value in cents, discount rate, contact cost
    ("next_best_category-none-email", "DELI", 0.07, 12, 0.0, "0.0020"),
    ("next_best_category-pct_10-till_coupon", "MEAT", 0.05, 41, 0.1, "0.0200"),
    ("churn_prevention-pct_10-till_coupon", "GROCERY", 0.03, 68, 0.1, "0.0200"),
    ("loyalty_thanks-none-email", None, 0.015, 9, 0.0, "0.0020"),
    ("coupon_mailing-pct_10-direct_mail", "DRUG GM", 0.012, 95, 0.1, "0.5500"),
]
BLOCKED = ["not_applicable", "no_consent", "bought_just_now", "contact_cap:email_10d", "margin_floor"]


def frame(rows, schema):
    """Rows as dictionaries; a column that is not given is null."""
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema, orient="row")


def sample_report(people=2_469, **changes):
    """A whole report; `changes` replaces fields."""
    rng = np.random.default_rng(20170101)
    seeds = {path.stem: pl.read_csv(path, infer_schema=False) for path in sorted(SEEDS.glob("*.csv"))}
    decided = decisions(rng, people)
    values = {
        "as_of_date": NIGHT,
        "retailer": "completejourney",
        "currency": "USD",
        "is_replay": True,
        "loads": loads(),
        "gaps": find_gaps(loads(), seeds),
        "quarantine": quarantine(),
        "row_counts": row_counts(people),
        "checks": checks(),
        "model_metrics": model_metrics(),
        "candidates": candidates(rng, decided),
        "decisions": decided,
        "certificates": certificates(decided),
        "exports": exports(decided),
        "lift_results": lift_results(rng, people),
        "limits": limit_meanings(seeds),
        "assumptions": assumptions_of(seeds),
        "treatment_names": treatment_names(seeds),
        "model_notes": {"coupon_redemption": "The interval of the difference to popularity covers zero."},
    }
    return RunReport(**values | changes)


def empty_report(**changes):
    """A retailer of whom nothing has arrived yet."""
    values = {
        "as_of_date": NIGHT,
        "retailer": "newcomer",
        "currency": "EUR",
        "is_replay": False,
        "row_counts": {},
        "loads": frame([], LOADS),
        "gaps": frame([], COVERAGE),
        "quarantine": frame([], QUARANTINE),
        "checks": frame([], CHECKS),
        "model_metrics": frame([], MODEL_METRICS),
        "candidates": frame([], CANDIDATES),
        "decisions": frame([], DECISIONS),
        "certificates": frame([], CERTIFICATES),
        "exports": frame([], EXPORTS),
        "lift_results": frame([], LIFT_RESULTS),
        "limits": frame([], LIMITS),
        "assumptions": frame([], ASSUMPTIONS),
    }
    return RunReport(**values | changes)


def load(source, table, rows, *, delivered_date, new=False, refused=0, duplicate=0, status="loaded", reason=None):
    """One delivered file."""
    return {
        "as_of_date": NIGHT if new else NIGHT - timedelta(days=14),
        "load_id": f"{source}-{table}-{delivered_date}",
        "source_code": source,
        "table_name": table,
        "file": f"{source}/{table}/delivered_date={delivered_date}/{table}.csv",
        "delivered_date": delivered_date,
        "known_at": datetime.combine(delivered_date, datetime.min.time()) + timedelta(hours=5),
        "known_date": delivered_date,
        "content_sha256": "0" * 64,
        "byte_count": rows * 90,
        "raw_row_count": rows,
        "accepted_row_count": rows - refused - duplicate,
        "refused_row_count": refused,
        "duplicate_row_count": duplicate,
        "status": status,
        "reason": reason,
        "contract_version": "1",
    }


def loads():
    """A year of weekly deliveries, some bad rows and one bad file."""
    first = date(2017, 1, 1)
    mondays = [date(2017, 1, 2) + timedelta(days=7 * week) for week in range(52)]
    rows = [load("pos", "order_lines", 27_800, delivered_date=day, new=day > date(2017, 12, 19)) for day in mondays]
    rows[40] = load("pos", "order_lines", 27_812, delivered_date=mondays[40], refused=7, duplicate=5)
    rows.append(
        load(
            "pos",
            "order_lines",
            3,
            delivered_date=mondays[44],
            refused=3,
            status="refused_file",
            reason="expected column quantity, got qty (1 of 11 columns). Ask for the file as agreed.",
        )
    )
    rows += [load("pos", "coupon_redemptions", 41, delivered_date=day) for day in mondays[8:]]
    rows += [load("promotions", "placements", 394_000, delivered_date=day - timedelta(days=7)) for day in mondays]
    rows += [
        load("catalogue", "products", 92_331, delivered_date=first),
        load("campaigns", "campaigns", 27, delivered_date=first),
        load("campaigns", "mailings", 6_589, delivered_date=first),
        load("campaigns", "coupons", 116_204, delivered_date=first, duplicate=6_495),
        load("crm", "households", 801, delivered_date=first),
    ]
    return frame(rows, LOADS)


def quarantine():
    """Why rows were set aside."""
    return frame(
        [
            {
                "source_code": "campaigns",
                "table_name": "coupons",
                "disposition": "duplicate",
                "reason_code": "repeated_row",
                "reason": "the same coupon, product and campaign stand in row 212 of this file",
                "row_count": 6_495,
            },
            {
                "source_code": "pos",
                "table_name": "order_lines",
                "disposition": "refused",
                "reason_code": "not_a_number",
                "reason": "sales_value: expected an amount, got 'n/a'",
                "row_count": 4,
            },
            {
                "source_code": "pos",
                "table_name": "order_lines",
                "disposition": "refused",
                "reason_code": "event_after_delivery",
                "reason": "transaction_timestamp: 2017-10-16 is after the delivery of 2017-10-09",
                "row_count": 6,
            },
        ],
        QUARANTINE,
    )


def row_counts(people):
    """Rows of the relations, in the order of the flow."""
    return {
        "staging.stg_pos__order_lines": 1_445_600,
        "identity.identity_records": 3 * people,
        "identity.person_members": 3 * people,
        "marts.customer_360": people,
        "marts.fct_order_lines": 1_445_600,
        "marts.fct_orders": 153_420,
        "marts.fct_contacts": 6_589,
        "features.features_person": people,
        "scores.scores_person": people * 12,
    }


def checks():
    """A healthy night with one warning."""
    rows = [{"kind": "dbt test", "name": f"unique_marts_{i:03d}", "status": "passed", "detail": ""} for i in range(148)]
    rows += [
        {"kind": "expectation", "name": f"landing sample {i}", "status": "passed", "detail": ""} for i in range(23)
    ]
    rows += [{"kind": "export check", "name": f"invariant {i}", "status": "passed", "detail": ""} for i in range(14)]
    rows.append(
        {
            "kind": "expectation",
            "name": "landing sample: quantity is at most 1,000",
            "status": "warned",
            "detail": "412 of 27,800 rows are above; fuel is sold in thousandths of a gallon.",
        }
    )
    return frame(rows, CHECKS)


def model_metrics():
    """Four models; one of them does not beat its baseline."""
    cards = [
        ("category_purchase_28d", "DELI", "average_precision", True, 0.612, 0.571, "last period frequency", "model"),
        ("category_purchase_28d", "DRUG GM", "average_precision", True, 0.823, 0.801, "last period frequency", "model"),
        ("category_purchase_28d", "GROCERY", "average_precision", True, 0.967, 0.961, "last period frequency", "model"),
        ("category_purchase_28d", "MEAT", "average_precision", True, 0.744, 0.722, "last period frequency", "model"),
        ("coupon_redemption", "type_a", "average_precision", True, 0.213, 0.224, "popularity", "baseline"),
        ("lapse_28d", "", "log_loss", False, 0.191, 0.236, "last period frequency", "model"),
        ("value_91d", "", "rmse", False, 161.4, 188.9, "last 91 days again", "model"),
    ]
    rows = []
    for name, target, metric, more, value, baseline, baseline_name, scorer in cards:
        spread = 0.03 * value
        rows.append(
            {
                "model_name": name,
                "target": target,
                "metric_name": metric,
                "is_higher_better": more,
                "value": value,
                "low": value - spread,
                "high": value + spread,
                "baseline_name": baseline_name,
                "baseline_value": baseline,
                "baseline_low": baseline - spread,
                "baseline_high": baseline + spread,
                "scored_by": scorer,
                "version": "2017-12-19-3fa1c2",
                "trained_through_date": date(2017, 11, 28),
            }
        )
    return frame(rows, MODEL_METRICS)


def decisions(rng, people):
    """One row per person."""
    names = [None, *(t[0] for t in TREATMENTS)]
    shares = [1 - sum(t[2] for t in TREATMENTS), *(t[2] for t in TREATMENTS)]
    rows = []
    for i in range(people):
        place = int(rng.choice(len(names), p=shares))
        is_held = bool(rng.random() < 0.1)
        rows.append(decision(rng, i, TREATMENTS[place - 1] if place and not is_held else None, is_held))
    return frame(rows, DECISIONS)


def decision(rng, i, treatment, is_held):
    """One person's row."""
    row = {
        "as_of_date": NIGHT,
        "decision_id": f"d{i:07d}",
        "person_id": f"p{i:07d}",
        "treatment_id": "none",
        "holdout_arm": "holdout" if is_held else "treated",
        "reason_code": "held_out" if is_held else str(rng.choice(["nothing_pays", "all_blocked"], p=[0.8, 0.2])),
        "reasons": [
            "Held out at random, so that the effect of everything else can be measured."
            if is_held
            else "The best allowed contact was expected to bring less than one cent."
        ],
        "is_exploration": False,
        "assignment_probability": 1.0,
        "approval": "not_required",
        "policy_hash": "9c41e07b",
        "model_versions": "{}",
        "runner_ups": "[]",
        "value_amount": Decimal("0.0000"),
        "contact_cost_amount": Decimal("0.0000"),
        "discount_cost_amount": Decimal("0.0000"),
        "fatigue_cost_amount": Decimal("0.0000"),
    }
    if treatment is None:
        return row
    name, department, _, mean_cents, rate, cost = treatment
    value = Decimal(int(rng.gamma(2.0, mean_cents * 50))) / 10_000
    loser = {
        "treatment_id": "loyalty_thanks-none-email",
        "value_amount": 0.0312,
        "reason_codes": ["contact_cap:email_10d"],
    }
    weaker = {"treatment_id": "win_back-pct_5-email", "value_amount": None, "reason_codes": ["value_unknown"]}
    drawn = bool(rng.random() < 0.05)
    base = round(float(rng.uniform(0.05, 0.6)), 4)
    return row | {
        "treatment_id": name,
        "action_id": name.split("-")[0],
        "offer_id": name.split("-")[1],
        "channel_code": name.split("-")[2],
        "department_name": department,
        "base_probability": base,
        "uplift_probability": round(base * 0.04, 4),
        "uplift_basis": "prior",
        "discount_rate": rate,
        "contact_cost_amount": Decimal(cost),
        "discount_cost_amount": Decimal(int(value * 3_000)) / 10_000 if rate else Decimal("0.0000"),
        "fatigue_cost_amount": Decimal("0.0150"),
        "value_amount": value,
        "is_exploration": drawn,
        "reason_code": "explored" if drawn else "chosen_best_value",
        "reasons": [
            "Bought every three weeks, and the last visit is five weeks ago.",
            "Worth most of what is allowed.",
        ],
        "runner_ups": json.dumps([loser, weaker]),
    }


def candidates(rng, decided):
    """Five candidates per person, four in five of them blocked by something."""
    rows = []
    for person in decided["person_id"]:
        for name, department, *_ in TREATMENTS:
            codes = [code for code in BLOCKED if rng.random() < 0.2]
            rows.append(
                {
                    "as_of_date": NIGHT,
                    "person_id": person,
                    "treatment_id": name,
                    "department_name": department,
                    "reason_codes": codes,
                    "is_eligible": not codes,
                }
            )
    return frame(rows, CANDIDATES)


def certificates(decided):
    """Two limits that hold something back and two that do not."""
    value = decided["value_amount"].sum()
    limits = [
        ("direct_mail_capacity", "60", "27", "0"),
        ("email_capacity", "700", "191", "0"),
        ("night_budget", "150", "149.98", "0.312500"),
        ("till_coupon_capacity", "180", "180", "0.041200"),
    ]
    rows = [
        {
            "as_of_date": NIGHT,
            "limit_name": name,
            "limit_amount": Decimal(limit),
            "used_amount": Decimal(used),
            "price_amount": Decimal(price),
            "primal_value_amount": value,
            "dual_bound_amount": value * Decimal("1.0004"),
            "gap_rate": 0.0004,
        }
        for name, limit, used, price in limits
    ]
    return frame(rows, CERTIFICATES)


def exports(decided):
    """A row per contact."""
    chosen = decided.filter(pl.col("treatment_id") != "none").to_dicts()
    rows = [
        {**row, "file": f"{row['channel_code']}.csv", "row_number": i, "consent_basis": "loyalty_opt_in"}
        for i, row in enumerate(chosen, 1)
    ]
    return frame(rows, EXPORTS)


def lift_results(rng, people, *, nights=2):
    """The weekly nights before this one, measured on replayed sales."""
    parts = []
    arms = np.where(rng.random(people) < 0.1, "holdout", "treated")
    for week in range(nights, 0, -1):
        decided_date = NIGHT - timedelta(days=7 * week)
        sales = rng.gamma(0.6, 9_000, people).astype(np.int64)
        part = {
            "experiment_id": ["universal_holdout"] * people,
            "decided_date": [decided_date] * people,
            "person_id": [f"p{i:07d}" for i in range(people)],
            "arm": arms,
            "net_sales_cents": sales,
            "margin_cents": sales // 4,
            "observed_days": [min(28, 7 * week - 1)] * people,
        }
        parts.append(pl.DataFrame(part, schema=OUTCOMES))
    experiments = pl.DataFrame({"experiment_id": ["universal_holdout"], "holdout_share": [0.1]})
    outcomes = pl.concat(parts)
    return measure_lift(outcomes, experiments, NIGHT, NIGHT - timedelta(days=1), is_replay=True)
