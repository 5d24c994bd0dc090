"""Which records are one person, when all pairs are weighed and not only the best link?

Connected components join two people for good over a single wrong link. Here a component is only where one looks: inside
it every pair is compared, and groups join while the mean evidence between them speaks for it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ml.identity.match.compare import Places

Numbers = NDArray[np.float64]
LOOK_FROM = -2.0  # bits: links above it make the components that are looked at
JOIN_FROM = 0.0  # bits: two records join if they are more likely one person than not,
PRECISION = 0.96  # or, where that would join too many strangers, from where on this share of pairs is expected right
STEP, HIGHEST = 0.25, 7.0  # bits: what is tried for it
REPEATED = (
    0.8  # correlation of the evidence of pairs between the same two groups: mistakes are in records, not in pairs
)
# Bits that two records may fall below the bar and stay one person, if they were: no further than where one looks.
STAY = JOIN_FROM - LOOK_FROM
ROUNDS = 8  # of settling; more have never been needed
CAP = 10.0  # bits: no single pair, for or against, counts more
LARGEST = 60  # records in a component; larger ones are taken apart along their weakest links first
SUREST = 14.0  # bits: a component that still holds together here is not taken apart any more
DENSE = 0.5  # share of linked pairs above which such a component is one person; below it nobody is joined


@dataclass(frozen=True, slots=True)
class Links:
    """Compared pairs, left < right, no pair twice, with their evidence in bits."""

    left: Places
    right: Places
    bits: Numbers


def components(size: int, links: Links) -> tuple[Places, Places]:
    """Where to look: label per record, and the labels of components too large and too loose to believe.

    Takes     size: number of records; links.
    Returns   labels int64; refused labels: their records stay apart.
    """
    labels = _connected(size, links, links.bits >= LOOK_FROM)
    bits = LOOK_FROM
    while bits < SUREST and (np.bincount(labels) > LARGEST).any():
        bits += 1.0
        large = np.bincount(labels) > LARGEST
        inside = (links.bits >= bits) & large[labels[links.left]] & (labels[links.left] == labels[links.right])
        finer = _connected(size, links, inside)
        labels = np.unique(np.where(large[labels], finer + labels.max() + 1, labels), return_inverse=True)[1]
    sizes = np.bincount(labels).astype(float)
    inside = (labels[links.left] == labels[links.right]) & (links.bits >= 0)
    density = np.bincount(labels[links.left[inside]], minlength=sizes.size) / np.maximum(sizes * (sizes - 1) / 2, 1)
    return labels, np.flatnonzero((sizes > LARGEST) & (density < DENSE))


def join_bar(bits: Numbers) -> float:
    """From how many bits on two records join: JOIN_FROM, or as much more as PRECISION needs.

    Takes     bits: of compared pairs; of each the chance of being right is 1 / (1 + 2^-bits).
    """
    right = 1.0 / (1.0 + 2.0 ** -np.clip(bits, 0.0, 60.0))
    for bar in np.arange(JOIN_FROM, HIGHEST, STEP).tolist():
        above = bits >= bar
        if not above.any() or right[above].mean() >= PRECISION:
            return float(bar)
    return HIGHEST


def unseen_pairs(labels: Places, refused: Places, links: Links) -> tuple[Places, Places]:
    """The pairs inside components of at most LARGEST records that were not compared yet."""
    size = labels.size
    open_to = (np.bincount(labels) <= LARGEST)[labels] & ~np.isin(labels, refused)
    rows = np.flatnonzero(open_to)
    order = rows[np.argsort(labels[rows], kind="stable")]
    ends = np.searchsorted(labels[order], labels[order], side="right")
    after = ends - np.arange(order.size) - 1
    one = np.repeat(np.arange(order.size), after)
    other = one + 1 + np.arange(one.size) - np.repeat(np.cumsum(after) - after, after)
    left, right = order[one], order[other]
    wanted = np.minimum(left, right) * size + np.maximum(left, right)
    known = np.sort(links.left * size + links.right)
    missing = np.sort(wanted[~_is_in(wanted, known)])
    return missing // size, missing % size


def settled_clusters(
    labels: Places, refused: Places, links: Links, former: Places, *, rarity: float, bar: float
) -> Places:
    """The person of every record, as a label: `cluster_links`, repeated until those who are together now would stay so.

    Takes     former: who each record was before, as a label; -1 if it was nobody; the rest as `cluster_links`.
    Returns   int64 labels. Given them as `former`, the same links give the same persons again, unless ROUNDS ran out.
    """
    together = np.where(former < 0, former.max(initial=0) + 1 + np.arange(former.size), former)
    for _ in range(ROUNDS):
        held = together[links.left] == together[links.right]
        found = cluster_links(labels, refused, links, rarity=rarity, bar=bar, held=held)
        if same_groups(found, together):
            break
        together = found
    return found


def same_groups(one: Places, other: Places) -> bool:
    """Whether two labels part the records in the same way."""
    pairs = np.unique(np.stack([one, other]), axis=1).shape[1]
    return bool(pairs == np.unique(one).size == np.unique(other).size)


def cluster_links(
    labels: Places,
    refused: Places,
    links: Links,
    *,
    rarity: float,
    bar: float = JOIN_FROM,
    held: NDArray[np.bool_] | None = None,
) -> Places:
    """The person of every record, as a label.

    Takes     labels, refused: of `components`; links: with all pairs inside components of at most LARGEST records;
              rarity: bits that every link lost because two records are rarely one person; bar: of `join_bar`;
              held: per link, whether its records were one person before: it counts STAY bits more.
    Returns   int64 labels. Groups join in order of the mean evidence between them, each pair cut to CAP, while with
              `relief` it is at least the bar. A component above LARGEST that is dense is one person; a refused one is
              nobody's.
    Source    average linkage (Sokal and Michener 1958) on log odds: a greedy answer to correlation clustering
              (Bansal, Blum and Chawla 2004), in which all pairs vote.
    """
    sizes = np.bincount(labels, minlength=1)
    found = np.where((sizes > LARGEST)[labels], labels, labels.size + np.arange(labels.size))
    lonely = np.isin(labels, refused)
    found[lonely] = labels.size + np.flatnonzero(lonely)
    inside = np.flatnonzero((labels[links.left] == labels[links.right]) & (sizes <= LARGEST)[labels[links.left]])
    order = inside[np.argsort(labels[links.left[inside]], kind="stable")]
    left, right, bits = links.left[order], links.right[order], np.clip(links.bits[order], -CAP, CAP)
    if held is not None:
        bits = bits + STAY * held[order]  # after the cut: all links of one person rise alike, so their order stays
    component = labels[left]
    starts = np.flatnonzero(np.r_[True, component[1:] != component[:-1]][: component.size])
    ends = np.append(starts, component.size)[1:]
    agreed = _agreed(component, sizes, starts, ends, bits - bar)
    whole = np.isin(labels, component[starts[agreed]])
    found[whole] = labels[whole]  # every pair speaks for it: no order could end differently
    for start, end in zip(starts[~agreed].tolist(), ends[~agreed].tolist(), strict=True):
        rows, places = np.unique(np.concatenate([left[start:end], right[start:end]]), return_inverse=True)
        half = end - start
        groups = _join(rows.size, places[:half], places[half:], bits[start:end], rarity=rarity, bar=bar)
        found[rows] = labels.size + rows[groups]
    return np.unique(found, return_inverse=True)[1].astype(np.int64)


def _agreed(component: Places, sizes: Places, starts: Places, ends: Places, above: Numbers) -> NDArray[np.bool_]:
    """Per component with links: all its pairs are there, and each of them is strong enough."""
    if not starts.size:
        return np.zeros(0, bool)
    records = sizes[component[starts]]
    is_complete = 2 * (ends - starts) == records * (records - 1)
    return np.asarray(is_complete & (np.minimum.reduceat(above, starts) >= 0.0))


def relief(pairs: Numbers, rarity: float) -> Numbers:
    """Bits that the mean of so many pairs may lack.

    Every pair's evidence holds the rarity once, but that two groups are one person is one claim: against n pairs that
    are correlated by REPEATED and so count as m = n / (1 + (n - 1) REPEATED), the rarity stands once and not m times.
    """
    return np.asarray(rarity * (1 - (1 + (pairs - 1) * REPEATED) / pairs))


def _join(size: int, left: Places, right: Places, bits: Numbers, *, rarity: float, bar: float) -> Places:
    """Average linkage of one component: per record, the first record of its group."""
    mean = np.full((size, size), -CAP)
    mean[left, right] = mean[right, left] = bits
    np.fill_diagonal(mean, -np.inf)
    claim = mean.copy()
    count, group = np.ones(size), np.arange(size)
    while size > 1:
        place = int(np.argmax(claim))  # ties: the first, and rows stand in a fixed order
        keep, gone = sorted(divmod(place, size))
        if claim[keep, gone] < bar:
            break
        joined = (mean[keep] * count[keep] + mean[gone] * count[gone]) / (count[keep] + count[gone])
        mean[keep], mean[:, keep] = joined, joined
        mean[gone], mean[:, gone] = -np.inf, -np.inf
        mean[keep, keep] = -np.inf
        count[keep] += count[gone]
        claim[keep] = mean[keep] + relief(count[keep] * count, rarity)
        claim[:, keep], claim[gone], claim[:, gone] = claim[keep], -np.inf, -np.inf
        group[group == gone] = keep
    return group


def _connected(size: int, links: Links, chosen: NDArray[np.bool_]) -> Places:
    ends = (links.left[chosen], links.right[chosen])
    graph = coo_array((np.ones(ends[0].size, np.int8), ends), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _is_in(values: Places, ordered: Places) -> NDArray[np.bool_]:
    if ordered.size == 0:
        return np.zeros(values.size, bool)
    place = np.minimum(np.searchsorted(ordered, values), ordered.size - 1)
    return np.asarray(ordered[place] == values)
