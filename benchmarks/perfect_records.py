"""What a retailer knows whose systems make no mistake: the night's inputs, straight from a simulated world's days."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from ml.decisioning.policy import Policy
from ml.decisioning.traits import BOUGHT, MESSAGES, Past
from pipelines.simulator.categories import CATEGORIES
from pipelines.simulator.facts import DayFacts
from pipelines.simulator.scenario import CHANNELS
from pipelines.simulator.world import World

SPAN, MONTH, QUARTER, NEW = 365, 28, 91, 28
PRIOR_DAYS = 14  # of everybody's rate, that a person's own purchases of 91 days are pulled by
PERSON = pl.format("p{}", pl.col("person").cast(pl.String).str.zfill(6)).alias("person_id")
DEPARTMENT = {number: one.department for number, one in enumerate(CATEGORIES)}
CONTACTS = ("person_id", "channel_code", "contacted_date", "origin", "discount_cost_amount")
ANSWERS = {"sent": "is_sent", "delivered": "delivered", "opened": "opened", "clicked": "clicked"}


class Records:
    """Days of a world, added one by one."""

    def __init__(self, policy: Policy) -> None:
        """Takes the policy, for its margin rates."""
        self.rates = {name: float(policy.margin_rate(name).margin_rate) for name in set(DEPARTMENT.values())}
        self.bought: list[pl.DataFrame] = [pl.DataFrame(schema=BOUGHT)]
        self.by_department: list[pl.DataFrame] = []
        self.messages: list[pl.DataFrame] = [pl.DataFrame(schema=MESSAGES)]
        self.contacts: list[pl.DataFrame] = []

    def take_in(self, facts: DayFacts, origin: str) -> None:
        """One day; origin: whose contacts these were."""
        net = (pl.col("units") * pl.col("price_cents") - pl.col("coupon_cents")).alias("net")
        lines = facts.lines.with_columns(
            PERSON,
            net,
            gross=pl.col("units") * pl.col("list_cents"),
            department_name=pl.col("category").replace_strict(DEPARTMENT, return_dtype=pl.String),
            ordered_date=pl.lit(facts.day),
            is_deal=(pl.col("price_cents") < pl.col("list_cents")) & (pl.col("coupon_cents") == 0),
        )
        rate = pl.col("department_name").replace_strict(self.rates, return_dtype=pl.Float64)
        sums = lines.group_by("person_id", "department_name", "ordered_date").agg(pl.col("net").sum())
        self.by_department.append(sums.with_columns(margin=(pl.col("net") * rate).round(0).cast(pl.Int64)))
        self.bought.append(_bought(lines, facts.day))
        self.messages += _messages(facts)
        sent = facts.contacts.filter("is_sent").with_columns(PERSON, contacted_date=pl.lit(facts.day))
        nothing = pl.lit(0).cast(pl.Decimal(18, 4)).alias("discount_cost_amount")
        told = sent.with_columns(nothing, origin=pl.lit(origin)).rename({"channel": "channel_code"})
        self.contacts.append(told.select(CONTACTS))

    def past(self) -> Past:
        """All of it."""
        self.bought, self.messages = [pl.concat(self.bought)], [pl.concat(self.messages)]
        return Past(self.bought[0], self.messages[0])

    def contact_history(self) -> pl.DataFrame:
        """Contacts by anybody."""
        return pl.concat(self.contacts)

    def customers(self, world: World) -> pl.DataFrame:
        """Everybody who ever bought, as the night's customers."""
        day = world.next_day
        age = (pl.lit(day) - pl.col("ordered_date")).dt.total_days()
        days = self.past().bought
        orders = days.group_by("person_id").agg(
            order_count_365d=pl.col("order_count").sum().cast(pl.Int32),
            days_since_last_order=age.min().cast(pl.Int32),
            first=age.max(),
            orders=pl.col("order_count").filter(age <= QUARTER).sum(),
        )
        money = (
            self._money()
            .group_by("person_id")
            .agg(
                net_sales_amount_365d=_amount("net"),
                gross_margin_amount_365d=_amount("margin"),
                quarter=pl.col("net").filter(age <= QUARTER).sum() / 100,
            )
        )
        last = pl.col("days_since_last_order")
        stage = (
            pl.when((last <= NEW) & (pl.col("first") <= NEW)).then(pl.lit("new"))
            .when(last <= NEW).then(pl.lit("active"))
            .when(last <= QUARTER).then(pl.lit("at_risk"))
            .otherwise(pl.lit("lapsed"))
        )  # fmt: skip
        found = orders.join(money, on="person_id").with_columns(
            identity_confidence=1.0,
            lifecycle_stage_code=stage,
            home_store_id=pl.lit(None, dtype=pl.String),
            has_open_complaint=False,
        )
        return found.sort("person_id")

    def scores(self, customers: pl.DataFrame, day: date) -> pl.DataFrame:
        """Plain forecasts: chances by Poisson from the purchases of the last 91 days, sales as they were."""
        months = pl.col("first").clip(MONTH, QUARTER) / MONTH
        lapse = (-(pl.col("orders") + 0.05) / months).exp()
        value = pl.col("quarter") / pl.col("first").clip(MONTH, QUARTER) * QUARTER
        whole = [
            customers.select("person_id", model_name=pl.lit(name), target=pl.lit(""), score=score.cast(pl.Float64))
            for name, score in (("lapse_28d", lapse), ("value_91d", value))
        ]
        age = (pl.lit(day) - pl.col("ordered_date")).dt.total_days()
        counts = self._money().filter(age <= QUARTER).group_by("person_id", "department_name").len()
        names = pl.DataFrame({"department_name": sorted(self.rates)})
        crossed = customers.join(names, how="cross").join(counts, on=["person_id", "department_name"], how="left")
        rate = pl.col("len").fill_null(0) / months
        usual = rate.mean().over("department_name")
        pulled = (rate * QUARTER + usual * PRIOR_DAYS) / (QUARTER + PRIOR_DAYS)
        chances = crossed.select(
            "person_id",
            model_name=pl.lit("category_purchase_28d"),
            target="department_name",
            score=(1 - (-pulled).exp()).cast(pl.Float64),
        )
        return pl.concat([*whole, chances]).with_columns(as_of_date=pl.lit(day))

    def departments(self, day: date) -> pl.DataFrame:
        """The night's department history."""
        recent = self._money().filter(pl.col("ordered_date") >= day - timedelta(days=SPAN))
        return recent.group_by("person_id", "department_name").agg(
            order_count_365d=pl.len().cast(pl.Int32),
            net_sales_amount_365d=_amount("net"),
            gross_margin_amount_365d=_amount("margin"),
            last_ordered_date=pl.col("ordered_date").max(),
        )

    def consents(self, world: World) -> pl.DataFrame:
        """Who says yes to marketing by which channel this morning."""
        rows, channels = np.nonzero(world.state.consent)
        frame = pl.DataFrame({"person": rows, "channel_code": np.array(CHANNELS, dtype=object)[channels].tolist()})
        return frame.select(PERSON, "channel_code", purpose_code=pl.lit("marketing"), is_granted=pl.lit(True))

    def _money(self) -> pl.DataFrame:
        self.by_department = [pl.concat(self.by_department)]
        return self.by_department[0]


