"""What prices of the shared limits lead to: everybody's best set, what it uses, and how surely it stays the best."""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ml.decisioning.inner import Floats, Integers, Kinds, best_few, good_few, margins
from ml.decisioning.joint import JointChoice

Part = TypeVar("Part")
Tables = tuple[Floats, list[Floats]]


@dataclass(frozen=True, slots=True)
class Priced:
    """What prices lead to: the inner optimum over all people, and what its choice uses of each limit."""

    inner: float
    used: Floats


def priced(joint: JointChoice, prices: Floats) -> Priced:
    """Each person's best set at these prices (one per side), summed over blocks in a fixed order."""
    tables = _tables(joint, prices)

    def one(block: tuple[int, int]) -> tuple[float, Floats, list[Floats]]:
        rows, net, kind = _net(joint, block, tables)
        chosen = best_few(net, kind, _starts(joint, block), joint.nested_caps)
        kind = kind[chosen]
        counts = np.bincount(kind, minlength=joint.kind_count).astype(np.float64)
        sums = [
            np.bincount(kind, weights=amount[rows][chosen], minlength=joint.kind_count).astype(np.float64)
            for amount in joint.amounts
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


def chosen_at(joint: JointChoice, prices: Floats) -> Integers:
    """Positions of the choice at these prices within all caps, overlapping ones too."""
    tables, caps = _tables(joint, prices), (*joint.nested_caps, *joint.overlapping_caps)
    choose = good_few if joint.overlapping_caps else best_few

    def one(block: tuple[int, int]) -> Integers:
        rows, net, kind = _net(joint, block, tables)
        return np.asarray(choose(net, kind, _starts(joint, block), caps) + rows.start)

    parts = _in_threads(one, joint.blocks)
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def chosen_and_margins(joint: JointChoice, prices: Floats, reach: Floats) -> tuple[Integers, Floats]:
    """The choice within the nested caps, and per person how much must change before it does.

    Takes     reach: how far each price may move; a margin that is still above 0 says that no such move matters.
    """
    tables, moves = _tables(joint, prices), _tables(joint, reach, signed=False)

    def one(block: tuple[int, int]) -> tuple[Integers, Floats]:
        rows, net, kind = _net(joint, block, tables)
        starts = _starts(joint, block)
        chosen = best_few(net, kind, starts, joint.nested_caps)
        slack = _cost(joint, rows, kind, moves) if reach.any() else 0.0
        return chosen + rows.start, margins(net, slack, chosen, kind, starts, joint.nested_caps)

    parts = _in_threads(one, joint.blocks)
    if not parts:
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def can_reach(joint: JointChoice, position: int, bound: float) -> bool:
    """Whether some choice within the nested caps uses at least so much of a limit; asks no more people than needed.

    What one person can add to it is never below 0, as nothing may be chosen.
    """
    limit, total = joint.limits[position], 0.0
    for first, last in joint.blocks:
        if total >= bound:
            return True
        rows = slice(int(joint.starts[first]), int(joint.starts[last]))
        kind = joint.kind[rows]
        own = limit.kinds[kind].astype(np.float64)
        if limit.amount is not None:
            own *= joint.amounts[limit.amount][rows]
        total += float(own[best_few(own, kind, _starts(joint, (first, last)), joint.nested_caps)].sum())
    return total >= bound


def _tables(joint: JointChoice, prices: Floats, *, signed: bool = True) -> Tables:
    """Per kind: the price of counting, and of one unit of each amount."""
    counting, summing = np.zeros(joint.kind_count), [np.zeros(joint.kind_count) for _ in joint.amounts]
    for price, side in zip(prices.tolist(), joint.sides, strict=True):
        limit = joint.limits[side.limit]
        table = counting if limit.amount is None else summing[limit.amount]
        table[limit.kinds] += side.sign * price if signed else price
    return counting, summing


def _net(joint: JointChoice, block: tuple[int, int], tables: Tables) -> tuple[slice, Floats, Kinds]:
    rows = slice(int(joint.starts[block[0]]), int(joint.starts[block[1]]))
    kind = joint.kind[rows]
    net = joint.value[rows].copy() if not tables[0].any() else joint.value[rows] - tables[0][kind]
    for table, amount in zip(tables[1], joint.amounts, strict=True):
        if table.any():
            net -= table[kind] * amount[rows]
    return rows, net, kind


def _cost(joint: JointChoice, rows: slice, kind: Kinds, moves: Tables) -> Floats:
    cost = moves[0][kind]
    for table, amount in zip(moves[1], joint.amounts, strict=True):
        if table.any():
            cost += table[kind] * np.abs(amount[rows])
    return np.asarray(cost)


def _starts(joint: JointChoice, block: tuple[int, int]) -> Integers:
    return np.asarray(joint.starts[block[0] : block[1]] - joint.starts[block[0]])


def _in_threads(one: Callable[[tuple[int, int]], Part], blocks: Sequence[tuple[int, int]]) -> list[Part]:
    """Results in the order of the blocks, whatever the order in which threads finish."""
    if len(blocks) < 2:
        return [one(block) for block in blocks]
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(one, blocks))
