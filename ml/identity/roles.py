"""Which column of a table says what about a person?"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ml.errors import ContractError

KNOWN_ROLES = (
    "given_name",
    "family_name",
    "full_name",
    "birth_date",
    "gender",
    "email",
    "phone",
    "street",
    "city",
    "region",
    "postcode",
    "country",
    "loyalty_id",
    "account_id",
    "device_id",
    "source",
)
SEVERAL_COLUMNS = ("street", "email", "phone")
EXAMPLE = "Write ROLE=COLUMN, for example family_name=surname."


@dataclass(frozen=True, slots=True)
class Role:
    """What a column is: one of KNOWN_ROLES, or any other name for a plain attribute."""

    role: str
    column: str


def parse_roles(texts: list[str]) -> tuple[Role, ...]:
    """The roles that a command line names, in its order.

    Takes     texts: `ROLE=COLUMN` each. The role ends at the first `=`; the column may hold further ones.
    Returns   Role per text. Street, e-mail and phone may come several times: streets are joined in the order given, of
              e-mails and phones the first that can be read counts.
    Raises    ContractError   a text without `=`, without role or column; a role or a pair given twice; no text at all.
    """
    roles = tuple(_parsed(text) for text in texts)
    require_roles(roles)
    return roles


def require_roles(roles: Sequence[Role]) -> None:
    """Refuse a list of roles that cannot be meant.

    Raises    ContractError   no role, a role without name or column, a role or a pair given twice.
    """
    if not roles:
        raise ContractError(f"--map: expected at least one role, got none. {EXAMPLE}")
    for role in roles:
        if not role.role or not role.column:
            raise ContractError(f"--map: expected a role and a column, got {role.role!r}={role.column!r}. {EXAMPLE}")
    counts = Counter(role.role for role in roles if role.role not in SEVERAL_COLUMNS)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        columns = [role.column for role in roles if role.role == twice[0]]
        raise ContractError(
            f"--map {twice[0]}: expected one column, got {len(columns)} ({', '.join(columns)}). Only "
            f"{', '.join(SEVERAL_COLUMNS)} may have several: choose one, or give the other a name of its own."
        )
    pairs = Counter(roles)
    repeated = [role for role, count in pairs.items() if count > 1]
    if repeated:
        first = repeated[0]
        raise ContractError(f"--map: expected {first.role}={first.column} once, got it {pairs[first]} times. Drop one.")


def _parsed(text: str) -> Role:
    role, sign, column = text.partition("=")
    role, column = role.strip().lower(), column.strip()
    if not sign or not role or not column:
        raise ContractError(f"--map: expected a role, = and a column, got {text!r}. {EXAMPLE}")
    return Role(role, column)
