"""The raw cells of a file as typed rows, each with the first rule of the contract that it breaks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import duckdb

from pipelines.landing.cells import Cells
from pipelines.landing.contracts import FIRST_EVENT_DATE, LAST_EVENT_DATE, SQL_TYPES, Column, Contract, Event

TEXT_FORMS = {  # what a text cell must look like before it is cast: casts alone would round and guess
    "integer": r"[+-]?[0-9]{1,10}",
    "decimal(18,2)": r"[+-]?[0-9]{1,16}(\.[0-9]{1,2})?",
    "date": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "timestamp": r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})",
    "local_timestamp": r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?",
}
READ_AS = {"timestamp": "timestamptz", "local_timestamp": "timestamp"}
IN_WORDS = {
    "varchar": "text",
    "integer": "a whole number",
    "decimal(18,2)": "an amount with at most two decimals",
    "date": "a day as YYYY-MM-DD",
    "timestamp": "an instant as YYYY-MM-DDThh:mm:ssZ",
    "local_timestamp": "a local time as YYYY-MM-DD hh:mm:ss, without a zone",
}
NUMERIC = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "U")
SHOWN_CHARACTERS = 60  # of a wrong cell, in a reason


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to be wrong: a SQL condition, and what is said of the row."""

    condition: str
    code: str  # SQL
    reason: str  # SQL


def quoted(text: str) -> str:
    """A SQL string."""
    return "'" + text.replace("'", "''") + "'"


def make_typed(con: duckdb.DuckDBPyConnection, cells: Cells, contract: Contract, time_zone: str, judged: str) -> None:
    """Make the table `typed` of a batch, and add to `refused`.

    Takes     cells: any file's; all of a batch have the same form;
              judged: SQL of a relation, `cells` or some of its rows.
    Makes     typed     _place, _file, row_number, the contract's columns in their types, event_at, event_date, fault
                        (null: every rule is kept).
              refused   _place, _file, disposition, reason_code, reason: one row per typed row with a fault.
    """
    rules = row_rules(cells, contract)
    names = ", ".join(column.name for column in contract.columns)
    event_date, event_at = _event(contract.event, time_zone)
    late = "false" if contract.planned_events_allowed else "event_date > known_date"
    con.execute(f"""
        create or replace temp table typed as
        with valued as ({_valued(cells, contract, judged)}),
        checked as (select *, {_first_fault(rules)} as broken_rule from valued),
        dated as (
            select *, case when broken_rule is null then {event_date} end as event_date
            from checked join (select _file, known_date from delivered) as known using (_file)
        )
        select _place, _file, row_number, {names}, {event_at} as event_at, event_date,
               coalesce(broken_rule, case when {late} then {len(rules)} end)::integer as fault
        from dated {"left join midnights using (event_date)" if event_at == "midnight" else ""}
    """)
    if con.execute("select count(fault) from typed").fetchall()[0][0]:
        _explain_refused(con, rules, _valued(cells, contract, "cells semi join faulty using (_place)"))


def _valued(cells: Cells, contract: Contract, relation: str) -> str:
    """SQL of cells in the contract's types, beside the cells as they came."""
    values = ", ".join(f"{_value(cells, column)} as {column.name}" for column in contract.columns)
    shown = _raw_cells(cells, contract)
    return f"select _place, _file, row_number, broken_code, broken_reason, {values}, {shown} from {relation}"


def make_midnights(con: duckdb.DuckDBPyConnection, time_zone: str) -> None:
    """Make the table `midnights`: when each day that a contract may name begins, as naive UTC."""
    con.execute(f"""
        create or replace temp table midnights as
        select day::date as event_date, timezone('UTC', timezone({quoted(time_zone)}, day)) as midnight
        from range(timestamp '{FIRST_EVENT_DATE}', timestamp '{LAST_EVENT_DATE}' + interval 1 day, interval 1 day)
            as days(day)
    """)


def row_rules(cells: Cells, contract: Contract) -> list[Rule]:
    """Every rule of the contract in the order of its columns; broken records first."""
    broken = Rule("broken_code is not null", "broken_code", "broken_reason")
    return [broken, *(rule for column in contract.columns for rule in _column_rules(cells, column))]


def _column_rules(cells: Cells, column: Column) -> list[Rule]:
    name, raw = column.name, f"raw_{column.name}"
    rules = [Rule(f"{raw} is not null and {name} is null", quoted("wrong_type"), _says(column, IN_WORDS[column.type]))]
    if not column.nullable:
        rules.insert(0, Rule(f"{raw} is null", quoted("missing_value"), quoted(f"{name}: expected a value, got none")))
    if column.type == "varchar":
        rules += _text_rules(column, is_number=cells.type_of(column.header).startswith(NUMERIC))
    for bound, sign, words in ((column.min, "<", "at least"), (column.max, ">", "at most")):
        if bound is not None:
            condition = f"{name} {sign} {_literal(bound)}"
            rules.append(Rule(condition, quoted("out_of_range"), _says(column, f"{words} {bound}")))
    return rules


