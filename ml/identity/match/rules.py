"""What does an equal identifier prove? Deterministic rules in order, and the contradictions that overrule them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.identity.match.compare import Levels, Places
from ml.identity.match.fields import Field

Numbers = NDArray[np.float64]
Ruling = NDArray[np.int8]  # per pair: a place in RULE_NAMES


@dataclass(frozen=True, slots=True)
class LinkRule:
    """Records with an equal identifier are one person with at least `bits` of evidence, unless they contradict."""

    name: str
    identifier: str
    bits: float
    is_shareable: bool = False  # a family may use it together


RULES = (  # the first that holds names the link; an address that a household may share proves less than a personal id
    LinkRule("same_account", "account_id", 10.0),
    LinkRule("same_loyalty", "loyalty_id", 10.0),
    LinkRule("same_email", "email", 6.0, is_shareable=True),
    LinkRule("same_phone", "phone", 4.0, is_shareable=True),
    LinkRule("same_device", "device_id", 4.0, is_shareable=True),
)
LIKELY = len(RULES)  # the number of a link without a rule
RULE_NAMES = (*(rule.name for rule in RULES), "likely")
# At or below this level two known values are taken to be of different people.
CONTRADICTING = {"given_name": "different", "birth_date": "year", "account_id": "different", "loyalty_id": "different"}


def contradictions(fields: Sequence[Field], levels: Levels) -> NDArray[np.bool_]:
    """Per pair: both records are known to differ in what one person has only one of."""
    found = np.zeros(len(levels), bool)
    for column, field in enumerate(fields):
        if field.name in CONTRADICTING:
            limit = field.levels.index(CONTRADICTING[field.name]) if CONTRADICTING[field.name] in field.levels else 0
            found |= (levels[:, column] >= 0) & (levels[:, column] <= limit)
    return found


def share_identifier(fields: Sequence[Field], levels: Levels) -> NDArray[np.bool_]:
    """Per pair: both records carry the same value of an identifier, whatever else they say."""
    found = np.zeros(len(levels), bool)
    for column, field in enumerate(fields):
        if field.name in {rule.identifier for rule in RULES}:
            found |= levels[:, column] == field.equal
    return found


def private_identifiers(records: pl.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Per shareable identifier: whether the value of each record stands beside one given name at most.

    Takes     records: normalised. Without given names all are private: nothing speaks against it.
    """
    found = {}
    for rule in RULES:
        if rule.is_shareable and rule.identifier in records.columns:
            names = pl.col("given_root").drop_nulls().n_unique().over(rule.identifier)
            known = "given_root" in records.columns
            found[rule.identifier] = (
                records.select(names <= 1).to_series().to_numpy() if known else np.ones(records.height, bool)
            )
    return found


def apply_rules(
    fields: Sequence[Field], left: Places, levels: Levels, bits: Numbers, private: dict[str, NDArray[np.bool_]]
) -> tuple[Numbers, Ruling]:
    """Evidence after the rules, and the number of the rule that holds for each pair, else LIKELY.

    An address that several first names use proves nothing of a record without one: there the evidence decides.
    """
    ruling = np.full(bits.size, LIKELY, np.int8)
    allowed = ~contradictions(fields, levels)
    columns = {field.name: (column, field) for column, field in enumerate(fields)}
    is_named = levels[:, columns["given_name"][0]] >= 0 if "given_name" in columns else np.zeros(bits.size, bool)
    for number, rule in reversed(list(enumerate(RULES))):
        if rule.identifier not in columns:
            continue
        column, field = columns[rule.identifier]
        holds = allowed & (levels[:, column] == field.equal)
        if rule.is_shareable:
            holds &= is_named | private[rule.identifier][left]
        bits = np.where(holds, np.maximum(bits, rule.bits), bits)
        ruling[holds] = number
    return bits, ruling
