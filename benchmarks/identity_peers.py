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
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from benchmarks.identity_clean import standardise

STATED, OTHERS = 0.95, (0.5, 0.99)
SEED = 1
PAIRS_PER_RECORD = 40  # a blocking rule that makes more pairs than this is narrowed or left out


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


def _load(connection: duckdb.DuckDBPyConnection, frame: pl.DataFrame) -> None:
    connection.register("given", frame.to_arrow())
    connection.execute("create table records as select * from given").fetchall()
    connection.unregister("given")


def _names(has: set[str]) -> list[object]:
    if {"given_name", "family_name"} <= has:
        return [
            cl.ForenameSurnameComparison("given_name", "family_name", forename_surname_concat_col_name="whole_name")
        ]
    return [cl.NameComparison(name) for name in ("given_name", "family_name") if name in has]


def _birth(has: set[str]) -> list[object]:
    if "birth_date" in has:
        return [cl.DateOfBirthComparison("birth_date", input_is_string=True)]
    return [cl.LevenshteinAtThresholds("birth_year", 1)] if "birth_year" in has else []


def _place(has: set[str], has_letters: bool) -> list[object]:
    found: list[object] = []
    if "postcode" in has and has_letters:
        found.append(cl.PostcodeComparison("postcode"))
    elif "postcode" in has:
        found.append(cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(term_frequency_adjustments=True))
    for name in ("street", "address_2"):
        if name in has:
            found.append(cl.JaroWinklerAtThresholds(name, [0.9, 0.8]).configure(term_frequency_adjustments=True))
    for name in ("city", "birth_place"):
        if name in has:
            found.append(cl.JaroWinklerAtThresholds(name, [0.9]).configure(term_frequency_adjustments=True))
    if "street_number" in has:
        found.append(cl.LevenshteinAtThresholds("street_number", 1).configure(term_frequency_adjustments=True))
    return found


def _other(has: set[str]) -> list[object]:
    found: list[object] = []
    if "email" in has:
        found.append(cl.EmailComparison("email"))
    if "phone" in has:
        found.append(cl.LevenshteinAtThresholds("phone", [1, 2]).configure(term_frequency_adjustments=True))
    for name in ("loyalty_id", "account_id", "device_id"):
        if name in has:
            found.append(cl.ExactMatch(name))
    for name in ("region", "gender", "occupation"):
        if name in has:
            found.append(cl.ExactMatch(name).configure(term_frequency_adjustments=True))
    return found


WIDE = [("family_name",), ("given_name",), ("birth_date",), ("postcode",)]  # as the FEBRL demonstrations block
NARROW = [
    ("given_name", "family_name"),
    ("substr(given_name,1,3)", "substr(family_name,1,4)"),
    ("given_name", "birth_date"),
    ("family_name", "birth_date"),
    ("email",),
    ("phone",),
    ("loyalty_id",),
    ("birth_date", "postcode"),
    ("birth_date", "birth_place"),
    ("substr(postcode,1,3)", "birth_date"),
    ("postcode", "given_name"),
    ("postcode", "family_name"),
    ("street", "street_number"),
    ("street", "postcode"),
    ("substr(given_name,1,2)", "substr(family_name,1,2)", "substr(birth_date,1,4)"),
]
MOST_RULES = 10


def _column(expression: str) -> str:
    return expression[expression.find("(") + 1 :].split(",")[0] if "(" in expression else expression


def _pairs(connection: duckdb.DuckDBPyConnection, rule: tuple[str, ...]) -> int:
    known = " and ".join(f"{part} is not null" for part in rule)
    sizes = f"select count(*) as n from records where {known} group by {', '.join(rule)}"
    found = connection.execute(f"select coalesce(sum(n * (n - 1) // 2), 0)::bigint from ({sizes})").fetchall()
    return int(found[0][0])


def blocking_rules(connection: duckdb.DuckDBPyConnection, has: set[str], records: int) -> list[tuple[str, ...]]:
    """Rules over present columns whose pairs were counted and are affordable; the wide ones first, as in the demos."""
    kept: list[tuple[str, ...]] = []
    for rule in [*WIDE, *NARROW]:
        if not {_column(part) for part in rule} <= has:
            continue
        implied = any(set(wide) <= set(rule) for wide in kept)
        if not implied and 0 < _pairs(connection, rule) <= PAIRS_PER_RECORD * records:
            kept.append(rule)
    return kept[:MOST_RULES]


