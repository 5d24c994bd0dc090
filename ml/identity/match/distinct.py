"""Which records say the same? Equal ones are compared once."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.identity.match.compare import Places


@dataclass(frozen=True, slots=True)
class Distinct:
    """Records that differ in something, in order of content; place: of every input row among them."""

    records: pl.DataFrame
    place: Places
    times: Places
    former: Places  # per distinct record: the label of whom all its known rows were; -1: nobody, or several people
    was_one: NDArray[np.bool_]  # per distinct record: two of its rows were the same person


def distinct_records(records: pl.DataFrame, former: pl.Series | None) -> Distinct:
    """Every content once, so that neither ids nor the order of rows play a part.

    Takes     records: normalised; former: who each row was before, null if nobody; None: nobody was anybody.
    """
    order = records.columns
    counted = records.group_by(order).len("times").sort(order, nulls_last=True)
    place = records.join(
        counted.with_row_index("place"), on=order, how="left", nulls_equal=True, maintain_order="left"
    )["place"]
    places = place.to_numpy().astype(np.int64)
    labels, was_one = _formerly(places, counted.height, former)
    return Distinct(counted.drop("times"), places, counted["times"].to_numpy(), labels, was_one)


def _formerly(place: Places, size: int, former: pl.Series | None) -> tuple[Places, NDArray[np.bool_]]:
    if former is None:
        return np.full(size, -1), np.zeros(size, bool)
    known = pl.DataFrame({"place": place, "label": former.rank("dense").cast(pl.Int64)}).drop_nulls()
    label = pl.col("label")
    told = known.group_by("place").agg(
        label=pl.when(label.n_unique() == 1).then(label.first()).otherwise(-1), was_one=label.is_duplicated().any()
    )
    rows = pl.DataFrame({"place": np.arange(size)}).join(told, on="place", how="left", maintain_order="left")
    return rows["label"].fill_null(-1).to_numpy(), rows["was_one"].fill_null(value=False).to_numpy()
