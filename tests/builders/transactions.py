"""Transactions drawn from a known world."""

import numpy as np
import polars as pl


def draw_transactions(customers=300, *, days=200, seed=3):
    """Customers who arrive over the first half, order at gamma rates and leave by chance."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        day, rate, leaving = int(rng.integers(0, days // 2)), rng.gamma(1.0, 1 / 20), rng.beta(1, 4)
        mean = rng.gamma(5.0, 6.0)
        while day < days:
            rows.append((customer, day, round(float(rng.gamma(4.0, mean / 4)) + 0.01, 2)))
            if rng.random() < leaving:
                break
            day += 1 + int(rng.exponential(1 / max(rate, 1e-4)))
    return pl.DataFrame(rows, schema={"customer_id": pl.Int64, "day": pl.Int32, "amount": pl.Float64}, orient="row")
