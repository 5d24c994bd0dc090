"""Who allows contact on which channel, and who changes his mind without being contacted."""

import numpy as np
import polars as pl

from pipelines.simulator.people import People
from pipelines.simulator.randomness import uniform
from pipelines.simulator.scenario import CHANNELS, Scenario

CHANGES = {"person": pl.Int64, "channel": pl.String, "is_granted": pl.Boolean, "reason": pl.String}


class Consents:
    """Consent by person and channel before anything happens, and its changes by day."""

    def __init__(self, scenario: Scenario, people: People) -> None:
        """Takes the people; draws who says yes when he joins."""
        self.scenario, self.people = scenario, people
        self.person = np.arange(len(people))[:, None]
        self.channel = np.arange(len(CHANNELS))[None, :]
        share = np.array([scenario.consent.granted.get(name, 0.0) for name in CHANNELS])
        self.granted = uniform(scenario.seed, "consent", self.person, 0, self.channel) < share

    def on(self, day: int, consent: np.ndarray) -> tuple[np.ndarray, pl.DataFrame]:
        """Consent after a morning's withdrawals, and the changes, sorted by person and channel."""
        setting = self.scenario.consent
        daily = 1 - (1 - setting.withdrawn_per_year) ** (1 / 365)
        drawn = uniform(self.scenario.seed, "withdraws", self.person, day, self.channel)
        by_habit = consent & (drawn < daily)
        in_wave = np.zeros_like(consent)
        if setting.wave_day is not None and day == self.scenario.first_day_number + setting.wave_day:
            angry = uniform(self.scenario.seed, "wave", self.person[:, 0], day) < setting.wave_share
            in_wave = consent & angry[:, None]
        gone = by_habit | in_wave
        person, channel = np.nonzero(gone)
        changes = pl.DataFrame(
            {
                "person": person,
                "channel": np.array(CHANNELS, dtype=object)[channel],
                "is_granted": np.zeros(len(person), dtype=bool),
                "reason": np.where(in_wave[person, channel], "wave", "withdrawn"),
            },
            schema=CHANGES,
        )
        return consent & ~gone, changes
