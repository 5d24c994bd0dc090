"""Stage models: who scores tonight, the scores, and the weekly training of challengers."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from data_quality.evidence import Evidence, from_drift, from_suites
from data_quality.gates import judge
from data_quality.validate import validate
from ml.decisioning.inputs import PURCHASE
from ml.features.source import open_facts
from ml.models.scoring import population_drift, score_models
from ml.models.trained import TrainedModel
from pipelines.assets.features import FEATURES_KEY
from pipelines.assets.outcomes import Outcome, check_spec, checked, gate_for_report, made, told_then_required
from pipelines.model_store import RELEASES, release, release_date_for, released_models, train_as_of
from pipelines.night import Night
from pipelines.partitions import NIGHTLY, as_of

CHAMPIONS_KEY = ["ledger", RELEASES]
SCORES_KEY = ["scores", "scores_person"]
# A feature whose source went silent moves nearly everybody into one bin, which is an index above 5; the strongest
# season in the example moves one to 1.1.
DRIFT_STOPS_ABOVE = 3.0


@dg.multi_asset(
    name="scores",
    specs=[
        dg.AssetSpec(
            CHAMPIONS_KEY,
            group_name="models",
            partitions_def=NIGHTLY,
            deps=[FEATURES_KEY],
            description="Which version of each model scores, or which baseline; trained tonight only if there is none.",
        ),
        dg.AssetSpec(
            SCORES_KEY,
            group_name="models",
            partitions_def=NIGHTLY,
            deps=[CHAMPIONS_KEY, FEATURES_KEY],
            description="One row per person, model and target: calibrated probability or expected value.",
        ),
    ],
    check_specs=[check_spec(SCORES_KEY, "great_expectations", "Probabilities in 0..1, values finite, rows there")],
    pool="warehouse",
)
def scores(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> Iterator[Outcome]:
    """Score everyone with the newest release made before the night."""
    as_of_date = as_of(context)
    facts = night.facts(keep=False)
    with night.reporter.stage("models") as said:
        released = release_date_for(night, as_of_date)
        if released is None:
            models = train_as_of(night, as_of_date, facts)
            release(night, as_of_date, models)
        else:
            models = released_models(night, released, facts)
        said.append(f"released {released or as_of_date} · {_who_scores(models)}")
    with night.reporter.stage("scores") as said:
        source = open_facts(facts, as_of_date)
        frame = score_models(models, source, threads=night.settings.threads)
        night.warehouse.replace_day("scores.scores_person", frame, as_of_date)
        suites = _suites(night, models, frame)
        watched = models[PURCHASE]  # it speaks about everybody, from the widest features
        drift = population_drift(watched, source)
        evidence = [*suites, *drift_evidence(watched.scored_by, drift)]
        gate = judge("decisions", evidence, required=["suites"] if suites else [])
        shifted = drift.filter(pl.col("verdict") == "shifted").height
        said.append(
            f"{frame.height:,} scores of {frame['person_id'].n_unique():,} persons · {shifted} features shifted"
        )
    night.note(as_of_date, "scores", {"gate": gate_for_report(gate), "drift": drift.to_dicts(), **_versions(models)})
    outcomes: list[Outcome] = [
        made(CHAMPIONS_KEY, **{name: trained.version for name, trained in sorted(models.items())}),
        made(SCORES_KEY, row_count=frame.height),
        checked(SCORES_KEY, "great_expectations", gate),
    ]
    yield from told_then_required(outcomes, [gate])


def _suites(night: Night, models: dict[str, TrainedModel], frame: pl.DataFrame) -> list[Evidence]:
    """A retailer too young for any outcome has no scores to look at: no value is known, so nobody is contacted."""
    if frame.is_empty() and not any(trained.can_score for trained in models.values()):
        return []
    return [from_suites([validate("scores.scores_person", frame, night.settings.suites_dir / "scores_person.json")])]


def drift_evidence(scored_by: str, drift: pl.DataFrame) -> list[Evidence]:
    """Trees must be compared with their training; a baseline without trees has nothing to drift from."""
    if scored_by == "baseline" and drift.is_empty():
        return []
    return [from_drift(drift, stop_above=DRIFT_STOPS_ABOVE)]


def _who_scores(models: dict[str, TrainedModel]) -> str:
    by_model = sum(trained.scored_by == "model" for trained in models.values())
    return f"{by_model} models and {len(models) - by_model} baselines score"


def _versions(models: dict[str, TrainedModel]) -> dict[str, dict[str, str]]:
    return {"versions": {name: trained.version for name, trained in sorted(models.items())}}
