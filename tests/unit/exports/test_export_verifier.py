"""For every guardrail: break exactly that one in the final files, and see the release stop by its name."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from ml.errors import GuardrailError
from pipelines.exports.gate import require_clean
from pipelines.exports.verify import CHECKS, CHECKS_DIR, SEEDS, needs_of, verify_exports
from tests.builders import exports as builder
from tests.builders.exports import EARLIER, NIGHT, BuiltNight, World, build_night, clean_world

PROJECT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Break:
    """One thing that goes wrong: in the world before staging, or behind everybody's back after it."""

    story: str
    check: str
    before: Callable[[World], None] = lambda world: None
    after: Callable[[BuiltNight], None] = lambda night: None


def seed(name: str, old: str, new: str) -> Callable[[World], None]:
    def change(world: World) -> None:
        assert old in world.seeds[name]
        world.seeds[name] = world.seeds[name].replace(old, new)

    return change


def choose(person: str, treatment: str, department: str | None = None, **changes: object) -> Callable[[World], None]:
    return lambda world: world.choose(person, treatment, department, **changes)


def file(path: str, old: str, new: str) -> Callable[[BuiltNight], None]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return lambda night: night.edit(path, change)


def add_line(path: str, line: str) -> Callable[[BuiltNight], None]:
    return lambda night: night.edit(path, lambda text: text + line + "\n")


def drop_row(path: str, key: str) -> Callable[[BuiltNight], None]:
    keep = lambda text: "".join(row for row in text.splitlines(keepends=True) if key not in row)  # noqa: E731
    return lambda night: night.edit(path, keep)


def tonight(stream: str, **changes: object) -> Callable[[BuiltNight], None]:
    def change(frame: pl.DataFrame) -> pl.DataFrame:
        here = pl.col("person_id") == changes["person_id"]
        return frame.with_columns(
            pl.when(here).then(pl.lit(value, dtype=frame.schema[name])).otherwise(name).alias(name)
            for name, value in changes.items()
        )

    return lambda night: night.rewrite(stream, change)


def set_attribute(name: str, **values: object) -> Callable[[World], None]:
    return lambda world: getattr(world, name).update(values)


def more(name: str, item: object) -> Callable[[World], None]:
    return lambda world: getattr(world, name).append(item)


EMAIL, TILL, MAIL = "email/audience.csv", "till_coupon/audience.csv", "direct_mail/audience.csv"
P4_HOUSEHOLD = "d-2017-12-26-p1,p1,h1"

