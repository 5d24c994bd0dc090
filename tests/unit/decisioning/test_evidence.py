"""Evidence from lots: the rows are those a lot decided, planted effects are found, nothing is nothing."""

from datetime import date, timedelta
from decimal import Decimal
from functools import cache

import numpy as np
import polars as pl
import pytest

from ml.decisioning.candidates import build_candidates
from ml.decisioning.evidence import (
    DECIDED,
    as_lots,
    collect_evidence,
    first_contacts,
    first_night,
    in_words_of,
    learn_effects,
)
from ml.decisioning.explore import PERIOD_DAYS, period_of
from ml.decisioning.lots import LOTS, campaign_lots, cell_of, night_lots
from ml.decisioning.policy import load_policy
from ml.decisioning.traits import TRAITS as TRAIT_NAMES
from ml.decisioning.traits import Past, with_outcomes, with_traits
from ml.decisioning.value import lift_of
from ml.effect.belief import weigh
from ml.effect.pooled import pool_lots
from tests.builders.decisioning import NIGHT as TONIGHT_OF_CANDIDATES
from tests.builders.decisioning import consents, contacts, customers, department_history, scores, seed_tables
from tests.builders.evidence import COUPON, FIRST_DAY, MAIL, TONIGHT, decisions_of, planted

POLICY = load_policy(seed_tables())
START = date.fromordinal(period_of(date(2017, 11, 14)) * PERIOD_DAYS)
LATER = TONIGHT + timedelta(days=90)


def stated(cell):
    """What the policy states for a cell, in the mean."""
    mine = [one for one in POLICY.treatments if cell_of(POLICY, one) == cell]
    return np.mean([lift_of(float(one.prior_effect_log_odds)) for one in mine])


@cache
def learned(lift, **options):
    past = planted(3_000, lift, seed=3, **options)
    lots = campaign_lots(past.messages, TONIGHT, FIRST_DAY)
    return learn_effects(collect_evidence(lots, past), POLICY, seed=7)


def of_cell(effects, cell):
    place = effects.belief.cells.index(cell)
    return effects.belief.multiple[place], effects.belief.error[place]


def test_only_decisions_that_a_lot_made_between_one_contact_and_nothing_are_evidence():
    done = [MAIL, "none", COUPON, "none", MAIL]
    meant = [MAIL, MAIL, MAIL, "none", MAIL]
    rows = pl.concat(
        decisions_of([(START, solved, one)], f"p{number}").with_columns(decision_id=pl.lit(f"{number:016x}"))
        for number, (solved, one) in enumerate(zip(meant, done, strict=True))
    )
    changed = rows.with_columns(
        nothing_probability=pl.Series([0.2, 0.2, 0.2, 1.0, 0.0]),
    )
    found = night_lots(first_contacts(changed.filter(pl.col("solved_treatment_id") != "none"), POLICY, LATER), POLICY)
    assert dict(found.select("person_id", "is_treated").iter_rows()) == {"p0": True, "p1": False}
    assert found["chance"].to_list() == pytest.approx([0.8, 0.8])
    assert found["channel_code"].to_list() == ["email", "email"]
    pending = changed.with_columns(approval=pl.lit("pending"))
    assert first_contacts(pending, POLICY, LATER).is_empty()


def test_a_night_counts_once_its_horizon_is_over():
    rows = decisions_of([(START, MAIL, MAIL)])
    assert first_contacts(rows, POLICY, START + timedelta(days=28)).height == 1
    assert first_contacts(rows, POLICY, START + timedelta(days=27)).height == 0


def test_only_the_first_solved_contact_of_a_period_is_evidence():
    day = [START + timedelta(days=n) for n in (3, 5, PERIOD_DAYS, PERIOD_DAYS + 1)]
    done = decisions_of([(day[0], MAIL, MAIL), (day[1], MAIL, "none"), (day[2], MAIL, "none"), (day[3], MAIL, MAIL)])
    assert sorted(first_contacts(done.select(DECIDED), POLICY, LATER)["as_of_date"]) == [day[0], day[2]]
    drawn_otherwise = decisions_of([(day[0], MAIL, COUPON), (day[1], MAIL, MAIL)])
    assert first_contacts(drawn_otherwise, POLICY, LATER).is_empty()
    assert first_night(START) == START - timedelta(days=7 * PERIOD_DAYS)


def test_what_the_treated_got_within_the_horizon_is_what_their_effect_is_of():
    days = [START + timedelta(days=n) for n in (0, 7, 27, 28)]
    found = first_contacts(decisions_of([(day, MAIL, MAIL) for day in days]), POLICY, LATER)
    assert found.filter(as_of_date=START)["contact_count"].to_list() == [3]
    stated = night_lots(found, POLICY).filter(as_of_date=START)["stated_lift"].to_list()
    one = next(one for one in POLICY.treatments if one.treatment_id == MAIL)
    assert stated == pytest.approx([3 * lift_of(float(one.prior_effect_log_odds))])


