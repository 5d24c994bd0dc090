"""Which sources has a night no row of, and what does that cost: models, journeys and guardrails that are off."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from ml.decisioning.inputs import LAPSE, PURCHASE, REDEMPTION, VALUE
from ml.decisioning.policy_rows import RECORDED_OPT_IN
from pipelines.ledger_schema import Columns

COVERAGE: Columns = {  # one row per gap
    "tables": pl.List(pl.String),  # source.table without a row
    "cost": pl.String,  # what that costs, in a sentence
    "models": pl.List(pl.String),  # cannot score
    "journeys": pl.List(pl.String),  # lead to no value, so to no contact
    "guardrails": pl.List(pl.String),  # see less than they should, or block everybody
}
EVERY_MODEL = (PURCHASE, LAPSE, VALUE, REDEMPTION)
CAPS = "contact_cap"


@dataclass(frozen=True, slots=True)
class Need:
    """Something a night wants to know, and what is lost if no table tells it.

    tables: all of them are needed; instead: if each table of one of these groups has rows, nothing is lost.
    """

    tables: tuple[str, ...]
    cost: str
    instead: tuple[tuple[str, ...], ...] = ()
    models: tuple[str, ...] = ()
    guardrails: tuple[str, ...] = ()


HOUSEHOLD_TILLS, TILLS = ("pos.order_lines",), ("till.receipts",)
WEB_SHOP = ("shopify.orders", "shopify.order_lines")
NEEDS = (
    Need(TILLS, "Purchases in stores are unknown.", instead=(HOUSEHOLD_TILLS,)),
    Need(WEB_SHOP, "Purchases in the web shop are unknown."),
    Need(
        ("shopify.refunds", "shopify.order_line_refunds"),
        "Net sales of the web shop are too high by what came back.",
    ),
    Need(
        ("pim.products",),
        "No product has a department, so no action can name one; margins are the default of margin_rates.csv; every "
        "product counts as sensitive.",
        instead=(("catalogue.products",),),
        models=(PURCHASE, REDEMPTION),
        guardrails=("sensitive_category", "margin_floor", "bought_just_now", "out_of_stock"),
    ),
    Need(("stores.stores",), "Tills are read in the retailer's own time zone.", instead=(HOUSEHOLD_TILLS,)),
    Need(("loyalty.members",), "Loyalty cards lead to no address: a person's card and web account stay two persons."),
    Need(("shopify.customers",), "Web accounts lead to no address: a person's account and card stay two persons."),
    Need(("crm.contacts",), "The call centre's contacts are nobody's."),
    Need(("crm.households",), "Age, income and size of households are unknown."),
    Need(
        ("consent.events",),
        "Nobody's own consent is recorded: channels that need a recorded opt-in reach nobody.",
        guardrails=("no_consent",),
    ),
    Need(
        ("messaging.events",),
        "The retailer's own messages do not count for contact caps, and who unsubscribes by one is not heard.",
        guardrails=(CAPS, "no_consent"),
    ),
    Need(
        ("campaigns.campaigns", "campaigns.mailings"),
        "Letters that no log of messages holds do not count for contact caps.",
        models=(REDEMPTION,),
        guardrails=(CAPS,),
    ),
    Need(("campaigns.coupons", "pos.coupon_redemptions"), "Who uses coupons is unknown.", models=(REDEMPTION,)),
    Need(("promotions.placements",), "What was on display or in the mailer is unknown."),
    Need(
        ("zendesk.tickets",),
        "Nobody's complaint is known, so marketing also goes to people who wait for an answer to one.",
        guardrails=("open_complaint",),
    ),
    Need(
        ("inventory.snapshots",),
        "Stock is unknown, so departments with empty shelves are promoted too.",
        guardrails=("out_of_stock",),
    ),
    Need(("loyalty.points",), "Nobody's points are known."),
    Need(("feedback.nps",), "What people answer to surveys is unknown."),
    Need(("feedback.reviews",), "What people think of products is unknown."),
    Need(("ga4.events",), "Visits of web shop and app are unknown."),
    Need(("media.exposures",), "What paid media showed is unknown."),
    Need(("media.geo_spend",), "What paid media cost by region is unknown."),
    Need(("pim.prices",), "The history of prices is unknown."),
)
NO_PURCHASE = "No purchase is known at all: nobody has a value, so nobody is contacted."


def find_gaps(loads: pl.DataFrame, seeds: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """What the night misses, gravest first.

    Takes     loads: rows of the ledger stream `loads` that the night knows; seeds: the retailer's tables as text.
    Returns   one row per gap, columns COVERAGE. A table counts as missing if no row of it was ever accepted, whether
              it is configured or not.
    """
    accepted = loads.filter(pl.col("accepted_row_count") > 0)
    known = set(accepted.select(pl.concat_str("source_code", "table_name", separator=".")).to_series())
    rows = [_gap(need, absent, seeds) for need in NEEDS if (absent := _absent(need, known))]
    if not any(known.issuperset(tables) for tables in (HOUSEHOLD_TILLS, TILLS, WEB_SHOP)):
        nothing = Need((*HOUSEHOLD_TILLS, *TILLS, *WEB_SHOP), NO_PURCHASE, models=EVERY_MODEL)
        rows.insert(0, _gap(nothing, [*nothing.tables], seeds))
    weight = pl.col("models").list.len() * 10 + pl.col("guardrails").list.len()
    return pl.DataFrame(rows, schema=COVERAGE, orient="row").sort(weight, descending=True, maintain_order=True)


def gaps_in_words(gaps: pl.DataFrame) -> list[str]:
    """One line per gap that switches something off, and one for all others."""
    lines, quiet = [], []
    for row in gaps.iter_rows(named=True):
        parts = [f"{name} {', '.join(row[name])}" for name in ("models", "journeys", "guardrails") if row[name]]
        if parts:
            lines.append(f"missing: {', '.join(row['tables'])} · {row['cost']} Off or weaker: {'; '.join(parts)}")
        else:
            quiet += row["tables"]
    return [*lines, f"also missing: {', '.join(quiet)}"] if quiet else lines


def _absent(need: Need, known: Collection[str]) -> list[str]:
    if any(set(group).issubset(known) for group in need.instead):
        return []
    return [table for table in need.tables if table not in known]


def _gap(need: Need, absent: list[str], seeds: Mapping[str, pl.DataFrame]) -> dict[str, object]:
    guardrails = [one for one in need.guardrails if one != "no_consent" or _asks_for_opt_in(seeds)]
    return {
        "tables": absent,
        "cost": need.cost,
        "models": list(need.models),
        "journeys": _journeys_without(need.models, seeds),
        "guardrails": guardrails,
    }


def _asks_for_opt_in(seeds: Mapping[str, pl.DataFrame]) -> bool:
    return RECORDED_OPT_IN in seeds["consents"]["consent_basis"]


def _journeys_without(models: Collection[str], seeds: Mapping[str, pl.DataFrame]) -> list[str]:
    """Journeys that need one of these models, for their bounds or for their action's value."""
    actions = {row["action_id"]: row for row in seeds["actions"].iter_rows(named=True)}
    return sorted(
        row["journey_id"]
        for row in seeds["journeys"].iter_rows(named=True)
        if not _models_of(row, actions[row["action_id"]]).isdisjoint(models)
    )


def _models_of(journey: Mapping[str, str | None], action: Mapping[str, str]) -> set[str]:
    needed = {PURCHASE if action["scope_code"] == "department" else LAPSE}
    bounds = (("min_lapse_probability", LAPSE), ("max_lapse_probability", LAPSE))
    for column, model in (*bounds, ("min_redemption_probability", REDEMPTION)):
        needed |= {model} if journey[column] is not None else set()
    return needed | ({VALUE} if float(action["retained_value_rate"]) else set())