def _amount(cents: str) -> pl.Expr:
    return (pl.col(cents).sum().cast(pl.Decimal(18, 2)) / 100).cast(pl.Decimal(18, 2))


def _bought(lines: pl.DataFrame, day: date) -> pl.DataFrame:
    """A day's lines as BOUGHT."""
    summed = lines.group_by("person_id", "ordered_date").agg(
        order_count=pl.lit(1),
        coupon_order_count=(pl.col("coupon_cents") > 0).any(),
        gross_sales_cents=pl.col("gross").sum(),
        discount_cents=(pl.col("gross") - pl.col("net")).sum(),
        deal_line_count=pl.col("is_deal").sum(),
        deal_unit_count=pl.col("units").filter(pl.col("is_deal")).sum(),
    )
    known = summed.with_columns(known_date=pl.lit(day + timedelta(days=1)))
    return known.select(pl.col(name).cast(kind) for name, kind in BOUGHT.items()).sort("person_id")


def _messages(facts: DayFacts) -> list[pl.DataFrame]:
    """A day's messages as MESSAGES."""
    days = {"event_date": pl.lit(facts.day), "known_date": pl.lit(facts.day + timedelta(days=1))}
    channel = pl.col("channel").alias("channel_code")
    parts = [
        facts.contacts.filter("is_sent" if code == "sent" else name).with_columns(channel, event_code=pl.lit(code))
        for code, name in ANSWERS.items()
    ]
    unknown = pl.lit(None, dtype=pl.String).alias("channel_code")
    parts.append(facts.controls.with_columns(unknown, event_code=pl.lit("enrolled_in_control")))
    named = [one.with_columns(PERSON, **days).rename({"treatment_id": "campaign_id"}) for one in parts]
    return [one.select(pl.col(name).cast(kind) for name, kind in MESSAGES.items()) for one in named]
