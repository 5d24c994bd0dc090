"""Columns standardised as Splink's guide asks before linking: one style of letters, dates, phones and blanks."""

import polars as pl

SHARED_BY_TOO_MANY = 30  # an e-mail or phone of more records than this is no sign of a person
PLAIN = {"á": "a", "é": "e", "í": "i", "ö": "o", "ü": "u", "ñ": "n", "ç": "c", "ó": "o", "ú": "u", "è": "e", "à": "a"}


def _word(column: pl.Expr) -> pl.Expr:
    text = column.cast(pl.String).str.to_lowercase().str.replace_many(PLAIN)
    text = text.str.replace_all(r"[^a-z0-9 ]", "").str.replace_all(r"\s+", " ").str.strip_chars()
    return pl.when(text != "").then(text)


def _day(column: pl.Expr) -> pl.Expr:
    digits = column.cast(pl.String).str.replace_all(r"[^0-9]", "")
    iso = digits.str.slice(0, 4) + "-" + digits.str.slice(4, 2) + "-" + digits.str.slice(6)
    return pl.when(digits.str.len_chars() >= 4).then(iso)


def _phone(column: pl.Expr) -> pl.Expr:
    digits = column.cast(pl.String).str.replace_all(r"[^0-9]", "").str.tail(9)
    return pl.when(digits.str.len_chars() >= 6).then(digits)


def _email(column: pl.Expr) -> pl.Expr:
    text = column.cast(pl.String).str.to_lowercase().str.strip_chars()
    return pl.when(text.str.contains("@")).then(text)


def _rare(name: str) -> pl.Expr:
    return pl.when(pl.len().over(name) <= SHARED_BY_TOO_MANY).then(pl.col(name))


def _split_full_name(frame: pl.DataFrame) -> pl.DataFrame:
    full = pl.col("full_name").cast(pl.String)
    turned = full.str.replace(r"^([^,]+),\s*(.+)$", "$2 $1")
    words = _word(turned.str.replace_all(r"[-]", "")).str.split(" ")
    return frame.with_columns(
        words.list.first().alias("given_name"),
        pl.when(words.list.len() > 1).then(words.list.last()).alias("family_name"),
    ).drop("full_name")


def standardise(frame: pl.DataFrame, roles: dict[str, str]) -> pl.DataFrame:
    """Columns named after their roles, cleaned; `source` is left out, a full name is split into two.

    Takes     frame: record_id and columns; roles: column -> role.
    Returns   the same rows; whole_name beside given_name and family_name where both are there.
    """
    cleaners = {"birth_date": _day, "phone": _phone, "email": _email}
    records = frame.select("record_id", *(pl.col(c).alias(role) for c, role in roles.items() if role != "source"))
    if "full_name" in records.columns:
        records = _split_full_name(records)
    columns = [name for name in records.columns if name != "record_id"]
    records = records.with_columns(cleaners.get(name, _word)(pl.col(name)).alias(name) for name in columns)
    records = records.with_columns(_rare(name) for name in ("email", "phone") if name in columns)
    if {"given_name", "family_name"} <= set(columns):
        records = records.with_columns((pl.col("given_name") + " " + pl.col("family_name")).alias("whole_name"))
    return records
