"""`nightmarket power`: how many people a test takes, or what it can see, before it starts."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from ml.errors import ContractError
from ml.measurement.power import people_needed, smallest_effect
from ml.measurement.units import number_column
from pipelines.cli.engines.tables import read_table
from pipelines.files import write_json


@dataclass(frozen=True, slots=True)
class PowerRequest:
    """The command line as it was typed."""

    file: Path | None
    metric: str | None
    rate: float | None
    mean: float | None
    sd: float | None
    lift: float | None
    people: int | None
    control_share: float
    arms: int
    correlation: float
    confidence: float
    power: float
    json: Path | None


def plan_size(request: PowerRequest) -> None:
    """Print people for a lift, or the lift for people, and write the same as JSON.

    Raises    ContractError if the question is incomplete or a number is out of its range.
    """
    _check(request)
    mean, spread = _baseline(request)
    left = spread * math.sqrt(1.0 - request.correlation**2)
    alpha = (1.0 - request.confidence) / (request.arms - 1)  # Bonferroni: Holm's first and strictest step
    arm_share = (1.0 - request.control_share) / (request.arms - 1)
    in_pair = request.control_share + arm_share
    asked = {"control_share": request.control_share / in_pair, "alpha": alpha, "power": request.power}
    if request.people is None:
        effect = mean * (request.lift or 0.0)
        pair = people_needed(effect, left, **asked)
        control, arm = math.ceil(pair * asked["control_share"]), math.ceil(pair * (1.0 - asked["control_share"]))
    else:
        effect = smallest_effect(request.people * in_pair, left, **asked)
        control, arm = round(request.people * request.control_share), round(request.people * arm_share)
    answer = {
        "people": control + arm * (request.arms - 1),
        "people_control": control,
        "people_per_arm": arm,
        "baseline_mean": mean,
        "baseline_sd": spread,
        "sd_after_covariate": left,
        "detectable_effect": abs(effect),
        "detectable_lift": abs(effect / mean) if mean else None,
        "alpha_per_comparison": alpha,
        "power": request.power,
    }
    if request.json:
        write_json(request.json, answer)
    _print(answer, request)


def _check(request: PowerRequest) -> None:
    ranges = {
        "--control-share": (request.control_share, 0.0 < request.control_share < 1.0, "inside (0, 1)"),
        "--arms": (request.arms, request.arms >= 2, "at least 2, the control included"),
        "--correlation": (request.correlation, -1.0 < request.correlation < 1.0, "inside (-1, 1)"),
        "--confidence": (request.confidence, 0.5 <= request.confidence < 1.0, "such as .95"),
        "--power": (request.power, 0.0 < request.power < 1.0, "such as .8"),
        "--rate": (request.rate, request.rate is None or 0.0 < request.rate < 1.0, "inside (0, 1)"),
        "--sd": (request.sd, request.sd is None or 0.0 < request.sd < math.inf, "above 0"),
        "--lift": (request.lift, request.lift is None or abs(request.lift) > 0.0, "other than 0, such as .05"),
        "--people": (request.people, request.people is None or request.people >= 4, "at least 4"),
    }
    for name, (value, is_right, expected) in ranges.items():
        if not is_right:
            raise ContractError(f"{name}: expected a number {expected}, got {value}. Correct it.")
    if (request.lift is None) == (request.people is None):
        raise ContractError(
            "power: expected either --lift or --people. State the one you know; the other is the answer."
        )


def _baseline(request: PowerRequest) -> tuple[float, float]:
    """Mean and standard deviation of one person without any treatment."""
    if request.file is not None and request.metric:
        values = number_column(read_table(request.file, columns=[request.metric]), request.metric).sort().to_numpy()
        if len(values) < 2 or float(values.std(ddof=1)) == 0.0:
            raise ContractError(
                f"{request.metric}: expected people who differ, got {len(values)} equal rows. Take more."
            )
        mean, spread = float(values.mean()), float(values.std(ddof=1))
    elif request.rate is not None:
        mean, spread = request.rate, math.sqrt(request.rate * (1.0 - request.rate))
    elif request.mean is not None and request.sd is not None:
        mean, spread = request.mean, request.sd
    else:
        raise ContractError(
            "power: expected a baseline: FILE with --metric, or --rate, or --mean with --sd. Take last month's figures."
        )
    if request.lift is not None and mean == 0.0:
        raise ContractError("power: expected a mean other than 0, as a lift is a share of it. Choose another metric.")
    return mean, spread


def _print(answer: dict[str, Any], request: PowerRequest) -> None:
    console = Console(highlight=False)
    lift = answer["detectable_lift"]
    relative = "" if lift is None else f" ({100 * lift:.2f} % of {answer['baseline_mean']:.4g})"
    console.print(
        f"{answer['people']:,} people ({answer['people_control']:,} control, {answer['people_per_arm']:,} in each of "
        f"{request.arms - 1} other arms) find a true difference of {answer['detectable_effect']:.4g}{relative} in "
        f"{100 * answer['power']:g} of 100 such tests."
    )
    console.print("Decide length and size with it before the start, and look once, at the end.")
