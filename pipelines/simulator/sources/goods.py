"""Master data and shelves: products with cost, price history, daily stock per place and item, stores."""

import numpy as np
import polars as pl

from pipelines.simulator.calendar import REGIONS, STATES, ZONES
from pipelines.simulator.categories import CATEGORIES
from pipelines.simulator.market import PRICE_CHANGE_DAYS
from pipelines.simulator.people import region_of_store
from pipelines.simulator.randomness import uniform
from pipelines.simulator.sources.delivery import Delivery, iso_day, money, stamp, true_false
from pipelines.simulator.systems import Day, Export, Systems

WEB_STORE = "WEB"
TIER_WORDS = ("Value", "Classic", "Finest")


def export(systems: Systems, day: Day) -> Export:
    """Products and stores on the first day, prices when they change, stock every day."""
    since = day.number - systems.scenario.first_day_number
    when = stamp(day.number)
    files = [
        Delivery(
            table="inventory.snapshots",
            file=f"snapshot_{when}.csv.gz",
            frame=_stock(systems, day),
            key="sku",
            within="store_id",
            format="csv.gz",
        )
    ]
    if since % PRICE_CHANGE_DAYS == 0 or day.number % 7 == 4:  # price cuts run from Monday to Sunday
        files.append(Delivery("pim.prices", f"prices_{when}.csv", _prices(systems, day), "sku", amount="price"))
    if since == 0:
        files.append(Delivery("pim.products", f"products_{when}.csv", _products(systems, day), "sku"))
        files.append(Delivery("stores.stores", f"stores_{when}.csv", _stores(systems), "store_id"))
    return Export(files, {})


def _products(systems: Systems, day: Day) -> pl.DataFrame:
    products, today = systems.world.market.products, systems.world.market.day(day.number)
    category = products.category
    number = pl.Series(np.arange(len(category)) % systems.scenario.products_per_category + 1).cast(pl.String)
    frame = pl.DataFrame({"cost": today.cost_cents, "price": today.list_cents})
    titles = pl.Series([one.code.replace("_", " ").title() for one in CATEGORIES]).gather(category)
    tier = pl.Series(TIER_WORDS).gather(products.tier)
    return frame.select(
        sku=systems.sku,
        title=tier + " " + titles + " No. " + number,
        brand=tier + " " + titles,
        department=pl.Series([one.department for one in CATEGORIES]).gather(category),
        category=pl.Series([one.code for one in CATEGORIES]).gather(category),
        price=money(pl.col("price")),
        cost_of_goods_sold=money(pl.col("cost")),
        is_sensitive=true_false(pl.lit(pl.Series(np.array([one.is_sensitive for one in CATEGORIES])[category]))),
        currency=pl.lit(systems.scenario.currency),
    )


def _prices(systems: Systems, day: Day) -> pl.DataFrame:
    """The price history: list and shelf price from this day on."""
    today = systems.world.market.day(day.number)
    return pl.DataFrame({"list": today.list_cents, "price": today.price_cents}).select(
        sku=systems.sku,
        valid_from=pl.lit(iso_day(day.number)),
        list_price=money(pl.col("list")),
        price=money(pl.col("price")),
        currency=pl.lit(systems.scenario.currency),
    )


def _stock(systems: Systems, day: Day) -> pl.DataFrame:
    """Goods on hand at the day's start: none where the shelf is empty; now and then a negative count."""
    available = systems.world.market.day(day.number).is_available
    places, items = available.shape
    place, item = np.divmod(np.arange(places * items), items)
    drawn = uniform(systems.seed, "on hand", place, day.number, item)
    is_there = available[place, item]
    count = np.where(is_there, 4 + (drawn * 60).astype(np.int64), np.where(drawn < 0.05, -2, 0))
    names = pl.concat([systems.stores, pl.Series([WEB_STORE])])
    return pl.DataFrame({"count": count}).select(
        snapshot_date=pl.lit(iso_day(day.number)),
        store_id=names.gather(place),
        sku=systems.sku.gather(item),
        on_hand=pl.col("count").cast(pl.String),
        reserved=pl.lit("0"),
    )


def _stores(systems: Systems) -> pl.DataFrame:
    """Where stores are, in which zone, and what they offer; the web shop is a store with format online."""
    count = systems.scenario.stores
    region = region_of_store(np.arange(count), count)
    offers = uniform(systems.seed, "store service", np.arange(count))
    stores = pl.DataFrame(
        {
            "store_id": systems.stores,
            "name": "Grocer " + systems.stores,
            "format": pl.Series(np.where(offers < 0.3, "express", "supermarket").astype(object), dtype=pl.String),
            "region": pl.Series(REGIONS).gather(region),
            "state": pl.Series([STATES[one][place % 3] for place, one in enumerate(region)]),
            "time_zone": pl.Series(ZONES).gather(region),
            "services": pl.Series(np.where(offers < 0.6, "pickup|pharmacy", "pickup").astype(object), dtype=pl.String),
            "contact_capacity_per_day": pl.Series((40 + (offers * 160).astype(np.int64)).astype(str)),
        }
    )
    web = pl.DataFrame(
        [[WEB_STORE], ["Web shop"], ["online"], ["NE"], ["NY"], [ZONES[0]], ["delivery"], ["0"]], schema=stores.columns
    )
    return pl.concat([stores, web])
