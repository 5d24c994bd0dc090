"""A fitted value model as open documents, and back, exactly."""

from dataclasses import asdict
from typing import Any

from ml.value.base import BaseModel
from ml.value.bgnbd import BgNbd
from ml.value.correction import Correction
from ml.value.gamma_gamma import GammaGamma
from ml.value.interval import Spread
from ml.value.lean import Lean
from ml.value.predict import ValueModel
from ml.value.season import Season

# The file stem of trees, and where in the model they are.
TREES = {
    "count": ("count", "booster"),
    "count_plain": ("count", "plain"),
    "value": ("value", "booster"),
    "value_plain": ("value", "plain"),
}
CORRECTIONS = ("count", "value")


def value_document(model: ValueModel) -> dict[str, Any]:
    """All but the trees, ready for JSON; a number comes back as the same number."""
    document = asdict(model)
    for name in CORRECTIONS:
        del document[name]["booster"], document[name]["plain"]
    return document


def value_trees(model: ValueModel) -> dict[str, bytes]:
    """XGBoost's own UBJSON bytes by correction; none where the classic models stand."""
    found = {name: getattr(getattr(model, part), field) for name, (part, field) in TREES.items()}
    return {name: raw for name, raw in found.items() if raw is not None}


def value_model_of(document: dict[str, Any], trees: dict[str, bytes]) -> ValueModel:
    """The model of a document and its trees.

    Raises    KeyError, TypeError or ValueError   the document is not one of `value_document`.
    """
    base, spread = document["base"], document["spread"]
    corrections = {
        name: Correction(booster=trees.get(name), plain=trees.get(f"{name}_plain"), **document[name])
        for name in CORRECTIONS
    }
    return ValueModel(
        day=document["day"],
        horizon_days=document["horizon_days"],
        label_days=document["label_days"],
        panel_days=tuple(document["panel_days"]),
        unit=document["unit"],
        base=BaseModel(
            bgnbd=BgNbd(**base["bgnbd"]) if base["bgnbd"] else None,
            gamma_gamma=GammaGamma(**base["gamma_gamma"]) if base["gamma_gamma"] else None,
            repeat_gamma_gamma=GammaGamma(**base["repeat_gamma_gamma"]) if base["repeat_gamma_gamma"] else None,
            mean_amount=base["mean_amount"],
            rate=base["rate"],
            notes=tuple(base["notes"]),
        ),
        count=corrections["count"],
        value=corrections["value"],
        lean=Lean(**document["lean"]),
        spread=Spread(
            edges=tuple(spread["edges"]),
            mean=tuple(spread["mean"]),
            spread=tuple(spread["spread"]),
            level=spread["level"],
            covered=spread["covered"],
        ),
        season=Season(**document["season"]) if document["season"] else None,
        warnings=tuple(document["warnings"]),
    )
