"""The answer as tables: persons with their confidence, and every link with its evidence."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from ml.identity.match.clustering import CAP, Links
from ml.identity.match.compare import UNKNOWN, Levels, Places
from ml.identity.match.fields import Field
from ml.identity.match.rules import LIKELY, RULE_NAMES, Ruling, share_identifier

SHOWN_FROM = -2.0  # bits: weaker links are no candidates for anything


def persons_of(ids: pl.Series, labels: Places, place: Places, links: Links, found: Places) -> pl.DataFrame:
    """One row per record: who it is, and how sure.

    Takes     ids: record ids; labels: person per record, as a number; place: the distinct record of each; links, found:
              compared pairs of distinct records, and their labels.
    Returns   sorted by record_id: record_id, person_id str, numbered by each person's first record_id; confidence f64:
              of a record that was joined, the chance that speaks from its best link and its mean link to its own
              person, halfway between; of others, 1 less the chance of their best link to anybody. Equal records
              share one figure.
    """
    best, mean, other = _strengths(links, found)
    joined = np.where(np.isfinite(best), (best + mean) / 2, CAP)
    alone = -other
    is_joined = np.isfinite(best) | (np.bincount(labels)[labels] > 1)[_first_of(place, found.size)]
    bits = np.where(is_joined, joined, np.where(np.isfinite(alone), alone, CAP))
    confidence = 1 / (1 + 2.0 ** -np.clip(bits, -CAP, 2 * CAP))
    frame = pl.DataFrame({"record_id": ids, "label": labels, "confidence": confidence[place].round(6)})
    ordered = frame.sort("record_id").with_row_index("row")
    first = pl.col("row").min().over("label")
    return ordered.select(
        "record_id",
        person_id=pl.format("P{}", first.rank("dense").cast(pl.String).str.zfill(9)),
        confidence="confidence",
    )


def _first_of(place: Places, size: int) -> Places:
    """The first input row of every distinct record."""
    first = np.zeros(size, np.int64)
    first[place[::-1]] = np.arange(place.size)[::-1]
    return first


def _strengths(links: Links, found: Places) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Per distinct record: its best and mean link inside its person, and its best link to anybody else."""
    size = found.size
    best, other = np.full(size, -np.inf), np.full(size, -np.inf)
    total, count = np.zeros(size), np.zeros(size)
    inside = found[links.left] == found[links.right]
    for ends in (links.left, links.right):
        np.maximum.at(best, ends[inside], links.bits[inside])
        np.maximum.at(other, ends[~inside], links.bits[~inside])
        total += np.bincount(ends[inside], weights=np.clip(links.bits[inside], -CAP, CAP), minlength=size)
        count += np.bincount(ends[inside], minlength=size)
    return best, total / np.maximum(count, 1), other


def edges_of(
    ids: pl.Series,
    place: Places,
    links: Links,
    ruling: Ruling,
    levels: Levels,
    fields: Sequence[Field],
    labels: Places,
) -> pl.DataFrame:
    """Every pair that could be one person or shares an identifier, joined or not.

    Returns   sorted by both ids: record_id_a, record_id_b (one record of each distinct content; equal records are
              linked to the first of them by the rule `equal`); rule str; weight f64, bits of evidence; verdict str,
              accepted (one person) or refused; evidence str, the level of every known field.
    """
    order = ids.arg_sort().to_numpy()
    first = np.full(int(place.max(initial=-1)) + 1, -1)
    first[place[order[::-1]]] = order[::-1]
    shown = np.flatnonzero((links.bits >= SHOWN_FROM) | (ruling != LIKELY) | share_identifier(fields, levels))
    one, two = first[links.left[shown]], first[links.right[shown]]
    words = _words(levels[shown], fields)
    repeats = np.flatnonzero(first[place] != np.arange(place.size))
    one, two = np.concatenate([one, first[place[repeats]]]), np.concatenate([two, repeats])
    pairs = pl.DataFrame(
        {
            "record_id_a": ids.gather(one),
            "record_id_b": ids.gather(two),
            "rule": pl.concat([_named(ruling[shown]), pl.Series(["equal"] * repeats.size, dtype=pl.String)]),
            "weight": np.round(np.concatenate([links.bits[shown], np.full(repeats.size, CAP)]), 4),
            "verdict": np.where(labels[one] == labels[two], "accepted", "refused"),
            "evidence": pl.concat([words, pl.Series(["all fields equal"] * repeats.size, dtype=pl.String)]),
        },
        schema_overrides={"verdict": pl.String},
    )
    turned = pl.col("record_id_a") > pl.col("record_id_b")
    return pairs.with_columns(
        record_id_a=pl.when(turned).then("record_id_b").otherwise("record_id_a"),
        record_id_b=pl.when(turned).then("record_id_a").otherwise("record_id_b"),
    ).sort("record_id_a", "record_id_b")


def _named(ruling: Ruling) -> pl.Series:
    return pl.Series(np.array(RULE_NAMES, dtype=object)[ruling], dtype=pl.String)


def _words(levels: Levels, fields: Sequence[Field]) -> pl.Series:
    """For example: given_name similar, birth_date equal."""
    columns: list[pl.Series] = []
    if not fields:
        return pl.Series([], dtype=pl.String)  # nothing was compared
    for column, field in enumerate(fields):
        texts = np.array([f"{field.name} {level.replace('_', ' ')}" for level in field.levels] + [""], dtype=object)
        said = pl.Series(texts[levels[:, column].astype(int)], dtype=pl.String)
        columns.append(said.set(pl.Series(levels[:, column] == UNKNOWN), None).alias(field.name))
    return pl.DataFrame(columns).select(pl.concat_str(pl.all(), separator=", ", ignore_nulls=True)).to_series()
