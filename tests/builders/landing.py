"""A little retailer as files: what a landing folder looks like, small enough for a test.

Ten households shop for thirty weeks that end on Monday 2017-12-25, in the files and columns of
The Complete Journey. Planted on purpose: one item given back, one line without a household, one
product that the catalogue lacks, one coupon row sent twice, demographics for every second household.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

import polars as pl

LAST_DELIVERY = date(2017, 12, 25)
WEEK_ZERO = date(2016, 12, 19)  # Monday of the week before week 1, so that weeks count as in the package
STORES = ("301", "302", "303")
UNLISTED_PRODUCT = "9999"

ORDER_LINES = (
    "household_id,store_id,basket_id,product_id,quantity,sales_value,retail_disc,coupon_disc,"
    "coupon_match_disc,week,transaction_timestamp"
)
REDEMPTIONS = "household_id,coupon_upc,campaign_id,redemption_date"
PRODUCTS = "product_id,manufacturer_id,department,brand,product_category,product_type,package_size"
CAMPAIGNS = "campaign_id,campaign_type,start_date,end_date"
MAILINGS = "campaign_id,household_id"
COUPONS = "coupon_upc,product_id,campaign_id"
HOUSEHOLDS = "household_id,age,income,home_ownership,marital_status,household_size,household_comp,kids_count"
SHELVES = {  # department: (category, list price in cents) of its products
    "GROCERY": (
        ("SOFT DRINKS", 199),
        ("FLUID MILK PRODUCTS", 249),
        ("BAKED BREAD", 179),
        ("BEERS/ALES", 899),
    ),
    "PRODUCE": (("BANANAS", 119), ("TOMATOES", 229), ("SALAD MIX", 299)),
    "MEAT": (("BEEF", 849), ("CHICKEN", 599)),
    "DRUG GM": (("SOAP", 349), ("CANDY", 129), ("FAMILY PLANNING", 1299)),
    "DELI": (("CHEESES", 459), ("DELI MEATS", 529)),
}


class Product(NamedTuple):
    """One product on a shelf."""

    product_id: str
    department: str
    category: str
    cents: int


def write_tiny_retailer(landing: Path, households: int = 10, weeks: int = 30, seed: int = 1) -> None:
    """Write all eight tables below `landing`; the same arguments give the same bytes."""
    random = Random(seed)
    mondays = [LAST_DELIVERY - timedelta(weeks=weeks - i) for i in range(weeks)]
    products = _products()
    campaigns = _campaigns(mondays)
    _write_reference_tables(landing, mondays[0], products, campaigns, households, random)
    shoppers = [_Shopper(str(i + 1), i, weeks, random) for i in range(households)]
    baskets = iter(range(31_000_000_001, 32_000_000_000))
    for number, monday in enumerate(mondays):
        lines = [line for shopper in shoppers for line in shopper.week(number, monday, products, baskets)]
        if number == weeks // 2:
            lines += _planted_lines(monday, [next(baskets) for _ in range(3)], products[0])
        delivered = monday + timedelta(days=7)
        write_delivery(landing, "pos.order_lines", delivered, ORDER_LINES, lines)
        redemptions = _redemptions(monday, campaigns, households)
        if redemptions:
            write_delivery(landing, "pos.coupon_redemptions", delivered, REDEMPTIONS, redemptions)
    for monday in [*mondays, LAST_DELIVERY]:
        _write_placements(landing, monday, products, random)


def write_delivery(
    landing: Path, table: str, delivered: date, header: str, rows: Iterable[Sequence[object]], name: str = ""
) -> Path:
    """Write one CSV delivery of `source.table` and return its path; an empty cell is an unknown value."""
    path = delivery_folder(landing, table, delivered) / (name or f"{table.split('.')[1]}.csv")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)
    return path


def delivery_folder(landing: Path, table: str, delivered: date) -> Path:
    """Where a delivery of `source.table` lands."""
    source, name = table.split(".")
    return landing / source / name / f"delivered_date={delivered.isoformat()}"


class _Shopper:
    """One household: how often it comes, what it likes, whether it stops."""

    def __init__(self, household_id: str, position: int, weeks: int, random: Random) -> None:
        self.household_id = household_id
        self.random = Random(random.getrandbits(32))
        self.gap_weeks = 1 + position % 3
        self.favourite = list(SHELVES)[position % len(SHELVES)]
        self.first_week = weeks // 2 if position % 10 == 8 else position % 2  # one household comes late
        self.last_week = weeks * 2 // 3 if position % 10 == 9 else weeks  # one stops coming

    def week(
        self, number: int, monday: date, products: Sequence[Product], baskets: Iterator[int]
    ) -> list[list[object]]:
        if not self.first_week <= number < self.last_week or (number - self.first_week) % self.gap_weeks:
            return []
        lines = []
        for _ in range(1 + (self.random.random() < 0.3)):
            day = monday + timedelta(days=self.random.randrange(7))
            moment = datetime(day.year, day.month, day.day, 13) + timedelta(seconds=self.random.randrange(36_000))
            basket = next(baskets)
            lines += [self.line(basket, product, moment) for product in self._picks(products)]
        return lines

    def _picks(self, products: Sequence[Product]) -> list[Product]:
        liked = [p for p in products if p.department == self.favourite]
        others = self.random.sample(products, 2 + self.random.randrange(3))
        return sorted({*others, self.random.choice(liked)}, key=lambda p: p.product_id)

    def line(self, basket: int, product: Product, moment: datetime) -> list[object]:
        quantity = 1 + self.random.randrange(3)
        list_price = quantity * product.cents
        discount = list_price * self.random.choice((0, 0, 0, 10, 20)) // 100
        coupon = 50 if self.random.random() < 0.05 else 0
        store = STORES[int(self.household_id) % len(STORES)]
        return [
            self.household_id, store, basket, product.product_id, quantity, money(list_price - discount),
            money(discount), money(coupon), money(0), week_number(moment.date()), stamp(moment),
        ]  # fmt: skip


def money(cents: int) -> str:
    """Cents as an amount in CSV: -150 -> '-1.50'."""
    sign, whole = ("-" if cents < 0 else ""), abs(cents)
    return f"{sign}{whole // 100}.{whole % 100:02d}"


def stamp(moment: datetime) -> str:
    """An instant in ISO 8601, UTC."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"


