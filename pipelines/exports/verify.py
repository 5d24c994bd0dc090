"""Do the final files keep every guardrail? Asked of the files, in SQL, by code that the decider does not share.

Every question is one file in `checks/`: a query over the staged files, the seeds as they lie on disk, the raw
ledger and the warehouse, which returns the rows that break a rule. It fails closed: an input that is missing
or unreadable, a query that cannot run and a check that is not there are violations too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from pipelines.exports.violations import CRITICAL, Violation

CHECKS_DIR = Path(__file__).parent / "checks"
EXAMPLES = 3

# Named here as well, so that a check whose file is lost stops the release instead of being forgotten.
CHECKS = (
    "approval_given",
    "channel_files_complete",
    "columns_of_contract",
    "complaints_left_alone",
    "consent_declared",
    "consent_recorded",
    "contact_caps",
    "decisions_match",
    "department_in_stock",
    "discount_ceiling",
    "eligible_candidate",
    "formula_safe",
    "holdout_never_contacted",
    "household_belongs",
    "identity_confidence",
    "ledger_unbroken",
    "limits_kept",
    "manifests_match",
    "margin_floor",
    "never_sent_twice",
    "no_empty_hash",
    "one_decision_per_person",
    "one_row_per_person",
    "reason_present",
    "removals_complete",
    "sensitive_categories",
    "treatment_valid",
)

SEEDS = (
    "actions",
    "channels",
    "consents",
    "contact_policies",
    "discount_ceilings",
    "experiments",
    "limits",
    "margin_rates",
    "offers",
    "sensitive_categories",
    "treatments",
    "value_rules",
)

WAREHOUSE = {
    "customer_360": "marts.customer_360",
    "dim_products": "marts.dim_products",
    "fct_contacts": "marts.fct_contacts",
    "fct_message_events": "marts.fct_message_events",
    "identity_records": "identity.identity_records",
    "person_members": "identity.person_members",
}

BRONZE = ("consent.events", "inventory.snapshots", "messaging.events", "zendesk.tickets")

# Said in full, so that nothing about a file is guessed from its content.
DIALECT = (
    "header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"', nullstr = '', "
    "hive_partitioning = false"
)


@dataclass(frozen=True, slots=True)
class VerifierInputs:
    """Where the files and the evidence are, and what the manifests must say."""

    staged: Path
    seeds: Path
    ledger: Path
    bronze: Path
    warehouse: Path
    as_of_date: date
    run_id: str
    policy_hash: str
    schema_version: str
    currency: str
    consent_max_age_days: int | None  # how old the newest file of the consent log may be; None: any age
    threads: int
    memory_limit: str


def verify_exports(inputs: VerifierInputs) -> list[Violation]:
    """Everything the final files break, one entry per check, sorted by name; empty means clean."""
    with duckdb.connect(config={"threads": str(inputs.threads), "memory_limit": inputs.memory_limit}) as connection:
        connection.execute("set TimeZone = 'UTC'")
        missing = _load(connection, inputs)
        found = [_run_check(connection, name, missing) for name in CHECKS]
    return [violation for violation in found if violation is not None]


def _run_check(connection: duckdb.DuckDBPyConnection, name: str, missing: dict[str, str]) -> Violation | None:
    path = CHECKS_DIR / f"{name}.sql"
    if not path.is_file():
        return _cannot_judge(name, "the check's SQL file is missing")
    query = path.read_text(encoding="utf-8")
    absent = [f"input {need} is missing: {missing[need]}" for need in needs_of(query) if need in missing]
    if absent:
        return _cannot_judge(name, *absent)
    try:
        rows = connection.execute(query).fetchall()
    except duckdb.Error as error:
        return _cannot_judge(name, f"cannot be evaluated: {str(error).splitlines()[0]}")
    examples = tuple(f"{row[0]}: {row[1]}" for row in rows[:EXAMPLES])
    return Violation(name, CRITICAL, len(rows), examples) if rows else None


def needs_of(query: str) -> list[str]:
    """The inputs a check names in its line `-- needs: a, b`."""
    lines = [line for line in query.splitlines() if line.startswith("-- needs:")]
    return [need.strip() for line in lines for need in line.removeprefix("-- needs:").split(",")]


def _cannot_judge(name: str, *why: str) -> Violation:
    return Violation(name, CRITICAL, len(why), why)


def _load(connection: duckdb.DuckDBPyConnection, inputs: VerifierInputs) -> dict[str, str]:
    """Make a relation of every input; returns the missing ones, each with the reason."""
    missing = {}
    connection.execute(
        "create table run as select $1::date as as_of_date, $2 as run_id, $3 as policy_hash, "
        "$4 as schema_version, $5 as currency, $6::integer as consent_max_age_days",
        [
            inputs.as_of_date,
            inputs.run_id,
            inputs.policy_hash,
            inputs.schema_version,
            inputs.currency,
            inputs.consent_max_age_days,
        ],
    )
    sources = [*_staged(inputs), *_seeds(inputs), *_ledger(inputs), *_bronze(inputs)]
    sources += [("warehouse", f"attach {_text(inputs.warehouse)} as warehouse (read_only)")]
    sources += [(name, f"create view {name} as from warehouse.{table}") for name, table in WAREHOUSE.items()]
    for name, statement in sources:
        try:
            connection.execute(statement)
        except duckdb.Error as error:
            missing[name] = str(error).splitlines()[0]
    return missing


def _staged(inputs: VerifierInputs) -> Iterator[tuple[str, str]]:
    every = _glob(inputs.staged, "**")
    place = f"filename[{len(str(inputs.staged)) + 2}:]"
    yield (
        "files",
        f"create table files as select {place} as path, split_part({place}, '/', 1) as channel_code, "
        "split_part(filename, '/', -1) as file, octet_length(content) as byte_count, sha256(content) as sha256, "
        f"regexp_extract(decode(content), '^[^\\n]*') as header, decode(content) as content from read_blob({every})",
    )
    for name in ("audience", "removals"):
        source = f"read_csv({_glob(inputs.staged, f'*/{name}.csv')}, {DIALECT}, filename = true, union_by_name = true)"
        yield name, f"create table {name} as select *, split_part(filename, '/', -2) as channel_code from {source}"
    yield (
        "manifests",
        "create table manifests as select split_part(filename, '/', -2) as channel_code, content::json as body "
        f"from read_text({_glob(inputs.staged, '*/manifest.json')})",
    )


def _seeds(inputs: VerifierInputs) -> Iterator[tuple[str, str]]:
    for name in SEEDS:
        source = f"read_csv({_glob(inputs.seeds, f'{name}.csv')}, {DIALECT})"
        yield f"seed_{name}", f"create table seed_{name} as from {source}"


def _ledger(inputs: VerifierInputs) -> Iterator[tuple[str, str]]:
    """Tonight's decisions and candidates; what sealed nights before exported, assigned, sealed and called people."""
    tonight = f"as_of_date={inputs.as_of_date.isoformat()}"
    earlier = sorted(
        path.name
        for path in (inputs.ledger / "nights").glob("as_of_date=*")
        if path.name < tonight and (path / "part-0.parquet").exists()
    )
    for name in ("decisions", "candidates"):
        yield name, f"create view {name} as from {_parquet(inputs.ledger / name, [tonight])}"
    for name in ("assignments", "loads", "person_ids"):
        yield name, f"create view {name} as from {_parquet(inputs.ledger / name, [*earlier, tonight])}"
    for name, stream in (("earlier_exports", "exports"), ("seals", "nights")):
        yield name, f"create view {name} as from {_parquet(inputs.ledger / stream, ['_empty', *earlier])}"
    parts = ", ".join(_glob(inputs.ledger / "exports" / night, "part-0.parquet") for night in ["_empty", *earlier])
    yield (
        "ledger_files",
        "create table ledger_files as select split_part(filename, '/', -2) as night, sha256(content) as sha256 "
        f"from read_blob([{parts}])",
    )


def _bronze(inputs: VerifierInputs) -> Iterator[tuple[str, str]]:
    """Accepted rows of sources that permit or forbid; a file with their columns always lies there."""
    for name in BRONZE:
        source = f"read_parquet({_glob(inputs.bronze.joinpath(*name.split('.')), '*.parquet')}, union_by_name = true)"
        relation = name.replace(".", "_")
        yield relation, f"create view {relation} as from {source}"


def _parquet(stream: Path, nights: list[str]) -> str:
    paths = ", ".join(_glob(stream / night, "part-0.parquet") for night in nights)
    return f"read_parquet([{paths}], hive_partitioning = false)"


def _glob(folder: Path, pattern: str) -> str:
    """A pattern below a folder whose own name may hold pattern characters."""
    literal = "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(folder))
    return _text(f"{literal}/{pattern}")


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
