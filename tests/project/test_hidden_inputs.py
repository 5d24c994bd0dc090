"""A night is a function of its inputs: clock, environment and chance come in through one door each."""

import ast
import re

import pytest

from tests.project.repository import PACKAGES, ROOT, dotted, files, name_of, python_files, text_of, tree_of, used_names

ENVIRONMENT = {"os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv", "os.unsetenv"}
CLOCK = {
    *(f"datetime.datetime.{name}" for name in ("now", "utcnow", "today")),
    "datetime.date.today",
    *(
        f"time.{name}"
        for name in ("time", "time_ns", "monotonic", "perf_counter", "process_time", "localtime", "gmtime")
    ),
}
CHANCE = {"random", "secrets", "uuid.uuid1", "uuid.uuid4", "os.urandom"}
GLOBAL_CHANCE = re.compile(r"numpy\.random\.(?!default_rng|Generator|SeedSequence|PCG64|Philox|BitGenerator)\w+")
SLEEPING = "ml/__init__.py"  # before anything of it can load the library that asks
SQL_CLOCK = re.compile(
    r"\b(current_date|current_timestamp|current_time|localtimestamp|now\s*\(|today\s*\(|get_current_timestamp"
    r"|run_started_at|random\s*\(|uuid\s*\(|gen_random_uuid|modules\.datetime\.\w+\.(?:now|today|utcnow))",
    re.IGNORECASE,
)
SQL = [path for path in files(".sql") if "tests" not in path.relative_to(ROOT).parts[0]]
CODE = python_files(*PACKAGES)


def reaches(tree, doors):
    """The names among `doors` that the code uses, itself or something below it."""
    names = used_names(tree)
    return sorted(door for door in doors if any(name == door or name.startswith(f"{door}.") for name in names))


def unseeded(tree):
    """Generators made without a seed, and numpy's one for everybody."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    bare = [dotted(call.func) for call in calls if dotted(call.func).endswith("default_rng") and not call.args]
    return bare + sorted(name for name in used_names(tree) if GLOBAL_CHANCE.match(name))


def without_comments(sql):
    """SQL as the database sees it: comments of both languages and quoted text taken out."""
    return re.sub(r"--[^\n]*|/\*.*?\*/|\{#.*?#\}|'[^'\n]*'", " ", sql, flags=re.DOTALL)


@pytest.mark.parametrize(
    ("doors", "keeper"),
    [(ENVIRONMENT, ("pipelines/settings.py", SLEEPING)), (CLOCK, ("pipelines/clock.py",)), (CHANCE, ())],
    ids=["environment", "clock", "chance"],
)
def test_only_its_keeper_opens_the_door(doors, keeper):
    guilty = {name_of(path): reaches(tree_of(path), doors) for path in CODE if name_of(path) not in keeper}
    assert {name: found for name, found in guilty.items() if found} == {}


def test_the_engines_leave_word_how_threads_wait_and_read_nothing():
    code = [ast.unparse(node) for node in tree_of(ROOT / SLEEPING).body[1:]]
    assert code == ["import os", "os.environ.setdefault('OMP_WAIT_POLICY', 'passive')"]


def test_every_random_generator_has_a_seed():
    guilty = {name_of(path): unseeded(tree_of(path)) for path in CODE}
    assert {name: found for name, found in guilty.items() if found} == {}


@pytest.mark.parametrize("path", SQL, ids=name_of)
def test_sql_knows_no_clock_and_no_chance(path):
    assert SQL_CLOCK.findall(without_comments(text_of(path))) == []


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos.environ['A']",
        "import os as o\no.getenv('A')",
        "from os import environ\nenviron['A']",
        "from os import getenv as g\ng('A')",
    ],
)
def test_a_hidden_look_at_the_environment_is_seen(code):
    assert reaches(ast.parse(code), ENVIRONMENT)


@pytest.mark.parametrize(
    "code",
    [
        "from datetime import datetime\ndatetime.now()",
        "import datetime as dt\ndt.datetime.now(dt.UTC)",
        "from datetime import date as d\nd.today()",
        "import time\ntime.time()",
        "from time import perf_counter\nperf_counter()",
        "def f():\n    from datetime import datetime\n    return datetime.utcnow",
    ],
)
def test_a_hidden_look_at_the_clock_is_seen(code):
    assert reaches(ast.parse(code), CLOCK)


@pytest.mark.parametrize(
    "code", ["import random", "from random import choice", "import uuid\nuuid.uuid4()", "from uuid import uuid1"]
)
def test_chance_is_seen(code):
    assert reaches(ast.parse(code), CHANCE)


@pytest.mark.parametrize(
    "code",
    ["import numpy as np\nnp.random.default_rng()", "import numpy as np\nnp.random.shuffle(x)"],
)
def test_an_unseeded_generator_is_seen(code):
    assert unseeded(ast.parse(code))


def test_a_seeded_generator_and_a_given_day_are_fine():
    code = ast.parse("import numpy as np\nfrom datetime import date\nnp.random.default_rng(7)\ndate(2017, 1, 1)")
    assert unseeded(code) == []
    assert reaches(code, CLOCK | CHANCE | ENVIRONMENT) == []


@pytest.mark.parametrize("sql", ["select current_date", "where x < now()", "{{ run_started_at }}", "order by random()"])
def test_a_clock_in_sql_is_seen(sql):
    assert SQL_CLOCK.search(without_comments(sql))
    assert not SQL_CLOCK.search(without_comments(f"-- {sql}\nselect 1"))
