"""Which treatment each row names and which conditions of the limits it meets: text as small numbers, block by block."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ml.decisioning.limit_rules import LimitRules, Scalar, Where
from ml.errors import ContractError

Array = npt.NDArray[Any]
Atom = tuple[str, tuple[Scalar, ...]]
NONE = "none"
MOST_KINDS = 2**16  # a kind takes two bytes of each candidate at most
FEW = 2**16  # combinations that are counted in a table instead of being sorted
TEXTS = (pl.String, pl.Categorical, pl.Enum)


@dataclass
class Labels:
    """The labels of one text column, each with a number by the order in which it was first met."""

    names: list[str] = field(default_factory=list)
    _place: Array = field(default_factory=lambda: np.full(1, -1, dtype=np.int32))
    _keep: pl.Series | None = None

    def read(self, column: pl.Series) -> Array:
        """The number of each row's label; -1 for null. Labels that several blocks share keep theirs."""
        coded = column if column.dtype == pl.Categorical else column.cast(pl.String).cast(pl.Categorical)
        self._keep = coded.clear()  # codes are the same in the next block as long as somebody holds the categories
        codes = coded.to_physical()
        largest = int(codes.max() or 0) + 1  # type: ignore[arg-type]
        if largest >= len(self._place):  # the last place is that of null
            self._place = np.append(self._place, np.full(largest - len(self._place) + 1, -1, dtype=np.int32))
        rows = codes.cast(pl.Int64).fill_null(-1).to_numpy() if codes.null_count() else codes.to_numpy()
        found: Array = self._place[rows]
        if (found < 0).any():
            self._learn(coded)
            found = self._place[rows]
        return found

    def _learn(self, coded: pl.Series) -> None:
        labels = coded.unique().drop_nulls()
        for name, code in sorted(zip(labels.cast(pl.String).to_list(), labels.to_physical().to_list(), strict=True)):
            if self._place[code] < 0:
                self._place[code] = len(self.names)
                self.names.append(name)


class Kinds:
    """Which conditions each row meets, as a small number per row: its kind."""

    def __init__(self, rules: LimitRules) -> None:
        every = [rule.where for rule in (*rules.per_person, *rules.shared) if rule.where]
        self.conditions: list[Where] = list(dict.fromkeys(every))
        self._atoms: dict[str, list[Atom]] = {}
        for column, values in dict.fromkeys(atom for where in self.conditions for atom in where):
            self._atoms.setdefault(column, []).append((column, values))
        self._labels = {column: Labels() for column in self._atoms}
        self._found: dict[int, int] = {}  # the conditions met, as bits; the last says that it is no `none`

    def __len__(self) -> int:
        """How many kinds were met."""
        return len(self._found)

    def read(self, block: pl.DataFrame, is_none: Array | None) -> Array:
        """The kind of each row of a block; is_none: which rows only name a person."""
        joint = np.ones(block.height, dtype=np.uint32) if is_none is None else (~is_none).astype(np.uint32)
        columns: list[list[frozenset[Atom]]] = []
        size = 2
        for column in self._atoms:
            classes, meanings = self._classes(block[column])
            columns.append(meanings)
            size *= len(meanings)
            if size > 2**63:
                raise ContractError(f"limits: {len(self._atoms)} columns in `where` split candidates too finely.")
            joint = joint * np.array(len(meanings), joint.dtype if size <= 2**32 else np.uint64) + classes
        if size <= FEW:
            present = np.flatnonzero(np.bincount(joint, minlength=1))
            table = np.zeros(size, dtype=np.uint16)
            table[present] = [self._kind(int(code), columns) for code in present]
            return table[joint]
        present = pl.Series(joint).unique().sort().to_numpy()
        kinds = np.array([self._kind(int(code), columns) for code in present], dtype=np.uint16)
        return kinds[np.searchsorted(present, joint)]

    def in_order(self) -> Array:
        """Number the kinds by what they meet instead of by who came first; returns the new number of each old one."""
        ordered = sorted(self._found)
        rank = np.zeros(max(len(ordered), 1), dtype=np.uint8 if len(ordered) <= 2**8 else np.uint16)
        rank[[self._found[bits] for bits in ordered]] = np.arange(len(ordered))
        self._found = {bits: position for position, bits in enumerate(ordered)}
        return rank

    def met(self, where: Where) -> Array:
        """Per kind whether it is a treatment that meets a condition."""
        position = self.conditions.index(where) if where else len(self.conditions)
        return np.array([bool(bits >> position & 1) for bits in self._found] or [False], dtype=np.bool_)

    def _kind(self, code: int, columns: list[list[frozenset[Atom]]]) -> int:
        held: set[Atom] = set()
        for meanings in reversed(columns):
            code, place = divmod(code, len(meanings))
            held |= meanings[place]
        bits = code << len(self.conditions)
        for position, where in enumerate(self.conditions):
            bits |= int(bool(code) and held.issuperset(where)) << position
        if bits not in self._found and len(self._found) == MOST_KINDS:
            raise ContractError(
                f"limits: expected candidates of at most {MOST_KINDS:,} kinds, got more: so many combinations of the "
                "columns in `where`. Use fewer columns or values."
            )
        return self._found.setdefault(bits, len(self._found))

    def _classes(self, column: pl.Series) -> tuple[Array, list[frozenset[Atom]]]:
        """A small number per row, and what rows of this number meet."""
        atoms = self._atoms[column.name]
        if column.dtype in TEXTS:
            labels = self._labels[column.name]
            codes = labels.read(column)
            which, meanings = _meanings(pl.Series(column.name, labels.names, dtype=pl.String), atoms)
            return np.append(which, 0)[codes], meanings  # null is the last and meets nothing
        which, meanings = _meanings(column, atoms)
        return which, meanings


