"""Web and app events in the shape of the GA4 export to BigQuery: one JSON object per event, one file per day."""

import numpy as np
import polars as pl

from pipelines.simulator.aftermath import SOURCES
from pipelines.simulator.calendar import STATES
from pipelines.simulator.randomness import bits, uniform
from pipelines.simulator.sources.delivery import Delivery, in_utc, local_time, money, nulls, stamp
from pipelines.simulator.systems import Day, Export, Systems

HOST = "https://shop.grocer.example"
STEP_SECONDS = 37
PATHS = {
    "session_start": "/",
    "page_view": "/",
    "view_item": "/item",
    "login": "/account",
    "add_to_cart": "/item",
    "begin_checkout": "/checkout",
    "purchase": "/thank-you",
}


def export(systems: Systems, day: Day) -> Export:
    """A day's events, and which person is behind each session."""
    sessions = _identified(systems, day)
    events = _events(systems, day, sessions)
    truth = sessions.select("person", "visit", "ga_session_id", "user_pseudo_id", "is_denied", day=pl.lit(day.number))
    file = f"events_{stamp(day.number)}.jsonl.gz"
    again = events.filter("is_again")
    faults = again.select(
        kind=pl.lit("duplicate_purchase_event"),
        table=pl.lit("ga4.events"),
        file=pl.lit(file),
        row_key="transaction_id",
        person="person",
        day=pl.lit(day.number, dtype=pl.Int64),
    )
    denied = sessions.filter("is_denied").select(
        kind=pl.lit("consent_denied_hit"),
        table=pl.lit("ga4.events"),
        file=pl.lit(file),
        row_key=pl.col("ga_session_id").cast(pl.String),
        person="person",
        day=pl.lit(day.number, dtype=pl.Int64),
    )
    delivery = Delivery(table="ga4.events", file=file, frame=events.select("line"), key="line", format="lines.gz")
    return Export([delivery], {"sessions": truth, "faults": pl.concat([faults, denied])})


def _identified(systems: Systems, day: Day) -> pl.DataFrame:
    """Sessions with cookie, session number, and the account once somebody signs in."""
    sessions, seed, dirt = day.facts.sessions, systems.seed, systems.scenario.dirt
    person, visit = sessions["person"].to_numpy(), sessions["visit"].to_numpy()
    shares = uniform(seed, "dirt shared_device", person) < dirt.shared_device
    device = np.where(shares, 0, sessions["device"].to_numpy())
    owner = np.where(shares, systems.first_person[person], person)
    head = (bits(seed, "cookie", owner, 0, device) % np.uint64(10**10)).astype(np.int64)
    cookie = pl.Series(head).cast(pl.String) + "." + pl.Series(1_700_000_000 + head % 30_000_000).cast(pl.String)
    denied = uniform(seed, "dirt consent_denied_hit", person, 0, device) < dirt.consent_denied_hit
    account = systems.key_of("shop", person, day.number)
    nothing = nulls(len(person))
    signs_in = sessions["logs_in"] & account.is_not_null() & ~pl.Series(denied)
    started = local_time(pl.lit(day.number, dtype=pl.Int64), pl.col("second"))
    return sessions.with_columns(
        user_pseudo_id=cookie.zip_with(pl.Series(~denied), nothing),
        user_id=account.zip_with(signs_in, nothing),
        is_denied=pl.Series(denied),
        device=pl.Series(device),
        ga_session_id=pl.Series(
            20_000_000_00 + (bits(seed, "session", person, day.number, visit) % np.uint64(10**9)).astype(np.int64)
        ),
        started=in_utc(started, systems.scenario.time_zone),
    ).sort("ga_session_id", "visit")


def _events(systems: Systems, day: Day, sessions: pl.DataFrame) -> pl.DataFrame:
    """Every session's events in order, each as its line of JSON; a purchase page that is loaded again repeats itself.

    The nested object is put together as text: what goes in is made of letters that need no escape.
    """
    frame = _steps(systems, day, sessions.with_columns(fixed=_fixed(systems, sessions)))
    moment = pl.col("started") + pl.duration(seconds=pl.col("order") * STEP_SECONDS)
    named = pl.col("user_id").is_not_null() & (pl.col("order") >= pl.col("login_order"))
    url = pl.col("event_name").replace_strict(PATHS, return_dtype=pl.String)
    item = pl.lit('[{"item_id":"') + pl.col("item") + '","quantity":1}]'
    line = pl.concat_str(
        pl.lit(f'{{"event_date":"{stamp(day.number)}","event_timestamp":'),
        moment.dt.timestamp("us").cast(pl.String),
        pl.lit(',"event_name":"') + pl.col("event_name"),
        pl.lit('","event_params":[{"key":"ga_session_id","value":{"string_value":null,"int_value":'),
        pl.col("ga_session_id").cast(pl.String),
        pl.lit('}},{"key":"page_location","value":{"string_value":"' + HOST) + url,
        pl.lit('","int_value":null}}],"user_id":'),
        _quoted(pl.when(named).then("user_id").otherwise(None)),
        pl.col("fixed"),
        pl.lit(',"ecommerce":{"transaction_id":') + _quoted(pl.col("transaction_id")),
        pl.lit(',"purchase_revenue":') + pl.col("revenue").fill_null("null"),
        pl.lit('},"items":') + item.fill_null("null"),
        pl.lit(',"batch_event_index":') + pl.col("order").cast(pl.String) + "}",
    )
    return frame.select("person", "is_again", "transaction_id", line=line)


