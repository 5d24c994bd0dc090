"""Stage warehouse, between two selections of dbt: who is who tonight, and the links that say so."""

from collections import Counter
from collections.abc import Iterator
from datetime import date

import dagster as dg
import polars as pl

from ml.identity.clusters import Resolution, resolve_persons
from ml.identity.links import DESCRIBING, EDGES, KEYS, judge_links
from ml.identity.registry import current_persons
from pipelines.assets.outcomes import Made, made
from pipelines.ledger_schema import PERSON_IDS
from pipelines.night import Night
from pipelines.partitions import NIGHTLY, as_of
from pipelines.seeds import largest_cluster, read_seeds
from pipelines.warehouse import Warehouse

PERSON_IDS_KEY, EDGES_KEY = ["ledger", "person_ids"], ["identity", "identity_edges"]
_READ = ("identity_records", "identity_identifiers", "identity_record_identifiers", "identity_key_links")
_RECORDS = f"""
with usable as (
    select record_id, kind from identity.identity_record_identifiers
    inner join identity.identity_identifiers using (kind, value_hash)
    where verdict = 'usable'
)
select
    record_id, first_seen_date, is_described, {", ".join(DESCRIBING)},
    {", ".join(f"case when (record_id, '{kind}') in (from usable) then {kind} end as {kind}" for kind in KEYS)}
from identity.identity_records
order by record_id
"""
_LINKS = f"select {', '.join(EDGES)} from identity.identity_key_links order by record_id_a, record_id_b, rule"


@dg.multi_asset(
    name="person_ids",
    specs=[
        dg.AssetSpec(
            EDGES_KEY,
            group_name="warehouse",
            partitions_def=NIGHTLY,
            deps=[["identity", table] for table in _READ],
            description="One row per pair of records and rule that was looked at tonight: followed or not, and why.",
        ),
        dg.AssetSpec(
            PERSON_IDS_KEY,
            group_name="warehouse",
            partitions_def=NIGHTLY,
            deps=[["identity", "identity_records"], EDGES_KEY],
            description="Ids issued to new clusters of records, and what merged or split; unchanged ones give no row.",
        ),
    ],
    pool="warehouse",
)
def person_ids(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> Iterator[Made]:
    """Weigh the links, cluster, and issue ids; the links stay in the warehouse for people to look up."""
    as_of_date = as_of(context)
    with night.reporter.stage("identity") as said:
        edges, resolution = _resolve(night, as_of_date)
        night.warehouse.replace("identity.identity_edges", edges)
        delta = resolution.delta.select(pl.col(name).cast(kind) for name, kind in PERSON_IDS.items())
        night.ledger.write("person_ids", as_of_date, delta)
        causes = Counter(delta["cause"].to_list())
        said.append(" · ".join(f"{cause} {count:,}" for cause, count in sorted(causes.items())) or "no change")
    night.note(as_of_date, "identity", {"causes": dict(causes), "refused": resolution.refused.to_dicts()})
    yield made(EDGES_KEY, row_count=edges.height, refused_count=edges.filter(pl.col("verdict") == "refused").height)
    yield made(PERSON_IDS_KEY, row_count=delta.height, refused_count=resolution.refused.height)


def read_identity(warehouse: Warehouse) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records with the keys that may link them, and the links that keys suggest: what `judge_links` takes."""
    return warehouse.read(_RECORDS), warehouse.read(_LINKS)


def _resolve(night: Night, as_of_date: date) -> tuple[pl.DataFrame, Resolution]:
    records, key_links = read_identity(night.warehouse)
    earlier = night.ledger.read_before("person_ids", as_of_date)
    registry = pl.DataFrame(schema=PERSON_IDS) if earlier is None else earlier
    former = current_persons(registry).select("record_id", "person_id")
    settings = night.settings
    edges = judge_links(records, key_links, former, seed=settings.retailer.random_seed, threads=settings.threads)
    largest = largest_cluster(read_seeds(settings))
    return edges, resolve_persons(records, edges, registry, as_of_date=as_of_date, max_records=largest)
