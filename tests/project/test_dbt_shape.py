"""The warehouse keeps its own rules: layers, names, grain, documentation, and what a column's name promises."""

import re
from functools import cache

import pytest
import yaml

from pipelines.ledger import SEALS
from pipelines.ledger_schema import STREAMS
from tests.builders.bronze import TABLES
from tests.builders.warehouse import DBT, SEEDS, SELECTIONS, built

MARTS = ("core", "decisions", "activation", "measurement")
MAY_READ = {  # layer -> the layers it may select from; the marts' order is the order of the night
    "staging": {"source"},
    "intermediate": {"staging", "intermediate"},
    "identity": {"intermediate", "identity", "seed"},
    "core": {"staging", "intermediate", "identity", "core", "seed"},
    "decisions": {"staging", "intermediate", "decisions"},
    "activation": {"staging", "decisions", "activation"},
    "measurement": {"staging", "intermediate", "core", "decisions", "measurement", "seed"},
}
NAMES = {
    "staging": r"stg_[a-z][a-z0-9]*__[a-z_]+",
    "intermediate": r"int_[a-z_]+__[a-z_]+",
    "identity": r"(identity|person)_[a-z_]+",
    "core": r"(dim|fct|person)_[a-z_]+|contact_history|customer_360",
}
ENDINGS = {
    r"_id|_ref|_upc|_code|_name|_hash|_band": {"VARCHAR"},
    r"_at": {"TIMESTAMP"},
    r"_date": {"DATE"},
    r"_amount(_\d+d)?": {"DECIMAL(18,2)", "DECIMAL(18,4)"},
    r"_count(_\d+d)?": {"INTEGER", "BIGINT"},
    r"_days|days_since_.*": {"INTEGER", "BIGINT"},
    r"_rate(_\d+d)?": {"DOUBLE", "DECIMAL(6,4)"},
    r"_probability": {"DOUBLE"},
    r"(is|has)_.*": {"BOOLEAN"},
}
BANDS = {"kids_count"}  # a band up to `3+`, as the source gives it
FORBIDDEN = {"recency", "frequency", "tenure", "propensity", "revenue", "profit", "uplift", "score", "value", "id"}
PASSED_ON = {"int_nights__sealed"}  # it collapses and holds no rule
SUFFIX_OF_MONEY_IN_CENTS = "_cents"


def models():
    """The models by name."""
    return built().nodes("model")


def layer(node):
    """Which layer a node stands in: a folder of models, or seed or source."""
    if node["resource_type"] != "model":
        return node["resource_type"]
    folders = node["fqn"][1:-1]
    return folders[1] if folders[0] == "marts" else folders[0]


def by_id(unique_id):
    """A node or source by its id."""
    return built().manifest["nodes"].get(unique_id) or built().manifest["sources"][unique_id]


def generic_tests_of(name):
    """The generic tests attached to a model, by kind."""
    return [
        (test["test_metadata"]["name"], test["test_metadata"]["kwargs"])
        for test in built().nodes("test").values()
        if test.get("attached_node") == models()[name]["unique_id"] and test.get("test_metadata")
    ]


@cache
def columns():
    """Columns and types of every built relation of ours, by model."""
    rows = built().read(
        "select table_schema, table_name, column_name, data_type "
        "from information_schema.columns order by ordinal_position"
    )
    found = {}
    for schema, table, column, kind in rows:
        found.setdefault((schema, table), {})[column] = kind
    return {name: found[node["schema"], node["name"]] for name, node in models().items()}


def test_a_model_reads_only_the_layers_before_it():
    wrong = {
        f"{name} reads {by_id(parent)['name']}"
        for name, node in models().items()
        for parent in node["depends_on"]["nodes"]
        if layer(by_id(parent)) not in MAY_READ[layer(node)]
    }
    assert wrong == set()


def test_a_staging_model_reads_its_own_source_and_joins_nothing():
    staging = {name: node for name, node in models().items() if layer(node) == "staging"}
    for name, node in staging.items():
        parents = [by_id(parent) for parent in node["depends_on"]["nodes"]]
        assert [f"stg_{p['source_name']}__{p['name']}" for p in parents] == [name]
        assert not re.search(r"\b(join|group by|union|distinct)\b", node["raw_code"]), f"{name} does more than rename."


def test_every_contract_is_a_source_and_every_source_has_a_contract_or_a_stream():
    sources = {f"{s['source_name']}.{s['name']}" for s in built().manifest["sources"].values()}
    ledger = {name for name in sources if name.startswith("ledger.")}
    assert sources - ledger == set(TABLES)
    assert ledger <= {f"ledger.{stream}" for stream in (*STREAMS, SEALS)}


