"""From a table of candidates, block by block, to the arrays of one joint choice."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from ml.decisioning.candidate_kinds import NONE, TEXTS, Array, Kinds, Labels
from ml.decisioning.candidate_order import People, joined, moved, order_of_rows
from ml.decisioning.inner import Cap, Floats, Integers
from ml.decisioning.joint import JointChoice, SharedLimit
from ml.decisioning.limit_rules import LimitRules
from ml.errors import ContractError

KEYS = ("person_id", "treatment_id", "value_amount")


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
    return _built(blocks, _Reader(rules, People()))


def build_table_of_text(blocks: Iterable[pl.DataFrame], rules: LimitRules) -> CandidateTable:
    """The same where ids come as text: if all person ids are whole numbers they are read as such."""
    return _built(blocks, _Reader(rules, People(are_whole=True)))


def _built(blocks: Iterable[pl.DataFrame], reader: "_Reader") -> CandidateTable:
    for block in blocks:
        reader.read(block)
    return reader.table()


@dataclass
class _Reader:
    """What has been read so far, numbers as small as they can be."""

    rules: LimitRules
    people: People
    labels: Labels = field(default_factory=Labels)
    treatment: list[Array] = field(default_factory=list)
    value: list[Array] = field(default_factory=list)
    kind: list[Array] = field(default_factory=list)
    amounts: list[list[Array]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kinds = Kinds(self.rules)
        self.amounts = [[] for _ in self.rules.sum_columns]

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
        self.people.read(block["person_id"])
        treatment = self.labels.read(_as_text(block["treatment_id"]))
        self.treatment.append(treatment.astype(np.min_scalar_type(len(self.labels.names))))
        self.value.append(_numbers(block, "value_amount", None))
        is_none = treatment == self.labels.names.index(NONE) if NONE in self.labels.names else None
        if is_none is not None and self.value[-1][is_none].any():
            wrong = pl.Series(is_none & (self.value[-1] != 0))
            _refuse(block, "value_amount", wrong, "0 for `none`", "another value")
        kinds = self.kinds.read(block, is_none)
        self.kind.append(kinds.astype(np.uint8 if len(self.kinds) <= 2**8 else np.uint16))
        for position, column in enumerate(self.rules.sum_columns):
            where = [self.kinds.met(rule.where) for rule in self.rules.shared if rule.column == column]
            concerned = (np.logical_or.reduce(where), self.kind[-1])
            self.amounts[position].append(_numbers(block, column, concerned))

    def table(self) -> CandidateTable:
        """Everything that was read, in order."""
        names = sorted(self.labels.names)
        treatment = joined(self.treatment, np.min_scalar_type(len(names)))
        rank = np.empty(len(names), dtype=treatment.dtype)
        rank[[self.labels.names.index(name) for name in names]] = np.arange(len(names))
        treatment = rank[treatment] if len(names) else treatment
        people, starts, owner = self.people.in_order()
        order = order_of_rows(owner, starts, treatment, max(len(names), 1))
        del owner
        parts = [(self.value, np.float64), (self.kind, np.uint16 if len(self.kinds) > 2**8 else np.uint8)]
        parts += [(amount, np.float64) for amount in self.amounts]
        columns = []
        for part, kind in parts:
            column = joined(part, kind)
            columns.append(column if order is None else moved(column, order))
        columns[1] = self.kinds.in_order()[columns[1]]
        treatment = treatment if order is None else moved(treatment, order)
        _refuse_repeats(people, names, treatment, starts)
        joint = self._joint(starts, columns)
        tables = [
            *((cap.name, cap.kinds) for cap in joint.caps),
            *((limit.name, limit.kinds) for limit in joint.limits),
        ]
        idle = [name for name, kinds in tables if not kinds.any()]
        return CandidateTable(
            people, names, treatment, joint, tuple(f"{name}: no candidate matches it" for name in idle)
        )

    def _joint(self, starts: Integers, columns: list[Array]) -> JointChoice:
        limits = tuple(
            SharedLimit(
                rule.name,
                self.kinds.met(rule.where),
                None if rule.column is None else self.rules.sum_columns.index(rule.column),
                rule.at_most,
                rule.at_least,
            )
            for rule in self.rules.shared
        )
        caps = tuple(Cap(rule.name, self.kinds.met(rule.where), int(rule.at_most)) for rule in self.rules.per_person)
        return JointChoice(starts, columns[0], columns[1], tuple(columns[2:]), limits, caps)


def _as_text(column: pl.Series) -> pl.Series:
    return column if column.dtype in TEXTS else column.cast(pl.String)


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


def _numbers(block: pl.DataFrame, column: str, concerned: tuple[Array, Array] | None) -> Floats:
    """A column as floats; refused if a row that matters has none: any, or those of the kinds concerned."""
    given = block[column]
    if not (given.dtype.is_numeric() or given.dtype in (pl.String, pl.Boolean, pl.Null)):
        raise ContractError(f"candidates.{column}: expected numbers, got {given.dtype}. Convert the column.")
    known = given if given.dtype == pl.Float64 else given.cast(pl.Float64, strict=False)
    numbers = (known.fill_null(float("nan")) if known.null_count() else known).to_numpy()
    finite = np.isfinite(numbers)
    if not finite.all():
        unknown = ~finite
        matter = unknown if concerned is None else unknown & concerned[0][concerned[1]]
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
