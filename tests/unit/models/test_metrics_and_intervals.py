import numpy as np
import polars as pl
import pytest
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from ml.models.evaluation import evaluate, metric_of, model_wins
from ml.models.metrics import amount_metrics, probability_metrics


def rated(n=400, seed=1, ties=False):
    generator = np.random.default_rng(seed)
    truth = generator.random(n)
    score = np.round(truth, 1 if ties else 6)
    return (generator.random(n) < truth).astype(float), np.clip(score, 0.01, 0.99)


@pytest.mark.parametrize("ties", [False, True])
def test_our_metrics_are_the_textbook_s(ties):
    label, score = rated(ties=ties)
    found = probability_metrics(label, score)(np.ones(len(label), dtype=int))
    assert found["auc"] == pytest.approx(roc_auc_score(label, score))
    assert found["average_precision"] == pytest.approx(average_precision_score(label, score))
    assert found["log_loss"] == pytest.approx(log_loss(label, score))
    assert found["sum_ratio"] == pytest.approx(score.sum() / label.sum())


@pytest.mark.parametrize("build", [probability_metrics, amount_metrics])
def test_drawing_a_row_twice_equals_writing_it_twice(build):
    label, score = rated(ties=True)
    weight = np.random.default_rng(2).integers(0, 4, len(label))
    written = build(np.repeat(label, weight), np.repeat(score, weight))(np.ones(weight.sum(), dtype=int))
    drawn = build(label, score)(weight)
    for name in set(drawn) - {"calibration_error"}:  # its bins are those of the rows as they are
        assert drawn[name] == pytest.approx(written[name])


def test_a_constant_score_ranks_nobody():
    label, _ = rated()
    once = np.ones(len(label), dtype=int)
    flat = probability_metrics(label, np.full(len(label), 0.5))(once)
    assert (flat["auc"], flat["top_decile_lift"]) == (pytest.approx(0.5), pytest.approx(1.0))
    assert amount_metrics(label, np.full(len(label), 3.0))(once)["normalised_gini"] == pytest.approx(0.0)


def test_a_perfect_ranking_of_amounts_has_gini_one():
    amounts = np.array([0.0, 1.0, 5.0, 20.0])
    assert amount_metrics(amounts, amounts * 2)(np.ones(4, dtype=int))["normalised_gini"] == pytest.approx(1.0)


def test_rows_with_one_outcome_have_no_auc_and_no_interval():
    table = evaluate(
        np.zeros(30), {"model": np.full(30, 0.1)}, persons(30), kind="probability", primary="log_loss", seed=1
    )
    assert metric_of(table, "model", "auc") == {"value": None, "low": None, "high": None}
    assert metric_of(table, "model", "log_loss")["value"] is not None


def persons(n, rows_each=1):
    return pl.Series([f"p{i // rows_each}" for i in range(n)])


def width(rows_each):
    label, score = rated(400)
    label = np.repeat(label[: 400 // rows_each], rows_each)
    score = np.repeat(score[: 400 // rows_each], rows_each)
    table = evaluate(label, {"model": score}, persons(400, rows_each), kind="probability", primary="log_loss", seed=1)
    found = metric_of(table, "model", "log_loss")
    return found["high"] - found["low"]


def test_ten_equal_rows_of_one_household_are_one_piece_of_evidence():
    assert width(rows_each=10) > 2 * width(rows_each=1)


def compared(gain):
    label, score = rated(600)
    worse = np.clip(score + gain * np.random.default_rng(5).normal(size=600), 0.01, 0.99)
    return evaluate(
        label,
        {"model": score, "popularity": worse},
        persons(600),
        kind="probability",
        primary="log_loss",
        seed=1,
    )


def test_the_model_wins_only_with_the_whole_interval():
    assert model_wins(compared(0.3), "log_loss")
    assert not model_wins(compared(0.0), "log_loss")


def test_the_model_must_beat_every_baseline():
    table = compared(0.3)
    other = table.filter(pl.col("scorer") == "model - popularity").with_columns(
        scorer=pl.lit("model - other"), high=pl.lit(0.001)
    )
    assert not model_wins(pl.concat([table, other]), "log_loss")


def test_without_a_comparison_nobody_wins():
    assert not model_wins(compared(0.3).filter(pl.col("scorer") == "model"), "log_loss")
