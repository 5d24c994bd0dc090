"""Tests that cannot fail or never run are none: every test asserts, none is skipped, each is named as a sentence."""

import ast
from collections import Counter

import pytest

from tests.project.repository import dotted, name_of, python_files, tree_of

TESTS = [path for path in python_files("tests") if path.name.startswith("test_")]
ABSENT = ("absent", "not installed")  # the one reason to skip: data that the machine does not have
MARKERS = {*(f"pytest.mark.{name}" for name in ("skip", "skipif", "xfail")), "pytest.skip", "pytest.xfail"}
CHECKS = ("pytest.raises", "pytest.warns", "pytest.fail")


def functions_of(tree):
    """The test functions of a file."""
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")]


def asserts_something(function, tree):
    """Whether a test can fail by what it finds: an assertion, or a call of a checking function."""
    checkers = {n.name for n in tree.body if isinstance(n, ast.FunctionDef) and holds_check(n)}
    calls = {dotted(n.func).split(".")[-1] for n in ast.walk(function) if isinstance(n, ast.Call)}
    return holds_check(function) or bool(calls & checkers)


def holds_check(function):
    """Whether an assertion stands in the function itself."""
    for node in ast.walk(function):
        name = dotted(node.func) if isinstance(node, ast.Call) else ""
        is_checking_call = name in CHECKS or name.split(".")[-1].startswith(("assert_", "require_"))
        if isinstance(node, ast.Assert) or is_checking_call:
            return True
    return False


def skips(tree):
    """Markers and calls that keep a test from counting, but for absent data."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    excused = {call.func for call in calls if any(word in ast.unparse(call) for word in ABSENT)}
    marks = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and dotted(node) in MARKERS]
    return [f"line {n.lineno}: {dotted(n)}" for n in marks if n not in excused or n.attr == "xfail"]


def test_no_test_is_skipped_or_excused():
    found = {name_of(path): skips(tree_of(path)) for path in TESTS}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_every_test_asserts_something():
    idle = [
        f"{name_of(path)}::{function.name}"
        for path in TESTS
        for function in functions_of(tree_of(path))
        if not asserts_something(function, tree_of(path))
    ]
    assert idle == []


def test_every_test_is_named_as_a_sentence():
    short = [f"{name_of(p)}::{f.name}" for p in TESTS for f in functions_of(tree_of(p)) if f.name.count("_") < 3]
    assert short == []


def test_no_test_hides_another_of_the_same_name():
    for path in TESTS:
        names = Counter(function.name for function in functions_of(tree_of(path)))
        assert [name for name, count in names.items() if count > 1] == [], name_of(path)


def test_a_test_file_holds_tests():
    assert [name_of(path) for path in TESTS if not functions_of(tree_of(path))] == []


def test_files_of_tests_have_names_of_their_own():
    names = Counter(path.name for path in TESTS)
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("@pytest.mark.skip\ndef test_a(): assert 1", 1),
        ("@pytest.mark.xfail(reason='absent')\ndef test_a(): assert 1", 1),
        ("def test_a():\n    pytest.skip('later')", 1),
        ("@pytest.mark.skipif(True, reason='slow')\ndef test_a(): assert 1", 1),
        ("def test_a():\n    pytest.skip('the example data are absent')", 0),
        ("@pytest.mark.parametrize('a', [1])\ndef test_a(a): assert a", 0),
    ],
)
def test_an_excuse_is_seen(code, expected):
    assert len(skips(ast.parse(code))) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def test_a():\n    f()", False),
        ("def test_a():\n    assert f()", True),
        ("def test_a():\n    with pytest.raises(ValueError):\n        f()", True),
        ("def test_a():\n    assert_frame_equal(a, b)", True),
        ("def check(): assert 1\ndef test_a():\n    check()", True),
        ("def check(): return 1\ndef test_a():\n    check()", False),
    ],
)
def test_an_idle_test_is_seen(code, expected):
    tree = ast.parse(code)
    assert asserts_something(functions_of(tree)[0], tree) is expected
