"""The till journal: one CSV per store and day, a row per line; sales, returns, voids, gift cards, staff purchases.

Times are local to the store and carry no offset, as tills write them. A receipt carries a loyalty id only if a card was
shown. A file has the version stamp `exported_at`: of two rows with one (receipt_id, line_no) the later stamp is right.
"""

import numpy as np
import polars as pl

from pipelines.simulator.calendar import REGIONS, ZONES
from pipelines.simulator.categories import column
from pipelines.simulator.people import region_of_store
from pipelines.simulator.randomness import bits, choice, uniform
from pipelines.simulator.sources.delivery import Delivery, iso_day, local_time, money, nulls, plain, stamp, true_false
from pipelines.simulator.systems import Day, Export, Systems

TENDERS = ("CARD", "CASH", "MOBILE", "GIFT_CARD", "CHECK")
TENDER_CHANCES = np.array([0.62, 0.22, 0.12, 0.03, 0.01])
VOIDED, WITH_GIFT_CARD = 0.004, 0.003  # shares of receipts
RETURN_TENDER = "CARD"
COLUMNS = [
    "store_id",
    "register_id",
    "receipt_id",
    "receipt_type",
    "sold_at",
    "exported_at",
    "cashier_id",
    "line_no",
    "line_type",
    "sku",
    "quantity",
    "unit_price",
    "discount_amount",
    "coupon_amount",
    "line_amount",
    "tax_amount",
    "tender_type",
    "card_token",
    "loyalty_id",
    "is_staff",
    "original_receipt_id",
    "coupon_code",
    "currency",
]


def export(systems: Systems, day: Day) -> Export:
    """A day's journals, and which person stands behind each receipt."""
    sales = _sales(systems, day)
    returns = _returns(systems, day)
    rows = pl.concat([sales, returns, _voids(systems, sales, day), _gift_cards(systems, sales, day)])
    rows = rows.sort("store_id", "receipt_id", "line_no")
    truth = rows.select("receipt_id", "person", "receipt_type", day=pl.lit(day.number)).unique().sort("receipt_id")
    journals = Delivery(
        table="till.receipts",
        file=f"journal_{{}}_{stamp(day.number)}.csv",
        frame=rows.select(COLUMNS),
        key="receipt_id",
        within="line_no",
        amount="line_amount",
        split="store_id",
    )
    return Export([journals], {"receipts": truth})


def _sales(systems: Systems, day: Day) -> pl.DataFrame:
    facts = day.facts
    lines = facts.lines.filter(~pl.col("is_web")).join(facts.baskets.select("person", "sold_second"), on="person")
    lines = lines.sort("person", "line")
    number = pl.int_range(pl.len()).over("person") + 1
    return _rows(systems, day, lines.with_columns(line_no=number, sold_day=pl.lit(day.number)), "SALE")


def _returns(systems: Systems, day: Day) -> pl.DataFrame:
    back = day.facts.returns.filter(~pl.col("is_web")).sort("person", "sold_day", "line")
    person = back["person"].to_numpy()
    second = 32_400 + (uniform(systems.seed, "second of return", person, day.number) * 36_000).astype(np.int64)
    number = pl.int_range(pl.len()).over("person") + 1
    return _rows(systems, day, back.with_columns(sold_second=pl.Series(second), line_no=number), "RETURN")


