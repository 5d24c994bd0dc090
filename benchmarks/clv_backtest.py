"""What the methods of `nightmarket clv` are chosen by: many past days of many shops, against both peers.

python -m benchmarks.clv_backtest ../shared/data [--only NAME] [--draws 200]

One line per shop, day and horizon; below it, how often the engine is better or worse than a peer by the paired 95 %
interval, how far totals are off, and how often the interval covers. No outcome here reaches into what
`clv_table.py` judges on.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.clv_table import BTYD, ENGINE, METRICS, SEED, TWEEDIE, differences, figures, peers
from benchmarks.clv_worlds import problems
from ml.value.features import windows_of
from ml.value.history import build_history, outcome_of
from ml.value.predict import fit_value, predict_value
from ml.value.transactions import OrderDays, build_order_days

MARKS = {"better": "+", "no difference": ".", "worse": "-"}


@dataclass(frozen=True, slots=True)
class Result:
    """One past day: marks per peer in the order of METRICS, predicted / actual totals, coverage."""

    name: str
    horizon_days: int
    marks: dict[str, str]
    totals: dict[str, tuple[float, float]]
    coverage: float


def backtest(name: str, days: OrderDays, day: int, horizon: int, *, draws: int) -> Result:
    """The engine and both peers on a past day."""
    known = days.before(day)
    model = fit_value(known, day=day, horizon_days=horizon, seed=SEED, threads=1)
    scores = pl.concat(list(predict_value(model, known, threads=1)))
    answers = {ENGINE: tuple(scores[f"expected_{k}"].to_numpy() for k in ("order_count", "value_amount"))}
    answers |= peers(known, day=day, horizon=horizon)
    customer = build_history(known, day=day, windows=windows_of(horizon)).customer
    orders, value = outcome_of(days, customer, first_day=day, end_day=day + horizon)
    found = {who: figures(orders, value, *answer) for who, answer in answers.items()}
    marks = {}
    for peer in (BTYD, TWEEDIE):
        verdicts = differences(orders, value, answers, peer, draws=draws)
        marks[peer] = "".join(MARKS[str(verdicts[metric]["verdict"])] for metric in METRICS)
    low, high = (scores[f"value_{end}_amount"].to_numpy() for end in ("low", "high"))
    totals = {who: (row["count total"], row["value total"]) for who, row in found.items()}
    return Result(name, horizon, marks, totals, float(((value >= low) & (value <= high)).mean()))


def summary(results: list[Result]) -> Iterator[str]:
    """What came out over all."""
    for peer in (BTYD, TWEEDIE):
        counts = [
            f"{metric} {sum(r.marks[peer][i] == '+' for r in results)}/{sum(r.marks[peer][i] == '-' for r in results)}"
            for i, metric in enumerate(METRICS)
        ]
        yield f"better/worse than {peer}: {', '.join(counts)}"
    for place, what in enumerate(("count", "value")):
        off = {who: np.mean([abs(np.log(r.totals[who][place])) for r in results]) for who in results[0].totals}
        yield f"{what} totals off by, as a logarithm: " + ", ".join(f"{who} {size:.3f}" for who, size in off.items())
    coverage = np.array([r.coverage for r in results])
    inside = int(((coverage >= 0.77) & (coverage <= 0.83)).sum())
    yield f"coverage {coverage.mean():.1%} on average, within 77 to 83 % in {inside} of {coverage.size}"


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--draws", type=int, default=200)
    options = parser.parse_args()
    results = []
    for name, rows, cuts in problems(options.folder):
        if options.only not in name:
            continue
        days = build_order_days(rows)
        for day, horizon in cuts:
            found = backtest(name, days, day, horizon, draws=options.draws)
            results.append(found)
            totals = "  ".join(f"{who} {a:.2f} {b:.2f}" for who, (a, b) in found.totals.items())
            print(
                f"{name:<26}{horizon:>4} days  [{found.marks[BTYD]}] [{found.marks[TWEEDIE]}]  {totals}"
                f"  covers {found.coverage:.1%}",
                flush=True,
            )
    print("\n".join(summary(results)))


if __name__ == "__main__":
    main()
