from datetime import timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ml.features.build import build_campaign_features, build_department_features, build_person_features
from ml.features.facts import Facts
from tests.builders.shopping import AS_OF, days_ago, facts, planted, row

# (person, order, store, department, days ago, days until known, cents); negative days ago: the future
purchases = st.lists(
    st.tuples(
        st.sampled_from(["p1", "p2", "p3"]),
        st.sampled_from(["o1", "o2", "o3", "o4"]),
        st.sampled_from(["s1", "s2"]),
        st.sampled_from(["DELI", "MEAT", None]),
        st.integers(1, 120),
        st.integers(0, 9),
        st.integers(0, 10**12),
    ),
    min_size=1,
    max_size=12,
)
EVENT = {"lines": "ordered_date", "contacts": "contacted_date", "redemptions": "redeemed_date"}


def lines(rows):
    return [
        row(
            "lines",
            person_id=person,
            order_id=f"{person}-{order}-{age}",
            store_id=store,
            department_name=department,
            ordered_date=days_ago(age),
            known_date=days_ago(age - delay),
            net_sales_cents=cents,
        )
        for person, order, store, department, age, delay, cents in rows
    ]


def everything(shop: Facts) -> list[pl.DataFrame]:
    return [
        build_person_features(shop, AS_OF),
        build_department_features(shop, AS_OF, ["DELI", "MEAT"]),
        build_campaign_features(shop, AS_OF, ["type_a", "type_b"]),
    ]


def assert_same(these: list[pl.DataFrame], those: list[pl.DataFrame]) -> None:
    for one, other in zip(these, those, strict=True):
        assert_frame_equal(one, other, check_exact=True)


@settings(max_examples=10, deadline=None)
@given(past=purchases, future=purchases, unknown=purchases)
def test_the_future_cannot_change_a_feature(past, future, unknown):
    later = [{**r, "ordered_date": r["ordered_date"] + timedelta(days=120)} for r in lines(future)]
    late = [{**r, "known_date": AS_OF} for r in lines(unknown)]
    other_tables = {
        "contacts": [row("contacts", contacted_date=AS_OF), row("contacts", known_date=AS_OF)],
        "redemptions": [row("redemptions", redeemed_date=AS_OF), row("redemptions", known_date=AS_OF)],
        "customers": [row("customers", known_date=AS_OF)],
        "campaigns": [row("campaigns", known_date=AS_OF)],
    }
    with_future = facts(lines=[*lines(past), *later, *late], **other_tables)
    assert_same(everything(with_future), everything(facts(lines=lines(past))))


@settings(max_examples=10, deadline=None)
@given(rows=purchases)
def test_a_person_is_described_by_own_rows_only(rows):
    mailed = [row("contacts", person_id=person) for person in ("p1", "p2")]
    used = [row("redemptions", person_id=person) for person in ("p1", "p3")]
    together = facts(lines=lines(rows), contacts=mailed, redemptions=used, campaigns=[row("campaigns")])
    own = {
        name: getattr(together, name).filter(pl.col("person_id") == "p1")
        for name in ("lines", "contacts", "redemptions", "customers")
    }
    alone = Facts(**own, campaigns=together.campaigns)
    of_p1 = [frame.filter(pl.col("person_id") == "p1") for frame in everything(together)]
    assert_same(of_p1, everything(alone))


@settings(max_examples=10, deadline=None)
@given(rows=purchases, seed=st.integers(0, 1000))
def test_the_order_of_the_rows_does_not_matter(rows, seed):
    given_order = facts(lines=lines(rows), contacts=[row("contacts"), row("contacts", person_id="p2")])
    shuffled = Facts(
        **{
            name: getattr(given_order, name).sample(fraction=1, shuffle=True, seed=seed)
            for name in ("lines", "contacts", "redemptions", "campaigns", "customers")
        }
    )
    assert_same(everything(given_order), everything(shuffled))


def test_a_warehouse_cut_at_an_old_date_gives_that_date_s_features_bit_for_bit():
    shop, day = planted().facts, days_ago(70)
    cut = shop.before(day)
    assert cut.lines.height < shop.lines.height
    for build in (build_person_features, build_department_features, build_campaign_features):
        assert build(cut, day).equals(build(shop, day), null_equal=True)


def test_the_facts_of_a_date_hold_nothing_of_that_day_or_later():
    cut = planted().facts.before(AS_OF)
    for name, event in EVENT.items():
        frame = getattr(cut, name)
        assert frame.filter((pl.col(event) >= AS_OF) | (pl.col("known_date") >= AS_OF)).is_empty()
