"""Does the closed loop earn money? Simulated weeks over seeds, beside worlds that are contacted otherwise.

    python -m benchmarks.loop_campaign default --seeds 20 --weeks 8
    python -m benchmarks.loop_campaign no_effect --seeds 20 --weeks 8

Every seed: history, one night a week whose released audiences the people answer, then the days that effects last.
Beside it, from the same morning and with the same chance: a world without contacts, and one in which as many people as
the night contacted get the treatment of their likeliest purchase ("top propensity"). Value is margin after coupons,
less contact costs, in units of the currency per person and over all days; the difference of two worlds of one seed is
only what contacts changed. Intervals are Student's over seeds.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
from scipy import stats

from pipelines.night import ledger_of
from pipelines.reporter import quiet_reporter
from pipelines.run import run_night
from pipelines.seeds import read_seeds
from pipelines.settings import Settings, load_settings
from pipelines.simulator.facts import DayFacts
from pipelines.simulator.loop import as_treatments, customer_references, known_as, lived_on, take_up
from pipelines.simulator.scenario import load_scenario
from pipelines.simulator.settings_file import write_settings
from pipelines.simulator.simulate import simulate_history

WEEK = 7


@dataclass(frozen=True, slots=True)
class Week:
    """One week of three worlds; money in units of the currency."""

    contact_count: int
    cost: float  # of the contacts that were sent
    evident_share: float  # of the decided contacts, whose uplift rests mostly on evidence
    policy: float
    nobody: float
    top: float


def main() -> None:
    """Run the campaign; prints every week, one line per seed, and the means with intervals."""
    options = _options()
    totals = []
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            weeks = _lived(options.scenario, seed, options.weeks, Path(folder))
        people = load_scenario(options.scenario).people
        gained = [sum(getattr(week, name) - week.nobody for week in weeks) / people for name in ("policy", "top")]
        totals.append(gained)
        said = f"policy {gained[0]:+.3f}, top propensity {gained[1]:+.3f} a person over all weeks"
        print(f"{options.scenario}, seed {seed}: {said}", flush=True)
    print_means(totals)


def print_means(totals: list[list[float]]) -> None:
    """Means over seeds of what the policy and top propensity gained a person, with Student's intervals."""
    differences = {
        "policy against nobody": [one[0] for one in totals],
        "top propensity against nobody": [one[1] for one in totals],
        "policy against top propensity": [one[0] - one[1] for one in totals],
    }
    for name, values in differences.items():
        mean = sum(values) / len(values)
        told = "one seed has no interval"
        if len(values) > 1:
            low, high = stats.t.interval(0.95, len(values) - 1, mean, stats.sem(values))
            told = f"95 % interval {low:+.3f} to {high:+.3f} over {len(values)} seeds"
        print(f"{name}: {mean:+.3f} a person, {told}")


def _lived(name: str, seed: int, weeks: int, home: Path) -> list[Week]:
    scenario = load_scenario(name, seed=seed)
    simulate_history(scenario, home, _silent)
    write_settings(scenario, home)
    settings = load_settings(home)
    recorder = take_up(home, _silent)
    nobody, top = (take_up(home, _silent).world for _ in range(2))
    costs = _costs(settings)
    found = []
    for week in range(weeks):
        night = recorder.world.next_day
        run_night(settings, night, quiet_reporter())
        known = known_as(customer_references(settings), recorder.systems)
        named = _likeliest(settings, night).join(known, on="person_id")
        likeliest = as_treatments(named.sort("person_id").unique("person", keep="first", maintain_order=True))
        days = WEEK if week + 1 < weeks else max(WEEK, scenario.effects.response_days)
        sums, cost = [0.0, 0.0, 0.0], 0.0
        for ahead in range(days):
            day = recorder.world.next_day
            lived = lived_on(recorder, settings)[1]
            others = nobody.step(day), top.step(day, likeliest if ahead == 0 else None)
            sums = [total + value_of(facts, costs) for total, facts in zip(sums, (lived, *others), strict=True)]
            cost += contact_cost(lived, costs)
        decided = ledger_of(settings).partition("decisions", night).filter(pl.col("treatment_id") != "none")
        share = (decided["uplift_basis"] != "prior").mean()
        found.append(Week(decided.height, cost, float(share or 0.0), *sums))  # type: ignore[arg-type]
        print_week(week + 1, found[-1])
    recorder.finish()
    return found


def print_week(number: int, week: Week) -> None:
    """What one week brought beside contacting nobody."""
    gained = f"policy {week.policy - week.nobody:+,.2f}, top propensity {week.top - week.nobody:+,.2f}"
    contacts = f"{week.contact_count:,} contacts for {week.cost:,.2f}, {week.evident_share:.0%} resting on evidence"
    print(f"   week {number}: {gained} | {contacts}", flush=True)


def _likeliest(settings: Settings, night: date) -> pl.DataFrame:
    """As many people as the night contacted, those likeliest to buy, each with that candidate."""
    decided = ledger_of(settings).partition("decisions", night)
    count = decided.filter(pl.col("treatment_id") != "none").height
    candidates = ledger_of(settings).partition("candidates", night)
    best = candidates.filter("is_eligible").sort(
        "base_probability", "person_id", "treatment_id", descending=[True, False, False], nulls_last=True
    )
    return best.unique("person_id", keep="first", maintain_order=True).head(count)


def _costs(settings: Settings) -> dict[str, Decimal]:
    channels = read_seeds(settings)["channels"].select("channel_code", "contact_cost_amount")
    return {name: Decimal(cost) for name, cost in channels.iter_rows()}


def value_of(facts: DayFacts, costs: dict[str, Decimal]) -> float:
    """Margin of a day after coupons, less the contacts sent."""
    margin = pl.col("units") * (pl.col("price_cents") - pl.col("cost_cents")) - pl.col("coupon_cents")
    return facts.lines.select(margin.sum()).item() / 100 - contact_cost(facts, costs)


def contact_cost(facts: DayFacts, costs: dict[str, Decimal]) -> float:
    """Of a day's contacts that were sent."""
    sent = facts.contacts.filter("is_sent")["channel"].value_counts()
    return float(sum((costs[channel] * count for channel, count in sent.iter_rows()), Decimal(0)))


def _silent(done: int, total: int) -> None:
    pass


def campaign_options(description: str | None) -> argparse.ArgumentParser:
    """What every campaign is asked."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="?", default="default")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--weeks", type=int, default=8)
    return parser


def _options() -> argparse.Namespace:
    parser = campaign_options(__doc__)
    parser.add_argument("--folder", default=None, help="Where homes are made and removed again.")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
