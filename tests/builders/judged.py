"""A simulated home after one night, by hand: four people of whom all is known."""

from datetime import date
from decimal import Decimal

import polars as pl

from ml.decisioning.policy import load_policy
from pipelines.files import write_parquet
from pipelines.ledger_schema import CANDIDATES, DECISIONS, LIFT_RESULTS
from pipelines.night import ledger_of
from pipelines.seeds import read_seeds
from pipelines.settings import load_settings
from pipelines.simulator.scenario import load_scenario
from pipelines.simulator.settings_file import write_settings

NIGHT = date(2025, 7, 5)
EMAIL, PUSH = "next_best_category-none-email", "next_best_category-none-app_push"
PEOPLE = {"a": 0, "z": 0, "b": 1, "c": 2, "d": 3}  # the first is known by two ids; b has left for good
TRUE = {(0, EMAIL): 4.0, (0, PUSH): 2.0, (2, EMAIL): 6.0, (2, PUSH): 1.0, (3, EMAIL): -1.0, (3, PUSH): 3.0}
NO_CONSENT = {2}
DECIDED = {"z": EMAIL, "b": EMAIL, "c": EMAIL, "d": PUSH}
SOLVED = DECIDED | {"d": EMAIL}
SENT = {0: EMAIL, 1: EMAIL, 3: PUSH}
COST = {EMAIL: Decimal("0.0020"), PUSH: Decimal("0.0010")}
SCORES = {
    "as_of_date": pl.Date,
    "person_id": pl.String,
    "model_name": pl.String,
    "target": pl.String,
    "score": pl.Float64,
}
VALUES = {"person": pl.Int64, "horizon_days": pl.Int64, "buy_probability": pl.Float64, "sales": pl.Float64}


def rows_of(rows, schema):
    """A frame of some columns; the others are null."""
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def candidate(person_id, treatment_id):
    """A candidate that nothing speaks against, worth half a unit of money."""
    return {
        "as_of_date": NIGHT,
        "person_id": person_id,
        "treatment_id": treatment_id,
        "action_id": "next_best_category",
        "channel_code": treatment_id.rsplit("-", 1)[1],
        "base_probability": 0.5,
        "uplift_probability": 0.01,
        "uplift_basis": "prior",
        "contact_cost_amount": COST[treatment_id],
        "discount_cost_amount": Decimal(0),
        "fatigue_cost_amount": Decimal("0.01"),
        "value_amount": Decimal("0.5"),
        "reason_codes": [],
        "is_eligible": True,
    }


def judged_home(home, *, decided=DECIDED, is_lived=True):
    """Settings of a home whose night of NIGHT was decided, with its truth."""
    write_settings(load_scenario("tiny"), home)
    settings = load_settings(home)
    ledger, truth = ledger_of(settings), settings.folder("truth")
    candidates = [candidate(one, treatment) for one in sorted(PEOPLE) for treatment in (PUSH, EMAIL)]
    hash_ = load_policy(read_seeds(settings)).policy_hash
    decisions = [
        {
            "as_of_date": NIGHT,
            "person_id": one,
            "treatment_id": decided.get(one, "none"),
            "solved_treatment_id": SOLVED.get(one, "none"),
            "policy_hash": hash_,
        }
        for one in sorted(PEOPLE)
    ]
    ledger.write("candidates", NIGHT, rows_of(candidates, CANDIDATES))
    ledger.write("decisions", NIGHT, rows_of(decisions, DECISIONS))
    ledger.write("lift_results", NIGHT, pl.DataFrame(schema=LIFT_RESULTS))
    ledger.seal(NIGHT, ["candidates", "decisions", "lift_results"])
    known = pl.DataFrame({"person_id": sorted(PEOPLE), "person": [PEOPLE[one] for one in sorted(PEOPLE)]})
    write_parquet(truth / "known_as" / f"{NIGHT}.parquet", known)
    write_parquet(truth / "candidates" / f"{NIGHT}.parquet", _effects())
    write_parquet(truth / "values" / f"{NIGHT}.parquet", _values())
    if is_lived:
        write_parquet(truth / "treatments" / f"{NIGHT}.parquet", _given(decided))
    return settings


def write_scores(settings, night=NIGHT, **by_model):
    """The night's published scores: by_model, model name to a score per person_id."""
    rows = [
        {"as_of_date": night, "person_id": one, "model_name": name, "score": score}
        for name, scores in by_model.items()
        for one, score in scores.items()
    ]
    write_parquet(settings.folder("published") / f"as_of_date={night}" / "scores_person.parquet", rows_of(rows, SCORES))


def _effects():
    rows = [
        {
            "person": person,
            "treatment_id": treatment,
            "is_allowed": person not in NO_CONSENT,
            "uplift": margin / 100,
            "margin_uplift": margin,
            "sales_without": 10.0,
            "sales_with": 10.0 + 3 * margin,
            "discount_without": 0.0,
            "discount_with": 0.0,
        }
        for (person, treatment), margin in TRUE.items()
    ]
    return pl.DataFrame(rows)


def _values():
    rows = [(0, 28, 0.9, 100.0), (2, 28, 0.5, 50.0), (3, 28, 0.2, 20.0)]
    rows += [(person, 91, chance, 3 * sales) for person, _, chance, sales in rows]
    return pl.DataFrame(rows, VALUES, orient="row")


def _given(decided):
    people = {PEOPLE[one]: treatment for one, treatment in decided.items()}
    rows = [(person, treatment, SENT.get(person) == treatment) for person, treatment in sorted(people.items())]
    return pl.DataFrame(rows, {"person": pl.Int64, "treatment_id": pl.String, "is_sent": pl.Boolean}, orient="row")
