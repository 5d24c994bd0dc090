"""Planted effects are found, and what is not there is not."""

import numpy as np
import polars as pl
import pytest

from ml.effect.average import average, single_slopes
from ml.effect.columns import fit_encoder
from ml.effect.crossfit import FOLDS, deal_folds
from ml.effect.policy import Gain, Price, Valued
from ml.effect.pseudo import doubly_robust
from ml.effect.qini import Qini, qini, qini_curve
from ml.effect.trial import Roles
from ml.effect.uplift import measure_uplift
from ml.effect.verdict import CANNOT_TELL, DOES_NOT, HELPS, ArmEvidence, judge
from tests.builders.effect import ROLES, responsive, trial_table


@pytest.fixture(scope="module")
def planted():
    frame = trial_table(4_000, effect=responsive, seed=3)
    return frame, measure_uplift(frame.drop("truth"), ROLES, cost=2.0, value=10.0, threads=1)


def joined(frame, rows):
    """Truth beside answer, in the answer's order."""
    return rows.join(frame.select("person", "truth"), on="person", maintain_order="left")


def test_who_reacts_is_found(planted):
    frame, measured = planted
    both = joined(frame, measured.rows)
    assert np.corrcoef(both["uplift"], both["truth"])[0, 1] > 0.85
    assert both["is_chosen"].eq(both["truth"] > 0.0).mean() > 0.9
    assert measured.report["verdict"] == "targeting helps"


def test_the_chosen_people_bring_what_the_report_says(planted):
    frame, measured = planted
    both = joined(frame, measured.rows)
    worth = (both["truth"] * 10.0 - 2.0) * both["is_chosen"]
    targeted = measured.report["policy"]["policies"][0]
    assert targeted["low"] < worth.mean() < targeted["high"]
    assert worth.mean() > 0.9 * 0.5 * 2.0  # the oracle contacts half of the people and gains 2 by each


def test_standard_errors_hold_the_truth_for_most_people(planted):
    frame, measured = planted
    both = joined(frame, measured.rows)
    held = (both["uplift"] - both["truth"]).abs() <= 1.96 * both["standard_error"]
    assert held.mean() > 0.8
    assert both["standard_error"].min() > 0.0


def test_one_effect_for_everybody_is_no_reason_to_choose():
    frame = trial_table(2_000, effect=lambda _: 0.15, seed=5).drop("truth")
    measured = measure_uplift(frame, ROLES, threads=1)
    effect = measured.report["effects"][0]
    assert measured.report["verdict"] == "cannot tell"
    assert effect["low"] < 0.15 < effect["high"]


def test_an_effect_above_its_cost_for_everybody_means_contact_everybody():
    frame = trial_table(2_000, effect=lambda _: 0.4, seed=6).drop("truth")
    report = measure_uplift(frame, ROLES, cost=0.1, value=10.0, threads=1).report
    assert report["verdict"] == "targeting does not help"
    assert report["policy"]["policies"][0]["contacted_share"] > 0.99


def test_a_permuted_treatment_has_no_ranking(planted):
    frame, _ = planted
    dealt = frame.drop("truth").with_columns(arm=pl.col("arm").shuffle(seed=1))
    report = measure_uplift(dealt, ROLES, cost=2.0, value=10.0, threads=1).report
    area = next(row for row in report["effects"][0]["qini"] if row["ranking"] == "uplift")
    assert area["low"] < 0.0 < area["high"]
    assert report["verdict"] != "targeting helps"


def test_other_people_get_the_answer_of_their_kind(planted):
    _, measured = planted
    others = trial_table(1_000, effect=responsive, seed=11)
    scored = measured.model.score(others.drop("truth", "arm", "bought"))
    both = joined(others, scored)
    assert np.corrcoef(both["uplift"], both["truth"])[0, 1] > 0.85


def test_a_score_does_not_depend_on_its_neighbours(planted):
    _, measured = planted
    others = trial_table(300, seed=12).drop("truth", "arm", "bought")
    whole = measured.model.score(others)
    for place in (0, 17, 299):
        assert measured.model.score(others[[place]]).equals(whole[[place]])


def test_any_order_of_rows_and_any_number_of_threads_give_the_same_answer():
    frame = trial_table(700, effect=responsive, seed=8).drop("truth")
    first = measure_uplift(frame, ROLES, threads=1)
    again = measure_uplift(frame.sample(fraction=1.0, shuffle=True, seed=4), ROLES, threads=2)
    assert again.rows.equals(first.rows)
    assert again.report == first.report


def test_a_column_measured_afterwards_is_named_and_no_verdict_given():
    frame = trial_table(1_500, seed=9).drop("truth")
    clicks = pl.when(pl.col("arm") == "mail").then(pl.col("bought") + 1).otherwise(0)
    report = measure_uplift(frame.with_columns(clicks=clicks), ROLES, threads=1).report
    assert report["balance"]["differing_columns"] == ["clicks"]
    assert report["balance"]["probabilities"] == "estimated"
    assert report["verdict"] == "cannot tell"
    assert any("no clean experiment: clicks differ" in text for text in report["warnings"])


