"""Decisions that break a rule of the retailer: every way in which the verifier must stop them."""

from collections.abc import Callable
from datetime import date

from tests.builders.breaking import (
    EMAIL,
    MAIL,
    Break,
    choose,
    file,
    more,
    seed,
    set_attribute,
    tonight,
)
from tests.builders.exports import EARLIER, NIGHT, World, export, goodbye, log_file, message, statement


def a_merged_person_with_discounts(world: World) -> None:
    world.exports.append(export(EARLIER[0], "p0", "till_coupon", "5.2000"))
    world.former.append(("p0", "p3"))


def asks_for_a_recorded_opt_in(world: World) -> None:
    """E-mails need it; p1 said so twice and is lawfully contacted."""
    world.seeds["consents"] = world.seeds["consents"].replace(
        "loyalty_opt_in,true,assumed", "recorded_opt_in,true,declared", 1
    )
    world.say("p1", "email", "withdrawn", date(2017, 11, 1))
    world.say("p1", "email", "granted", date(2017, 12, 1))
    world.loads = [log_file("a.csv", date(2017, 12, 2)), log_file("b.csv", date(2017, 12, 25))]


def recorded(*more: Callable[[World], None]) -> Callable[[World], None]:
    def change(world: World) -> None:
        asks_for_a_recorded_opt_in(world)
        for one in more:
            one(world)

    return change


def says(person: str, channel: str, state: str, day: date, record: str = "") -> Callable[[World], None]:
    return lambda world: world.say(person, channel, state, day, record=record)


def unread(day: date, name: str) -> Callable[[World], None]:
    return lambda world: world.loads.append(log_file(name, day, refused=1))


