"""The weekly training: challengers, each compared with the champion, and the release of who won."""

from datetime import date

import dagster as dg

from ml.errors import ContractError
from ml.features.facts import Facts
from ml.features.source import open_facts
from ml.models.promotion import compare_challenger
from ml.models.trained import TrainedModel
from pipelines.assets.features import FEATURES_KEY
from pipelines.assets.outcomes import Made
from pipelines.model_store import release, release_date_for, released_models, train_as_of
from pipelines.night import Night
from pipelines.partitions import NIGHTLY, as_of

FIRST = "There is no champion yet."


@dg.asset(
    key=["models", "challengers"],
    group_name="models",
    partitions_def=NIGHTLY,
    pool="warehouse",
    deps=[FEATURES_KEY],
    description="Trained on what is known today; promoted if not worse than the champion on a panel neither has seen.",
)
def challengers(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> Made:
    """Train, compare, release; nights after this date score with the winners."""
    as_of_date = as_of(context)
    require_no_later_night(night, as_of_date)
    with night.reporter.stage("training") as said:
        facts = night.facts(keep=False)
        trained = train_as_of(night, as_of_date, facts)
        winners, reasons = _winners(night, as_of_date, facts, trained)
        release(night, as_of_date, winners)
        promoted = sum(winners[name] is trained[name] for name in trained)
        said.append(f"{promoted} of {len(trained)} challengers promoted")
    night.note(as_of_date, "training", {"reasons": reasons})
    return dg.MaterializeResult(metadata={"promoted_count": promoted, "reasons": reasons})


def require_no_later_night(night: Night, as_of_date: date) -> None:
    """A release changes which models score later nights, so it may not be made behind one that is final.

    Raises    ContractError naming the newest finished night.
    """
    newest = max(night.ledger.nights(), default=None)
    if newest is not None and newest > as_of_date:
        raise ContractError(
            f"training as of {as_of_date}: the night of {newest} is finished and scored with an earlier release. "
            f"Train as of {newest} or later."
        )


def _winners(
    night: Night, as_of_date: date, facts: Facts, trained: dict[str, TrainedModel]
) -> tuple[dict[str, TrainedModel], dict[str, str]]:
    released = release_date_for(night, as_of_date)
    if released is None:
        return trained, dict.fromkeys(trained, FIRST)
    champions = released_models(night, released, facts)
    source, settings = open_facts(facts, as_of_date), night.settings
    winners, reasons = {}, {}
    for name, challenger in sorted(trained.items()):
        compared = compare_challenger(
            champions[name], challenger, source, seed=settings.retailer.random_seed, threads=settings.threads
        )
        winners[name] = challenger if compared.is_promoted else champions[name]
        reasons[name] = compared.reason
    return winners, reasons
