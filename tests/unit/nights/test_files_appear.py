"""A file appears whole or not at all, and what stands is not lost to a writer that fails."""

import pytest

from pipelines.files import appearing, write_file


@pytest.fixture
def standing(tmp_path):
    path = tmp_path / "kept.txt"
    path.write_text("old", encoding="utf-8")
    return path


def test_a_writer_that_writes_nothing_is_a_fault_and_takes_nothing_away(standing):
    with pytest.raises(FileNotFoundError):
        write_file(standing, lambda temporary: None)
    assert standing.read_text(encoding="utf-8") == "old"


def test_what_need_not_be_there_is_gone_if_it_was_not_made(standing):
    with appearing(standing):
        pass
    assert not standing.exists()


def test_an_error_keeps_what_stood_and_leaves_nothing_beside_it(standing):
    def fail(temporary):
        temporary.write_text("half", encoding="utf-8")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_file(standing, fail)
    assert [path.name for path in standing.parent.iterdir()] == ["kept.txt"]
    assert standing.read_text(encoding="utf-8") == "old"
