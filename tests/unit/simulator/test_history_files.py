"""History in files: the same bytes on every run, whole or not at all, sources as their systems write them."""

import copy
import gzip
import hashlib
import json
import os
import subprocess
import sys

import polars as pl
import pytest

from ml.errors import ContractError
from pipelines.simulator.simulate import RECEIPT, SOURCES, Recorder, simulate_history
from pipelines.simulator.world import World
from tests.builders.world import small
from tests.project.repository import ROOT

DAYS = 10
SHOPIFY_CUSTOMERS = (
    "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Default Address Address1,"
    "Default Address Address2,Default Address City,Default Address Province Code,Default Address Country Code,"
    "Default Address Zip,Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Note,Tax Exempt,"
    "Tags"
)
TABLES = {
    "till/receipts",
    "shopify/orders",
    "shopify/order_lines",
    "shopify/refunds",
    "shopify/order_line_refunds",
    "shopify/customers",
    "ga4/events",
    "loyalty/members",
    "loyalty/points",
    "crm/contacts",
    "consent/events",
    "zendesk/tickets",
    "feedback/nps",
    "feedback/reviews",
    "messaging/events",
    "media/exposures",
    "media/geo_spend",
    "pim/products",
    "pim/prices",
    "inventory/snapshots",
    "stores/stores",
}


