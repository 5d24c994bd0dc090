"""What does an equal identifier prove? Deterministic rules in order, and the contradictions that overrule them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.identity.match.compare import Levels
from ml.identity.match.fields import Field

Numbers = NDArray[np.float64]
Ruling = NDArray[np.int8]  # per pair: a place in RULE_NAMES


@dataclass(frozen=True, slots=True)
class LinkRule:
    """Records with an equal identifier are one person with at least `bits` of evidence, unless they contradict."""

    name: str
    identifier: str
    bits: float


RULES = (  # the first that holds names the link; an address that a household may share proves less than a personal id
    LinkRule("same_account", "account_id", 10.0),
    LinkRule("same_loyalty", "loyalty_id", 10.0),
    LinkRule("same_email", "email", 6.0),
    LinkRule("same_phone", "phone", 4.0),
    LinkRule("same_device", "device_id", 4.0),
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


def apply_rules(fields: Sequence[Field], levels: Levels, bits: Numbers) -> tuple[Numbers, Ruling]:
    """Evidence after the rules, and the number of the rule that holds for each pair, else LIKELY."""
    ruling = np.full(bits.size, LIKELY, np.int8)
    allowed = ~contradictions(fields, levels)
    columns = {field.name: (column, field) for column, field in enumerate(fields)}
    for number, rule in reversed(list(enumerate(RULES))):
        if rule.identifier not in columns:
            continue
        column, field = columns[rule.identifier]
        holds = allowed & (levels[:, column] == field.equal)
        bits = np.where(holds, np.maximum(bits, rule.bits), bits)
        ruling[holds] = number
    return bits, ruling
