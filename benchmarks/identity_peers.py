"""Splink as an experienced user would set it up, for any columns with roles: the peer of `nightmarket resolve`.

The threshold of the stated result is .95, fixed before anything was measured; .5 and .99 are reported beside it.
"""

import logging
import os
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import duckdb
import polars as pl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from benchmarks.identity_clean import standardise
from benchmarks.identity_settings import (
    blocking_rules,
    comparisons_apart,
    comparisons_joined,
    deterministic_rules,
    training_rules,
)

CONFIGURATIONS = {"apart": comparisons_apart, "joined": comparisons_joined}
STATED, OTHERS = 0.95, (0.5, 0.99)
SEED = 1


@dataclass(slots=True)
class Outcome:
    """persons: threshold -> frame of record_id and person_id; wall and cpu: seconds by step."""

    persons: dict[float, pl.DataFrame] = field(default_factory=dict)
    wall: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    rules: list[str] = field(default_factory=list)

    def timed(self, step: str, work: Callable[[], object]) -> object:
        """The result of `work`, its wall and processor seconds noted under `step`."""
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        self.wall[step] = time.perf_counter() - wall
        self.cpu[step] = time.process_time() - cpu
        return result


def connect(*, threads: int, memory: str) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection in memory with its share of the machine; Splink's talk is silenced."""
    talk = logging.getLogger("splink")  # a handler of its own keeps Splink from adding one that prints
    talk.propagate, talk.handlers = False, [logging.NullHandler()]
    warnings.filterwarnings("ignore", module="splink")
    os.environ["TQDM_DISABLE"] = "1"
    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads}; SET memory_limit = '{memory}'; SET enable_progress_bar = false")
    return connection


def load(connection: duckdb.DuckDBPyConnection, frame: pl.DataFrame) -> None:
    """The frame as table `records` of the connection."""
    connection.register("given", frame.to_arrow())
    connection.execute("create table records as select * from given").fetchall()
    connection.unregister("given")


def _train(linker: Linker, has: set[str]) -> None:
    linker.training.estimate_probability_two_random_records_match(deterministic_rules(has), recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=5e6, seed=SEED)
    for rule in training_rules(has):
        linker.training.estimate_parameters_using_expectation_maximisation(rule, estimate_without_term_frequencies=True)


def clusters_at(linker: Linker, links: object, threshold: float) -> pl.DataFrame:
    """Connected components of the links at or above the threshold: record_id, person_id, sorted."""
    found = linker.clustering.cluster_pairwise_predictions_at_threshold(links, threshold_match_probability=threshold)
    frame = found.as_duckdbpyrelation().select("record_id, cluster_id as person_id").pl()
    return frame.sort("record_id")


def run_splink(
    frame: pl.DataFrame,
    roles: dict[str, str],
    *,
    configuration: str = "joined",
    threads: int = 2,
    memory: str = "8GB",
    others: bool = True,
) -> Outcome:
    """Careful Splink with connected components.

    Takes     frame: record_id and columns; roles: column -> role;
              configuration: "apart" (one comparison per column, as in Splink's demonstrations) or "joined" (postcode,
              city and region together, as Splink's guide advises for columns that repeat each other).
    Returns   Outcome with persons at .95 and, if `others`, at .5 and .99.
    """
    outcome, connection = Outcome(), connect(threads=threads, memory=memory)
    records = standardise(frame, roles)
    has = set(records.columns) - {"record_id", "whole_name"}
    load(connection, records)
    has_letters = "postcode" in has and bool(records["postcode"].drop_nulls().str.contains("[a-z]").mean() > 0.5)
    rules = outcome.timed("block", lambda: blocking_rules(connection, has, len(records)))
    outcome.rules = [" & ".join(rule) for rule in rules]
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        comparisons=CONFIGURATIONS[configuration](has, has_letters=has_letters),
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in rules],
        retain_matching_columns=False,
    )
    linker = Linker(DuckDBAPI(connection).register(connection.table("records")), settings)
    outcome.timed("train", lambda: _train(linker, has))
    lowest = min([STATED, *(OTHERS if others else ())])
    links = outcome.timed("predict", lambda: linker.inference.predict(threshold_match_probability=lowest))
    outcome.persons[STATED] = outcome.timed("cluster", lambda: clusters_at(linker, links, STATED))
    for threshold in OTHERS if others else ():
        outcome.persons[threshold] = clusters_at(linker, links, threshold)
    connection.close()
    return outcome