BROKEN_RULES = [
    Break(
        "a decision that waits for approval",
        "approval_given",
        after=tonight("decisions", person_id="p6", approval="unknown"),
    ),
    Break(
        "a treatment that needs approval and has none",
        "approval_given",
        seed("treatments", "2018-12-31,false,assumed\nthanks", "2018-12-31,true,assumed\nthanks"),
    ),
    Break("a channel without permission", "consent_declared", choose("p4", "grow-none-app_push", "GROCERY")),
    Break(
        "a consent that nobody declared",
        "consent_declared",
        seed("consents", "email,service,loyalty_terms,true,assumed\n", ""),
    ),
    Break(
        "a basis that is not the declared one", "consent_declared", after=file(EMAIL, "loyalty_terms", "loyalty_opt_in")
    ),
    Break(
        "a basis told as better known than it is",
        "consent_declared",
        after=file(EMAIL, "loyalty_opt_in,assumed", "loyalty_opt_in,recorded"),
    ),
    Break(
        "an opt-in that is recorded nowhere, told to be recorded",
        "consent_declared",
        seed("consents", "email,marketing,loyalty_opt_in", "email,marketing,recorded_optin"),
    ),
    Break("a person who recorded nothing", "consent_recorded", recorded(lambda world: world.statements.clear())),
    Break(
        "a person who withdrew since",
        "consent_recorded",
        recorded(says("p1", "email", "withdrawn", date(2017, 12, 20))),
    ),
    Break(
        "a no of the same moment",
        "consent_recorded",
        recorded(says("p1", "email", "withdrawn", date(2017, 12, 1))),
    ),
    Break(
        "an earlier no of another record of the person",
        "consent_recorded",
        recorded(
            lambda world: world.statements.append(
                statement("e0", "x1", "email", "withdrawn", date(2017, 10, 1)) | {"subject_type": "crm_contact"}
            )
        ),
        after=lambda night: night.in_warehouse("insert into identity.person_members values ('crm:contact:x1', 'p1')"),
    ),
    Break(
        "a yes for another channel",
        "consent_recorded",
        recorded(lambda world: world.statements[1].update(channel="sms")),
    ),
    Break(
        "a yes for another purpose",
        "consent_recorded",
        recorded(lambda world: world.statements[1].update(purpose="profiling")),
    ),
    Break(
        "a yes that was delivered on the night's own day",
        "consent_recorded",
        recorded(lambda world: world.statements[1].update(known_date=NIGHT)),
    ),
    Break(
        "a statement of somebody else as evidence",
        "consent_recorded",
        recorded(says("p6", "email", "granted", date(2017, 12, 2))),
        after=file(EMAIL, "recorded:e2", "recorded:e3"),
    ),
    Break(
        "a file of the consent log that could not be read",
        "consent_recorded",
        recorded(unread(date(2017, 12, 25), "c.csv")),
    ),
    Break(
        "a corrected file that came before the one that could not be read",
        "consent_recorded",
        recorded(unread(date(2017, 12, 3), "a.csv")),
    ),
    Break(
        "a consent log that ends more than a week ago",
        "consent_recorded",
        recorded(lambda world: world.loads.pop()),
    ),
    Break(
        "a person who unsubscribed by a message since",
        "consent_recorded",
        recorded(lambda world: world.left.append(goodbye("Unsubscribe", date(2017, 12, 1), member="m1"))),
    ),
    Break(
        "a person who complained of spam and is known by the address only",
        "consent_recorded",
        recorded(lambda world: world.left.append(goodbye("MarkAsSpam", date(2017, 12, 2), email=" P1@b.example"))),
    ),
    Break(
        "a file of messages that could not be read",
        "consent_recorded",
        recorded(
            lambda world: world.loads.append(log_file("b.csv", date(2017, 12, 24), refused=1, source="messaging"))
        ),
    ),
    Break(
        "an e-mail that the retailer sent without us",
        "contact_caps",
        after=lambda night: night.in_warehouse(message("p1", "news", date(2017, 12, 16))),
    ),
    Break(
        "an e-mail with our treatment that nobody released",
        "contact_caps",
        after=lambda night: night.in_warehouse(message("p1", "grow-pct_5-email", date(2017, 12, 24))),
    ),
    Break("a second e-mail in ten days", "contact_caps", more("exports", export(EARLIER[1], "p1", "email"))),
    Break(
        "one letter too many with the retailer's own counted",
        "contact_caps",
        more("mailings", ("p3", "direct_mail", date(2017, 11, 28))),
    ),
    Break(
        "the contacts of a merged person",
        "contact_caps",
        lambda world: (
            more("exports", export(EARLIER[1], "p0", "email", "0"))(world),
            more("former", ("p0", "p6"))(world),
        ),
    ),
    Break(
        "no policy at all",
        "contact_caps",
        lambda world: world.seeds.update(contact_policies=world.seeds["contact_policies"].splitlines()[0] + "\n"),
    ),
    Break(
        "a policy with a misspelt channel",
        "contact_caps",
        seed("contact_policies", "email_10d,email", "email_10d,emial"),
    ),
    Break("a policy without a number", "contact_caps", seed("contact_policies", "10,1,r", "10,,r")),
    Break("more discount than the rolling ceiling", "discount_ceiling", seed("discount_ceilings", "6.00", "5.99")),
    Break("the discounts of a merged person", "discount_ceiling", a_merged_person_with_discounts),
    Break(
        "a discount that nobody knows",
        "discount_ceiling",
        lambda world: world.exports[1].update(discount_cost_amount=None),
    ),
    Break("no ceiling at all", "discount_ceiling", seed("discount_ceilings", "person_28d,*,28,6.00,r,assumed\n", "")),
    Break("a person of the holdout", "holdout_never_contacted", set_attribute("arms", p6="holdout")),
    Break(
        "a person whom chance was never asked about",
        "holdout_never_contacted",
        lambda world: world.arms.pop("p6") and None,
    ),
    Break(
        "a holdout according to the decision alone",
        "holdout_never_contacted",
        after=tonight("decisions", person_id="p6", holdout_arm="holdout"),
    ),
    Break(
        "no experiment at all",
        "holdout_never_contacted",
        seed("experiments", "universal_holdout,0.1000,salt,2017-01-01,person,d,declared\n", ""),
    ),
    Break("an uncertain identity", "identity_confidence", set_attribute("confidence", p6=0.79)),
    Break("an unknown identity", "identity_confidence", set_attribute("confidence", p6=None)),
    Break(
        "an identity confidence that is not a number",
        "identity_confidence",
        set_attribute("confidence", p6=float("nan")),
    ),
    Break(
        "the customer 360 of another night",
        "identity_confidence",
        after=lambda night: night.in_warehouse("update marts.customer_360 set as_of_date = date '2017-12-19'"),
    ),
    Break("a capacity", "limits_kept", seed("limits", "2.0000", "1.0000")),
    Break("a budget", "limits_kept", seed("limits", "10.0000", "2.7739")),
    Break("a limit that no channel has", "limits_kept", seed("limits", "contact_count,email", "contact_count,emial")),
    Break(
        "no limit at all",
        "limits_kept",
        lambda world: world.seeds.update(limits=world.seeds["limits"].splitlines()[0] + "\n"),
    ),
    Break("a discount below the margin floor", "margin_floor", seed("margin_rates", "0.2700,0.1200", "0.2700,0.1890")),
    Break("a department with the careful default", "margin_floor", choose("p4", "grow-pct_10-till_coupon", "COUPON")),
    Break(
        "a department about which nobody is addressed",
        "sensitive_categories",
        choose("p6", "grow-pct_5-email", "GROCERY", reasons=["They like LIQUOR."]),
    ),
    Break(
        "a department not in the catalogue",
        "sensitive_categories",
        after=lambda night: night.in_warehouse("delete from marts.dim_products where department_name = 'MEAT'"),
    ),
    Break(
        "a department whose products are all sensitive",
        "sensitive_categories",
        after=lambda night: night.in_warehouse(
            "update marts.dim_products set is_sensitive = null where department_name = 'MEAT'"
        ),
    ),
    Break(
        "a sensitive department of the seeds",
        "sensitive_categories",
        seed("sensitive_categories", "SPIRITS,*", "MEAT,*"),
    ),
    Break("a treatment that is over", "treatment_valid", seed("treatments", "2018-01-05", "2017-12-25")),
    Break(
        "a treatment that has not begun",
        "treatment_valid",
        seed("treatments", "2017-01-01,2018-01-05", "2017-12-27,2018-01-05"),
    ),
    Break("another discount than the offer's", "treatment_valid", seed("offers", "0.1000", "0.0900")),
    Break("an offer that holds too long", "treatment_valid", after=file(MAIL, "2018-01-05", "2018-01-06")),
]
