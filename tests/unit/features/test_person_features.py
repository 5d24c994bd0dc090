from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from ml.errors import ContractError
from ml.features.build import (
    build_campaign_features,
    build_department_features,
    build_person_features,
)
from ml.features.registry import CAMPAIGN_FEATURES, DEPARTMENT_FEATURES, PERSON_FEATURES, usable
from tests.builders.shopping import AS_OF, FIRST_DAY, days_ago, facts, planted, row


def of_p1(**tables: list[dict[str, Any]]) -> dict[str, Any]:
    return build_person_features(facts(**tables), AS_OF).row(by_predicate=pl.col("person_id") == "p1", named=True)


def lines_on(*days: int, **changes: Any) -> list[dict[str, Any]]:
    return [row("lines", order_id=f"o{i}", ordered_date=days_ago(d), **changes) for i, d in enumerate(days)]


@pytest.mark.parametrize(
    ("built", "features"),
    [
        (build_person_features, PERSON_FEATURES),
        (build_department_features, (*DEPARTMENT_FEATURES, *PERSON_FEATURES)),
        (build_campaign_features, (*CAMPAIGN_FEATURES, *PERSON_FEATURES)),
    ],
)
def test_what_is_built_is_what_the_registry_says(built, features):
    schema = built(planted().facts, AS_OF).schema
    stated = {feature.name: feature.dtype for feature in features}
    assert schema == pl.Schema({"person_id": pl.String, "as_of_date": pl.Date, **stated})


def test_every_feature_has_a_unit_and_a_description():
    every = (*PERSON_FEATURES, *DEPARTMENT_FEATURES, *CAMPAIGN_FEATURES)
    assert all(feature.unit and feature.description.endswith(".") for feature in every)
    assert len({feature.name for feature in every}) == len(every)


def test_an_order_of_the_day_before_counts_and_one_of_the_day_itself_does_not():
    assert of_p1(lines=lines_on(0, 1))["order_count_7d"] == 1


@pytest.mark.parametrize("window", [7, 28, 56, 91])
def test_a_window_holds_its_last_day_and_not_the_one_before(window):
    inside, outside = of_p1(lines=lines_on(window)), of_p1(lines=lines_on(window + 1))
    assert (inside[f"order_count_{window}d"], outside[f"order_count_{window}d"]) == (1, 0)
    assert inside[f"net_sales_amount_{window}d"] == Decimal("10.00")
    assert outside[f"net_sales_amount_{window}d"] == Decimal("0.00")


def test_an_order_that_was_delivered_on_the_day_is_not_known_yet():
    late = row("lines", order_id="late", known_date=AS_OF)
    assert of_p1(lines=[row("lines"), late])["order_count_28d"] == 1


def test_a_campaign_that_begins_on_the_day_has_not_reached_anyone_though_the_plan_is_known():
    planned = {"known_date": FIRST_DAY, "campaign_id": "c2"}
    today = row("contacts", contacted_date=AS_OF, **planned)
    found = of_p1(contacts=[row("contacts"), today], campaigns=[row("campaigns", start_date=AS_OF, **planned)])
    assert (found["mailed_campaign_count_91d"], found["open_campaign_count"]) == (1, 0)


@pytest.mark.parametrize(("age", "count"), [(56, 1), (57, 0)])
def test_habits_are_those_of_the_last_eight_weeks(age, count):
    found = of_p1(lines=lines_on(age))
    assert (found["store_count_56d"], found["department_count_56d"]) == (count, count)


def test_an_order_counts_once_however_many_lines_and_deliveries_it_has():
    lines = [row("lines"), row("lines", product_id="i2", known_date=days_ago(3))]
    found = of_p1(lines=lines)
    assert (found["order_count_28d"], found["line_count_28d"]) == (1, 2)
    assert found["net_sales_amount_28d"] == Decimal("20.00")


def test_shares_come_from_whole_cents():
    promoted = row("lines", product_id="i2", is_promoted=True, net_sales_cents=3000, gross_sales_cents=2800)
    found = of_p1(lines=[row("lines"), promoted])
    assert found["promoted_sales_rate_56d"] == 0.75
    assert found["discount_rate_56d"] == 400 / 4000
    assert found["net_sales_per_order_56d"] == 40.0


def test_gap_and_lateness_are_measured_between_days_with_an_order():
    found = of_p1(lines=lines_on(30, 20, 20, 6))
    assert found["median_gap_days_56d"] == 12.0
    assert found["deviation_gap_days_56d"] == pytest.approx(8**0.5)
    assert found["lateness_ratio_56d"] == 0.5


def test_one_order_has_no_gap_and_two_have_no_spread():
    one, two = of_p1(lines=lines_on(9)), of_p1(lines=lines_on(9, 4))
    assert one["median_gap_days_56d"] is None
    assert (two["median_gap_days_56d"], two["deviation_gap_days_56d"]) == (5.0, None)


def test_the_main_store_is_the_one_with_most_orders():
    found = of_p1(lines=[*lines_on(3, 5, 7), row("lines", order_id="x", store_id="s2")])
    assert (found["store_count_56d"], found["main_store_order_rate_56d"]) == (2, 0.75)