def _deterministic(has: set[str]) -> list[object]:
    rules = [("given_name", "family_name", "birth_date"), ("given_name", "family_name", "postcode"), ("email",)]
    rules += [("birth_date", "postcode", "substr(given_name,1,2)"), ("loyalty_id",)]
    return [block_on(*rule) for rule in rules if {_column(part) for part in rule} <= has]


def _training(has: set[str]) -> list[object]:
    rules = [("given_name", "family_name"), ("birth_date",), ("postcode", "family_name"), ("email",)]
    if "birth_date" not in has:
        rules[1] = ("postcode", "street")
    return [block_on(*rule) for rule in rules if set(rule) <= has][:3]


def _train(linker: Linker, has: set[str]) -> None:
    linker.training.estimate_probability_two_random_records_match(_deterministic(has), recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=5e6, seed=SEED)
    for rule in _training(has):
        linker.training.estimate_parameters_using_expectation_maximisation(rule, estimate_without_term_frequencies=True)


def _clusters(linker: Linker, links: object, threshold: float) -> pl.DataFrame:
    found = linker.clustering.cluster_pairwise_predictions_at_threshold(links, threshold_match_probability=threshold)
    frame = found.as_duckdbpyrelation().select("record_id, cluster_id as person_id").pl()
    return frame.sort("record_id")


def run_splink(
    frame: pl.DataFrame, roles: dict[str, str], *, threads: int = 2, memory: str = "8GB", others: bool = True
) -> Outcome:
    """Careful Splink with connected components.

    Takes     frame: record_id and columns; roles: column -> role.
    Returns   Outcome with persons at .95 and, if `others`, at .5 and .99.
    """
    outcome, connection = Outcome(), connect(threads=threads, memory=memory)
    records = standardise(frame, roles)
    has = set(records.columns) - {"record_id", "whole_name"}
    _load(connection, records)
    has_letters = "postcode" in has and bool(records["postcode"].drop_nulls().str.contains("[a-z]").mean() > 0.5)
    rules = outcome.timed("block", lambda: blocking_rules(connection, has, len(records)))
    outcome.rules = [" & ".join(rule) for rule in rules]
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        comparisons=[*_names(has), *_birth(has), *_place(has, has_letters), *_other(has)],
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in rules],
        retain_matching_columns=False,
    )
    linker = Linker(DuckDBAPI(connection).register(connection.table("records")), settings)
    outcome.timed("train", lambda: _train(linker, has))
    lowest = min([STATED, *(OTHERS if others else ())])
    links = outcome.timed("predict", lambda: linker.inference.predict(threshold_match_probability=lowest))
    outcome.persons[STATED] = outcome.timed("cluster", lambda: _clusters(linker, links, STATED))
    for threshold in OTHERS if others else ():
        outcome.persons[threshold] = _clusters(linker, links, threshold)
    connection.close()
    return outcome


def run_tutorial(frame: pl.DataFrame, *, threads: int = 2) -> pl.DataFrame:
    """Splink's own quick start for fake_1000 (version 5.0), unchanged: record_id, person_id at .95.

    Takes     record_id, first_name, surname, dob (text), city, email.
    """
    connection = connect(threads=threads, memory="2GB")
    _load(connection, frame.with_columns(pl.col("dob").str.to_date("%Y-%m-%d", strict=False)))
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        comparisons=[
            cl.JaroWinklerAtThresholds("first_name", [0.9, 0.7]),
            cl.JaroAtThresholds("surname", [0.9, 0.7]),
            cl.DateOfBirthComparison(
                "dob", input_is_string=False, datetime_metrics=["year", "month"], datetime_thresholds=[1, 1]
            ),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.EmailComparison("email"),
        ],
        blocking_rules_to_generate_predictions=[block_on("first_name"), block_on("surname")],
    )
    linker = Linker(DuckDBAPI(connection).register(connection.table("records")), settings)
    linker.training.estimate_probability_two_random_records_match([block_on("first_name", "surname")], recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=SEED)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("first_name", "surname"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("dob"))
    links = linker.inference.predict(threshold_match_weight=-10)
    return _clusters(linker, links, STATED)
