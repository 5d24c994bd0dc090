"""Money as whole 1/10,000 of the currency, and back."""

from decimal import Decimal

import numpy as np
import numpy.typing as npt
import polars as pl

AMOUNT = pl.Decimal(18, 4)
Schema = dict[str, pl.DataType | type[pl.DataType]]


def amounts_from_floats(values: npt.NDArray[np.float64]) -> pl.Series:
    """Decimal(18,4), each rounded once to the nearest 1/10,000 (halves to the even one); NaN becomes null."""
    known = np.isfinite(values)
    units = np.rint(np.where(known, values, 0.0) * 10_000).astype(np.int64)
    series = pl.Series(units).cast(pl.Decimal(38, 0)) * pl.lit(Decimal("0.0001"))
    frame = pl.DataFrame({"known": pl.Series(known)})
    return frame.select(pl.when("known").then(series)).to_series().cast(AMOUNT)


def amounts_from_units(units: pl.Expr) -> pl.Expr:
    """Decimal(18,4) from whole 1/10,000; exact."""
    return (units.cast(pl.Decimal(38, 0)) * pl.lit(Decimal("0.0001"))).cast(AMOUNT)


def units_from_amounts(amounts: pl.Expr) -> pl.Expr:
    """Whole 1/10,000 from Decimal(18,4); exact."""
    return (amounts.cast(pl.Decimal(38, 4)) * 10_000).cast(pl.Int64)


def floats(series: pl.Series) -> npt.NDArray[np.float64]:
    """Numbers for a formula: null becomes NaN, which every sum and product keeps."""
    return series.cast(pl.Float64).fill_null(float("nan")).to_numpy()
