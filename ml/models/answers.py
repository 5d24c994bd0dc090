"""What a fitted model says of rows: one way in for trees and for the value engine."""

from typing import Protocol

import numpy as np
import polars as pl

from ml.features.source import FeatureSource
from ml.models.calibration import Calibration
from ml.models.customer_value import predict_customer_value
from ml.models.estimator import Categories, predict_booster
from ml.value.predict import ValueModel


class Learned(Protocol):
    """What a release and a model still being judged have in common."""

    @property
    def booster(self) -> bytes | None:
        """Trees over features, as XGBoost's UBJSON."""

    @property
    def customer_value(self) -> ValueModel | None:
        """The value engine, where it answers instead."""

    @property
    def unseen_days(self) -> int:
        """Days before a night that are not delivered by then."""

    @property
    def calibration(self) -> Calibration:
        """What is done to a raw answer."""

    @property
    def features(self) -> tuple[str, ...]:
        """What the trees read, in order."""

    @property
    def categories(self) -> Categories:
        """Known values of text features."""


def model_answers(learned: Learned, rows: pl.DataFrame, source: FeatureSource, *, threads: int) -> np.ndarray:
    """One calibrated answer per row; NaN where the model knows nothing of the person."""
    if learned.customer_value is not None:
        raw = predict_customer_value(
            learned.customer_value, source, rows, unseen_days=learned.unseen_days, threads=threads
        )
    else:
        raw = predict_booster(
            learned.booster or b"", rows, features=learned.features, categories=learned.categories, threads=threads
        )
    return learned.calibration.apply(raw)
