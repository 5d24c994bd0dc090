"""Train, calibrate and judge: three splits in time, and a rule for who scores."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl
import xgboost as xgb

from ml.errors import InsufficientDataError
from ml.features.facts import Facts
from ml.features.registry import usable
from ml.features.source import FeatureSource, open_facts
from ml.models.answers import model_answers
from ml.models.baselines import LAST_PERIOD, POPULARITY, Baseline, fit_baselines
from ml.models.calibration import Calibration, choose_calibration, losses
from ml.models.customer_value import fit_customer_value
from ml.models.drift import Reference, learn_reference
from ml.models.estimator import fit_booster, label_of, learn_categories, predict_booster
from ml.models.evaluation import METRICS, MODEL, evaluate, metric_of, model_wins
from ml.models.fingerprint import training_fingerprint
from ml.models.rows import LabelledRows, gather_rows, require_enough
from ml.models.spec import ENGINE, SPECS, ModelSpec
from ml.models.trained import TrainedModel
from ml.value.features import NAMES
from ml.value.predict import ValueModel

MIN_BASELINE_ROWS = 200  # below, a table by bucket is noise and only the smoothed overall rate is used


@dataclass(frozen=True, slots=True)
class Fitted:
    """Trees, or the value engine, and what goes with them; without either, the reason."""

    booster: bytes | None = None
    customer_value: ValueModel | None = None
    unseen_days: int = 0
    calibration: Calibration = field(default_factory=Calibration)
    calibration_note: str = "none: no trees were fitted"
    features: tuple[str, ...] = ()
    categories: dict[str, tuple[str, ...]] = field(default_factory=dict)
    reference: tuple[Reference, ...] = ()
    reason: str = ""

    @property
    def is_model(self) -> bool:
        """Whether anything was fitted."""
        return self.booster is not None or self.customer_value is not None


def train_models(
    facts: Facts, *, as_of_date: date, observed_through: date, seed: int, threads: int
) -> dict[str, TrainedModel]:
    """All models from one reading of the facts, by name."""
    source = open_facts(facts, as_of_date)
    fingerprint = training_fingerprint(source, observed_through=observed_through, seed=seed)
    return {
        spec.name: train_model(
            spec, source, observed_through=observed_through, seed=seed, threads=threads, fingerprint=fingerprint
        )
        for spec in SPECS
    }


def train_model(
    spec: ModelSpec,
    source: FeatureSource,
    *,
    observed_through: date,
    seed: int,
    threads: int,
    fingerprint: str = "",
) -> TrainedModel:
    """One release of one model, as of the source's day.

    Takes     observed_through: the first day not covered by the data known on that day.
    Returns   TrainedModel. The trees are fitted on the train panels and calibrated on the calibration
              panel; the test panel chooses nothing but who scores: the model, if its primary metric is
              below each baseline's with the whole 95 % interval of the difference, else the baseline
              that did better on the calibration panel. With too little data there are no trees and the
              reason says so; without any complete outcome there is no baseline either, and no scores.
    """
    rows = gather_rows(spec, source, observed_through)
    baselines, fallback = _baselines_of(spec, rows)
    try:
        fit = _fit_engine if spec.estimator == ENGINE else _fit_trees
        fitted = fit(spec, source, rows, observed_through=observed_through, seed=seed, threads=threads)
    except InsufficientDataError as error:
        fitted = Fitted(reason=str(error))
    metrics = _judge(spec, source, rows, baselines, fallback, fitted, seed=seed, threads=threads)
    wins = fitted.is_model and model_wins(metrics, spec.primary_metric)
    return TrainedModel(
        name=spec.name,
        as_of_date=source.as_of_date,
        observed_through=observed_through,
        trained_through_date=_trained_through(spec, rows),
        seed=seed,
        scored_by="model" if wins else "baseline",
        reason=_reason(spec, fitted, metrics, fallback, wins=wins),
        fallback=fallback,
        booster=fitted.booster,
        calibration=fitted.calibration,
        calibration_note=fitted.calibration_note,
        features=fitted.features,
        categories=fitted.categories,
        targets=rows.targets,
        baselines=baselines,
        reference=fitted.reference,
        metrics=metrics,
        splits=rows.described(),
        settings={**spec.settings, "xgboost": xgb.__version__},
        fingerprint=fingerprint,
        customer_value=fitted.customer_value,
    )


def _fit_trees(
    spec: ModelSpec,
    source: FeatureSource,
    rows: LabelledRows,
    *,
    observed_through: date,
    seed: int,
    threads: int,
) -> Fitted:
    train, calibration = require_enough(spec, rows)
    first_day = source.summaries.first_ordered_date or source.as_of_date
    history_days = (rows.splits.train[0].as_of_date - first_day).days
    features = tuple(feature.name for feature in usable(spec.features, history_days))
    categories = learn_categories(train, features)
    booster = fit_booster(train, spec=spec, features=features, categories=categories, seed=seed, threads=threads)
    raw = predict_booster(booster, calibration, features=features, categories=categories, threads=threads)
    chosen, note = choose_calibration(
        raw, label_of(calibration, spec), calibration["person_id"].to_list(), kind=spec.kind
    )
    reference = learn_reference(train, features, categories)
    return Fitted(
        booster=booster,
        calibration=chosen,
        calibration_note=note,
        features=features,
        categories=categories,
        reference=reference,
    )


def _fit_engine(
    spec: ModelSpec,
    source: FeatureSource,
    rows: LabelledRows,
    *,
    observed_through: date,
    seed: int,
    threads: int,
) -> Fitted:
    """The value engine as of the day of the test panel: it makes its own past panels from what was known then."""
    require_enough(spec, rows)
    panel = rows.splits.test[0]
    unseen_days = max((source.as_of_date - observed_through).days, 0)
    engine = fit_customer_value(
        source,
        panel.as_of_date,
        unseen_days=unseen_days,
        horizon_days=(panel.label_end - panel.as_of_date).days,
        seed=seed,
        threads=threads,
    )
    note = "the engine's own, on past totals"
    return Fitted(customer_value=engine, unseen_days=unseen_days, calibration_note=note, features=NAMES)


def _baselines_of(spec: ModelSpec, rows: LabelledRows) -> tuple[tuple[Baseline, ...], str]:
    """Both baselines from everything before the test panel (or from it, if there is nothing else)."""
    known = rows.test if rows.before_test is None else rows.before_test
    if known is None:
        return (), ""
    fallback = POPULARITY if known.height < MIN_BASELINE_ROWS else _better_baseline(spec, rows)
    return _fit_baselines(spec, known), fallback


def _fit_baselines(spec: ModelSpec, rows: pl.DataFrame) -> tuple[Baseline, Baseline]:
    return fit_baselines(rows, last_period=spec.last_period, kind=spec.kind, label_scale=spec.label_scale)


def _better_baseline(spec: ModelSpec, rows: LabelledRows) -> str:
    """The baseline that, fitted on train, is better on the calibration panel; last period if unknown."""
    if rows.train is None or rows.calibration is None:
        return LAST_PERIOD
    label = label_of(rows.calibration, spec)
    loss = {
        baseline.name: float(np.mean(losses(spec.kind)(label, baseline.predict(rows.calibration))))
        for baseline in _fit_baselines(spec, rows.train)
    }
    return min(sorted(loss), key=lambda name: loss[name])


def _judge(
    spec: ModelSpec,
    source: FeatureSource,
    rows: LabelledRows,
    baselines: tuple[Baseline, ...],
    fallback: str,
    fitted: Fitted,
    *,
    seed: int,
    threads: int,
) -> pl.DataFrame:
    """The metrics table; empty if nothing was observed after the rows that were fitted on."""
    if rows.test is None or rows.before_test is None:
        return pl.DataFrame(schema=METRICS)
    scores = {baseline.name: baseline.predict(rows.test) for baseline in baselines}
    if fitted.is_model:
        answer = model_answers(fitted, rows.test, source, threads=threads)
        scores[MODEL] = np.where(np.isnan(answer), scores[fallback], answer)
    label = label_of(rows.test, spec)
    return evaluate(label, scores, rows.test["person_id"], kind=spec.kind, primary=spec.primary_metric, seed=seed)


def _trained_through(spec: ModelSpec, rows: LabelledRows) -> date | None:
    """First day after the last fact that was fitted on."""
    if spec.estimator == ENGINE and rows.splits.test:
        return rows.splits.test[0].as_of_date
    used = (*rows.splits.train, *rows.splits.calibration) or rows.splits.test
    return max((panel.label_end for panel in used), default=None)


def _reason(spec: ModelSpec, fitted: Fitted, metrics: pl.DataFrame, fallback: str, *, wins: bool) -> str:
    """Who scores and why, with the numbers."""
    if not fallback:
        return f"{spec.name}: no outcome is complete yet, so nobody gets a score. Train again with more history."
    if not fitted.is_model:
        return f"{fitted.reason} Until there is more history, {fallback} scores."
    compared = []
    for baseline in (LAST_PERIOD, POPULARITY):
        found = metric_of(metrics, f"{MODEL} - {baseline}", spec.primary_metric)
        if found["high"] is not None:
            compared.append(f"{baseline} {found['value']:+.4g} [{found['low']:.4g}, {found['high']:.4g}]")
    difference = f"{spec.primary_metric} of the model minus the baseline: {'; '.join(compared)}."
    if wins:
        return f"The model beats both baselines on the test panel. {difference}"
    return f"The model does not beat both baselines on the test panel, so {fallback} scores. {difference}"
