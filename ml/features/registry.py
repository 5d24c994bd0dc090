"""Every feature by name, type and unit, and how much history it needs before a model may use it."""

from dataclasses import dataclass

import polars as pl

MONEY = pl.Decimal(18, 2)
WINDOWS = (7, 28, 56, 91)  # a week, a trading month, two of them (as many of each weekday), a quarter
HABIT = 56  # days behind every share and gap: long enough for a monthly shopper to show a habit
YEAR = 365
# Units of which having none is 0; a person without the household's size has an unknown one.
COUNTED = ("orders", "lines", "stores", "departments", "campaigns", "coupons", "currency", "purchase days")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of a feature frame.

    history_days: days of history the value looks back on. A model uses a feature only if its oldest
    training panel has that much, else training rows would hold half-filled windows. None: the value
    tells the calendar or the age of the data rather than the person, so no model uses it.
    """

    name: str
    dtype: pl.DataType | type[pl.DataType]
    unit: str
    description: str
    history_days: int | None = 0

    @property
    def is_zero_when_empty(self) -> bool:
        """Whether no row means 0 (counts and sums) and not unknown (ratios, ages, attributes)."""
        return self.dtype != pl.Float64 and self.unit in COUNTED


def _windowed(name: str, unit: str, description: str, dtype: type[pl.DataType] | pl.DataType) -> list[Feature]:
    return [Feature(f"{name}_{n}d", dtype, unit, f"{description}, last {n} days.", n) for n in WINDOWS]


def _habit(name: str, unit: str, description: str) -> Feature:
    return Feature(f"{name}_{HABIT}d", pl.Float64, unit, f"{description}, last {HABIT} days; null if none.", HABIT)


ACTIVITY = (
    Feature("days_since_last_order", pl.Int32, "days", "Days since the last order; null if there is none."),
    Feature("days_since_first_order", pl.Int32, "days", "Tenure: days since the first order known.", None),
    *_windowed("order_count", "orders", "Orders", pl.Int32),
    Feature("order_count_all", pl.Int32, "orders", "Orders since the first day of the data.", None),
    Feature("order_count_previous_28d", pl.Int32, "orders", "Orders 29 to 56 days ago.", HABIT),
    _habit("order_trend_rate", "-1..1", "(last 28 days - the 28 before) / their sum, of orders"),
    *(_habit(f"{day}_order_rate", "share of orders", f"Orders on a {day.title()}") for day in WEEKDAYS),
    _habit("weekend_order_rate", "share of orders", "Orders on Saturday or Sunday"),
)
STORES = (
    Feature(f"store_count_{HABIT}d", pl.Int32, "stores", f"Stores ordered in, last {HABIT} days.", HABIT),
    _habit("main_store_order_rate", "share of orders", "Orders in the store ordered in most"),
)
CADENCE = (
    _habit("median_gap_days", "days", "Median of the days between days with an order"),
    _habit("deviation_gap_days", "days", "Standard deviation of those gaps"),
    _habit("lateness_ratio", "ratio", "Days since the last order / median gap (1 = due today)"),
)
SALES = (
    *_windowed("net_sales_amount", "currency", "Net sales", MONEY),
    *_windowed("gross_margin_amount", "currency", "Gross margin (assumed margin rates)", MONEY),
    Feature("net_sales_amount_all", MONEY, "currency", "Net sales since the first day of the data.", None),
    *_windowed("line_count", "lines", "Order lines", pl.Int32),
    _habit("net_sales_per_order", "currency", "Average basket"),
    _habit("lines_per_order", "lines", "Order lines per order"),
    _habit("sales_trend_rate", "-1..1", "(last 28 days - the 28 before) / their sum, of net sales"),
    _habit("discount_rate", "share", "Discount / gross sales"),
    _habit("promoted_sales_rate", "share", "Net sales of products on display or in the mailer / net sales"),
    _habit("coupon_discount_rate", "share", "Manufacturers' coupons / gross sales"),
)
BREADTH = (
    Feature(f"department_count_{HABIT}d", pl.Int32, "departments", f"Departments bought, last {HABIT} days.", HABIT),
    _habit("top_department_sales_rate", "share", "Net sales of the biggest department / net sales"),
)
CAMPAIGNS = (
    # Campaigns begin for everyone on the same days, so this tells the calendar, not the person: a model
    # would learn which panel a row is from. For people and reports only.
    Feature("days_since_last_contact", pl.Int32, "days", "Days since the last campaign mailed; null if none.", None),
    Feature("open_campaign_count", pl.Int32, "campaigns", "Campaigns mailed before and still running on the date."),
    Feature("mailed_campaign_count_91d", pl.Int32, "campaigns", "Campaigns mailed, last 91 days.", 91),
    Feature("days_since_last_redemption", pl.Int32, "days", "Days since the last coupon used; null if none."),
    Feature("redemption_count_28d", pl.Int32, "coupons", "Coupons used, last 28 days.", 28),
    Feature("redemption_count_91d", pl.Int32, "coupons", "Coupons used, last 91 days.", 91),
    Feature("redeemed_campaign_count_91d", pl.Int32, "campaigns", "Campaigns with a coupon used, last 91 days.", 91),
)
SEASON = (
    Feature("month_of_year", pl.Int32, "1..12", "Month of the as_of_date.", YEAR),
    Feature("week_of_year", pl.Int32, "1..53", "ISO week of the as_of_date.", YEAR),
)
HOUSEHOLD = (
    Feature("age_from_years", pl.Int32, "years", "Lower end of the age band; null = unknown."),
    Feature("income_from_thousands", pl.Int32, "thousand", "Lower end of the income band; null = unknown."),
    Feature("household_size_count", pl.Int32, "persons", "Household size (5 = 5 or more); null = unknown."),
    Feature("kids_count", pl.Int32, "children", "Children (3 = 3 or more); null = unknown."),
    Feature("home_ownership", pl.String, "category", "As declared; null = unknown."),
    Feature("marital_status", pl.String, "category", "As declared; null = unknown."),
    Feature("household_composition", pl.String, "category", "As declared; null = unknown."),
)
PERSON_FEATURES = (*ACTIVITY, *STORES, *CADENCE, *SALES, *BREADTH, *CAMPAIGNS, *SEASON, *HOUSEHOLD)

DEPARTMENT_FEATURES = (
    Feature("department_name", pl.String, "category", "The department (part of the key)."),
    Feature("department_days_since_last", pl.Int32, "days", "Days since last bought; null = never."),
    *_windowed("department_day_count", "purchase days", "Days on which the department was bought", pl.Int32),
    Feature("department_day_count_previous_28d", pl.Int32, "purchase days", "The same, 29 to 56 days ago.", HABIT),
    Feature(f"department_sales_amount_{HABIT}d", MONEY, "currency", f"Net sales there, last {HABIT} days.", HABIT),
    _habit("department_sales_rate", "share", "Net sales there / net sales"),
    _habit("department_trend_rate", "-1..1", "(last 28 days - the 28 before) / their sum, of days"),
    _habit("department_day_rate", "share", "Days it was bought / days with an order"),
    _habit("department_lateness_ratio", "ratio", "Days since last bought / mean days per purchase day"),
)
CAMPAIGN_FEATURES = (
    Feature("campaign_type_code", pl.String, "category", "The campaign's type (part of the key)."),
    Feature("type_mailed_count_91d", pl.Int32, "campaigns", "Campaigns of this type mailed, last 91 days.", 91),
    Feature("type_redeemed_count_91d", pl.Int32, "campaigns", "Of these, those with a coupon used.", 91),
)


def usable(features: tuple[Feature, ...], history_days: int) -> tuple[Feature, ...]:
    """The features that a model may learn when its oldest training panel has this much history."""
    return tuple(f for f in features if f.history_days is not None and f.history_days <= history_days)