BREAKS = [
    Break("a decision that waits for approval", "approval_given", after=tonight("decisions", person_id="p6", approval="unknown")),
    Break("a treatment that needs approval and has none", "approval_given", seed("treatments", "2018-12-31,false,assumed\nthanks", "2018-12-31,true,assumed\nthanks")),
    Break("an unused channel loses its files", "channel_files_complete", after=lambda night: (night.staged.folder / "app_push" / "removals.csv").unlink()),
    Break("a file that nobody asked for", "channel_files_complete", after=lambda night: (night.staged.folder / "notes.txt").write_text("x")),
    Break("a column too many", "columns_of_contract", after=lambda night: night.edit(MAIL, lambda text: text.replace("reason_text\n", "reason_text,age\n").replace('more."\n', 'more.",45\n'))),
    Break("an address in a text", "columns_of_contract", choose("p6", "thanks-none-email", reasons=["Ask ana@example.com."])),
    Break("a channel without permission", "consent_declared", choose("p4", "grow-none-app_push", "GROCERY")),
    Break("a consent that nobody declared", "consent_declared", seed("consents", "email,service,loyalty_terms,true,assumed\n", "")),
    Break("a basis that is not the declared one", "consent_declared", after=file(EMAIL, "loyalty_terms", "loyalty_opt_in")),
    Break("a second e-mail in ten days", "contact_caps", more("exports", builder.export(EARLIER[1], "p1", "email"))),
    Break("one letter too many with the retailer's own counted", "contact_caps", more("mailings", ("p3", "direct_mail", date(2017, 11, 28)))),
    Break("the contacts of a merged person", "contact_caps", lambda world: (more("exports", builder.export(EARLIER[1], "p0", "email", "0"))(world), more("lineage", ("p0", "p6", "merged"))(world))),
    Break("no policy at all", "contact_caps", lambda world: world.seeds.update(contact_policies=world.seeds["contact_policies"].splitlines()[0] + "\n")),
    Break("a policy with a misspelt channel", "contact_caps", seed("contact_policies", "email_10d,email", "email_10d,emial")),
    Break("a policy without a number", "contact_caps", seed("contact_policies", "10,1,r", "10,,r")),
    Break("a row that was never decided", "decisions_match", after=tonight("decisions", person_id="p6", decision_id="d-other")),
    Break("a row with another department", "decisions_match", after=file(EMAIL, '"GROCERY"', '"MEAT"')),
    Break("a row with another rank", "decisions_match", after=file(EMAIL, ",2,loyalty_terms", ",7,loyalty_terms")),
    Break("a decision that reaches no file", "decisions_match", after=drop_row(EMAIL, "p6")),
    Break("more discount than the rolling ceiling", "discount_ceiling", seed("discount_ceilings", "6.00", "5.99")),
    Break("a discount that nobody knows", "discount_ceiling", lambda world: world.exports[1].update(discount_cost_amount=None)),
    Break("no ceiling at all", "discount_ceiling", seed("discount_ceilings", "person_28d,*,28,6.00,r,assumed\n", "")),
    Break("a candidate that a guardrail blocked", "eligible_candidate", after=tonight("candidates", person_id="p6", is_eligible=False)),
    Break("a candidate at another cost", "eligible_candidate", after=tonight("candidates", person_id="p6", contact_cost_amount=Decimal("0.0001"))),
    Break("a formula", "formula_safe", after=lambda night: (file("email/removals.csv", "d-2017-12-19-p4", "=d-2017-12-19-p4")(night), night.rewrite("exports", lambda f: f.with_columns(pl.col("decision_id").replace("d-2017-12-19-p4", "=d-2017-12-19-p4")), EARLIER[1]), reseal(night, EARLIER[1]))),
    Break("a person of the holdout", "holdout_never_contacted", set_attribute("arms", p6="holdout")),
    Break("a person whom chance was never asked about", "holdout_never_contacted", lambda world: world.arms.pop("p6") and None),
    Break("a holdout according to the decision alone", "holdout_never_contacted", after=tonight("decisions", person_id="p6", holdout_arm="holdout")),
    Break("no experiment at all", "holdout_never_contacted", seed("experiments", "universal_holdout,0.1000,salt,2017-01-01,person,d,declared\n", "")),
    Break("another person's customer number", "household_belongs", after=file(EMAIL, ",h6,", ",h5,")),
    Break("an uncertain identity", "identity_confidence", set_attribute("confidence", p6=0.79)),
    Break("an unknown identity", "identity_confidence", set_attribute("confidence", p6=None)),
    Break("an identity confidence that is not a number", "identity_confidence", set_attribute("confidence", p6=float("nan"))),
    Break("the customer 360 of another night", "identity_confidence", after=lambda night: night.in_warehouse("update marts.customer_360 set as_of_date = date '2017-12-19'")),
    Break("an earlier night rewritten after its seal", "ledger_unbroken", after=lambda night: night.rewrite("exports", lambda f: f.clear(), EARLIER[0])),
    Break("a capacity", "limits_kept", seed("limits", "2.0000", "1.0000")),
    Break("a budget", "limits_kept", seed("limits", "10.0000", "2.7739")),
    Break("a limit that no channel has", "limits_kept", seed("limits", "contact_count,email", "contact_count,emial")),
    Break("no limit at all", "limits_kept", lambda world: world.seeds.update(limits=world.seeds["limits"].splitlines()[0] + "\n")),
    Break("a file that its manifest does not describe", "manifests_match", after=file("email/manifest.json", '"rows": 2', '"rows": 3')),
    Break("a manifest of another policy", "manifests_match", after=file("email/manifest.json", "policy-1", "policy-0")),
    Break("a discount below the margin floor", "margin_floor", seed("margin_rates", "0.2700,0.1200", "0.2700,0.1890")),
    Break("a department with the careful default", "margin_floor", choose("p4", "grow-pct_10-till_coupon", "COUPON")),
    Break("a decision sent before", "never_sent_twice", lambda world: world.exports[0].update(decision_id="d-2017-12-26-p6", discount_cost_amount=Decimal(0))),
    Break("the hash of nothing", "no_empty_hash", choose("p6", "thanks-none-email", reasons=["E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"])),
    Break("a person without a decision", "one_decision_per_person", lambda world: world.decisions.pop(4) and None),
    Break("a person with two decisions", "one_decision_per_person", lambda world: world.decisions.append(builder.decision("p5", decision_id="d-again"))),
    Break("two channels for one person", "one_row_per_person", lambda world: two_channels(world), ),
    Break("a row without a reason", "reason_present", choose("p6", "thanks-none-email", reasons=[])),
    Break("a reason that is not the ledger's", "reason_present", after=file(EMAIL, "p6 is worth it.", "Because.")),
    Break("somebody is left out without being removed", "removals_complete", after=drop_row("email/removals.csv", "p4")),
    Break("somebody is removed who never was there", "removals_complete", after=add_line("email/removals.csv", "d-2017-12-19-p9,p9,,unresolved")),
    Break("a removal for a wrong reason", "removals_complete", after=file("email/removals.csv", "not_chosen_tonight", "held_out")),
    Break("a department about which nobody is addressed", "sensitive_categories", choose("p6", "grow-pct_5-email", "GROCERY", reasons=["They like LIQUOR."])),
    Break("a department not in the catalogue", "sensitive_categories", after=lambda night: night.in_warehouse("delete from marts.dim_products where department_name = 'MEAT'")),
    Break("a department whose products are all sensitive", "sensitive_categories", after=lambda night: night.in_warehouse("update marts.dim_products set is_sensitive = null where department_name = 'MEAT'")),
    Break("a sensitive department of the seeds", "sensitive_categories", seed("sensitive_categories", "SPIRITS,*", "MEAT,*")),
    Break("a treatment that is over", "treatment_valid", seed("treatments", "2018-01-05", "2017-12-25")),
    Break("a treatment that has not begun", "treatment_valid", seed("treatments", "2017-01-01,2018-01-05", "2017-12-27,2018-01-05")),
    Break("another discount than the offer's", "treatment_valid", seed("offers", "0.1000", "0.0900")),
    Break("an offer that holds too long", "treatment_valid", after=file(MAIL, "2018-01-05", "2018-01-06")),
]  # fmt: skip


