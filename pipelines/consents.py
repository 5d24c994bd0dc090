"""What persons have said about being contacted, as of a night, and whether the log of it can be trusted tonight."""

from collections.abc import Sequence
from datetime import date

import polars as pl

from ml.decisioning.policy import Policy
from pipelines.night import Night
from pipelines.settings import Settings

_TABLE = pl.concat_str("source_code", "table_name", separator=".")
CONSENT_LOG, MESSAGES = "consent.events", "messaging.events"  # who unsubscribes by a message says so in the second
RECORDED_CONSENTS = """
    select person_id, channel_code, purpose_code, is_granted, consent_event_id
    from marts.person_consents
    order by person_id, channel_code, purpose_code
"""


def known_consents(night: Night, policy: Policy, as_of_date: date) -> tuple[pl.DataFrame, str | None]:
    """What everybody has said, as far as it can be trusted, and why it cannot.

    Returns   one row per person_id x channel_code x purpose_code: is_granted, consent_event_id; no row if the log
              cannot be trusted, which blocks; and the reason: None if there is none, or nothing needs an opt-in.
    """
    frame = night.warehouse.read(RECORDED_CONSENTS)
    if not policy.needs_recorded_opt_in:
        return frame, None
    problem = consent_log_problem(night.settings, known_loads(night, as_of_date), as_of_date)
    return (frame, None) if problem is None else (frame.clear(), problem)


def known_loads(night: Night, as_of_date: date) -> pl.DataFrame:
    """The load log of sealed nights before and of this one."""
    before, tonight = night.ledger.read_before("loads", as_of_date), night.ledger.partition("loads", as_of_date)
    return tonight if before is None else pl.concat([before, tonight])


def consent_log_problem(settings: Settings, loads: pl.DataFrame, as_of_date: date) -> str | None:
    """Why a withdrawal may be missing from the log; None if there is no reason to think so.

    Takes     loads: rows of the ledger stream `loads`, of sealed nights before and of this one.
    Returns   a sentence if a file of the log or of messages was refused and no corrected one of its name has come
              since, or if the log's newest file is older than the settings allow.
    """
    is_whole = pl.col("refused_row_count") == 0
    unread = unread_files(loads, [CONSENT_LOG, MESSAGES], is_whole)
    if unread.height:
        file, reason = unread.sort("delivered_date", "file").select("file", "reason").row(0)
        return (
            f"{unread.height} refused files may hold withdrawals (first: {file}, {reason}), so no recorded opt-in "
            "counts. Have the sender deliver each again, corrected, under the same name."
        )
    late = lateness(settings, CONSENT_LOG, loads.filter(is_whole), as_of_date)
    return late and f"{late}, so no recorded opt-in counts: a withdrawal may be missing. Ask the sender for the files."


def unread_files(loads: pl.DataFrame, tables: Sequence[str], is_read: pl.Expr) -> pl.DataFrame:
    """Rows of the load log about files of these tables that are not read, and of whose name none was since."""
    files = loads.filter(_TABLE.is_in(tables)).with_columns(
        table=_TABLE, name=pl.col("file").str.split("/").list.last(), is_read=is_read
    )
    corrected = files.filter("is_read").group_by("table", "name").agg(last_read=pl.col("delivered_date").max())
    unread = files.filter(~pl.col("is_read")).join(corrected, on=["table", "name"], how="left")
    return unread.filter((pl.col("last_read") > pl.col("delivered_date")).fill_null(False).not_())


def lateness(settings: Settings, table: str, read: pl.DataFrame, as_of_date: date) -> str | None:
    """The beginning of a sentence if the newest of a table's files that were read is older than the settings allow."""
    configured = settings.retailer.sources.get(table)
    newest = read.filter(table == _TABLE)["delivered_date"].max()
    if configured is None or configured.max_age_days is None or not isinstance(newest, date):
        return None
    if (as_of_date - newest).days <= configured.max_age_days:
        return None
    return f"{table}: expected a file of the last {configured.max_age_days} days, the newest is of {newest}"
