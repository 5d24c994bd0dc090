"""Who waits for an answer to a complaint, as far as the support desk's files can be trusted tonight."""

from datetime import date

import polars as pl

from pipelines.consents import known_loads, lateness, unread_files
from pipelines.night import Night
from pipelines.settings import Settings

TICKETS = "zendesk.tickets"


def known_customers(night: Night, as_of_date: date) -> tuple[pl.DataFrame, str | None]:
    """The customer 360 by person_id, and why its complaints cannot be trusted, if so.

    Returns   has_open_complaint is unknown of everybody, which blocks marketing, while a file of tickets is refused as
              a whole and no corrected one of its name has come since, or the newest file is older than the settings
              allow: what is missing may hold anybody's complaint.
    """
    customers = night.warehouse.read("select * from marts.customer_360 order by person_id")
    problem = complaints_problem(night.settings, known_loads(night, as_of_date), as_of_date)
    if problem is None:
        return customers, None
    return customers.with_columns(has_open_complaint=pl.lit(None, dtype=pl.Boolean)), problem


def complaints_problem(settings: Settings, loads: pl.DataFrame, as_of_date: date) -> str | None:
    """A sentence if a file of tickets could not be read, or is overdue; None if neither.

    Takes     loads: rows of the ledger stream `loads`, of sealed nights before and of this one.
    """
    is_read = pl.col("status") != "refused_file"
    unread = unread_files(loads, [TICKETS], is_read)
    if unread.is_empty():
        late = lateness(settings, TICKETS, loads.filter(is_read), as_of_date)
        return late and f"{late}, so nobody gets marketing: a complaint may be missing. Ask the sender for the files."
    file, reason = unread.sort("delivered_date", "file").select("file", "reason").row(0)
    return (
        f"{unread.height} refused files may hold complaints (first: {file}, {reason}), so nobody gets marketing. "
        "Have the sender deliver each again, corrected, under the same name."
    )
