"""The only door to the wall clock: timings and log lines under `runs/`, never data."""

import time
from datetime import UTC, datetime


def utc_now() -> datetime:
    """Now, with time zone UTC; for run ids and logs only."""
    return datetime.now(UTC)


def stopwatch() -> float:
    """Seconds of a monotonic clock; subtract two readings to time something."""
    return time.perf_counter()
