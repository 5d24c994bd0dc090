"""From a table of candidates, block by block, to the arrays of one joint choice."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ml.decisioning.inner import Cap, Floats, Integers
from ml.decisioning.joint import JointChoice, SharedLimit
from ml.decisioning.limit_rules import LimitRules, Rule, Scalar, Where
from ml.errors import ContractError

Array = npt.NDArray[Any]
NONE = "none"
KEYS = ("person_id", "treatment_id", "value_amount")
MOST_CONDITIONS = 63  # one bit each


@dataclass(frozen=True, slots=True)
class CandidateTable:
    """People and treatments in order, and the joint choice among their candidates.

    people      person ids, ascending; treatments: treatment ids, ascending;
    treatment   of each candidate the position among `treatments`.
    """

    people: pl.Series
    treatments: list[str]
    treatment: Array
    joint: JointChoice
    warnings: tuple[str, ...]


def needed_columns(rules: LimitRules) -> list[str]:
    """The columns that a candidates table must have for these limits."""
    return list(dict.fromkeys([*KEYS, *rules.where_columns, *rules.sum_columns]))


def build_table(blocks: Iterable[pl.DataFrame], rules: LimitRules) -> CandidateTable:
    """The joint choice among candidates that come in blocks, in any order of rows.

    Takes     blocks: frames with person_id, treatment_id, value_amount and what the limits ask about; a null
              in a column of `where` matches nothing.
    Returns   CandidateTable, sorted by person_id and treatment_id.
    Raises    ContractError   a column is missing, an id is null or a pair repeats, an amount is not finite.
    """
    reader = _Reader(rules)
    for block in blocks:
        reader.read(block)
    return reader.table()


@dataclass
class _Reader:
    """What has been read so far; strings are kept once per run of a person, numbers as small as they can be."""

    rules: LimitRules
    runs: list[pl.Series] = field(default_factory=list)
    lengths: list[Integers] = field(default_factory=list)
    codes: dict[str, int] = field(default_factory=dict)
    treatment: list[Array] = field(default_factory=list)
    value: list[Floats] = field(default_factory=list)
    kinds: dict[int, int] = field(default_factory=dict)
    kind: list[Array] = field(default_factory=list)
    amounts: list[list[Floats]] = field(default_factory=list)

    def __post_init__(self) -> None:
        every = [rule.where for rule in (*self.rules.per_person, *self.rules.shared) if rule.where]
        self.conditions: list[Where] = list(dict.fromkeys(every))
        self.amounts = [[] for _ in self.rules.sum_columns]
        if len(self.conditions) > MOST_CONDITIONS:
            raise ContractError(
                f"limits: expected at most {MOST_CONDITIONS} different `where`, got {len(self.conditions)}. Merge some."
            )

    def read(self, block: pl.DataFrame) -> None:
        """Take one block in."""
        missing = [name for name in needed_columns(self.rules) if name not in block.columns]
        if missing:
            raise ContractError(
                f"candidates: expected the columns {', '.join(needed_columns(self.rules))}, got none called "
                f"{', '.join(missing)}. Add them, or correct their names in the limits."
            )
        for name in ("person_id", "treatment_id"):
            if block[name].null_count():
                _refuse(block, name, block[name].is_null(), "an id", "null")
        runs = block["person_id"].rle().struct
        self.runs.append(runs.field("value"))
        self.lengths.append(runs.field("len").cast(pl.Int64).to_numpy())
        bits, own = self._bits(block)
        self.value.append(_numbers(block, "value_amount", None))
        is_nothing: Array = own == self.codes.get(NONE, -1)
        if is_nothing.any() and self.value[-1][is_nothing].any():
            _refuse(
                block, "value_amount", pl.Series(is_nothing & (self.value[-1] != 0)), "0 for `none`", "another value"
            )
        for position, column in enumerate(self.rules.sum_columns):
            self.amounts[position].append(_numbers(block, column, self._concerned(column, bits)))
        for found in np.unique(bits).tolist():
            self.kinds.setdefault(found, len(self.kinds))
        known = np.array(sorted(self.kinds), dtype=bits.dtype)
        places = np.array([self.kinds[int(found)] for found in known], dtype=np.uint16)
        self.kind.append(places[np.searchsorted(known, bits)] if len(known) > 1 else np.zeros(len(bits), np.uint16))

    def _bits(self, block: pl.DataFrame) -> tuple[Array, Array]:
        """One bit per condition that a row meets, none for doing nothing; and the codes of the treatments."""
        names = block["treatment_id"].cast(pl.String)
        for name in names.unique().sort().to_list():
            self.codes.setdefault(name, len(self.codes))
        own = names.replace_strict(self.codes, return_dtype=pl.UInt32).to_numpy()
        self.treatment.append(own.astype(np.uint8 if len(self.codes) < 2**8 else np.uint32))
        width = next(kind for kind in (np.uint8, np.uint16, np.uint64) if len(self.conditions) < 8 * kind().itemsize)
        bits: Array = np.full(block.height, 1 << len(self.conditions), dtype=width)  # the last bit: is a treatment
        if NONE in self.codes:
            bits[own == self.codes[NONE]] = 0
        for position, where in enumerate(self.conditions):
            met = block.select(pl.all_horizontal(_matches(block, column, values) for column, values in where))
            is_met = met.to_series().fill_null(False).to_numpy() & (bits != 0)
            bits[is_met] |= width(1 << position)
        return bits, own

    def _met(self, rule: Rule, bits: Array) -> Array:
        position = self.conditions.index(rule.where) if rule.where else len(self.conditions)
        return np.asarray(bits & bits.dtype.type(1 << position) > 0)

    def _concerned(self, column: str, bits: Array) -> Array:
        met = [self._met(rule, bits) for rule in self.rules.shared if rule.column == column]
        return np.asarray(np.logical_or.reduce(met))

    def table(self) -> CandidateTable:
        """Everything that was read, in order."""
        names = sorted(self.codes)
        rank = np.empty(len(names), dtype=np.uint32)
        rank[[self.codes[name] for name in names]] = np.arange(len(names))
        kinds = np.array(sorted(self.kinds, key=lambda bits: self.kinds[bits]) or [0], dtype=np.uint64)
        treatment = rank[_joined(self.treatment, np.uint32)].astype(np.uint8 if len(names) < 2**8 else np.uint32)
        columns = [_joined(self.value, np.float64), _joined(self.kind, np.uint16)]
        columns += [_joined(amount, np.float64) for amount in self.amounts]
        people, starts, order = _in_order(self.runs, self.lengths, treatment, len(names))
        if order is not None:
            treatment, columns = treatment[order], [column[order] for column in columns]
        _refuse_repeats(people, names, treatment, starts)
        if len(kinds) < 2**8:
            columns[1] = columns[1].astype(np.uint8)
        limits = tuple(
            SharedLimit(
                rule.name,
                self._met(rule, kinds),
                None if rule.column is None else self.rules.sum_columns.index(rule.column),
                rule.at_most,
                rule.at_least,
            )
            for rule in self.rules.shared
        )
        caps = tuple(Cap(rule.name, self._met(rule, kinds), int(rule.at_most)) for rule in self.rules.per_person)
        joint = JointChoice(starts, columns[0], columns[1], tuple(columns[2:]), limits, caps)
        tables = [*((cap.name, cap.kinds) for cap in caps), *((limit.name, limit.kinds) for limit in limits)]
        idle = [name for name, kinds in tables if not kinds.any()]
        return CandidateTable(
            people, names, treatment, joint, tuple(f"{name}: no candidate matches it" for name in idle)
        )


def _joined(parts: list[Any], kind: Any) -> Any:
    whole = np.concatenate(parts) if parts else np.zeros(0, dtype=kind)
    parts.clear()  # so that no column is held twice
    return whole


def _in_order(
    runs: list[pl.Series], lengths: list[Integers], treatment: Array, count: int
) -> tuple[pl.Series, Integers, Array | None]:
    """People ascending, where each begins, and the order of rows; None if they stand in order already."""
    if not runs:
        return pl.Series("person_id", [], dtype=pl.String), np.zeros(1, dtype=np.int64), None
    values, sizes = pl.concat(runs), np.concatenate(lengths)
    is_first = values.ne_missing(values.shift(1)).to_numpy().copy()
    is_first[:1] = True
    values, sizes = (
        values.filter(pl.Series(is_first)),
        np.add.reduceat(sizes, np.flatnonzero(is_first)) if len(sizes) else sizes,
    )
    people = values
    person = None
    if not bool((values.shift(-1) > values).fill_null(True).all()):
        people = values.unique().sort()
        codes = values.to_frame("v").join(
            people.to_frame("v").with_row_index("i"), on="v", how="left", maintain_order="left"
        )
        person = codes["i"].cast(pl.Int64).to_numpy()
        counts = np.bincount(person, weights=sizes, minlength=len(people)).astype(np.int64)
    else:
        counts = sizes
    starts = np.append(0, np.cumsum(counts)).astype(np.int64)
    if person is None:
        rising = treatment[1:] > treatment[:-1]
        rising[starts[1:-1] - 1] = True
        if rising.all():
            return people.rename("person_id"), starts, None
        person = np.arange(len(people))
    key = np.repeat(person, sizes) * count + treatment
    return people.rename("person_id"), starts, pl.Series(key).arg_sort().to_numpy()


def _refuse_repeats(people: pl.Series, names: list[str], treatment: Array, starts: Integers) -> None:
    same = treatment[1:] == treatment[:-1]
    same[starts[1:-1] - 1] = False
    if same.any():
        row = int(np.argmax(same))
        person = people[int(np.searchsorted(starts, row, side="right")) - 1]
        raise ContractError(
            f"candidates: expected each person_id and treatment_id once, got {int(same.sum())} pairs again "
            f"(first: {person}, {names[int(treatment[row])]}). Keep one row of each."
        )


def _numbers(block: pl.DataFrame, column: str, where: Array | None) -> Floats:
    """A column as floats; refused if a row that matters has none."""
    numbers = block[column].cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()
    unknown = ~np.isfinite(numbers)
    if unknown.any():
        matter = unknown if where is None else unknown & where
        if matter.any():
            _refuse(block, column, pl.Series(matter), "a finite number", "null, NaN, infinity or text")
        numbers = np.where(unknown, 0.0, numbers)
    return numbers


def _refuse(block: pl.DataFrame, column: str, wrong: pl.Series, expected: str, got: str) -> None:
    first = block.filter(wrong).select("person_id", "treatment_id").row(0)
    raise ContractError(
        f"candidates.{column}: expected {expected}, got {got} ({int(wrong.sum())} of {block.height} rows looked at, "
        f"first: {first}). Correct or remove these rows."
    )


def _matches(block: pl.DataFrame, column: str, values: tuple[Scalar, ...]) -> pl.Expr:
    return pl.any_horizontal(_equals(pl.col(column), block.schema[column], value) for value in values)


def _equals(cell: pl.Expr, kind: pl.DataType, value: Scalar) -> pl.Expr:
    """Whether a cell says the same as a value of a limits file, however either spells its type."""
    if isinstance(value, bool):
        return cell == value if kind == pl.Boolean else cell.cast(pl.String).str.to_lowercase() == str(value).lower()
    if isinstance(value, int | float):
        return cell.cast(pl.Float64, strict=False) == float(value)
    return cell.cast(pl.String) == value
