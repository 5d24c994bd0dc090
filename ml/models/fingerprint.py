"""Whether a retraining would see anything new."""

import hashlib
import json
from datetime import date

import numpy as np
import polars as pl
import xgboost as xgb

from ml.features.source import FeatureSource
from ml.models.spec import SPECS

FRAMES = ("orders", "days", "departments", "contacts", "redemptions", "campaigns", "customers")


def training_fingerprint(source: FeatureSource, *, observed_through: date, seed: int) -> str:
    """SHA-256 over everything that training reads: equal means that training again gives the same bytes.

    Any row order of the facts gives the same answer. The caller may skip training when it is unchanged.
    """
    stated = {
        "as_of_date": source.as_of_date.isoformat(),
        "observed_through": observed_through.isoformat(),
        "seed": seed,
        "models": [spec.settings for spec in SPECS],
        "xgboost": xgb.__version__,
    }
    digest = hashlib.sha256(json.dumps(stated, sort_keys=True).encode())
    for name in FRAMES:
        frame: pl.DataFrame = getattr(source.summaries, name)
        digest.update(f"{name}:{frame.height}".encode())
        for column in frame.sort(frame.columns).get_columns():
            digest.update(_bytes(column))
    return digest.hexdigest()


def _bytes(column: pl.Series) -> bytes:
    """A column as bytes: numbers and days as they are, labels as a dictionary and their places in it."""
    nulls = column.is_null().to_numpy().tobytes()
    if column.dtype in (pl.String, pl.Enum):
        labels = column.cast(pl.String).drop_nulls().unique().sort()
        places = column.cast(pl.String).replace_strict(
            labels, pl.int_range(len(labels), eager=True), default=None, return_dtype=pl.Int64
        )
        return nulls + json.dumps(labels.to_list()).encode() + _whole(places)
    return nulls + _whole(column.cast(pl.Int64) if column.dtype != pl.Date else column.cast(pl.Int32).cast(pl.Int64))


def _whole(column: pl.Series) -> bytes:
    return np.ascontiguousarray(column.fill_null(0).to_numpy()).tobytes()