def _rows(systems: Systems, day: Day, lines: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Journal rows of sold or returned lines, sorted by person; `sold_day` is the day of the original sale."""
    sign = 1 if kind == "SALE" else -1
    gross, paid = pl.col("units") * pl.col("list_cents"), pl.col("units") * pl.col("price_cents")
    net = paid - pl.col("coupon_cents")
    receipts, row = _receipts(systems, day, lines, kind)
    rate = pl.lit(pl.Series(column("tax_rate")[lines["category"].to_numpy()]))
    used = pl.lit(lines["coupon_cents"] > 0)
    return lines.select(
        *(receipts[name].gather(row) for name in receipts.columns if name not in ("original", "coupon")),
        exported_at=pl.lit(f"{iso_day(day.number)} 23:45:00"),
        line_no=pl.col("line_no").cast(pl.String),
        line_type=pl.lit("ITEM"),
        sku=systems.sku.gather(lines["product"]),
        quantity=(sign * pl.col("units")).cast(pl.String),
        unit_price=money(pl.col("list_cents")),
        discount_amount=money(sign * (gross - paid)),
        coupon_amount=money(sign * pl.col("coupon_cents")),
        line_amount=money(sign * net),
        tax_amount=money((sign * net * rate).round(0).cast(pl.Int64)),
        original_receipt_id=pl.lit(None, dtype=pl.String) if sign == 1 else receipts["original"].gather(row),
        coupon_code=pl.when(used).then(pl.lit(receipts["coupon"].gather(row))).otherwise(None),
        currency=pl.lit(systems.scenario.currency),
    )


def _receipts(systems: Systems, day: Day, lines: pl.DataFrame, kind: str) -> tuple[pl.DataFrame, np.ndarray]:
    """One row per person and day of sale: everything that a receipt's lines share; and each line's row in it."""
    one = lines.unique(["person", "sold_day"], keep="first", maintain_order=True)
    one = one.select("person", "place", "sold_second", "sold_day")
    run = lines.select(pl.struct("person", "sold_day").rle_id()).to_series().to_numpy()
    person = one["person"].to_numpy()
    original = systems.receipt_id(person, one["sold_day"].to_numpy())
    own = original if kind == "SALE" else systems.receipt_id(person, day.number, purpose="return receipt")
    frame = one.select(
        "person",
        *_who(systems, day, one, kind),
        receipt_id=own,
        receipt_type=pl.lit(kind),
        sold_at=plain(_clock(systems, day, one["place"].to_numpy())),
        original=original,
        coupon=systems.last_treatment.gather(person),
    )
    return frame, run


def _who(systems: Systems, day: Day, lines: pl.DataFrame, kind: str) -> list[pl.Series]:
    """Store, till, cashier, tender and, if a card was shown, the loyalty id."""
    person, place, seed = lines["person"].to_numpy(), lines["place"].to_numpy(), systems.seed
    tender = choice(uniform(seed, f"tender {kind}", person, day.number), TENDER_CHANCES)
    token = (bits(seed, "payment card", person) % np.uint64(10**12)).astype(np.int64)
    token_text = "tok_" + pl.Series(token).cast(pl.String).str.zfill(12)
    has_token = pl.Series((tender == 0) | (tender == 2))
    nothing = nulls(len(person))
    cashier = (bits(seed, "cashier", person, day.number) % np.uint64(9)).astype(np.int64)
    card = assistants_card(systems, person, place, day.number, systems.card(person, day.number, purpose=kind))
    staff = pl.Series(systems.people.is_staff[person])
    return [
        systems.stores.gather(place).alias("store_id"),
        pl.Series((cashier // 3 + 1).astype(str)).alias("register_id"),
        (systems.stores.gather(place) + "-K" + pl.Series(cashier).cast(pl.String)).alias("cashier_id"),
        pl.Series("tender_type", np.array(TENDERS, dtype=object)[tender], dtype=pl.String),
        token_text.zip_with(has_token, nothing).alias("card_token"),
        card.alias("loyalty_id"),
        pl.select(true_false(pl.lit(staff))).to_series().alias("is_staff"),
    ]


def assistants_card(systems: Systems, person: np.ndarray, place: np.ndarray, day: int, card: pl.Series) -> pl.Series:
    """Some receipts without a card carry the shop assistant's own."""
    staff = np.flatnonzero(systems.people.is_staff)
    staff = staff[systems.key_of("loyalty", staff, day).is_not_null().to_numpy()]
    if not len(staff):
        return card
    hit = lent_cards(systems, person, day, card)
    lender = staff[(place * 7) % len(staff)]
    return card.zip_with(pl.Series(~hit), systems.key_of("loyalty", lender, day))


def lent_cards(systems: Systems, person: np.ndarray, day: int, card: pl.Series) -> np.ndarray:
    """Which receipts carry the assistant's card."""
    drawn = uniform(systems.seed, "dirt assistant_card", person, day) < systems.scenario.dirt.assistant_card
    return np.asarray(drawn & card.is_null().to_numpy())


def _clock(systems: Systems, day: Day, place: np.ndarray) -> pl.Expr:
    """The till's own clock; where it does not know summer time, it is an hour behind all summer."""
    wrong = pl.lit(pl.Series(slow_clocks(systems)[place] & is_summer(day.number)))
    return local_time(pl.lit(day.number, dtype=pl.Int64), pl.col("sold_second") - 3600 * wrong.cast(pl.Int64))


def slow_clocks(systems: Systems) -> np.ndarray:
    """Which stores' tills do not know summer time."""
    store = np.arange(systems.scenario.stores)
    return uniform(systems.seed, "dirt clock_without_zone", store) < systems.scenario.dirt.clock_without_zone


def is_summer(day: int) -> bool:
    """Whether clocks of the United States are on summer time at noon of a day."""
    noon = pl.DataFrame({"t": [day * 86_400 + 43_200]}).select(pl.from_epoch("t").dt.replace_time_zone(ZONES[0]))
    return bool(noon.select(pl.col("t").dt.dst_offset().dt.total_hours()).item())


def _voids(systems: Systems, sales: pl.DataFrame, day: Day) -> pl.DataFrame:
    """Receipts that were begun and cancelled before they were rung up properly."""
    hit = uniform(systems.seed, "is voided", sales["person"].to_numpy(), day.number) < VOIDED
    rows = sales.filter(pl.Series(hit))
    number = systems.receipt_id(rows["person"].to_numpy(), day.number, purpose="void receipt")
    return rows.with_columns(receipt_id=number, receipt_type=pl.lit("VOID"), loyalty_id=pl.lit(None, dtype=pl.String))


def _gift_cards(systems: Systems, sales: pl.DataFrame, day: Day) -> pl.DataFrame:
    """A gift card is sold with some receipts: a liability, not revenue."""
    first = sales.filter(pl.col("line_no") == "1")
    hit = uniform(systems.seed, "sells gift card", first["person"].to_numpy(), day.number) < WITH_GIFT_CARD
    return first.filter(pl.Series(hit)).with_columns(
        line_no=pl.lit("900"),
        line_type=pl.lit("GIFT_CARD"),
        sku=pl.lit("GIFTCARD25"),
        quantity=pl.lit("1"),
        unit_price=pl.lit("25.00"),
        discount_amount=pl.lit("0.00"),
        coupon_amount=pl.lit("0.00"),
        line_amount=pl.lit("25.00"),
        tax_amount=pl.lit("0.00"),
        coupon_code=pl.lit(None, dtype=pl.String),
    )


def zone_of_store(store: int, stores: int) -> str:
    """The time zone of a store."""
    return ZONES[int(region_of_store(np.array([store]), stores)[0]) % len(REGIONS)]