def _text_rules(column: Column, *, is_number: bool) -> list[Rule]:
    name = column.name
    if column.accepted_values is not None:
        values = ", ".join(quoted(value) for value in column.accepted_values)
        words = f"one of {list(column.accepted_values)}"
        return [Rule(f"{name} not in ({values})", quoted("not_accepted"), _says(column, words))]
    if column.pattern is not None:
        condition = f"not regexp_full_match({name}, {quoted(column.pattern)})"
        wrong = Rule(condition, quoted("wrong_format"), _says(column, f"text like {column.pattern}"))
        return [wrong, *_length_rules(column)]
    if is_number:  # as text it is short and printable
        return []
    condition = f"contains({name}, chr(0))"
    unreadable = Rule(condition, quoted("unreadable_character"), _says(column, "text without NUL"))
    return [unreadable, *_length_rules(column)]


def _length_rules(column: Column) -> list[Rule]:
    longest = f"at most {column.max_length} characters"
    return [Rule(f"length({column.name}) > {column.max_length}", quoted("too_long"), _says(column, longest))]


def _says(column: Column, expected: str) -> str:
    """SQL of a reason: where, what was expected, what was found."""
    cell = f"replace(left(raw_{column.name}::varchar, {SHOWN_CHARACTERS}), chr(0), '\\0')"
    return f"{quoted(f'{column.name}: expected {expected}, got ')} || {quoted(chr(39))} || {cell} || {quoted(chr(39))}"


def _literal(bound: Decimal | date) -> str:
    return f"date '{bound}'" if isinstance(bound, date) else f"{bound}"


def _value(cells: Cells, column: Column) -> str:
    """SQL of a cell in the contract's type; null if it is not exactly that."""
    cell = cells.position(column.header)
    kind = cells.type_of(column.header)
    if column.type == "varchar":
        return f"nullif({cell}, '')" if kind == "VARCHAR" else f"{cell}::varchar"
    if kind == column.type.upper():
        return cell
    if kind.startswith(NUMERIC) and column.type in ("integer", "decimal(18,2)"):
        cast = f"try_cast({cell} as {column.type})"
        return f"case when {cast} = {cell} then {cast} end"  # 1.239 as money would be rounded: refused instead
    if kind.startswith("TIMESTAMP") and column.type in ("timestamp", "local_timestamp"):
        return f"{cell}::timestamp"
    text = f"{cell}::varchar"
    cast = f"try_cast({text} as {READ_AS.get(column.type, column.type)})::{SQL_TYPES[column.type]}"
    return f"case when regexp_full_match({text}, {quoted(TEXT_FORMS[column.type])}) then {cast} end"


def _raw_cells(cells: Cells, contract: Contract) -> str:
    """The cells again, under names the rules can use; an empty text is no value."""
    shown = []
    for column in contract.columns:
        cell = cells.position(column.header)
        known = f"nullif({cell}, '')" if cells.type_of(column.header) == "VARCHAR" else cell
        shown.append(f"{known} as raw_{column.name}")
    return ", ".join(shown)


def _first_fault(rules: Sequence[Rule]) -> str:
    cases = " ".join(f"when {rule.condition} then {number}" for number, rule in enumerate(rules))
    return f"case {cases} end"


def _event(event: Event | None, time_zone: str) -> tuple[str, str]:
    """SQL of event_date (from the columns) and of event_at (from the columns or the day's midnight)."""
    if event is None:
        return "null::date", "null::timestamp"
    if event.rule == "instant":
        in_zone = f"timezone({quoted(time_zone)}, timezone('UTC', {event.column}))::date"
        return in_zone, f"case when event_date is not null then {event.column} end"
    if event.rule == "epoch":
        moment = f"make_timestamp({event.column}::bigint * 1000000)"
        in_zone = f"timezone({quoted(time_zone)}, timezone('UTC', {moment}))::date"
        return in_zone, f"case when event_date is not null then {moment} end"
    if event.rule == "local_instant":
        in_utc = f"timezone('UTC', timezone({quoted(time_zone)}, {event.column}))"
        return f"{event.column}::date", f"case when event_date is not null then {in_utc} end"
    if event.rule == "day":
        return event.column, "midnight"
    return f"(date '{event.week_one}' + 7 * ({event.column} - 1))::date", "midnight"


def _explain_refused(con: duckdb.DuckDBPyConnection, rules: Sequence[Rule], valued: str) -> None:
    """Reasons are spelled out for refused rows only; `typed` keeps just the number of the broken rule."""
    late = "'event_date: expected a day up to the delivery on ' || known_date || ', got ' || typed.event_date"
    codes = " ".join(f"when {i} then {rule.code}" for i, rule in enumerate(rules))
    reasons = " ".join(f"when {i} then {rule.reason}" for i, rule in enumerate(rules))
    con.execute(f"""
        insert into refused
        with faulty as (
            select _place, fault, event_date, known_date
            from typed join (select _file, known_date from delivered) as known using (_file) where fault is not null
        ),
        valued as ({valued})
        select _place, _file, 'refused',
               case fault {codes} else 'event_after_delivery' end,
               case fault {reasons} else {late} end
        from faulty as typed join valued using (_place)
    """)
