"""One spelling per fact: what does each record say about its person, in columns that can be compared?"""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from ml.identity.normal.codes import (
    attribute_names,
    normal_countries,
    normal_genders,
    normal_ids,
    normal_places,
    normal_postcodes,
    normal_words,
)
from ml.identity.normal.dates import normal_dates
from ml.identity.normal.emails import normal_emails
from ml.identity.normal.names import normal_family_names, normal_full_names, normal_given_names
from ml.identity.normal.nicknames import given_roots
from ml.identity.normal.phones import normal_phones
from ml.identity.normal.streets import normal_streets
from ml.identity.normal.text import text_of
from ml.identity.roles import KNOWN_ROLES, Role, require_roles

FIELDS = (
    "given_name", "middle_names", "family_name", "given_root", "birth_date", "gender", "email", "email_local",
    "email_domain", "phone", "street_number", "street", "city", "region", "postcode", "country", "loyalty_id",
    "account_id", "device_id", "source",
)  # fmt: skip
PLAIN: dict[str, Callable[[pl.Series], pl.Series]] = {
    "city": normal_places,
    "region": normal_places,
    "postcode": normal_postcodes,
    "country": normal_countries,
    "loyalty_id": normal_ids,
    "account_id": normal_ids,
    "device_id": normal_ids,
    "source": normal_words,
}
NOTED: dict[str, Callable[[pl.Series], tuple[pl.Series, list[str]]]] = {
    "birth_date": normal_dates,
    "gender": normal_genders,
}
Columns = dict[str, pl.Series]


@dataclass(frozen=True, slots=True)
class NormalRecords:
    """Records in canonical columns, all nullable String, in the rows and order of the table they come from."""

    frame: pl.DataFrame
    notes: tuple[str, ...]  # what was read how, and what was taken as unknown, in sentences


def normalise_records(frame: pl.DataFrame, roles: tuple[Role, ...]) -> NormalRecords:
    """Canonical columns of every record.

    Takes     frame, one row per record: the columns that roles name, of any plain type; unknown as null, NaN, empty or
              any word that says so.
    Returns   NormalRecords; its frame has, of FIELDS, those that a role gives, in that order, then attribute_<name> per
              other role. Empty strings and junk words do not occur in it. A row's values depend on that row alone,
              but for what is read from a column as a whole: the order of day and month, default birth dates, gender
              codes, the country of phone numbers, and whether "na" is a name.
    Raises    ContractError   no role, a role twice, a column missing, nested or binary, two columns of one name.
    """
    require_roles(roles)
    raw = {role: text_of(frame, role.column) for role in roles}
    notes: list[str] = []
    columns = _names(raw, notes) | _plain(raw, notes) | _contacts(raw, notes)
    if any(role.role == "street" for role in roles):
        lines = normal_streets(_of(raw, "street"))
        columns |= {name: lines[name] for name in lines.columns}
        notes += _unknown("street", _of(raw, "street"), lines.get_columns())
    others = [role for role in roles if role.role not in KNOWN_ROLES]
    for name, role in zip(attribute_names([role.role for role in others]), others, strict=True):
        columns[name] = normal_words(raw[role])
        notes += _unknown(name, [raw[role]], [columns[name]])
    ordered = [name for name in FIELDS if name in columns] + [name for name in columns if name not in FIELDS]
    table = pl.DataFrame([columns[name].cast(pl.String).alias(name) for name in ordered])
    return NormalRecords(table, tuple(notes))


def _of(raw: dict[Role, pl.Series], name: str) -> list[pl.Series]:
    return [texts for role, texts in raw.items() if role.role == name]


def _names(raw: dict[Role, pl.Series], notes: list[str]) -> Columns:
    """Given, middle and family names: a column of its own goes before a part of the full name."""
    found: Columns = {}
    for texts in _of(raw, "given_name"):
        parts = normal_given_names(texts)
        found |= {name: parts[name] for name in parts.columns}
        notes += _unknown("given_name", [texts], [found["given_name"]])
    for texts in _of(raw, "family_name"):
        found["family_name"] = normal_family_names(texts)
        notes += _unknown("family_name", [texts], [found["family_name"]])
    for texts in _of(raw, "full_name"):
        full, told = normal_full_names(texts)
        notes += told + _unknown("full_name", [texts], [full["given_name"], full["family_name"]])
        for name in full.columns:
            found[name] = found[name].zip_with(found[name].is_not_null(), full[name]) if name in found else full[name]
    if "given_name" in found:
        found["given_root"] = given_roots(found["given_name"])
    return found


def _plain(raw: dict[Role, pl.Series], notes: list[str]) -> Columns:
    """Roles of one column that becomes one column."""
    found: Columns = {}
    for role, texts in raw.items():
        if role.role in PLAIN:
            found[role.role] = PLAIN[role.role](texts)
        elif role.role in NOTED:
            found[role.role], told = NOTED[role.role](texts)
            notes += told
        else:
            continue
        notes += _unknown(role.role, [texts], [found[role.role]])
    return found


def _contacts(raw: dict[Role, pl.Series], notes: list[str]) -> Columns:
    """E-mail and phone: of several columns the first that can be read counts."""
    found: Columns = {}
    emails, phones = _of(raw, "email"), _of(raw, "phone")
    for texts in emails:
        parts, told = normal_emails(texts)
        notes += told
        kept = found["email"].is_not_null() if found else None
        for name in parts.columns:
            found[name] = parts[name] if kept is None else found[name].zip_with(kept, parts[name])
    if emails:
        notes += _unknown("email", emails, [found["email_local"]])
        partly = int((found["email"].is_null() & found["email_local"].is_not_null()).sum())
        if partly:
            kept_parts = "what stands before and behind the first @ is kept to compare"
            notes.append(f"email: {partly} of {len(emails[0])} rows hold no valid address: {kept_parts}.")
    countries = [normal_countries(texts) for texts in _of(raw, "country")]
    for texts in phones:
        number, told = normal_phones(texts, countries[0] if countries else None)
        notes += told
        found["phone"] = found["phone"].zip_with(found["phone"].is_not_null(), number) if "phone" in found else number
    if phones:
        notes += _unknown("phone", phones, [found["phone"]])
    return found


def _unknown(name: str, before: list[pl.Series], after: list[pl.Series]) -> list[str]:
    """A sentence on rows where something stood that says nothing."""
    held = pl.DataFrame([texts.alias(str(i)) for i, texts in enumerate(before)])
    left = pl.DataFrame([texts.alias(str(i)) for i, texts in enumerate(after)])
    was = held.select(pl.any_horizontal(pl.all().str.strip_chars() != "").fill_null(value=False))["0"]
    stays = left.select(pl.any_horizontal(pl.all().is_not_null()))["0"]
    lost = int((was & ~stays).sum())
    return [f"{name}: {lost} of {len(was)} rows hold no usable value: taken as unknown."] if lost else []
