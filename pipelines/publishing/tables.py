"""The tables of the snapshot: each with the unique key that orders it. No identity relation is among them."""

from pipelines.publishing.publish import PublishedTable


def _mart(relation: str, *key: str, without: tuple[str, ...] = ()) -> PublishedTable:
    columns = f"* exclude ({', '.join(without)})" if without else "*"
    return PublishedTable(relation.split(".")[1], f"select {columns} from {relation}", key)


# facts know the record they came from, and a record id spells out the retailer's customer number
_RECORD = ("record_id",)

PUBLISHED_TABLES = (
    _mart("marts.customer_360", "person_id"),
    _mart("marts.dim_products", "product_id"),
    _mart("marts.dim_stores", "store_id"),
    _mart("marts.dim_campaigns", "campaign_id"),
    _mart("marts.fct_order_lines", "order_line_id", without=_RECORD),
    _mart("marts.fct_returns", "return_line_id", without=_RECORD),
    _mart("marts.fct_orders", "order_id", without=_RECORD),
    _mart("marts.fct_contacts", "contact_id", without=_RECORD),
    _mart("marts.fct_redemptions", "redemption_id", without=_RECORD),
    _mart("marts.fct_support_tickets", "ticket_change_id", without=_RECORD),
    _mart("marts.fct_stock_daily", "snapshot_date", "store_id", "department_name"),
    _mart("marts.fct_feedback", "feedback_id", without=_RECORD),
    _mart("marts.fct_media_spend", "spend_date", "region_code", "medium_code"),
    _mart("marts.dim_product_prices", "product_id", "valid_from_date"),
    _mart("marts.contact_history", "origin", "contact_ref"),
    _mart("features.features_person", "person_id"),
    _mart("scores.scores_person", "person_id", "model_name", "target"),
    _mart("decisioning.candidates", "person_id", "treatment_id"),
    _mart("decisions.decisions", "decision_id"),
    _mart("decisions.rejected_candidates", "as_of_date", "person_id", "treatment_id"),
    _mart("decisions.decision_summary", "as_of_date", "channel_code", "treatment_id", "reason_code"),
    _mart("measurement.experiment_assignments", "experiment_id", "person_id"),
    _mart("measurement.person_outcomes", "person_id", "decided_date"),
    _mart("measurement.lift_inputs", "experiment_id", "person_id", "decided_date"),
    _mart("measurement.scoreboard", "experiment_id", "decided_date", "metric_name"),
)