def test_a_model_is_named_after_its_layer():
    wrong = {name for name, node in models().items() if not re.fullmatch(NAMES.get(layer(node), r"[a-z_]+"), name)}
    assert wrong == set()
    assert {node["schema"] for node in models().values() if layer(node) == "core"} == {"marts"}


def test_a_model_says_what_a_row_is_and_a_test_holds_it_to_that():
    for name, node in models().items():
        first_line = node["raw_code"].splitlines()[0]
        assert node["description"].startswith("One row per "), f"{name} does not say in YAML what a row is."
        assert first_line.startswith("-- One row per "), f"{name} does not say in SQL what a row is."
        assert "unique_grain" in {kind for kind, _ in generic_tests_of(name)}, f"no test holds {name} to its grain."


def test_every_column_is_documented_and_no_other():
    for name, node in models().items():
        documented = {column: facts["description"] for column, facts in node["columns"].items()}
        assert set(columns()[name]) == set(documented), name
        assert [column for column, text in documented.items() if not text] == [], name


def test_every_seed_and_its_columns_are_documented():
    for name, seed in built().nodes("seed").items():
        header = (SEEDS / f"{name}.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
        assert "One row" in seed["description"], name
        assert {c for c, facts in seed["columns"].items() if facts["description"]} == set(header), name


def test_what_others_read_is_under_contract():
    loose = {
        name
        for name, node in models().items()
        if layer(node) in ("identity", *MARTS) and not node["config"]["contract"]["enforced"]
    }
    assert loose == set()


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_columns_ending_tells_its_type(ending):
    wrong = {
        f"{name}.{column} is {kind}"
        for name, kinds in columns().items()
        for column, kind in kinds.items()
        if re.fullmatch(f"(.*)({ending})", column) and column not in BANDS and kind not in ENDINGS[ending]
    }
    assert wrong == set()


def test_a_boolean_and_an_amount_are_named_as_such():
    named = {
        f"{name}.{column}"
        for name, kinds in columns().items()
        for column, kind in kinds.items()
        if (kind == "BOOLEAN" and not column.startswith(("is_", "has_")))
        or (kind.startswith("DECIMAL(18") and not re.search(r"_amount(_\d+d)?$", column))
    }
    assert named == set()


def test_a_word_with_two_meanings_names_no_column():
    wrong = {
        f"{name}.{column}"
        for name, kinds in columns().items()
        for column in kinds
        if column in FORBIDDEN
        or column.endswith(SUFFIX_OF_MONEY_IN_CENTS)
        or {"recency", "propensity", "revenue"} & set(column.split("_"))
    }
    assert wrong == set()


def test_sql_names_its_columns_and_repairs_no_join():
    for name, node in models().items():
        fetched = re.sub(r"select \* from \S+|select\s+\*,|\w+\.\*", "", re.sub(r"\{\{.*?\}\}", "x", node["raw_code"]))
        assert "*" not in re.sub(r"count\(\*\)|\w+ \* |'\*'", "", fetched), f"{name} selects columns it does not name."
        assert not re.search(r"select\s+distinct", node["raw_code"]), f"{name} repairs a join with distinct."


def test_every_model_with_a_rule_has_a_unit_test():
    tested = {test["model"] for test in built().manifest["unit_tests"].values()}
    ruled = {name for name, node in models().items() if layer(node) != "staging"}
    assert ruled - tested == PASSED_ON


def test_a_unit_test_is_named_and_described_as_a_sentence():
    wrong = {
        test["name"]
        for test in built().manifest["unit_tests"].values()
        if len(test["name"].split("_")) < 5 or not (test["description"] or "").endswith(".")
    }
    assert wrong == set()


def test_documentation_stands_beside_its_models():
    folders = {path.parent for path in (DBT / "models").rglob("*.sql")}
    for folder in folders:
        described = {
            model["name"]
            for path in folder.glob("_*.yml")
            for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", [])
        }
        assert described == {path.stem for path in folder.glob("*.sql")}, folder


def test_a_night_builds_every_table_once_and_runs_every_test_but_those_of_empty_cells():
    selected = [result.node.name for result in built().empty_results.values()]
    ours = built().nodes("model", "seed", "test")
    of_cells = {n for n, node in ours.items() if (node.get("test_metadata") or {}).get("name") == "not_null"}
    assert len(SELECTIONS) == 3
    assert set(ours) - set(selected) == of_cells
