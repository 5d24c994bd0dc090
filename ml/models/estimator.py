"""Boosted trees over a frame: rows sorted by key, categories stored with the model, nothing refitted later."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
import xgboost as xgb

from ml.models.spec import ROW_KEY, ModelSpec

Categories = Mapping[str, tuple[str, ...]]


def learn_categories(frame: pl.DataFrame, features: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The values each text feature takes in training, in alphabetical order."""
    texts = [name for name in features if frame.schema[name] == pl.String]
    return {name: tuple(frame[name].drop_nulls().unique().sort().to_list()) for name in texts}


def matrix_of(frame: pl.DataFrame, features: Sequence[str], categories: Categories) -> np.ndarray:
    """Features as float32, one row per row of the frame; null is NaN.

    A text becomes its place in the stored categories; one never seen in training becomes one place
    further, 'other', whatever it says.
    """
    columns = [_coded(name, categories) if name in categories else pl.col(name) for name in features]
    numbers = frame.select(column.cast(pl.Float32).alias(name) for name, column in zip(features, columns, strict=True))
    return np.ascontiguousarray(numbers.fill_null(float("nan")).to_numpy())


def _coded(name: str, categories: Categories) -> pl.Expr:
    known = categories[name]
    other = pl.when(pl.col(name).is_not_null()).then(len(known))
    text = pl.col(name).cast(pl.String)  # a column without a value has no type of its own
    return text.replace_strict(known, range(len(known)), default=other, return_dtype=pl.Int32)


def label_of(rows: pl.DataFrame, spec: ModelSpec) -> np.ndarray:
    """The outcome in the model's unit: 0/1, or an amount in the warehouse currency."""
    return rows["label"].cast(pl.Float64).to_numpy() / spec.label_scale


def fit_booster(
    rows: pl.DataFrame,
    *,
    spec: ModelSpec,
    features: Sequence[str],
    categories: Categories,
    seed: int,
    threads: int,
) -> bytes:
    """The trees, as XGBoost's own UBJSON bytes.

    Row order moves predictions of the histogram method, so rows are sorted by their key first; then the
    bytes are the same for any number of threads.
    """
    rows = rows.sort(ROW_KEY)
    matrix = _dmatrix(matrix_of(rows, features, categories), features, categories, threads)
    matrix.set_label(label_of(rows, spec))
    parameters = {**spec.parameters, "tree_method": "hist", "seed": seed, "nthread": threads}
    booster = xgb.train(parameters, matrix, num_boost_round=spec.rounds)
    return bytes(booster.save_raw("ubj"))


def predict_booster(
    booster: bytes, rows: pl.DataFrame, *, features: Sequence[str], categories: Categories, threads: int
) -> np.ndarray:
    """One raw prediction per row, in the order of the rows; a row's answer does not depend on the others."""
    if rows.is_empty():
        return np.empty(0)
    model = xgb.Booster({"nthread": threads})
    model.load_model(bytearray(booster))
    matrix = _dmatrix(matrix_of(rows, features, categories), features, categories, threads)
    return model.predict(matrix).astype(np.float64)


def _dmatrix(values: np.ndarray, features: Sequence[str], categories: Categories, threads: int) -> xgb.DMatrix:
    types = ["c" if name in categories else "q" for name in features]
    return xgb.DMatrix(
        values, feature_names=list(features), feature_types=types, enable_categorical=True, nthread=threads
    )