def week_number(day: date) -> int:
    """The package's week number of a day: week 2 begins on Monday 2017-01-02."""
    return (day - WEEK_ZERO).days // 7


def _products() -> list[Product]:
    shelf = [(dep, cat, cents) for dep, entries in SHELVES.items() for cat, cents in entries]
    return [Product(str(1001 + i), dep, cat, cents) for i, (dep, cat, cents) in enumerate(shelf)]


def _campaigns(mondays: Sequence[date]) -> list[list[object]]:
    """Up to five campaigns spread over the weeks; the last one is still running at the end."""
    kinds = ("Type B", "Type A", "Type C", "Type A", "Type B")
    step = max(1, len(mondays) // len(kinds))
    starts = [mondays[i] + timedelta(days=2) for i in range(0, len(mondays), step)][: len(kinds)]
    return [[str(i + 1), kinds[i], start, start + timedelta(days=30)] for i, start in enumerate(starts)]


def _mailed(campaign_id: str, households: int) -> list[str]:
    return [str(i) for i in range(1, households + 1) if (i + int(campaign_id)) % 2]


def _write_reference_tables(
    landing: Path,
    day: date,
    products: Sequence[Product],
    campaigns: Sequence[Sequence[object]],
    households: int,
    random: Random,
) -> None:
    brands = ("National", "Private")
    shelf = [
        [
            p.product_id,
            str(i % 4 + 1),
            p.department,
            brands[i % 3 == 0],
            p.category,
            f"{p.category} ALL",
            "1 CT",
        ]
        for i, p in enumerate(products)
    ]
    coupons = [
        [f"51000{c[0]}{p.product_id}", p.product_id, c[0]]
        for c in campaigns
        for p in products
        if (int(p.product_id) + int(str(c[0]))) % 3 == 0
    ]
    mailings = [[c[0], household] for c in campaigns for household in _mailed(str(c[0]), households)]
    people = [_household(i, random) for i in range(1, households + 1, 2)]
    write_delivery(landing, "catalogue.products", day, PRODUCTS, shelf)
    write_delivery(landing, "campaigns.campaigns", day, CAMPAIGNS, campaigns)
    write_delivery(landing, "campaigns.mailings", day, MAILINGS, mailings)
    write_delivery(landing, "campaigns.coupons", day, COUPONS, [*coupons, coupons[0]])
    write_delivery(landing, "crm.households", day, HOUSEHOLDS, people)


def _household(number: int, random: Random) -> list[object]:
    age = random.choice(("25-34", "35-44", "45-54", "65+"))
    income = random.choice(("15-24K", "35-49K", "50-74K", "100-124K"))
    home = random.choice(("Homeowner", "Renter", ""))
    married = random.choice(("Married", "Unmarried", ""))
    size, composition, kids = random.choice(
        (("1", "1 Adult No Kids", "0"), ("2", "2 Adults No Kids", "0"), ("4", "2 Adults Kids", "2"))
    )
    return [str(number), age, income, home, married, size, composition, kids]


def _redemptions(monday: date, campaigns: Sequence[Sequence[object]], households: int) -> list[list[object]]:
    """Every second mailed household redeems one coupon in its campaign's second week."""
    rows: list[list[object]] = []
    for campaign_id, _, start, _ in campaigns:
        assert isinstance(start, date)
        if start + timedelta(days=5) == monday:
            product = next(p for p in _products() if (int(p.product_id) + int(str(campaign_id))) % 3 == 0)
            upc = f"51000{campaign_id}{product.product_id}"
            mailed = _mailed(str(campaign_id), households)[::2]
            rows += [[h, upc, campaign_id, monday + timedelta(days=int(h) % 7)] for h in mailed]
    return rows


def _planted_lines(monday: date, baskets: Sequence[int], product: Product) -> list[list[object]]:
    moment = datetime(monday.year, monday.month, monday.day, 16, 30)
    week, when, price = week_number(monday), stamp(moment), product.cents
    zero = money(0)
    return [
        ["", STORES[0], baskets[0], product.product_id, 1, money(price), zero, zero, zero, week, when],
        ["1", STORES[1], baskets[1], product.product_id, -1, money(-price), zero, zero, zero, week, when],
        ["2", STORES[2], baskets[2], UNLISTED_PRODUCT, 2, money(500), zero, zero, zero, week, when],
    ]


def _write_placements(landing: Path, monday: date, products: Sequence[Product], random: Random) -> None:
    rows = [
        (int(p.product_id), int(store), random.choice("0237A"), random.choice("0ADH"), week_number(monday))
        for p in products
        for store in STORES
        if random.random() < 0.25
    ]
    numbers = dict.fromkeys(("product_id", "store_id"), pl.Int64)
    columns = numbers | {"display_location": pl.String, "mailer_location": pl.String, "week": pl.Int64}
    path = delivery_folder(landing, "promotions.placements", monday) / "placements.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(rows, schema=columns, orient="row").write_parquet(path)
