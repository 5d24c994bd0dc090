import subprocess
import sys
from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from ml.features.source import open_facts
from ml.models.card import release_row
from ml.models.evaluation import metric_of
from ml.models.fingerprint import training_fingerprint
from ml.models.rows import gather_rows
from ml.models.scoring import SCORES, score_model, score_models
from ml.models.spec import CATEGORY_PURCHASE, LAPSE, SPECS
from ml.models.training import train_model, train_models
from tests.builders.shopping import (
    AS_OF,
    OBSERVED,
    PLANTED_PERSONS,
    facts,
    planted,
    planted_release,
    planted_source,
    row,
    simulate,
)


def test_a_planted_habit_is_found_and_the_chances_are_right():
    trained = planted_release()
    assert trained.scored_by == "model"
    scored = score_model(trained, planted_source(), threads=2)
    known = scored.join(planted().chance_in(28), on=["person_id", "target"], how="inner", maintain_order="left")
    assert known.height == 4 * PLANTED_PERSONS
    deciles = known.with_columns(decile=(pl.col("score").rank("ordinal") - 1) * 10 // known.height)
    gap = deciles.group_by("decile").agg(pl.col("score").mean() - pl.col("truth").mean())["score"]
    # one calibration panel of 1,600 yes-or-no rows: a tenth of it has a standard error of .04 by itself
    assert gap.abs().max() < 0.08
    assert abs(known["score"].mean() - known["truth"].mean()) < 0.03
    by_baseline = score_model(replace(trained, scored_by="baseline"), planted_source(), threads=2)["score"]
    assert scored.height == known.height  # so the rows of both stand in the same order
    missed = (known["score"] - known["truth"]).abs().mean()
    assert missed < 0.9 * (by_baseline - known["truth"]).abs().mean()


def test_where_the_past_says_nothing_the_baseline_scores():
    source = open_facts(simulate(300, spread=0.0, seed=5).facts, AS_OF)
    trained = train_model(CATEGORY_PURCHASE, source, observed_through=OBSERVED, seed=3, threads=2)
    assert trained.scored_by == "baseline"
    assert "does not beat" in trained.reason
    assert score_model(trained, source, threads=2)["scored_by"].unique().to_list() == ["baseline"]
    assert score_model(trained, source, threads=2)["score"].is_between(0, 1).all()


def test_ten_households_get_a_baseline_and_a_reason():
    small = simulate(10, spread=0.5, seed=6)
    models = train_models(small.facts, as_of_date=AS_OF, observed_through=OBSERVED, seed=3, threads=2)
    assert sorted(models) == sorted(spec.name for spec in SPECS)
    for trained in models.values():
        assert (trained.scored_by, trained.booster) == ("baseline", None)
        assert "need 200 persons" in trained.reason
    scores = score_models(models, open_facts(small.facts, AS_OF), threads=2)
    assert sorted(scores["model_name"].unique()) == sorted(models)
    assert scores["score"].is_finite().all()


def test_a_retailer_s_first_day_gives_no_score_and_says_why():
    for shop in (facts(), facts(lines=[row("lines")])):
        models = train_models(shop, as_of_date=AS_OF, observed_through=OBSERVED, seed=3, threads=1)
        assert all("no outcome is complete yet" in trained.reason for trained in models.values())
        scores = score_models(models, open_facts(shop, AS_OF), threads=1)
        assert scores.is_empty()
        assert scores.schema == pl.Schema(SCORES)


def test_a_model_is_learned_from_what_was_known_on_its_day():
    day, observed = date(2017, 10, 31), date(2017, 10, 30)
    shop = planted().facts
    everybody = shop.lines.sort("person_id", "ordered_date").unique("person_id", keep="first", maintain_order=True)
    late = everybody.with_columns(
        order_id=pl.lit("late"), ordered_date=pl.lit(date(2017, 10, 10)), known_date=pl.lit(day)
    )
    with_late = replace(shop, lines=pl.concat([shop.lines, late]))

    def version(known):
        source = open_facts(known, day)
        return train_model(LAPSE, source, observed_through=observed, seed=3, threads=2).version

    assert version(with_late) == version(shop.before(day))


def test_the_labels_of_a_split_are_over_before_the_next_begins():
    splits = {split.name: split.panels for split in planted_release().splits}
    assert max(p.label_end for p in splits["train"]) <= splits["calibration"][0].as_of_date
    assert splits["calibration"][0].label_end <= splits["test"][0].as_of_date
    assert splits["test"][0].label_end <= OBSERVED
    assert planted_release().trained_through_date == splits["calibration"][0].label_end


def test_the_test_panel_chooses_nothing_but_who_scores():
    shop = planted().facts
    begin = planted_release().splits[2].panels[0].as_of_date
    swapped = pl.format(
        "p{}", (PLANTED_PERSONS - 1 - pl.col("person_id").str.slice(1).cast(pl.Int64)).cast(pl.String).str.zfill(4)
    )
    changed = pl.when(pl.col("ordered_date") >= begin).then(swapped).otherwise("person_id")
    other = replace(shop, lines=shop.lines.with_columns(person_id=changed))
    retrained = train_model(CATEGORY_PURCHASE, open_facts(other, AS_OF), observed_through=OBSERVED, seed=3, threads=2)
    assert retrained.scored_by == "baseline"  # in the test window everyone shops as somebody else
    mine = planted_release()
    assert retrained.booster == mine.booster
    assert (retrained.calibration, retrained.baselines) == (mine.calibration, mine.baselines)


def test_the_release_row_states_the_two_numbers_that_decided():
    release = release_row(planted_release())
    assert release["metric_name"] == "log_loss"
    assert release["metric_value"] < release["baseline_value"]


def test_every_judged_number_has_an_interval_around_it():
    metrics = planted_release().metrics
    assert set(metrics["scorer"]) >= {"model", "last_period_frequency", "popularity"}
    judged = metrics.filter(pl.col("metric") == "log_loss")
    assert (judged["low"] <= judged["value"]).all()
    assert (judged["value"] <= judged["high"]).all()
    assert metric_of(metrics, "model", "log_loss")["value"] < 0.6


def test_lapse_is_asked_only_of_people_who_ordered_lately():
    rows = gather_rows(LAPSE, planted_source(), OBSERVED)
    assert rows.test is not None
    assert (rows.test["order_count_28d"] > 0).all()


def test_the_fingerprint_sees_a_cent_and_no_row_order():
    shop = planted().facts

    def fingerprint(lines, seed=3):
        source = open_facts(replace(shop, lines=lines), AS_OF)
        return training_fingerprint(source, observed_through=OBSERVED, seed=seed)

    mine = fingerprint(shop.lines)
    assert fingerprint(shop.lines.sample(fraction=1, shuffle=True, seed=1)) == mine
    cent = pl.col("net_sales_cents") + (pl.int_range(pl.len()) == 0).cast(pl.Int64)
    assert fingerprint(shop.lines.with_columns(cent)) != mine
    assert fingerprint(shop.lines, seed=4) != mine


PROGRAM = """
from tests.builders.shopping import planted_release, planted_source
from ml.models.scoring import score_model
import hashlib
trained = planted_release()
scores = score_model(trained, planted_source(), threads=2).write_csv()
print(trained.version, hashlib.sha256(trained.booster).hexdigest(), hashlib.sha256(scores.encode()).hexdigest())
"""


@pytest.mark.parametrize("engine_threads", [1])
def test_one_thread_and_two_give_the_same_bytes(engine_threads):
    one = train_model(CATEGORY_PURCHASE, planted_source(), observed_through=OBSERVED, seed=3, threads=1)
    assert one.version == planted_release().version
    environment = {
        "POLARS_MAX_THREADS": str(engine_threads),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": ".",
    }
    child = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    here = {}
    exec(PROGRAM.replace("print(", "found = ("), here)
    assert child.stdout.split() == list(here["found"])
