"""The settings of a simulated retailer: `nightmarket.yml` in its home, which a night of that home reads."""

from pathlib import Path

from pipelines.files import write_bytes
from pipelines.settings import CONFIG_FILE
from pipelines.simulator.scenario import Scenario

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
}


def write_settings_file(scenario: Scenario, home: Path) -> None:
    """Write the file if the home has none."""
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
