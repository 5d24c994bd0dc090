"""What lots tell a night about contacts: read from the warehouse and the ledger, learned, and ready for tonight."""

from datetime import date

import polars as pl

from ml.decisioning.evidence import (
    DECIDED,
    Effects,
    collect_evidence,
    first_contacts,
    first_night,
    learn_effects,
)
from ml.decisioning.ledger_rows import NONE
from ml.decisioning.lots import LOTS, campaign_lots, night_lots
from ml.decisioning.policy import Policy
from ml.decisioning.traits import BOUGHT, MESSAGES, Past, with_traits
from pipelines.facts import observed_through
from pipelines.night import Night

BOUGHT_QUERY = """
    select
        person_id, ordered_date, known_date,
        count(distinct order_id) as order_count,
        count(distinct order_id) filter (is_with_coupon) as coupon_order_count,
        (sum(gross_sales_amount) * 100)::bigint as gross_sales_cents,
        (sum(gross_sales_amount - net_sales_amount) * 100)::bigint as discount_cents,
        count(*) filter (retail_discount_amount > 0 and not is_with_coupon) as deal_line_count,
        coalesce(sum(quantity) filter (retail_discount_amount > 0 and not is_with_coupon), 0)::bigint
            as deal_unit_count
    from marts.fct_order_lines
    where person_id is not null
    group by person_id, ordered_date, known_date
    order by person_id, ordered_date, known_date
"""
MESSAGES_QUERY = """
    select person_id, campaign_id, channel_code, event_code, event_date, known_date
    from marts.fct_message_events
    where person_id is not null
    order by message_event_person_id
"""


def known_effects(night: Night, policy: Policy, as_of_date: date) -> tuple[Effects | None, pl.DataFrame | None]:
    """What all lots so far say about contacts, and everybody's traits tonight; nothing without lots.

    Recorded data cannot have answered a decision: the lots of its nights would be of no contact at all.
    """
    messages = _read(night, MESSAGES_QUERY, MESSAGES)
    through, first = observed_through(night.warehouse, as_of_date), first_night(as_of_date)
    lots = pl.concat([campaign_lots(messages, through, first), _lots_of_nights(night, policy, as_of_date, through)])
    if lots.is_empty():
        return None, None
    past = Past(_read(night, BOUGHT_QUERY, BOUGHT), messages).before(as_of_date)
    settings = night.settings
    evidence = collect_evidence(lots, past)
    effects = learn_effects(evidence, policy, seed=settings.retailer.random_seed, threads=settings.threads)
    if effects is None:
        return None, None
    persons = night.warehouse.read("select person_id from marts.customer_360 order by 1")
    channels = pl.DataFrame({"channel_code": sorted(policy.channels)})
    return effects, with_traits(persons.join(channels, how="cross"), past, as_of_date)


def _lots_of_nights(night: Night, policy: Policy, as_of_date: date, through: date) -> pl.DataFrame:
    nights = [one for one in night.ledger.nights() if first_night(as_of_date) <= one < as_of_date]
    if night.settings.retailer.is_replay or not nights:
        return pl.DataFrame(schema=LOTS)
    meant = night.ledger.scan("decisions", nights).select(DECIDED).filter(pl.col("solved_treatment_id") != NONE)
    return night_lots(first_contacts(meant.collect(), policy, through), policy)


def _read(night: Night, query: str, schema: dict[str, type[pl.DataType]]) -> pl.DataFrame:
    return night.warehouse.read(query).select(pl.col(name).cast(kind) for name, kind in schema.items())