def test_weekdays_are_shares_of_orders():
    found = of_p1(lines=lines_on(1, 2, 3, 8))  # AS_OF is a Tuesday: two Mondays, a Sunday, a Saturday
    assert (found["monday_order_rate_56d"], found["weekend_order_rate_56d"]) == (0.5, 0.5)


def test_a_trend_runs_from_stopped_to_just_started():
    stopped, started = of_p1(lines=lines_on(40)), of_p1(lines=lines_on(4))
    assert (stopped["order_trend_rate_56d"], started["order_trend_rate_56d"]) == (-1.0, 1.0)


def test_who_never_ordered_has_no_orders_but_unknown_shares():
    found = of_p1(contacts=[row("contacts")])
    assert (found["order_count_91d"], found["net_sales_amount_91d"]) == (0, Decimal("0.00"))
    assert found["days_since_last_order"] is None
    assert found["discount_rate_56d"] is None


def test_a_campaign_is_open_through_its_last_day():
    running = row("campaigns", campaign_id="c1", end_date=AS_OF)
    over = row("campaigns", campaign_id="c2", end_date=days_ago(1))
    found = of_p1(contacts=[row("contacts"), row("contacts", campaign_id="c2")], campaigns=[running, over])
    assert (found["mailed_campaign_count_91d"], found["open_campaign_count"]) == (2, 1)


def test_coupons_and_their_campaigns_are_counted_apart():
    found = of_p1(redemptions=[row("redemptions"), row("redemptions", redeemed_date=days_ago(40))])
    assert (found["redemption_count_28d"], found["redemption_count_91d"]) == (1, 2)
    assert (found["redeemed_campaign_count_91d"], found["days_since_last_redemption"]) == (1, 5)


def test_bands_become_their_lower_end_and_unknown_stays_unknown():
    found = of_p1(lines=[row("lines")], customers=[row("customers")])
    assert (found["age_from_years"], found["income_from_thousands"]) == (45, 0)
    assert (found["household_size_count"], found["kids_count"]) == (5, 3)
    assert found["marital_status"] is None
    assert of_p1(lines=[row("lines")])["kids_count"] is None


def test_the_household_known_last_counts():
    older = row("customers", known_date=date(2017, 3, 1), kids_count="1")
    newer = row("customers", known_date=date(2017, 4, 1), kids_count="2")
    tomorrow = row("customers", known_date=AS_OF, kids_count="0")
    assert of_p1(lines=[row("lines")], customers=[tomorrow, newer, older])["kids_count"] == 2


def test_a_fact_without_a_person_describes_nobody():
    assert build_person_features(facts(lines=[row("lines", person_id=None)]), AS_OF).is_empty()


def test_a_department_is_compared_with_the_person_s_own_shopping():
    deli = row("lines", order_id="d", ordered_date=days_ago(4), department_name="DELI", net_sales_cents=3000)
    frame = build_department_features(facts(lines=[row("lines"), deli]), AS_OF, ["DELI", "MEAT"])
    deli_row, meat_row = frame.rows(named=True)
    assert (deli_row["department_sales_rate_56d"], deli_row["department_day_rate_56d"]) == (0.75, 0.5)
    assert deli_row["department_days_since_last"] == 4
    assert (meat_row["department_day_count_91d"], meat_row["department_days_since_last"]) == (0, None)


def test_departments_bought_by_one_in_twenty_are_worth_a_prediction():
    lines = [row("lines", person_id=f"p{i:02d}", order_id=f"o{i}") for i in range(40)]
    rare = [row("lines", person_id="p00", department_name="SPIRITS")]
    common = [row("lines", person_id=f"p0{i}", department_name="DELI") for i in range(2)]
    frame = build_department_features(facts(lines=[*lines, *rare, *common]), AS_OF)
    assert frame["department_name"].unique().sort().to_list() == ["DELI", "GROCERY"]


def test_the_history_with_one_type_of_campaign_stays_with_that_type():
    contacts = [row("contacts"), row("contacts", campaign_id="c2", campaign_type_code="type_b")]
    frame = build_campaign_features(
        facts(contacts=contacts, redemptions=[row("redemptions")]), AS_OF, ["type_a", "type_b"]
    )
    assert frame["type_redeemed_count_91d"].to_list() == [1, 0]
    assert frame["type_mailed_count_91d"].to_list() == [1, 1]


def test_a_model_uses_a_window_only_where_the_history_fills_it():
    names = {feature.name for feature in usable(PERSON_FEATURES, 60)}
    assert "order_count_56d" in names
    assert not names & {"order_count_91d", "order_count_all", "month_of_year", "days_since_last_contact"}
    assert "month_of_year" in {feature.name for feature in usable(PERSON_FEATURES, 365)}


def test_facts_of_another_shape_are_refused_by_name():
    lines = facts().lines.with_columns(pl.col("net_sales_cents").cast(pl.Float64))
    with pytest.raises(ContractError, match=r"facts\.lines.*net_sales_cents Float64"):
        facts().__class__(
            **{
                **{n: getattr(facts(), n) for n in ("contacts", "redemptions")},
                "lines": lines,
                "campaigns": facts().campaigns,
                "customers": facts().customers,
            }
        )


def test_a_fact_without_a_day_is_refused():
    with pytest.raises(ContractError, match=r"facts\.lines\.known_date.*1 of 2"):
        facts(lines=[row("lines"), row("lines", known_date=None)])
