"""Uplift, policy and lift of a simulated home's nights beside the truth, as plain data for JSON, page and screen."""

from typing import Any

import polars as pl

from ml.decisioning.policy import Policy, load_policy
from pipelines.night import ledger_of
from pipelines.seeds import read_seeds
from pipelines.settings import Settings
from pipelines.simulator.judged_nights import JudgedNight, judged_nights, may_be_made
from pipelines.simulator.scoring_lift import lift_scores
from pipelines.simulator.scoring_policy import permitted_contacts, policy_values
from pipelines.simulator.scoring_uplift import gain_curve, uplift_scores

NO_NIGHT = "No night of this home was answered by its people. `nightmarket loop` runs such nights."
OTHER_POLICY = "The settings tables have changed since this night, so its limits are not known any more."


def nights_content(settings: Settings) -> dict[str, Any]:
    """What uplift, policies and lift came to, per night, or in words why they cannot be judged.

    Raises    ContractError if a settings table or a partition of the ledger is damaged.
    """
    nights = judged_nights(settings)
    policy = load_policy(read_seeds(settings)) if nights else None
    return {
        "nights_note": None if nights else NO_NIGHT,
        "uplift": [uplift_content(night) for night in nights],
        "policy": [policy_content(night, policy) for night in nights if policy is not None],
        "lift": _lift_content(settings, nights),
    }


def uplift_content(night: JudgedNight) -> dict[str, Any]:
    """Believed beside true effects of all contacts of a night that had a value.

    The night believes in a purchase of the named department (or of anything) within the treatment's horizon, the truth
    tells a purchase of anything within the simulator's response window: orders can be compared, means only in money.
    """
    valued = night.contacts.drop_nulls(["uplift_probability", "value_amount", "fatigue_cost_amount"])
    believed = sum((pl.col(name) for name in ("contact_cost_amount", "fatigue_cost_amount")), pl.col("value_amount"))
    in_money = valued.with_columns(believed=believed.cast(pl.Float64), true=pl.col("margin_uplift"))
    content = {"as_of_date": str(night.as_of_date), "contact_count": valued.height, "note": None}
    if valued.is_empty():
        return {**content, "note": "No contact had a value: nothing was believed about its effect."}
    curve = gain_curve(in_money["believed"].to_numpy(), in_money["true"].to_numpy())
    return {
        **content,
        "probability": uplift_scores(valued.with_columns(believed="uplift_probability", true="uplift")).to_dicts(),
        "money": uplift_scores(in_money).to_dicts(),
        "curve": curve.to_dicts(),
    }


def policy_content(night: JudgedNight, policy: Policy) -> dict[str, Any]:
    """What the night's contacts were truly worth beside other policies."""
    decided, sent = (night.contacts.filter(name) for name in ("is_decided", "is_sent"))
    content = {"as_of_date": str(night.as_of_date), "note": None, "decided_count": decided.height}
    if not night.is_lived:
        return {**content, "note": "The day after this night has not been lived through: nobody was sent anything yet."}
    if night.policy_hashes != [policy.policy_hash]:
        return {**content, "note": OTHER_POLICY}
    permitted = permitted_contacts(may_be_made(night.contacts), policy)
    return {
        **content,
        "note": None if decided.height else "Nothing was decided: the night contacted nobody.",
        "permitted_person_count": permitted.rows["person_id"].n_unique(),
        "allowed_person_count": permitted.rows.filter("is_allowed")["person_id"].n_unique(),
        "sent_count": sent.height,
        "believed_value_amount": sent["value_amount"].sum(),
        "true_discount_amount": sent["discount_uplift"].sum(),
        "values": policy_values(permitted, decided, night.contacts.filter("is_solved")).to_dicts(),
    }


def _lift_content(settings: Settings, nights: list[JudgedNight]) -> dict[str, Any]:
    """Intervals of lift beside the true effect of what was sent."""
    ledger = ledger_of(settings)
    results = [ledger.partition("lift_results", night) for night in ledger.nights("lift_results")]
    results = [frame for frame in results if frame.height]
    if not nights or not results:
        return {"note": NO_NIGHT if not nights else "No earlier night to measure yet.", "results": []}
    columns = ["as_of_date", "margin_uplift", "sales_uplift"]
    sent = pl.concat([night.contacts.filter("is_sent").select(columns) for night in nights])
    scored = lift_scores(pl.concat(results), sent)
    return {"note": None if scored.height else "No lift of money was measured.", "results": scored.to_dicts()}
