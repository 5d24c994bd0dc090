"""Laws of gates and samples: more evidence never opens a shut gate, row order is irrelevant."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from data_quality.evidence import DbtOutcome, Evidence, Finding, from_dbt
from data_quality.gates import judge
from data_quality.sample import evenly_spaced_rows

KINDS = ["counts", "dbt", "drift", "suites"]
findings = st.builds(Finding, st.sampled_from(["critical", "warning"]), st.just("x"), st.just("x: broken."))
evidences = st.lists(
    st.builds(Evidence, st.sampled_from(KINDS), st.integers(0, 3), st.lists(findings, max_size=3).map(tuple)),
    max_size=5,
)


@given(evidence=evidences, more=st.lists(findings), required=st.sets(st.sampled_from(KINDS)))
def test_further_evidence_never_opens_a_gate(evidence, more, required):
    with_more = [*evidence, Evidence("more", 1, tuple(more))]
    if judge("x", with_more, required=sorted(required)).passed:
        assert judge("x", evidence, required=sorted(required)).passed


@given(evidence=evidences, required=st.sets(st.sampled_from(KINDS)))
def test_a_gate_opens_exactly_if_all_was_checked_and_nothing_critical_found(evidence, required):
    checked = {item.kind for item in evidence if item.checked_count}
    expected = required | {item.kind for item in evidence}
    critical = any(finding.severity == "critical" for item in evidence for finding in item.findings)
    assert judge("x", evidence, required=sorted(required)).passed == (expected <= checked and not critical)


@given(evidence=evidences, required=st.sets(st.sampled_from(KINDS)), seed=st.integers(0, 2**16))
def test_the_order_of_evidence_does_not_change_the_answer(evidence, required, seed):
    order = np.random.default_rng(seed).permutation(len(evidence))
    there = judge("x", evidence, required=sorted(required))
    back = judge("x", [evidence[position] for position in order], required=sorted(required, reverse=True))
    assert (there.passed, there.checked_counts) == (back.passed, back.checked_counts)
    assert sorted(map(str, there.critical)) == sorted(map(str, back.critical))


@given(statuses=st.lists(st.sampled_from(["pass", "success", "warn", "fail", "error", "skipped"]), max_size=8))
def test_dbt_findings_are_exactly_what_is_not_sound(statuses):
    outcomes = [DbtOutcome(f"model.shop.m{n}", status, 0, "") for n, status in enumerate(statuses)]
    evidence = from_dbt(outcomes)
    assert len(evidence.findings) == sum(status not in ("pass", "success") for status in statuses)
    assert evidence == from_dbt(outcomes[::-1])


@given(height=st.integers(0, 400), limit=st.integers(1, 60), seed=st.integers(0, 2**16))
def test_a_sample_has_distinct_rows_of_the_frame_and_never_too_many(height, limit, seed):
    frame = pl.DataFrame({"key": np.random.default_rng(seed).permutation(height)})
    sample = evenly_spaced_rows(frame, key=["key"], row_limit=limit)["key"]
    assert sample.len() == min(height, limit)
    assert sample.n_unique() == sample.len()
    gaps = sample.diff().drop_nulls()
    assert gaps.is_empty() or gaps.max() - gaps.min() <= 1
