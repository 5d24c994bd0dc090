"""`nightmarket clv` against BG/NBD x Gamma-Gamma and an honest XGBoost Tweedie, on data nobody here wrote.

python benchmarks/clv_table.py ../shared/data [--json OUT] [--draws 1000]

Both peers and the engine see the same order days before the scoring date; what came after it is read once, to
judge. The Tweedie peer learns the same features without the classic models' answers, on the same past days with
complete outcomes, number of trees by cross-validation over customers; outcomes shorter than the horizon are
scaled to it. Differences are paired over customers (bootstrap, 95 %): better or worse only if the interval says so.
"""

import argparse
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from ml.value.base import fit_base, predict_base
from ml.value.correction import CAP, VALUE
from ml.value.features import NAMES, build_features, windows_of
from ml.value.gamma_gamma import expected_amount
from ml.value.history import build_history, outcome_of
from ml.value.panels import build_panel, panel_days, stack
from ml.value.predict import fit_value, predict_value
from ml.value.transactions import OrderDays, build_order_days
from ml.value.trees import folds_of, grow, margin_of

SEED, THREADS = 7, 2
CLASSIC = ("log_expected_orders", "log_expected_amount", "alive_probability")  # the engine's, not the peer's
PLAIN = [place for place, name in enumerate(NAMES) if name not in CLASSIC]
ENGINE, BTYD, TWEEDIE = "nightmarket clv", "BG/NBD x Gamma-Gamma", "XGBoost Tweedie"
METRICS = ("count MAE", "count RMSE", "count correlation", "value Gini")
SMALLER_IS_BETTER = {"count MAE", "count RMSE"}


def read_cdnow(folder: Path) -> pl.DataFrame:
    """The CDNOW sample, one row per transaction."""
    frame = pl.read_parquet(folder / "cdnow" / "cdnow_sample.parquet")
    return frame.select("customer_id", _day("date"), amount=pl.col("dollar_value"))


def read_retail(folder: Path) -> pl.DataFrame:
    """Online Retail, one row per line; rows without a customer left out, cancellations negative as they stand."""
    frame = pl.read_parquet(folder / "online_retail" / "online_retail.parquet").drop_nulls("CustomerID")
    return frame.select(
        _day("InvoiceDate"), customer_id=pl.col("CustomerID"), amount=pl.col("Quantity") * pl.col("UnitPrice")
    )


SETS: dict[str, tuple[Callable[[Path], pl.DataFrame], date, int]] = {
    "cdnow_sample": (read_cdnow, date(1997, 10, 1), 273),
    "online_retail": (read_retail, date(2011, 9, 10), 91),
}


def _day(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Date).cast(pl.Int32).alias("day")


def measure(folder: Path, name: str, *, draws: int) -> dict[str, object]:
    """One data set: every figure per estimator, the paired differences, interval coverage."""
    read, as_of, horizon = SETS[name]
    days, day = build_order_days(read(folder)), (as_of - date(1970, 1, 1)).days
    known = days.before(day)
    model = fit_value(known, day=day, horizon_days=horizon, seed=SEED, threads=THREADS)
    scores = pl.concat(list(predict_value(model, known, threads=THREADS)))
    answers = {ENGINE: tuple(scores[f"expected_{k}"].to_numpy() for k in ("order_count", "value_amount"))}
    answers |= peers(known, day=day, horizon=horizon)
    customer = build_history(known, day=day, windows=windows_of(horizon)).customer
    orders, value = outcome_of(days, customer, first_day=day, end_day=day + horizon)
    low, high = (scores[f"value_{end}_amount"].to_numpy() for end in ("low", "high"))
    return {
        "customers": customer.size,
        "figures": {who: figures(orders, value, *answer) for who, answer in answers.items()},
        "differences": {who: differences(orders, value, answers, who, draws=draws) for who in (BTYD, TWEEDIE)},
        "tenths": {who: tenths(orders, answer[0]) for who, answer in answers.items()},
        "coverage": float(((value >= low) & (value <= high)).mean()),
    }


