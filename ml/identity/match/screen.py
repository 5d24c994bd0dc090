"""Is a pair worth comparing? A first guess from keys alone, without looking at a single character."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml.identity.match.fields import AREA, Field
from ml.identity.match.keys import ABSENT, Codes, Keys
from ml.identity.match.pairs import Places, pair_count

Scores = NDArray[np.float32]
DISAGREEMENT = 2.0  # bits: a field in which no key agrees
SURVIVAL_BITS = -0.7  # log2 of .6: what an agreement loses because mistakes also happen to matching pairs
SWAPPED_BITS = 8.0  # a name that begins like the other's other name


class Screen:
    """A first guess of a pair's weight of evidence, in bits, from keys alone; only good enough to drop the hopeless."""

    def __init__(self, keys: Keys, fields: Sequence[Field]) -> None:
        self._codes = keys.codes
        self._columns = [[k for k, owner in enumerate(keys.fields) if owner == place] for place in range(len(fields))]
        self._is_area = [field.meaning == AREA for field in fields]
        size = keys.codes.shape[0]
        shares = [pair_count(keys.codes[:, [k]]) / max(size * (size - 1) / 2, 1) for k in range(len(keys.names))]
        self._bits = [float(np.clip(SURVIVAL_BITS - np.log2(max(share, 1e-9)), 0, 30)) for share in shares]
        self._swapped = keys.swapped

    def scores(self, left: Places, right: Places) -> Scores:
        """Bits per pair: the rarest agreeing key of every field; of areas, which imply each other, the best one."""
        one, other = self._codes[left], self._codes[right]
        agree = (one == other) & (one != ABSENT)
        total = np.zeros(left.size, np.float32)
        area: Scores = np.full(left.size, -DISAGREEMENT, np.float32)
        for columns, is_area in zip(self._columns, self._is_area, strict=True):
            best = np.zeros(left.size, np.float32)
            for column in columns:
                best = np.maximum(best, agree[:, column] * np.float32(self._bits[column]))
            known = (one[:, columns[0]] != ABSENT) & (other[:, columns[0]] != ABSENT)
            found: Scores = np.where(agree[:, columns].any(axis=1), best, np.where(known, -np.float32(DISAGREEMENT), 0))
            if is_area:
                area = np.maximum(area, found)
            else:
                total += found
        if any(self._is_area):
            total += area
        return np.asarray(total + self._of_swapped(one, other), dtype=np.float32)

    def _of_swapped(self, one: Codes, other: Codes) -> Scores:
        """What names in each other's place are worth: they took the price of two disagreements."""
        if self._swapped is None:
            return np.zeros(len(one), np.float32)
        given, family = self._swapped
        turned = ((one[:, given] == other[:, family]) & (one[:, given] != ABSENT)).astype(np.float32)
        turned += (one[:, family] == other[:, given]) & (one[:, family] != ABSENT)
        return turned * np.float32(SWAPPED_BITS + DISAGREEMENT)
