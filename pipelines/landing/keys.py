"""Which rows of a file say again what is already known, and which contradict it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.landing.contracts import Contract


@dataclass(frozen=True, slots=True)
class Bounds:
    """The smallest and largest value of one key column in a bronze file; None if it has no rows."""

    low: str | int | None
    high: str | int | None

    def overlap(self, other: "Bounds") -> bool:
        """Whether a key could stand in both files: only then is the older one read."""
        if self.low is None or self.high is None or other.low is None or other.high is None:
            return False
        return self.low <= other.high and other.low <= self.high  # type: ignore[operator]  # one column, one type


def key_bounds(con: duckdb.DuckDBPyConnection, contract: Contract) -> Bounds:
    """Bounds of the rows of `typed` that keep every rule: whole numbers as such, everything else as text.

    Of the key column that follows time, if there is one (deliveries then hardly overlap), else the first.
    """
    timed = contract.event is not None and contract.event.column in contract.key
    column = contract.event.column if contract.event is not None and timed else contract.key[0]
    kind = next(each.type for each in contract.columns if each.name == column)
    value = column if kind == "integer" else f"{column}::varchar"
    query = f"select min({value}), max({value}) from typed where fault is null"
    return Bounds(*con.execute(query).fetchall()[0])


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