def test_given_probabilities_undo_a_known_preference():
    rng = np.random.default_rng(2)
    frame = trial_table(3_000, seed=2).drop("truth", "arm", "bought")
    chance = np.where(frame["age"].to_numpy() > 0.0, 0.8, 0.2)
    treated = rng.random(frame.height) < chance
    bought = (rng.random(frame.height) < 0.1 + 0.3 * (frame["age"].to_numpy() > 0.0) + 0.1 * treated).astype(int)
    table = frame.with_columns(
        arm=pl.Series(np.where(treated, "mail", "none")),
        bought=pl.Series(bought),
        own=pl.Series(np.where(treated, chance, 1.0 - chance)),
    )
    known = measure_uplift(table, Roles(*ROLES.named[:2], "none", "bought", probability="own"), threads=1).report
    naive = bought[treated].mean() - bought[~treated].mean()
    effect = known["effects"][0]
    assert naive > 0.25
    assert effect["low"] < 0.1 < effect["high"]
    assert known["balance"]["probabilities"] == "given"
    assert not known["balance"]["is_predicted"]
    guessed = measure_uplift(table.drop("own"), ROLES, threads=1).report
    assert guessed["balance"]["probabilities"] == "estimated"
    assert abs(guessed["effects"][0]["average_effect"] - 0.1) < 0.05


def test_wrong_probabilities_forbid_a_verdict():
    frame = trial_table(3_000, effect=responsive, seed=4).drop("truth")
    wrong = pl.when((pl.col("age") > 0.0) == (pl.col("arm") == "mail")).then(0.9).otherwise(0.1)
    roles = Roles("person", "arm", "none", "bought", probability="own")
    report = measure_uplift(frame.with_columns(own=wrong), roles, threads=1).report
    assert report["verdict"] == "cannot tell"
    assert "do not explain who got what" in report["reason"]


def test_doses_rise_for_every_person():
    frame = trial_table(1_500, effect=responsive, arms=("20", "5"), seed=7).drop("truth")
    frame = frame.with_columns(arm=pl.col("arm").replace("none", "0"))
    roles = Roles("person", "arm", "0", "bought", is_dose=True)
    measured = measure_uplift(frame, roles, threads=1)
    wide = measured.rows.pivot("arm", index="person", values="uplift")
    assert wide.columns == ["person", "5", "20"]
    assert (wide["5"] >= 0.0).all()
    assert (wide["20"] >= wide["5"]).all()
    assert wide["20"].mean() > wide["5"].mean() > 0.03
    contacted = measured.report["policy"]["policies"][0]["contacted_share"]
    assert measured.rows["is_chosen"].sum() == round(contacted * frame.height)
    scored = measured.model.score(frame.head(50)).pivot("arm", index="person", values="uplift")
    assert (scored["20"] >= scored["5"]).all()


def test_several_arms_are_each_against_the_control_and_the_best_is_chosen():
    frame = trial_table(6_000, effect=responsive, arms=("call", "mail"), seed=10).drop("truth")
    report = measure_uplift(frame, ROLES, cost={"call": 1.5, "mail": 1.5}, value=10.0, threads=1).report
    for effect, truth in zip(report["effects"], (0.2, 0.1), strict=True):
        assert effect["low"] < truth < effect["high"]
    assert {row["policy"] for row in report["policy"]["policies"]} >= {"everybody: call", "everybody: mail", "nobody"}
    assert report["verdict"] == "targeting helps"


@pytest.mark.parametrize(
    ("p_value", "gain", "possible", "is_stated", "verdict"),
    [
        (0.01, 3.0, 1.0, True, HELPS),
        (0.20, 3.0, 1.0, True, CANNOT_TELL),  # money alone may be luck
        (0.01, 0.5, 1.0, True, CANNOT_TELL),  # a ranking alone brings no money
        (0.20, 0.5, 0.01, True, DOES_NOT),
        (0.01, 0.0, 1.0, False, HELPS),
        (0.20, 3.0, 1.0, False, CANNOT_TELL),
    ],
)
def test_a_verdict_needs_ranking_and_money(p_value, gain, possible, is_stated, verdict):
    arm = ArmEvidence("mail", p_value, Qini(0.0, 0.1), 0.2, possible)
    gains = [Gain("nobody", gain, 1.0), Gain("everybody", 9.0, 1.0)]
    price = Price(1.0, (0.1,), is_stated)
    valued = Valued(np.array([0, -1]), [], gains)
    assert judge([arm], valued, price, None)[0] == verdict
    assert judge([arm], valued, price, "Too few.") == (CANNOT_TELL, "Too few.")


