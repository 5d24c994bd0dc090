from dataclasses import replace

import polars as pl
import pytest

from ml.errors import ContractError
from ml.features.registry import PERSON_FEATURES
from ml.models.drift import feature_drift, learn_reference
from ml.models.promotion import compare_challenger
from ml.models.scoring import population_drift
from tests.builders.shopping import AS_OF, planted_release, planted_source


def people(low=0, high=1000, homes="Renter"):
    return pl.DataFrame({"spend": [float(i) for i in range(low, high)], "home": [homes] * (high - low)})


def drift(now):
    categories = {"home": ("Owner", "Renter")}
    reference = learn_reference(people(), ["spend", "home"], categories)
    return {row["feature"]: row for row in feature_drift(reference, now, categories).rows(named=True)}


def test_the_same_people_have_not_drifted():
    assert {row["verdict"] for row in drift(people()).values()} == {"stable"}
    assert drift(people())["spend"]["stability_index"] == 0


def test_people_who_spend_more_have_shifted():
    assert drift(people(500, 1500))["spend"]["verdict"] == "shifted"


def test_a_new_kind_of_home_and_a_missing_one_are_seen():
    assert drift(people(homes="Houseboat"))["home"]["verdict"] == "shifted"
    missing = drift(people().with_columns(home=pl.lit(None, pl.String)))["home"]
    assert (missing["verdict"], missing["missing_rate_now"]) == ("shifted", 1.0)


@pytest.mark.parametrize("count", [0, 10])
def test_a_handful_of_people_says_nothing_about_drift(count):
    assert drift(people(0, count))["spend"]["verdict"] == "too_few_rows"


def test_every_feature_of_persons_that_a_release_reads_is_watched():
    table = population_drift(planted_release(), planted_source())
    of_persons = {feature.name for feature in PERSON_FEATURES}
    assert sorted(table["feature"]) == sorted(of_persons & set(planted_release().features))
    assert table["row_count"].unique().to_list() == [planted_source().persons(AS_OF).height]


def compare(champion, challenger):
    return compare_challenger(champion, challenger, planted_source(), seed=1, threads=2)


def test_a_challenger_as_good_as_the_champion_is_promoted_and_a_worse_one_is_not():
    good = planted_release()
    worse = replace(good, scored_by="baseline", fallback="popularity")
    assert compare(good, good).is_promoted
    assert compare(worse, good).is_promoted
    assert not compare(good, worse).is_promoted


def test_an_unjudged_challenger_does_not_replace_a_judged_champion():
    judged = planted_release()
    assert not compare(judged, replace(judged, splits=judged.splits[:2])).is_promoted


def test_a_champion_that_has_learned_from_the_test_panel_stays_and_says_why():
    challenger = planted_release()
    later = replace(challenger, trained_through_date=challenger.as_of_date)
    compared = compare(later, challenger)
    assert not compared.is_promoted
    assert "no fair comparison" in compared.reason


def test_releases_of_different_models_are_not_compared():
    challenger = planted_release()
    with pytest.raises(ContractError, match="two releases of one model"):
        compare(replace(challenger, name="lapse_28d"), challenger)
