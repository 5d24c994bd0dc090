"""Laws of a whole night: nothing lost, nothing freed, no order, and a certificate that another program confirms."""

import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ml.decisioning.decide import decide
from ml.decisioning.guardrails import apply_guardrails, guardrails
from ml.decisioning.policy import load_policy
from tests.builders.decisioning import NIGHT, arms, random_candidates, seed_tables, with_limits

POLICY = load_policy(seed_tables())
TIGHT = with_limits(email_capacity=8, till_coupon_capacity=5, direct_mail_capacity=2, night_budget=4)
CHECKER = Path(__file__).resolve().parents[3] / "benchmarks" / "check_certificate.py"
seeds = st.integers(0, 2**32 - 1)


def night(seed, *, people=25, policy=TIGHT, shuffle=None, **holdout):
    candidates = random_candidates(policy, np.random.default_rng(seed), people)
    if shuffle is not None:
        candidates = candidates.sample(fraction=1, shuffle=True, seed=shuffle)
    arm = arms([f"p{n}" for n in range(people)], **holdout)
    return decide(candidates, policy, arm, model_versions={}, seed=seed, as_of_date=NIGHT)


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_everybody_has_one_decision_and_only_eligible_candidates_are_chosen(seed):
    result = night(seed, p3="holdout", p4=None)
    assert result.decisions["person_id"].to_list() == sorted(f"p{n}" for n in range(25))
    chosen = result.decisions.filter(pl.col("treatment_id") != "none")
    eligible = result.candidates.filter("is_eligible")
    assert chosen.join(eligible, on=["person_id", "treatment_id"], how="anti").is_empty()
    assert chosen.filter(pl.col("person_id").is_in(["p3", "p4"])).is_empty()
    assert (result.decisions["assignment_probability"].is_between(0, 1, closed="right")).all()
    assert (result.certificates["used_amount"] <= result.certificates["limit_amount"]).all()
    assert (result.certificates["gap_rate"] >= 0).all()


@settings(max_examples=10, deadline=None)
@given(seed=seeds, shuffle=st.integers(0, 1000))
def test_row_order_does_not_matter(seed, shuffle):
    one, other = night(seed), night(seed, shuffle=shuffle)
    assert_frame_equal(one.decisions, other.decisions)
    assert_frame_equal(one.certificates, other.certificates)
    assert one.summary == other.summary


@settings(max_examples=20, deadline=None)
@given(seed=seeds, kept=st.integers(0, 12))
def test_adding_a_guardrail_never_frees_a_candidate(seed, kept):
    frame = random_candidates(POLICY, np.random.default_rng(seed), 10)
    frame = frame.with_columns(holdout_arm=pl.lit("treated"))
    fewer = apply_guardrails(frame, guardrails(POLICY)[:kept])
    more = apply_guardrails(frame, guardrails(POLICY))
    assert (more["reason_codes"].list.len() >= fewer["reason_codes"].list.len()).all()
    assert (
        more.filter("is_eligible")
        .join(fewer.filter("is_eligible"), on=["person_id", "treatment_id"], how="anti")
        .is_empty()
    )


@settings(max_examples=10, deadline=None)
@given(seed=seeds)
def test_a_person_of_the_holdout_never_receives_anything_whatever_the_lot(seed):
    for lot in range(5):
        result = night(seed, policy=POLICY, **{f"p{n}": "holdout" for n in range(0, 25, 2)}, shuffle=lot)
        held = result.decisions.filter(holdout_arm="holdout")
        assert set(held["treatment_id"]) == {"none"}
        assert set(held["assignment_probability"]) == {1.0}


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    """A night's ledger files and the limits it was decided under."""
    root = tmp_path_factory.mktemp("ledger")
    result = night(7, people=60)
    for stream in ("candidates", "decisions", "certificates"):
        path = root / stream / f"as_of_date={NIGHT}" / "part-0.parquet"
        path.parent.mkdir(parents=True)
        getattr(result, stream).write_parquet(path)
    amounts = {row.limit_name: str(row.limit_amount) for row in TIGHT.limits}
    limits = seed_tables()["limits"].with_columns(limit_amount=pl.col("limit_name").replace_strict(amounts))
    limits.write_csv(root / "limits.csv")
    return root


def check(root):
    run = subprocess.run(
        [sys.executable, str(CHECKER), str(root), str(NIGHT), str(root / "limits.csv")],
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout + run.stderr


def test_another_program_confirms_the_certificate(ledger):
    assert check(ledger) == (0, f"The certificate of {NIGHT} holds.\n")


CENT = Decimal("0.01")


@pytest.mark.parametrize(
    ("stream", "change", "words"),
    [
        ("certificates", {"primal_value_amount": pl.col("primal_value_amount") + CENT}, "the value is wrong"),
        ("certificates", {"dual_bound_amount": pl.col("dual_bound_amount") - CENT}, "the bound is wrong"),
        ("certificates", {"dual_bound_amount": pl.col("dual_bound_amount") + CENT}, "the bound is wrong"),
        ("certificates", {"price_amount": pl.col("price_amount") + CENT}, "the bound is wrong"),
        ("certificates", {"gap_rate": pl.col("gap_rate") / 2}, "the gap is wrong"),
        ("certificates", {"used_amount": pl.col("used_amount") + CENT}, "the use of a limit is wrong"),
        ("certificates", {"limit_amount": pl.col("limit_amount") + 1}, "name different limits"),
        ("decisions", {"value_amount": pl.col("value_amount") * 2}, "not an eligible candidate"),
        ("decisions", {"person_id": pl.col("person_id").first()}, "exactly one decision"),
        ("candidates", {"is_eligible": pl.lit(False)}, "not an eligible candidate"),
    ],
)
def test_a_corrupted_night_is_refused(ledger, tmp_path, stream, change, words):
    shutil.copytree(ledger, tmp_path / "ledger")
    path = tmp_path / "ledger" / stream / f"as_of_date={NIGHT}" / "part-0.parquet"
    frame = pl.read_parquet(path)
    frame.with_columns(**change).cast(dict(frame.schema)).write_parquet(path)
    code, said = check(tmp_path / "ledger")
    assert code == 1
    assert words in said
