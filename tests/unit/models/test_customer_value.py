"""The night's customer value is the value engine: what it reads, how it is kept, and who answers where it cannot."""

from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import polars as pl
import pytest

from ml.errors import ContractError
from ml.features.source import open_facts
from ml.models.customer_value import order_days, predict_customer_value
from ml.models.evaluation import metric_of
from ml.models.promotion import compare_challenger
from ml.models.scoring import score_model
from ml.models.spec import VALUE
from ml.models.store import load_model, save_model
from ml.models.training import train_model
from ml.value.predict import fit_value, predict_value
from tests.builders.shopping import AS_OF, OBSERVED, facts, planted, planted_source, row


@cache
def released(threads=2):
    return train_model(VALUE, planted_source(), observed_through=OBSERVED, seed=3, threads=threads)


def test_the_engine_beats_both_baselines_on_planted_habits():
    trained = released()
    assert trained.scored_by == "model"
    ratio = metric_of(trained.metrics, "model", "sum_ratio")["value"]
    assert ratio == pytest.approx(1.0, abs=0.07)


def test_the_score_is_what_the_engine_says_of_the_same_transactions():
    source, trained = planted_source(), released()
    day = trained.trained_through_date
    lines = source.summaries.days.filter((pl.col("ordered_date") < day) & (pl.col("known_date") < day))
    rows = lines.select(
        customer_id=pl.col("person_id").cast(pl.String),
        day=pl.col("ordered_date").cast(pl.Int32),
        amount=pl.col("net_sales_cents") / 100,
    )
    days = order_days(source, day)
    assert days.amount.sum() == pytest.approx(rows["amount"].sum())
    number = (day - timedelta(days=1) - date(1970, 1, 1)).days  # the day before was not delivered
    again = fit_value(days, day=number, horizon_days=91, seed=3, threads=1)
    assert again == trained.customer_value
    people = source.persons(day)
    mine = predict_customer_value(again, source, people, unseen_days=1, threads=1)
    engine = pl.concat(list(predict_value(again, days, threads=1)))
    both = people.select("person_id").with_columns(mine=mine)
    both = both.join(engine, left_on="person_id", right_on="customer_id", validate="1:1")
    assert both["mine"].equals(both["expected_value_amount"], check_names=False)


def test_a_release_of_the_engine_is_the_same_when_read_back(tmp_path):
    save_model(released(), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} >= {"value.json", "card.md"}
    loaded = load_model(tmp_path)
    assert loaded.version == released().version
    assert loaded.customer_value == released().customer_value
    source = planted_source()
    assert score_model(loaded, source, threads=2).equals(score_model(released(), source, threads=2))


def test_a_release_of_the_engine_changed_by_hand_is_refused(tmp_path):
    save_model(released(), tmp_path)
    document = (tmp_path / "value.json").read_text(encoding="utf-8")
    (tmp_path / "value.json").write_text(document.replace('"unit": ', '"unit": 1'), encoding="utf-8")
    with pytest.raises(ContractError, match="changed after the release"):
        load_model(tmp_path)
    (tmp_path / "value.json").unlink()
    with pytest.raises(ContractError, match="changed after the release"):
        load_model(tmp_path)


def test_one_thread_and_two_release_the_same_version():
    assert released(threads=1).version == released(threads=2).version


def test_what_was_known_later_changes_no_release():
    shop, day = planted().facts, released().trained_through_date
    late = shop.lines.filter(pl.col("ordered_date") < day - timedelta(days=20)).head(500)
    late = late.with_columns(
        order_id=pl.format("late-{}", "order_id"), known_date=pl.lit(day), net_sales_cents=pl.lit(99_999, pl.Int64)
    )
    source = open_facts(replace(shop, lines=pl.concat([shop.lines, late])), AS_OF)
    again = train_model(VALUE, source, observed_through=OBSERVED, seed=3, threads=2)
    assert again.customer_value == released().customer_value


def test_of_a_person_without_an_order_the_baseline_speaks_and_says_so():
    stranger = facts(contacts=[row("contacts", person_id="stranger")])
    shop = planted().facts
    contacts = pl.concat([shop.contacts, stranger.contacts])
    scores = score_model(released(), open_facts(replace(shop, contacts=contacts), AS_OF), threads=2)
    found = scores.filter(person_id="stranger")
    assert found["scored_by"].to_list() == ["baseline"]
    assert found["score"].item() >= 0
    assert scores.filter(pl.col("person_id") != "stranger")["scored_by"].unique().to_list() == ["model"]


def test_a_challenger_of_the_engine_is_compared_on_its_test_panel():
    compared = compare_challenger(released(), released(), planted_source(), seed=1, threads=2)
    assert compared.is_promoted
    later = replace(released(), trained_through_date=AS_OF)
    assert "no fair comparison" in compare_challenger(later, released(), planted_source(), seed=1, threads=2).reason
