"""A relation is replaced whole or not at all, whatever it was before."""

import shutil

import duckdb
import pytest

from pipelines.dbt import invoke, variables
from pipelines.dbt_parse import ANY_DAY
from pipelines.settings import PROJECT_DIR, load_settings

PROJECT = """
name: nightmarket
version: "0.1.0"
config-version: 2
profile: nightmarket
model-paths: [models]
"""
CONTRACT = """
models:
  - name: one
    config: {contract: {enforced: true}}
    columns: [{name: number, data_type: integer}]
"""
AS_TABLE, AS_VIEW = "{{ config(materialized='table') }}\n", "{{ config(materialized='view') }}\n"

HALF_WAY = "select (case when i < 2 then i else error('half-way') end)::integer as number from range(3) as numbers(i)"


@pytest.fixture
def build(tmp_path):
    """Builds a project of one model, `one`, and says whether dbt is content."""
    folder = tmp_path / "project"
    (folder / "models").mkdir(parents=True)
    shutil.copytree(PROJECT_DIR / "dbt_project" / "macros", folder / "macros")
    shutil.copy(PROJECT_DIR / "dbt_project" / "profiles.yml", folder)
    (folder / "dbt_project.yml").write_text(PROJECT, encoding="utf-8")

    def run(sql, contract=""):
        (folder / "models" / "one.sql").write_text(sql, encoding="utf-8")
        (folder / "models" / "one.yml").write_text(contract or "models: []", encoding="utf-8")
        settings = load_settings(home=tmp_path)
        object.__setattr__(settings, "dbt_dir", folder)
        return invoke(settings, ["run", "--vars", variables(ANY_DAY)], None).success

    return run


@pytest.fixture
def rows(tmp_path):
    def read():
        with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as con:
            kinds = con.execute("select table_name, table_type from information_schema.tables order by 1").fetchall()
            return kinds, con.execute("from main.one").fetchall()

    return read


def test_a_relation_is_replaced_whatever_it_was(build, rows):
    assert build(AS_TABLE + "select 1 as number")
    assert rows() == ([("one", "BASE TABLE")], [(1,)])
    assert build(AS_TABLE + "select 2 as number, 'b' as text")
    assert rows() == ([("one", "BASE TABLE")], [(2, "b")])
    assert build(AS_VIEW + "select 3 as number")
    assert rows() == ([("one", "VIEW")], [(3,)])
    assert build(AS_VIEW + "select 4 as number")
    assert rows() == ([("one", "VIEW")], [(4,)])
    assert build(AS_TABLE + "select 5 as number")
    assert rows() == ([("one", "BASE TABLE")], [(5,)])


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        *((kind, wrong) for kind in (AS_TABLE, AS_VIEW) for wrong in ("select no_such", "select 'text' as number")),
        (AS_TABLE, HALF_WAY),  # a view computes nothing when it is made
    ],
)
def test_a_model_that_fails_leaves_what_stood(build, rows, kind, wrong):
    assert build(kind + "select 1 as number", CONTRACT)
    before = rows()
    assert not build(kind + wrong, CONTRACT)
    assert rows() == before
