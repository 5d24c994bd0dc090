"""What a night's models predicted beside the truth, as plain data for JSON, page and screen."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.settings import Settings
from pipelines.simulator.judged_nights import predicted_and_true, truth_of_people
from pipelines.simulator.scoring_predictions import prediction_score, tenths


@dataclass(frozen=True, slots=True)
class Claim:
    """A model whose scores are a number that the truth knows: what, over how many days, and how to read both."""

    model_name: str
    horizon_days: int
    title: str
    is_money: bool
    predicted: str  # of several ids of one person: the column of `predicted_and_true`
    true: Callable[[pl.Expr, pl.Expr], pl.Expr]  # of buy_probability and sales


CLAIMS = (
    Claim("value_91d", 91, "Net sales of 91 days", True, "score_sum", lambda _, sales: sales),
    Claim("lapse_28d", 28, "Chance of no purchase in 28 days", False, "score_least", lambda buy, _: 1 - buy),
)
SCORES = "scores_person.parquet"


def predictions_content(settings: Settings) -> list[dict[str, Any]]:
    """One entry per claim: scores and calibration by tenth, or in words why it cannot be judged.

    Judged are the published scores of the last night of which it is known what people were worth.
    """
    published = {path.parent.name.removeprefix("as_of_date="): path for path in _published(settings)}
    told = [night for night in published if truth_of_people(settings, night)]
    last = max(told or published, default=None)
    scores = None if last is None else pl.read_parquet(published[last]).sort("person_id", "model_name", "target")
    return [_judged(settings, claim, scores) for claim in CLAIMS]


def _published(settings: Settings) -> list[Path]:
    return sorted(settings.folder("published").glob(f"as_of_date=*/{SCORES}"))


def _judged(settings: Settings, claim: Claim, scores: pl.DataFrame | None) -> dict[str, Any]:
    content = {"model_name": claim.model_name, "title": claim.title, "is_money": claim.is_money, "note": None}
    own = None if scores is None else scores.filter(model_name=claim.model_name).drop_nulls("score")
    if own is None or own.is_empty():
        return {**content, "note": "Nobody has this score."}
    night: date = own["as_of_date"][0]
    people = predicted_and_true(settings, own.select("person_id", "score"), night, claim.horizon_days)
    if people is None:
        advice = "`nightmarket loop` writes it, for 28 days and the scenario's value_horizon_days."
        return {**content, "note": f"No truth of {claim.horizon_days} days is known of the night of {night}. {advice}"}
    true = claim.true(pl.col("buy_probability"), pl.col("sales"))
    beside = people.select(predicted=pl.col(claim.predicted), true=true)
    scored = asdict(prediction_score(beside))
    return {**content, "as_of_date": str(night), **scored, "tenths": tenths(beside).to_dicts()}
