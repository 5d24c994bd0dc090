"""A release happens once, whole, after the seal; a death anywhere is healed by running the night again."""

import hashlib
import os
import shutil
from itertools import count

import pytest

from ml.errors import ContractError, GuardrailError
from pipelines.assets.exports import expectations_of_files
from pipelines.exports.release import record_exports, release
from pipelines.files import remove_leftovers
from tests.builders.exports import EARLIER, NIGHT, build_night, clean_world, copy_night, decision, export, stage

STREAMS = ["assignments", "candidates", "decisions", "exports"]


@pytest.fixture
def night(tmp_path):
    return build_night(clean_world(), tmp_path / "home")


def end_of_night(home, ledger, settings, world=None):
    """What the nightly job does once the files are verified."""
    staged = stage(world or clean_world(), home / "staged")
    record_exports(ledger, NIGHT, staged)
    ledger.seal(NIGHT, STREAMS)
    return release(settings, ledger, NIGHT, staged)


def content(*folders):
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(files)}


def test_a_night_that_is_not_sealed_is_not_released(night):
    record_exports(night.ledger, NIGHT, night.staged)
    with pytest.raises(GuardrailError, match="expected a sealed night"):
        release(night.settings, night.ledger, NIGHT, night.staged)
    assert not (night.home / "exports").exists()


def test_rows_that_the_ledger_does_not_hold_are_not_released(night):
    night.ledger.write("exports", NIGHT, night.staged.rows.head(1))
    night.ledger.seal(NIGHT, STREAMS)
    with pytest.raises(GuardrailError, match="these 4 rows"):
        release(night.settings, night.ledger, NIGHT, night.staged)


def test_a_file_that_changed_after_it_was_staged_is_neither_recorded_nor_released(night):
    (night.staged.folder / "email" / "audience.csv").write_text("x")
    with pytest.raises(ContractError, match=r"email/audience\.csv"):
        record_exports(night.ledger, NIGHT, night.staged)


def test_releasing_again_changes_nothing(night):
    first = end_of_night(night.home, night.ledger, night.settings)
    before = content(first, night.ledger.root)
    assert end_of_night(night.home, night.ledger, night.settings) == first
    assert content(first, night.ledger.root) == before
    assert not (night.home / "staged").exists()


def test_a_sealed_night_that_would_come_out_otherwise_is_refused(night):
    end_of_night(night.home, night.ledger, night.settings)
    other = clean_world()
    other.choose("p6", "thanks-none-email", reasons=["Another reason."])
    with pytest.raises(ContractError, match="ledger exports of 2017-12-26: sealed rows differ"):
        end_of_night(night.home, night.ledger, night.settings, other)


def test_a_released_file_that_would_come_out_otherwise_is_named(night):
    end_of_night(night.home, night.ledger, night.settings)
    other = clean_world()  # tonight's rows are the same, only the removals differ
    other.exports.append(export(EARLIER[1], "gone", "email"))
    with pytest.raises(ContractError, match=r"released with other bytes .*first: email/manifest.json"):
        end_of_night(night.home, night.ledger, night.settings, other)


class Killed(BaseException):
    """The process died: nothing that would clean up runs any more."""


def die_at(monkeypatch, step):
    """Let the process die at the n-th durable act; from then on no clean-up works either."""
    done = count(1)

    def dying(act):
        def wrapper(*arguments, **options):
            if next(done) >= step:
                raise Killed
            return act(*arguments, **options)

        return wrapper

    for module, name in ((os, "fsync"), (os, "rename"), (os, "replace"), (shutil, "rmtree"), (os, "mkdir")):
        monkeypatch.setattr(module, name, dying(getattr(module, name)))


def finish(night):
    staged, ledger, settings = night.staged, night.ledger, night.settings
    record_exports(ledger, NIGHT, staged)
    ledger.seal(NIGHT, STREAMS)
    release(settings, ledger, NIGHT, staged)
    return {
        path.relative_to(settings.home).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in ("exports", "ledger")
        for path in (settings.home / folder).rglob("*")
        if path.is_file()
    }


def test_a_death_at_any_step_leaves_nothing_half_written_and_the_rerun_makes_the_same_bytes(
    night, tmp_path, monkeypatch
):
    undisturbed = finish(copy_night(night, tmp_path / "undisturbed"))
    survived, step = False, 0
    while not survived:
        step += 1
        copied = copy_night(night, tmp_path / f"step{step}")
        with monkeypatch.context() as patch:
            die_at(patch, step)
            try:
                finish(copied)
                survived = True
            except Killed:
                pass
        released = copied.home / "exports" / "as_of_date=2017-12-26"
        if released.exists():  # then it is whole, and the seal came first
            assert {path.relative_to(copied.home).as_posix() for path in released.rglob("*.*")} == {
                name for name in undisturbed if name.startswith("exports/")
            }
            assert copied.ledger.is_sealed(NIGHT)
        remove_leftovers(copied.home)
        shutil.copytree(night.staged.folder, copied.staged.folder, dirs_exist_ok=True)  # the re-run stages again
        assert finish(copied) == undisturbed
    assert step > 20


def test_a_death_while_staging_leaves_no_folder_and_staging_again_makes_the_same_bytes(night, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        die_at(patch, 12)
        with pytest.raises(Killed):
            stage(clean_world(), tmp_path / "staged")
    assert not (tmp_path / "staged").exists()
    assert remove_leftovers(tmp_path) > 0
    assert stage(clean_world(), tmp_path / "staged").file_hashes == night.staged.file_hashes


def test_a_night_that_contacts_nobody_passes_the_gate_and_its_empty_files_are_released(tmp_path):
    """Everybody held out, every limit used up, or a second night within the contact window."""
    world = clean_world()
    world.decisions = [decision(row["person_id"]) for row in world.decisions]
    built = build_night(world, tmp_path / "home")
    assert set(built.staged.row_counts.values()) == {0}
    assert expectations_of_files(built.settings, built.staged).passed
