"""What the retailer's own tables say to the report: names, limits, and everything that is only assumed."""

from collections.abc import Mapping

import polars as pl

from pipelines.reports.context import ASSUMPTIONS, LIMITS

Seeds = Mapping[str, pl.DataFrame]
ANY = "*"


def assumptions_of(seeds: Seeds) -> pl.DataFrame:
    """Every row of a seed whose `basis` is assumed, as words; sorted by seed and key.

    Takes     seeds: frames by name, all columns text (`read_seeds`); the columns up to the first number
              or text that is not an identifier are not guessed at: the first column is the key.
    Returns   one row per assumed seed row, columns `ASSUMPTIONS`.
    """
    rows = [
        {"seed_name": name, "key": _key(name, row), "value": _value(name, row)}
        for name, seed in seeds.items()
        if "basis" in seed.columns
        for row in seed.filter(pl.col("basis") == "assumed").iter_rows(named=True)
    ]
    return pl.DataFrame(rows, schema=ASSUMPTIONS, orient="row").sort("seed_name", "key")


def treatment_names(seeds: Seeds) -> dict[str, str]:
    """What a marketer calls each treatment: action, offer and channel in words."""
    actions = _names(seeds["actions"], "action_id", "action_name")
    offers = _names(seeds["offers"], "offer_id", "offer_name")
    channels = _names(seeds["channels"], "channel_code", "channel_name")
    rows = seeds["treatments"].sort("treatment_id").iter_rows(named=True)
    return {
        row["treatment_id"]: " · ".join(
            [
                actions.get(row["action_id"], row["action_id"]),
                offers.get(row["offer_id"], row["offer_id"]),
                channels.get(row["channel_code"], row["channel_code"]),
            ]
        )
        for row in rows
    }


def limit_meanings(seeds: Seeds) -> pl.DataFrame:
    """Unit and meaning of each global limit; one row per limit, columns `LIMITS`, sorted by name."""
    channels = _names(seeds["channels"], "channel_code", "channel_name")
    actions = _names(seeds["actions"], "action_id", "action_name")
    rows = [
        {
            "limit_name": row["limit_name"],
            "unit": "contacts" if row["measure"] == "contact_count" else "money",
            "meaning": _meaning(row, channels, actions),
        }
        for row in seeds["limits"].iter_rows(named=True)
    ]
    return pl.DataFrame(rows, schema=LIMITS, orient="row").sort("limit_name")


MEASURES = {
    "contact_count": "Contacts per night",
    "cost_amount": "Cost of a night (contacts and expected discounts)",
    "discount_cost_amount": "Expected discounts of a night",
}
KEY_COLUMNS = {"consents": 2}


def _meaning(row: Mapping[str, str], channels: Mapping[str, str], actions: Mapping[str, str]) -> str:
    where = "" if row["channel_code"] == ANY else f", channel: {channels.get(row['channel_code'], row['channel_code'])}"
    what = "" if row["action_id"] == ANY else f", action: {actions.get(row['action_id'], row['action_id'])}"
    return f"{MEASURES.get(row['measure'], row['measure'])}{where}{what}"


def _names(seed: pl.DataFrame, key: str, name: str) -> dict[str, str]:
    return dict(zip(seed[key].to_list(), seed[name].to_list(), strict=True))


def _key(name: str, row: Mapping[str, str | None]) -> str:
    values = list(row.values())[: KEY_COLUMNS.get(name, 1)]
    return " · ".join("any" if value == ANY else str(value) for value in values)


def _value(name: str, row: Mapping[str, str | None]) -> str:
    shown = list(row.items())[KEY_COLUMNS.get(name, 1) :]
    return ", ".join(f"{column} = {value}" for column, value in shown if column != "basis" and value is not None)
