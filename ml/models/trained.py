"""A fitted model and everything a reader needs to trust it, use it, or refuse it."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import polars as pl

from ml.features.panels import Panel
from ml.models.baselines import Baseline
from ml.models.calibration import Calibration
from ml.models.drift import Reference
from ml.value.predict import ValueModel
from ml.value.store import value_document, value_trees


@dataclass(frozen=True, slots=True)
class Split:
    """What one split held: panels, rows, persons and outcomes."""

    name: str  # train | calibration | test
    panels: tuple[Panel, ...]
    row_count: int
    person_count: int
    positive_count: int


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """One release: trees or None, calibration, baselines, and the table that decided which of them scores.

    Everything fitted is in here; scoring fits nothing. `scored_by` is 'model' or 'baseline';
    `fallback` names the baseline that scores when the model does not, '' if no outcome was ever observed:
    then nobody gets a score.
    """

    name: str
    as_of_date: date
    observed_through: date
    trained_through_date: date | None  # first day after the last label that was fitted or calibrated on
    seed: int
    scored_by: str
    reason: str
    fallback: str
    booster: bytes | None
    calibration: Calibration
    calibration_note: str
    features: tuple[str, ...]
    categories: dict[str, tuple[str, ...]]
    targets: tuple[str, ...]
    baselines: tuple[Baseline, ...]
    reference: tuple[Reference, ...]
    metrics: pl.DataFrame
    splits: tuple[Split, ...]
    settings: dict[str, Any]
    fingerprint: str
    customer_value: ValueModel | None = None  # the value engine, where it answers instead of `booster`

    @property
    def version(self) -> str:
        """First 12 hex digits of SHA-256 over trees and documents: equal content, equal version."""
        digest = hashlib.sha256(self.booster or b"")
        for name, raw in sorted(self.value_trees.items()):
            digest.update(name.encode() + raw)
        digest.update(json.dumps(self.documents(), sort_keys=True).encode())
        return digest.hexdigest()[:12]

    @property
    def fallback_baseline(self) -> Baseline | None:
        """The baseline that scores when the model does not."""
        return next((baseline for baseline in self.baselines if baseline.name == self.fallback), None)

    @property
    def can_score(self) -> bool:
        """Whether there is anything to score with."""
        if self.scored_by == "baseline":
            return self.fallback_baseline is not None
        return self.booster is not None or self.customer_value is not None

    @property
    def value_trees(self) -> dict[str, bytes]:
        """Trees of the value engine by name, none for other models."""
        return {} if self.customer_value is None else value_trees(self.customer_value)

    @property
    def unseen_days(self) -> int:
        """How many days before a night were not delivered by then, when the model was trained."""
        return max((self.as_of_date - self.observed_through).days, 0)

    def documents(self) -> dict[str, Any]:
        """All but the trees as JSON-ready documents, by file stem."""
        value = {} if self.customer_value is None else {"value": value_document(self.customer_value)}
        return {
            **value,
            "features": {
                "features": list(self.features),
                "categories": {name: list(values) for name, values in self.categories.items()},
                "targets": list(self.targets),
                "reference": [asdict(entry) for entry in self.reference],
            },
            "calibration": {**asdict(self.calibration), "note": self.calibration_note},
            "baselines": [_baseline_document(baseline) for baseline in self.baselines],
            "metrics": self.metrics.to_dicts(),
            "release": self._release(),
        }

    def _release(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "as_of_date": self.as_of_date.isoformat(),
            "observed_through": self.observed_through.isoformat(),
            "trained_through_date": self.trained_through_date and self.trained_through_date.isoformat(),
            "seed": self.seed,
            "scored_by": self.scored_by,
            "reason": self.reason,
            "fallback": self.fallback,
            "fingerprint": self.fingerprint,
            "settings": self.settings,
            "splits": [_split_document(split) for split in self.splits],
        }


def _baseline_document(baseline: Baseline) -> dict[str, Any]:
    cells = [[target, bucket, rate] for (target, bucket), rate in baseline.rates.items()]
    return {**asdict(baseline), "edges": list(baseline.edges), "rates": cells}


def _split_document(split: Split) -> dict[str, Any]:
    panels = [[p.as_of_date.isoformat(), p.label_end.isoformat(), p.campaign_id] for p in split.panels]
    return {**asdict(split), "panels": panels}
