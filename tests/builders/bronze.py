"""A retailer as landing would leave it, row by row: bronze files and ledger partitions, for tests of the warehouse."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.landing.contracts import load_contract
from pipelines.ledger import SEALS, Ledger
from pipelines.ledger_schema import NIGHTS, STREAMS
from pipelines.settings import PROJECT_DIR

CONTRACTS = PROJECT_DIR / "data_quality" / "contracts"
TABLES = tuple(f"{path.parent.name}.{path.stem}" for path in sorted(CONTRACTS.rglob("*.yml")))
NIGHT, LAST_WEEK, TWO_WEEKS_AGO, FAILED = (date(2017, 12, day) for day in (26, 19, 12, 5))
FIRST_DAY, MONDAY = date(2017, 1, 1), date(2017, 12, 25)
UNLISTED = "p9"
DEFAULTS = {pl.String: "x", pl.Float64: 0.5, pl.Boolean: False, pl.Int64: 1}


def empty_home(home: Path) -> Path:
    """A home with typed empty bronze and an empty ledger: what a retailer has before the first delivery."""
    for table in TABLES:
        deliver(home, table, [], FIRST_DAY, name="_contract")
    Ledger(home / "ledger").write_empty()
    return home


def deliver(home: Path, table: str, rows: Iterable[Mapping[str, Any]], known_date: date, name: str = "") -> None:
    """One accepted delivery of `source.table`; columns that a row does not name are null."""
    columns = load_contract(CONTRACTS, table).bronze_columns
    load_id = name or f"load-{known_date.isoformat()}"
    known = {"known_date": known_date, "known_at": datetime.combine(known_date, time(5)), "load_id": load_id}
    path = home / "bronze" / table.split(".")[0] / table.split(".")[1] / f"{load_id}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"create table t ({', '.join(f'{n} {kind}' for n, kind in columns.items())})")
        for number, row in enumerate(rows, start=1):
            values = {**known, "row_number": number, **row}
            marks = ", ".join("?" for _ in values)
            connection.execute(f"insert into t ({', '.join(values)}) values ({marks})", list(values.values()))
        connection.execute(f"copy t to '{path}' (format parquet)")


def line(basket: str, product: str, household: str | None, day: date, **changes: Any) -> dict[str, Any]:
    """One line of a till receipt: one unit for 10.00, 2.00 off, at noon."""
    moment = datetime.combine(day, time(17))
    return {
        "basket_id": basket, "product_id": product, "household_id": household, "store_id": "s1", "quantity": 1,
        "sales_value": 10, "retail_disc": 2, "coupon_disc": 0, "coupon_match_disc": 0, "week": 1,
        "transaction_timestamp": moment, "event_at": moment, "event_date": day,
    } | changes  # fmt: skip


def ledger_row(stream: str, **values: Any) -> dict[str, Any]:
    """A row of a ledger stream with something in every column."""
    row = {name: DEFAULTS.get(kind) for name, kind in STREAMS[stream].items()}
    row |= {name: 0 for name, kind in STREAMS[stream].items() if isinstance(kind, pl.Decimal)}
    row |= {name: [] for name, kind in STREAMS[stream].items() if isinstance(kind, pl.List)}
    return row | values


def write_night(home: Path, night: date, partitions: Mapping[str, list[dict[str, Any]]], *, sealed: bool) -> None:
    """Put a night's partitions in place, and its seal."""
    ledger = Ledger(home / "ledger")
    for stream, rows in partitions.items():
        dated = [ledger_row(stream, **row) | {"as_of_date": night} for row in rows]
        path = ledger.path(stream, night)
        path.parent.mkdir(parents=True, exist_ok=True)
        pl.DataFrame(dated, schema=STREAMS[stream], orient="row").write_parquet(path)
    if sealed:
        seal = pl.DataFrame([(night, "decisions", 1, "x")], schema=NIGHTS, orient="row")
        ledger.write(SEALS, night, seal)


def little_home(home: Path) -> Path:
    """Three households, eight lines, one campaign, two sealed nights, one night that failed, and tonight, sealed.

    Household 3 is held out. Planted: a return, a line without a card, a product that the catalogue lacks.
    """
    empty_home(home)
    _reference(home)
    _sales(home)
    _engagement(home)
    ids = [_id(s, h) for h in "123" for s in ("campaigns", "pos")] + [_id("crm", "1")]
    ids.append(_id("crm", "1") | {"record_id": "loyalty:member:M1"})
    arms = [
        {"experiment_id": "universal_holdout", "person_id": f"P{h}", "arm": _arm(h), "holdout_share": 0.1}
        for h in "123"
    ]
    write_night(
        home, TWO_WEEKS_AGO, {"person_ids": ids, "assignments": arms, **_contacts(TWO_WEEKS_AGO, "1")}, sealed=True
    )
    write_night(home, FAILED, _contacts(FAILED, "1"), sealed=False)
    write_night(home, LAST_WEEK, _contacts(LAST_WEEK, ""), sealed=True)
    write_night(home, NIGHT, {"person_ids": [], "assignments": [], **_contacts(NIGHT, "2")}, sealed=True)
    return home


def export(night: date, household: str, **changes: Any) -> dict[str, Any]:
    """A released row that carries out the night's decision for a household."""
    return {
        "channel_code": "email", "file": "email/audience.csv", "row_number": 1, "treatment_id": "t",
        "decision_id": f"{night.isoformat()}-P{household}", "person_id": f"P{household}", "discount_rate": 0.05,
        "discount_cost_amount": 1,
    } | changes  # fmt: skip


