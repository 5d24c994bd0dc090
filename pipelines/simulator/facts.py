"""What really happened on one day, person by person; the sources make the systems' files from it."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl


@dataclass(frozen=True, slots=True)
class DayFacts:
    """One day. Frames have a column `person`, the world's own number, that no source file shows."""

    day: date
    contacts: pl.DataFrame  # one row per treatment: what became of it
    baskets: pl.DataFrame  # one row per basket: place, is_web, sold_second (local seconds since midnight)
    lines: pl.DataFrame  # one row per basket line; money in cents; coupon_cents is what a coupon took off
    returns: pl.DataFrame  # one row per returned line: as lines, with sold_day; the whole line comes back
    sessions: pl.DataFrame  # one row per web or app session
    tickets: pl.DataFrame  # one row per support ticket opened, with the day it will be solved
    consent_changes: pl.DataFrame  # one row per person, channel: is_granted, reason
    gone: np.ndarray  # people who left for good
    controls: pl.DataFrame  # person, treatment_id, channel: whom a lot left out of what they would have been sent
