"""History in files: what `nightmarket simulate` does."""

import hashlib
import json
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ml.errors import ContractError
from pipelines.files import write_json, write_parquet
from pipelines.simulator.calendar import to_date
from pipelines.simulator.effects import standard_treatments, true_effects, true_values
from pipelines.simulator.facts import DayFacts
from pipelines.simulator.scenario import CLASSES, Scenario
from pipelines.simulator.soiling import Soiling, no_faults
from pipelines.simulator.sources import consent, ga4, goods, loyalty, media, messaging, service, shopify, till
from pipelines.simulator.sources.delivery import Delivery
from pipelines.simulator.systems import Day, Systems
from pipelines.simulator.world import World
from pipelines.simulator.writing import contents_of_all, write_day

RECEIPT = "_simulator.json"  # which world a landing folder holds, and whether its history is complete
SCENARIO = "scenario.json"  # in truth/: the whole scenario, so that the world can be taken up again
LIVED = "treatments"  # the truth table that every day has, written last: what it names was lived to the end
VALUES = "values"  # the truth table of what people are worth, of some days
LAPSE_DAYS = 28  # what a night's lapse model looks ahead
SOURCES = (till, shopify, ga4, loyalty, consent, service, messaging, media, goods)


@dataclass(frozen=True, slots=True)
class HistorySummary:
    """What a history is made of."""

    scenario: Scenario
    file_count: int
    row_count: int
    byte_count: int
    fault_count: int
    last_day: date
    is_new: bool  # False: it was there already


class Recorder:
    """Writes the days of a world into a home, one after the other."""

    def __init__(self, world: World, home: Path) -> None:
        """Takes a world before its first day, and the retailer's folder."""
        self.world, self.home = world, home
        self.systems = Systems(world)
        self.soiling = Soiling(self.systems)
        self.sources = ThreadPoolExecutor(2)  # a day's exports side by side
        self.exporter, self.writer = ThreadPoolExecutor(1), ThreadPoolExecutor(1)  # one day each, in order
        self.exporting: Future[None] | None = None
        self.writing: Future[None] | None = None
        self.file_count = self.row_count = self.byte_count = self.fault_count = 0

    def record(self, facts: DayFacts) -> None:
        """Write what the systems export of a day, and the truth behind it, while the world lives the next one."""
        if self.exporting is not None:
            self.exporting.result()
        self.exporting = self.exporter.submit(self._export, self.systems.day(facts))

    def relive(self, facts: DayFacts) -> None:
        """Take in a day whose files are there already: the systems remember coupons and open tickets."""
        service.settle(self.systems, self.systems.day(facts))

    def wait(self) -> None:
        """Wait until every day so far is on disk, for good."""
        self._written()
        os.sync()

    def finish(self) -> None:
        """Wait until everything is written."""
        self._written()
        for pool in (self.exporter, self.sources, self.writer):
            pool.shutdown()

    def _written(self) -> None:
        if self.exporting is not None:
            self.exporting.result()
        if self.writing is not None:  # looked at only now: the last day's export has begun its writing
            self.writing.result()

    def _export(self, day: Day) -> None:
        """Runs beside the next day's simulation."""
        # a source reads what the others read and changes only what is its own, so side by side they export the same
        exports = list(self.sources.map(lambda source: source.export(self.systems, day), SOURCES))
        soiled, dirt = self.soiling.soiled(day.number, [one for export in exports for one in export.deliveries])
        truth = {name: frame for export in exports for name, frame in export.truth.items() if name != "faults"}
        lived, gone = truth.pop(LIVED), day.facts.gone
        planted = [export.truth["faults"] for export in exports if "faults" in export.truth]
        truth |= {"gone": pl.DataFrame({"person": gone})} if len(gone) else {}
        self.row_count += sum(one.frame.height for one in soiled)
        if self.writing is not None:
            self.writing.result()
        self.writing = self.writer.submit(self._write, day.number, soiled, truth, lived, [*planted, dirt])

    def _write(
        self,
        day: int,
        soiled: list[Delivery],
        truth: dict[str, pl.DataFrame],
        lived: pl.DataFrame,
        faults: list[pl.DataFrame],
    ) -> None:
        """Runs beside the next day's exports."""
        placed = []
        for delivery, files in zip(soiled, contents_of_all(soiled), strict=True):
            arrived, noted = self.soiling.placed(day, delivery, files)
            placed += arrived
            faults.append(noted)
        planted = pl.concat(faults).sort(no_faults().columns)
        write_day(self.home, day, placed, truth | ({"faults": planted} if planted.height else {}) | {LIVED: lived})
        self.byte_count += sum(len(one.content) for one in placed)
        self.file_count += len(placed)
        self.fault_count += planted.height

    def write_people(self) -> None:
        """The truth that does not change: who is who, which record is whose, what is wrong with the records."""
        records = self.systems.records
        truth = self.home / "truth"
        write_json(truth / SCENARIO, self.world.scenario.model_dump(mode="json"))
        write_parquet(truth / "people.parquet", people_frame(self.systems))
        write_parquet(truth / "records.parquet", records.records.sort("record"))
        write_parquet(truth / "record_faults.parquet", records.faults)
        self.fault_count += records.faults.height

    def write_expectations(self) -> None:
        """The truth about the day after the last: what every treatment changes and what everybody is worth."""
        effects = true_effects(self.world, standard_treatments())
        write_parquet(self.home / "truth" / "effects" / f"{self.world.next_day}.parquet", effects)
        self.write_values()

    def write_values(self) -> None:
        """What everybody is worth from the world's next day on: truth/values/DAY, see `true_values`."""
        values = true_values(self.world, [LAPSE_DAYS, self.world.scenario.value_horizon_days])
        write_parquet(self.home / "truth" / VALUES / f"{self.world.next_day}.parquet", values)