def peers(known: OrderDays, *, day: int, horizon: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Expected orders and value by both peers."""
    history = build_history(known, day=day, windows=windows_of(horizon))
    model = fit_base(history, seed=SEED)
    base = predict_base(model, history, horizon_days=horizon)
    worth = base.orders * expected_amount(model.repeat_gamma_gamma, history.repeats, history.repeat_mean)
    label_days, cuts = panel_days(int(known.day.min()), day, horizon)
    unit = float(np.median(known.amount[known.is_order]))
    panels = [build_panel(known, model, day=cut, horizon_days=label_days, unit=unit, seed=SEED) for cut in cuts]
    past = stack(panels, "features")[:, PLAIN]
    group = np.concatenate([panel.customer for panel in panels])
    now = build_features(history, base, unit=unit, horizon_days=horizon)[:, PLAIN]
    answer = []
    for column in ("orders", "value"):
        label = np.maximum(stack(panels, column), 0.0)
        unit = float(label[label > 0].mean())
        cut = np.minimum(label, np.quantile(label[label > 0], CAP))
        flat, fold = np.full(label.size, float(label.mean()) / unit), folds_of(group, seed=SEED)
        grown = grow(VALUE, past, flat, cut / unit, label / unit, group, fold, seed=SEED, threads=THREADS)
        margin = margin_of(grown.raw, now, threads=THREADS) if grown.raw else np.zeros(len(now))
        answer.append(label.mean() * np.exp(margin) * horizon / label_days)
    return {BTYD: (base.orders, worth), TWEEDIE: (answer[0], answer[1])}


def figures(orders: np.ndarray, value: np.ndarray, count: np.ndarray, worth: np.ndarray) -> dict[str, float]:
    """Accuracy per metric, and predicted / actual totals."""
    return {
        **dict(zip(METRICS, metrics(orders, value, count, worth), strict=True)),
        "count total": float(count.sum() / orders.sum()),
        "value total": float(worth.sum() / value.sum()),
    }


def tenths(orders: np.ndarray, count: np.ndarray) -> list[tuple[float, float]]:
    """Mean expected and actual orders of ten equal groups of customers by what was expected."""
    groups = np.array_split(np.argsort(count, kind="stable"), 10)
    return [(float(count[group].mean()), float(orders[group].mean())) for group in groups]


def metrics(orders: np.ndarray, value: np.ndarray, count: np.ndarray, worth: np.ndarray) -> tuple[float, ...]:
    """MAE, RMSE and correlation of counts, normalised Gini of value."""
    error = count - orders
    correlation = float(np.corrcoef(count, orders)[0, 1])
    return float(np.abs(error).mean()), float(np.sqrt((error**2).mean())), correlation, gini(value, worth)


def gini(value: np.ndarray, worth: np.ndarray) -> float:
    """Normalised Gini: how much of the perfect ranking's concentration the ranking by `worth` reaches."""

    def area(order: np.ndarray) -> float:
        return float((np.cumsum(value[order]) / value.sum()).mean() - 0.5)

    return area(np.argsort(-worth, kind="stable")) / area(np.argsort(-value, kind="stable"))


def differences(
    orders: np.ndarray, value: np.ndarray, answers: dict[str, tuple[np.ndarray, np.ndarray]], peer: str, *, draws: int
) -> dict[str, dict[str, object]]:
    """Engine minus peer with a paired 95 % interval over customers, and the verdict."""
    rng = np.random.default_rng(SEED)
    found = []
    for _ in range(draws):
        rows = rng.integers(0, orders.size, orders.size)
        ours, theirs = (metrics(orders[rows], value[rows], *(a[rows] for a in answers[w])) for w in (ENGINE, peer))
        found.append(np.subtract(ours, theirs))
    low, high = np.quantile(found, [0.025, 0.975], axis=0)
    answer: dict[str, dict[str, object]] = {}
    for name, bottom, top in zip(METRICS, low, high, strict=True):
        good = top < 0 if name in SMALLER_IS_BETTER else bottom > 0
        bad = bottom > 0 if name in SMALLER_IS_BETTER else top < 0
        verdict = "better" if good else "worse" if bad else "no difference"
        answer[name] = {"low": float(bottom), "high": float(top), "verdict": verdict}
    return answer


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--draws", type=int, default=1000)
    options = parser.parse_args()
    found = {name: measure(options.folder, name, draws=options.draws) for name in SETS}
    for name, result in found.items():
        print(f"\n{name}: {result['customers']:,} customers, 80 % interval covers {result['coverage']:.1%}")
        for who, row in result["figures"].items():
            print(f"  {who:<22}", "  ".join(f"{metric} {number:.3f}" for metric, number in row.items()))
        for who, row in result["differences"].items():
            for metric, d in row.items():
                print(f"  against {who:<22}{metric:<18}{d['low']:+.4f} to {d['high']:+.4f}  {d['verdict']}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
