"""Which records belong together: the connected components of the accepted links."""

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components as scipy_components
from scipy.sparse.csgraph import minimum_spanning_tree

from ml.errors import ContractError

VERDICTS = ("accepted", "refused")


def connected_components(record_ids: pl.Series, edges: pl.DataFrame) -> pl.DataFrame:
    """The cluster of every record, and how sure its least sure necessary link is.

    Takes     record_ids: every record once, text, any order;
              edges, any order, repeats allowed: record_id_a, record_id_b str, both among record_ids;
              verdict str, accepted or refused; probability f64 in (0, 1], of a refused one in [0, 1].
    Returns   one row per record, sorted by record_id:
              record_id str; cluster_id i64, numbered from 0 in order of each cluster's smallest record_id;
              confidence f64: the weakest link of the strongest tree that holds the cluster together
              (1.0 for a record alone). A further link inside a cluster never lowers it.
    Ignores   refused edges, and edges from a record to itself.
    Raises    ContractError   a record repeats or is null, an edge names an unknown record, a verdict or
              a probability is not one of the above.
    Source    own definition of confidence: the bottleneck of a maximum spanning tree.
    """
    ids = _sorted_ids(record_ids)
    links = _accepted_links(ids, edges)
    levels = np.unique(np.append(links["probability"].to_numpy(), 1.0))[::-1]  # surest first; a lone record is sure
    graph = _graph(links, levels, ids.len())
    _, labels = scipy_components(graph, directed=False)
    return pl.DataFrame(
        {
            "record_id": ids,
            "cluster_id": _numbered_by_first_row(labels),
            "confidence": _bottlenecks(graph, labels, levels),
        }
    )


def _sorted_ids(record_ids: pl.Series) -> pl.Series:
    ids = record_ids.cast(pl.String).sort().rename("record_id")
    repeated = ids.filter(ids.is_duplicated() | ids.is_null())
    if repeated.len():
        raise ContractError(
            f"record_ids: expected every record once, got repeats or nulls "
            f"({repeated.len()} of {ids.len()} rows, first: {repeated[0]}). Collapse the records first."
        )
    return ids


def _accepted_links(ids: pl.Series, edges: pl.DataFrame) -> pl.DataFrame:
    """Accepted edges as row positions a < b in `ids`, one row per pair, with the best probability."""
    _require_sound(edges)
    place = pl.DataFrame({"record_id": ids}).with_row_index("position")
    accepted = edges.filter(pl.col("verdict") == "accepted").select("record_id_a", "record_id_b", "probability")
    placed = accepted.join(
        place.rename({"record_id": "record_id_a", "position": "a"}), on="record_id_a", how="left"
    ).join(place.rename({"record_id": "record_id_b", "position": "b"}), on="record_id_b", how="left")
    lost = placed.filter(pl.col("a").is_null() | pl.col("b").is_null())
    if lost.height:
        raise ContractError(
            f"edges: expected both ends among the records, got {lost.height} of {edges.height} edges with an "
            f"unknown end (first: {lost.row(0)[:2]}). Build records and edges from the same night."
        )
    return (
        placed.select(a=pl.min_horizontal("a", "b"), b=pl.max_horizontal("a", "b"), probability="probability")
        .filter(pl.col("a") != pl.col("b"))
        .group_by("a", "b")
        .agg(pl.col("probability").max())
        .sort("a", "b")
    )


def _require_sound(edges: pl.DataFrame) -> None:
    judged = pl.col("verdict").is_in(VERDICTS).fill_null(False)
    possible = (pl.col("probability") > 0) | (pl.col("verdict") == "refused")  # a refused link may be impossible
    sure = (pl.col("probability").is_between(0, 1) & possible).fill_null(False)
    wrong = edges.filter(~judged | ~sure | pl.col("record_id_a").is_null() | pl.col("record_id_b").is_null())
    if wrong.height:
        first = wrong.select("record_id_a", "record_id_b", "verdict", "probability").row(0)
        raise ContractError(
            f"edges: expected two records, a verdict of {VERDICTS} and a probability in (0, 1], got something else "
            f"({wrong.height} of {edges.height} edges, first: {first}). Judge every edge before clustering."
        )


def _graph(links: pl.DataFrame, levels: npt.NDArray[np.float64], record_count: int) -> csr_array:
    """Sparse and weighted by place among `levels`, counted from 1: the weaker the heavier, and 0 means no link."""
    weights = np.searchsorted(-levels, -links["probability"].to_numpy()) + 1
    ends = (links["a"].to_numpy().astype(np.int32), links["b"].to_numpy().astype(np.int32))
    return coo_array((weights, ends), shape=(record_count, record_count)).tocsr()


def _bottlenecks(graph: csr_array, labels: npt.NDArray[np.int32], levels: npt.NDArray[np.float64]) -> pl.Series:
    """Per record the probability of the weakest link in its cluster's strongest tree."""
    weakest = np.zeros(labels.max(initial=-1) + 1, dtype=np.int64)
    if levels.size > 1:  # else every link is equally sure, and any tree will do
        tree = minimum_spanning_tree(graph).tocoo()
        np.maximum.at(weakest, labels[tree.row], tree.data.astype(np.int64) - 1)
    return pl.Series("confidence", levels[weakest][labels], dtype=pl.Float64)


def _numbered_by_first_row(labels: npt.NDArray[np.int32]) -> pl.Series:
    """Labels renumbered in order of first appearance; scipy promises no order."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(first.size, dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(first.size)
    return pl.Series("cluster_id", rank[inverse], dtype=pl.Int64)
