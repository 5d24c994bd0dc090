"""The universal holdout: drawn once, by hash, and kept through merges, splits and changes of share."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import polars as pl

from ml.decisioning.assignment import assign, bucket, current_arms
from ml.decisioning.policy import load_policy
from tests.builders.decisioning import NIGHT, seed_tables

HOLDOUT = load_policy(seed_tables()).holdout


def people(*pairs):
    return pl.DataFrame(pairs, schema={"person_id": pl.String, "lineage_root": pl.String}, orient="row")


def crowd(count):
    return people(*[(f"p{n}", f"p{n}") for n in range(count)])


def test_the_bucket_can_be_computed_by_anybody():
    # printf 'nightmarket-2017:p1' | md5sum
    assert bucket("nightmarket-2017", "p1") == int("1833a87e", 16) / 2**32


def test_about_a_tenth_is_held_out():
    held = assign(crowd(20_000), None, experiment=HOLDOUT, as_of_date=NIGHT).filter(arm="holdout").height
    assert 1_870 < held < 2_130  # 3 standard deviations of a fair draw


def test_an_earlier_arm_wins_even_if_the_share_changes():
    first = assign(crowd(500), None, experiment=HOLDOUT, as_of_date=NIGHT)
    wider = replace(HOLDOUT, holdout_share=Decimal("0.9"))
    later = date(2018, 1, 2)
    new = assign(crowd(501), first, experiment=wider, as_of_date=later)
    assert new["person_id"].to_list() == ["p500"]
    arms = current_arms(crowd(501), first, new, experiment=wider, as_of_date=later)
    assert arms.filter(holdout_arm="holdout").height <= first.filter(arm="holdout").height + 1


def test_who_splits_off_keeps_the_arm_of_the_root():
    first = assign(crowd(200), None, experiment=HOLDOUT, as_of_date=NIGHT)
    root = first.filter(arm="holdout")["person_id"][0]
    nobody_new = replace(HOLDOUT, holdout_share=Decimal(0))
    new = assign(people((root, root), ("new", root)), first, experiment=nobody_new, as_of_date=date(2018, 1, 2))
    assert new.select("person_id", "arm").rows() == [("new", "holdout")]


def test_a_person_without_an_arm_has_none_but_before_the_start_everybody_is_treated():
    nobody = assign(crowd(1), None, experiment=HOLDOUT, as_of_date=date(2016, 1, 1))
    assert nobody.is_empty()
    before = current_arms(crowd(1), None, nobody, experiment=HOLDOUT, as_of_date=date(2016, 1, 1))
    after = current_arms(crowd(1), None, nobody, experiment=HOLDOUT, as_of_date=NIGHT)
    assert (before["holdout_arm"][0], after["holdout_arm"][0]) == ("treated", None)


def test_row_order_and_the_other_people_do_not_matter():
    all_of_them = assign(crowd(50), None, experiment=HOLDOUT, as_of_date=NIGHT)
    backwards = assign(crowd(50).reverse(), None, experiment=HOLDOUT, as_of_date=NIGHT)
    assert all_of_them.equals(backwards)
    alone = assign(people(("p7", "p7")), None, experiment=HOLDOUT, as_of_date=NIGHT)
    assert alone.rows() == all_of_them.filter(person_id="p7").rows()
