"""Which rows of a file say again what is already known, and which contradict it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.landing.contracts import Contract


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


def key_bounds(con: duckdb.DuckDBPyConnection, contract: Contract) -> Bounds:
    """Bounds of the rows of `typed` that keep every rule: whole numbers as such, everything else as text.

    Of every key column: a number that is drawn at random lies everywhere, the day beside it does not.
    """
    kinds = {each.name: each.type for each in contract.columns}
    values = [name if kinds[name] == "integer" else f"{name}::varchar" for name in contract.key]
    sides = ", ".join(f"{side}({value})" for side in ("min", "max") for value in values)
    found = con.execute(f"select {sides} from typed where fault is null").fetchall()[0]
    return Bounds() if found[0] is None else Bounds(found[: len(values)], found[len(values) :])


def refuse_repeated_keys(con: duckdb.DuckDBPyConnection, contract: Contract, older: Sequence[Path]) -> None:
    """Add to `refused` every row of `typed` whose key an earlier row holds.

    The first holder of a key is the fact: the row in older bronze, else the first in the file. Another row
    with the key is a duplicate if all its columns are equal, else it is refused: facts never change.
    """
    key = ", ".join(contract.key)
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
        select -1::bigint as row_number, {columns}
        from {_older_rows(older, columns)} as older
        semi join (select {key} from typed where fault is null) as arrived using ({key})
        union all
        select typed.row_number, {", ".join(f"typed.{name}" for name in [*contract.key, *content])}
        from typed semi join repeated using ({key})
        where fault is null
        qualify row_number() over (partition by {key} order by typed.row_number) = 1
    """)
    same = " and ".join(f"typed.{name} is not distinct from first.{name}" for name in content) or "true"
    con.execute(f"""
        insert into refused
        with first as (
            select * from holders qualify row_number() over (partition by {key} order by row_number) = 1
        ),
        judged as (
            select typed.row_number, {same} as is_same, {_shown(contract)} as shown, first.row_number as holder
            from typed join first using ({key})
            where typed.fault is null and typed.row_number <> first.row_number
        )
        select row_number,
               case when is_same then 'duplicate' else 'refused' end,
               case when is_same then 'duplicate_row' else 'key_conflict' end,
               'key {key}: expected a new one, got ' || shown || case when holder < 0 then ' of an older delivery'
               else ' of row ' || holder end || case when is_same then ' again' else ' with other content' end
        from judged
    """)


def _older_rows(older: Sequence[Path], columns: str) -> str:
    if not older:
        return f"(select {columns} from typed where false)"
    files = ", ".join("'" + str(path).replace("'", "''") + "'" for path in older)
    return f"(select {columns} from read_parquet([{files}]))"


def _shown(contract: Contract) -> str:
    return " || ', ' || ".join(f"typed.{name}::varchar" for name in contract.key)
