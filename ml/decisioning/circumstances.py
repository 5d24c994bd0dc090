"""What speaks against a contact tonight beside the person's own habits: an open complaint, an empty shelf."""

from datetime import date, timedelta

import polars as pl

from ml.decisioning.inputs import require_columns
from ml.decisioning.policy import Policy

MARKETING = "marketing"
CUSTOMER_COLUMNS = ("person_id", "home_store_id", "has_open_complaint")
STOCK_COLUMNS = ("store_id", "department_name", "snapshot_date", "product_count", "stocked_product_count")


def with_circumstances(
    candidates: pl.DataFrame, customers: pl.DataFrame, stock: pl.DataFrame, *, policy: Policy, as_of_date: date
) -> pl.DataFrame:
    """Add what the guardrails `open_complaint` and `out_of_stock` ask.

    Takes     candidates: person_id, action_id, department_name;
              customers, one row per person_id: home_store_id str, null if unknown; has_open_complaint bool;
              stock, one row per store_id x department_name, the last count of each place: snapshot_date, product_count,
              stocked_product_count; no row at all means that the retailer does not tell its stock.
    Returns   candidates with is_undisturbed: false where the action is marketing and the person waits for an answer to
              a complaint; is_stocked: whether enough of the department's products are on the shelf where the person
              shops, by a count that is not too old. Null where unknown, which blocks.
    Raises    ContractError   a column is missing.
    """
    require_columns("customers", customers, CUSTOMER_COLUMNS)
    require_columns("stock", stock, STOCK_COLUMNS)
    known = candidates.join(customers.select(CUSTOMER_COLUMNS), on="person_id", how="left", maintain_order="left")
    purposes = {action.action_id: action.purpose_code for action in policy.actions.values()}
    is_marketing = pl.col("action_id").replace_strict(purposes, default=MARKETING) == MARKETING
    shelves = _shelves(stock, policy, as_of_date)
    joined = known.join(
        shelves,
        left_on=["home_store_id", "department_name"],
        right_on=["store_id", "department_name"],
        how="left",
        maintain_order="left",
    )
    if stock.is_empty():
        joined = joined.with_columns(is_stocked=pl.lit(True))
    return joined.with_columns(is_undisturbed=~is_marketing | ~pl.col("has_open_complaint")).drop(CUSTOMER_COLUMNS[1:])


def _shelves(stock: pl.DataFrame, policy: Policy, as_of_date: date) -> pl.DataFrame:
    """store_id, department_name, is_stocked; null if the count is too old."""
    enough = pl.col("stocked_product_count") >= float(policy.rules["min_stocked_rate"]) * pl.col("product_count")
    oldest = as_of_date - timedelta(days=int(policy.rules["max_stock_age_days"]))
    is_fresh = pl.col("snapshot_date") >= oldest
    return stock.select("store_id", "department_name", is_stocked=pl.when(is_fresh).then(enough))
