"""Which rows does each channel receive tonight, and in which bytes?

It decides nothing: it writes down what the ledger's decisions say. Whether that was allowed is asked
afterwards, of the files themselves, by other code (`verify.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from ml.decisioning.policy_rows import RECORDED_OPT_IN
from ml.errors import ContractError
from pipelines.exports.channel_files import ExportRun, write_channel
from pipelines.exports.removals import removals_of_channel
from pipelines.files import new_directory, sha256_of

__all__ = ["REFERENCES_QUERY", "ExportRun", "ExportSeeds", "StagedExports", "stage_exports"]

NOTHING = "none"  # the treatment of a person to whom nothing is done
PENDING = "pending"

# What `references` is made from: every customer number that leads to a person, but for those of mailing lists.
REFERENCES_QUERY = """
select members.person_id, records.customer_ref as household_id
from identity.person_members as members
inner join identity.identity_records as records on members.record_id = records.record_id
where records.source_code in ('pos', 'till', 'loyalty', 'shopify', 'crm')
order by members.person_id, records.customer_ref
"""


@dataclass(frozen=True, slots=True)
class ExportSeeds:
    """The retailer's tables that an export needs; their dates and numbers may be text, as in the files."""

    actions: pl.DataFrame  # action_id, purpose_code
    channels: pl.DataFrame  # channel_code: every row is a channel that is served
    treatments: pl.DataFrame  # treatment_id, horizon_days, valid_through
    consents: pl.DataFrame  # channel_code, purpose_code, consent_basis, basis


@dataclass(frozen=True, slots=True)
class StagedExports:
    """A night's files in a folder of their own, not yet released."""

    folder: Path
    rows: pl.DataFrame  # for the ledger stream `exports`
    row_counts: dict[str, int]  # per channel
    removal_counts: dict[str, int]  # per channel
    file_hashes: dict[str, str]  # path inside the folder: SHA-256


def stage_exports(
    folder: Path,
    *,
    decisions: pl.DataFrame,
    candidates: pl.DataFrame,
    references: pl.DataFrame,
    seeds: ExportSeeds,
    recorded_consents: pl.DataFrame,
    earlier_exports: pl.DataFrame,
    earlier_nights: Sequence[date],
    run: ExportRun,
) -> StagedExports:
    """Write audience, removals and manifest of every channel, also of one that gets no row.

    Takes     folder: made anew; decisions, candidates: tonight's ledger rows;
              references: person_id, household_id; of several the smallest is used;
              recorded_consents: person_id, channel_code, purpose_code, consent_event_id;
              earlier_exports: ledger rows of sealed nights before; earlier_nights: all those nights,
              also ones that exported nothing.
    Ignores   decisions that wait for approval: they are counted in the manifest, not written.
    Raises    ContractError if a chosen person has no household_id, a treatment or action is in no seed,
              a chosen channel is not served, or a key cannot stand in a file.
    """
    chosen = _export_rows(decisions, references, seeds, recorded_consents, run.as_of_date)
    _require_served(chosen, seeds.channels)
    last_release = earlier_exports.filter(pl.col("as_of_date").is_in(sorted(earlier_nights)[-1:]))
    household = _household_of(references)
    ledger_rows, removed = [], {}
    with new_directory(folder) as partial:
        for channel in sorted(seeds.channels["channel_code"]):
            of_channel = pl.col("channel_code") == channel
            audience = chosen.filter(of_channel, pl.col("approval") != PENDING).pipe(_rank)
            removals = removals_of_channel(
                last_release.filter(of_channel),
                audience,
                decisions=decisions,
                candidates=candidates.filter(of_channel),
            ).join(household, on="person_id", how="left", maintain_order="left")
            waiting = chosen.filter(of_channel, pl.col("approval") == PENDING).height
            ledger_rows.append(write_channel(partial / channel, audience, removals, waiting, run))
            removed[channel] = removals.height
    return _staged(folder, pl.concat(ledger_rows), removed)


