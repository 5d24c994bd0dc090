"""What a day is like for everybody: weekday, holidays, season and weather by region. Days count from 1970-01-01."""

from datetime import date, timedelta
from functools import cache

import numpy as np

from pipelines.simulator.categories import column
from pipelines.simulator.randomness import normal

EPOCH = date(1970, 1, 1)
REGIONS = ("NE", "SE", "MW", "SW")
ZONES = ("America/New_York", "America/New_York", "America/Chicago", "America/Chicago")
STATES = (("NY", "PA", "MA"), ("GA", "FL", "NC"), ("IL", "WI", "MN"), ("TX", "OK", "LA"))
WEATHER_DAYS = 6  # how long a spell of weather is felt
WEATHER_EFFECT = 0.06  # of one standard deviation on trips
HOLIDAYS = {(1, 1): 0.5, (7, 4): 0.7, (12, 24): 1.5, (12, 25): 0.1, (12, 31): 1.3}


def to_date(day: int) -> date:
    """The calendar date of a day number."""
    return EPOCH + timedelta(days=day)


def weekday(day: int) -> int:
    """0 for Monday."""
    return (day + 3) % 7


@cache
def holiday(day: int) -> float:
    """How many trips a holiday leaves or adds, as a factor; Thanksgiving and the days before feasts included."""
    here = to_date(day)
    if here.month == 11 and weekday(day) == 3 and 22 <= here.day <= 28:
        return 0.3
    before = to_date(day + 1)
    is_eve = before.month == 11 and weekday(day) == 2 and 22 <= before.day <= 28
    return 1.6 if is_eve else HOLIDAYS.get((here.month, here.day), 1.0)


@cache
def season(day: int) -> np.ndarray:
    """How much each category is wanted, as a factor per category."""
    angle = 2 * np.pi * (to_date(day).timetuple().tm_yday - column("season_peak")) / 365.25
    return np.asarray(1 + column("season") * np.cos(angle))


@cache
def weather(seed: int, day: int) -> np.ndarray:
    """How the weather changes trips, as a factor per region: spells of some days, independent between regions."""
    days = day - np.arange(WEATHER_DAYS)
    spell = normal(seed, "weather", np.arange(len(REGIONS))[:, None], days[None, :]).sum(axis=1)
    return np.asarray(np.exp(WEATHER_EFFECT * spell / np.sqrt(WEATHER_DAYS)))
