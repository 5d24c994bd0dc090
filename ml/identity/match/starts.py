"""What is believed of persons and homes before a single pair was seen: where learning starts."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml.identity.match.fields import AREA, ATTRIBUTE, HOME, Field

Numbers = NDArray[np.float64]
EQUAL_IN_PERSON = 0.75
EQUAL_IN_HOME = 0.9
EQUAL_IN_AREA = 0.9
TWINS = 0.03  # of pairs in one home: the same birth date
NAMESAKES = 0.02  # of pairs in one home: the same given name (father and son)
SHARED_EMAIL = 0.1  # of pairs in one home, to begin with


def mostly_equal(field: Field, equal: float) -> Numbers:
    """Chances of a field's levels of which the last has `equal`."""
    chances = np.full(len(field.levels), (1 - equal) / (len(field.levels) - 1))
    chances[field.equal] = equal
    return chances


def person_start(fields: Sequence[Field]) -> dict[str, Numbers]:
    """Of records of one person."""
    return {field.name: mostly_equal(field, EQUAL_IN_PERSON) for field in fields}


def has_homes(fields: Sequence[Field]) -> bool:
    """Relatives can be recognised only where a name or a place is shared beside something else that is shared."""
    return sum(field.meaning in (HOME, AREA) for field in fields) > 1


def home_start(fields: Sequence[Field], unrelated: dict[str, Numbers]) -> dict[str, Numbers]:
    """Of two people in one home; unrelated: the chances of strangers."""
    start: dict[str, Numbers] = {}
    for field in fields:
        equal = np.eye(len(field.levels))[field.equal]
        by_chance = unrelated[field.name]
        if field.name == "given_name":
            start[field.name] = (1 - NAMESAKES) * by_chance + NAMESAKES * equal
        elif field.name == "birth_date":
            start[field.name] = (1 - TWINS) * by_chance + TWINS * equal
        elif field.name == "email":
            start[field.name] = (1 - SHARED_EMAIL) * by_chance + SHARED_EMAIL * equal
        elif field.meaning in (HOME, AREA):
            start[field.name] = mostly_equal(field, EQUAL_IN_HOME)
        elif field.meaning == ATTRIBUTE:
            start[field.name] = 0.5 * by_chance + 0.5 * equal
    return start
