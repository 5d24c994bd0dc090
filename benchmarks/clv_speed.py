"""How long `nightmarket clv` takes from file to file, and its memory, beside XGBoost alone on as many rows.

python benchmarks/clv_speed.py [--customers 1000000]

The transactions are drawn from BG/NBD and gamma amounts over a year; horizon 91 days. The peer is one XGBoost
Tweedie of 100 trees trained on 100,000 rows of random features and scored for everybody, in the same run.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
import xgboost as xgb

DAYS = 365


def write_transactions(path: Path, customers: int) -> int:
    """A year of transactions of this many customers; returns the number of rows."""
    rng = np.random.default_rng(7)
    first = rng.integers(0, DAYS, customers)
    rate = rng.gamma(0.6, 1 / 60.0, customers)
    leaving = rng.beta(1.0, 3.0, customers)
    orders = 1 + np.minimum(rng.poisson(rate * (DAYS - first)), rng.geometric(leaving))
    who = np.repeat(np.arange(customers), orders)
    day = np.minimum(first[who] + (rng.random(who.size) * (DAYS - first[who])).astype(int), DAYS - 1)
    amount = np.round(rng.gamma(4.0, rng.gamma(4.0, 3.0, customers)[who]) + 0.01, 2)
    dates = pl.Series("date", day.astype(np.int32)).cast(pl.Date).dt.offset_by("50y")
    pl.DataFrame({"customer_id": who, "date": dates, "amount": amount}).write_parquet(path)
    return int(who.size)


def peer_seconds(customers: int) -> float:
    """Training and scoring of XGBoost alone."""
    rng = np.random.default_rng(7)
    features, label = rng.random((customers, 18), dtype=np.float32), rng.gamma(0.3, 30.0, customers)
    start = time.perf_counter()
    matrix = xgb.DMatrix(features[:100_000], label=label[:100_000])
    booster = xgb.train({"objective": "reg:tweedie", "max_depth": 6, "nthread": 2}, matrix, num_boost_round=100)
    booster.predict(xgb.DMatrix(features))
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    customers = parser.parse_args().customers
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "transactions.parquet"
        rows = write_transactions(source, customers)
        columns = ["--customer", "customer_id", "--date", "date", "--amount", "amount", "--as-of", "2021-01-01"]
        command = [sys.executable, "-m", "pipelines.cli.main", "clv", str(source), *columns]
        start = time.perf_counter()
        subprocess.run(
            [*command, "--horizon-days", "91", "--threads", "1", "--out", f"{folder}/out.parquet"], check=True
        )
        seconds = time.perf_counter() - start
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu, memory = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20
    peer = peer_seconds(customers)
    print(f"{customers:,} customers, {rows:,} transactions: {seconds:.1f} s, {cpu:.1f} CPU s, {memory:.1f} GiB")
    print(f"XGBoost alone: {peer:.1f} s; ratio {seconds / peer:.1f}")


if __name__ == "__main__":
    main()
