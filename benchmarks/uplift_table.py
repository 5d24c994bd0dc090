"""All learners of `nightmarket uplift` and its peers on a promotion that nobody here ran.

python -m benchmarks.uplift_table ../shared/data [--json OUT] [--svg OUT] [--seeds 7]

`starbucks_promo/training`: 84,534 people, randomised; 10 per sale, .15 per contact, as its publisher states. Everything
is out of fold. The last row deals the treatment again before anything is fitted: a leak would show there. With econml
installed (docs/uplift.md), its causal forest ranks the same people in the same folds.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ml.effect.trial import Roles, build_trial
from ml.effect.uplift import measure_uplift

ROLES = Roles("ID", "Promotion", "No", "purchase")
COST, VALUE, THREADS = 0.15, 10.0, 2


def measure(frame: pl.DataFrame, *, seed: int) -> dict[str, Any]:
    """The report of one seed."""
    return measure_uplift(frame, ROLES, cost=COST, value=VALUE, seed=seed, threads=THREADS).report


def permuted(frame: pl.DataFrame, *, seed: int) -> dict[str, Any]:
    """The report after the treatment was dealt again."""
    order = np.random.default_rng(seed).permutation(frame.height)
    return measure(frame.sort("ID").with_columns(pl.col("Promotion").gather(order)), seed=seed)


def with_econml(frame: pl.DataFrame, *, seed: int) -> str:
    """One line about econml's causal forest: Qini on the same doubly robust scores, folds of its own."""
    try:
        from econml.dml import CausalForestDML
    except ImportError:
        return "econml is not installed: no row of a causal forest"
    from ml.effect.crossfit import FOLDS, deal_folds
    from ml.effect.qini import qini

    trial = build_trial(frame, ROLES)
    fold = deal_folds(trial.arm, seed=seed)
    x, treated = np.nan_to_num(trial.matrix.astype(float), nan=-1.0), trial.arm.astype(float)
    score = np.zeros(treated.size)
    for held in range(FOLDS):
        rest, mine = fold != held, fold == held
        forest = CausalForestDML(discrete_treatment=True, n_estimators=200, random_state=seed, n_jobs=THREADS)
        forest.fit(trial.outcome[rest], treated[rest], X=x[rest])
        score[mine] = forest.effect(x[mine])
    share = treated.mean()
    effect = (treated / share - (1.0 - treated) / (1.0 - share)) * (trial.outcome - trial.outcome.mean())
    area = qini(score, effect, fold)
    return f"| econml CausalForestDML | {area.area:.5f} | {area.low:.5f} to {area.high:.5f} | | |"


def show(report: dict[str, Any], again: dict[str, Any]) -> None:
    """The table in Markdown."""
    effect = report["effects"][0]
    print(f"average effect {effect['average_effect']:.5f} ({effect['low']:.5f} to {effect['high']:.5f})")
    print(
        f"{report['verdict']}: {report['reason']}\n\n| ranking | Qini | 95 % | slope | weight |\n|---|---|---|---|---|"
    )
    for row in effect["learners"]:
        more = f"{row['slope']:.2f} | {row['weight']:.2f}"
        print(f"| {row['learner']} | {row['qini']:.5f} | {row['low']:.5f} to {row['high']:.5f} | {more} |")
    for row in effect["qini"][:-1]:
        print(f"| {row['ranking']} | {row['qini']:.5f} | {row['low']:.5f} to {row['high']:.5f} | | |")
    row = again["effects"][0]["qini"][0]
    print(f"| uplift, refitted on dealt treatment | {row['qini']:.5f} | {row['low']:.5f} to {row['high']:.5f} | | |")
    print(f"\nrefitted on dealt treatment: {again['verdict']}: {again['reason']}")
    print("\n| policy | contacted | money per person | 95 % | targeted gains | 95 % |\n|---|---|---|---|---|---|")
    gains = {gain["against"]: gain for gain in report["policy"]["gains_of_targeted"]}
    for row in report["policy"]["policies"]:
        gain = gains.get(row["policy"])
        more = f"{gain['gain']:.4f} | {gain['low']:.4f} to {gain['high']:.4f}" if gain else " | "
        interval = f"{row['low']:.4f} to {row['high']:.4f}"
        print(
            f"| {row['policy']} | {row['contacted_share']:.1%} | {row['value_per_person']:.4f} | {interval} | {more} |"
        )


def draw(report: dict[str, Any], path: Path) -> None:
    """The curve as an SVG: incremental purchases per 1,000 people by contacted share."""
    effect = report["effects"][0]
    most = max(point["high"] for point in effect["curve"])

    def at(share: float, value: float) -> str:
        return f"{60 + 600 * share:.1f},{330 - 290 * value / most:.1f}"

    def line(name: str, key: str) -> str:
        return " ".join([at(0.0, 0.0), *(at(point["share"], point[key]) for point in effect[name])])

    band = " ".join([at(0, 0), *(at(p["share"], p["high"]) for p in effect["curve"])])
    band += " " + " ".join(at(p["share"], p["low"]) for p in reversed(effect["curve"]))
    ticks = "".join(
        f'<text x="{60 + 600 * share:.0f}" y="348" text-anchor="middle">{share:.0%}</text>'
        for share in (0, 0.25, 0.5, 0.75, 1)
    )
    heights = "".join(
        f'<text x="52" y="{334 - 290 * value / 1000 / most:.0f}" text-anchor="end">{value}</text>'
        for value in range(0, int(1000 * most) + 1, 2)
    )
    path.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 700 390" font-family="sans-serif" font-size="12">'
        '<rect width="700" height="390" fill="#fff"/>'
        f'<polygon points="{band}" fill="#1b6ca8" opacity=".15"/>'
        f'<polyline points="{line("curve", "incremental")}" fill="none" stroke="#1b6ca8" stroke-width="2.5"/>'
        f'<polyline points="{line("response_curve", "incremental")}" fill="none" stroke="#c46210" stroke-width="2"/>'
        f'<polyline points="{line("curve", "random")}" fill="none" stroke="#777" stroke-dasharray="5 4"/>'
        f'<path d="M60 30V330H660" fill="none" stroke="#333"/>{ticks}{heights}'
        '<text x="360" y="372" text-anchor="middle">people contacted, best first</text>'
        '<text x="60" y="20">more purchases per 1,000 people</text>'
        '<g text-anchor="end"><text x="660" y="270" fill="#1b6ca8">by uplift, with 95 % band</text>'
        '<text x="660" y="288" fill="#c46210">by expected response</text>'
        '<text x="660" y="306" fill="#777">at random, up to everybody</text></g></svg>\n',
        encoding="utf-8",
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--svg", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7])
    options = parser.parse_args()
    frame = pl.read_parquet(options.folder / "starbucks_promo" / "training.parquet")
    for seed in options.seeds:
        report, again = measure(frame, seed=seed), permuted(frame, seed=seed)
        print(f"\nseed {seed}")
        show(report, again)
        print(with_econml(frame, seed=seed))
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if options.svg:
        draw(report, options.svg)


if __name__ == "__main__":
    main()
