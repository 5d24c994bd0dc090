"""The web shop in the shape of Shopify's tables: orders, order lines, refunds, refunded lines; and its customer export.

Orders carry `test`, and guests have no customer_id. Times are UTC. Money is text with two decimals.
"""

import numpy as np
import polars as pl

from pipelines.simulator.categories import CATEGORIES, column
from pipelines.simulator.randomness import scrambled, uniform
from pipelines.simulator.sources.customers import customers
from pipelines.simulator.sources.delivery import Delivery, in_utc, iso_utc, local_time, money, nulls, stamp, true_false
from pipelines.simulator.systems import Day, Export, Systems

USES_ACCOUNT = 0.85  # of the orders of people who have an account
USES_SECOND = 0.35  # of the orders of people who have two


def export(systems: Systems, day: Day) -> Export:
    """A day's orders, lines, refunds and changed customers, and who is behind each order."""
    lines = _web_lines(systems, day)
    orders = _orders(systems, day, lines)
    tests = _test_orders(systems, day, orders)
    refunded = _refunded(systems, day)
    truth = orders.select("person", order_id="id", day=pl.lit(day.number), used_account="used_account")
    tables = {
        "orders": pl.concat([orders, tests]).drop("person", "used_account"),
        "order_lines": _order_lines(systems, lines),
        "refunds": _refunds(systems, day, refunded),
        "order_line_refunds": _line_refunds(systems, refunded),
    }
    files = [_file(name, day, frame) for name, frame in tables.items()] + customers(systems, day, orders)
    faults = {"faults": _noted(systems, day, tests)}
    return Export(files, {"orders": truth} | faults)


def _file(name: str, day: Day, frame: pl.DataFrame) -> Delivery:
    amount = {"orders": "total_price", "order_lines": "price"}.get(name)
    file = f"{name}_{stamp(day.number)}.csv"
    return Delivery(table=f"shopify.{name}", file=file, frame=frame.sort("id"), key="id", amount=amount)


def _web_lines(systems: Systems, day: Day) -> pl.DataFrame:
    """Web lines with their order id and running number."""
    lines = day.facts.lines.filter(pl.col("is_web")).sort("person", "line")
    order = systems.receipt_id(lines["person"].to_numpy(), day.number, purpose="order")
    return lines.with_columns(order_id=order, index=pl.int_range(pl.len()).over("person"))


def _orders(systems: Systems, day: Day, lines: pl.DataFrame) -> pl.DataFrame:
    """One row per order: totals over its lines, the account or the guest's own data, the address."""
    frame = _totals(day, lines)
    person = frame["person"].to_numpy()
    frame = pl.concat([frame, _buyers(systems, person, day)], how="horizontal")
    moment = in_utc(local_time(pl.lit(day.number, dtype=pl.Int64), pl.col("sold_second")), systems.scenario.time_zone)
    currency = pl.lit(systems.scenario.currency)
    code = systems.last_treatment.gather(person)
    return frame.select(
        "person",
        "used_account",
        id="order_id",
        name=pl.lit("#") + pl.col("order_id").str.tail(9),
        customer_id="customer_id",
        email="email",
        phone="phone",
        created_at=iso_utc(moment),
        updated_at=iso_utc(moment),
        cancelled_at=pl.lit(None, dtype=pl.String),
        test=pl.lit("false"),
        financial_status=pl.lit("paid"),
        fulfillment_status=pl.lit("fulfilled"),
        currency=currency,
        presentment_currency=currency,
        total_line_items_price=money(pl.col("gross")),
        total_discounts=money(pl.col("gross") - pl.col("net")),
        subtotal_price=money(pl.col("net")),
        total_tax=money(pl.col("tax")),
        total_price=money(pl.col("net") + pl.col("tax")),
        discount_codes=pl.when(pl.col("coupon_cents") > 0).then(pl.lit(code)).otherwise(None),
        source_name=pl.lit("web"),
        buyer_accepts_marketing=true_false(pl.col("accepts")),
        cart_token=pl.lit("c") + pl.col("order_id").str.reverse(),
        shipping_address_name=pl.col("given") + " " + pl.col("family"),
        shipping_address_address1="street",
        shipping_address_city="city",
        shipping_address_zip="zip",
        shipping_address_province_code="state",
        shipping_address_country_code=pl.lit("US"),
    )


def _totals(day: Day, lines: pl.DataFrame) -> pl.DataFrame:
    """What each order's lines add up to, in cents, and when it was placed."""
    rate = pl.lit(pl.Series(column("tax_rate")[lines["category"].to_numpy()]))
    net = pl.col("units") * pl.col("price_cents") - pl.col("coupon_cents")
    priced = lines.with_columns(
        gross=pl.col("units") * pl.col("list_cents"), net=net, tax=(net * rate).round(0).cast(pl.Int64)
    )
    sums = priced.group_by("person", "order_id").agg(pl.col("gross", "net", "tax", "coupon_cents").sum())
    placed = day.facts.baskets.filter("is_web").select("person", "sold_second")
    return sums.sort("person").join(placed, on="person", how="left", maintain_order="left")


