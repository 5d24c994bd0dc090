"""Labelled rows of the three splits, and whether they are enough to learn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from ml.errors import InsufficientDataError
from ml.features.panels import Panel, Splits
from ml.features.source import FeatureSource
from ml.models.spec import ModelSpec
from ml.models.trained import Split


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """Features, target and label of every panel; None where a split has no row."""

    splits: Splits
    targets: tuple[str, ...]
    train: pl.DataFrame | None
    calibration: pl.DataFrame | None
    test: pl.DataFrame | None

    @property
    def before_test(self) -> pl.DataFrame | None:
        """All rows whose labels were complete before the test panel began; None if there are none."""
        frames = [frame for frame in (self.train, self.calibration) if frame is not None]
        return pl.concat(frames) if frames else None

    @property
    def named(self) -> tuple[tuple[str, tuple[Panel, ...], pl.DataFrame | None], ...]:
        """The splits in order of time, with their panels and rows."""
        return (
            ("train", self.splits.train, self.train),
            ("calibration", self.splits.calibration, self.calibration),
            ("test", self.splits.test, self.test),
        )

    def described(self) -> tuple[Split, ...]:
        """What each split holds, in numbers."""
        return tuple(
            Split(name, panels, *(0, 0, 0))
            if rows is None
            else Split(name, panels, rows.height, rows["person_id"].n_unique(), int((rows["label"] > 0).sum()))
            for name, panels, rows in self.named
        )


def gather_rows(spec: ModelSpec, source: FeatureSource, observed_through: date) -> LabelledRows:
    """Every panel's rows. Targets are chosen on the last training date: no later panel has a say in them."""
    splits = spec.splits(source, source.as_of_date, observed_through)
    known = splits.train or splits.calibration or splits.test
    targets = tuple(spec.targets(source, known[-1].as_of_date if known else source.as_of_date))

    def rows_of(panels: Sequence[Panel]) -> pl.DataFrame | None:
        frames = [spec.rows(source, panel, targets) for panel in panels]
        filled = [frame for frame in frames if frame.height]
        return pl.concat(filled) if filled else None

    return LabelledRows(splits, targets, rows_of(splits.train), rows_of(splits.calibration), rows_of(splits.test))


def require_enough(spec: ModelSpec, rows: LabelledRows) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The train and calibration rows.

    Raises    InsufficientDataError if a split has no panel, too few persons, or too few rows with or
              (for a probability) without the outcome.
    """
    for split in rows.described():
        found = f"{split.person_count} persons and {split.positive_count} outcomes in {split.row_count} rows"
        enough = split.person_count >= spec.min_persons and split.positive_count >= spec.min_count
        if spec.kind == "probability":
            enough = enough and split.row_count - split.positive_count >= spec.min_count
        if not enough:
            raise InsufficientDataError(
                f"{spec.name}: the {split.name} panels need {spec.min_persons} persons and {spec.min_count} rows "
                f"with and without the outcome, got {found}."
            )
    assert rows.train is not None
    assert rows.calibration is not None
    return rows.train, rows.calibration
