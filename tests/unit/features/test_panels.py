from datetime import date, timedelta

import polars as pl

from ml.features.panels import (
    Panel,
    bought_in_department,
    mailed_and_redeemed,
    net_sales_after,
    ordered_after,
    plan_campaign_splits,
    plan_splits,
)
from ml.features.summaries import summarise
from tests.builders.shopping import AS_OF, FIRST_DAY, OBSERVED, facts, row

START = date(2017, 11, 21)
WINDOW = Panel(START, START + timedelta(days=28))


def plan(**changes):
    asked = {
        "first_day": FIRST_DAY,
        "as_of_date": AS_OF,
        "observed_through": OBSERVED,
        "horizon_days": 28,
        "step_days": 28,
        "max_train_panels": 6,
        "min_history_days": 56,
    }
    return plan_splits(**{**asked, **changes})


def ordered(day: date, **changes):
    return row("lines", ordered_date=day, order_id=str(day), **changes)


def test_the_last_panel_is_the_latest_tuesday_whose_28_days_are_delivered():
    assert plan().test == (WINDOW,)
    assert plan(observed_through=AS_OF).test[0].as_of_date == date(2017, 11, 28)


def test_a_quarter_s_value_has_few_panels_in_one_year_and_says_so():
    splits = plan(horizon_days=91, step_days=7)
    assert splits.test[0].as_of_date == date(2017, 9, 19)
    assert splits.calibration[0].as_of_date == date(2017, 6, 20)
    assert [p.as_of_date for p in splits.train] == [date(2017, 2, 28) + timedelta(days=7 * i) for i in range(4)]


def test_a_short_history_leaves_the_early_splits_empty():
    splits = plan(first_day=date(2017, 9, 1))
    assert (len(splits.train), len(splits.calibration), len(splits.test)) == (0, 0, 1)


def test_the_label_window_holds_its_first_day_and_not_the_day_after_its_last():
    days = [START - timedelta(days=1), START, START + timedelta(days=27), START + timedelta(days=28)]
    summaries = summarise(facts(lines=[ordered(day) for day in days]))
    assert net_sales_after(summaries, WINDOW).rows() == [("p1", 2000)]
    assert ordered_after(summaries, WINDOW).rows() == [("p1", 1)]


def test_a_department_is_bought_by_whoever_bought_in_it():
    summaries = summarise(facts(lines=[ordered(START), ordered(START, person_id="p2", department_name="DELI")]))
    assert sorted(bought_in_department(summaries, WINDOW).rows()) == [("p1", "GROCERY", 1), ("p2", "DELI", 1)]


def campaign(name: str, start: date, days: int, size: int):
    plan_row = row("campaigns", campaign_id=name, start_date=start, end_date=start + timedelta(days=days - 1))
    mailed = [row("contacts", campaign_id=name, person_id=f"p{i}", contacted_date=start) for i in range(size)]
    return plan_row, mailed


def campaign_splits(*made, observed: date = OBSERVED):
    tables = facts(campaigns=[c for c, _ in made], contacts=[m for _, mailed in made for m in mailed])
    return plan_campaign_splits(
        summarise(tables), first_day=FIRST_DAY, observed_through=observed, min_history_days=56, min_split_share=0.2
    )


def test_a_campaign_teaches_only_when_its_last_day_is_delivered():
    made = campaign("c1", date(2017, 11, 1), 30, 5)  # its last day is 30 November
    assert campaign_splits(made, observed=date(2017, 12, 1)).test[0].campaign_id == "c1"
    assert campaign_splits(made, observed=date(2017, 11, 30)).test == ()


def test_campaigns_are_split_where_none_is_open():
    splits = campaign_splits(
        campaign("old", date(2017, 4, 1), 30, 5),
        campaign("middle", date(2017, 6, 1), 30, 5),
        campaign("across", date(2017, 9, 1), 90, 5),
        campaign("new", date(2017, 10, 1), 30, 5),
    )
    names = [[panel.campaign_id for panel in part] for part in (splits.train, splits.calibration, splits.test)]
    assert names == [["old"], ["middle"], ["new"]]


def test_only_a_mailed_person_s_coupon_within_the_campaign_counts():
    mailed = [row("contacts", person_id=p, contacted_date=START) for p in ("p1", "p2", "p3")]
    used = [
        row("redemptions", person_id="p1", redeemed_date=START),
        row("redemptions", person_id="p2", redeemed_date=WINDOW.label_end),
        row("redemptions", person_id="p3", campaign_id="c9", redeemed_date=START),
        row("redemptions", person_id="p4", redeemed_date=START),
    ]
    summaries = summarise(facts(contacts=mailed, redemptions=used))
    found = mailed_and_redeemed(summaries, Panel(START, WINDOW.label_end, "c1"))
    assert dict(found.select("person_id", "label").sort(pl.all()).iter_rows()) == {"p1": 1, "p2": 0, "p3": 0}
