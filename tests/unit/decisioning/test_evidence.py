"""Evidence from lots: the rows are those a lot decided, a planted effect is found, belief and evidence are weighed."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from ml.decisioning.evidence import DECIDED, collect_evidence, first_contacts, first_night, habits_of, learn_effects
from ml.decisioning.explore import PERIOD_DAYS, period_of
from ml.decisioning.policy import load_policy
from ml.decisioning.weighing import posterior, weighed
from tests.builders.decisioning import seed_tables
from tests.builders.evidence import COUPON, FIRST_NIGHT, MAIL, TONIGHT, WITHHELD_RATE, line, planted, source_of

POLICY = load_policy(seed_tables())


def collected(decisions, candidates, source, through=TONIGHT):
    return collect_evidence(first_contacts(decisions, POLICY, through), candidates, source)


def test_only_decisions_that_a_lot_made_between_one_contact_and_nothing_are_evidence():
    decisions, candidates, source = planted(6, {MAIL: 0.0, COUPON: 0.0}, seed=1)
    changed = decisions.with_columns(
        treatment_id=pl.Series([MAIL, "none", COUPON, "none", MAIL, "none"]),
        solved_treatment_id=pl.Series([MAIL, MAIL, MAIL, "none", MAIL, MAIL]),
        nothing_probability=pl.Series([0.2, 0.2, 0.2, 1.0, 0.0, 0.2]),
        approval=pl.Series(["not_required"] * 5 + ["pending"]),
    )
    offered = candidates.with_columns(treatment_id=pl.lit(MAIL))
    rows = collected(changed, offered, source)
    assert sorted(rows["person_id"]) == ["p000000", "p000001"]
    assert dict(rows.select("person_id", "arm").iter_rows()) == {"p000000": "treated", "p000001": "withheld"}


def test_the_outcome_is_a_purchase_of_the_named_department_within_the_horizon():
    decisions, candidates, _ = planted(7, {MAIL: 0.0, COUPON: 0.0}, seed=1)
    days = {0: -1, 1: 0, 2: 27, 3: 28, 5: 9, 6: 9}
    lines = [line(f"p{n:06d}", FIRST_NIGHT - timedelta(days=9), "GROCERY") for n in range(7)]
    lines += [line(f"p{n:06d}", FIRST_NIGHT + timedelta(days=day), "GROCERY") for n, day in days.items()]
    lines = [one | ({"department_name": "DELI"} if one["person_id"] in ("p000005", "p000006") else {}) for one in lines]
    about = candidates.with_columns(
        department_name=pl.when(pl.col("person_id") == "p000006").then(None).otherwise("department_name")
    )
    is_withheld = pl.col("person_id").is_in(["p000003", "p000004"])  # two: enough to keep all five treated
    drawn = decisions.with_columns(
        treatment_id=pl.when(is_withheld).then(pl.lit("none")).otherwise("solved_treatment_id")
    )
    rows = collected(drawn, about, source_of(lines))
    assert dict(rows.select("person_id", "bought").iter_rows()) == {
        "p000000": 0.0,
        "p000001": 1.0,
        "p000002": 1.0,
        "p000003": 0.0,
        "p000004": 0.0,
        "p000005": 0.0,  # another department
        "p000006": 1.0,  # about no department: anything counts
    }


def test_a_night_counts_once_its_horizon_is_over():
    decisions, candidates, source = planted(40, {MAIL: 0.0, COUPON: 0.0}, seed=2)
    last = FIRST_NIGHT + timedelta(days=28)
    assert collected(decisions, candidates, source, through=last).height > 0
    assert collected(decisions, candidates, source, through=last - timedelta(days=1)).height == 0


def nights_of(rows):
    """Decisions of one person: day, solved treatment, what was done."""
    return pl.DataFrame(
        [
            {
                "as_of_date": day,
                "decision_id": f"{number:016x}",
                "person_id": "p1",
                "treatment_id": done,
                "solved_treatment_id": solved,
                "solved_probability": 0.8,
                "nothing_probability": 0.2,
                "approval": "not_required",
            }
            for number, (day, solved, done) in enumerate(rows)
        ]
    ).select(DECIDED)


def test_only_the_first_solved_contact_of_a_period_is_evidence():
    start = date.fromordinal(period_of(FIRST_NIGHT) * PERIOD_DAYS)
    day = [start + timedelta(days=n) for n in (0, 3, 5, PERIOD_DAYS, PERIOD_DAYS + 1)]
    done = nights_of(
        [
            (day[0], "none", "none"),
            (day[1], MAIL, MAIL),
            (day[2], MAIL, "none"),
            (day[3], MAIL, "none"),
            (day[4], MAIL, MAIL),
        ]
    )
    found = first_contacts(done, POLICY, day[4] + timedelta(days=60))
    assert sorted(found["as_of_date"]) == [day[1], day[3]]
    drawn_otherwise = nights_of([(day[1], MAIL, COUPON), (day[2], MAIL, MAIL)])
    assert first_contacts(drawn_otherwise, POLICY, day[4] + timedelta(days=60)).is_empty()
    assert first_night(FIRST_NIGHT) == date.fromordinal((period_of(FIRST_NIGHT) - 7) * PERIOD_DAYS)


def test_contacts_within_the_horizon_are_counted_and_an_effect_is_that_of_one():
    later = [FIRST_NIGHT + timedelta(days=n) for n in (0, 7, 27, 28)]
    found = first_contacts(nights_of([(day, MAIL, MAIL) for day in later]), POLICY, TONIGHT + timedelta(days=90))
    assert found.filter(as_of_date=FIRST_NIGHT)["contact_count"].to_list() == [3]
    decisions, candidates, source = planted(6_000, {MAIL: 0.2, COUPON: 0.2}, seed=8)
    rows = collected(decisions, candidates, source)
    once = learn_effects(rows, seed=7)
    thrice = learn_effects(rows.with_columns(contact_count=3 * pl.col("contact_count")), seed=7)
    assert once is not None
    assert thrice is not None
    assert (once.contacts, thrice.contacts) == (1.0, 3.0)
    assert thrice.effect == pytest.approx(once.effect / 3)
    tonight = candidates.head(50).with_row_index("candidate_id")
    habits = habits_of(source, TONIGHT)
    for one, third in zip(once.of(tonight, habits), thrice.of(tonight, habits), strict=True):
        assert third == pytest.approx(one / 3)


def test_a_person_who_was_merged_away_tells_nothing():
    decisions, candidates, _ = planted(4, {MAIL: 0.0, COUPON: 0.0}, seed=1)
    drawn = decisions.with_columns(
        treatment_id=pl.Series(["none", "none"]).append(decisions["solved_treatment_id"][2:])
    )
    known = [line(one, FIRST_NIGHT - timedelta(days=9), "GROCERY") for one in ("p000000", "p000002")]
    assert set(collected(drawn, candidates, source_of(known))["person_id"]) <= {"p000000", "p000002"}


def test_the_chance_of_an_arm_is_its_share_among_the_rows():
    decisions, candidates, source = planted(20_000, {MAIL: 0.0, COUPON: 0.0}, seed=3)
    for withheld_rate in (WITHHELD_RATE, 0.05):  # with few withheld the treated rows are thinned
        lot = pl.Series(np.random.default_rng(4).random(decisions.height) < withheld_rate)
        drawn = decisions.with_columns(
            treatment_id=pl.when(lot).then(pl.lit("none")).otherwise("solved_treatment_id"),
            solved_probability=pl.lit(1 - withheld_rate),
            nothing_probability=pl.lit(withheld_rate),
        )
        rows = collected(drawn, candidates, source)
        share = (rows["arm"] == "withheld").mean()
        chances = rows.group_by("arm").agg(pl.col("chance").mean()).sort("arm")["chance"].to_list()
        assert chances == pytest.approx([1 - share, share], abs=0.01)
        assert share > 0.18


def test_a_planted_effect_is_found_where_it_is_and_none_where_there_is_none():
    decisions, candidates, source = planted(12_000, {MAIL: 0.10, COUPON: 0.0}, seed=5)
    effects = learn_effects(collected(decisions, candidates, source), seed=7)
    assert effects is not None
    assert effects.effect == pytest.approx(0.05, abs=4 * effects.error)
    tonight = candidates.with_row_index("candidate_id")
    uplift, error = effects.of(tonight, habits_of(source, TONIGHT))
    of_mail = (tonight["treatment_id"] == MAIL).to_numpy()
    assert uplift[of_mail].mean() == pytest.approx(0.10, abs=4 * error[of_mail].mean())
    assert uplift[~of_mail].mean() == pytest.approx(0.0, abs=4 * error[~of_mail].mean())
    assert uplift[of_mail].mean() > uplift[~of_mail].mean() + 0.03


def test_a_treatment_that_was_hardly_withheld_is_not_answered_and_too_few_rows_say_nothing():
    decisions, candidates, source = planted(2_000, {MAIL: 0.1, COUPON: 0.1}, seed=6)
    rare = decisions.with_row_index().filter((pl.col("solved_treatment_id") == MAIL) | (pl.col("index") < 40))
    effects = learn_effects(collected(rare.drop("index"), candidates, source), seed=7)
    assert effects is not None
    assert set(effects.withheld) == {MAIL}
    uplift, _ = effects.of(candidates.with_row_index("candidate_id"), habits_of(source, TONIGHT))
    assert (np.isnan(uplift) == (candidates["treatment_id"] == COUPON).to_numpy()).all()
    assert learn_effects(collected(decisions.head(60), candidates, source), seed=7) is None


def test_belief_and_evidence_are_weighed_by_how_sure_each_is():
    prior = np.array([0.02, 0.02, 0.02, 0.02])
    mean, weight = posterior(prior, np.array([0.0, 0.0, 0.04, np.nan]), np.array([1e-9, 1e9, 0.02, np.nan]))
    assert mean[:3] == pytest.approx([0.0, 0.02, 0.03])
    assert weight[:3] == pytest.approx([1.0, 0.0, 0.5])
    assert np.isnan(mean[3])


def test_evidence_of_nothing_takes_the_value_of_a_contact_away_and_says_what_it_rests_on():
    class NoEffect:
        def of(self, candidates, habits):
            known = (candidates["treatment_id"] == MAIL).to_numpy()
            return np.where(known, 0.0, np.nan), np.where(known, 0.001, np.nan)

    given = pl.DataFrame(
        {
            "treatment_id": [MAIL, COUPON],
            "base_probability": [0.3, 0.3],
            "uplift_probability": [0.05, 0.05],
            "uplift_basis": ["prior", "prior"],
            "margin": [5.0, 5.0],
            "sales": [20.0, 20.0],
            "retained_margin": [0.0, 0.0],
            "fatigue_cost": [0.01, 0.01],
            "retailer_discount_rate": [0.0, 0.05],
            "contact_cost_amount": [Decimal("0.002"), Decimal("0.002")],
            "discount_cost_amount": [Decimal("0.0000"), Decimal("0.3500")],
            "value_amount": [Decimal("0.2380"), Decimal("-0.1120")],
        },
        schema_overrides=dict.fromkeys(
            ("contact_cost_amount", "discount_cost_amount", "value_amount"), pl.Decimal(18, 4)
        ),
    )
    found = weighed(given, NoEffect(), pl.DataFrame())
    assert found["uplift_basis"].to_list() == ["randomised", "prior"]
    assert found["uplift_probability"][0] == pytest.approx(0.0, abs=1e-4)
    assert float(found["value_amount"][0]) == pytest.approx(-0.012, abs=1e-3)
    assert found.drop("uplift_basis").row(1) == given.drop("uplift_basis").row(1)
