"""How a value becomes a cell: one line per row, numbers bare, text harmless when a spreadsheet opens the file."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from ml.errors import ContractError

# A spreadsheet runs a cell that begins with one of these (OWASP, CSV injection; the wide forms are
# folded to the narrow ones by East Asian locales, ; separates cells in others, | starts a DDE call).
# The apostrophe is in the list so that taking one off again always gives the text back.
DANGEROUS_STARTS = "=+-@|;'\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}" + (
    "\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)

# A row is one line for every reader (wc, a mail house, a loader without quoted newlines), so line breaks,
# tabs, NUL and the other control characters become a blank.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_IDENTIFIER = re.compile(r"[A-Za-z0-9_.:][A-Za-z0-9_.:\-]*")

Cell = str | int | float | Decimal | date | None


def one_line(text: str) -> str:
    """The text as it may stand in a file: each run of control characters and line breaks is one blank."""
    return _CONTROL.sub(" ", text)


def identifier_cell(value: str, *, column: str) -> str:
    """A key, unchanged and unquoted: escaping would make it another key, so a strange one is refused.

    Raises    ContractError if it is empty or holds anything but letters, digits, `_`, `.`, `:` and inner `-`.
    """
    if not _IDENTIFIER.fullmatch(value):
        raise ContractError(
            f"export column {column}: expected letters, digits and _ . : - (not at the start), got {value!r}. "
            "A key cannot be escaped without becoming another key: correct it at its source."
        )
    return value


def text_cell(text: str | None) -> str:
    """Free text: always quoted, and led by an apostrophe where a spreadsheet would run it as a formula."""
    line = one_line(text or "")
    if not line:
        return ""
    prefix = "'" if line[0] in DANGEROUS_STARTS else ""
    return '"' + (prefix + line).replace('"', '""') + '"'


def plain_text(cell: str) -> str:
    """What `text_cell` was given, from the unquoted cell (a reader takes off one leading apostrophe)."""
    return cell[1:] if cell.startswith("'") else cell


def number_cell(value: int | float | Decimal | None) -> str:
    """A number in plain digits with a point; a float in the fewest digits that give it back exactly."""
    if value is None:
        return ""
    return format(Decimal(repr(value)) if isinstance(value, float) else Decimal(value), "f")


def cell(value: Cell, *, column: str, kind: str) -> str:
    """One cell of a declared kind: id, text, number or date; unknown is an empty cell."""
    if value is None:
        return ""
    if kind == "id":
        return identifier_cell(str(value), column=column)
    if kind == "text":
        return text_cell(str(value))
    if kind == "date" and isinstance(value, date):
        return value.isoformat()
    if kind == "number" and isinstance(value, int | float | Decimal):
        return number_cell(value)
    raise ContractError(f"export column {column}: expected a {kind}, got {value!r}.")


def csv_bytes(columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A whole file: UTF-8 without mark, header, LF, comma, quotes doubled inside quotes (RFC 4180).

    Takes     columns: (name, kind) in file order; rows: in file order, already sorted by a unique key.
    """
    lines = [",".join(name for name, _ in columns)]
    lines += [
        ",".join(cell(value, column=name, kind=kind) for (name, kind), value in zip(columns, row, strict=True))
        for row in rows
    ]
    return ("\n".join(lines) + "\n").encode("utf-8")