def digests(home):
    """SHA-256 of every file of landing and truth."""
    paths = [path for name in ("landing", "truth") for path in (home / name).rglob("*") if path.is_file()]
    return {str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def written(home, scenario):
    """Write a history; returns its summary."""
    return simulate_history(scenario, home, lambda done, total: None)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A small history, written once."""
    folder = tmp_path_factory.mktemp("history")
    written(folder, small("default", days=DAYS))
    return folder


def rows(home, table):
    """All rows that were delivered of a CSV table, as text."""
    files = sorted((home / "landing" / table).rglob("*.csv*"))
    return pl.concat([pl.read_csv(path, infer_schema=False) for path in files], how="diagonal")


def truth(home, name):
    """A truth table, all days."""
    return pl.concat([pl.read_parquet(path) for path in sorted((home / "truth" / name).glob("*.parquet"))])


def test_another_process_with_other_threads_writes_the_same_bytes(home, tmp_path):
    script = (
        "from pathlib import Path; from pipelines.simulator.simulate import simulate_history;"
        "from tests.builders.world import small;"
        f"simulate_history(small('default', days={DAYS}), Path({str(tmp_path)!r}), lambda a, b: None)"
    )
    environment = {**os.environ, "POLARS_MAX_THREADS": "1", "PYTHONHASHSEED": "12345", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", script], env=environment, cwd=ROOT, check=True)
    assert digests(tmp_path) == digests(home)


def test_another_seed_writes_other_bytes(home, tmp_path):
    written(tmp_path, small("default", days=DAYS, seed=1))
    one, other = digests(home), digests(tmp_path)
    same = {name for name in one if other.get(name) == one[name]}
    assert not {name for name in same if "till" in name or "people" in name}


def test_a_history_that_is_there_is_left_alone(home):
    before = digests(home)
    summary = written(home, small("default", days=DAYS))
    assert not summary.is_new
    assert summary.row_count > 1_000
    assert digests(home) == before


def test_another_history_is_refused_and_nothing_is_touched(home):
    before = digests(home)
    with pytest.raises(ContractError, match="never overwritten"):
        written(home, small("default", days=DAYS, seed=5))
    assert digests(home) == before


def test_a_landing_of_somebody_else_is_refused(tmp_path):
    (tmp_path / "landing" / "pos").mkdir(parents=True)
    with pytest.raises(ContractError, match="found pos"):
        written(tmp_path, small("default", days=DAYS))


def test_a_history_that_was_broken_off_is_made_again_with_the_same_bytes(home, tmp_path):
    scenario = small("default", days=DAYS)

    def stop(done, total):
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate_history(scenario, tmp_path, stop)
    assert not json.loads((tmp_path / "landing" / RECEIPT).read_text())["is_complete"]
    written(tmp_path, scenario)
    assert digests(tmp_path) == digests(home)


def test_a_day_exports_the_same_while_the_world_lives_on(tmp_path):
    """Exports run beside the next day: they must find in the day what they need, and nothing in the world's state."""
    world = World(small("default", people=4_000, days=DAYS))
    systems = Recorder(world, tmp_path).systems
    facts = world.step(world.next_day, world.habitual_treatments(world.next_day))
    day = systems.day(facts)
    before = copy.deepcopy(systems)
    found = [one.frame for source in SOURCES for one in source.export(before, day).deliveries]
    state, response = world.state, world.state.response
    for owner, names in ((state, ("is_here", "last_day", "consent")), (response, response.__dataclass_fields__)):
        for name in names:
            getattr(owner, name)[:] = ~getattr(owner, name) if getattr(owner, name).dtype == bool else 0
    state.day += 1
    later = [one.frame for source in SOURCES for one in source.export(systems, day).deliveries]
    assert sum(frame.height > 0 for frame in found) > 15
    assert all(one.equals(other) for one, other in zip(found, later, strict=True))


def test_every_source_is_there(tmp_path):
    written(tmp_path, small("default", people=1_500, days=12))
    found = {f"{path.parent.name}/{path.name}" for path in (tmp_path / "landing").glob("*/*") if path.is_dir()}
    assert found == TABLES


def test_no_file_shows_the_worlds_own_numbers(home):
    for path in sorted((home / "landing").rglob("*.csv")):
        head = path.read_text(encoding="utf-8-sig").split("\n", 1)[0].split(",")
        assert not {"person", "record", "household", "responder"} & set(head), path


def test_money_of_the_journals_is_that_of_the_baskets(tmp_path):
    world = World(small("default", days=DAYS, dirt=dict.fromkeys(type(small("default").dirt).model_fields, 0.0)))
    recorder, cents = Recorder(world, tmp_path), 0
    for _ in range(DAYS):
        facts = world.step(world.next_day)
        recorder.record(facts)
        net = pl.col("units") * pl.col("price_cents") - pl.col("coupon_cents")
        cents += facts.lines.filter(~pl.col("is_web")).select(net.sum()).item()
    recorder.finish()
    journal = rows(tmp_path, "till/receipts").filter(receipt_type="SALE", line_type="ITEM")
    assert (
        journal.select((pl.col("line_amount").str.replace(".", "", literal=True).cast(pl.Int64)).sum()).item() == cents
    )


def test_web_orders_add_up_to_their_lines(home):
    orders, lines = rows(home, "shopify/orders"), rows(home, "shopify/order_lines")
    paid = lines.unique().group_by("order_id").agg(pl.col("pre_tax_price").cast(pl.Decimal(18, 2)).sum())
    both = orders.unique().filter(test="false").join(paid, left_on="id", right_on="order_id")
    assert both.height > 20
    assert (both["subtotal_price"].cast(pl.Decimal(18, 2)) == both["pre_tax_price"]).all()


def test_customers_look_as_the_shop_exports_them(home):
    path = min((home / "landing" / "shopify" / "customers").rglob("*.csv"))
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    head, first, *_ = data.decode("utf-8-sig").split("\n")
    assert head == SHOPIFY_CUSTOMERS
    assert first.startswith("'")


def test_a_clean_record_shows_its_own_persons_data(tmp_path):
    world = World(small("default", days=2, dirt=dict.fromkeys(type(small("default").dirt).model_fields, 0.0)))
    recorder = Recorder(world, tmp_path)
    recorder.record(world.step(world.next_day))
    recorder.finish()
    who = recorder.systems.records.records.select("record_key", "person").join(
        recorder.systems.identities.select("person", "given", "email", "phone"), on="person"
    )
    digits = pl.col("Phone").str.replace_all(r"\D", "").str.tail(10)
    shown = rows(tmp_path, "shopify/customers").select(
        record_key=pl.col("Customer ID").str.strip_chars("'"), name="First Name", mail="Email", number=digits
    )
    both = shown.join(who, on="record_key")
    assert both.height == shown.height > 40
    assert (both["name"] == both["given"]).all()
    assert (both["mail"] == both["email"]).all()
    assert (both["number"] == both["phone"].str.tail(10)).all()


def test_events_of_the_web_shop_have_the_shape_of_the_export(home):
    paths = sorted((home / "landing" / "ga4" / "events").rglob("*.gz"))
    events = [json.loads(line) for path in paths for line in gzip.decompress(path.read_bytes()).splitlines()]
    assert {"event_date", "event_timestamp", "event_name", "event_params", "user_pseudo_id", "user_id"} <= set(
        events[0]
    )
    names = {event["event_name"] for event in events}
    assert {"session_start", "page_view", "view_item", "purchase"} <= names
    denied = [event for event in events if event["privacy_info"]["analytics_storage"] == "No"]
    assert denied
    assert {event["user_pseudo_id"] for event in denied} == {None}
    assert {event["user_id"] for event in denied} == {None}


def test_every_receipt_and_order_has_a_person_in_the_truth(home):
    people = pl.read_parquet(home / "truth" / "people.parquet")
    receipts = rows(home, "till/receipts")["receipt_id"].unique()
    known = truth(home, "receipts")
    assert set(receipts) == set(known["receipt_id"])
    assert known["receipt_id"].n_unique() == known.height
    orders = rows(home, "shopify/orders").filter(test="false")["id"].unique()
    assert set(orders) == set(truth(home, "orders")["order_id"])
    assert set(known["person"]) <= set(people["person"])


def test_every_record_has_a_person_in_the_truth(home):
    records = pl.read_parquet(home / "truth" / "records.parquet")
    for table, key in {"loyalty/members": "member_id", "crm/contacts": "contact_id"}.items():
        keys = set(rows(home, table)[key])
        assert keys <= set(records["record_key"])
        assert len(keys) > 20


def test_two_statements_of_one_day_are_two_events(tmp_path):
    crowded = small("default", days=4, consent={"wave_day": 0, "wave_share": 0.9})  # on the day they become known
    written(tmp_path, crowded)
    rows = pl.concat(
        [pl.read_csv(path, infer_schema=False) for path in sorted(tmp_path.glob("landing/consent/events/*/*.csv"))]
    ).unique()
    said_twice = (
        rows.group_by("subject_id", "channel", pl.col("collected_at").str.head(10)).len().filter(pl.col("len") > 1)
    )
    assert said_twice.height > 10
    assert rows["event_id"].is_unique().all()