def _buyers(systems: Systems, person: np.ndarray, day: Day) -> pl.DataFrame:
    """Account or guest, and the data typed at the checkout: always the person's own and of today."""
    seed, today = systems.seed, day.number
    account = systems.key_of("shop", person, today)
    second = systems.key_of("shop_second", person, today)
    nothing = nulls(len(person))
    by_second = second.is_not_null() & pl.Series(uniform(seed, "uses second account", person, today) < USES_SECOND)
    signs_in = account.is_not_null() & pl.Series(uniform(seed, "uses account", person, today) < USES_ACCOUNT)
    own = systems.identities[person]
    moved, renamed = own["moved_day"] <= today, own["new_name_day"] <= today
    email = own["email"].zip_with(~by_second, own["email"].str.replace("@", "2@", literal=True))
    home = {name: own[f"new_{name}"].zip_with(moved, own[name]) for name in ("street", "city", "state", "zip")}
    return pl.DataFrame(
        {
            "customer_id": second.zip_with(by_second, account).zip_with(signs_in, nothing),
            "used_account": signs_in,
            "email": email,
            "phone": own["new_phone"].zip_with(own["new_phone_day"] <= today, own["phone"]),
            "given": own["given"],
            "family": own["new_family"].zip_with(renamed, own["family"]),
            "accepts": day.consent[person, 0],
            **home,
        }
    )


def _test_orders(systems: Systems, day: Day, orders: pl.DataFrame) -> pl.DataFrame:
    """The shop's own people try the checkout: orders that are none."""
    hit = (
        uniform(systems.seed, "dirt test_order", orders["person"].to_numpy(), day.number)
        < systems.scenario.dirt.test_order
    )
    rows = orders.filter(pl.Series(hit))
    number = systems.receipt_id(rows["person"].to_numpy(), day.number, purpose="test order")
    return rows.with_columns(
        id=number,
        name=pl.lit("#") + number.str.tail(9),
        customer_id=pl.lit(None, dtype=pl.String),
        email=pl.lit("test@grocer.example"),
        phone=pl.lit(None, dtype=pl.String),
        test=pl.lit("true"),
        shipping_address_name=pl.lit("Test Test"),
    )


def _noted(systems: Systems, day: Day, tests: pl.DataFrame) -> pl.DataFrame:
    return tests.select(
        kind=pl.lit("test_order"),
        table=pl.lit("shopify.orders"),
        file=pl.lit(f"orders_{stamp(day.number)}.csv"),
        row_key="id",
        person=pl.lit(None, dtype=pl.Int64),
        day=pl.lit(day.number, dtype=pl.Int64),
    )


def _order_lines(systems: Systems, lines: pl.DataFrame) -> pl.DataFrame:
    category = lines["category"].to_numpy()
    titles = pl.Series([one.code.replace("_", " ").title() for one in CATEGORIES]).gather(category)
    paid = pl.col("units") * pl.col("price_cents") - pl.col("coupon_cents")
    taxed = pl.Series(column("tax_rate")[category] > 0)
    sku = systems.sku.gather(lines["product"])
    return lines.select(
        id=pl.col("order_id") + "-" + pl.col("index").cast(pl.String),
        order_id="order_id",
        index=pl.col("index").cast(pl.String),
        product_id=sku.str.head(9),
        variant_id=sku,
        sku=sku,
        title=titles,
        quantity=pl.col("units").cast(pl.String),
        price=money(pl.col("list_cents")),
        total_discount=money(pl.col("units") * pl.col("list_cents") - paid),
        pre_tax_price=money(paid),
        taxable=true_false(pl.lit(taxed)),
        gift_card=pl.lit("false"),
        requires_shipping=pl.lit("true"),
        fulfillment_status=pl.lit("fulfilled"),
    )


def _refunded(systems: Systems, day: Day) -> pl.DataFrame:
    """Web lines that come back today, with the order they are from."""
    back = day.facts.returns.filter(pl.col("is_web")).sort("person", "sold_day", "line")
    person, sold = back["person"].to_numpy(), back["sold_day"].to_numpy()
    order = systems.receipt_id(person, sold, purpose="order")
    refund = pl.Series(scrambled(systems.seed, "refund", person, day.number)).cast(pl.String)
    return back.with_columns(order_id=order, refund_id=refund + pl.Series(sold % 10).cast(pl.String))


def _refunds(systems: Systems, day: Day, back: pl.DataFrame) -> pl.DataFrame:
    moment = in_utc(local_time(pl.lit(day.number, dtype=pl.Int64), pl.lit(54_000)), systems.scenario.time_zone)
    one = back.select("refund_id", "order_id").unique().sort("refund_id", "order_id")
    return one.select(
        id="refund_id",
        order_id="order_id",
        created_at=iso_utc(moment),
        processed_at=iso_utc(moment),
        restock=pl.lit("true"),
        note=pl.lit(None, dtype=pl.String),
    )


def _line_refunds(systems: Systems, back: pl.DataFrame) -> pl.DataFrame:
    """One row per refunded line, with the article, since the order line's number is not repeated."""
    net = pl.col("units") * pl.col("price_cents") - pl.col("coupon_cents")
    rate = pl.lit(pl.Series(column("tax_rate")[back["category"].to_numpy()]))
    return back.select(
        id=pl.col("refund_id") + "-" + pl.col("line").cast(pl.String),
        refund_id="refund_id",
        order_id="order_id",
        sku=systems.sku.gather(back["product"]),
        quantity=pl.col("units").cast(pl.String),
        restock_type=pl.lit("return"),
        subtotal=money(net),
        total_tax=money((net * rate).round(0).cast(pl.Int64)),
    )
