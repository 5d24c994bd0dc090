"""The repository as the project tests see it: its files, their text and their syntax trees."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("pipelines", "ml", "data_quality")
NOT_OURS = {"__pycache__", "target", "logs", "build", "dist", "var", "node_modules"}
TEXT = {".py", ".sql", ".yml", ".yaml", ".md", ".toml", ".json", ".csv", ".j2", ".css", ".txt", ""}


@cache
def files(*suffixes: str) -> tuple[Path, ...]:
    """Every file of the project with one of the suffixes, sorted; nothing hidden except the CI folder."""
    return tuple(sorted(path for path in _walk(ROOT) if path.suffix in suffixes))


def python_files(*folders: str) -> list[Path]:
    """The Python files of some top-level folders."""
    return [path for path in files(".py") if path.relative_to(ROOT).parts[0] in folders]


@cache
def text_of(path: Path) -> str:
    """A file's text."""
    return path.read_text(encoding="utf-8")


@cache
def tree_of(path: Path) -> ast.Module:
    """A Python file's syntax tree."""
    return ast.parse(text_of(path), filename=str(path))


def name_of(path: Path) -> str:
    """A path as people write it, from the root."""
    return path.relative_to(ROOT).as_posix()


def dotted(node: ast.expr) -> str:
    """`a.b.c` of a chain of names; empty for anything else."""
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return node.id if isinstance(node, ast.Name) else ""


def imported_names(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    """Every imported thing as a dotted name, wherever in the file it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def used_names(tree: ast.AST) -> set[str]:
    """Every dotted name that the code uses, imported names in full: `now` is `datetime.datetime.now`."""
    known = {}
    for statement, full in imported_names(tree):
        for alias in statement.names:  # type: ignore[attr-defined]
            short = alias.asname or alias.name.split(".")[0]
            whole = full if isinstance(statement, ast.ImportFrom) or alias.asname else short
            if full.endswith(alias.name):
                known[short] = whole
    used = {full for _, full in imported_names(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name) and (name := dotted(node)):
            head, _, rest = name.partition(".")
            used.add(".".join(filter(None, (known.get(head, head), rest))))
    return used


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        is_hidden = path.name.startswith(".") and path.name != ".ci"
        if is_hidden or path.name in NOT_OURS or path.name.endswith(".egg-info"):
            continue
        if path.is_dir():
            yield from _walk(path)
        else:
            yield path
