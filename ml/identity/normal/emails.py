"""Which mailbox does an address mean?

Small letters. At providers that deliver mail for name+anything to name, the tag is cut; at Gmail dots count for nothing
and googlemail.com is gmail.com. An address that cannot be one (two @, no domain) has no `email`, but what stands before
and behind its first @ is still given as local part and domain, because a slip of the keyboard is comparable.
"""

import polars as pl
from email_validator import EmailNotValidError, validate_email

from ml.identity.normal.junk import JUNK_LABELS, NOBODYS_MAILBOXES, without_junk
from ml.identity.normal.text import is_ascii, lowered

LIBRARY_EMAILS = 25_000  # email-validator needs 50 to 150 microseconds per address
ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
ORDINARY = rf"^{ATOM}(?:\.{ATOM})*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{{2,24}}$"  # RFC 5322 without quotes
TOO_LONG = r"[^@.]{64,}(?:\.[^@]*)?$|^.{255,}$"
FOR_LIBRARY = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
TAGS = ("gmail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "icloud.com", "me.com", "mac.com",
        "protonmail.com", "proton.me", "pm.me", "fastmail.com", "zoho.com", "yandex.com")  # fmt: skip
FIELDS = ("email", "email_local", "email_domain")


def normal_emails(texts: pl.Series) -> tuple[pl.DataFrame, list[str]]:
    """Addresses as the provider understands them.

    Returns   email, email_local, email_domain String, one row per text; a sentence if there were too many unusual
              addresses for the library.
    """
    bare = _bare(texts)
    address, notes = _valid(bare)
    parts = pl.DataFrame({"bare": bare, "valid": address})
    text = pl.coalesce("valid", "bare")
    parts = parts.select(
        "valid",
        text.str.extract("^([^@]+)", 1).alias("local"),
        text.str.extract("@(.+)$", 1).str.strip_chars(".@ ").alias("domain"),
    )
    parts = parts.with_columns(pl.col("domain").replace({"googlemail.com": "gmail.com", "": None}))
    local = pl.when(pl.col("domain").is_in(TAGS)).then(_untagged(pl.col("local"))).otherwise(pl.col("local"))
    plain = pl.when(pl.col("domain") == "gmail.com").then(_undotted(local)).otherwise(local)
    parts = parts.with_columns(plain.alias("local"))
    parts = parts.with_columns(
        pl.when(_nobody()).then(None).otherwise(pl.col(name)).alias(name) for name in parts.columns
    )
    full = pl.when(pl.col("valid").is_not_null()).then(pl.col("local") + "@" + pl.col("domain"))
    return parts.select(
        full.alias("email"), pl.col("local").alias("email_local"), pl.col("domain").alias("email_domain")
    ), notes


def _bare(texts: pl.Series) -> pl.Series:
    """Small letters, without the name before <...>, mailto: and spaces."""
    text = without_junk(lowered(texts))
    inside = text.str.extract(r"<([^<>]*@[^<>]*)>", 1)
    text = inside.zip_with(inside.is_not_null(), text).str.replace(r"^(?:mailto:)+", "")
    text = text.str.replace_all(r"\s+", "").str.strip_chars("\"'<>,;:")
    return without_junk(text)


def _valid(bare: pl.Series) -> tuple[pl.Series, list[str]]:
    """Addresses that can be one, null else: by pattern where it is ordinary, else by the library."""
    fits = bare.str.contains(ORDINARY) & ~bare.str.contains(TOO_LONG) & ~bare.str.contains("@(?:.*\\.)?xn--")
    ordinary = bare.set(~fits.fill_null(value=False), None)
    rest = bare.set(fits.fill_null(value=True), None)
    rest = rest.set(~rest.str.contains(FOR_LIBRARY).fill_null(value=False), None)
    known = rest.drop_nulls().unique().sort()
    if not len(known):
        return ordinary, []
    asked = known.head(LIBRARY_EMAILS)
    answers = [_by_library(address) for address in asked]
    beyond = known.slice(LIBRARY_EMAILS)
    plain = beyond.set(is_ascii(beyond) & ~beyond.str.contains(ORDINARY), None)
    table = pl.DataFrame(
        {"key": known, "address": pl.concat([pl.Series(answers, dtype=pl.String), plain.cast(pl.String)])}
    )
    found = rest.alias("key").to_frame().join(table, on="key", how="left", maintain_order="left")["address"]
    notes = []
    if len(beyond):
        notes.append(
            f"email: {len(known)} distinct unusual addresses, more than {LIBRARY_EMAILS}: the others unchecked."
        )
    return ordinary.zip_with(ordinary.is_not_null(), found), notes


def _by_library(address: str) -> str | None:
    try:
        return validate_email(address, check_deliverability=False, globally_deliverable=False).normalized.lower()
    except EmailNotValidError:
        return None


def _untagged(local: pl.Expr) -> pl.Expr:
    return local.str.replace(r"^([^+]+)\+.*$", "$1")


def _undotted(local: pl.Expr) -> pl.Expr:
    bare = local.str.replace_all(".", "", literal=True)
    return pl.when(bare == "").then(local).otherwise(bare)


def _nobody() -> pl.Expr:
    """Mailboxes that answer nobody, and words at domains that both say nothing (test at test)."""
    label = pl.col("domain").str.extract(r"^([^.]+)", 1)
    both = pl.col("local").is_in(JUNK_LABELS) & label.is_in(JUNK_LABELS)
    return (pl.col("local").is_in(NOBODYS_MAILBOXES) | both).fill_null(value=False)
