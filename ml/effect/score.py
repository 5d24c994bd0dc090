"""Uplift of people who are not in the table that was learned from."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from ml.effect.average import Average, weighted
from ml.effect.columns import Encoder, Matrix
from ml.effect.crossfit import FOLDS, effects_of
from ml.effect.dose import Curve, rising
from ml.effect.learners import Learned
from ml.effect.policy import Price, choose
from ml.effect.trees import Numbers
from ml.effect.trial import sorted_by_person

BLOCK = 200_000


@dataclass(frozen=True, slots=True)
class ArmModel:
    """The models of all folds of one arm; together they are the answer, their disagreement is its error."""

    arm: str
    place: int
    models: tuple[Learned, ...]
    centres: Numbers
    average: Average
    reliability: float
    curves: tuple[Curve, ...]

    def predict(self, matrix: Matrix) -> tuple[Numbers, Numbers]:
        """Uplift and standard error per row; a row's answer does not depend on the others."""
        parts = (
            effects_of(model, matrix, self.curves[held] if self.curves else None, self.place) - self.centres[held]
            for held, model in enumerate(self.models)
        )
        mean, variance = jackknife(parts, self.average)
        return self.average.effect + self.average.kept * mean, self.average.error(mean, variance, self.reliability)


@dataclass(frozen=True, slots=True)
class UpliftModel:
    """What was learned, ready for other people."""

    person: str
    encoder: Encoder
    arms: tuple[ArmModel, ...]
    price: Price
    is_dose: bool

    def score(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Uplift per row and arm of a table that needs the id and the features, no treatment and no outcome.

        Returns   the id, `arm`, `uplift`, `standard_error`, `is_chosen`, in the order of the rows.
        Raises    ContractError if a column is missing or of another kind than it was.
        """
        frame = sorted_by_person(frame, self.person, is_once=False)
        blocks = []
        for start in range(0, frame.height, BLOCK):
            block = frame.slice(start, BLOCK)
            matrix = self.encoder.encode(block)
            found = [arm.predict(matrix) for arm in self.arms]
            uplift = np.column_stack([uplift for uplift, _ in found])
            error = np.column_stack([error for _, error in found])
            blocks.append(self.table(block[self.person], uplift, error))
        return pl.concat(blocks)

    def table(self, person: pl.Series, uplift: Numbers, error: Numbers) -> pl.DataFrame:
        """One row per person and arm; doses made to rise."""
        if self.is_dose:
            uplift = rising(uplift)
        chosen = choose(uplift, self.price)
        count = len(self.arms)
        return pl.DataFrame(
            {
                self.person: person.gather(np.repeat(np.arange(len(person)), count)),
                "arm": [arm.arm for arm in self.arms] * len(person),
                "uplift": uplift.ravel(),
                "standard_error": error.ravel(),
                "is_chosen": (chosen[:, None] == np.arange(count)).ravel(),
            }
        )


def jackknife(parts: Iterable[Numbers], average: Average) -> tuple[Numbers, Numbers]:
    """Mean deviation over the folds' models and its variance, each model having been without one fold.

    Without any weight the learners count alike for the variance, so that no difference found is not taken for none.
    Source    Delete-a-group jackknife: Kott (2001), Journal of Official Statistics 17.
    """
    weights = average.weights
    is_idle = not weights.any()
    if is_idle:
        weights = np.full(weights.size, 1.0 / weights.size)
    found = [weighted(part, weights) for part in parts]
    mean = np.sum(found, axis=0) / FOLDS
    variance = np.sum([(each - mean) ** 2 for each in found], axis=0) * (FOLDS - 1) / FOLDS
    return (np.zeros(mean.size) if is_idle else mean), variance
