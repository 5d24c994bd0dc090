"""What one person's outcome says about the effect: the doubly robust score, whose mean is the average effect."""

import numpy as np

from ml.effect.trees import Numbers


def doubly_robust(outcome: Numbers, treated: Numbers, chance: Numbers, without: Numbers, with_: Numbers) -> Numbers:
    """Score per person; unbiased if the chances or both predictions are right.

    Takes     outcome; treated: 1 or 0; chance: of being treated; without, with_: predicted outcomes.
    Source    Robins, Rotnitzky, Zhao (1994); as pseudo-outcome Kennedy (2023), Electronic Journal of Statistics 17.
    """
    surprise = treated / chance * (outcome - with_) - (1.0 - treated) / (1.0 - chance) * (outcome - without)
    return np.asarray(with_ - without + surprise)


def mean_and_error(values: Numbers) -> tuple[float, float]:
    """Mean and its standard error; the error of fewer than two is infinite."""
    if values.size < 2:
        return (float(values.mean()) if values.size else 0.0), float("inf")
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size))
