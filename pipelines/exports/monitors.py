"""Is tonight's release like the earlier ones? A rule can hold for each row while the whole is absurd."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median

import polars as pl

from pipelines.exports.violations import CRITICAL, INFO, Violation


@dataclass(frozen=True, slots=True)
class MonitorLimits:
    """When a night is so unlike the earlier ones that a person must look first."""

    spike_factor: int  # times the median of the earlier nights
    max_person_rate: Decimal  # share of all persons that one channel may reach in one night
    quiet_row_count: int  # below this many rows a multiple of the median is noise
    quiet_discount_amount: Decimal  # the same for money, in the retailer's currency
    min_earlier_nights: int  # a median of fewer says little


# 3 times: weekly campaign volumes of a retailer double around feasts and do not triple by themselves.
# Half of all persons: a channel's caps and budget keep far below it, so reaching it means that one failed.
MONITOR_LIMITS = MonitorLimits(
    spike_factor=3,
    max_person_rate=Decimal("0.5"),
    quiet_row_count=30,
    quiet_discount_amount=Decimal(100),
    min_earlier_nights=3,
)


def find_anomalies(
    tonight: pl.DataFrame,
    earlier_exports: pl.DataFrame,
    *,
    earlier_nights: Sequence[date],
    channel_codes: Sequence[str],
    person_count: int,
    limits: MonitorLimits,
) -> list[Violation]:
    """What is out of the ordinary in tonight's release, measured against the sealed nights before.

    Takes     tonight, earlier_exports: rows of the ledger stream `exports`;
              earlier_nights: every sealed night before, also those that released nothing (they count as 0);
              person_count: persons known tonight.
    Returns   violations `row_spike`, `reach_breach` (per channel) and `discount_spike`, critical; with fewer
              than `min_earlier_nights` nights one `not_judged`, which stops nothing and says so.
    """
    if len(earlier_nights) < limits.min_earlier_nights:
        text = f"{len(earlier_nights)} earlier nights, {limits.min_earlier_nights} needed"
        return [Violation("not_judged", INFO, 0, (text,))]
    found = []
    for channel in sorted(channel_codes):
        rows = tonight.filter(pl.col("channel_code") == channel).height
        before = _rows_per_night(earlier_exports, earlier_nights, channel)
        found += _row_spike(channel, rows, before, limits)
        found += _reach_breach(channel, rows, person_count, limits)
    return found + _discount_spike(tonight, earlier_exports, earlier_nights, limits)


def _row_spike(channel: str, rows: int, before: list[int], limits: MonitorLimits) -> list[Violation]:
    usual = median(before)
    if rows <= max(limits.spike_factor * usual, limits.quiet_row_count):
        return []
    text = f"{channel}: {rows} rows tonight, median of {len(before)} earlier nights {usual:g}"
    return [Violation("row_spike", CRITICAL, rows, (text,))]


def _reach_breach(channel: str, rows: int, person_count: int, limits: MonitorLimits) -> list[Violation]:
    if rows <= limits.quiet_row_count or rows <= limits.max_person_rate * person_count:
        return []
    text = f"{channel}: {rows} of {person_count} persons, at most {limits.max_person_rate:%} expected"
    return [Violation("reach_breach", CRITICAL, rows, (text,))]


def _discount_spike(
    tonight: pl.DataFrame, earlier: pl.DataFrame, nights: Sequence[date], limits: MonitorLimits
) -> list[Violation]:
    before = [_total_discount(earlier.filter(pl.col("as_of_date") == night)) for night in nights]
    total, usual = _total_discount(tonight), median(before)
    if total <= max(limits.spike_factor * usual, limits.quiet_discount_amount):
        return []
    text = f"{total} of discount tonight, median of {len(before)} earlier nights {usual}"
    return [Violation("discount_spike", CRITICAL, tonight.height, (text,))]


def _rows_per_night(exports: pl.DataFrame, nights: Sequence[date], channel: str) -> list[int]:
    of_channel = exports.filter(pl.col("channel_code") == channel)
    return [of_channel.filter(pl.col("as_of_date") == night).height for night in nights]


def _total_discount(exports: pl.DataFrame) -> Decimal:
    return sum(exports["discount_cost_amount"].drop_nulls(), Decimal(0))