def reseal(night: BuiltNight, sealed: date) -> None:
    """Seal a changed night again, so that only the change itself is there to be found."""
    night.ledger.path("nights", sealed).unlink()
    night.ledger.seal(sealed, ["exports", "assignments"])


def two_channels(world: World) -> None:
    world.seeds["contact_policies"] = world.seeds["contact_policies"].replace("*,*,14,2", "*,*,14,9")
    second = builder.decision("p6", "grow-pct_10-till_coupon", "PRODUCE", decision_id="d-second")
    world.decisions.append(second)
    world.candidates.append(builder.candidate(second))


# What a broken rule cannot help breaking as well; everything else must stay clean.
ALSO = {
    "an unused channel loses its files": {"manifests_match"},
    "a file that nobody asked for": {"manifests_match"},
    "a department with the careful default": set(),
    "two channels for one person": {"one_decision_per_person"},
    "a person with two decisions": set(),
    "a row that was never decided": {"approval_given", "discount_ceiling", "eligible_candidate", "holdout_never_contacted", "limits_kept", "reason_present"},
    "a column too many": set(),
}  # fmt: skip


def test_a_night_that_keeps_every_rule_is_released(tmp_path):
    assert verify_exports(build_night(clean_world(), tmp_path).inputs) == []
    require_clean([])


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.story)
def test_a_broken_guardrail_stops_the_release_by_its_name(broken, tmp_path):
    world = clean_world()
    broken.before(world)
    night = build_night(world, tmp_path)
    broken.after(night)
    violations = verify_exports(night.inputs)
    assert {violation.check for violation in violations} - ALSO.get(broken.story, set()) == {broken.check}
    with pytest.raises(GuardrailError, match=broken.check):
        require_clean(violations)