def test_a_campaign_is_an_experiment_of_everybody_it_would_have_been_sent_to():
    past = planted(60, (0.0, 0.0), seed=1)
    both = past.messages.filter(person_id="p000000").with_columns(event_code=pl.lit("enrolled_in_control"))
    unknown = past.messages.head(1).with_columns(person_id=pl.lit(None, dtype=pl.String))
    undeclared = past.messages.filter(event_code="sent").with_columns(campaign_id=pl.lit("undeclared"))
    lots = campaign_lots(pl.concat([past.messages, both, unknown, undeclared]), TONIGHT, FIRST_DAY)
    assert set(lots["campaign_id"]) == set(past.messages["campaign_id"])
    assert set(lots["channel_code"]) == {"email"}
    sent_to_first = past.messages.filter(person_id="p000000", event_code="sent").height
    assert lots.height == past.messages.height - sent_to_first  # in both arms: two records of one person
    share = lots.group_by("campaign_id").agg(pl.col("is_treated").mean(), pl.col("chance").first())
    assert share["is_treated"].to_list() == pytest.approx(share["chance"].to_list())
    last = past.messages["event_date"].max()
    assert campaign_lots(past.messages, last + timedelta(days=13), FIRST_DAY)["as_of_date"].max() < last
    assert campaign_lots(past.messages, TONIGHT, last)["as_of_date"].min() == last


def test_nothing_that_was_not_known_yet_is_a_trait():
    past = planted(40, (0.0, 0.0), seed=2)
    day = FIRST_DAY + timedelta(days=100)
    asked = pl.DataFrame({"person_id": [f"p{n:06d}" for n in range(40)], "channel_code": ["email"] * 40})
    late = past.bought.with_columns(known_date=pl.when(pl.col("ordered_date") < day).then("known_date").otherwise(day))
    cut = Past(past.bought.filter(pl.col("known_date") < day), past.messages.filter(pl.col("known_date") < day))
    assert with_traits(asked, past, day).equals(with_traits(asked, cut, day))
    assert with_traits(asked, Past(late, past.messages), day).equals(with_traits(asked, cut, day))


def test_outcomes_are_counted_from_the_day_itself_to_the_horizons_end():
    past = planted(30, (0.0, 0.0), seed=4, coupon_use=0.1)
    found = with_outcomes(_whole(past), past)
    for row in found.sample(50, seed=1, with_replacement=True).iter_rows(named=True):
        until = row["as_of_date"] + timedelta(days=row["horizon_days"])
        inside = pl.col("ordered_date").is_between(row["as_of_date"], until, closed="left")
        mine = past.bought.filter(pl.col("person_id") == row["person_id"], inside)
        assert row["orders"] == mine["order_count"].sum()
        assert row["coupon_orders"] == mine["coupon_order_count"].sum()
        assert row["sales"] == mine["gross_sales_cents"].sum() / 100


def _whole(past):
    """Every message as a lot of two weeks."""
    rows = past.messages.select("person_id", "campaign_id", as_of_date="event_date")
    return rows.with_columns(horizon_days=pl.lit(14), lot_id=pl.lit("")).select("lot_id", *rows.columns, "horizon_days")


def test_a_planted_effect_is_found_and_for_whom():
    effects = learned((0.0, 0.5))
    multiple, error = of_cell(effects, ("email", False))
    # a rise of .25 on average for two weeks of four, in multiples of what is stated
    assert multiple == pytest.approx(0.125 / stated(("email", False)), abs=4 * error)
    assert effects.belief.nothing_probability < 0.001
    place = TRAIT_NAMES.index("deal_units")
    assert effects.belief.slope[place] > 3 * np.abs(np.delete(effects.belief.slope, place)).max()


def test_where_contacts_change_nothing_the_evidence_says_so_of_every_channel():
    effects = learned((0.0, 0.0), channels=("email", "direct_mail"))
    assert effects.belief.nothing_probability > 0.9
    assert np.abs(effects.belief.multiple).max() < 0.02
    assert effects.belief.weight.min() > 0.9