def _export_rows(
    decisions: pl.DataFrame,
    references: pl.DataFrame,
    seeds: ExportSeeds,
    recorded_consents: pl.DataFrame,
    as_of_date: date,
) -> pl.DataFrame:
    chosen = decisions.filter(pl.col("treatment_id").ne_missing(NOTHING))
    rows = (
        chosen.join(_household_of(references), on="person_id", how="left")
        .join(_validity(seeds.treatments), on="treatment_id", how="left")
        .join(seeds.actions.select("action_id", "purpose_code"), on="action_id", how="left")
        .join(
            seeds.consents.select("channel_code", "purpose_code", "consent_basis", "basis"),
            on=["channel_code", "purpose_code"],
            how="left",
        )
        .join(recorded_consents, on=["person_id", "channel_code", "purpose_code"], how="left")
        .with_columns(
            consent_evidence=_evidence(),
            valid_from_date=pl.lit(as_of_date),
            # the offer holds as long as its effect is expected, and never longer than the treatment
            valid_through_date=pl.min_horizontal(
                pl.lit(as_of_date) + pl.duration(days=pl.col("horizon_days") - 1), "treatment_valid_through"
            ).cast(pl.Date),
            reason_text=pl.col("reasons").list.join(" "),
        )
        .sort("decision_id")
    )
    for column, advice in (
        ("household_id", "Only persons with a customer number can be addressed: block the others when deciding."),
        ("valid_through_date", "Declare the treatment, with horizon_days and valid_through, in seeds/treatments.csv."),
        ("purpose_code", "Declare the action and its purpose in seeds/actions.csv."),
    ):
        _require_known(rows, column, advice)
    if rows.height != chosen.height:
        raise ContractError(
            f"exports: expected {chosen.height} chosen decisions, got {rows.height} rows after joining the seeds. "
            "A key repeats in treatments, actions, consents or what is recorded: make it unique."
        )
    return rows


def _evidence() -> pl.Expr:
    """How the permission is known: the person's own statement, which the checker looks up, or what the seeds say."""
    recorded = pl.format("recorded:{}", pl.col("consent_event_id").fill_null("unknown"))
    return pl.when(pl.col("consent_basis") == RECORDED_OPT_IN).then(recorded).otherwise(pl.col("basis"))


def _require_known(rows: pl.DataFrame, column: str, advice: str) -> None:
    unknown = rows.filter(pl.col(column).is_null())
    if unknown.height:
        first = unknown.select("decision_id", "person_id", "treatment_id").row(0)
        raise ContractError(
            f"exports.{column}: expected a value for every chosen decision, got none "
            f"({unknown.height} of {rows.height} rows, first: {first}). {advice}"
        )


def _require_served(chosen: pl.DataFrame, channels: pl.DataFrame) -> None:
    unserved = chosen.join(channels.select("channel_code"), on="channel_code", how="anti")
    if unserved.height:
        raise ContractError(
            f"exports.channel_code: expected a channel of seeds/channels.csv, got "
            f"{sorted(unserved['channel_code'].unique().to_list(), key=str)} ({unserved.height} of {chosen.height} "
            "rows). Declare the channel, or stop choosing its treatments."
        )


def _household_of(references: pl.DataFrame) -> pl.DataFrame:
    """One customer number per person: the shortest, then the first in the alphabet, so 9 comes before 10."""
    return (
        references.select("person_id", "household_id")
        .sort("person_id", pl.col("household_id").str.len_chars(), "household_id")
        .unique("person_id", keep="first", maintain_order=True)
    )


def _validity(treatments: pl.DataFrame) -> pl.DataFrame:
    return treatments.select(
        "treatment_id",
        horizon_days=pl.col("horizon_days").cast(pl.Int64),
        treatment_valid_through=pl.col("valid_through").cast(pl.String).str.to_date("%Y-%m-%d"),
    )


def _rank(audience: pl.DataFrame) -> pl.DataFrame:
    return (
        audience.sort("value_amount", "decision_id", descending=[True, False], nulls_last=True)
        .with_row_index("priority_rank", offset=1)
        .with_columns(pl.col("priority_rank").cast(pl.Int64))
        .sort("decision_id")
    )


def _staged(folder: Path, rows: pl.DataFrame, removal_counts: dict[str, int]) -> StagedExports:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return StagedExports(
        folder=folder,
        rows=rows.sort("channel_code", "row_number"),
        row_counts={channel: rows.filter(pl.col("channel_code") == channel).height for channel in removal_counts},
        removal_counts=removal_counts,
        file_hashes={path.relative_to(folder).as_posix(): sha256_of(path) for path in files},
    )
