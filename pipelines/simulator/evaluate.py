"""`nightmarket evaluate`: the night's tables beside the truth of a simulated retailer."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from ml.errors import ContractError
from pipelines.files import write_bytes
from pipelines.night import warehouse_of
from pipelines.settings import Settings
from pipelines.simulator.scoring import Agreement, agreement, quarantine_score, wrong_links

PREFIXES = {
    "shopify.customers": "shopify:customer:",
    "loyalty.members": "loyalty:member:",
    "crm.contacts": "crm:contact:",
}
KEYS = {"till.receipts": "receipt_id", "shopify.orders": "id", "shopify.order_lines": "id"}
BAD = ("bad_row", "currency_noise")
REPORT = "evaluation.json"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the comparison came to."""

    record_count: int  # in the night and in the truth
    identity: Agreement
    wrong_links: pl.DataFrame
    quarantine: pl.DataFrame


def evaluate_home(settings: Settings) -> Evaluation:
    """Compare persons and quarantine of a home's last night with its truth; write reports/evaluation.json.

    Raises    ContractError if the home was not simulated, or no night has run.
    """
    truth = settings.folder("truth")
    for path, step in ((truth / "records.parquet", "simulate"), (settings.warehouse_path, "run --as-of-date DAY")):
        if not path.exists():
            raise ContractError(
                f"{path}: expected it, found none. Make it first: nightmarket {step} --home {settings.home}"
            )
    records = _records(truth)
    warehouse = warehouse_of(settings)
    members = warehouse.read("select record_id, person_id as found from identity.person_members order by 1")
    links = warehouse.read(
        "select record_id_a, record_id_b, rule from identity.identity_edges where verdict = 'accepted' order by 1, 2, 3"
    )
    judged = members.join(records, on="record_id").rename({"person": "true"}).sort("record_id")
    found = Evaluation(
        judged.height,
        agreement(judged.select("found", "true")),
        wrong_links(_with_truth(links, records)),
        quarantine_score(_planted(truth), _refused(settings)),
    )
    write_bytes(settings.folder("reports") / REPORT, _as_json(found))
    return found


def _records(truth: Path) -> pl.DataFrame:
    """record_id, person, household and planted faults of every record of a customer."""
    faults = pl.read_parquet(truth / "record_faults.parquet").group_by("table", "row_key").agg(faults=pl.col("kind"))
    people = pl.read_parquet(truth / "people.parquet").select("person", "household")
    records = pl.read_parquet(truth / "records.parquet").join(people, on="person", how="left")
    records = records.join(
        faults, left_on=["table", "record_key"], right_on=["table", "row_key"], how="left", maintain_order="left"
    )
    name = pl.col("table").replace_strict(PREFIXES, default=None, return_dtype=pl.String) + pl.col("record_key")
    none = pl.lit([], dtype=pl.List(pl.String))
    named = records.select("person", "household", record_id=name, faults=pl.col("faults").fill_null(none))
    return named.drop_nulls("record_id")


def _with_truth(links: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Links between records that the truth knows; cards and guests are in no list of records."""
    for side in ("a", "b"):
        own = records.rename({name: f"{name}_{side}" for name in records.columns})
        links = links.join(own, on=f"record_id_{side}")
    return links.with_columns(faults=pl.concat_list("faults_a", "faults_b"))


def _planted(truth: Path) -> pl.DataFrame:
    faults = [pl.read_parquet(path) for path in sorted((truth / "faults").glob("*.parquet"))]
    rows = pl.concat(faults).filter(pl.col("kind").is_in(BAD) & pl.col("table").is_in(list(KEYS)))
    return rows.select("table", "row_key")


def _refused(settings: Settings) -> pl.DataFrame:
    """Refused rows by the key that the truth names them by."""
    empty = pl.DataFrame(schema={"table": pl.String, "row_key": pl.String})
    parts = [empty]
    for table, key in KEYS.items():
        folder = settings.folder("quarantine").joinpath(*table.split("."))
        for path in sorted(folder.glob("*.parquet")):
            rows = pl.read_parquet(path).filter(pl.col("disposition") == "refused")
            parts.append(rows.select(table=pl.lit(table), row_key=pl.col("raw").str.json_path_match(f"$.{key}")))
    return pl.concat(parts)


def _as_json(found: Evaluation) -> bytes:
    content = {
        "record_count": found.record_count,
        "identity": asdict(found.identity),
        "wrong_links": found.wrong_links.to_dicts(),
        "quarantine": found.quarantine.to_dicts(),
    }
    return (json.dumps(content, indent=2) + "\n").encode()