def test_evidence_of_one_channel_tells_of_the_others_less_surely():
    effects = learned((0.3, 0.3))
    own, same, other = (of_cell(effects, cell) for cell in (("email", False), ("email", True), ("till_coupon", True)))
    assert own[1] < same[1] < other[1]
    assert min(own[0], same[0], other[0]) > 0.5


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_handful_of_lots_tells_next_to_nothing(count):
    past = planted(3_000, (0.0, 0.0), seed=3)
    lots = campaign_lots(past.messages, TONIGHT, FIRST_DAY)
    rows = collect_evidence(lots, past).with_columns(stated_lift=pl.lit(0.2), has_offer=pl.lit(False))
    cells = [("email", False), ("till_coupon", True)]
    before = weigh(pool_lots(as_lots(rows)), cells)
    assert before.nothing_probability > 0.9
    for seed in range(25):  # of some handfuls the few rows lie on a line by chance, and scatter next to nothing
        few = rows.sample(count, seed=seed).with_columns(
            channel_code=pl.lit("till_coupon"), has_offer=pl.lit(True), is_treated=pl.lit(True), chance=pl.lit(0.9)
        )
        after = weigh(pool_lots(as_lots(pl.concat([rows, few]))), cells)
        assert after.nothing_probability > before.nothing_probability - 0.05
        assert abs(after.multiple - before.multiple).max() < 0.05


def test_a_campaign_whose_arms_follow_from_habits_is_not_used_and_is_named():
    effects = learned((0.0, 0.0), picked_by_habit=True)
    assert effects is None
    past = planted(3_000, (0.0, 0.0), seed=3)
    chosen = planted(3_000, (0.0, 0.0), seed=3, picked_by_habit=True, channels=("direct_mail",))
    messages = pl.concat([past.messages, chosen.messages])
    lots = campaign_lots(messages, TONIGHT, FIRST_DAY)
    found = learn_effects(collect_evidence(lots, Past(past.bought, messages)), POLICY, seed=7)
    assert set(found.unfair) >= set(chosen.messages["campaign_id"].unique().sort()[6:-2])
    assert not [name for name in found.unfair if name.startswith("email")]
    assert list(found.arms) == ["email campaigns"]
    assert in_words_of(found)["unfair_campaigns"]


def test_coupons_are_seen_in_what_people_use_and_how_many_of_them():
    effects = learned((0.0, 0.0), coupon_use=0.2)
    assert effects.belief.pooled.cells == (("email", True),)
    assert 0.15 < effects.use_rate < 0.35  # of those who buy at all
    assert learned((0.0, 0.0)).use_rate == 1.0
    assert learned((0.0, 0.0)).belief.pooled.cells == (("email", False),)


def test_an_order_more_brings_what_it_brings_within_a_person():
    assert learned((0.0, 0.5)).sales_rate == pytest.approx(1.0, abs=0.01)  # every order is of 20.00


def test_too_few_rows_say_nothing():
    past = planted(60, (0.0, 0.0), seed=1)
    lots = campaign_lots(past.messages, TONIGHT, FIRST_DAY).head(300)
    assert learn_effects(collect_evidence(lots, past), POLICY, seed=7) is None
    nothing = pl.DataFrame(schema=LOTS)
    assert learn_effects(collect_evidence(nothing, past), POLICY, seed=7) is None
    assert in_words_of(None) == {"row_count": 0}


def build(effects, **changes):
    channels = ["email", "app_push", "direct_mail", "till_coupon"]
    traits = pl.DataFrame({"person_id": ["p1"] * 4, "channel_code": channels})
    unknown = [pl.lit(None, dtype=pl.Float64).alias(name) for name in TRAIT_NAMES]
    return build_candidates(
        customers("p1"),
        scores("p1", **changes),
        department_history("p1"),
        contacts(),
        recorded_consents=consents(),
        policy=POLICY,
        as_of_date=TONIGHT_OF_CANDIDATES,
        effects=effects,
        traits=traits.with_columns(unknown),
    )


def test_evidence_of_nothing_takes_the_value_of_every_contact_away_and_says_what_it_rests_on():
    believed = build(None)
    found = build(learned((0.0, 0.0), channels=("email", "direct_mail")))
    assert believed["value_amount"].max() > Decimal("0.2")
    assert found["value_amount"].max() < Decimal("0.01")  # the least that is worth a contact
    seen = {one.treatment_id for one in POLICY.treatments if cell_of(POLICY, one) == ("email", False)}
    assert set(found.filter(uplift_basis="randomised")["treatment_id"]) == seen
    assert set(found.filter(pl.col("treatment_id").is_in(seen).not_())["uplift_basis"]) == {"related"}
    assert set(believed["uplift_basis"]) == {"prior"}


def test_what_is_measured_lifts_all_that_a_person_buys():
    believed, found = (
        build(effects).filter(treatment_id=MAIL).row(0, named=True) for effects in (None, learned((0.5, 0.5)))
    )
    assert found["value_amount"] > 2 * believed["value_amount"]
