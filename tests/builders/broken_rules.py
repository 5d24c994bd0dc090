"""Decisions that break a rule of the retailer: every way in which the verifier must stop them."""

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
from tests.builders.exports import EARLIER, World, export


def a_merged_person_with_discounts(world: World) -> None:
    world.exports.append(export(EARLIER[0], "p0", "till_coupon", "5.2000"))
    world.lineage.append(("p0", "p3", "merged"))


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
            more("lineage", ("p0", "p6", "merged"))(world),
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
