"""How one cell of a seed table becomes a typed value, and what is said when it cannot."""

import math
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation

Value = str | bool | int | Decimal | date | None
Cell = Callable[[str | None], Value]

ID = re.compile(r"^[a-z0-9][a-z0-9_-]*$")  # ids stand in JSON, file names and reason codes
LARGEST_AMOUNT = Decimal(10) ** 9  # above it exact integer arithmetic would need more than 64 bits
STEP = Decimal("0.0001")


def identifier(text: str | None) -> str:
    """A key: lower-case letters, digits, `_`, `-`."""
    if text is None or not ID.match(text):
        raise ValueError("lower-case letters, digits, _ and - only")
    return text


def any_or_identifier(text: str | None) -> str:
    """A key, or `*` for any."""
    return "*" if text == "*" else identifier(text)


def words(text: str | None) -> str:
    """Text for people; not empty."""
    if text is None or not text.strip():
        raise ValueError("text")
    return text


def one_of(*allowed: str) -> Cell:
    """One of a closed list."""

    def parse(text: str | None) -> str:
        if text not in allowed:
            raise ValueError(f"one of {', '.join(allowed)}")
        return text

    return parse


def number(text: str | None) -> Decimal:
    """A finite number with at most four decimals."""
    try:
        value = Decimal(text or "")
    except InvalidOperation as error:
        raise ValueError("a number") from error
    if not value.is_finite() or abs(value) > LARGEST_AMOUNT or value != value.quantize(STEP):
        raise ValueError("a finite number with at most four decimals")
    return value


def amount(text: str | None) -> Decimal:
    """Money or another quantity that cannot be negative."""
    value = number(text)
    if value < 0:
        raise ValueError("a number of at least 0")
    return value


def rate(text: str | None) -> Decimal:
    """A share between 0 and 1."""
    value = number(text)
    if not 0 <= value <= 1:
        raise ValueError("a number from 0 to 1")
    return value


def whole(text: str | None) -> int:
    """A whole number of at least 0."""
    value = amount(text)
    if value != math.floor(value):
        raise ValueError("a whole number of at least 0")
    return int(value)


def days(text: str | None) -> int:
    """A length of at least one day."""
    value = whole(text)
    if value < 1:
        raise ValueError("a whole number of at least 1")
    return value


def yes_no(text: str | None) -> bool:
    """`true` or `false`."""
    if text not in ("true", "false"):
        raise ValueError("true or false")
    return text == "true"


def day(text: str | None) -> date:
    """An ISO date."""
    try:
        return date.fromisoformat(text or "")
    except ValueError as error:
        raise ValueError("a date like 2017-12-26") from error


def optional(cell: Cell) -> Cell:
    """The same, or empty."""
    return lambda text: None if text is None else cell(text)
