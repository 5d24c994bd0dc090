"""What a simulated retailer decides for himself: `nightmarket.yml` and `seeds/` of his home, which its nights read."""

from decimal import Decimal
from pathlib import Path

import polars as pl

from pipelines.files import new_directory, write_bytes
from pipelines.settings import CONFIG_FILE, PROJECT_DIR, SEEDS
from pipelines.simulator.scenario import Scenario

OWN_SEEDS = Path(__file__).parent / SEEDS  # those that differ from the project's; limits are for 20,000 people
LIMITS, LIMITS_ARE_FOR = "limits.csv", 20_000
_TEXT = """\
# Written by `nightmarket simulate`. Edit it as you like: it is written once.
retailer: simulated
time_zone: {time_zone}
currency: {currency}
random_seed: {seed}
is_replay: false

# Of the {count} tables that a night reads only the tills and the products are needed; the others may be left out.
sources:
{sources}"""
_SOURCES = {
    "till.receipts": "{critical: true, max_age_days: 7}",
    "pim.products": "{critical: true}",
    "stores.stores": "{critical: false}",
    "shopify.orders": "{critical: false, max_age_days: 7}",
    "shopify.order_lines": "{critical: false, max_age_days: 7}",
    "shopify.refunds": "{critical: false}",
    "shopify.order_line_refunds": "{critical: false}",
    "shopify.customers": "{critical: false}",
    "loyalty.members": "{critical: false}",
    "crm.contacts": "{critical: false}",
    "consent.events": "{critical: false, max_age_days: 7}",
    "messaging.events": "{critical: false}",
    "zendesk.tickets": "{critical: false, max_age_days: 7}",
    "inventory.snapshots": "{critical: false, max_age_days: 7}",
    "loyalty.points": "{critical: false}",
    "feedback.nps": "{critical: false}",
    "feedback.reviews": "{critical: false}",
    "ga4.events": "{critical: false}",
    "media.exposures": "{critical: false}",
    "media.geo_spend": "{critical: false}",
    "pim.prices": "{critical: false}",
}


def write_settings(scenario: Scenario, home: Path) -> None:
    """Write the file and the tables, each if the home has none."""
    if not (home / SEEDS).exists():
        _write_seeds(scenario, home / SEEDS)
    path = home / CONFIG_FILE
    if path.exists():
        return
    sources = "".join(f"  {name}: {facts}\n" for name, facts in _SOURCES.items())
    text = _TEXT.format(
        time_zone=scenario.time_zone,
        currency=scenario.currency,
        seed=scenario.seed,
        count=len(_SOURCES),
        sources=sources,
    )
    write_bytes(path, text.encode())


def _write_seeds(scenario: Scenario, folder: Path) -> None:
    """The project's tables, the retailer's own instead where he has them, capacities in proportion to the people."""
    tables = {path.name: path for place in (PROJECT_DIR / SEEDS, OWN_SEEDS) for path in sorted(place.glob("*.csv"))}
    with new_directory(folder) as partial:
        for name, path in tables.items():
            (partial / name).write_bytes(path.read_bytes())
        limits = pl.read_csv(tables[LIMITS], infer_schema=False)
        amounts = [_in_proportion(text, scenario.people) for text in limits["limit_amount"]]
        limits.with_columns(limit_amount=pl.Series(amounts)).write_csv(partial / LIMITS)


def _in_proportion(amount: str, people: int) -> str:
    return str((Decimal(amount) * people / LIMITS_ARE_FOR).quantize(Decimal("1")) + Decimal("0.0000"))
