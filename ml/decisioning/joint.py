"""One joint choice for everybody: candidates by person, caps for each person, limits that all of them share."""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ml.decisioning.inner import Cap, Floats, Integers, Kinds, Mask, are_nested

ROWS_PER_BLOCK = 200_000  # a block's columns stay in the processor's cache
TYPICAL_CANDIDATES = 100_000


@dataclass(frozen=True)
class SharedLimit:
    """What all chosen candidates of these kinds may (or must) count together, or sum of one amount."""

    name: str
    kinds: Mask
    amount: int | None  # position among `JointChoice.amounts`; None counts candidates
    at_most: float = math.inf
    at_least: float = -math.inf


@dataclass(frozen=True)
class Side:
    """One end of a shared limit: sign +1 for at most, -1 for at least."""

    limit: int
    sign: int
    bound: float


@dataclass(frozen=True)
class JointChoice:
    """Candidates sorted by person, and what binds them.

    starts    where each person's candidates begin, and the number of candidates at the end;
    value     what each candidate is worth;
    kind      which caps and limits concern it: a position in their `kinds`;
    amounts   columns that limits sum.
    """

    starts: Integers
    value: Floats
    kind: Kinds
    amounts: tuple[Floats, ...]
    limits: tuple[SharedLimit, ...]
    caps: tuple[Cap, ...]

    @property
    def person_count(self) -> int:
        """How many people have candidates."""
        return len(self.starts) - 1

    @cached_property
    def kind_count(self) -> int:
        """How many kinds of candidate there may be."""
        tables = [*(cap.kinds for cap in self.caps), *(limit.kinds for limit in self.limits)]
        return max([len(table) for table in tables], default=int(self.kind.max(initial=0)) + 1)

    @cached_property
    def sides(self) -> tuple[Side, ...]:
        """Every finite end of every limit, at most before at least."""
        upper = [Side(k, 1, limit.at_most) for k, limit in enumerate(self.limits) if limit.at_most < math.inf]
        lower = [Side(k, -1, limit.at_least) for k, limit in enumerate(self.limits) if limit.at_least > -math.inf]
        return (*upper, *lower)

    @cached_property
    def nested_caps(self) -> tuple[Cap, ...]:
        """The caps that the bound's inner problem keeps: any two nested or apart, inner ones first.

        Where caps overlap, those that allow less per kind concerned are kept, then by name.
        """
        kept: list[Cap] = []
        for cap in sorted(self.caps, key=lambda cap: (cap.at_most / max(int(cap.kinds.sum()), 1), cap.name)):
            if all(are_nested(cap.kinds, other.kinds) for other in kept):
                kept.append(cap)
        return tuple(sorted(kept, key=lambda cap: (int(cap.kinds.sum()), cap.at_most, cap.name)))

    @cached_property
    def overlapping_caps(self) -> tuple[Cap, ...]:
        """The caps that the bound's inner problem leaves out; the choice itself keeps them too."""
        kept = {cap.name for cap in self.nested_caps}
        return tuple(cap for cap in self.caps if cap.name not in kept)

    @cached_property
    def blocks(self) -> list[tuple[int, int]]:
        """Ranges of people whose candidates make about one block."""
        rows = np.arange(0, self.starts[-1] + ROWS_PER_BLOCK, ROWS_PER_BLOCK)
        edges = np.unique(np.append(np.searchsorted(self.starts, rows[:-1]), self.person_count))
        return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))

    def of_people(self, people: Integers) -> "JointChoice":
        """The same question for some people only (positions ascending), limits unchanged."""
        sizes = np.diff(self.starts)[people]
        rows = rows_of(self, people)
        starts = np.append(0, np.cumsum(sizes)).astype(np.int64)
        amounts = tuple(amount[rows] for amount in self.amounts)
        return replace(self, starts=starts, value=self.value[rows], kind=self.kind[rows], amounts=amounts)


def rows_of(joint: JointChoice, people: Integers) -> Integers:
    """Positions of all candidates of some people."""
    sizes = np.diff(joint.starts)[people]
    ends = np.cumsum(sizes)
    return np.asarray(np.arange(sizes.sum()) + np.repeat(joint.starts[people] - ends + sizes, sizes))


def owners_of(joint: JointChoice, rows: Integers) -> Integers:
    """Whose these candidates (positions ascending) are."""
    return np.asarray(np.searchsorted(joint.starts, rows, side="right") - 1)


def typical_use(joint: JointChoice, position: int) -> float:
    """The median of what candidates count or sum for a limit, of every n-th that uses it at all; above 0."""
    amount = joint.limits[position].amount
    if amount is None:
        return 1.0
    step = len(joint.value) // TYPICAL_CANDIDATES + 1
    own = np.abs(joint.amounts[amount][::step])[joint.limits[position].kinds[joint.kind[::step]]]
    own = own[own > 0]
    return float(np.median(own)) if len(own) else 1.0


def fitting(joint: JointChoice) -> Integers | None:
    """Candidates that do not break an at-most limit all alone; None if that is all of them.

    Only of limits that nobody lowers: where a use is negative, another choice could make room.
    """
    fits: Mask | None = None
    for side in joint.sides:
        amount = joint.limits[side.limit].amount
        if side.sign < 0 or (amount is not None and float(joint.amounts[amount].min(initial=0.0)) < 0):
            continue
        if (1.0 if amount is None else float(joint.amounts[amount].max(initial=0.0))) > side.bound:
            kinds = joint.limits[side.limit].kinds
            use = np.ones(1) if amount is None else joint.amounts[amount]
            own = ~kinds[joint.kind] | (use <= side.bound)
            fits = own if fits is None else fits & own
    return None if fits is None or fits.all() else np.flatnonzero(fits)


def of_rows(joint: JointChoice, rows: Integers) -> JointChoice:
    """The same question for some candidates only (positions ascending); people without any are left out."""
    sizes = np.bincount(owners_of(joint, rows), minlength=joint.person_count)
    starts = np.append(0, np.cumsum(sizes[sizes > 0])).astype(np.int64)
    amounts = tuple(amount[rows] for amount in joint.amounts)
    return replace(joint, starts=starts, value=joint.value[rows], kind=joint.kind[rows], amounts=amounts)


def uses(joint: JointChoice, rows: slice | Integers) -> Floats:
    """One row per limit: what each of these candidates counts or sums."""
    kind = joint.kind[rows]
    table = np.zeros((len(joint.limits), len(kind)))
    for position, limit in enumerate(joint.limits):
        table[position] = limit.kinds[kind] if limit.amount is None else 0.0
        if limit.amount is not None:
            table[position] = np.where(limit.kinds[kind], joint.amounts[limit.amount][rows], 0.0)
    return table


def used(joint: JointChoice, chosen: Integers) -> Floats:
    """What a choice (positions of candidates) uses of each limit: the true sum, rounded once."""
    kind = joint.kind[chosen]
    found = []
    for limit in joint.limits:
        taken = limit.kinds[kind]
        column = None if limit.amount is None else joint.amounts[limit.amount][chosen[taken]]
        found.append(float(taken.sum()) if column is None else math.fsum(column))
    return np.array(found, dtype=np.float64)
