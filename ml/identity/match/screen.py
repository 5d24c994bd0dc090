"""Is a pair worth comparing? A first guess from keys alone, without looking at a single character."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml.identity.match.fields import AREA, Field
from ml.identity.match.keys import ABSENT, Keys
from ml.identity.match.pairs import Places, pair_count

Scores = NDArray[np.float32]
DISAGREEMENT = 2.0  # bits: a known field in which nothing agrees
SURVIVAL_BITS = -0.7  # log2 of .6: what an agreement loses because mistakes also happen to matching pairs
PART = 0.5  # of a part's bits: start and end of a name together are nearly worth the name
SWAPPED_BITS = 8.0  # a name that begins like the other's other name
MOST_BITS = 30.0


class Screen:
    """A pair's weight of evidence in bits, guessed: only good enough to drop the hopeless.

    A sum over agreeing keys, so that millions of pairs are one product of a matrix and a vector: whole values add what
    their parts leave; what a known field loses by disagreeing is taken off every pair and given back by agreement.
    """

    def __init__(self, keys: Keys, fields: Sequence[Field]) -> None:
        self._codes = keys.codes
        self._weights = _weights(keys, fields)
        firsts = [keys.fields.index(place) for place in range(len(fields))]
        self._known = np.ascontiguousarray(keys.codes[:, firsts] != ABSENT)
        self._swapped = keys.swapped

    def scores(self, left: Places, right: Places) -> Scores:
        """Bits per pair of rows."""
        one, other = self._codes[left], self._codes[right]
        width = self._weights.size
        agree = (one[:, :width] == other[:, :width]) & (one[:, :width] != ABSENT)
        known = (self._known[left] & self._known[right]).sum(axis=1, dtype=np.float32)
        total: Scores = agree.astype(np.float32) @ self._weights - np.float32(DISAGREEMENT) * known
        if self._swapped is None:
            return total
        given, family = self._swapped
        turned = ((one[:, given] == other[:, family]) & (one[:, given] != ABSENT)).astype(np.float32)
        turned += (one[:, family] == other[:, given]) & (one[:, family] != ABSENT)
        return np.asarray(total + turned * np.float32(SWAPPED_BITS + DISAGREEMENT), dtype=np.float32)


def _weights(keys: Keys, fields: Sequence[Field]) -> Scores:
    """Bits per key. Places imply each other: all areas together weigh as much as one of them."""
    size = keys.codes.shape[0]
    shares = [pair_count(keys.codes[:, [k]]) / max(size * (size - 1) / 2, 1) for k in range(len(keys.names))]
    bits = np.array([np.clip(SURVIVAL_BITS - np.log2(max(share, 1e-9)), 0, MOST_BITS) for share in shares])
    weights = np.zeros(len(keys.names))
    areas = sum(field.meaning == AREA for field in fields)
    for place, field in enumerate(fields):
        whole, *parts = (k for k, owner in enumerate(keys.fields) if owner == place)
        scale = 1 / areas if field.meaning == AREA else 1.0
        back = DISAGREEMENT / (1 + PART * len(parts)) if parts else DISAGREEMENT
        weights[parts] = PART * bits[parts] * scale + PART * back
        total = bits[whole] * scale + DISAGREEMENT
        weights[whole] = max(total - weights[parts].sum(), 0.0)
    return weights.astype(np.float32)
