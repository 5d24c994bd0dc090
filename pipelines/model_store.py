"""Which models score a night, and where they are kept: releases in the ledger, files under models/."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl

from ml.errors import ContractError
from ml.features.facts import Facts
from ml.models.card import card_of
from ml.models.store import load_model, save_model
from ml.models.trained import TrainedModel
from ml.models.training import train_models
from pipelines.facts import observed_through
from pipelines.files import new_directory
from pipelines.ledger_schema import MODEL_RELEASES
from pipelines.night import Night

RELEASES = "model_releases"


def release_date_for(night: Night, as_of_date: date) -> date | None:
    """The day of the newest release made before the night; None if there is none."""
    return max((day for day in night.ledger.nights(RELEASES) if day < as_of_date), default=None)


def released_models(night: Night, released: date, facts: Facts) -> dict[str, TrainedModel]:
    """The models of a release: from their folders, or trained again as of that day if a folder is gone.

    Raises    ContractError if what was trained again is not what was released.
    """
    rows = night.ledger.partition(RELEASES, released)
    wanted = dict(rows.select("model_name", "version").iter_rows())
    folders = {name: model_folder(night, name, version) for name, version in wanted.items()}
    if all(folder.is_dir() for folder in folders.values()):
        return {name: load_model(folder) for name, folder in folders.items()}
    days = dict(rows.select("model_name", "trained_as_of_date").iter_rows())
    again = {day: train_as_of(night, day, facts) for day in sorted(set(days.values()))}
    models = {name: again[day][name] for name, day in days.items()}
    other = [name for name in wanted if models[name].version != wanted[name]]
    if other:
        raise ContractError(
            f"models {', '.join(other)}: the files of the release of {released} are gone, and training again gives "
            "other versions than the ledger names. Restore the folders under models/, or train anew: nightmarket train"
        )
    keep(night, models)
    return models


def train_as_of(night: Night, as_of_date: date, facts: Facts) -> dict[str, TrainedModel]:
    """Train every model on what was known when a day began."""
    settings = night.settings
    return train_models(
        facts,
        as_of_date=as_of_date,
        observed_through=observed_through(night.warehouse, as_of_date),
        seed=settings.retailer.random_seed,
        threads=settings.threads,
    )


def keep(night: Night, models: Mapping[str, TrainedModel]) -> None:
    """Put each model's folder in place, all at once; a version that is there already stays."""
    for name, trained in models.items():
        folder = model_folder(night, name, trained.version)
        if not folder.exists():
            with new_directory(folder) as fresh:
                save_model(trained, fresh)


def release(night: Night, as_of_date: date, models: Mapping[str, TrainedModel]) -> None:
    """Keep the models and name them in the ledger: nights after this date score with them."""
    keep(night, models)
    rows = [_row(as_of_date, models[name]) for name in sorted(models)]
    night.ledger.write(RELEASES, as_of_date, pl.DataFrame(rows, schema=MODEL_RELEASES, orient="row"))


def model_folder(night: Night, name: str, version: str) -> Path:
    """models/<name>/<version>."""
    return night.settings.folder("models") / name / version


def _row(as_of_date: date, trained: TrainedModel) -> dict[str, object]:
    card = card_of(trained)
    metric, values = card["primary_metric"], card["primary_values"]
    return {
        "as_of_date": as_of_date,
        "model_name": trained.name,
        "version": trained.version,
        "scored_by": trained.scored_by,
        "trained_as_of_date": trained.as_of_date,
        "trained_through_date": trained.trained_through_date,
        "metric_name": metric,
        "metric_value": values.get("model", {}).get("value"),
        "baseline_value": values.get(trained.fallback, {}).get("value"),
        "fingerprint": trained.fingerprint,
    }
