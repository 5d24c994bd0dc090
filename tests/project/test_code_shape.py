"""Files and functions stay short, say what they are for, and hold nothing unfinished or private."""

import ast
import re
import tokenize
from io import StringIO

import pytest

from tests.project.repository import PACKAGES, TEXT, files, name_of, python_files, text_of, tree_of

LONGEST_FILE = {".py": 250, ".sql": 150, ".yml": 300}
LONGEST_FUNCTION = 60
UNFINISHED = re.compile("|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "Not" + "ImplementedError"]))
MACHINE = re.compile(r"(?<![\w.}*>])/(?:home|root|Users|tmp|work|mnt|private|var/folders)/|\b[A-Z]:\\\\?Users")
FIRST_PERSON = re.compile(r"\b(?:I|I'm|I've|I'll|[Mm]y|myself)\b(?!/)")
MAIL = re.compile(r"[\w.+-]+@(?!example\.|[\w.-]*\.example\b)[\w-]+\.[a-z]{2,}")
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
CODE = python_files(*PACKAGES)
OUTSIDE_TESTS = [path for path in files(*LONGEST_FILE) if not name_of(path).startswith("tests/")]
OWN_WORDS = [path for path in files(*TEXT) if path.suffix != ".csv" and not name_of(path).startswith("requirements/")]


def functions(tree):
    """Functions and methods; those inside a function are its own business."""
    for node in tree.body:
        if isinstance(node, FUNCTION):
            yield node
        elif isinstance(node, ast.ClassDef):
            yield from functions(node)


def undocumented(tree):
    """Public functions, classes and methods without a docstring, and the module itself."""
    found = [] if ast.get_docstring(tree) or not tree.body else ["the module"]
    for node in tree.body:
        if isinstance(node, FUNCTION | ast.ClassDef) and not node.name.startswith("_"):
            if not ast.get_docstring(node):
                found.append(node.name)
            if isinstance(node, ast.ClassDef):
                found += [f"{node.name}.{name}" for name in undocumented_methods(node)]
    return found


def undocumented_methods(node):
    """Public methods without a docstring."""
    return [m.name for m in functions(node) if not m.name.startswith("_") and not ast.get_docstring(m)]


def prose(path):
    """What people read in a file: all of a page, the comments and docstrings of code."""
    text = text_of(path)
    if path.suffix == ".md":
        return re.sub(r"```.*?```|`[^`\n]*`", " ", text, flags=re.DOTALL)
    if path.suffix != ".py":
        return "\n".join(re.findall(r"(?:--|#)\s[^\n]*", text))
    tokens = tokenize.generate_tokens(StringIO(text).readline)
    comments = [token.string for token in tokens if token.type == tokenize.COMMENT]
    docs = [
        ast.get_docstring(n) or ""
        for n in ast.walk(tree_of(path))
        if isinstance(n, FUNCTION | ast.ClassDef | ast.Module)
    ]
    return re.sub(r"`[^`\n]*`", " ", "\n".join(comments + docs))


def too_long_functions(tree):
    """Names of functions with more lines than a reader can hold."""
    return [f.name for f in functions(tree) if (f.end_lineno or 0) - f.lineno + 1 > LONGEST_FUNCTION]


def test_no_file_is_too_long():
    lines = {name_of(path): (text_of(path).count("\n"), LONGEST_FILE[path.suffix]) for path in OUTSIDE_TESTS}
    assert {name: found for name, found in lines.items() if found[0] > found[1]} == {}


def test_no_function_is_too_long():
    found = {name_of(path): too_long_functions(tree_of(path)) for path in CODE}
    assert {name: names for name, names in found.items() if names} == {}


def test_everything_public_says_what_it_is_for():
    found = {name_of(path): undocumented(tree_of(path)) for path in CODE}
    assert {name: names for name, names in found.items() if names} == {}


def test_nothing_is_left_unfinished():
    assert [name_of(path) for path in files(*TEXT) if UNFINISHED.search(text_of(path))] == []


def test_no_file_knows_somebodys_machine():
    found = {name_of(path): MACHINE.findall(text_of(path)) for path in OWN_WORDS if path.name != "test_code_shape.py"}
    assert {name: paths for name, paths in found.items() if paths} == {}


def test_nobody_speaks_of_himself():
    found = {name_of(path): FIRST_PERSON.findall(prose(path)) for path in OWN_WORDS if path.name != "LICENSE"}
    assert {name: words for name, words in found.items() if words} == {}


def test_no_file_holds_somebodys_address():
    found = {name_of(path): MAIL.findall(text_of(path)) for path in files(*TEXT) if path.name != "test_code_shape.py"}
    assert {name: mails for name, mails in found.items() if mails} == {}


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("def f(): pass", ["the module", "f"]),
        ('"""M."""\nclass C:\n    """C."""\n    def m(self): pass\n    def _m(self): pass', ["C.m"]),
        ('"""M."""\ndef _f(): pass', []),
        ("", []),
    ],
)
def test_a_missing_docstring_is_seen(code, found):
    assert undocumented(ast.parse(code)) == found


def test_a_long_function_is_seen_and_one_at_the_limit_is_not():
    body = "    x = 1\n"
    assert too_long_functions(ast.parse("def f():\n" + body * LONGEST_FUNCTION)) == ["f"]
    assert too_long_functions(ast.parse("class C:\n    def m(self):\n" + f"    {body}" * (LONGEST_FUNCTION - 1))) == []


@pytest.mark.parametrize("text", ['"/home/ann/x"', "cd /tmp/x", "C:\\Users\\ann", "see /work/x"])
def test_a_machine_path_is_seen(text):
    assert MACHINE.search(text)


@pytest.mark.parametrize("text", ["ml/home/x.py", "https://a.example/home/x", "<home>/tmp/x", "`src/work/x`"])
def test_a_relative_path_is_no_machine_path(text):
    assert not MACHINE.search(text)


def test_an_address_is_seen_and_an_example_is_not():
    assert MAIL.search("ask ann@shop.com")
    assert not MAIL.search("ask ann@example.com or bob@shop.example")
