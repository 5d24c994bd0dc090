"""A release as a folder of open formats, and back, exactly."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from ml.errors import ContractError
from ml.features.panels import Panel
from ml.models.baselines import Baseline
from ml.models.calibration import Calibration
from ml.models.card import card_markdown, card_of
from ml.models.drift import Reference
from ml.models.evaluation import METRICS
from ml.models.trained import Split, TrainedModel
from ml.value.store import TREES, value_model_of

BOOSTER = "model.ubj"
DOCUMENTS = ("features", "calibration", "baselines", "metrics", "card")
ENGINE = "value"  # the document of the value engine, of the one model it answers for


def save_model(trained: TrainedModel, folder: Path) -> None:
    """Write a release into an existing or new folder; the caller makes the folder appear at once.

    Files     model.ubj (absent when no trees were fitted), features.json, calibration.json,
              baselines.json, metrics.json, card.json, card.md; of the value engine value.json and its own
              trees instead of model.ubj.
    """
    folder.mkdir(parents=True, exist_ok=True)
    documents = trained.documents()
    documents["card"] = {**documents.pop("release"), **card_of(trained)}
    for stem, content in documents.items():
        text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
        (folder / f"{stem}.json").write_text(text + "\n", encoding="utf-8")
    (folder / "card.md").write_text(card_markdown(trained), encoding="utf-8")
    if trained.booster is not None:
        (folder / BOOSTER).write_bytes(trained.booster)
    for name, raw in trained.value_trees.items():
        (folder / f"{name}.ubj").write_bytes(raw)


def load_model(folder: Path) -> TrainedModel:
    """Read a release back.

    Raises    ContractError if a file is missing or unreadable, or if the content is not what its version says.
    """
    files = {stem: _read(folder / f"{stem}.json") for stem in DOCUMENTS}
    if (folder / f"{ENGINE}.json").exists():
        files[ENGINE] = _read(folder / f"{ENGINE}.json")
    trees = {path.stem: path.read_bytes() for path in sorted(folder.glob("*.ubj"))}
    try:
        trained = _assemble(files, trees)
    except (KeyError, TypeError, ValueError) as error:
        raise ContractError(
            f"{folder}: expected the files of save_model, got {error!r}. Train the model again."
        ) from error
    stated = files["card"].get("version")
    if trained.version != stated:
        raise ContractError(
            f"{folder}: expected the content of version {stated}, got that of {trained.version}. "
            "A file was changed after the release: restore it, or train the model again."
        )
    return trained


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ContractError(
            f"{path}: expected a JSON file of a model release, got {error}. Train the model again."
        ) from error


def _assemble(files: dict[str, Any], trees: dict[str, bytes]) -> TrainedModel:
    card, features, calibration = files["card"], files["features"], dict(files["calibration"])
    note = calibration.pop("note")
    through = card["trained_through_date"]
    return TrainedModel(
        name=card["name"],
        as_of_date=date.fromisoformat(card["as_of_date"]),
        observed_through=date.fromisoformat(card["observed_through"]),
        trained_through_date=date.fromisoformat(through) if through else None,
        seed=card["seed"],
        scored_by=card["scored_by"],
        reason=card["reason"],
        fallback=card["fallback"],
        booster=trees.get(Path(BOOSTER).stem),
        calibration=Calibration(**calibration),
        calibration_note=note,
        features=tuple(features["features"]),
        categories={name: tuple(values) for name, values in features["categories"].items()},
        targets=tuple(features["targets"]),
        baselines=tuple(_baseline(entry) for entry in files["baselines"]),
        reference=tuple(Reference(e["feature"], tuple(e["edges"]), tuple(e["shares"])) for e in features["reference"]),
        metrics=pl.DataFrame(files["metrics"], schema=METRICS, orient="row"),
        splits=tuple(_split(entry) for entry in card["splits"]),
        settings=card["settings"],
        fingerprint=card["fingerprint"],
        customer_value=value_model_of(files[ENGINE], {name: trees[name] for name in TREES if name in trees})
        if ENGINE in files
        else None,
    )


def _baseline(entry: dict[str, Any]) -> Baseline:
    rates = {(target, bucket): rate for target, bucket, rate in entry["rates"]}
    return Baseline(**{**entry, "edges": tuple(entry["edges"]), "rates": rates})


def _split(entry: dict[str, Any]) -> Split:
    panels = tuple(Panel(date.fromisoformat(a), date.fromisoformat(b), c) for a, b, c in entry["panels"])
    return Split(**{**entry, "panels": panels})
