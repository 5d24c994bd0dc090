"""What a reader must be told before believing a result, in sentences."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from ml.measurement.units import ARM, CLUSTER

LARGE_SHARE, TOO_LARGE_SHARE = 0.10, 0.25  # own definition: one unit's part of an arm's total
FEWEST_ACTIVE = 5.0  # expected units with a value other than 0 per arm, as for chi-square (Cochran 1954)
FEWEST_CLUSTERS = 30
NEVER, ALWAYS = 0.0, 1.0
# By Edgeworth's first term a tail of 2.5 % holds .025 + .0845 x skewness: at .2 it holds 4.2 %.
LOPSIDED, FAR_FROM_THE_TAIL = 0.2, 0.005


@dataclass(frozen=True, slots=True)
class Caution:
    """A sentence, and the p-value that a verdict on the metric needs nevertheless (0: there is none)."""

    text: str
    needed_p: float


def about_metric(values: pl.DataFrame, column: str, counts: Mapping[str, int]) -> list[Caution]:
    """Cautions on one metric: nothing happened, too little happened, or one unit did nearly all of it.

    Takes     values: arm and the metric as numbers, no nulls; counts: rows per arm, control first.
    """
    active = int((values[column] != 0.0).sum())
    if active == 0:
        return [
            Caution(f"{column} is 0 for everybody: nothing happened yet, or the wrong column was delivered.", NEVER)
        ]
    if values[column].n_unique() == 1:
        return [Caution(f"{column} is the same for everybody: there is nothing to compare.", NEVER)]
    found = [_too_few(column, active, counts), *(_dominated(values, column, arm) for arm in sorted(counts))]
    control, *others = counts
    found += [_lopsided(values, column, control, arm) for arm in others if CLUSTER not in values.columns]
    return [caution for caution in found if caution]


def _lopsided(values: pl.DataFrame, column: str, control: str, arm: str) -> Caution | None:
    """Whether the difference of the means is itself skewed: long tails do not cancel where arms differ in size."""
    sizes = [values.filter(pl.col(ARM) == side)[column].sort().to_numpy() for side in (control, arm)]
    if min(map(len, sizes)) < 2:
        return None
    everybody = values[column].sort().to_numpy()  # a small arm has not seen its own tail yet
    apart = everybody - everybody.mean()
    cubed = float((apart**2).mean()) ** 1.5
    parts = [float(mine.var()) / len(mine) for mine in sizes]
    if cubed == 0.0:  # so small that it cannot be told from no spread
        return None
    skewness = float((apart**3).mean()) / cubed
    of_control, of_arm = (part**1.5 / len(mine) ** 0.5 for part, mine in zip(parts, sizes, strict=True))
    if abs(skewness * (of_arm - of_control)) <= LOPSIDED * sum(parts) ** 1.5:
        return None
    return Caution(
        f"{column}: its tail is too long for arms of these sizes ({control}, {arm}): one side of the interval "
        f"misses the truth clearly more often than stated. Take more people, equal arms or --winsorise; "
        f"a verdict here needs p below {FAR_FROM_THE_TAIL:g}.",
        FAR_FROM_THE_TAIL,
    )


def _too_few(column: str, active: int, counts: Mapping[str, int]) -> Caution | None:
    smallest = min((count for count in counts.values() if count), default=0)
    expected = active * smallest / max(1, sum(counts.values()))
    if expected >= FEWEST_ACTIVE:
        return None
    return Caution(
        f"{column}: only {active} rows have a value other than 0, {expected:.1f} expected in the smallest arm; below "
        f"{FEWEST_ACTIVE:g} an interval does not keep its promise. Wait for more.",
        NEVER,
    )


def _dominated(values: pl.DataFrame, column: str, arm: str) -> Caution | None:
    mine = values.filter(pl.col(ARM) == arm)[column].abs().sort()
    total = float(mine.to_numpy().sum())
    share = float(mine[-1]) / total if len(mine) and total > 0.0 else 0.0
    if len(mine) <= 2 / LARGE_SHARE or share < LARGE_SHARE:
        return None
    consequence = "no verdict can rest on one unit" if share >= TOO_LARGE_SHARE else "it moves the mean alone"
    return Caution(
        f"{column}: one row holds {100 * share:.0f} % of arm {arm}'s total; {consequence}. Look whether it is real, "
        "and compare with --winsorise.",
        NEVER if share >= TOO_LARGE_SHARE else ALWAYS,
    )


def about_split(counts: Mapping[str, int], shares: Mapping[str, float], ratio_p: float, *, is_stated: bool) -> str:
    """The words for a split that the shares do not explain."""
    total = sum(counts.values())
    chance = f"{ratio_p:.2g}" if ratio_p > 0.0 else "less than 1e-300"
    seen = ", ".join(f"{arm} {counts[arm]} (expected {shares[arm] * total:.0f})" for arm in counts)
    told = (
        "Find out who got lost before reading any difference; none is shown."
        if is_stated
        else "No shares were stated, so equal ones were assumed: state the planned ones with --shares. If they were "
        "equal, somebody got lost, and no difference may be read."
    )
    return f"Sample ratio mismatch: {seen}; so uneven a split has a chance of {chance}. {told}"


def about_repeats(frame: pl.DataFrame, used: list[str]) -> str | None:
    """A sentence if rows are exact copies of others, told by a further column that is otherwise a key."""
    others = [name for name in frame.columns if name not in used]
    if not others or frame.height < 2:
        return None
    unique = frame.unique()
    repeated = frame.height - unique.height
    keys = [name for name in others if frame[name].n_unique() == unique.height]
    if repeated == 0 or not keys:
        return None
    return (
        f"{repeated} of {frame.height} rows are exact copies of another (same {keys[0]}): they are counted as people "
        "of their own and make every interval too narrow. Deliver each row once."
    )
