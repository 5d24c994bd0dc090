"""The contract with a channel: which files it gets, and which columns of which kind stand in them."""

SCHEMA_VERSION = "1.0"

AUDIENCE = "audience.csv"
REMOVALS = "removals.csv"
MANIFEST = "manifest.json"

# kinds: id (never escaped), text (escaped), number, date. The checker has its own copy of these names in
# checks/columns_of_contract.sql: a column added here alone stops the release, and that is intended.
AUDIENCE_COLUMNS = (
    ("decision_id", "id"),
    ("person_id", "id"),
    ("household_id", "id"),  # the customer number in the retailer's own systems
    ("action_id", "id"),
    ("treatment_id", "id"),
    ("offer_id", "id"),
    ("discount_rate", "number"),
    ("department_name", "text"),  # empty: the treatment is about no department
    ("valid_from_date", "date"),
    ("valid_through_date", "date"),
    ("priority_rank", "number"),  # 1 = worth most in this channel tonight
    ("consent_basis", "id"),
    ("consent_evidence", "id"),  # recorded by the person, declared, or only assumed
    ("reason_text", "text"),
)

REMOVAL_COLUMNS = (
    ("decision_id", "id"),  # of the release in which the person last was
    ("person_id", "id"),
    ("household_id", "id"),  # empty: no customer number leads to this person any more
    ("reason", "text"),
)
