"""Stage decisions: candidates for everybody, the joint choice, and the rows that go into the ledger."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import dagster as dg
import polars as pl

from data_quality.evidence import from_reconciliation
from data_quality.gates import GateResult, judge
from ml.decisioning.assignment import assign, current_arms
from ml.decisioning.candidates import build_candidates
from ml.decisioning.circumstances import with_circumstances
from ml.decisioning.decide import DecisionResult, decide, model_versions
from ml.decisioning.evidence import in_words_of
from ml.decisioning.policy import Policy, load_policy
from ml.identity.descent import birth_roots
from pipelines.assets.models import SCORES_KEY
from pipelines.assets.outcomes import Outcome, check_spec, checked, gate_for_report, made, told_then_required
from pipelines.complaints import known_customers
from pipelines.consents import known_consents
from pipelines.effects import known_effects
from pipelines.ledger_schema import ASSIGNMENTS, STREAMS
from pipelines.night import Night
from pipelines.partitions import NIGHTLY, as_of
from pipelines.seeds import read_seeds

DECISIONS_KEY = ["ledger", "decisions"]
CANDIDATES_KEY = ["decisioning", "candidates"]
DESCRIPTIONS = {
    "assignments": "Who newly got an arm of which experiment; an arm once given is never changed.",
    "candidates": "One row per person and treatment: value, and every reason against it.",
    "decisions": "One row per person, `none` included: what, why, with which chance, and the runners-up.",
    "certificates": "One row per shared limit: used, price; with the value, its proven upper bound and the gap.",
}
READ = (
    "customer_360",
    "contact_history",
    "fct_order_lines",
    "fct_message_events",
    "fct_stock_daily",
    "person_consents",
)
LAST_STOCK = """
    select store_id, department_name, snapshot_date, product_count, stocked_product_count
    from marts.fct_stock_daily
    qualify snapshot_date = max(snapshot_date) over (partition by store_id)
    order by store_id, department_name
"""
DEPARTMENT_HISTORY = """
    select
        lines.person_id,
        products.department_name,
        count(distinct lines.order_id)::integer as order_count_365d,
        sum(lines.net_sales_amount)::decimal(18, 2) as net_sales_amount_365d,
        sum(lines.gross_margin_amount)::decimal(18, 2) as gross_margin_amount_365d,
        max(lines.ordered_date) as last_ordered_date
    from marts.fct_order_lines as lines
    inner join marts.dim_products as products on lines.product_id = products.product_id
    where lines.person_id is not null
        and products.department_name is not null
        and lines.ordered_date >= $as_of_date::date - 365
        and lines.ordered_date < $as_of_date::date
    group by lines.person_id, products.department_name
    order by lines.person_id, products.department_name
