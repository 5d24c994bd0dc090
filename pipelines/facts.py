"""Reads the marts as the frames that features and models work on: money in integer cents, so sums are exact."""

from datetime import date, timedelta

import polars as pl

from ml.features.facts import SCHEMAS, Facts
from pipelines.warehouse import Warehouse

QUERIES = {
    "lines": """
        select
            lines.person_id, lines.order_id, lines.store_id, lines.product_id,
            products.department_name, products.category_name, lines.ordered_date, lines.known_date,
            (lines.net_sales_amount * 100)::bigint as net_sales_cents,
            (lines.gross_sales_amount * 100)::bigint as gross_sales_cents,
            ((lines.gross_sales_amount - lines.net_sales_amount) * 100)::bigint as discount_cents,
            (lines.gross_margin_amount * 100)::bigint as margin_cents,
            (lines.coupon_discount_amount * 100)::bigint as coupon_discount_cents,
            lines.is_displayed or lines.is_in_mailer as is_promoted
        from marts.fct_order_lines as lines
        left join marts.dim_products as products on lines.product_id = products.product_id
        where lines.person_id is not null
        order by lines.order_line_id
    """,
    "contacts": """
        select person_id, campaign_id, campaign_type_code, contacted_date, known_date
        from marts.fct_contacts where person_id is not null order by contact_id
    """,
    "redemptions": """
        select person_id, campaign_id, redeemed_date, known_date
        from marts.fct_redemptions where person_id is not null order by redemption_id
    """,
    "campaigns": """
        select campaign_id, campaign_type_code, start_date, end_date, known_date
        from marts.dim_campaigns order by campaign_id
    """,
    "customers": """
        select
            person_id, age_band, income_band, home_ownership, marital_status, household_size,
            household_composition, kids_count, profile_known_date as known_date
        from marts.customer_360 where profile_known_date is not null order by person_id
    """,
}


def read_facts(warehouse: Warehouse) -> Facts:
    """What the marts know, as features read it.

    Raises    ContractError if a mart no longer gives the columns that features need.
    """
    return Facts(**{name: _read(warehouse, name) for name in QUERIES})


def observed_through(warehouse: Warehouse, as_of_date: date) -> date:
    """The first day that is not covered by what was known when a date began.

    Deliveries are whole days, so the last day with a known sale counts as complete; without a sale nothing is missing.
    """
    query = "select max(ordered_date) as day from marts.fct_orders where known_date < $as_of_date"
    last = warehouse.read(query, as_of_date=as_of_date)["day"][0]
    return as_of_date if last is None else min(as_of_date, last + timedelta(days=1))


def _read(warehouse: Warehouse, name: str) -> pl.DataFrame:
    return warehouse.read(QUERIES[name]).select(pl.col(column).cast(kind) for column, kind in SCHEMAS[name].items())
