"""Making predictions mean what they say, when a later panel shows that it helps."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

EPSILON = 1e-6  # no prediction claims to be surer than one in a million
FOLDS = 2
STEPS = 50


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a raw prediction becomes a score: identity, beta (probabilities) or scale (amounts).

    beta: logit(score) = a ln(p) - b ln(1 - p) + c. scale: score = a x prediction.
    """

    kind: str = "identity"
    a: float = 1.0
    b: float = 1.0
    c: float = 0.0

    def apply(self, raw: np.ndarray) -> np.ndarray:
        """Scores, one per prediction; each depends on its own prediction only."""
        if self.kind == "beta":
            p = np.clip(raw, EPSILON, 1 - EPSILON)
            z = self.a * np.log(p) - self.b * np.log1p(-p) + self.c
            return np.asarray(np.clip(1 / (1 + np.exp(-z)), EPSILON, 1 - EPSILON))
        if self.kind == "scale":
            return self.a * raw
        return raw


def log_losses(label: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Negative log likelihood per row, in nats."""
    p = np.clip(probability, EPSILON, 1 - EPSILON)
    return np.asarray(-(label * np.log(p) + (1 - label) * np.log1p(-p)))


def fit_beta(raw: np.ndarray, label: np.ndarray) -> Calibration:
    """Three-parameter beta calibration; a, b >= 0 so that the order of people never turns round.

    Source    Kull, Silva Filho and Flach (2017), Beta calibration, algorithm 1: a term whose coefficient
              comes out negative is dropped and the rest fitted again.
    """
    p = np.clip(raw, EPSILON, 1 - EPSILON)
    terms = {"a": np.log(p), "b": -np.log1p(-p)}
    while terms:
        names = [*terms, "c"]
        found = dict(zip(names, _logistic([*terms.values(), np.ones_like(p)], label), strict=True))
        negative = [name for name in terms if found[name] < 0]
        if not negative:
            return Calibration("beta", found.get("a", 0.0), found.get("b", 0.0), found["c"])
        del terms[min(negative, key=lambda name: found[name])]
    return Calibration()


def fit_scale(raw: np.ndarray, label: np.ndarray) -> Calibration:
    """One factor that makes the predicted total the true one; identity where nothing was predicted."""
    predicted = float(np.sum(raw))
    return Calibration("scale", float(np.sum(label)) / predicted) if predicted > 0 else Calibration()


def squared_errors(label: np.ndarray, amount: np.ndarray) -> np.ndarray:
    """Squared error per row."""
    return np.asarray((label - amount) ** 2)


def losses(kind: str) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """The loss per row that a kind of model is judged by."""
    return log_losses if kind == "probability" else squared_errors


def choose_calibration(
    raw: np.ndarray, label: np.ndarray, persons: Sequence[str], *, kind: str
) -> tuple[Calibration, str]:
    """Beta (probability) or scale (amount) if it helps persons it was not fitted on, else none; and why.

    Each half of the persons (split by a hash, so a household is on one side) is scored by the
    calibration of the other half.
    """
    fit, loss = (fit_beta if kind == "probability" else fit_scale), losses(kind)
    fold = np.array([hashlib.sha256(person.encode()).digest()[0] % FOLDS for person in persons])
    after = np.zeros(len(label))
    for k in range(FOLDS):
        if len(np.unique(label[fold != k])) < 2:
            return Calibration(), "none: half of the calibration panel has one outcome only"
        after[fold == k] = fit(raw[fold != k], label[fold != k]).apply(raw[fold == k])
    before = float(np.mean(loss(label, raw)))
    change = (float(np.mean(loss(label, after))) - before) / before
    if change >= 0:
        return Calibration(), f"none: it would not lower the loss on the calibration panel ({change:+.3%})"
    return fit(raw, label), f"kept: changes the loss on the calibration panel by {change:+.3%}, halves crossed"


def _logistic(columns: Sequence[np.ndarray], label: np.ndarray) -> list[float]:
    """Coefficients by Newton's method. Sums are elementwise and in fixed order: BLAS may differ by threads."""
    k = len(columns)
    beta = np.zeros(k)
    for _ in range(STEPS):
        z = sum((beta[i] * columns[i] for i in range(k)), np.zeros(len(label)))
        p = 1 / (1 + np.exp(-np.clip(z, -30, 30)))
        gradient = np.array([np.sum(columns[i] * (label - p)) for i in range(k)])
        weight = p * (1 - p)
        curvature = np.array([[np.sum(weight * columns[i] * columns[j]) for j in range(k)] for i in range(k)])
        step = np.linalg.solve(curvature + 1e-6 * np.eye(k), gradient)
        beta = beta + step
        if float(np.max(np.abs(step))) < 1e-9:
            break
    return [float(value) for value in beta]
