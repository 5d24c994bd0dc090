"""A file of JSON lines as columns of raw cells: those that the contract names, also from inside nested values.

The database reads the JSON, some thirty times faster than Python does. Whole numbers stay the text they were sent as;
one with a fraction is told by its shortest form (`3.50` as `3.5`), exactly up to 15 digits.
"""

import io

import duckdb
import pyarrow as pa

from pipelines.landing.contracts import Contract
from pipelines.landing.text import Text


def json_lines(text: Text) -> list[str]:
    """The lines that are not blank, without their ends."""
    lines = io.StringIO(text.data.decode(), newline="")
    return [kept for line in lines if (kept := line.rstrip("\r\n"))]


def judge_lines(con: duckdb.DuckDBPyConnection, lines: list[str], contract: Contract) -> set[str]:
    """Make the table `json_lines` and tell the keys of all objects.

    Makes     json_lines   _place, raw; kinds: the JSON types of the line (null if it is no JSON) and of the first keys
                           of `_dotted`.
    """
    con.register(
        "incoming_lines",
        pa.table({"_place": pa.array(range(len(lines)), pa.int64()), "raw": pa.array(lines, pa.string())}),
    )
    paths = ", ".join(_text(_path(steps[:1])) for steps in [[], *_dotted(contract)])
    con.execute(f"""
        create or replace temp table json_lines as
        select _place, raw, try(json_type(raw, [{paths}])) as kinds from incoming_lines
    """)
    con.unregister("incoming_lines")
    keys = con.execute("select distinct unnest(json_keys(raw)) from json_lines where kinds[1] = 'OBJECT'").fetchall()
    return {row[0] for row in keys}


def headers_in(keys: set[str], contract: Contract) -> set[str]:
    """The contract's headers that these keys can answer; senders leave out nulls, so a nullable one always can."""
    return {
        column.header
        for column in contract.columns
        if column.nullable or {column.header, column.header.split(".")[0]} & keys
    }


def added_keys(keys: set[str], contract: Contract) -> list[str]:
    """Keys that no column of the contract is taken from."""
    headers = {column.header for column in contract.columns}
    return sorted(keys - headers - {header.split(".")[0] for header in headers})


def json_cells(con: duckdb.DuckDBPyConnection, contract: Contract, keys: set[str]) -> pa.Table:
    """The columns of `Cells` for the contract's headers, of the lines in `json_lines`; nothing else is cut out."""
    headers = [column.header for column in contract.columns]
    dotted = [".".join(steps) for steps in _dotted(contract)]
    paths = [_path([header] if header in keys else header.split(".")) for header in headers]
    cells = [
        f"{_of_pair(header, dotted.index(header) + 2, i) if header in dotted else f'direct[{i + 1}]'} as c{i}"
        for i, header in enumerate(headers)
    ]
    table = con.sql(f"""
        with objects as (
            select *, json_extract_string(raw, [{", ".join(map(_text, paths))}]) as direct
            from json_lines where kinds[1] = 'OBJECT'
        )
        select _place, null::varchar as broken_code, null::varchar as broken_reason, raw, {", ".join(cells)}
        from objects
        union all by name
        select _place, 'not_json' as broken_code, raw,
               'expected a JSON object, got ' || coalesce(lower(kinds[1]), 'text that is not JSON') as broken_reason
        from json_lines where kinds[1] is distinct from 'OBJECT'
        order by _place
    """).to_arrow_table()
    con.execute("drop table json_lines")
    return table.drop_columns(["_place"])


def _dotted(contract: Contract) -> list[list[str]]:
    """The headers that name a place inside another value, each cut into its steps."""
    return [column.header.split(".") for column in contract.columns if "." in column.header]


def _of_pair(header: str, kind: int, direct: int) -> str:
    """SQL of a value inside another: where that is a list of key and value pairs, of the pair so named."""
    first, name, *rest = header.split(".")
    pairs = f"json_extract(raw, {_text(_path([first]) + '[*]')})"
    pair = f"list_filter({pairs}, lambda pair: json_extract_string(pair, '$.key') = {_text(name)})[1]"
    value = f"json_extract_string({pair}, {_text(_path(['value', *rest]))})"
    return f"case kinds[{kind}] when 'ARRAY' then {value} else direct[{direct + 1}] end"


def _path(steps: list[str]) -> str:
    return "$" + "".join('."' + step.replace('"', '\\"') + '"' for step in steps)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
