"""`nightmarket evaluate`: the night's tables beside the truth of a simulated retailer."""

import json
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from ml.errors import ContractError
from pipelines.files import write_bytes, write_text
from pipelines.night import ledger_of, warehouse_of
from pipelines.settings import Settings
from pipelines.simulator.evaluate_nights import nights_content
from pipelines.simulator.evaluate_page import render_evaluation
from pipelines.simulator.evaluate_predictions import predictions_content
from pipelines.simulator.scoring import Agreement, agreement, quarantine_score, wrong_links

PREFIXES = {
    "shopify.customers": "shopify:customer:",
    "loyalty.members": "loyalty:member:",
    "crm.contacts": "crm:contact:",
}
KEYS = {
    "till.receipts": "receipt_id",
    "shopify.orders": "id",
    "shopify.order_lines": "id",
    "shopify.refunds": "id",
    "shopify.order_line_refunds": "id",
    "media.exposures": "exposure_id",
    "pim.prices": "sku",
}  # tables with a column of money, where bad cells are planted, and what the truth names their rows by
BAD = ("bad_row", "currency_noise")
REPORT, PAGE = "evaluation.json", "evaluation.html"
DIGITS = 6


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the comparison came to."""

    record_count: int  # in the night and in the truth
    identity: Agreement
    wrong_links: pl.DataFrame
    quarantine: pl.DataFrame
    predictions: list[dict[str, Any]]
    nights: dict[str, Any]


def evaluate_home(settings: Settings) -> Evaluation:
    """Compare what a home's nights claimed with its truth; write reports/evaluation.json and evaluation.html.

    Persons and quarantine are those of the last night, predictions of the last whose people are known; uplift, policies
    and lift of every night that was answered by its people.

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
        quarantine_score(planted_rows(settings), _refused(settings)),
        predictions_content(settings),
        nights_content(settings),
    )
    content = _content(settings, found)
    write_bytes(settings.folder("reports") / REPORT, (json.dumps(content, indent=2) + "\n").encode())
    write_text(settings.folder("reports") / PAGE, render_evaluation(content))
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


def _tables_read(settings: Settings) -> list[str]:
    """The tables with bad rows that this home's nights read at all."""
    return [table for table in KEYS if table in settings.retailer.sources]


def planted_rows(settings: Settings) -> pl.DataFrame:
    """table and row_key of the bad rows in files that some night has read; the last days' files arrive after it."""
    paths = sorted((settings.folder("truth") / "faults").glob("*.parquet"))
    rows = pl.read_parquet(paths, columns=["kind", "table", "file", "row_key"]).filter(
        pl.col("kind").is_in(BAD) & pl.col("table").is_in(_tables_read(settings))
    )
    known = rows.join(_loaded(settings), on=["table", "file"], how="semi", maintain_order="left")
    return known.select("table", "row_key")


def _loaded(settings: Settings) -> pl.DataFrame:
    """table and file, by its name alone, of all that landed."""
    ledger = ledger_of(settings)
    loads = pl.concat([ledger.partition("loads", night) for night in ledger.nights("loads")])
    name = pl.col("file").str.split("/").list.last()
    return loads.select(table=pl.format("{}.{}", "source_code", "table_name"), file=name).unique()


def _refused(settings: Settings) -> pl.DataFrame:
    """Refused rows by the key that the truth names them by."""
    empty = pl.DataFrame(schema={"table": pl.String, "row_key": pl.String})
    parts = [empty]
    for table in _tables_read(settings):
        key = KEYS[table]
        folder = settings.folder("quarantine").joinpath(*table.split("."))
        paths = sorted(folder.glob("*.parquet"))
        if paths:
            rows = pl.read_parquet(paths, columns=["disposition", "raw"]).filter(disposition="refused")
            parts.append(rows.select(table=pl.lit(table), row_key=pl.col("raw").str.json_path_match(f"$.{key}")))
    return pl.concat(parts)


def _content(settings: Settings, found: Evaluation) -> dict[str, Any]:
    content = {
        "retailer": settings.retailer.retailer,
        "currency": settings.retailer.currency,
        "record_count": found.record_count,
        "identity": asdict(found.identity),
        "wrong_links": found.wrong_links.to_dicts(),
        "quarantine": found.quarantine.to_dicts(),
        "predictions": found.predictions,
        **found.nights,
    }
    plain: dict[str, Any] = as_plain(content)
    return plain


def as_plain(value: Any) -> Any:
    """JSON values: money and days as text, floats without their last bits, which may differ between machines."""
    if isinstance(value, dict):
        return {name: as_plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [as_plain(one) for one in value]
    if isinstance(value, float):
        return round(value, DIGITS)
    return str(value) if isinstance(value, Decimal | date) else value
