"""Which rows of a file say again what is already known, and which contradict it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.landing.contracts import Contract

Place = Path | None  # of a load's accepted rows: its bronze file, or None while they stand in `settled`


@dataclass(frozen=True, slots=True)
class Bounds:
    """The smallest and largest value of each key column in a bronze file; empty if it has no rows."""

    low: tuple[str | int, ...] = ()
    high: tuple[str | int, ...] = ()

    def overlap(self, other: "Bounds") -> bool:
        """Whether a key could stand in both files: only then is the older one read."""
        if not self.low or not other.low:
            return False
        mine, theirs = zip(self.low, self.high, strict=True), zip(other.low, other.high, strict=True)
        return all(a <= d and c <= b for (a, b), (c, d) in zip(mine, theirs, strict=True))  # type: ignore[operator]


def hull(bounds: Iterable[Bounds]) -> Bounds:
    """The bounds of all files together."""
    full = [each for each in bounds if each.low]
    if not full:
        return Bounds()
    lows, highs = zip(*(each.low for each in full), strict=True), zip(*(each.high for each in full), strict=True)
    return Bounds(tuple(map(min, lows)), tuple(map(max, highs)))


def key_bounds(con: duckdb.DuckDBPyConnection, contract: Contract) -> dict[int, Bounds]:
    """By `_file`: bounds of the rows of `typed` that keep every rule: whole numbers as such, everything else as text.

    Of every key column: a number that is drawn at random lies everywhere, the day beside it does not.
    """
    kinds = {each.name: each.type for each in contract.columns}
    values = [name if kinds[name] == "integer" else f"{name}::varchar" for name in contract.key]
    sides = ", ".join(f"{side}({value})" for side in ("min", "max") for value in values)
    found = con.execute(f"select _file, {sides} from typed where fault is null group by _file").fetchall()
    width = len(values)
    return {file: Bounds(tuple(sides[:width]), tuple(sides[width:])) for file, *sides in found}


def refuse_repeated_keys(con: duckdb.DuckDBPyConnection, contract: Contract, older: Collection[Place]) -> None:
    """Add to `refused` every row of `typed` whose key an earlier row holds.

    The first holder of a key is the fact: the row in older bronze, else the first by `_place`; in a table of
    descriptions, the first of its own file. Another row with the key is a duplicate if all its columns are equal,
    else it is refused: facts never change.
    """
    key = ", ".join(["_file", *contract.key] if contract.is_versioned else contract.key)
    content = [column.name for column in contract.columns if column.name not in contract.key]
    columns = ", ".join([*contract.key, *content])
    con.execute(f"""
        create or replace temp table repeated as
        select {key} from typed where fault is null group by {key} having count(*) > 1
    """)
    if not older and not con.execute("select count(*) from repeated").fetchall()[0][0]:
        return
    con.execute(f"""
        create or replace temp table holders as
        select 0::bigint as _place, -1 as _file, null::bigint as row_number, {columns}
        from {_older_rows(older, columns)} as older
        semi join (select {", ".join(contract.key)} from typed where fault is null) as arrived
            using ({", ".join(contract.key)})
        union all
        select _place, _file, row_number, {columns}
        from typed semi join repeated using ({key})
        where fault is null
        qualify row_number() over (partition by {key} order by _place) = 1
    """)
    _judge_repeated(con, contract, key, content)


def _judge_repeated(con: duckdb.DuckDBPyConnection, contract: Contract, key: str, content: Sequence[str]) -> None:
    same = " and ".join(f"typed.{name} is not distinct from first.{name}" for name in content) or "true"
    con.execute(f"""
        insert into refused
        with first as (
            select * from holders qualify row_number() over (partition by {key} order by _place) = 1
        ),
        judged as (
            select typed._place, typed._file, {same} as is_same, {_shown(contract)} as shown,
                   case when first._file = typed._file then first.row_number end as holder
            from typed join first using ({key})
            where typed.fault is null and typed._place <> first._place
        )
        select _place, _file,
               case when is_same then 'duplicate' else 'refused' end,
               case when is_same then 'duplicate_row' else 'key_conflict' end,
               'key {", ".join(contract.key)}: expected a new one, got ' || shown
               || coalesce(' of row ' || holder, ' of an older delivery')
               || case when is_same then ' again' else ' with other content' end
        from judged
    """)


def _older_rows(older: Collection[Place], columns: str) -> str:
    paths = sorted({path for path in older if path is not None})
    files = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    relations = ["settled"] * (None in older) + [f"read_parquet([{files}])"] * bool(paths)
    parts = [f"select {columns} from {relation}" for relation in (*relations, "typed where false")]
    return f"({' union all '.join(parts)})"


def _shown(contract: Contract) -> str:
    return " || ', ' || ".join(f"typed.{name}::varchar" for name in contract.key)
