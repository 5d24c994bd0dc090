"""What each model answers: population, label, target, baselines and settings, as data."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from ml.features.campaigns import campaign_types
from ml.features.department import choose_departments
from ml.features.panels import (
    Panel,
    Splits,
    bought_in_department,
    mailed_and_redeemed,
    net_sales_after,
    ordered_after,
    plan_campaign_splits,
    plan_splits,
)
from ml.features.registry import CAMPAIGN_FEATURES, DEPARTMENT_FEATURES, PERSON_FEATURES, Feature
from ml.features.source import FeatureSource

MIN_HISTORY_DAYS = 56  # the longest habit a feature describes: a panel with less sees half a habit
MIN_CAMPAIGN_SHARE = 0.05  # of all mailings: one large campaign, or a few small ones
TREES, ENGINE = "trees", "value engine"
ROW_KEY = ["as_of_date", "person_id", "target", "campaign_id"]

Rows = Callable[[FeatureSource, Panel, tuple[str, ...]], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One question, answered by one estimator.

    estimator: TREES (one booster over `features`) or ENGINE (ml/value, over the person's order days);
    rows: features, target and label of one past panel; population: features and target to score on a date;
    last_period: the feature whose past level is the baseline; min_count: rows with a label above 0 (and,
    for a probability, rows without) that each split needs.
    """

    name: str
    question: str
    kind: str  # probability | amount
    unit: str
    features: tuple[Feature, ...]
    last_period: str
    primary_metric: str  # lower is better
    splits: Callable[[FeatureSource, date, date], Splits]
    targets: Callable[[FeatureSource, date], list[str]]
    rows: Rows
    population: Callable[[FeatureSource, tuple[str, ...]], pl.DataFrame]
    rounds: int
    parameters: dict[str, float | str] = field(default_factory=dict)
    label_scale: int = 1  # labels are whole numbers (exact sums); an amount is label / 100
    estimator: str = TREES
    min_persons: int = 200
    min_count: int = 30

    @property
    def settings(self) -> dict[str, object]:
        """Everything here that changes a fitted model, for fingerprint and card."""
        return {
            "name": self.name,
            "estimator": self.estimator,
            "features": [feature.name for feature in self.features],
            "last_period": self.last_period,
            "rounds": self.rounds,
            "parameters": self.parameters,
            "min_persons": self.min_persons,
            "min_count": self.min_count,
        }


def _horizon_splits(
    horizon_days: int, step_days: int, max_train_panels: int
) -> Callable[[FeatureSource, date, date], Splits]:
    def plan(source: FeatureSource, as_of_date: date, observed_through: date) -> Splits:
        first_day = source.summaries.first_ordered_date
        if first_day is None:
            return Splits()
        return plan_splits(
            first_day=first_day,
            as_of_date=as_of_date,
            observed_through=observed_through,
            horizon_days=horizon_days,
            step_days=step_days,
            max_train_panels=max_train_panels,
            min_history_days=MIN_HISTORY_DAYS,
        )

    return plan


def _campaign_splits(source: FeatureSource, as_of_date: date, observed_through: date) -> Splits:
    first_day = source.summaries.first_ordered_date
    if first_day is None:
        return Splits()
    return plan_campaign_splits(
        source.summaries,
        first_day=first_day,
        observed_through=min(observed_through, as_of_date),
        min_history_days=MIN_HISTORY_DAYS,
        min_split_share=MIN_CAMPAIGN_SHARE,
    )


def _keyed(frame: pl.DataFrame, target: str | None) -> pl.DataFrame:
    """Add `target` and `campaign_id` ('' where the model has none) and sort by the key."""
    named = pl.lit("") if target is None else pl.col(target)
    campaign = pl.col("campaign_id") if "campaign_id" in frame.columns else pl.lit("")
    return frame.with_columns(target=named, campaign_id=campaign).sort(ROW_KEY)


