"""Feature frames for many dates from one reading of the facts, each built once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from ml.errors import ContractError
from ml.features.build import campaign_features, department_features, person_features
from ml.features.facts import Facts
from ml.features.summaries import Summaries, summarise


@dataclass(frozen=True, slots=True)
class FeatureSource:
    """What was known when `as_of_date` began, ready to be cut at that date or any earlier one.

    The frames are kept because four models ask for the same dates; a frame never changes.
    """

    as_of_date: date
    summaries: Summaries
    _persons: dict[date, pl.DataFrame] = field(default_factory=dict, repr=False, compare=False)

    def persons(self, panel_date: date) -> pl.DataFrame:
        """`build_person_features` of the date."""
        if panel_date > self.as_of_date:
            raise ContractError(
                f"features of {panel_date}: expected a date up to {self.as_of_date}, the day this source was cut at. "
                "Open the facts as of the later date."
            )
        if panel_date not in self._persons:
            self._persons[panel_date] = person_features(self.summaries, panel_date)
        return self._persons[panel_date]

    def departments(self, panel_date: date, names: Sequence[str]) -> pl.DataFrame:
        """`build_department_features` of the date."""
        return department_features(self.summaries, panel_date, names, self.persons(panel_date))

    def campaigns(self, panel_date: date, types: Sequence[str]) -> pl.DataFrame:
        """`build_campaign_features` of the date."""
        return campaign_features(self.summaries, panel_date, types, self.persons(panel_date))


def open_facts(facts: Facts, as_of_date: date) -> FeatureSource:
    """Cut the facts at a date and collapse them once."""
    return FeatureSource(as_of_date, summarise(facts.before(as_of_date)))
