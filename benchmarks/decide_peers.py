"""`nightmarket decide` beside greedy arbitration and HiGHS on the same candidates: value, gap to one bound, time.

python -m benchmarks.decide_peers FOLDER [PEOPLE x TREATMENTS ...]      for example 1000x12 10000x12
"""

import sys
import time
from pathlib import Path

import numpy as np
from scipy.optimize import linprog

from benchmarks.check_decisions import check
from benchmarks.decide_worlds import make_world
from ml.decisioning.joint import JointChoice, uses
from ml.decisioning.optimum import optimise
from ml.decisioning.shadow_prices import programme_rows
from pipelines.cli.engines.decide import decide_file, read_candidates, read_limits

MOST_FOR_HIGHS = 600_000  # candidates; the whole programme takes minutes above it


def greedy(joint: JointChoice) -> tuple[float, list[str]]:
    """Each person's best action by value (P x V), highest first, until a limit is full; minimums are not looked at."""
    first = joint.starts[:-1]
    top = np.repeat(np.maximum.reduceat(joint.value, first), np.diff(joint.starts))
    best = np.minimum.reduceat(np.where(joint.value == top, np.arange(len(top)), len(top)), first)
    best = best[joint.value[best] > 0]
    best = best[np.argsort(-joint.value[best], kind="stable")]
    table, upper = uses(joint, best).T, np.array([limit.at_most for limit in joint.limits])
    total, value = np.zeros(len(upper)), 0.0
    for use, worth in zip(table, joint.value[best].tolist(), strict=True):
        if ((total + use) <= upper).all():
            total, value = total + use, value + worth
    return value, [n.name for n, u in zip(joint.limits, total.tolist(), strict=True) if u < n.at_least]


def highs(joint: JointChoice) -> float:
    """The linear programme over everybody: an upper bound of its own, split people included."""
    matrix, bounds = programme_rows(joint)
    return float(-linprog(-joint.value, A_ub=matrix, b_ub=bounds, bounds=(0, 1), method="highs").fun)


def compare(folder: Path, people: int, treatments: int) -> list[str]:
    """One table row per method; seconds are of processor time, over all threads."""
    candidates, limits = make_world(folder, people, treatments)
    rules = read_limits(limits)
    started = time.process_time()
    joint = read_candidates(candidates, rules).joint
    read = time.process_time() - started
    rows = []
    for name, method in (("decide", optimise), ("greedy P x V", greedy), ("HiGHS, linear programme", highs)):
        if method is highs and people * treatments > MOST_FOR_HIGHS:
            continue
        started, wall = time.process_time(), time.perf_counter()
        found = method(joint)
        if name == "decide":
            bound, found = found.bound, (found.value, [])
        value, unmet = found if isinstance(found, tuple) else (found, ["whole people"])
        spent = f"{time.process_time() - started:.2f} | {time.perf_counter() - wall:.2f}"
        gap = 100 * (bound - value) / bound
        rows.append(
            f"| {people:,} x {treatments} | {name} | {value:,.2f} | {gap:.6f} % | {spent} | {', '.join(unmet)} |"
        )
    wall = time.perf_counter()
    decide_file(candidates, limits, folder / "out", seed=0)
    problems = check(candidates, limits, folder / "out") if people * treatments <= 20_000_000 else ["not run"]
    rows.append(
        f"| | file to file | reading {read:.2f} CPU s | | | {time.perf_counter() - wall:.2f} | checker: {problems} |"
    )
    return rows


if __name__ == "__main__":
    table = ["| size | method | value | gap | CPU s | wall s | not kept |", "|---|---|---|---|---|---|---|"]
    for size in sys.argv[2:] or ["1000x12", "10000x12", "50000x12", "1000000x12"]:
        table += compare(Path(sys.argv[1]) / size, *map(int, size.split("x")))
    print("\n".join(table))