def _reference(home: Path) -> None:
    products = [("p1", "GROCERY", "BAKED BREAD"), ("p2", "SPIRITS", "LIQUOR"), ("p3", "TOYS", None)]
    shelf = [
        {"product_id": p, "department": d, "product_category": c, "brand": "National", "manufacturer_id": "1"}
        for p, d, c in products
    ]
    deliver(home, "catalogue.products", shelf, FIRST_DAY)
    start = date(2017, 12, 4)
    campaign = {"campaign_id": "1", "campaign_type": "Type A", "start_date": start, "end_date": start + timedelta(30)}
    dated = campaign | {"event_date": start, "event_at": datetime.combine(start, time(5))}
    deliver(home, "campaigns.campaigns", [dated], FIRST_DAY)
    deliver(home, "campaigns.mailings", [{"campaign_id": "1", "household_id": h} for h in "123"], FIRST_DAY)
    deliver(home, "campaigns.coupons", [{"coupon_upc": "c", "product_id": "p1", "campaign_id": "1"}], FIRST_DAY)
    deliver(home, "crm.households", [{"household_id": "1", "age": "65+", "kids_count": "0"}], FIRST_DAY)
    week = date(2017, 12, 18)
    place = {"product_id": "p1", "store_id": "s1", "display_location": "9", "mailer_location": "0", "week": 52}
    deliver(home, "promotions.placements", [place | {"event_date": week}], week)


def _sales(home: Path) -> None:
    deliver(home, "pos.order_lines", [line("b1", "p1", "1", date(2017, 12, 14))], date(2017, 12, 18))
    week = [
        line("b2", "p1", "1", date(2017, 12, 20)),
        line("b2", "p2", "1", date(2017, 12, 20)),
        line("b3", "p3", "2", date(2017, 12, 21), store_id="s2"),
        line("b4", "p1", "3", date(2017, 12, 22)),
        line("b5", "p1", None, date(2017, 12, 22)),
        line("b6", UNLISTED, "2", date(2017, 12, 23)),
        line("b7", "p1", "1", date(2017, 12, 24), quantity=-1, sales_value=-4, retail_disc=0),
    ]
    deliver(home, "pos.order_lines", week, MONDAY)
    tomorrow = [line("b8", "p1", "1", date(2017, 12, 25))]
    deliver(home, "pos.order_lines", tomorrow, NIGHT)  # delivered on the night's own day: not known yet
    day = date(2017, 12, 20)
    used = {"household_id": "1", "coupon_upc": "c", "campaign_id": "1", "redemption_date": day}
    dated = used | {"event_date": day, "event_at": datetime.combine(day, time(5))}
    deliver(home, "pos.coupon_redemptions", [dated], MONDAY)


def _engagement(home: Path) -> None:
    """What other sources tell of P1, and of nobody: a complaint, points, a count, an answer, a visit."""
    day, noon = date(2017, 12, 20), datetime(2017, 12, 20, 17)
    when = {"event_at": noon, "event_date": day}
    deliver(home, "loyalty.members", [{"member_id": "M1", "email": "m1@b.example", "updated_at": FIRST_DAY}], FIRST_DAY)
    ticket = {"id": "1", "created_at": noon, "updated_at": noon, "requester_email": "m1@b.example", "status": "open"}
    deliver(home, "zendesk.tickets", [ticket | when], MONDAY)
    entries = [{"txn_id": str(n), "member_id": f"M{n}", "type": "earn", "points": 10 * n} | when for n in (1, 2)]
    deliver(home, "loyalty.points", entries, MONDAY)
    counts = [{"snapshot_date": day, "store_id": "s1", "sku": p, "on_hand": 3, "reserved": 0} for p in ("p1", UNLISTED)]
    deliver(home, "inventory.snapshots", counts, MONDAY)
    deliver(home, "feedback.nps", [{"response_id": "1", "score": 9, "responded_date": "20171220"}], MONDAY)
    visit = {
        "event_timestamp": "1513789200000000", "event_day": "20171220", "event_name": "page_view", "session_id": "1",
        "batch_event_index": 0, "user_pseudo_id": "d1", "analytics_storage": "Yes",
    }  # fmt: skip
    deliver(home, "ga4.events", [visit], MONDAY)


def _id(source: str, household: str) -> dict[str, Any]:
    record = f"{source}:household:{household}"
    founder = f"campaigns:household:{household}"
    return {
        "record_id": record, "person_id": f"P{household}", "cause": "issued", "from_person_id": None,
        "founding_record_id": founder, "confidence": 1.0,
    }  # fmt: skip


def _arm(household: str) -> str:
    return "holdout" if household == "3" else "treated"


def _contacts(night: date, contacted: str) -> dict[str, list[dict[str, Any]]]:
    """Everybody's decision of a night, and the files that carry out those for the contacted households."""
    decisions = [
        {
            "decision_id": f"{night.isoformat()}-P{h}", "person_id": f"P{h}", "holdout_arm": _arm(h),
            "treatment_id": "t" if h in contacted else "none", "channel_code": "email" if h in contacted else None,
            "uplift_basis": "prior" if h in contacted else "none", "approval": "not_required", "discount_rate": 0.05,
            "discount_cost_amount": 1, "value_amount": 2,
        }
        for h in "123"
    ]  # fmt: skip
    candidates = [{"person_id": f"P{h}", "treatment_id": "t", "is_eligible": h in contacted} for h in "123"]
    return {"decisions": decisions, "candidates": candidates, "exports": [export(night, h) for h in contacted]}
