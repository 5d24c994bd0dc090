"""An older file is left unread only if no key can stand in both."""

from hypothesis import given
from hypothesis import strategies as st

from pipelines.landing.keys import Bounds

KEYS = st.lists(st.tuples(st.integers(0, 6), st.text("ab", max_size=2)), max_size=5)


def _bounds(keys):
    if not keys:
        return Bounds()
    columns = list(zip(*keys, strict=True))
    return Bounds(tuple(min(column) for column in columns), tuple(max(column) for column in columns))


@given(KEYS, KEYS)
def test_files_that_share_a_key_overlap(one, other):
    if set(one) & set(other):
        assert _bounds(one).overlap(_bounds(other))
        assert _bounds(other).overlap(_bounds(one))


def test_files_of_different_days_do_not_overlap_however_their_numbers_lie():
    monday, tuesday = [(1, "2025-01-06"), (9, "2025-01-06")], [(4, "2025-01-07")]
    assert not _bounds(monday).overlap(_bounds(tuesday))
    assert not _bounds([]).overlap(_bounds(monday))