"""


@dg.multi_asset(
    name="decisions",
    specs=[
        dg.AssetSpec(
            ["ledger", stream],
            group_name="decisions",
            partitions_def=NIGHTLY,
            deps=[SCORES_KEY, *(["marts", table] for table in READ)],
            description=description,
        )
        for stream, description in DESCRIPTIONS.items()
    ]
    + [
        dg.AssetSpec(
            CANDIDATES_KEY,
            group_name="decisions",
            partitions_def=NIGHTLY,
            deps=[["ledger", "candidates"]],
            description="The night's candidates as a table of the warehouse.",
        )
    ],
    check_specs=[check_spec(DECISIONS_KEY, "complete", "One row per person; limits kept; bound not below the value")],
    pool="warehouse",
)
def decisions(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> Iterator[Outcome]:
    """Decide for everybody and write the ledger partitions; nothing is sent yet."""
    as_of_date = as_of(context)
    with night.reporter.stage("decisions") as said:
        policy = load_policy(read_seeds(night.settings))
        assigned, arms = _arms(night, policy, as_of_date)
        consents, consent_problem = known_consents(night, policy, as_of_date)
        customers, complaint_problem = known_customers(night, as_of_date)
        result = _decide(night, policy, arms, customers, consents, as_of_date)
        for stream, frame in _partitions(result, assigned).items():
            night.ledger.write(stream, as_of_date, frame)
        night.warehouse.replace_day("decisioning.candidates", result.candidates, as_of_date)
        gate = _gate(result, arms.height)
        said.append(_in_words(result))
        problems = {"consent_problem": consent_problem, "complaint_problem": complaint_problem}
        for problem in filter(None, problems.values()):
            night.reporter.say(problem)
    note = {"gate": gate_for_report(gate), "summary": result.summary, **problems}
    night.note(as_of_date, "decisions", note)
    written = [made(["ledger", name], row_count=frame.height) for name, frame in _partitions(result, assigned).items()]
    outcomes: list[Outcome] = [
        *written,
        made(CANDIDATES_KEY, row_count=result.candidates.height),
        checked(DECISIONS_KEY, "complete", gate),
    ]
    yield from told_then_required(outcomes, [gate])


def _arms(night: Night, policy: Policy, as_of_date: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    persons = night.warehouse.read("select person_id from marts.customer_360 order by 1")["person_id"]
    before = night.ledger.read_before("person_ids", as_of_date)
    tonight = night.ledger.partition("person_ids", as_of_date)
    people = birth_roots(persons, tonight if before is None else pl.concat([before, tonight]))
    earlier = night.ledger.read_before("assignments", as_of_date)
    experiment = policy.holdout
    new = assign(people, earlier, experiment=experiment, as_of_date=as_of_date)
    arms = current_arms(people, earlier, new, experiment=experiment, as_of_date=as_of_date)
    return new.select(pl.col(name).cast(kind) for name, kind in ASSIGNMENTS.items()), arms


def _decide(
    night: Night,
    policy: Policy,
    arms: pl.DataFrame,
    customers: pl.DataFrame,
    consents: pl.DataFrame,
    as_of_date: date,
) -> DecisionResult:
    read = night.warehouse.read
    effects, traits = known_effects(night, policy, as_of_date)
    night.note(as_of_date, "effects", in_words_of(effects))
    scores = read("select * from scores.scores_person order by person_id, model_name, target")
    candidates = build_candidates(
        customers,
        scores,
        read(DEPARTMENT_HISTORY, as_of_date=as_of_date),
        read("select * from marts.contact_history order by person_id, channel_code, contacted_date, contact_ref"),
        recorded_consents=consents,
        policy=policy,
        as_of_date=as_of_date,
        effects=effects,
        traits=traits,
    )
    return decide(
        with_circumstances(candidates, customers, read(LAST_STOCK), policy=policy, as_of_date=as_of_date),
        policy,
        arms,
        model_versions=model_versions(scores),
        seed=night.settings.retailer.random_seed,
        as_of_date=as_of_date,
    )


def _partitions(result: DecisionResult, assigned: pl.DataFrame) -> dict[str, pl.DataFrame]:
    frames = {
        "assignments": assigned,
        "candidates": result.candidates,
        "decisions": result.decisions,
        "certificates": result.certificates,
    }
    return {
        name: frame.select(pl.col(column).cast(kind) for column, kind in STREAMS[name].items())
        for name, frame in frames.items()
    }


def _gate(result: DecisionResult, person_count: int) -> GateResult:
    """Invariants that need no second opinion; the verifier recomputes the rest from the files."""
    certificates = result.certificates
    over = certificates.filter(pl.col("used_amount") > pl.col("limit_amount")).height
    below = certificates.filter(pl.col("dual_bound_amount") < pl.col("primal_value_amount")).height
    facts: list[tuple[str, str, Any, Any]] = [
        ("decisions, one per person", "rows", person_count, result.decisions["person_id"].n_unique()),
        ("decisions", "rows", person_count, result.decisions.height),
        ("limits that are broken", "limits", 0, over),
        ("certificates whose bound is below the value", "certificates", 0, below),
    ]
    table = pl.DataFrame(facts, schema=["subject", "unit", "expected", "actual"], orient="row")
    return judge("exports", [from_reconciliation(table)], required=["reconciliation"])


def _in_words(result: DecisionResult) -> str:
    summary = result.summary
    done, value = summary["contact_count"], Decimal(summary["value_amount"])
    lost = Decimal(summary["value_without_exploration_amount"]) - value
    drawn = f" · {lost:,.2f} left to lots, so that effects can be learned" if lost else ""
    proven = f" · at most {summary['gap_rate_without_exploration']:.4%} below the best possible before lots"
    return f"{done:,} of {summary['person_count']:,} persons get something, worth {value:,.2f}{drawn}{proven}"
