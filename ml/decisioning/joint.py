"""One joint choice for everybody: candidates by person, caps for each person, limits that all of them share."""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np

from ml.decisioning.inner import Cap, Floats, Integers, Kinds, Mask, are_nested, best_sets

ROWS_PER_BLOCK = 200_000  # a block's columns stay in the processor's cache
Part = TypeVar("Part")


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


@dataclass(frozen=True, slots=True)
class Priced:
    """What prices lead to: the inner optimum over all people, and what its choice uses of each limit."""

    inner: float
    used: Floats


def priced(joint: JointChoice, prices: Floats, *, weight: float = 1.0) -> Priced:
    """Each person's best set at these prices (one per side), summed over blocks in a fixed order."""
    tables = _tables(joint, prices)

    def one(block: tuple[int, int]) -> tuple[float, Floats, list[Floats]]:
        rows, net, chosen = _block(joint, block, tables, joint.nested_caps, weight)
        kind = joint.kind[rows][chosen]
        counts = np.bincount(kind, minlength=joint.kind_count).astype(np.float64)
        sums = [
            np.bincount(kind, weights=a[rows][chosen], minlength=joint.kind_count).astype(np.float64)
            for a in joint.amounts
        ]
        return float(net[chosen].sum()), counts, sums

    parts = _in_threads(one, joint.blocks)
    nothing = np.zeros(joint.kind_count)
    counts = np.sum([part[1] for part in parts], axis=0) if parts else nothing
    sums = [np.sum([part[2][m] for part in parts], axis=0) if parts else nothing for m in range(len(joint.amounts))]
    totals = [float((counts if n.amount is None else sums[n.amount])[n.kinds].sum()) for n in joint.limits]
    return Priced(math.fsum(part[0] for part in parts), np.array(totals, dtype=np.float64))


def dual_value(joint: JointChoice, prices: Floats, inner: float) -> float:
    """The Lagrangian dual: the inner optimum, plus price x at_most, less price x at_least."""
    return math.fsum([inner, *(p * s.sign * s.bound for p, s in zip(prices.tolist(), joint.sides, strict=True))])


def chosen_at(joint: JointChoice, prices: Floats) -> tuple[Mask, Floats]:
    """The choice at these prices within all caps, overlapping ones too; and per person how near it is to another."""
    tables = _tables(joint, prices)
    caps = (*joint.nested_caps, *joint.overlapping_caps)

    def one(block: tuple[int, int]) -> tuple[Mask, Floats]:
        _, net, chosen = _block(joint, block, tables, caps, 1.0)
        starts = joint.starts[block[0] : block[1]] - joint.starts[block[0]]
        return chosen, _margins(net, chosen, starts)

    parts = _in_threads(one, joint.blocks)
    if not parts:
        return np.zeros(0, dtype=np.bool_), np.zeros(0)
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _margins(net: Floats, chosen: Mask, starts: Integers) -> Floats:
    """How little must change before somebody's choice does: the smallest loss of dropping, adding or swapping."""
    lowest = np.minimum.reduceat(np.where(chosen, net, np.inf), starts)
    nearest = np.maximum.reduceat(np.where(chosen, -np.inf, net), starts)
    return np.where(np.isinf(lowest), -nearest, np.abs(lowest - np.maximum(nearest, 0)))


Tables = tuple[Floats, list[Floats]]


def _tables(joint: JointChoice, prices: Floats) -> Tables:
    """Per kind: the price of counting, and of one unit of each amount."""
    counting, summing = np.zeros(joint.kind_count), [np.zeros(joint.kind_count) for _ in joint.amounts]
    for price, side in zip(prices.tolist(), joint.sides, strict=True):
        limit = joint.limits[side.limit]
        table = counting if limit.amount is None else summing[limit.amount]
        table[limit.kinds] += side.sign * price
    return counting, summing


def _block(
    joint: JointChoice, block: tuple[int, int], tables: Tables, caps: Sequence[Cap], weight: float
) -> tuple[slice, Floats, Mask]:
    first, last = block
    rows = slice(int(joint.starts[first]), int(joint.starts[last]))
    kind = joint.kind[rows]
    net = joint.value[rows] * weight - tables[0][kind]
    for table, amount in zip(tables[1], joint.amounts, strict=True):
        if table.any():
            net -= table[kind] * amount[rows]
    return rows, net, best_sets(net, kind, joint.starts[first:last] - rows.start, caps)


def _in_threads(one: Callable[[tuple[int, int]], Part], blocks: list[tuple[int, int]]) -> list[Part]:
    """Results in the order of the blocks, whatever the order in which threads finish."""
    if len(blocks) < 2:
        return [one(block) for block in blocks]
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(one, blocks))