def simulate_history(scenario: Scenario, home: Path, progress: Callable[[int, int], None]) -> HistorySummary:
    """Live through a scenario's days with its habitual campaigns, and write landing and truth.

    Takes     progress: called with (days done, days in all).
    Raises    ContractError if the home's landing folder holds something else.
    """
    summary, recorder = begin_history(scenario, home, progress)
    if recorder is not None:
        recorder.finish()
    return summary


def begin_history(
    scenario: Scenario, home: Path, progress: Callable[[int, int], None]
) -> tuple[HistorySummary, Recorder | None]:
    """The same for somebody who lives on: with the recorder as it stands then, if the history was not there already."""
    is_there = history_there(scenario, home)
    if is_there is not None:
        return is_there, None
    world = World(scenario)
    recorder = Recorder(world, home)
    write_json(home / "landing" / RECEIPT, _receipt(scenario, None))
    recorder.write_people()
    for done in range(scenario.days):
        day = world.next_day
        recorder.record(world.step(day, world.habitual_treatments(day), world.habitual_controls(day)))
        progress(done + 1, scenario.days)
    recorder.write_expectations()  # beside the last files
    recorder.wait()  # for all of it: until the receipt says complete, nothing counts
    summary = _summary(scenario, recorder)
    write_json(home / "landing" / RECEIPT, _receipt(scenario, summary))
    return summary, recorder


def people_frame(systems: Systems) -> pl.DataFrame:
    """Who is who: identity and the traits that decide what somebody does; one row per person."""
    people = systems.people
    traits: dict[str, Any] = {
        "responder": pl.Series(np.array(CLASSES, dtype=object)[people.responder], dtype=pl.String),
        "joined_day": people.joined_day,
        "home_store": systems.stores.gather(people.home_store),
        "trips_per_day": people.trips_per_day,
        "web_share": people.web_share,
        "discount_sensitivity": people.discount_sensitivity,
        "brand_loyalty": people.brand_loyalty,
        "price_tier": people.price_tier,
        "dropout_per_day": people.dropout_per_day,
        "fatigue_factor": people.fatigue_factor,
        "is_staff": people.is_staff,
    }
    days = ["joined_day", "moved_day", "new_name_day", "new_phone_day"]
    frame = systems.identities.with_columns(**traits)
    dates = [pl.col(name).cast(pl.Int32).cast(pl.Date).alias(name.replace("_day", "_date")) for name in days]
    return frame.with_columns(dates).drop(days).sort("person")


def _summary(scenario: Scenario, recorder: Recorder) -> HistorySummary:
    return HistorySummary(
        scenario=scenario,
        file_count=recorder.file_count,
        row_count=recorder.row_count,
        byte_count=recorder.byte_count,
        fault_count=recorder.fault_count,
        last_day=to_date(recorder.world.state.day - 1),
        is_new=True,
    )


def _fingerprint(scenario: Scenario) -> str:
    return hashlib.sha256(scenario.model_dump_json().encode()).hexdigest()


def _receipt(scenario: Scenario, summary: HistorySummary | None) -> dict[str, Any]:
    counts = ("file_count", "row_count", "byte_count", "fault_count")
    return {
        "scenario": scenario.name,
        "seed": scenario.seed,
        "scenario_sha256": _fingerprint(scenario),
        "is_complete": summary is not None,
        **({name: getattr(summary, name) for name in counts} if summary else {}),
    }


def history_there(scenario: Scenario, home: Path) -> HistorySummary | None:
    """The summary of a scenario's history that a home has already; None if it is to be made.

    Raises    ContractError if landing holds files of anything else.
    """
    landing, receipt = home / "landing", home / "landing" / RECEIPT
    found = [path.name for path in sorted(landing.iterdir())] if landing.exists() else []
    if not found:
        return None
    known = json.loads(receipt.read_text(encoding="utf-8")) if receipt.exists() else {}
    if known.get("scenario_sha256") != _fingerprint(scenario):
        there = f"{known['scenario']} with seed {known['seed']}" if known else ", ".join(found[:4])
        raise ContractError(
            f"{landing}: expected it empty or with this very world ({scenario.name}, seed {scenario.seed}), "
            f"found {there}. Landing is never overwritten: choose another folder with --home."
        )
    if not known["is_complete"]:
        return None
    last = to_date(scenario.first_day_number + scenario.days - 1)
    counts = {name: known[name] for name in ("file_count", "row_count", "byte_count", "fault_count")}
    return HistorySummary(scenario=scenario, last_day=last, is_new=False, **counts)
