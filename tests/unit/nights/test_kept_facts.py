"""Facts of a night are read once for steps that follow each other, and not held for those that do not ask."""

import gc
import weakref

import pytest

from pipelines import night as nights
from pipelines.night import Night
from pipelines.reporter import quiet_reporter


class Read:
    """What was read from the marts."""


@pytest.fixture
def night(monkeypatch):
    """A night whose marts give something new with each reading."""
    monkeypatch.setattr(nights, "read_facts", lambda warehouse: Read())
    return Night(None, None, None, None, quiet_reporter())


def test_the_next_step_has_what_the_one_before_has_read(night):
    first = night.facts(keep=True)
    assert night.facts(keep=True) is first
    assert night.facts(keep=False) is first


def test_what_is_not_kept_is_given_back_and_read_again(night):
    first = weakref.ref(night.facts(keep=False))
    gc.collect()
    assert first() is None
    kept = night.facts(keep=True)
    last = night.facts(keep=False)
    assert last is kept
    assert night.facts(keep=False) is not last


def test_one_night_knows_nothing_of_another(monkeypatch, night):
    other = Night(None, None, None, None, quiet_reporter())
    assert night.facts(keep=True) is not other.facts(keep=True)
