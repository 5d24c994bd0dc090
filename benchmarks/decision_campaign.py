"""Do the decisions earn money, the rest of the night being perfect? Simulated weeks over many seeds in little time.

    python -m benchmarks.decision_campaign default --seeds 20 --weeks 8

As `benchmarks.loop_campaign`, but without files, warehouse and models: who is who is known, a day is known the day
after, and forecasts are plain counts of the last 91 days. Lots, evidence, candidates, guardrails, the joint choice, and
what is withheld and explored are the night's own code; nobody complains, and stock is not told. Beside it, from the
same morning and with the same chance: a world without contacts, and one in which as many people get the treatment of
their likeliest purchase.
"""

import copy
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.loop_campaign import Week, campaign_options, contact_cost, print_means, print_week, value_of
from benchmarks.perfect_records import Records
from ml.decisioning.assignment import assign
from ml.decisioning.candidates import build_candidates
from ml.decisioning.circumstances import STOCK_COLUMNS, with_circumstances
from ml.decisioning.decide import decide
from ml.decisioning.evidence import DECIDED, collect_evidence, first_contacts, first_night, in_words_of, learn_effects
from ml.decisioning.ledger_rows import NONE
from ml.decisioning.lots import campaign_lots, night_lots
from ml.decisioning.policy import Policy, load_policy
from ml.decisioning.traits import with_traits
from pipelines.seeds import read_seeds
from pipelines.settings import load_settings
from pipelines.simulator.loop import as_treatments
from pipelines.simulator.scenario import Scenario, load_scenario
from pipelines.simulator.settings_file import write_settings
from pipelines.simulator.world import World

WEEK = 7
KINDS = (pl.String, pl.String, pl.Date, pl.Int32, pl.Int32)
NO_STOCK = pl.DataFrame(schema=dict(zip(STOCK_COLUMNS, KINDS, strict=True)))  # shelves are not told


@dataclass(slots=True)
class Loop:
    """A retailer: the world it lives in, what it knows, and what it decided."""

    world: World
    records: Records
    policy: Policy
    decisions: list[pl.DataFrame]

    def night(self, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Decisions that contact somebody, and all candidates."""
        day, past, policy = self.world.next_day, self.records.past(), self.policy
        customers = self.records.customers(self.world)
        lots = [campaign_lots(past.messages, day, first_night(day))]
        if self.decisions:
            meant = pl.concat(self.decisions).select(DECIDED).filter(pl.col("solved_treatment_id") != NONE)
            lots.append(night_lots(first_contacts(meant, policy, day), policy))
        effects = learn_effects(collect_evidence(pl.concat(lots), past), policy, seed=seed)
        channels = pl.DataFrame({"channel_code": sorted(policy.channels)})
        candidates = build_candidates(
            customers,
            self.records.scores(customers, day),
            self.records.departments(day),
            self.records.contact_history(),
            recorded_consents=self.records.consents(self.world),
            policy=policy,
            as_of_date=day,
            effects=effects,
            traits=with_traits(customers.select("person_id").join(channels, how="cross"), past, day),
        )
        arms = assign(
            customers.select("person_id", lineage_root="person_id"), None, experiment=policy.holdout, as_of_date=day
        ).select("person_id", holdout_arm="arm")
        asked = with_circumstances(candidates, customers, NO_STOCK, policy=policy, as_of_date=day)
        result = decide(asked, policy, arms, model_versions={}, seed=seed, as_of_date=day)
        self.decisions.append(result.decisions)
        if effects is not None:
            print("     ", {k: v for k, v in in_words_of(effects).items() if k != "arms"}, flush=True)
        return result.decisions.filter(pl.col("treatment_id") != NONE), result.candidates


def main() -> None:
    """Run the campaign; prints every week, one line per seed, and the means with intervals."""
    options = campaign_options(__doc__).parse_args()
    totals = []
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        scenario = load_scenario(options.scenario, seed=seed)
        weeks = _lived(scenario, seed, options.weeks)
        gained = [sum(getattr(one, name) - one.nobody for one in weeks) / scenario.people for name in ("policy", "top")]
        totals.append(gained)
        said = f"policy {gained[0]:+.3f}, top propensity {gained[1]:+.3f} a person over all weeks"
        print(f"{options.scenario}, seed {seed}: {said}", flush=True)
    print_means(totals)


def _lived(scenario: Scenario, seed: int, weeks: int) -> list[Week]:
    world, policy = World(scenario), _policy(scenario)
    loop = Loop(world, Records(policy), policy, [])
    for _ in range(scenario.days):
        day = world.next_day
        facts = world.step(day, world.habitual_treatments(day), world.habitual_controls(day))
        loop.records.take_in(facts, "campaign")
    nobody, top = copy.deepcopy(world), copy.deepcopy(world)
    costs = {name: one.contact_cost_amount for name, one in policy.channels.items()}
    found = []
    for week in range(weeks):
        decided, candidates = loop.night(seed)
        given, likeliest = _given(decided), _given(_likeliest(candidates, decided.height))
        sums, cost = np.zeros(3), 0.0
        days = WEEK if week + 1 < weeks else max(WEEK, scenario.effects.response_days)
        for ahead in range(days):
            day, is_first = world.next_day, ahead == 0
            lived = world.step(day, given if is_first else None)
            loop.records.take_in(lived, "nightmarket")
            others = nobody.step(day), top.step(day, likeliest if is_first else None)
            sums += [value_of(one, costs) for one in (lived, *others)]
            cost += contact_cost(lived, costs)
        share = float((decided["uplift_basis"] != "prior").mean() or 0.0)
        found.append(Week(decided.height, cost, share, *sums.tolist()))
        print_week(week + 1, found[-1])
    return found


def _likeliest(candidates: pl.DataFrame, count: int) -> pl.DataFrame:
    """The eligible contacts of those likeliest to buy, one per person."""
    order = ["base_probability", "person_id", "treatment_id"]
    best = candidates.filter("is_eligible").sort(order, descending=[True, False, False], nulls_last=True)
    return best.unique("person_id", keep="first", maintain_order=True).head(count)


def _given(rows: pl.DataFrame) -> pl.DataFrame:
    return as_treatments(rows.with_columns(person=pl.col("person_id").str.slice(1).cast(pl.Int64))).sort("person")


def _policy(scenario: Scenario) -> Policy:
    """The simulated retailer's own settings."""
    with tempfile.TemporaryDirectory() as folder:
        write_settings(scenario, Path(folder))
        return load_policy(read_seeds(load_settings(Path(folder))))


if __name__ == "__main__":
    sys.exit(main())
