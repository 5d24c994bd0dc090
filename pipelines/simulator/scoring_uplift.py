"""How well believed effects of contacts agree with the true ones. No files."""

import numpy as np
import polars as pl

from pipelines.simulator.scoring_predictions import Floats, ordering_share, spearman

STEPS = 20
EVERY = "all"


def uplift_scores(contacts: pl.DataFrame) -> pl.DataFrame:
    """Believed beside true effects, per treatment and basis, and over all of them.

    Takes     contacts, one row per person and treatment_id, in any fixed order: uplift_basis str; believed, true f64,
              the effect on one person in whatever unit each has.
    Returns   one row per treatment_id and uplift_basis, sorted; then one per basis, treatment_id `all`, and last, if
              there are several, one for everything: contact_count, mean_believed, mean_true, spearman,
              ordering_share (see `ordering_share`; both null where either side is the same for all).
    """
    overall = contacts.with_columns(treatment_id=pl.lit(EVERY))
    several = overall.with_columns(uplift_basis=pl.lit(EVERY)) if contacts["uplift_basis"].n_unique() > 1 else None
    groups = [contacts, overall] + ([] if several is None else [several])
    rows = [
        {"treatment_id": treatment, "uplift_basis": basis, **_scores(part)}
        for frame in groups
        for (treatment, basis), part in sorted(
            frame.partition_by("treatment_id", "uplift_basis", as_dict=True, maintain_order=True).items()
        )
    ]
    return pl.DataFrame(rows, schema=SCORES)


SCORES = {
    "treatment_id": pl.String,
    "uplift_basis": pl.String,
    "contact_count": pl.Int64,
    "mean_believed": pl.Float64,
    "mean_true": pl.Float64,
    "spearman": pl.Float64,
    "ordering_share": pl.Float64,
}


def _scores(part: pl.DataFrame) -> dict[str, float | int | None]:
    believed, true = part["believed"].to_numpy(), part["true"].to_numpy()
    return {
        "contact_count": part.height,
        "mean_believed": float(believed.mean()),
        "mean_true": float(true.mean()),
        "spearman": spearman(believed, true),
        "ordering_share": ordering_share(believed, true),
    }


def gain_curve(believed: Floats, true: Floats) -> pl.DataFrame:
    """What contacting the first so many would truly bring, in the believed order and in the best.

    Takes     believed, true: per contact; contacts of equal belief count with their mean truth.
    Returns   STEPS + 1 rows: contacted_share 0 to 1; by_belief, by_truth f64: true effects of the first so many,
              summed and divided by all contacts; the straight line to the last row is an order by lot.
    """
    shares = np.linspace(0, 1, STEPS + 1)
    columns = {name: _gained(by, true, shares) for name, by in (("by_belief", believed), ("by_truth", true))}
    return pl.DataFrame({"contacted_share": shares, **columns})


def _gained(by: Floats, true: Floats, shares: Floats) -> Floats:
    if not len(true):
        return np.zeros(len(shares))
    _, group, size = np.unique(-by, return_inverse=True, return_counts=True)
    level = np.bincount(group, weights=true) / size  # equal beliefs: any of them may come first
    gained = np.concatenate(([0.0], np.cumsum(level * size)))
    return np.asarray(np.interp(shares * len(true), np.concatenate(([0], np.cumsum(size))), gained) / len(true))
