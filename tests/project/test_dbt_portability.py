"""The SQL means the same on Spark as on DuckDB: what engines count or spell differently stands in dispatched macros."""

from functools import cache

import jinja2
import pytest
import sqlglot
from sqlglot import exp

from tests.builders.warehouse import DBT

DISPATCHED = (
    "days_between",
    "days_after",
    "week_start",
    "utc_from_local",
    "phone_key",
    "comma_part",
    "dotted_part",
    "compact_date",
    "moment_of_micros",
)  # macros/portable.sql
SQL = {path.stem: path for folder in ("models", "tests") for path in sorted((DBT / folder).rglob("*.sql"))}
SQL = {name: path for name, path in SQL.items() if path.parent.name != "generic"}
DAY = "date '2017-12-26'"
SAME_EVERYWHERE = {  # measured on both engines; anything else has to be measured first
    "And", "Or", "Case", "If", "Coalesce", "Nullif", "Cast", "Count", "Sum", "Min", "Max", "LogicalOr", "Lower",
    "Trim", "Replace", "SHA2", "StrPosition", "RowNumber", "Lead", "Greatest", "Least", "Exists",
}  # fmt: skip
DIFFERENT = {  # in DuckDB's words: each gave another result or did not run on Spark
    "days apart": "select date_diff('day', a, b) from t",
    "day of the week": "select dayofweek(a) from t",
    "day of the week, ISO": "select isodow(a) from t",
    "the engine's hash": "select hash(a) % 100 from t",
    "mode": "select mode(a) from t",
    "average of decimals": "select avg(a) from t",
    "approximate count": "select approx_count_distinct(a) from t",
    "quantile": "select quantile_cont(a, 0.5) from t",
    "as-of join": "select a.x from a asof join b on a.t >= b.t",
    "pivot": "pivot t on a using sum(b)",
    "list of rows": "select list(a order by b) from t",
    "similarity": "select jaro_winkler_similarity(a, b) from t",
    "now": "select current_date from t",
    "time zone": "select a at time zone 'UTC' from t",
    "days added": "select a + interval 1 day from t",
    "chance": "select random() from t",
}


PLAIN = {
    "known_by_cutoff.sql": ("known_by_cutoff", "decided_by_cutoff"),
    "portable.sql": ("email_key", "rate_of"),
    "latest_versions.sql": ("latest_versions",),
}


def rendered(path):
    """A model as dbt would compile it, but for dispatched macros: those stand as functions of their own name."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    environment.globals.update(
        {name: lambda *given, name=name: f"portable_{name}({', '.join(map(str, given))})" for name in DISPATCHED},
        ref=lambda name: name,
        source=lambda source, table: f"{source}_{table}",
        config=lambda **_: "",
        as_of_date=lambda plus_days=0: DAY,
    )
    for file, names in PLAIN.items():  # the macros themselves, so that their SQL is held to the same
        macros = environment.from_string((DBT / "macros" / file).read_text(encoding="utf-8")).module
        environment.globals.update({name: getattr(macros, name) for name in names})
    return environment.from_string(path.read_text(encoding="utf-8")).render()


@cache
def tree(sql):
    """The syntax tree of a query."""
    return sqlglot.parse_one(sql, dialect="duckdb")


def not_portable(sql):
    """Functions and clauses that are not known to mean the same on both engines."""
    found = set()
    for node in tree(sql).walk():
        if isinstance(node, exp.Anonymous):
            found |= {node.name} - {f"portable_{name}" for name in DISPATCHED}
        elif isinstance(node, exp.Func | exp.Pivot | exp.Interval | exp.AtTimeZone):
            found |= {type(node).__name__} - SAME_EVERYWHERE
        elif isinstance(node, exp.Join) and node.args.get("method"):
            found.add(f"{node.args['method']} join")
    return found


@pytest.mark.parametrize("name", SQL)
def test_a_query_uses_only_what_means_the_same_on_both_engines(name):
    assert not_portable(rendered(SQL[name])) == set()


@pytest.mark.parametrize("name", SQL)
def test_a_query_can_be_written_for_spark(name):
    written = sqlglot.transpile(
        rendered(SQL[name]), read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE
    )
    assert len(written) == 1
    assert sqlglot.parse_one(written[0], dialect="spark").named_selects == tree(rendered(SQL[name])).named_selects


@pytest.mark.parametrize("what", DIFFERENT)
def test_what_is_known_to_differ_is_refused(what):
    assert not_portable(DIFFERENT[what]) != set()


def test_each_dispatched_macro_is_written_for_both_engines():
    text = (DBT / "macros" / "portable.sql").read_text(encoding="utf-8")
    missing = {
        f"{engine}__{name}"
        for name in DISPATCHED
        for engine in ("default", "spark")
        if f"macro {engine}__{name}(" not in text
    }
    assert missing <= {"spark__week_start"}  # one spelling for both
    assert all(f"adapter.dispatch('{name}', 'nightmarket')" in text for name in DISPATCHED)
