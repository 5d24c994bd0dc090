from datetime import date, timedelta

import polars as pl

from pipelines.exports.monitors import MONITOR_LIMITS, find_anomalies
from pipelines.ledger_schema import EXPORTS
from tests.builders.exports import NIGHT, export

NIGHTS = [NIGHT - timedelta(days=7 * week) for week in (3, 2, 1)]


def exports(night: date, count: int, discount: str = "0.0100") -> list[dict[str, object]]:
    return [export(night, f"p{number}", "email", discount) for number in range(count)]


def found(tonight, *, before=(20, 20, 20), nights=NIGHTS, persons=1000, discount="0.0100"):
    earlier = [row for night, count in zip(NIGHTS, before, strict=True) for row in exports(night, count, discount)]
    violations = find_anomalies(
        pl.DataFrame(tonight, schema=EXPORTS),
        pl.DataFrame(earlier, schema=EXPORTS),
        earlier_nights=nights,
        channel_codes=["direct_mail", "email"],
        person_count=persons,
        limits=MONITOR_LIMITS,
    )
    return [(violation.check, violation.severity) for violation in violations]


def test_three_times_the_usual_rows_is_usual_and_one_more_is_not():
    assert found(exports(NIGHT, 60)) == []
    assert found(exports(NIGHT, 61)) == [("row_spike", "critical")]


def test_a_channel_that_reaches_more_than_half_of_all_persons_stops_the_night():
    assert found(exports(NIGHT, 50), persons=100) == []
    assert found(exports(NIGHT, 51), persons=100) == [("reach_breach", "critical")]


def test_a_night_that_gives_away_three_times_the_usual_discount_stops():
    assert found(exports(NIGHT, 60, "5.0001"), discount="5.0000") == [("discount_spike", "critical")]
    assert found(exports(NIGHT, 60, "5.0000"), discount="5.0000") == []


def test_a_night_that_released_nothing_counts_as_nothing():
    assert found(exports(NIGHT, 31), before=(0, 0, 300)) == [("row_spike", "critical")]


def test_small_numbers_are_not_a_spike():
    assert found(exports(NIGHT, 30), before=(1, 1, 1), persons=20) == []


def test_with_two_earlier_nights_nothing_is_judged_and_that_is_said():
    assert found(exports(NIGHT, 900), nights=NIGHTS[1:]) == [("not_judged", "info")]
