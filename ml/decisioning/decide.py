"""One night's decisions: judge, choose for everybody at once, explore, certify, explain."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from ml.decisioning.certificate import certify, gap_rate
from ml.decisioning.explore import Explored, explore
from ml.decisioning.guardrails import apply_guardrails, guardrails
from ml.decisioning.ledger_rows import CANDIDATE_COLUMNS, CHOSEN, DECISION_COLUMNS, NONE, in_shape
from ml.decisioning.limits import build_problem, net_of_prices
from ml.decisioning.policy import Policy
from ml.decisioning.prices import UNITS, Integers, Problem, net_values, value_of
from ml.decisioning.reasons import explain
from ml.decisioning.solver import Solution, solve


@dataclass(frozen=True, slots=True)
class DecisionResult:
    """What a night decided, as frames for the ledger streams of the same names, sorted by key.

    decisions      one row per person of the candidates, `none` included;
    candidates     one row per person x treatment, with every reason against it;
    certificates   one row per shared limit;
    summary        counts and amounts for a report; plain JSON values.
    """

    decisions: pl.DataFrame
    candidates: pl.DataFrame
    certificates: pl.DataFrame
    summary: dict[str, Any]


def decide(
    candidates: pl.DataFrame,
    policy: Policy,
    assignments: pl.DataFrame,
    *,
    model_versions: Mapping[str, str],
    seed: int,
    as_of_date: date,
) -> DecisionResult:
    """Choose one treatment, or none, for every person.

    Takes     candidates: as made by `build_candidates`, any row order;
              assignments, one row per person_id: holdout_arm (holdout | treated; null or no row: not contacted);
              model_versions: model name to version, for the record.
    Returns   DecisionResult. The same rows in any order give the same answer.
    Raises    ContractError   if a limit cannot be kept even by doing nothing.
    """
    judged = apply_guardrails(
        candidates.join(assignments.select("person_id", "holdout_arm"), on="person_id", how="left").sort(
            "person_id", "treatment_id"
        ),
        guardrails(policy),
    )
    eligible = judged.filter("is_eligible")
    problem, people = build_problem(eligible, policy)
    solution = solve(problem, [limit.limit_name for limit in policy.limits])
    explored = explore(
        problem,
        solution.choice,
        net_values(problem, solution.prices),
        people=people,
        rate=float(policy.exploration.exploration_rate),
        withheld_rate=float(policy.exploration.withheld_rate),
        tolerance_units=int(policy.exploration.tolerance_amount * UNITS),
        seed=seed,
        as_of_date=as_of_date,
    )
    priced = judged.with_columns(net_units=net_of_prices(policy, solution.prices))
    chosen = _chosen(priced, people, solution.choice, explored)
    decisions = explain(_one_row_each(judged, chosen), priced, policy)
    certificates = certify(problem, explored.choice, solution.prices, policy=policy, as_of_date=as_of_date)
    return DecisionResult(
        decisions=_as_ledger_rows(decisions, policy, model_versions, as_of_date),
        candidates=in_shape(judged, CANDIDATE_COLUMNS),
        certificates=certificates,
        summary=_summary(decisions, judged, certificates, problem, solution, explored),
    )


def model_versions(scores: pl.DataFrame) -> dict[str, str]:
    """Model name to version, as the scores of the night name them."""
    rows = scores.select("model_name", "model_version").unique().drop_nulls().sort("model_name", "model_version")
    return dict(rows.iter_rows())


def decision_id(person_id: str, as_of_date: date) -> str:
    """The same person and night always give the same id: first 16 hex digits of sha256(person_id|as_of_date)."""
    return hashlib.sha256(f"{person_id}|{as_of_date.isoformat()}".encode()).hexdigest()[:16]


def _chosen(priced: pl.DataFrame, people: list[str], solved: Integers, explored: Explored) -> pl.DataFrame:
    """What was done for each person that had a choice; candidate columns are null for nothing."""
    eligible = priced.filter("is_eligible").with_row_index("position")
    rows = pl.DataFrame(
        {
            "person_id": pl.Series(people, dtype=pl.String),
            "position": pl.Series(explored.choice, dtype=pl.Int64),
            "assignment_probability": pl.Series(explored.probability, dtype=pl.Float64),
            "set_size": pl.Series(explored.set_size, dtype=pl.Int64),
            "is_exploration": pl.Series(explored.is_drawn, dtype=pl.Boolean),
            "solved_position": pl.Series(solved, dtype=pl.Int64),
            "solved_probability": pl.Series(explored.solved, dtype=pl.Float64),
            "nothing_probability": pl.Series(explored.nothing, dtype=pl.Float64),
        }
    )
    meant = eligible.select(solved_position=pl.col("position").cast(pl.Int64), solved_treatment_id="treatment_id")
    rows = rows.join(meant, on="solved_position", how="left").drop("solved_position")
    taken = eligible.select(pl.col("position").cast(pl.Int64), "net_units", *CHOSEN)
    return rows.join(taken, on="position", how="left").drop("position")


def _one_row_each(judged: pl.DataFrame, chosen: pl.DataFrame) -> pl.DataFrame:
    nothing = {name: pl.lit(NONE) for name in ("treatment_id", "action_id", "offer_id", "channel_code", "uplift_basis")}
    free = ("contact_cost_amount", "discount_cost_amount", "fatigue_cost_amount", "value_amount")
    everybody = judged.select("person_id", "holdout_arm").unique("person_id", maintain_order=True)
    return everybody.join(chosen, on="person_id", how="left").with_columns(
        pl.col("assignment_probability", "solved_probability", "nothing_probability").fill_null(1.0),
        pl.col("solved_treatment_id").fill_null(NONE),
        pl.col("set_size").fill_null(1),
        pl.col("is_exploration").fill_null(False),
        pl.col("net_units").fill_null(0),
        *[
            pl.when(pl.col("treatment_id").is_null()).then(text).otherwise(pl.col(name)).alias(name)
            for name, text in nothing.items()
        ],
        *[
            pl.when(pl.col("treatment_id").is_null())
            .then(pl.lit(Decimal(0)))
            .otherwise(pl.col(name))
            .cast(pl.Decimal(18, 4))
            .alias(name)
            for name in free
        ],
        pl.when(pl.col("treatment_id").is_null()).then(0.0).otherwise(pl.col("discount_rate")).alias("discount_rate"),
    )


def _as_ledger_rows(
    decisions: pl.DataFrame, policy: Policy, versions: Mapping[str, str], as_of_date: date
) -> pl.DataFrame:
    ids = [decision_id(person_id, as_of_date) for person_id in decisions["person_id"]]
    pending = [row.treatment_id for row in policy.treatments if row.requires_approval]
    approval = pl.when(pl.col("treatment_id").is_in(pending)).then(pl.lit("pending")).otherwise(pl.lit("not_required"))
    complete = decisions.with_columns(
        pl.lit(as_of_date).alias("as_of_date"),
        pl.Series("decision_id", ids, dtype=pl.String),
        approval.alias("approval"),
        pl.lit(policy.policy_hash).alias("policy_hash"),
        pl.lit(json.dumps(dict(versions), sort_keys=True)).alias("model_versions"),
    )
    return in_shape(complete, DECISION_COLUMNS).sort("person_id")


def _summary(
    decisions: pl.DataFrame,
    judged: pl.DataFrame,
    certificates: pl.DataFrame,
    problem: Problem,
    solution: Solution,
    explored: Explored,
) -> dict[str, Any]:
    bound = Decimal(-(-solution.bound // UNITS)) / 1_000_000
    value, greedy = (Decimal(units) / UNITS for units in (value_of(problem, explored.choice), solution.value))
    limits = certificates.select("limit_name", "limit_amount", "used_amount", "price_amount")
    return {
        "person_count": decisions.height,
        "contact_count": decisions.filter(pl.col("treatment_id") != NONE).height,
        "candidate_count": judged.height,
        "eligible_candidate_count": judged.filter("is_eligible").height,
        "explored_count": int(np.count_nonzero(explored.is_drawn)),
        "value_amount": str(value),
        "value_without_exploration_amount": str(greedy),
        "dual_bound_amount": str(bound),
        "gap_rate": gap_rate(bound, value),
        "gap_rate_without_exploration": gap_rate(bound, greedy),
        "treatments": _counts(decisions, "treatment_id"),
        "reason_codes": _counts(decisions, "reason_code"),
        "blocked_by": _counts(judged.explode("reason_codes").drop_nulls("reason_codes"), "reason_codes"),
        "limits": [{name: str(cell) for name, cell in row.items()} for row in limits.iter_rows(named=True)],
    }


def _counts(frame: pl.DataFrame, column: str) -> dict[str, int]:
    return dict(frame.group_by(column).len().sort(column).iter_rows())
