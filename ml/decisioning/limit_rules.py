"""What a limits file says: caps for each person, and limits that all share."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ml.errors import ContractError

Scalar = str | int | float | bool
Where = tuple[tuple[str, tuple[Scalar, ...]], ...]
PERSON_KEYS = {"name", "where", "at_most"}
GLOBAL_KEYS = {"name", "where", "sum", "at_most", "at_least"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One limit: of the rows that match `where`, the count or the sum of a column."""

    name: str
    where: Where
    column: str | None
    at_most: float
    at_least: float


@dataclass(frozen=True, slots=True)
class LimitRules:
    """A whole limits file."""

    per_person: tuple[Rule, ...]
    shared: tuple[Rule, ...]

    @property
    def where_columns(self) -> list[str]:
        """Columns that some limit asks about, sorted."""
        return sorted({column for rule in (*self.per_person, *self.shared) for column, _ in rule.where})

    @property
    def sum_columns(self) -> list[str]:
        """Columns that some limit sums, sorted."""
        return sorted({rule.column for rule in self.shared if rule.column is not None})


def parse_limits(content: Any) -> LimitRules:
    """Limits from the content of a YAML file.

    Takes     content: a mapping with the lists `per_person` and `global`, either may be absent.
    Raises    ContractError   a key is unknown, a name repeats, a number is missing or is not one.
    """
    if content is None:
        content = {}
    if not isinstance(content, Mapping) or set(content) - {"per_person", "global"}:
        raise ContractError(
            f"limits: expected the keys per_person and global, got {_shown(content)}. Rename or remove."
        )
    for key in ("per_person", "global"):
        if not isinstance(content.get(key) or [], list):
            raise ContractError(f"limits.{key}: expected a list, got {_shown(content[key])}. Begin each limit with -.")
    own = tuple(_rule(row, f"per_person[{n}]", PERSON_KEYS) for n, row in enumerate(content.get("per_person") or []))
    shared = tuple(_rule(row, f"global[{n}]", GLOBAL_KEYS) for n, row in enumerate(content.get("global") or []))
    for rule in own:
        if not math.isfinite(rule.at_most) or rule.at_most != int(rule.at_most) or rule.at_most < 0:
            raise ContractError(f"limits.{rule.name}: expected at_most to be a whole number from 0 on. Correct it.")
    names = [rule.name for rule in (*own, *shared)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ContractError(f"limits: expected every name once, got {', '.join(twice)} more than once. Rename one.")
    return LimitRules(own, shared)


def _rule(row: Any, place: str, keys: set[str]) -> Rule:
    if not isinstance(row, Mapping) or set(row) - keys or not isinstance(row.get("name"), str):
        expected = ", ".join(sorted(keys))
        raise ContractError(f"limits.{place}: expected a name and some of {expected}, got {_shown(row)}. Correct it.")
    name = row["name"]
    at_most, at_least = _number(row, "at_most", math.inf, name), _number(row, "at_least", -math.inf, name)
    if math.isinf(at_most) and math.isinf(at_least):
        raise ContractError(f"limits.{name}: expected at_most or at_least, got neither. Add one, or remove the limit.")
    if at_most < at_least:
        raise ContractError(
            f"limits: no choice keeps {name} (at least {at_least:,.10g}) and {name} (at most {at_most:,.10g}) "
            "together. Lower the minimum or raise the maximum."
        )
    column = row.get("sum")
    if column is not None and not isinstance(column, str):
        raise ContractError(f"limits.{name}.sum: expected the name of a column, got {_shown(column)}. Correct it.")
    return Rule(name, _where(row.get("where"), name), column, at_most, at_least)


def _where(given: Any, name: str) -> Where:
    if given is None:
        return ()
    if not isinstance(given, Mapping):
        raise ContractError(f"limits.{name}.where: expected column: value, got {_shown(given)}. Correct it.")
    found = []
    for column, value in sorted(given.items(), key=lambda pair: str(pair[0])):
        values = value if isinstance(value, list) else [value]
        values = [v if isinstance(v, str | int | float | bool) or v is None else str(v) for v in values]
        if not values or any(v is None for v in values):
            raise ContractError(f"limits.{name}.where.{column}: expected a value, got {_shown(value)}. Write one.")
        found.append((str(column), tuple(values)))
    return tuple(found)


def _number(row: Mapping[str, Any], key: str, default: float, name: str) -> float:
    value = row.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ContractError(f"limits.{name}.{key}: expected a finite number, got {_shown(value)}. Correct it.")
    return float(value)


def _shown(value: Any) -> str:
    text = repr(dict(value) if isinstance(value, Mapping) else value)
    return text if len(text) <= 80 else text[:77] + "..."
