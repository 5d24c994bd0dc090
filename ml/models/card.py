"""A model's card: what it answers, how it was judged, who scores and why, in plain words."""

from typing import Any

from ml.models.evaluation import METRICS, MODEL, metric_of
from ml.models.spec import SPEC_BY_NAME
from ml.models.trained import TrainedModel

LIMITS = {
    "category_purchase_28d": "It knows only departments that enough people buy in, and only what the till saw. "
    "A probability says who will buy, not whom a contact would make buy.",
    "coupon_redemption": "Learned from people the retailer chose to mail. For a person unlike those who were "
    "ever mailed it is a guess; it says nothing about what a mailing adds.",
    "lapse_28d": "Silence of 28 days is often a holiday. Only people who ordered in the last 28 days get a score.",
    "value_91d": "It reads order days alone and learned from what was known before the test panel, so it knows no "
    "season that came later, and none for this night. Good for ranking and totals; no promise about one person.",
}


def card_of(trained: TrainedModel) -> dict[str, Any]:
    """The card as a JSON-ready dictionary: the facts a report or a release gate reads."""
    spec = SPEC_BY_NAME[trained.name]
    return {
        "name": trained.name,
        "version": trained.version,
        "question": spec.question,
        "unit": spec.unit,
        "scored_by": trained.scored_by,
        "reason": trained.reason,
        "calibration": trained.calibration_note,
        "primary_metric": spec.primary_metric,
        "primary_values": {
            scorer: metric_of(trained.metrics, scorer, spec.primary_metric)
            for scorer in trained.metrics["scorer"].unique(maintain_order=True).to_list()
        },
        "feature_count": len(trained.features),
        "targets": [target for target in trained.targets if target],
        "limits": LIMITS.get(trained.name, ""),
        "columns": list(METRICS),
    }


def release_row(trained: TrainedModel) -> dict[str, Any]:
    """The ledger's `model_releases` row but for its as_of_date: who scores, and by what measured difference."""
    metric = SPEC_BY_NAME[trained.name].primary_metric
    return {
        "model_name": trained.name,
        "version": trained.version,
        "scored_by": trained.scored_by,
        "trained_through_date": trained.trained_through_date,
        "metric_name": metric,
        "metric_value": metric_of(trained.metrics, MODEL, metric)["value"],
        "baseline_value": metric_of(trained.metrics, trained.fallback, metric)["value"],
        "fingerprint": trained.fingerprint,
    }


def card_markdown(trained: TrainedModel) -> str:
    """The card as a page."""
    spec = SPEC_BY_NAME[trained.name]
    lines = [
        f"# {trained.name} {trained.version}",
        "",
        spec.question,
        "",
        f"- **Scored by**: {trained.scored_by}. {trained.reason}",
        f"- **Score**: {spec.unit}; calibration {trained.calibration_note}.",
        f"- **Trained as of** {trained.as_of_date}, seed {trained.seed}, {len(trained.features)} features, "
        f"inputs {trained.fingerprint[:12]}.",
        f"- **Do not trust it blindly**: {LIMITS.get(trained.name, '')}",
        "",
        "## Panels",
        "",
        "| split | panels | first | labels end | rows | persons | with outcome |",
        "|---|---|---|---|---|---|---|",
        *(_split_line(split) for split in trained.splits),
        "",
        "## Test panel",
        "",
        *_metric_lines(trained),
        "",
    ]
    return "\n".join(lines)


def _split_line(split: Any) -> str:
    first = min((panel.as_of_date for panel in split.panels), default="-")
    end = max((panel.label_end for panel in split.panels), default="-")
    counts = f"{split.row_count} | {split.person_count} | {split.positive_count}"
    return f"| {split.name} | {len(split.panels)} | {first} | {end} | {counts} |"


def _metric_lines(trained: TrainedModel) -> list[str]:
    if trained.metrics.is_empty():
        return ["Not judged: there is no complete outcome after the rows that were fitted on."]
    scorers = [s for s in trained.metrics["scorer"].unique(maintain_order=True).to_list() if " - " not in s]
    differences = [s for s in trained.metrics["scorer"].unique(maintain_order=True).to_list() if " - " in s]
    names = trained.metrics["metric"].unique(maintain_order=True).to_list()
    primary = SPEC_BY_NAME[trained.name].primary_metric
    return [
        "Value [95 % interval, households resampled].",
        "",
        "| metric | " + " | ".join(scorers) + " |",
        "|---|" + "---|" * len(scorers),
        *(f"| {name} | " + " | ".join(_cell(trained, scorer, name) for scorer in scorers) + " |" for name in names),
        "",
        *(f"{primary}, {difference}: {_cell(trained, difference, primary)}." for difference in differences),
        "" if MODEL in scorers else "No model was fitted.",
    ]


def _cell(trained: TrainedModel, scorer: str, metric: str) -> str:
    found = metric_of(trained.metrics, scorer, metric)
    if found["value"] is None:
        return "-"
    interval = "" if found["low"] is None else f" [{found['low']:.4g}, {found['high']:.4g}]"
    return f"{found['value']:.4g}{interval}"
