"""Whether intervals of lift hold the true effect of what was done. No files."""

import polars as pl

TRUE_EFFECT = {"gross_margin": "margin_uplift", "net_sales": "sales_uplift"}
COVERED, MISSED, EARLY, WITHHELD = "covered", "missed", "too early", "withheld"


def lift_scores(results: pl.DataFrame, contacts: pl.DataFrame) -> pl.DataFrame:
    """Each measured difference beside what the contacts inside its window truly changed.

    Takes     results, rows of the ledger's `lift_results`, of which the last reading per night and metric counts;
              contacts, one row per contact that was sent: as_of_date; margin_uplift, sales_uplift f64, money.
    Returns   one row per experiment, decided night and metric, sorted: estimate, low, high; true_of_night: the
              contacts of that night alone; true_in_window: of all nights whose day lies inside the window, both per
              treated person; state: covered or missed (by true_in_window), `too early` while days of the window are
              outstanding, `withheld` if no interval was given.
    Ignores   that a contact late in the window acts beyond its end, what contacts before the window still do inside
              it, and how contacts of one person change each other.
    """
    key = ["experiment_id", "decided_date", "metric_name"]
    last = results.sort(*key, "as_of_date").unique(key, keep="last", maintain_order=True)
    known = last.filter(pl.col("metric_name").is_in(list(TRUE_EFFECT)))
    sums = contacts.group_by("as_of_date").agg(pl.col("margin_uplift", "sales_uplift").sum()).sort("as_of_date")
    rows = [{**row, **_true_effects(row, sums)} for row in known.iter_rows(named=True)]
    judged = pl.DataFrame(
        rows, schema={**known.schema, "true_of_night": pl.Float64, "true_in_window": pl.Float64}, orient="row"
    )
    return judged.with_columns(state=_state()).select(
        *key,
        "observed_days",
        "window_days",
        "treated_count",
        "holdout_count",
        "estimate",
        "low",
        "high",
        *TRUE,
        "state",
    )


TRUE = ("true_of_night", "true_in_window")


def _true_effects(row: dict[str, object], sums: pl.DataFrame) -> dict[str, float]:
    since = (pl.col("as_of_date") - pl.lit(row["decided_date"])).dt.total_days()
    name = TRUE_EFFECT[str(row["metric_name"])]
    people = max(int(str(row["treated_count"])), 1)
    own, inside = since == 0, since.is_between(0, pl.lit(row["window_days"]), closed="left")
    return {to: float(sums.filter(rule)[name].sum()) / people for to, rule in zip(TRUE, (own, inside), strict=True)}


def _state() -> pl.Expr:
    is_inside = pl.col("true_in_window").is_between("low", "high")
    return (
        pl.when(pl.col("observed_days") < pl.col("window_days"))
        .then(pl.lit(EARLY))
        .when(is_inside.is_null())
        .then(pl.lit(WITHHELD))
        .when(is_inside)
        .then(pl.lit(COVERED))
        .otherwise(pl.lit(MISSED))
    )
