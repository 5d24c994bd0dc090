"""Files that are not what they should be: every way in which the verifier must stop them."""

from datetime import date
from decimal import Decimal

import polars as pl

from tests.builders.breaking import (
    EMAIL,
    EMAIL_REMOVALS,
    MAIL,
    Break,
    add_line,
    choose,
    drop_row,
    file,
    tonight,
)
from tests.builders.exports import EARLIER, BuiltNight, World, candidate, decision


def reseal(night: BuiltNight, sealed: date) -> None:
    """Seal a changed night again, so that only the change itself is there to be found."""
    night.ledger.path("nights", sealed).unlink()
    night.ledger.seal(sealed, ["exports", "assignments"])


def two_channels(world: World) -> None:
    world.seeds["contact_policies"] = world.seeds["contact_policies"].replace("*,*,14,2", "*,*,14,9")
    second = decision("p6", "grow-pct_10-till_coupon", "PRODUCE", decision_id="d-second")
    world.decisions.append(second)
    world.candidates.append(candidate(second))


def a_formula_among_the_removals(night: BuiltNight) -> None:
    def as_formula(exports: pl.DataFrame) -> pl.DataFrame:
        return exports.with_columns(pl.col("decision_id").replace("d-2017-12-19-p4", "=d-2017-12-19-p4"))

    file(EMAIL_REMOVALS, "d-2017-12-19-p4", "=d-2017-12-19-p4")(night)
    night.rewrite("exports", as_formula, EARLIER[1])
    reseal(night, EARLIER[1])


BROKEN_FILES = [
    Break(
        "an unused channel loses its files",
        "channel_files_complete",
        after=lambda night: (night.staged.folder / "app_push" / "removals.csv").unlink(),
        also=frozenset({"manifests_match"}),
    ),
    Break(
        "a file that nobody asked for",
        "channel_files_complete",
        after=lambda night: (night.staged.folder / "notes.txt").write_text("x"),
        also=frozenset({"manifests_match"}),
    ),
    Break(
        "a column too many",
        "columns_of_contract",
        after=lambda night: night.edit(
            MAIL, lambda text: text.replace("reason_text\n", "reason_text,age\n").replace('more."\n', 'more.",45\n')
        ),
    ),
    Break(
        "an address in a text",
        "columns_of_contract",
        choose("p6", "thanks-none-email", reasons=["Ask ana@example.com."]),
    ),
    Break(
        "a row that was never decided",
        "decisions_match",
        after=tonight("decisions", person_id="p6", decision_id="d-other"),
        also=frozenset(
            {
                "approval_given",
                "discount_ceiling",
                "eligible_candidate",
                "holdout_never_contacted",
                "limits_kept",
                "reason_present",
            }
        ),
    ),
    Break("a row with another department", "decisions_match", after=file(EMAIL, '"GROCERY"', '"MEAT"')),
    Break("a row with another rank", "decisions_match", after=file(EMAIL, ",2,loyalty_terms", ",7,loyalty_terms")),
    Break("a decision that reaches no file", "decisions_match", after=drop_row(EMAIL, "p6")),
    Break(
        "a candidate that a guardrail blocked",
        "eligible_candidate",
        after=tonight("candidates", person_id="p6", is_eligible=False),
    ),
    Break(
        "a candidate at another cost",
        "eligible_candidate",
        after=tonight("candidates", person_id="p6", contact_cost_amount=Decimal("0.0001")),
    ),
    Break("a formula", "formula_safe", after=a_formula_among_the_removals),
    Break("another person's customer number", "household_belongs", after=file(EMAIL, ",h6,", ",h5,")),
    Break(
        "an earlier night rewritten after its seal",
        "ledger_unbroken",
        after=lambda night: night.rewrite("exports", lambda f: f.clear(), EARLIER[0]),
    ),
    Break(
        "a file that its manifest does not describe",
        "manifests_match",
        after=file("email/manifest.json", '"rows": 2', '"rows": 3'),
    ),
    Break("a manifest of another policy", "manifests_match", after=file("email/manifest.json", "policy-1", "policy-0")),
    Break(
        "a decision sent before",
        "never_sent_twice",
        lambda world: world.exports[0].update(decision_id="d-2017-12-26-p6", discount_cost_amount=Decimal(0)),
    ),
    Break(
        "the hash of nothing",
        "no_empty_hash",
        choose("p6", "thanks-none-email", reasons=["E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"]),
    ),
    Break("a person without a decision", "one_decision_per_person", lambda world: world.decisions.pop(4) and None),
    Break(
        "a person with two decisions",
        "one_decision_per_person",
        lambda world: world.decisions.append(decision("p5", decision_id="d-again")),
    ),
    Break(
        "two channels for one person", "one_row_per_person", two_channels, also=frozenset({"one_decision_per_person"})
    ),
    Break("a row without a reason", "reason_present", choose("p6", "thanks-none-email", reasons=[])),
    Break("a reason that is not the ledger's", "reason_present", after=file(EMAIL, "p6 is worth it.", "Because.")),
    Break("somebody is left out without being removed", "removals_complete", after=drop_row(EMAIL_REMOVALS, "p4")),
    Break(
        "somebody is removed who never was there",
        "removals_complete",
        after=add_line(EMAIL_REMOVALS, "d-2017-12-19-p9,p9,,unresolved"),
    ),
    Break(
        "a removal for a wrong reason",
        "removals_complete",
        after=file(EMAIL_REMOVALS, "not_chosen_tonight", "held_out"),
    ),
]
