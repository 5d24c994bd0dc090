"""What policies are truly worth beside the best one possible within the same limits. No files."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from ml.decisioning.limits import build_problem
from ml.decisioning.policy import Policy
from ml.decisioning.prices import Integers, Problem
from ml.decisioning.solver import solve
from ml.decisioning.units import Schema, amounts_from_units, units_from_amounts

DECIDED, SOLVED, ORACLE, NOBODY, EVERYBODY = (
    "decided",
    "before any lot",
    "oracle",
    "contact nobody",
    "contact everybody",
)
TOP_PROPENSITY, GREEDY = "top propensity", "greedy"
PLACE = "place"  # of a contact in the joint problem
VALUES: Schema = {
    "policy": pl.String,
    "contact_count": pl.Int64,
    "value_amount": pl.Decimal(18, 4),
    "oracle_share": pl.Float64,
    "keeps_limits": pl.Boolean,
}


COST = pl.col("contact_cost_amount") + pl.col("discount_cost_amount")


@dataclass(frozen=True, slots=True)
class Permitted:
    """Contacts that the night's rules permit, as one joint problem whose values are the true ones."""

    rows: pl.DataFrame
    problem: Problem
    names: list[str]


def permitted_contacts(rows: pl.DataFrame, policy: Policy) -> Permitted:
    """Take the contacts that the night's rules permit, sorted, with what each uses of the shared limits.

    Takes     rows, one per person_id and treatment_id: action_id, channel_code; contact_cost_amount,
              discount_cost_amount, as the night counted them against its limits; value_amount (believed, may be null)
              and true_amount, money as decimals, none of the others null; base_probability; is_eligible, with what the
              night believed; is_allowed, whether the person truly consents.
    """
    ordered = rows.sort("person_id", "treatment_id").with_row_index(PLACE)
    problem, _ = build_problem(ordered.with_columns(value_amount=pl.col("true_amount")), policy)
    return Permitted(ordered, problem, [limit.limit_name for limit in policy.limits])


def policy_values(permitted: Permitted, decided: pl.DataFrame, solved: pl.DataFrame) -> pl.DataFrame:
    """True net values of what was decided, of the best choice, and of simple policies.

    Takes     permitted: see `permitted_contacts`; decided, solved (before any lot), one row per contact: true_amount;
              is_allowed; decided also is_sent, whether it really went out, which counts.
    Returns   one row per policy: contact_count, to people who consent and are still here; value_amount, true and net
              of contact costs; oracle_share (null if there is nothing to gain); keeps_limits. The oracle knows consent
              and every true value, and solves the night's own joint choice. The simple ones know what the night knew:
              `contact everybody` gives each person the cheapest e-mail, whatever the limits; `top propensity` makes
              as many contacts as were decided, to those likeliest to buy anyway; `greedy` takes the highest believed
              values first. The last two skip what no longer fits into a limit.
    Source    own definition; the baselines are the field's: Devriendt et al. (2018), A literature survey and
              experimental evaluation of the state-of-the-art in uplift modeling.
    """
    rows, problem = permitted.rows, permitted.problem
    sent, unlotted = decided.filter("is_sent"), solved.filter("is_allowed")
    by_belief = rows.filter(pl.col("value_amount").is_not_null() & pl.col("is_eligible"))
    meant = {
        ORACLE: _best(permitted),
        NOBODY: np.zeros(0, dtype=np.int64),
        EVERYBODY: _cheapest(rows),
        TOP_PROPENSITY: filled(problem, _ordered(rows, "base_probability"), decided.height),
        GREEDY: filled(problem, _ordered(by_belief, "value_amount"), rows.height),
    }
    allowed = rows["is_allowed"].to_numpy()
    found = [(DECIDED, sent["is_allowed"].sum(), _units(sent), True), (SOLVED, unlotted.height, _units(unlotted), True)]
    for name, at in meant.items():
        out = at[allowed[at]]
        found.append((name, len(out), int(problem.value[out].sum()), is_within(problem, at)))
    top = next(units for name, _, units, _ in found if name == ORACLE)
    table = [(name, count, units, units / top if top else None, keeps) for name, count, units, keeps in found]
    amounts = amounts_from_units(pl.col("value_amount"))
    return pl.DataFrame(table, schema={**VALUES, "value_amount": pl.Int64}, orient="row").with_columns(amounts)


def _best(permitted: Permitted) -> Integers:
    """Places of the best choice among people who consent."""
    kept = np.flatnonzero(permitted.rows["is_allowed"].to_numpy())
    whole = permitted.problem
    _, person = np.unique(whole.person[kept], return_inverse=True)
    asked = Problem(person.astype(np.int64), whole.value[kept], whole.use[:, kept], whole.limit)
    choice = solve(asked, permitted.names).choice
    return np.asarray(kept[choice[choice >= 0]])


def filled(problem: Problem, order: Iterable[int], most: int) -> Integers:
    """Contacts in this order, one per person, as long as they fit into the limits, at most so many."""
    left = problem.limit.copy()
    taken: list[int] = []
    reached: set[int] = set()
    for row in order:
        if len(taken) >= most:
            break
        person = int(problem.person[row])
        if person not in reached and (problem.use[:, row] <= left).all():
            left -= problem.use[:, row]
            reached.add(person)
            taken.append(row)
    return np.array(taken, dtype=np.int64)


def is_within(problem: Problem, chosen: Integers) -> bool:
    """Whether a choice keeps every shared limit."""
    return bool((problem.use[:, chosen].sum(axis=1) <= problem.limit).all())


def _units(rows: pl.DataFrame) -> int:
    return int(rows.select(units_from_amounts(pl.col("true_amount"))).to_series().sum())


def _ordered(rows: pl.DataFrame, by: str) -> list[int]:
    """Places of contacts, highest first; among equals the cheaper one."""
    known = rows.drop_nulls(by).with_columns(cost=COST)
    return known.sort(by, "cost", PLACE, descending=[True, False, False])[PLACE].to_list()


def _cheapest(rows: pl.DataFrame) -> Integers:
    emails = rows.filter(channel_code="email").with_columns(cost=COST)
    first = emails.sort("person_id", "cost", PLACE).unique("person_id", keep="first", maintain_order=True)
    return np.asarray(first[PLACE].cast(pl.Int64).to_numpy())
