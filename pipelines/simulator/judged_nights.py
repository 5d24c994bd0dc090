"""What the nights of a simulated home claimed, beside what was really so: frames for the scores."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from ml.decisioning.ledger_rows import NONE
from ml.decisioning.units import AMOUNT, amounts_from_floats
from pipelines.night import ledger_of
from pipelines.settings import Settings

OF_VALUE = ("value_unknown", "below_minimum_value")  # reasons of belief, which who knows the truth does not share
EFFECTS = ("uplift", "margin_uplift", "sales_uplift", "discount_uplift")


@dataclass(frozen=True, slots=True)
class JudgedNight:
    """One night's contacts beside the truth.

    contacts   one row per person and treatment: the ledger's candidate columns; person i64; EFFECTS, 0 for who has
               left for good; is_allowed, true consent of who is still here; is_decided; is_solved, chosen before any
               lot; is_sent; true_amount, margin_uplift less contact cost; of several ids of one person the one that
               was decided for, else the first.
    is_lived   whether the day has been lived through, so that it is known who was sent what.
    policy_hashes   of the settings tables that the night decided by.
    """

    as_of_date: date
    contacts: pl.DataFrame
    is_lived: bool
    policy_hashes: list[str]


def judged_nights(settings: Settings) -> list[JudgedNight]:
    """The sealed nights of which there is a truth, oldest first."""
    ledger, truth = ledger_of(settings), settings.folder("truth")
    return [
        _night(settings, night) for night in ledger.nights() if (truth / "candidates" / f"{night}.parquet").exists()
    ]


def _night(settings: Settings, night: date) -> JudgedNight:
    ledger, truth = ledger_of(settings), settings.folder("truth")
    decisions = ledger.partition("decisions", night)
    decided = decisions.filter(pl.col("treatment_id") != NONE).select(
        "person_id", "treatment_id", is_decided=pl.lit(True)
    )
    known = pl.read_parquet(truth / "known_as" / f"{night}.parquet")
    rows = ledger.partition("candidates", night).join(known, on="person_id")
    rows = rows.join(decided, on=["person_id", "treatment_id"], how="left").with_columns(_falsely("is_decided"))
    order = ["person", "treatment_id", "is_decided", "person_id"]
    rows = rows.sort(order, descending=[False, False, True, False])
    rows = rows.unique(["person", "treatment_id"], keep="first", maintain_order=True)
    rows = rows.join(_solved(decisions, known), on=["person", "treatment_id"], how="left").with_columns(
        _falsely("is_solved")
    )
    lived = truth / "treatments" / f"{night}.parquet"
    contacts = _with_truth(rows, pl.read_parquet(truth / "candidates" / f"{night}.parquet"), _sent(lived))
    return JudgedNight(night, contacts, lived.exists(), decisions["policy_hash"].unique().sort().to_list())


def _solved(decisions: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """person, treatment_id, is_solved of what was chosen before any lot; of several ids of one person the first."""
    chosen = (
        decisions.filter(pl.col("solved_treatment_id") != NONE).join(known, on="person_id").sort("person", "person_id")
    )
    first = chosen.unique("person", keep="first", maintain_order=True)
    return first.select("person", treatment_id="solved_treatment_id", is_solved=pl.lit(True))


def _sent(path: Path) -> pl.DataFrame:
    """person, treatment_id, is_sent of what people were given on a day; nothing if it has not been lived through."""
    if not path.exists():
        return pl.DataFrame(schema={"person": pl.Int64, "treatment_id": pl.String, "is_sent": pl.Boolean})
    return pl.read_parquet(path).select("person", "treatment_id", "is_sent")


def _with_truth(rows: pl.DataFrame, effects: pl.DataFrame, sent: pl.DataFrame) -> pl.DataFrame:
    changed = [
        (pl.col(f"{name}_with") - pl.col(f"{name}_without")).alias(f"{name}_uplift") for name in ("sales", "discount")
    ]
    known = effects.with_columns(changed).select("person", "treatment_id", "is_allowed", *EFFECTS)
    keys = ["person", "treatment_id"]
    joined = rows.join(known, on=keys, how="left").join(sent, on=keys, how="left").sort(keys)
    filled = joined.with_columns(pl.col(EFFECTS).fill_null(0.0), _falsely("is_allowed"), _falsely("is_sent"))
    cost, discount = filled["contact_cost_amount"].cast(pl.Float64).fill_null(0.0), pl.col("discount_cost_amount")
    net = amounts_from_floats((filled["margin_uplift"] - cost).to_numpy()).alias("true_amount")
    given = amounts_from_floats(filled["discount_uplift"].clip(0).to_numpy()).alias("true_discount")
    complete = filled.with_columns(net, given).with_columns(discount.fill_null(pl.col("true_discount")).cast(AMOUNT))
    return complete.with_columns(is_sent=pl.col("is_sent") & pl.col("is_decided")).drop("true_discount")


def _falsely(name: str) -> pl.Expr:
    return pl.col(name).fill_null(False)


def may_be_made(contacts: pl.DataFrame) -> pl.DataFrame:
    """The contacts that nothing but belief in their value stood against.

    Returns   rows of `JudgedNight.contacts`, person_id being the person's number, in order of person and treatment.
    """
    others = pl.col("reason_codes").list.set_difference(list(OF_VALUE)).list.len()
    permitted = contacts.filter((others == 0) & pl.col("contact_cost_amount").is_not_null())
    number = pl.col("person").cast(pl.String).str.zfill(12)
    return permitted.with_columns(person_id=number).sort("person_id", "treatment_id")


def truth_of_people(settings: Settings, night: str) -> list[Path]:
    """The files of who was known as whom in a night and of what everybody was worth; none if one is missing."""
    paths = [settings.folder("truth") / table / f"{night}.parquet" for table in ("known_as", "values")]
    return paths if all(path.exists() for path in paths) else []


def predicted_and_true(settings: Settings, scores: pl.DataFrame, night: date, horizon_days: int) -> pl.DataFrame | None:
    """The horizon's true expectations beside a model's scores, for everybody who has one.

    Takes     scores: person_id, score; of several ids of one person `score_sum` adds up, `score_least` is the least.
    Returns   one row per person, sorted: person, score_sum, score_least; buy_probability, sales: 0 for who has left
              for good. None if the truth of that night and horizon was not written.
    """
    paths = truth_of_people(settings, night.isoformat())
    if not paths:
        return None
    known, values = (pl.read_parquet(path) for path in paths)
    values = values.filter(horizon_days=horizon_days).select("person", "buy_probability", "sales")
    if values.is_empty():
        return None
    own = scores.join(known, on="person_id").sort("person", "person_id").group_by("person", maintain_order=True)
    summed = own.agg(score_sum=pl.col("score").sum(), score_least=pl.col("score").min())
    joined = summed.join(values, on="person", how="left").sort("person")
    return joined.with_columns(pl.col("buy_probability", "sales").fill_null(0.0))
