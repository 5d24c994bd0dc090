"""Public sets of made-up people with known truth: FEBRL 1 to 3, and fake_1000 beside Splink's own tutorial."""

import logging
from pathlib import Path

import polars as pl
import pytest
import splink.comparison_library as cl
from splink import ColumnExpression, DuckDBAPI, Linker, SettingsCreator, block_on

from ml.identity.roles import Role
from tests.builders.people import persons_by_record, precision_and_f1, resolved

DATA = Path(__file__).parents[3] / "../shared/data"
FEBRL = {
    "given_name": "given_name",
    "family_name": "surname",
    "street_number": "street_number",
    "street": "address_1",
    "address_2": "address_2",
    "city": "suburb",
    "postcode": "postcode",
    "region": "state",
    "birth_date": "date_of_birth",
}
FAKE = {"given_name": "first_name", "family_name": "surname", "birth_date": "dob", "city": "city", "email": "email"}
present = pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are absent")


def anonymous(frame, truth):
    """The rows in random order under random ids, and the true person by id: neither tells anything."""
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=23)
    ids = pl.int_range(frame.height, eager=True).shuffle(seed=24).cast(pl.String).str.zfill(5)
    shuffled = shuffled.with_columns(record_id=ids)
    return shuffled.drop(truth), dict(shuffled.select("record_id", truth).iter_rows())


def found_by_engine(frame, columns):
    roles = tuple(Role(role, column) for role, column in columns.items())
    return persons_by_record(resolved(frame, roles).persons)


def found_by_tutorial(frame, thresholds):
    """Splink's tutorial for fake_1000, settings as published; record -> person per threshold."""
    talk = logging.getLogger("splink")
    talk.propagate, talk.handlers = False, [logging.NullHandler()]
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        comparisons=[
            cl.NameComparison("first_name"),
            cl.NameComparison("surname"),
            cl.LevenshteinAtThresholds(ColumnExpression("dob").cast_to_string(), 1),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.EmailComparison("email"),
        ],
        blocking_rules_to_generate_predictions=[block_on("first_name", "city"), block_on("surname")],
    )
    database = DuckDBAPI()
    linker = Linker(database.register(frame.to_arrow()), settings)
    sure = [
        block_on("first_name", "dob"),
        "l.first_name = r.first_name and levenshtein(r.surname, l.surname) <= 2",
        block_on("email"),
    ]
    train = linker.training
    train.estimate_probability_two_random_records_match(sure, recall=0.7)
    train.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    for rule in (block_on("first_name", "surname"), block_on("dob")):
        train.estimate_parameters_using_expectation_maximisation(rule)
    links = linker.inference.predict(threshold_match_weight=-10)
    found = {}
    for at in thresholds:
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(links, threshold_match_probability=at)
        found[at] = dict(clusters.as_duckdbpyrelation().select("record_id, cluster_id").fetchall())
    return found


@present
@pytest.mark.parametrize(("number", "least"), [(1, 0.997), (2, 0.996), (3, 0.996)])
def test_febrl_persons_are_found(number, least):
    frame = pl.read_parquet(DATA / "febrl" / f"febrl{number}.parquet")
    records, truth = anonymous(frame.drop("rec_id", "soc_sec_id"), "entity_id")
    precision, f1 = precision_and_f1(truth, found_by_engine(records, FEBRL))
    assert f1 >= least
    assert precision >= least


@present
def test_fake_1000_is_read_at_least_as_well_as_by_the_tutorial_of_splink():
    frame = pl.read_csv(DATA / "splink_fake" / "fake_1000.csv", infer_schema=False)
    records, truth = anonymous(frame.drop("unique_id"), "cluster")
    engine = precision_and_f1(truth, found_by_engine(records, FAKE))
    tutorial = found_by_tutorial(records, (0.2, 0.5, 0.95))  # .2 is the tutorial's own
    for persons in tutorial.values():
        assert engine[1] >= precision_and_f1(truth, persons)[1]
