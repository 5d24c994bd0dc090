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


def keys_of_lines(con: duckdb.DuckDBPyConnection, lines: list[str]) -> set[str]:
    """Register the relation `incoming_lines` (_place, raw) and tell the keys of all objects in it."""
    places = pa.array(range(len(lines)), pa.int64())
    con.register("incoming_lines", pa.table({"_place": places, "raw": pa.array(lines, pa.string())}))
    keys = con.execute("select distinct unnest(try(json_keys(raw))) from incoming_lines").fetchall()
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
    """The columns of `Cells` for the contract's headers, of `incoming_lines`; nothing else is cut out."""
    headers = [column.header for column in contract.columns]
    dotted = [".".join(steps) for steps in _dotted(contract)]
    kinds = ", ".join(_text(_path(steps[:1])) for steps in [[], *_dotted(contract)])  # of the line, and of first keys
    paths = ", ".join(_text(_path([header] if header in keys else header.split("."))) for header in headers)
    cells = [
        f"{_of_pair(header, dotted.index(header) + 2, i) if header in dotted else f'direct[{i + 1}]'} as c{i}"
        for i, header in enumerate(headers)
    ]
    table = con.sql(f"""
        with typed as (
            select _place, raw, try(json_type(raw, [{kinds}])) as kinds from incoming_lines
        ),
        cut as (
            select *, case when kinds[1] = 'OBJECT' then json_extract_string(raw, [{paths}]) end as direct from typed
        )
        select
            _place,
            case when direct is null then 'not_json' end as broken_code,
            case when direct is null
                then 'expected a JSON object, got ' || coalesce(lower(kinds[1]), 'text that is not JSON')
            end as broken_reason,
            raw, {", ".join(cells)}
        from cut
        order by _place
    """).to_arrow_table()
    con.unregister("incoming_lines")
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
