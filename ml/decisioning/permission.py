"""May a person be contacted by this channel for this purpose? Declared by the retailer, or said by the person."""

import polars as pl

from ml.decisioning.policy_rows import RECORDED_OPT_IN, Consent


def is_permitted(people: pl.DataFrame, recorded_consents: pl.DataFrame, consent: Consent | None) -> pl.Series:
    """Per person whether the settings permit it and, where they ask for a recorded opt-in, the person said yes.

    Takes     people: person_id;
              recorded_consents, one row per person_id x channel_code x purpose_code: is_granted;
              consent: the row of seeds/consents.csv for channel and purpose, None if there is none.
    Returns   boolean in the order of `people`; null where nothing is declared or nothing recorded, which blocks.
    """
    if consent is None:
        return pl.Series("is_permitted", [None] * people.height, dtype=pl.Boolean)
    if consent.consent_basis != RECORDED_OPT_IN:
        return pl.Series("is_permitted", [consent.is_permitted] * people.height, dtype=pl.Boolean)
    said = recorded_consents.filter(channel_code=consent.channel_code, purpose_code=consent.purpose_code)
    joined = people.select("person_id").join(
        said.select("person_id", "is_granted"), on="person_id", how="left", maintain_order="left"
    )
    return joined.select(is_permitted=pl.col("is_granted") & consent.is_permitted).to_series()
