"""Splink's own settings for its set fake_1000, unchanged: its quick start and its tutorial."""

import polars as pl
import splink.comparison_library as cl
from splink import ColumnExpression, DuckDBAPI, Linker, SettingsCreator, block_on

from benchmarks.identity_peers import SEED, clusters_at, connect, load

Settings = tuple[list[object], list[object]]


def _quick_start() -> Settings:
    comparisons = [
        cl.JaroWinklerAtThresholds("first_name", [0.9, 0.7]),
        cl.JaroAtThresholds("surname", [0.9, 0.7]),
        cl.DateOfBirthComparison(
            "dob", input_is_string=False, datetime_metrics=["year", "month"], datetime_thresholds=[1, 1]
        ),
        cl.ExactMatch("city").configure(term_frequency_adjustments=True),
        cl.EmailComparison("email"),
    ]
    return comparisons, [block_on("first_name"), block_on("surname")]


def _tutorial() -> Settings:
    comparisons = [
        cl.NameComparison("first_name"),
        cl.NameComparison("surname"),
        cl.LevenshteinAtThresholds(ColumnExpression("dob").cast_to_string(), 1),
        cl.ExactMatch("city").configure(term_frequency_adjustments=True),
        cl.EmailComparison("email"),
    ]
    return comparisons, [block_on("first_name", "city"), block_on("surname")]


def _run(frame: pl.DataFrame, settings: Settings, sure: list[object], *, pairs: float, threads: int) -> tuple:
    connection = connect(threads=threads, memory="2GB")
    load(connection, frame.with_columns(pl.col("dob").str.to_date("%Y-%m-%d", strict=False)))
    comparisons, blocking = settings
    creator = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=blocking,
    )
    linker = Linker(DuckDBAPI(connection).register(connection.table("records")), creator)
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=pairs, seed=SEED)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("first_name", "surname"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("dob"))
    return linker, linker.inference.predict(threshold_match_weight=-10)


def run_tutorials(frame: pl.DataFrame, *, threads: int = 2) -> dict[str, pl.DataFrame]:
    """What Splink's two introductions find in fake_1000.

    Takes     record_id, first_name, surname, dob (text), city, email.
    Returns   frames of record_id, person_id: the quick start at its .95, the tutorial at its own .2 and at .95.
    """
    linker, links = _run(frame, _quick_start(), [block_on("first_name", "surname")], pairs=1e6, threads=threads)
    found = {"quick start .95": clusters_at(linker, links, 0.95)}
    near = "l.first_name = r.first_name and levenshtein(r.surname, l.surname) <= 2"
    sure = [block_on("first_name", "dob"), near, block_on("email")]
    linker, links = _run(frame, _tutorial(), sure, pairs=2e6, threads=threads)
    return found | {f"tutorial {at}": clusters_at(linker, links, at) for at in (0.2, 0.95)}