def test_every_check_has_a_test_that_breaks_it():
    assert {broken.check for broken in BREAKS} == set(CHECKS) == {path.stem for path in CHECKS_DIR.glob("*.sql")}


def needed_inputs():
    return sorted({need for name in CHECKS for need in needs_of((CHECKS_DIR / f"{name}.sql").read_text())} - {"run"})


def remove_input(night: BuiltNight, name: str) -> None:
    if name.startswith("seed_"):
        (night.inputs.seeds / f"{name.removeprefix('seed_')}.csv").unlink()
    elif name in ("decisions", "candidates", "assignments"):
        night.ledger.path(name, NIGHT).unlink()
    elif name in ("earlier_exports", "ledger_files"):
        night.ledger.path("exports", EARLIER[0]).unlink()
    elif name == "seals":
        (night.ledger.root / "nights" / "_empty" / "part-0.parquet").unlink()
    elif name in ("audience", "removals", "manifests", "files"):
        pattern = {"audience": "*/audience.csv", "removals": "*/removals.csv", "manifests": "*/manifest.json"}
        for path in night.staged.folder.glob(pattern.get(name, "*/*")):
            path.unlink()
    else:
        schema = "identity" if name.startswith(("identity", "person")) else "marts"
        night.in_warehouse(f"drop table {schema}.{name}")


@pytest.mark.parametrize("name", needed_inputs())
def test_a_missing_input_blocks_every_check_that_needs_it(name, tmp_path):
    night = build_night(clean_world(), tmp_path)
    remove_input(night, name)
    blocked = {violation.check for violation in verify_exports(night.inputs)}
    needing = {check for check in CHECKS if name in needs_of((CHECKS_DIR / f"{check}.sql").read_text())}
    assert needing
    assert needing <= blocked


def test_an_empty_warehouse_allows_nobody(tmp_path):
    night = build_night(clean_world(), tmp_path)
    night.in_warehouse("delete from marts.customer_360")
    assert {"identity_confidence", "one_decision_per_person"} <= {v.check for v in verify_exports(night.inputs)}


def test_a_check_that_is_lost_stops_the_release(tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.exports.verify.CHECKS_DIR", tmp_path / "nowhere")
    night = build_night(clean_world(), tmp_path / "home")
    assert [violation.check for violation in verify_exports(night.inputs)] == list(CHECKS)


def test_a_contact_on_the_first_day_of_the_window_counts_and_the_day_before_does_not(tmp_path):
    first_day, before = clean_world(), clean_world()
    first_day.mailings.append(("p6", "email", date(2017, 12, 16)))
    before.mailings.append(("p6", "email", date(2017, 12, 15)))
    assert [v.check for v in verify_exports(build_night(first_day, tmp_path / "a").inputs)] == ["contact_caps"]
    assert verify_exports(build_night(before, tmp_path / "b").inputs) == []


def test_the_message_names_check_count_and_first_rows(tmp_path):
    world = clean_world()
    world.arms["p6"] = "holdout"
    with pytest.raises(GuardrailError, match=r"holdout_never_contacted: 1 .*d-2017-12-26-p6: held out of universal"):
        require_clean(verify_exports(build_night(world, tmp_path).inputs))


@pytest.mark.parametrize("name", SEEDS)
def test_the_seeds_of_these_tests_have_the_columns_of_the_project(name):
    header = (PROJECT / "seeds" / f"{name}.csv").read_text(encoding="utf-8").splitlines()[0]
    assert builder.SEEDS[name].splitlines()[0] == header


def test_the_docs_list_every_check():
    docs = (PROJECT / "docs" / "exports.md").read_text(encoding="utf-8")
    assert [name for name in CHECKS if f"`{name}`" not in docs] == []
