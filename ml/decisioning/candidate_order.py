"""People of a table that comes in blocks, and the order of its rows: by person and treatment, within bounded memory."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ml.decisioning.inner import Integers
from ml.errors import ContractError

Array = npt.NDArray[Any]
ROWS_PER_TURN = 1 << 24  # rows that are sorted, looked up or moved at once
WORTH_A_TABLE = 4  # integer ids this many times as wide as they are many are looked up in a table


@dataclass
class People:
    """Whose the rows of each block are: runs of one person, as text or whole numbers, until the order breaks.

    are_whole: text is read as whole numbers as long as all of it is, so that 2 stands before 10 (CSV).
    """

    are_whole: bool = False
    _values: list[pl.Series] = field(default_factory=list)
    _lengths: list[Array] = field(default_factory=list)
    _is_rising: bool = True

    def read(self, column: pl.Series) -> None:
        """Take the person ids of one block in; none of them is null."""
        if not len(column):
            return
        runs = column.rle().struct
        values = _known_type(runs.field("value"))
        if self.are_whole:
            values = self._as_whole(values)
        if self._is_rising:
            last = self._values[-1][-1] if self._values else None
            is_after = last is None or values[0] >= last
            self._is_rising = is_after and bool((values.shift(-1) > values).fill_null(value=True).all())
            if not self._is_rising:
                self._values = [_compact(earlier) for earlier in self._values]
        self._values.append(values if self._is_rising else _compact(values))
        self._lengths.append(runs.field("len").to_numpy().astype(np.uint32))

    def _as_whole(self, values: pl.Series) -> pl.Series:
        numbers = values.cast(pl.Int64, strict=False)
        if bool((numbers.cast(pl.String) == values).fill_null(value=False).all()):
            return numbers
        self.are_whole = False
        self._values = [_compact(earlier.cast(pl.String)) for earlier in self._values]
        self._is_rising = not self._values
        return values

    def in_order(self) -> tuple[pl.Series, Integers, Array | None]:
        """People ascending, where each begins once rows are in order, and whose each row is; None if as they come."""
        if not self._values:
            return pl.Series("person_id", [], dtype=pl.String), np.zeros(1, dtype=np.int64), None
        if self._is_rising:
            values, sizes = pl.concat(self._values), joined(self._lengths, np.uint32)
            self._values.clear()
            first = values.ne_missing(values.shift(1))  # a person may go on in the next block
            first[0] = True
            people = values.filter(first).rename("person_id")
            counts = np.add.reduceat(sizes, first.arg_true().to_numpy(), dtype=np.int64)
            return people, np.append(0, np.cumsum(counts)), None
        people = pl.concat([values.unique() for values in self._values]).unique()
        people = (people.cast(pl.String) if people.dtype == pl.Categorical else people).sort().rename("person_id")
        owner = _owners(self._values, self._lengths, people)
        counts = np.zeros(len(people), dtype=np.int64)
        for first_row in range(0, len(owner), ROWS_PER_TURN):
            counts += np.bincount(owner[first_row : first_row + ROWS_PER_TURN], minlength=len(people))
        return people, np.append(0, np.cumsum(counts)), owner


def _known_type(values: pl.Series) -> pl.Series:
    """Ids as text or whole numbers; other types are turned into one of them, or refused."""
    if values.dtype == pl.String or (values.dtype.is_integer() and values.dtype not in (pl.Int128, pl.UInt128)):
        return values
    if values.dtype.is_nested() or values.dtype == pl.Binary:
        raise ContractError(f"candidates.person_id: expected text or whole numbers, got {values.dtype}. Convert it.")
    if values.dtype.is_numeric():
        numbers = values.cast(pl.Int64, strict=False)
        broken = ~(numbers.cast(values.dtype, strict=False) == values).fill_null(value=False)
        if broken.any():
            first = values.filter(broken)[0]
            raise ContractError(f"candidates.person_id: expected text or whole numbers, got {first}. Correct the ids.")
        return numbers
    return values.cast(pl.String)


def _compact(values: pl.Series) -> pl.Series:
    """Text as codes of four bytes: rows in no order have as many runs as rows."""
    return values.cast(pl.Categorical) if values.dtype == pl.String else values


def _owners(values: list[pl.Series], lengths: list[Array], people: pl.Series) -> Array:
    """The position of each row's person; takes the parts away as it goes."""
    places = np.empty(int(sum(part.sum(dtype=np.int64) for part in lengths)), dtype=np.uint32)
    look = _place_of_code(people) if people.dtype == pl.String else _place_of_number(people)
    row = 0
    for position in range(len(values)):
        found = np.repeat(look(values[position]), lengths[position])
        places[row : row + len(found)] = found
        row += len(found)
        values[position], lengths[position] = values[position].clear(), lengths[position][:0]
    values.clear()
    return places


def _place_of_code(people: pl.Series) -> Any:
    codes = people.cast(pl.Categorical).to_physical().to_numpy()
    table = np.zeros(int(codes.max()) + 1, dtype=np.uint32)
    table[codes] = np.arange(len(codes), dtype=np.uint32)
    return lambda values: table[values.to_physical().to_numpy()]


def _place_of_number(people: pl.Series) -> Any:
    ids = people.to_numpy()
    lowest, width = int(ids[0]), int(ids[-1]) - int(ids[0]) + 1
    if width <= WORTH_A_TABLE * len(ids) + ROWS_PER_TURN:
        table = np.zeros(width, dtype=np.uint32)
        table[ids - lowest] = np.arange(len(ids), dtype=np.uint32)
        return lambda values: table[values.to_numpy() - lowest]
    known = pl.DataFrame({"id": people, "place": np.arange(len(ids), dtype=np.uint32)})
    return lambda values: (
        values.alias("id").to_frame().join(known, on="id", how="left", maintain_order="left")["place"].to_numpy()
    )


def order_of_rows(owner: Array | None, starts: Integers, treatment: Array, count: int) -> Array | None:
    """Positions of rows by person and treatment, a range of people at a time; None if they stand so already."""
    if owner is None:
        rising = treatment[1:] > treatment[:-1]
        rising[starts[1:-1] - 1] = True
        if rising.all():
            return None
    rows = int(starts[-1])
    order = np.empty(rows, dtype=np.uint32 if rows < 2**32 else np.int64)
    edges = np.unique(np.searchsorted(starts, [*range(0, rows, ROWS_PER_TURN), rows]))
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        begin, end = int(starts[first]), int(starts[last])
        if owner is None:
            own = np.arange(begin, end)
            person = np.repeat(np.arange(last - first), np.diff(starts[first : last + 1]))
        else:
            own = np.flatnonzero((owner >= first) & (owner < last))
            person = owner[own].astype(np.int64) - first
        order[begin:end] = own[pl.Series(person * count + treatment[own]).arg_sort().to_numpy()]
    return order


def moved(column: Array, order: Array) -> Array:
    """A column in another order, without a copy of the order."""
    found = np.empty_like(column)
    for first in range(0, len(order), ROWS_PER_TURN):
        found[first : first + ROWS_PER_TURN] = column[order[first : first + ROWS_PER_TURN]]
    return found


def joined(parts: list[Array], kind: Any) -> Array:
    """One column of its parts, which are given back to memory as they are taken."""
    whole = np.empty(sum(map(len, parts)), dtype=kind)
    row = 0
    parts.reverse()
    while parts:
        part = parts.pop()
        whole[row : row + len(part)] = part
        row += len(part)
    return whole
