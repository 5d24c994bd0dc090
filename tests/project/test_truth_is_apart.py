"""What the simulator knows stays in truth/: no module of a night mentions the folder, no SQL reads it."""

import re

import pytest

from tests.project.repository import files, name_of, text_of

MAY_KNOW = ("pipelines/simulator/", "pipelines/cli/simulate.py", "pipelines/cli/evaluate.py")
ROOMS = ("pipelines", "ml", "data_quality", "dbt_project", "seeds")
FOLDER = re.compile(r"""["'][^"'\s]*\btruth\b/?[^"'\s]*["']|\btruth/""")


def mentions(text):
    """Places where a file names the folder: a quoted path or name, or `truth/` anywhere."""
    return FOLDER.findall(text)


def test_no_part_of_a_night_mentions_the_truth():
    readers = [path for path in files(".py", ".sql", ".yml", ".j2") if name_of(path).split("/")[0] in ROOMS]
    found = {name_of(path): mentions(text_of(path)) for path in readers if not name_of(path).startswith(MAY_KNOW)}
    assert len(readers) > 300
    assert {name: places for name, places in found.items() if places} == {}


@pytest.mark.parametrize(
    "code", ["home / 'truth'", 'read_parquet("x/truth/people.parquet")', "-- see truth/effects", "'../truth'"]
)
def test_a_mention_is_seen(code):
    assert mentions(code)


@pytest.mark.parametrize("code", ["the truth about people", "ground_truth = 1", "'truthful'", '"a truth of its own"'])
def test_the_word_alone_is_no_mention(code):
    assert mentions(code) == []
