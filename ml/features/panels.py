"""Past dates to learn from: which ones, in which split, and what happened after each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from ml.features.summaries import Summaries


@dataclass(frozen=True, slots=True, order=True)
class Panel:
    """A past date with what came true after it: features before `as_of_date`, label in [as_of_date, label_end)."""

    as_of_date: date
    label_end: date
    campaign_id: str = ""  # set where the window is a campaign's


@dataclass(frozen=True, slots=True)
class Splits:
    """Panels to fit, to calibrate and to judge, oldest first.

    No label window of one split reaches into the next: labels of `train` end before `calibration` begins,
    and those before `test` begins.
    """

    train: tuple[Panel, ...] = ()
    calibration: tuple[Panel, ...] = ()
    test: tuple[Panel, ...] = ()

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All panels, oldest first."""
        return (*self.train, *self.calibration, *self.test)


def plan_splits(
    *,
    first_day: date,
    as_of_date: date,
    observed_through: date,
    horizon_days: int,
    step_days: int,
    max_train_panels: int,
    min_history_days: int,
) -> Splits:
    """Panels on the weekday of `as_of_date`, counted back from the last one whose label is complete.

    Takes     first_day: the first day of the data; observed_through: the first day not yet covered by it;
              step_days: distance of training panels; min_history_days: days of data a panel must look back on.
    Returns   Splits; one test and one calibration panel. With a short history the later splits are filled
              first and the earlier ones stay empty: an unjudged model is worse than none.
    """
    latest = observed_through - timedelta(days=horizon_days)
    latest -= timedelta(days=(latest - as_of_date).days % 7)
    horizon = timedelta(days=-(-horizon_days // 7) * 7)  # whole weeks, so that the weekday stays
    calibration = latest - horizon
    last_train = calibration - horizon
    train = [last_train - timedelta(days=step_days * i) for i in range(max_train_panels)]

    def usable(days: Sequence[date]) -> tuple[Panel, ...]:
        old_enough = [d for d in sorted(days) if (d - first_day).days >= min_history_days]
        return tuple(Panel(d, d + timedelta(days=horizon_days)) for d in old_enough)

    return Splits(train=usable(train), calibration=usable([calibration]), test=usable([latest]))


def plan_campaign_splits(
    summaries: Summaries, *, first_day: date, observed_through: date, min_history_days: int, min_split_share: float
) -> Splits:
    """Panels that are campaigns: their first day, and the day after their last.

    Takes     min_split_share: share of all mailed persons that test and calibration each must have.
    Returns   Splits. Test: the latest campaigns that together reach the share; calibration: the latest of
              those over before the test begins; train: those over before the calibration begins.
    Ignores   campaigns still running, begun before the history is long enough, or open across a border.
              Sizes are mailings, never outcomes: what came true does not choose where the borders are.
    """
    mailed = summaries.contacts.group_by("campaign_id").agg(size=pl.col("person_id").n_unique())
    earliest = first_day + timedelta(days=min_history_days)
    over = (
        summaries.campaigns.unique("campaign_id")
        .join(mailed, on="campaign_id")
        .filter((pl.col("end_date") < observed_through) & (pl.col("start_date") >= earliest))
        .sort("start_date", "end_date", "campaign_id")
    )
    sized = [
        (Panel(row["start_date"], row["end_date"] + timedelta(days=1), row["campaign_id"]), int(row["size"]))
        for row in over.iter_rows(named=True)
    ]
    needed = min_split_share * sum(size for _, size in sized)
    test, before_test = _latest(sized, needed)
    calibration, before_calibration = _latest(before_test, needed)
    return Splits(tuple(panel for panel, _ in before_calibration), calibration, test)


def _latest(sized: Sequence[tuple[Panel, int]], needed: float) -> tuple[tuple[Panel, ...], list[tuple[Panel, int]]]:
    """The latest panels that reach the size, and those whose label window ends before the first of them."""
    taken: list[Panel] = []
    total = 0
    for panel, size in reversed(sized):
        if total >= needed and taken and panel.as_of_date < taken[-1].as_of_date:
            break
        taken.append(panel)
        total += size
    if not taken:
        return (), []
    begin = taken[-1].as_of_date
    return tuple(sorted(taken)), [(panel, size) for panel, size in sized if panel.label_end <= begin]


def bought_in_department(summaries: Summaries, panel: Panel) -> pl.DataFrame:
    """Persons x departments with a purchase in the window: person_id, department_name, label 1."""
    bought = _in_window(summaries.departments, "ordered_date", panel)
    return (
        bought.select(pl.col("person_id", "department_name").cast(pl.String))
        .unique()
        .with_columns(label=pl.lit(1, pl.Int64))
    )


def net_sales_after(summaries: Summaries, panel: Panel) -> pl.DataFrame:
    """Net sales per person in the window: person_id, label in cents; persons without an order have no row."""
    days = _in_window(summaries.days, "ordered_date", panel)
    return days.group_by(pl.col("person_id").cast(pl.String)).agg(label=pl.col("net_sales_cents").sum())


def ordered_after(summaries: Summaries, panel: Panel) -> pl.DataFrame:
    """Persons with an order in the window: person_id, label 1."""
    orders = _in_window(summaries.orders, "ordered_date", panel)
    return orders.select(pl.col("person_id").cast(pl.String)).unique().with_columns(label=pl.lit(1, pl.Int64))


def mailed_and_redeemed(summaries: Summaries, panel: Panel) -> pl.DataFrame:
    """Everyone mailed the panel's campaign: person_id, campaign_type_code, campaign_id, label 1 if a coupon was used.

    Ignores   coupons used by persons who were not mailed, and outside the campaign's days.
    """
    mailed = (
        summaries.contacts.filter(pl.col("campaign_id") == panel.campaign_id)
        .select(pl.col("person_id").cast(pl.String), "campaign_type_code", "campaign_id")
        .sort("person_id", "campaign_type_code")
        .unique("person_id", keep="first", maintain_order=True)
    )
    used = (
        _in_window(summaries.redemptions, "redeemed_date", panel)
        .filter(pl.col("campaign_id") == panel.campaign_id)
        .select(pl.col("person_id").cast(pl.String))
        .unique()
        .with_columns(label=pl.lit(1, pl.Int64))
    )
    return mailed.join(used, on="person_id", how="left").with_columns(pl.col("label").fill_null(0))


def _in_window(frame: pl.DataFrame, event: str, panel: Panel) -> pl.DataFrame:
    return frame.filter((pl.col(event) >= panel.as_of_date) & (pl.col(event) < panel.label_end))
