"""Records in, persons out: who is who in any table of person-like records, without labels, settings or tuning."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from ml.errors import ContractError
from ml.identity.match.blocking import Rule, budget_for, candidate_pairs
from ml.identity.match.clustering import JOIN_FROM, STAY, Links, components, join_bar, settled_clusters, unseen_pairs
from ml.identity.match.compare import UNKNOWN, Comparer, Levels, Places
from ml.identity.match.distinct import Distinct, distinct_records
from ml.identity.match.fields import Field, choose_fields
from ml.identity.match.keys import build_keys
from ml.identity.match.mixture import Model, counting_repeats, evidence, fit_model
from ml.identity.match.results import edges_of, persons_of
from ml.identity.match.rules import Ruling, apply_rules, private_identifiers
from ml.identity.match.shared import Shared, set_aside_shared
from ml.identity.normal.records import normalise_records
from ml.identity.roles import Role

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Resolved:
    """persons, one row per record, sorted by record_id: record_id as given, person_id str, confidence f64;
    edges: see `edges_of`, None if not wanted; shared: identifiers set aside; notes: sentences; report: counts,
    parameters.
    """

    persons: pl.DataFrame
    edges: pl.DataFrame | None
    shared: pl.DataFrame
    notes: tuple[str, ...]
    report: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Matched:
    """Compared pairs of distinct records, their levels and links, and the label of every distinct record."""

    fields: tuple[Field, ...]
    rules: tuple[Rule, ...]
    model: Model | None
    levels: Levels
    links: Links
    ruling: Ruling
    labels: Places
    refused_count: int
    bar: float


def resolve_records(
    frame: pl.DataFrame,
    roles: Sequence[Role],
    *,
    id_column: str,
    seed: int,
    threads: int,
    with_edges: bool = True,
    former: pl.Series | None = None,
    told: Told = lambda _: None,
) -> Resolved:
    """Who is who.

    Takes     frame, one row per record: id_column, unique, and the columns that roles name, of any plain type;
              roles: what the columns are; seed: of samples; threads: of comparisons, changes no figure;
              with_edges: whether every link is wanted as a table too;
              former: who each row was when it was resolved before, null if nobody: such records stay together
              until the evidence falls STAY bits below what joins others;
              told: is called with a few words at the start of each step.
    Returns   Resolved. The same whatever the order of rows, the ids and the number of threads.
    Raises    ContractError   no rows, an id missing or twice, a column missing or of a type that is no plain value.
    """
    ids = _require_ids(frame, id_column)
    told(f"bringing {frame.height:,} records into one spelling")
    normal = normalise_records(frame, tuple(roles))
    shared = set_aside_shared(normal.frame)
    distinct = distinct_records(shared.records, former)
    told(f"looking for pairs among {distinct.records.height:,} different records")
    matched = _match(distinct, seed=seed, threads=threads, told=told)
    told("joining what belongs together")
    labels = _with_repeats(distinct, matched)
    persons = persons_of(ids, labels, distinct.place, matched.links, matched.labels)
    edges = None
    if with_edges:
        edges = edges_of(ids, distinct.place, matched.links, matched.ruling, matched.levels, matched.fields, labels)
    report = _report(frame, matched, persons, shared)
    return Resolved(persons, edges, shared.values, (*normal.notes, *_notes(matched, shared)), report)


def _require_ids(frame: pl.DataFrame, id_column: str) -> pl.Series:
    if id_column not in frame.columns:
        found = ", ".join(frame.columns[:12])
        raise ContractError(f"--id: expected a column of the file, got {id_column!r}. The columns are: {found}.")
    if frame.is_empty():
        raise ContractError(f"{id_column}: expected records, got an empty table. Export it again.")
    ids = frame[id_column]
    if ids.dtype.is_nested() or ids.dtype in (pl.Object, pl.Binary, pl.Duration):
        raise ContractError(
            f"{id_column}: expected one plain value per row, got {ids.dtype}. Take the wanted part into a column of "
            "its own."
        )
    wrong = ids.is_null() | ids.is_duplicated()
    if wrong.any():
        first = ids.filter(wrong)[0]
        raise ContractError(
            f"{id_column}: expected every record once, got nulls or repeats ({wrong.sum():,} of {ids.len():,} rows, "
            f"first: {first}). Choose a unique column, or number the rows."
        )
    return ids.alias("record_id")


def _match(distinct: Distinct, *, seed: int, threads: int, told: Told) -> _Matched:
    records = distinct.records
    fields, size = choose_fields(records), records.height
    empty = np.empty(0, np.int64)
    if size < 2 or not fields:
        levels = np.empty((0, len(fields)), np.int8)
        return _Matched(
            fields,
            (),
            None,
            levels,
            Links(empty, empty, np.empty(0)),
            np.empty(0, np.int8),
            np.arange(size),
            0,
            JOIN_FROM,
        )
    left, right, rules = candidate_pairs(build_keys(records, fields), fields, budget_for(size), seed=seed)
    told(f"comparing {left.size:,} pairs")
    comparer = Comparer(records, fields, threads=threads)
    levels = comparer.levels(left, right)
    told("learning what evidence is worth")
    model = fit_model(records, comparer, left, right, levels, seed=seed)
    private = private_identifiers(records)
    bits, ruling = apply_rules(fields, left, levels, evidence(model, left, levels), private)
    labels, refused = components(size, Links(left, right, bits))
    more_left, more_right = unseen_pairs(labels, refused, Links(left, right, bits))
    told(f"comparing {more_left.size:,} further pairs inside {np.unique(labels).size:,} groups")
    more = comparer.levels(more_left, more_right)
    more_bits, more_ruling = apply_rules(fields, more_left, more, evidence(model, more_left, more), private)
    links = Links(
        np.concatenate([left, more_left]), np.concatenate([right, more_right]), np.concatenate([bits, more_bits])
    )
    bar = join_bar(links.bits)
    rarity = -float(np.log2(model.person_share))
    found = settled_clusters(labels, refused, links, distinct.former, rarity=rarity, bar=bar)
    levels, ruling = np.concatenate([levels, more]), np.concatenate([ruling, more_ruling])
    return _Matched(fields, rules, model, levels, links, ruling, found, refused.size, bar)


def _with_repeats(distinct: Distinct, matched: _Matched) -> Places:
    """A label per input row. Equal records are one person only if that says enough: many are called Ann Smith."""
    labels = matched.labels[distinct.place]
    if matched.model is None:
        return np.arange(distinct.place.size)
    repeated = np.flatnonzero(distinct.times > 1)
    known = distinct.records.select(field.name for field in matched.fields).with_columns(pl.all().is_not_null())
    equal = np.array([field.equal for field in matched.fields], np.int8)
    levels = np.where(known.to_numpy()[repeated], equal, UNKNOWN).astype(np.int8)
    model = counting_repeats(matched.model, distinct.records, distinct.times)
    bits, _ = apply_rules(
        matched.fields, repeated, levels, evidence(model, repeated, levels), private_identifiers(distinct.records)
    )
    apart = np.isin(distinct.place, repeated[bits + STAY * distinct.was_one[repeated] < matched.bar])
    labels[apart] = labels.max(initial=0) + 1 + np.flatnonzero(apart)
    return labels


def _notes(matched: _Matched, shared: Shared) -> list[str]:
    notes = []
    if shared.values.height:
        carried = int(shared.values["record_count"].sum())
        notes.append(
            f"{shared.values.height:,} identifiers on {carried:,} records are shared by too many people: they link "
            "nobody."
        )
    if matched.model is None:
        notes.append("No column tells people apart, or there is one record: nobody can be told to be anybody else.")
    if matched.refused_count:
        notes.append(f"{matched.refused_count:,} groups were too large and too loose to be persons: left apart.")
    return notes


def _report(frame: pl.DataFrame, matched: _Matched, persons: pl.DataFrame, shared: Shared) -> dict[str, Any]:
    sizes = persons["person_id"].value_counts()["count"]
    model = matched.model
    return {
        "record_count": frame.height,
        "person_count": sizes.len(),
        "largest_person_record_count": int(sizes.max()),  # type: ignore[arg-type]
        "compared_pair_count": matched.links.bits.size,
        "refused_group_count": matched.refused_count,
        "join_from_bits": matched.bar,
        "shared_identifier_count": shared.values.height,
        "rule_pair_counts": [rule.pair_count for rule in matched.rules],
        "fields": [
            {
                "name": field.name,
                "levels": list(field.levels),
                "person": [round(float(chance), 6) for chance in model.person[field.name]],
                "unrelated": [round(float(chance), 9) for chance in model.unrelated[field.name]],
            }
            for field in matched.fields
        ]
        if model
        else [],
    }
