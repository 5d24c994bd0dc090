"""Why each person gets this and not another: one word, sentences, and the nearest losers."""

from decimal import Decimal

import polars as pl

from ml.decisioning.guardrails import BELOW_MINIMUM, NOT_APPLICABLE
from ml.decisioning.ledger_rows import NONE, PRIOR, RANDOMISED, RELATED
from ml.decisioning.policy import Policy
from ml.decisioning.units import amounts_from_units

REASON_CODES = ("chosen_best_value", "explored", "withheld", "held_out", "all_blocked", "nothing_pays", "limit_bound")
RESTS_ON = {
    PRIOR: "a stated prior, not evidence",
    RELATED: "randomised evidence of like contacts",
    RANDOMISED: "randomised evidence",
}
MOST_RUNNER_UPS = 3


def explain(decisions: pl.DataFrame, candidates: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Add reason_code, reasons and runner_ups.

    Takes     decisions, one row per person: treatment_id, holdout_arm, is_exploration, solved_treatment_id, set_size,
              net_units;
              candidates, judged: net_units (value net of the limits' prices, 1/10,000; null if unknown).
    Returns   decisions with three more columns, sorted by person_id.
    """
    best = _best_candidate(candidates, policy)
    coded = decisions.join(best, on="person_id", how="left").with_columns(reason_code=_code())
    told = coded.with_columns(reasons=_sentences(policy))
    losers = _runner_ups(candidates, decisions)
    return (
        told.join(losers, on="person_id", how="left")
        .with_columns(pl.col("runner_ups").fill_null("[]"))
        .drop(best.columns[1:])
        .sort("person_id")
    )


def _code() -> pl.Expr:
    contacted = pl.col("treatment_id") != NONE
    return (
        pl.when(pl.col("holdout_arm") == "holdout")
        .then(pl.lit("held_out"))
        .when(pl.col("is_exploration") & ~contacted & (pl.col("solved_treatment_id") != NONE))
        .then(pl.lit("withheld"))
        .when("is_exploration")
        .then(pl.lit("explored"))
        .when(contacted & (pl.col("net_units") >= pl.col("best_net_units")))
        .then(pl.lit("chosen_best_value"))
        .when(contacted | (pl.col("best_rank") == 0))
        .then(pl.lit("limit_bound"))
        .when(pl.col("best_rank") == 1)
        .then(pl.lit("nothing_pays"))
        .otherwise(pl.lit("all_blocked"))
    )


def _best_candidate(candidates: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Per person the candidate that came nearest: eligible, else only not worth it, else blocked otherwise."""
    only_value = pl.col("reason_codes") == pl.lit([BELOW_MINIMUM], dtype=pl.List(pl.String))
    far = pl.col("reason_codes").list.contains(NOT_APPLICABLE)
    rank = pl.when("is_eligible").then(0).when(only_value).then(1).when(~far).then(2).otherwise(3)
    return (
        candidates.with_columns(best_rank=rank)
        .sort(
            ["person_id", "best_rank", "net_units", "treatment_id"],
            descending=[False, False, True, False],
            nulls_last=True,
        )
        .unique("person_id", keep="first", maintain_order=True)
        .select(
            "person_id",
            "best_rank",
            best_net_units="net_units",
            best_text=_in_words(policy),
            best_value=_shown(pl.col("value_amount")),
            best_price=_shown(pl.col("value_amount") - amounts_from_units(pl.col("net_units"))),
            best_codes=pl.col("reason_codes").list.join(", "),
        )
    )


def _in_words(policy: Policy) -> pl.Expr:
    """`Win back a household that stopped: 5 % off one department on one receipt, E-mail, GROCERY`."""
    about = (
        pl.when(pl.col("department_name").is_null())
        .then(pl.lit(""))
        .otherwise(pl.format(", {}", pl.col("department_name")))
    )
    actions = {row.action_id: row.action_name for row in policy.actions.values()}
    offers = {row.offer_id: row.offer_name for row in policy.offers.values()}
    channels = {row.channel_code: row.channel_name for row in policy.channels.values()}
    return pl.format(
        "{}: {}, {}{}",
        pl.col("action_id").replace_strict(actions, default=pl.col("action_id")),
        pl.col("offer_id").replace_strict(offers, default=pl.col("offer_id")),
        pl.col("channel_code").replace_strict(channels, default=pl.col("channel_code")),
        about,
    )


def _shown(amount: pl.Expr) -> pl.Expr:
    return amount.cast(pl.Decimal(18, 4)).cast(pl.String).fill_null("unknown")


def _sentences(policy: Policy) -> pl.Expr:
    minimum: Decimal = policy.rules["min_value_amount"]
    value = _shown(pl.col("value_amount"))
    net = _shown(amounts_from_units(pl.col("net_units")))
    chances = pl.format(
        "A purchase is expected with probability {}, and {} more through this contact ({}).",
        pl.col("base_probability").round(3),
        pl.col("uplift_probability").round(4),
        pl.col("uplift_basis").replace_strict(RESTS_ON, default=None),
    )
    worth = pl.format("Worth {} after discount, contact and fatigue; {} net of the limits' prices.", value, net)
    best = [pl.col(name) for name in ("best_text", "best_value", "best_codes")]
    texts = {
        "held_out": [pl.lit("Held out of every contact, by lot, so that all contacts together can be measured.")],
        "explored": [
            pl.format("Drawn by lot among {} choices of nearly equal value, to learn.", pl.col("set_size")),
            pl.when(pl.col("treatment_id") == NONE).then(pl.lit("Doing nothing was one of them.")).otherwise(worth),
        ],
        "withheld": [
            pl.format(
                "{} was the choice, and was left out by lot so that what it changes can be measured.",
                "solved_treatment_id",
            )
        ],
        "chosen_best_value": [pl.lit("The best of what is allowed, net of the limits' prices."), worth, chances],
        "nothing_pays": [
            pl.format("Every allowed treatment brings less than {} (best: {}, {}).", pl.lit(str(minimum)), *best[:2])
        ],
        "all_blocked": [
            pl.format("No treatment is allowed (nearest: {}, worth {}, blocked by {}).", *best).fill_null(
                "There is no candidate for this person."
            )
        ],
    }
    limited = (
        pl.when(pl.col("treatment_id") == NONE)
        .then(
            pl.concat_list(
                pl.format(
                    "{} is worth {}, but the shared limits were worth {} elsewhere or were used up.",
                    *best[:2],
                    pl.col("best_price"),
                )
            )
        )
        .otherwise(
            pl.concat_list(
                pl.format("A better choice ({}, worth {}) did not fit into the shared limits.", *best[:2]),
                worth,
                chances,
            )
        )
    )
    sentences = limited
    for code, parts in texts.items():
        sentences = pl.when(pl.col("reason_code") == code).then(pl.concat_list(parts)).otherwise(sentences)
    return sentences


def _runner_ups(candidates: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """Up to three losers per person as JSON: applicable ones first, then by net value, unknown values last."""
    losers = candidates.join(
        decisions.select("person_id", "treatment_id"), on=["person_id", "treatment_id"], how="anti"
    )
    nearest = (
        losers.with_columns(is_far=pl.col("reason_codes").list.contains(NOT_APPLICABLE))
        .sort(
            ["person_id", "is_far", "net_units", "treatment_id"],
            descending=[False, False, True, False],
            nulls_last=True,
        )
        .group_by("person_id", maintain_order=True)
        .head(MOST_RUNNER_UPS)
    )
    quoted = pl.col("reason_codes").list.eval(pl.concat_str(pl.lit('"'), pl.element(), pl.lit('"')))
    json = pl.concat_str(
        pl.lit('{"treatment_id":"'),
        "treatment_id",
        pl.lit('","value_amount":'),
        _json_number(pl.col("value_amount")),
        pl.lit(',"net_of_prices_amount":'),
        _json_number(amounts_from_units(pl.col("net_units"))),
        pl.lit(',"reason_codes":['),
        quoted.list.join(","),
        pl.lit("]}"),
    )
    return (
        nearest.with_columns(json=json)
        .group_by("person_id", maintain_order=True)
        .agg(pl.concat_str(pl.lit("["), pl.col("json").str.join(","), pl.lit("]")).alias("runner_ups"))
    )


def _json_number(amount: pl.Expr) -> pl.Expr:
    return amount.cast(pl.Decimal(18, 4)).cast(pl.String).fill_null("null")
