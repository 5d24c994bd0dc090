"""How numbers, days, money and codes are written for a person who reads English."""

from datetime import date
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from typing import Any

NOTHING = "–"  # no honest number; never a 0
MINUS = "−"
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}
SPOKEN = {"auc": "AUC", "mae": "mean absolute error", "rmse": "root mean squared error", "email": "e-mail"}
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def rounded(value: Decimal | float | str, digits: int) -> Decimal:
    """A number at a fixed number of digits, half to even, from its shortest decimal form."""
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)


def rounded_up(value: Decimal | float | str | None, digits: int) -> Decimal | None:
    """For what is said to be "at most": never smaller than the number itself."""
    return None if value is None else Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_CEILING)


def number(value: Any, digits: int = 0) -> str:
    """`1,234.50`; a dash for nothing."""
    if value is None:
        return NOTHING
    fixed = rounded(value, digits)
    text = f"{abs(fixed):,.{digits}f}"
    return f"{MINUS}{text}" if fixed < 0 else text


def money(value: Any, currency: str, digits: int = 2) -> str:
    """`$1,234.50`; the code before the number where the sign is not known to everybody."""
    if value is None:
        return NOTHING
    symbol = SYMBOLS.get(currency, f"{currency} ")
    text = number(value, digits)
    return f"{MINUS}{symbol}{text[1:]}" if text.startswith(MINUS) else f"{symbol}{text}"


def signed(value: Any, currency: str) -> str:
    """Money with its sign: `+$0.40`, `−$1.20`."""
    if value is None:
        return NOTHING
    return money(value, currency) if rounded(value, 2) <= 0 else f"+{money(value, currency)}"


def percent(value: Any, digits: int = 1) -> str:
    """A share in per cent: `12.5 %`, held together by a space that does not break."""
    return NOTHING if value is None else f"{number(Decimal(str(value)) * 100, digits)}\N{NO-BREAK SPACE}%"


def p_value(value: float | None) -> str:
    """A p-value at three digits; smaller ones are said to be smaller."""
    if value is None:
        return NOTHING
    return "< 0.001" if value < 0.001 else number(value, 3)


def day(value: date | str) -> str:
    """`5 December 2017`, whatever the machine's language."""
    parsed = date.fromisoformat(value) if isinstance(value, str) else value
    return f"{parsed.day} {MONTHS[parsed.month - 1]} {parsed.year}"


def weekday(value: date | str) -> str:
    """`Tuesday`."""
    parsed = date.fromisoformat(value) if isinstance(value, str) else value
    return DAYS[parsed.weekday()]


def words(code: str) -> str:
    """A code as words: `contact_cap_reached` becomes `Contact cap reached`."""
    text = SPOKEN.get(code) or code.replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def count(amount: int, singular: str, plural: str | None = None) -> str:
    """`1 person`, `2,469 people`."""
    return f"{amount:,} {singular if amount == 1 else plural or singular + 's'}"


def share(part: int, whole: int) -> float | None:
    """Part of the whole, None where there is no whole."""
    return part / whole if whole else None
