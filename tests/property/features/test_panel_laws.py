from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ml.features.panels import Splits, plan_campaign_splits, plan_splits
from ml.features.summaries import summarise
from tests.builders.shopping import FIRST_DAY, facts, row

days = st.integers(0, 700).map(lambda n: FIRST_DAY + timedelta(days=n))


def assert_never_overlapping(splits: Splits, observed: date) -> None:
    parts = [part for part in (splits.train, splits.calibration, splits.test) if part]
    for earlier, later in pairwise(parts):
        assert max(p.label_end for p in earlier) <= min(p.as_of_date for p in later)
    assert all(panel.label_end <= observed for panel in splits.panels)


@given(
    as_of=days,
    behind=st.integers(0, 9),
    horizon=st.sampled_from([7, 20, 28, 91]),
    step=st.sampled_from([7, 28]),
    history=st.integers(0, 100),
)
def test_no_label_window_reaches_into_the_next_split(as_of, behind, horizon, step, history):
    observed = as_of - timedelta(days=behind)
    splits = plan_splits(
        first_day=FIRST_DAY,
        as_of_date=as_of,
        observed_through=observed,
        horizon_days=horizon,
        step_days=step,
        max_train_panels=5,
        min_history_days=history,
    )
    assert_never_overlapping(splits, observed)
    for panel in splits.panels:
        assert panel.as_of_date.weekday() == as_of.weekday()
        assert (panel.as_of_date - FIRST_DAY).days >= history
        assert panel.label_end == panel.as_of_date + timedelta(days=horizon)


campaigns = st.lists(st.tuples(st.integers(0, 350), st.integers(1, 80), st.integers(1, 6)), max_size=10)


@settings(max_examples=40, deadline=None)
@given(made=campaigns, observed=days, share=st.sampled_from([0.05, 0.2, 0.5]))
def test_no_campaign_is_open_across_a_border(made, observed, share):
    plans, mailed = [], []
    for i, (start, length, size) in enumerate(made):
        begin = FIRST_DAY + timedelta(days=start)
        end = begin + timedelta(days=length - 1)
        plans.append(row("campaigns", campaign_id=f"c{i}", start_date=begin, end_date=end))
        mailed += [row("contacts", campaign_id=f"c{i}", person_id=f"p{j}", contacted_date=begin) for j in range(size)]
    splits = plan_campaign_splits(
        summarise(facts(campaigns=plans, contacts=mailed)),
        first_day=FIRST_DAY,
        observed_through=observed,
        min_history_days=10,
        min_split_share=share,
    )
    assert_never_overlapping(splits, observed)
    assert len({panel.campaign_id for panel in splits.panels}) == len(splits.panels)
