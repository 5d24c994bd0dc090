"""The retailer's own decisions, as tables: every CSV of the seeds folder, read as text."""

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


def _read(path: object) -> pl.DataFrame:
    try:
        return pl.read_csv(path, infer_schema=False)  # type: ignore[arg-type]
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ContractError(f"{path}: cannot be read as CSV: {error}") from error
