"""The retailer's own decisions, as tables: every CSV of the seeds folder, read as text."""

from collections.abc import Mapping

import polars as pl

from ml.errors import ContractError
from pipelines.settings import Settings


def read_seeds(settings: Settings) -> dict[str, pl.DataFrame]:
    """Every seed by its name, all columns as text with nulls for empty cells, in file order.

    Raises    ContractError naming the file that cannot be read.
    """
    paths = sorted(settings.seeds_dir.glob("*.csv"))
    if not paths:
        raise ContractError(f"{settings.seeds_dir}: no seed tables found. Point NIGHTMARKET_SEEDS at the folder.")
    return {path.stem: _read(path) for path in paths}


def largest_cluster(seeds: Mapping[str, pl.DataFrame]) -> int:
    """How many records may become one person at most: the widest of the identity rules.

    Raises    ContractError if there is no rule, or one without a whole number of at least 1.
    """
    rules, column = seeds.get("identity_rules", pl.DataFrame()), "max_records_per_identifier"
    texts = rules[column].to_list() if column in rules.columns else []
    if not texts or not all(str(text).isdecimal() and int(text) > 0 for text in texts):
        raise ContractError(
            f"identity_rules.csv: expected at least one rule, each with a whole number of at least 1 in {column}, "
            f"got {texts or 'none'}. Correct the file: without it nobody knows which records are one person."
        )
    return max(map(int, texts))


def _read(path: object) -> pl.DataFrame:
    try:
        return pl.read_csv(path, infer_schema=False)  # type: ignore[arg-type]
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ContractError(f"{path}: cannot be read as CSV: {error}") from error
