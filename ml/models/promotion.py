"""Whether a challenger may replace the champion."""

from dataclasses import dataclass

import polars as pl

from ml.errors import ContractError
from ml.features.panels import Panel
from ml.features.source import FeatureSource
from ml.models.estimator import label_of
from ml.models.evaluation import METRICS, evaluate, metric_of
from ml.models.scoring import released_scores
from ml.models.spec import SPEC_BY_NAME
from ml.models.trained import TrainedModel

CHAMPION, CHALLENGER = "champion", "challenger"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Who should score from now on, why in one sentence, and the table it rests on."""

    is_promoted: bool
    reason: str
    metrics: pl.DataFrame


def compare_challenger(
    champion: TrainedModel, challenger: TrainedModel, source: FeatureSource, *, seed: int, threads: int
) -> Comparison:
    """Judge both on the challenger's test panel, each scored as it would be released.

    The challenger is promoted if its primary metric is not worse than the champion's there. It keeps
    out where nothing can be compared fairly: without a test panel, or where the champion has learned
    from it (after a change of weekday, say; a week later the panel has moved on).
    Ignores   targets that only one of them knows.
    Raises    ContractError if they are releases of different models.
    """
    spec = SPEC_BY_NAME[challenger.name]
    if not challenger.can_score or not champion.can_score:
        return Comparison(challenger.can_score, "One of them cannot score at all.", pl.DataFrame(schema=METRICS))
    rows = _test_rows(champion, challenger, source)
    if rows is None:
        return Comparison(False, "There is no complete test panel to compare on.", pl.DataFrame(schema=METRICS))
    begin, seen = min(panel.as_of_date for panel in _test_panels(challenger)), champion.trained_through_date
    if seen is not None and seen > begin:
        reason = f"The champion learned from labels up to {seen}, the test panel begins on {begin}: no fair comparison."
        return Comparison(False, reason, pl.DataFrame(schema=METRICS))
    scores = {
        name: released_scores(model, rows, source, threads=threads)
        for name, model in ((CHAMPION, champion), (CHALLENGER, challenger))
    }
    metrics = evaluate(
        label_of(rows, spec), scores, rows["person_id"], kind=spec.kind, primary=spec.primary_metric, seed=seed
    )
    old, new = (metric_of(metrics, name, spec.primary_metric)["value"] for name in (CHAMPION, CHALLENGER))
    is_promoted = old is not None and new is not None and new <= old
    verdict = "is not worse than" if is_promoted else "is worse than"
    reason = f"On {rows.height} test rows the challenger {verdict} the champion: {spec.primary_metric} {new} and {old}."
    return Comparison(is_promoted, reason, metrics)


def _test_panels(challenger: TrainedModel) -> tuple[Panel, ...]:
    return next((split.panels for split in challenger.splits if split.name == "test"), ())


def _test_rows(champion: TrainedModel, challenger: TrainedModel, source: FeatureSource) -> pl.DataFrame | None:
    if champion.name != challenger.name:
        raise ContractError(
            f"compare_challenger: expected two releases of one model, got {champion.name} and {challenger.name}."
        )
    panels = _test_panels(challenger)
    shared = tuple(target for target in challenger.targets if target in champion.targets)
    frames = [SPEC_BY_NAME[challenger.name].rows(source, panel, shared) for panel in panels]
    filled = [frame for frame in frames if frame.height]
    return pl.concat(filled) if filled else None
