"""Does `nightmarket uplift` see nothing where nothing is, and something where something is?

python -m benchmarks.uplift_campaign [--worlds 200] [--seed 1] [--processes 2] [--strong 1]

The worlds are stated in uplift_worlds.py. Every run is what the command does by default, with cost and value given;
in half of the null worlds the contact costs exactly what it brings, the worst case. Prints how often the verdict was
which, with and without money, and what the intervals held; exit code 1 if a promise is missed:

- null: at most the upper edge of an honest 5 % (16 of 200) say "targeting helps";
- moderate, 20,000 people: at least 80 % say it;
- strong, 200,000 people: the chosen people bring at least 95 % of what perfect knowledge brings.
"""

import argparse
import sys
import time
from collections.abc import Iterable
from multiprocessing import Pool
from typing import Any

import numpy as np
from scipy.stats import binom

from benchmarks.uplift_worlds import draw
from ml.effect.policy import SURE_ONE_SIDED
from ml.effect.trial import Roles
from ml.effect.uplift import measure_uplift
from ml.effect.verdict import HELPS

ROLES = Roles("person_id", "arm", "none", "outcome")
PEOPLE = {"null": 5_000, "moderate": 20_000, "pointless": 5_000, "strong": 200_000}
POWER, ORACLE = 0.8, 0.95


def run(task: tuple[str, int, int]) -> dict[str, Any]:
    """One world: what the engine said and what was true."""
    kind, number, seed = task
    world = draw(kind, number, PEOPLE[kind], seed=seed)
    started = time.process_time()
    measured = measure_uplift(world.frame, ROLES, cost=world.cost, value=world.value, threads=1)
    seconds = time.process_time() - started
    net = world.uplift * world.value - world.cost
    truth = world.frame.select("person_id", truth=world.uplift, net=net)
    rows = truth.join(measured.rows, on="person_id", maintain_order="left")
    mine = np.where(rows["is_chosen"], net, 0.0)
    policy, effect = measured.report["policy"], measured.report["effects"][0]
    targeted, gains = policy["policies"][0], policy["gains_of_targeted"]
    best = float(np.maximum(net, 0.0).mean())
    off = (rows["uplift"] - rows["truth"]).abs()
    return {
        "kind": kind,
        "verdict": measured.report["verdict"],
        "is_ranked": effect["permutation"]["p_value"] <= SURE_ONE_SIDED,
        "oracle": float(mine.mean()) / best if best > 0.0 else None,
        "value held": targeted["low"] <= mine.mean() <= targeted["high"],
        "gain held": gains[1]["low"] <= float((mine - net).mean()) <= gains[1]["high"],
        "person held": float((off <= 1.96 * rows["standard_error"]).mean()),
        "effect held": effect["low"] <= float(world.uplift.mean()) <= effect["high"],
        "seconds": seconds,
    }


def summarise(kind: str, found: list[dict[str, Any]]) -> bool:
    """Print one kind of world; whether its promise is kept."""
    count = len(found)
    says = {name: sum(row["verdict"] == name for row in found) for name in sorted({row["verdict"] for row in found})}
    helps, ranked = says.get(HELPS, 0), sum(row["is_ranked"] for row in found)
    print(
        f"\n{kind}: {count} worlds of {PEOPLE[kind]:,} people, {np.mean([r['seconds'] for r in found]):.1f} CPU s each"
    )
    print("  with money: " + ", ".join(f"{name} {times}" for name, times in says.items()))
    print(f"  without money, targeting helps: {ranked}")
    for name in ("value held", "gain held", "effect held", "person held"):
        print(f"  {name} by its 95 % interval: {np.mean([row[name] for row in found]):.1%}")
    shares = [row["oracle"] for row in found if row["oracle"] is not None]
    if shares:
        print(f"  share of the oracle's value: mean {np.mean(shares):.3f}, least {min(shares):.3f}")
    if kind == "null":
        edge = int(binom.ppf(0.975, count, SURE_ONE_SIDED))
        print(f"  upper edge of an honest 5 %: {edge}")
        return max(helps, ranked) <= edge
    if kind == "strong":
        return min(shares) >= ORACLE
    return kind != "moderate" or min(helps, ranked) >= POWER * count


def main() -> None:
    """Draw, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=200)
    parser.add_argument("--strong", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    counts = {"null": options.worlds, "moderate": options.worlds, "pointless": options.worlds // 5}
    counts["strong"] = options.strong
    kept = []
    with Pool(options.processes) as pool:
        for kind, count in counts.items():
            tasks = [(kind, number, options.seed) for number in range(count)]
            found = list(_watched(pool.imap(run, tasks), kind))
            kept.append(not found or summarise(kind, found))
    sys.exit(0 if all(kept) else 1)


def _watched(results: Iterable[dict[str, Any]], kind: str) -> Iterable[dict[str, Any]]:
    for number, row in enumerate(results, start=1):
        if number % 20 == 0:
            print(f"{kind} {number}", file=sys.stderr, flush=True)
        yield row


if __name__ == "__main__":
    main()
