"""Were the arms alike before anything happened?"""

from collections.abc import Iterator

import polars as pl

from ml.measurement.compare import compare_means, compare_ratios
from ml.measurement.units import CLUSTER, samples
from ml.measurement.welch import student_interval

UNEQUAL = 0.001  # so large a difference before the start comes by chance once in a thousand draws


def unequal_covariates(values: pl.DataFrame, covariates: list[str], arms: list[str]) -> Iterator[str]:
    """A sentence per covariate and arm that differ more than a draw explains; control first among the arms."""
    compare = compare_ratios if CLUSTER in values.columns else compare_means
    for name in covariates:
        both = samples(values, [(name, None)], arms)
        for arm in arms[1:]:
            if min(both[arms[0]].count, both[arm].count) < 2:
                continue
            seen = compare(both[arms[0]], both[arm])
            if seen.error == 0.0:
                continue
            p_value = student_interval(seen.estimate, seen.error, seen.freedom, confidence=0.95, power=0.8).p_value
            if p_value is not None and p_value < UNEQUAL:
                yield (
                    f"{name} differs between {arms[0]} and {arm} (p = {p_value:.1g}), which a draw does not do: either "
                    "it was measured after the start, or the arms were not drawn. Do not believe the cuped rows."
                )
