"""What is known of a person on a day, before any contact of that day, and what came of the days after it."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from ml.decisioning.departments import Floats

MONTH, QUARTER, HALF_YEAR = 28, 91, 182
LEAST_DAYS = 28  # with less behind them nobody is known
SHOPPING = ("log_expected", "log_basket", "log_recency", "trend", "discount_rate", "deal_units", "coupon_rate")
BY_CHANNEL = {"opened_rate": "opened", "clicked_rate": "clicked"}
TRAITS = (*SHOPPING, *BY_CHANNEL)
EXPECTED = ("expected_orders", "expected_sales")  # in the next 28 days, sales at list price
OFTEN = 5.0  # so many cases of one's own weigh as much as what everybody does
BOUGHT = {
    "person_id": pl.String,
    "ordered_date": pl.Date,
    "known_date": pl.Date,
    "order_count": pl.Int64,
    "coupon_order_count": pl.Int64,
    "gross_sales_cents": pl.Int64,
    "discount_cents": pl.Int64,
    "deal_line_count": pl.Int64,  # lines with a price cut
    "deal_unit_count": pl.Int64,  # and the units on them: who stocks up takes more
}
SUMMED = tuple(BOUGHT)[3:]
MESSAGES = {
    "person_id": pl.String,
    "campaign_id": pl.String,
    "channel_code": pl.String,
    "event_code": pl.String,
    "event_date": pl.Date,
    "known_date": pl.Date,
}


@dataclass(frozen=True, slots=True)
class Past:
    """What happened and was known before a day: BOUGHT per person, day and known_date; MESSAGES, one per event."""

    bought: pl.DataFrame
    messages: pl.DataFrame

    def before(self, day: date) -> "Past":
        """The same as it was known when a day began."""
        return Past(
            self.bought.filter((pl.col("ordered_date") < day) & (pl.col("known_date") < day)),
            self.messages.filter((pl.col("event_date") < day) & (pl.col("known_date") < day)),
        )


def with_traits(rows: pl.DataFrame, past: Past, day: date) -> pl.DataFrame:
    """Rows of person_id and channel_code with EXPECTED and TRAITS as they were known when a day began, f64.

    All are null for who has bought nothing in the 91 days before; how messages were answered for whom the channel
    has not reached. Expected is as much as in the last 91 days, or as long as the person is known. What discounts and
    messages tell rests on few cases, and is pulled towards what everybody does.
    Source    own choice: who buys on deals and uses coupons answers offers more (Blattberg and Neslin, 1990, Sales
              Promotion, chapter 3), who opens and clicks is reached more.
    """
    known = past.before(day)
    joined = rows.join(_shopping(known.bought, day), on="person_id", how="left", maintain_order="left")
    answers = _answering(known.messages)
    return joined.join(answers, on=["person_id", "channel_code"], how="left", maintain_order="left")


def with_outcomes(rows: pl.DataFrame, past: Past) -> pl.DataFrame:
    """Rows with `orders`, `coupon_orders` and `sales` (list prices) of the horizon_days from their as_of_date on."""
    daily = past.bought.group_by("person_id", "ordered_date").agg(pl.col(SUMMED).sum())
    running = daily.sort("person_id", "ordered_date").with_columns(pl.col(SUMMED).cum_sum().over("person_id"))
    until = rows.with_columns(_to=pl.col("as_of_date") + pl.duration(days=pl.col("horizon_days")))
    before, after = (_running_at(until, running, name) for name in ("as_of_date", "_to"))
    return rows.with_columns(
        orders=(after["order_count"] - before["order_count"]).cast(pl.Float64),
        coupon_orders=(after["coupon_order_count"] - before["coupon_order_count"]).cast(pl.Float64),
        sales=(after["gross_sales_cents"] - before["gross_sales_cents"]).cast(pl.Float64) / 100,
    )


def matrix_of(rows: pl.DataFrame) -> Floats:
    """TRAITS as a matrix (rows, traits), NaN where one is not known."""
    return rows.select(pl.col(name).cast(pl.Float64).fill_null(float("nan")) for name in TRAITS).to_numpy()


def _running_at(rows: pl.DataFrame, running: pl.DataFrame, day: str) -> pl.DataFrame:
    """The sums of all days before a column's day, in the order of the rows."""
    numbered = rows.select("person_id", pl.col(day).alias("_day")).with_row_index("_row").sort("_day", "_row")
    later = running.with_columns(_day=pl.col("ordered_date") + pl.duration(days=1)).sort("_day")
    joined = numbered.join_asof(later, on="_day", by="person_id", check_sortedness=False).sort("_row")
    return joined.select(pl.col(SUMMED).fill_null(0))


def _shopping(bought: pl.DataFrame, day: date) -> pl.DataFrame:
    age = (pl.lit(day) - pl.col("ordered_date")).dt.total_days()
    recent = bought.filter(age <= HALF_YEAR)
    in_quarter = {"orders": "order_count", "sales": "gross_sales_cents"}
    sums = recent.group_by("person_id").agg(
        pl.col(SUMMED).sum(),
        *(pl.col(name).filter(age <= QUARTER).sum().alias(short) for short, name in in_quarter.items()),
        month=pl.col("gross_sales_cents").filter(age <= MONTH).sum(),
        last=age.min(),
        first=age.max(),
    )
    months = pl.col("first").clip(LEAST_DAYS, QUARTER) / MONTH
    orders, sales = pl.col("orders") / months, pl.col("sales") / 100 / months
    return (
        sums.filter((pl.col("orders") > 0) & (pl.col("sales") > 0))
        .select(
            "person_id",
            orders.alias("expected_orders"),
            sales.alias("expected_sales"),
            orders.log1p().alias("log_expected"),
            (sales / orders).log1p().alias("log_basket"),
            pl.col("last").cast(pl.Float64).log1p().alias("log_recency"),
            (pl.col("month") / 100 / sales).clip(0, 3).alias("trend"),
            _pulled(sums, "discount_cents", "gross_sales_cents", "order_count").alias("discount_rate"),
            _pulled(sums, "deal_unit_count", "deal_line_count", "deal_line_count").alias("deal_units"),
            _pulled(sums, "coupon_order_count", "order_count", "order_count").alias("coupon_rate"),
        )
        .sort("person_id")
    )


def _pulled(sums: pl.DataFrame, part: str, whole: str, cases: str) -> pl.Expr:
    """A person's part of a whole with OFTEN average cases of everybody's added."""
    total = {name: float(sums[name].sum() or 0) for name in (part, whole, cases)}
    each = OFTEN / max(total[cases], 1.0)
    more = max(total[whole] * each, 1e-9)
    return (pl.col(part) + total[part] * each) / (pl.col(whole) + more)


def _answering(messages: pl.DataFrame) -> pl.DataFrame:
    """Shares of the messages by a channel that a person opened and clicked."""
    counts = messages.drop_nulls(["person_id", "channel_code"]).group_by("person_id", "channel_code")
    sums = counts.agg(
        (pl.col("event_code") == code).sum().cast(pl.Float64).alias(code)
        for code in ("delivered", *BY_CHANNEL.values())
    )
    all_ = {name: pl.col(name).sum().over("channel_code") for name in sums.columns[2:]}
    usual = {code: all_[code] / pl.max_horizontal(all_["delivered"], 1) for code in BY_CHANNEL.values()}
    shares = [
        ((pl.col(code) + OFTEN * usual[code]) / (pl.col("delivered") + OFTEN)).alias(name)
        for name, code in BY_CHANNEL.items()
    ]
    return sums.select("person_id", "channel_code", *shares).sort("person_id", "channel_code")