def _meanings(values: pl.Series, atoms: Sequence[Atom]) -> tuple[Array, list[frozenset[Atom]]]:
    """Values by the atoms that they meet: class 0 meets none."""
    classes, meanings = np.zeros(len(values), dtype=np.uint32), [frozenset[Atom]()]
    for atom in atoms:
        met = _matches(values, atom[1])
        if not met.any():
            continue
        pairs = classes * np.uint32(2) + met
        present = np.flatnonzero(np.bincount(pairs, minlength=2 * len(meanings)))
        table = np.zeros(2 * len(meanings), dtype=np.uint32)
        present = np.append(0, present[present > 0])  # class 0 stays what meets nothing
        table[present] = np.arange(len(present))
        meanings = [meanings[code // 2] | ({atom} if code % 2 else set()) for code in present.tolist()]
        classes = table[pairs]
    return classes, meanings


def _matches(values: pl.Series, wanted: tuple[Scalar, ...]) -> Array:
    """Whether cells say the same as one of a limit's values, however either spells its type; null never does."""
    name = values.name
    met = values.to_frame().select(
        pl.any_horizontal(_equals(pl.col(name), values.dtype, value) for value in wanted).fill_null(value=False)
    )
    return met.to_series().to_numpy()


def _equals(cell: pl.Expr, kind: pl.DataType, value: Scalar) -> pl.Expr:
    if kind.is_nested() or kind in (pl.Binary, pl.Object):
        raise ContractError(f"candidates: expected text, numbers or dates in a `where` column, got {kind}. Convert it.")
    if isinstance(value, bool):
        return cell == value if kind == pl.Boolean else cell.cast(pl.String).str.to_lowercase() == str(value).lower()
    if isinstance(value, int | float):
        return cell.cast(pl.Float64, strict=False) == float(value)
    if kind == pl.Boolean:
        return cell.cast(pl.String) == value.lower()
    if kind == pl.Datetime:
        moment = pl.lit(value).str.to_datetime(strict=False, time_unit="us", time_zone="UTC")
        return cell.cast(pl.Datetime("us", "UTC")) == moment
    return cell.cast(pl.String) == value