def test_the_doubly_robust_score_is_right_if_one_of_its_halves_is():
    rng = np.random.default_rng(0)
    x = rng.normal(size=200_000)
    chance = 1.0 / (1.0 + np.exp(-x))
    treated = (rng.random(x.size) < chance).astype(float)
    outcome = x + treated * (0.5 + 0.2 * x) + rng.normal(size=x.size)
    wrong = np.zeros(x.size)
    right_chance = doubly_robust(outcome, treated, chance, wrong, wrong)
    right_outcome = doubly_robust(outcome, treated, np.full(x.size, 0.5), x, x + 0.5 + 0.2 * x)
    neither = doubly_robust(outcome, treated, np.full(x.size, 0.5), wrong, wrong)
    assert right_chance.mean() == pytest.approx(0.5, abs=0.03)
    assert right_outcome.mean() == pytest.approx(0.5, abs=0.03)
    assert abs(neither.mean() - 0.5) > 0.2


def test_the_area_of_the_perfect_ranking_is_known():
    effect = np.tile(np.repeat([0.0, 1.0], 500), FOLDS)
    fold = np.repeat(np.arange(FOLDS), 1_000)
    assert qini(effect, effect, fold).area == pytest.approx(0.125)  # half gain 1: .5 * (.5 - .25)
    assert qini(-effect, effect, fold).area == pytest.approx(-0.125)
    assert qini(np.zeros(effect.size), effect, fold).area == 0.0


def test_the_counted_curve_is_the_textbook_formula():
    rng = np.random.default_rng(1)
    score, treated = rng.random(400), (rng.random(400) < 0.3).astype(float)
    outcome, fold = (rng.random(400) < 0.2).astype(float), np.zeros(400, dtype=int)
    point = next(p for p in qini_curve(score, outcome, outcome, treated, fold) if p["share"] == 0.5)
    top = np.argsort(-score)[:200]
    on, off = top[treated[top] == 1.0], top[treated[top] == 0.0]
    assert point["counted"] == pytest.approx(outcome[on].sum() - outcome[off].sum() * len(on) / len(off))


def test_folds_hold_the_same_share_of_every_arm():
    arm = np.repeat([0, 1, 2], [103, 57, 200])
    fold = deal_folds(arm, seed=1)
    table = np.array([[((fold == held) & (arm == place)).sum() for place in range(3)] for held in range(FOLDS)])
    assert (np.ptp(table, axis=0) <= 1).all()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([None] * 60, "no row has a value"),
        (["x"] * 60, "every row says the same"),
        (list(range(1000, 1060)), "as an identifier does"),
        ([f"K-{number}" for number in range(60)], "as an identifier does"),
        ([[1]] * 60, "neither a number, a date nor a text"),
    ],
)
def test_a_column_of_no_use_is_left_out_with_its_reason(values, reason):
    frame = pl.DataFrame({"a": values, "b": [float(n) / 7 for n in range(60)]})
    encoder, notes = fit_encoder(frame, ["a", "b"], is_chosen=False)
    assert [column.name for column in encoder.columns] == ["b"]
    assert reason in notes[0]


def test_unknown_rare_and_odd_values_have_a_code_of_their_own():
    frame = pl.DataFrame({"city": ["Köln"] * 40 + ["Bonn"] * 40 + ["Rom"], "age": ["30", "31.5", "old"] * 27})
    encoder, _ = fit_encoder(frame, ["city", "age"], is_chosen=False)
    other = pl.DataFrame({"city": ["Köln", "Oslo", None, "Rom"], "age": ["30", "1e9", "", "old"]})
    coded = encoder.encode(other)
    assert coded[0, 0] != coded[1, 0] == coded[3, 0]
    assert np.isnan(coded[2, 0])
    assert np.isnan(coded[:, 1]).tolist() == [False, False, True, True]


def test_a_useless_learner_gets_no_weight(planted):
    _, measured = planted
    weights = {row["learner"]: row["weight"] for row in measured.report["effects"][0]["learners"]}
    assert sum(weights.values()) > 0.5
    assert min(weights.values()) >= 0.0


def test_averaging_ignores_a_column_of_noise_and_sizes_a_true_one():
    from ml.effect.crossfit import Scored
    from ml.effect.learners import Group

    rng = np.random.default_rng(5)
    people = 40_000
    truth, treated = rng.normal(size=people), (rng.random(people) < 0.5).astype(float)
    outcome = treated * truth + rng.normal(size=people)
    half, zero = np.full(people, 0.5), np.zeros(people)
    effects = np.column_stack([truth / 2.0, rng.normal(size=people)])
    score = doubly_robust(outcome, treated, half, zero, zero)
    scored = Scored(effects, zero, zero, half, score, np.ones(people, dtype=bool))
    group = Group(np.zeros((people, 1), dtype=np.float32), treated, outcome, half)
    found = average(scored, group)
    assert found.weights == pytest.approx([2.0, 0.0], abs=0.1)
    assert found.kept > 0.99
    assert single_slopes(scored, group)[0][0] == pytest.approx(2.0, abs=0.1)
