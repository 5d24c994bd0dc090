"""Customer records as each system exports them: Shopify's customer CSV, loyalty members, CRM contacts."""

import numpy as np
import polars as pl

from pipelines.simulator.randomness import uniform
from pipelines.simulator.scenario import CHANNELS
from pipelines.simulator.sources.delivery import Delivery, stamp, yes_no
from pipelines.simulator.systems import Day, Systems

EMAIL, SMS = CHANNELS.index("email"), CHANNELS.index("sms")
LEGACY_SHARE = 0.3  # of phone numbers are written the American way


def customers(systems: Systems, day: Day, orders: pl.DataFrame) -> list[Delivery]:
    """Shopify's customer export: a byte-order mark, apostrophes before ids, phones and zips, yes and no.

    Customers are written anew when they change or order; totals are left to the order tables and stand as 0.
    """
    rows = systems.versions("shopify.customers", day.number)
    if not rows.height:
        return []
    rows = rows.sort("record_key", "valid_day")
    consent = day.consent[rows["person"].to_numpy()]
    frame = rows.select(
        pl.lit("'").add(pl.col("record_key")).alias("Customer ID"),
        pl.col("given").alias("First Name"),
        pl.col("family").alias("Last Name"),
        pl.col("email").alias("Email"),
        yes_no(pl.lit(pl.Series(consent[:, EMAIL]))).alias("Accepts Email Marketing"),
        pl.lit(None, dtype=pl.String).alias("Default Address Company"),
        pl.col("street").alias("Default Address Address1"),
        pl.lit(None, dtype=pl.String).alias("Default Address Address2"),
        pl.col("city").alias("Default Address City"),
        pl.col("state").alias("Default Address Province Code"),
        pl.lit("US").alias("Default Address Country Code"),
        pl.lit("'").add(pl.col("zip")).alias("Default Address Zip"),
        _phone(systems, rows).alias("Default Address Phone"),
        _phone(systems, rows).alias("Phone"),
        yes_no(pl.lit(pl.Series(consent[:, SMS]))).alias("Accepts SMS Marketing"),
        pl.lit("0.00").alias("Total Spent"),
        pl.lit("0").alias("Total Orders"),
        pl.lit(None, dtype=pl.String).alias("Note"),
        pl.lit("no").alias("Tax Exempt"),
        pl.lit(None, dtype=pl.String).alias("Tags"),
    )
    return [
        Delivery(
            table="shopify.customers",
            file=f"customers_export_{stamp(day.number)}.csv",
            frame=frame,
            key="Customer ID",
            format="csv_bom",
        )
    ]


def _phone(systems: Systems, rows: pl.DataFrame) -> pl.Expr:
    """E.164 with the apostrophe, or (775) 555-0154; junk as it was typed."""
    is_legacy = uniform(systems.seed, "writes phone", rows["record"].to_numpy()) < LEGACY_SHARE
    is_number = pl.col("phone").str.contains(r"^\+1\d{10}$")
    legacy = pl.col("phone").str.replace(r"^\+1(\d{3})(\d{3})(\d{4})$", "($1) $2-$3")
    return pl.when(pl.lit(pl.Series(is_legacy)) & is_number).then(legacy).otherwise(pl.lit("'") + pl.col("phone"))


def members(systems: Systems, day: Day) -> list[Delivery]:
    """Loyalty members as the scheme exports them; some never give an e-mail address, years of birth may be 1004."""
    rows = systems.versions("loyalty.members", day.number)
    if not rows.height:
        return []
    record = rows["record"].to_numpy()
    gives_mail = pl.lit(pl.Series(uniform(systems.seed, "gives e-mail", record) < 0.75))
    no_year = pl.lit(pl.Series(uniform(systems.seed, "hides year", record) < 0.08))
    born = pl.col("birth_date").dt.strftime("%Y-%m-%d")
    frame = rows.select(
        member_id="record_key",
        first_name="given",
        last_name="family",
        email=pl.when(gives_mail).then("email").otherwise(None),
        phone="phone",
        date_of_birth=pl.when(no_year).then(pl.lit("1004-") + born.str.tail(5)).otherwise(born),
        postal_code="zip",
        home_store_id=systems.stores.gather(systems.people.home_store[rows["person"].to_numpy()]),
        state=pl.lit("member"),
        tier=pl.lit(pl.Series(_tiers(systems, rows["person"].to_numpy()), dtype=pl.String)),
        enrolled_at=_day_text("made_day"),
        updated_at=_day_text("valid_day"),
    )
    return [
        Delivery(
            table="loyalty.members",
            file=f"members_{stamp(day.number)}.csv",
            frame=frame.sort("member_id", "updated_at"),
            key="member_id",
        )
    ]


def contacts(systems: Systems, day: Day) -> list[Delivery]:
    """The call centre's contacts: one full name, one address line, typed by hand."""
    rows = systems.versions("crm.contacts", day.number)
    if not rows.height:
        return []
    salutation = pl.when("is_female").then(pl.lit("Ms")).otherwise(pl.lit("Mr"))
    frame = rows.select(
        contact_id="record_key",
        salutation=salutation,
        full_name=pl.concat_str([pl.col("given"), pl.col("family")], separator=" ", ignore_nulls=True),
        birth_date=pl.col("birth_date").dt.strftime("%m/%d/%Y"),
        address=pl.concat_str(["street", "city", "state", "zip"], separator=", ", ignore_nulls=True),
        phone=pl.col("phone").str.replace(r"^\+1(\d{3})(\d{3})(\d{4})$", "$1-$2-$3"),
        email="email",
        source=pl.lit("call_centre"),
        created_at=_day_text("made_day"),
        updated_at=_day_text("valid_day"),
    )
    return [
        Delivery(
            table="crm.contacts",
            file=f"contacts_{stamp(day.number)}.csv",
            frame=frame.sort("contact_id", "updated_at"),
            key="contact_id",
        )
    ]


def _tiers(systems: Systems, person: np.ndarray) -> np.ndarray:
    """Gold and silver for the frequent."""
    trips = systems.people.trips_per_day[person]
    return np.where(trips > 0.3, "gold", np.where(trips > 0.15, "silver", "basic")).astype(object)


def _day_text(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Int32).cast(pl.Date).dt.strftime("%Y-%m-%d")