def _fixed(systems: Systems, sessions: pl.DataFrame) -> pl.Series:
    """The part of an event that all events of a session share."""
    states = pl.Series([names[0] for names in STATES]).gather(systems.people.region[sessions["person"].to_numpy()])
    source = pl.Series([one for one, _ in SOURCES]).gather(sessions["source"])
    medium = pl.Series([two for _, two in SOURCES]).gather(sessions["source"])
    stored = pl.when("is_denied").then(pl.lit('"No"')).otherwise(pl.lit('"Yes"'))
    text = pl.concat_str(
        pl.lit(',"user_pseudo_id":') + _quoted(pl.col("user_pseudo_id")),
        pl.lit(',"privacy_info":{"analytics_storage":') + stored + ',"ads_storage":' + stored,
        pl.lit('},"device":{"category":'),
        pl.when(pl.col("device") == 1).then(pl.lit('"desktop"')).otherwise(pl.lit('"mobile"')),
        pl.lit('},"geo":{"country":"United States","region":"') + states,
        pl.lit('"},"traffic_source":{"source":"') + source + '","medium":"' + medium,
        pl.lit('"},"platform":') + pl.when("is_app").then(pl.lit('"ANDROID"')).otherwise(pl.lit('"WEB"')),
    )
    return sessions.select(text).to_series()


def _quoted(text: pl.Expr) -> pl.Expr:
    return (pl.lit('"') + text + '"').fill_null("null")


def _steps(systems: Systems, day: Day, sessions: pl.DataFrame) -> pl.DataFrame:
    """One row per event: name, place in the session, and what it is about."""
    frame = _named(systems, day, sessions)
    person, order = frame["person"].to_numpy(), frame["order"].to_numpy()
    last = pl.col("order") == pl.col("order").max().over("person", "visit")
    is_purchase = pl.col("event_name") == "purchase"
    order_id = systems.receipt_id(person, day.number, purpose="order")
    paid = (pl.col("units") * pl.col("price_cents") - pl.col("coupon_cents")).sum()
    totals = day.facts.lines.filter("is_web").group_by("person").agg(cents=paid)
    drawn = bits(systems.seed, "viewed", person, day.number, order) % np.uint64(len(systems.sku))
    looks = pl.col("event_name").is_in(["view_item", "add_to_cart"])
    return frame.join(totals, on="person", how="left", maintain_order="left").with_columns(
        is_again=is_purchase & pl.col("repeats") & last,
        transaction_id=pl.when(is_purchase).then(pl.lit(order_id)).otherwise(None),
        revenue=pl.when(is_purchase).then(money(pl.col("cents"))).otherwise(None),
        item=pl.when(looks).then(pl.lit(systems.sku.gather(drawn.astype(np.int64)))).otherwise(None),
    )


def _named(systems: Systems, day: Day, sessions: pl.DataFrame) -> pl.DataFrame:
    """A session's events by name: look around, and with a purchase go through cart, sign-in and checkout."""
    rate = systems.scenario.dirt.duplicate_purchase_event
    person = sessions["person"].to_numpy()
    again = uniform(systems.seed, "dirt duplicate_purchase_event", person, day.number) < rate
    bought, logs = pl.col("has_purchase"), pl.col("user_id").is_not_null()
    repeats = bought & pl.lit(pl.Series(again))
    names = pl.concat_list(
        pl.concat_list(pl.lit("session_start"), pl.lit("page_view")),
        pl.lit("view_item").repeat_by("views"),
        _if(bought, "add_to_cart"),
        _if(logs, "login"),
        _if(bought, "begin_checkout", "purchase"),
        _if(repeats, "purchase"),
    )
    login = 2 + pl.col("views") + bought.cast(pl.Int64)
    frame = sessions.with_columns(event_name=names, login_order=login, repeats=repeats)
    return frame.with_columns(order=pl.int_ranges(pl.col("event_name").list.len())).explode("event_name", "order")


def _if(test: pl.Expr, *names: str) -> pl.Expr:
    """These events if the test holds, else none."""
    none = pl.lit([], dtype=pl.List(pl.String))
    return pl.when(test).then(pl.concat_list([pl.lit(name) for name in names])).otherwise(none)