def _labelled(frame: pl.DataFrame, label: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    return frame.join(label, on=on, how="left", validate="1:1").with_columns(pl.col("label").fill_null(0))


def _category_rows(source: FeatureSource, panel: Panel, targets: tuple[str, ...]) -> pl.DataFrame:
    frame = source.departments(panel.as_of_date, targets)
    label = bought_in_department(source.summaries, panel)
    return _keyed(_labelled(frame, label, ["person_id", "department_name"]), "department_name")


def _category_population(source: FeatureSource, targets: tuple[str, ...]) -> pl.DataFrame:
    return _keyed(source.departments(source.as_of_date, targets), "department_name")


def _active(source: FeatureSource, panel_date: date) -> pl.DataFrame:
    return source.persons(panel_date).filter(pl.col("order_count_28d") > 0)


def _lapse_rows(source: FeatureSource, panel: Panel, targets: tuple[str, ...]) -> pl.DataFrame:
    came_back = _labelled(_active(source, panel.as_of_date), ordered_after(source.summaries, panel), ["person_id"])
    return _keyed(came_back.with_columns(label=1 - pl.col("label")), None)


def _lapse_population(source: FeatureSource, targets: tuple[str, ...]) -> pl.DataFrame:
    return _keyed(_active(source, source.as_of_date), None)


def _value_rows(source: FeatureSource, panel: Panel, targets: tuple[str, ...]) -> pl.DataFrame:
    frame = _labelled(source.persons(panel.as_of_date), net_sales_after(source.summaries, panel), ["person_id"])
    return _keyed(frame, None)


def _value_population(source: FeatureSource, targets: tuple[str, ...]) -> pl.DataFrame:
    return _keyed(source.persons(source.as_of_date), None)


def _redemption_rows(source: FeatureSource, panel: Panel, targets: tuple[str, ...]) -> pl.DataFrame:
    mailed = mailed_and_redeemed(source.summaries, panel)
    types = mailed["campaign_type_code"].unique().to_list()
    features = source.campaigns(panel.as_of_date, types)
    # inner: a household mailed before its first order, contact or redemption has no features to learn from
    return _keyed(features.join(mailed, on=["person_id", "campaign_type_code"], how="inner"), "campaign_type_code")


def _redemption_population(source: FeatureSource, targets: tuple[str, ...]) -> pl.DataFrame:
    types = campaign_types(source.summaries, source.as_of_date)
    return _keyed(source.campaigns(source.as_of_date, types), "campaign_type_code")


def _one_target(source: FeatureSource, panel_date: date) -> list[str]:
    return [""]


# Depth, rate and rounds below were chosen by loss on the calibration panel of the example retailer, never
# by the test panel. Trees are shallow where a panel has few outcomes.
BINARY: dict[str, float | str] = {"objective": "binary:logistic", "eval_metric": "logloss"}

CATEGORY_PURCHASE = ModelSpec(
    name="category_purchase_28d",
    question="Will this person buy in this department within the next 28 days?",
    kind="probability",
    unit="probability",
    features=(*DEPARTMENT_FEATURES, *PERSON_FEATURES),
    last_period="department_day_count_28d",
    primary_metric="log_loss",
    splits=_horizon_splits(horizon_days=28, step_days=28, max_train_panels=6),
    targets=lambda source, day: choose_departments(source.summaries, day),
    rows=_category_rows,
    population=_category_population,
    rounds=80,
    parameters={**BINARY, "max_depth": 5, "eta": 0.15, "min_child_weight": 30, "lambda": 5},
)
LAPSE = ModelSpec(
    name="lapse_28d",
    question="Will this person, who ordered in the last 28 days, order nothing in the next 28?",
    kind="probability",
    unit="probability",
    features=PERSON_FEATURES,
    last_period="order_count_28d",
    primary_metric="log_loss",
    splits=_horizon_splits(horizon_days=28, step_days=28, max_train_panels=6),
    targets=_one_target,
    rows=_lapse_rows,
    population=_lapse_population,
    rounds=140,
    parameters={**BINARY, "max_depth": 2, "eta": 0.05, "min_child_weight": 20, "lambda": 5},
)
VALUE = ModelSpec(
    name="value_91d",
    question="How much will this person spend (net sales) in the next 91 days?",
    kind="amount",
    unit="currency per 91 days",
    features=(),
    last_period="net_sales_amount_56d",
    primary_metric="rmse",
    splits=_horizon_splits(horizon_days=91, step_days=7, max_train_panels=6),
    targets=_one_target,
    label_scale=100,
    rows=_value_rows,
    population=_value_population,
    rounds=0,
    estimator=ENGINE,
)
COUPON_REDEMPTION = ModelSpec(
    name="coupon_redemption",
    question="If this person is mailed a campaign of this type, will the person use any of its coupons?",
    kind="probability",
    unit="probability",
    features=(*CAMPAIGN_FEATURES, *PERSON_FEATURES),
    last_period="redemption_count_91d",
    primary_metric="log_loss",
    splits=_campaign_splits,
    targets=lambda source, day: campaign_types(source.summaries, day),
    rows=_redemption_rows,
    population=_redemption_population,
    rounds=140,
    parameters={**BINARY, "max_depth": 2, "eta": 0.05, "min_child_weight": 10, "lambda": 5},
)
SPECS = (CATEGORY_PURCHASE, COUPON_REDEMPTION, LAPSE, VALUE)
SPEC_BY_NAME = {spec.name: spec for spec in SPECS}
