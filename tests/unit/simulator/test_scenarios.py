"""Scenario files: what may stand in them, and what is said about what may not."""

import pytest

from ml.errors import ContractError
from pipelines.simulator.scenario import load_scenario, scenario_names

EXPECTED = ["consent_wave", "default", "dirty", "large", "no_effect", "no_heterogeneity", "stock_crisis", "tiny"]


def test_every_scenario_of_the_project_loads_under_its_own_name():
    assert scenario_names() == EXPECTED
    assert [load_scenario(name).name for name in EXPECTED] == EXPECTED


def test_a_scenario_says_only_what_differs_from_its_base():
    default, other = load_scenario("default"), load_scenario("no_effect")
    assert not other.effects.is_on
    assert other.effects.model_copy(update={"is_on": True}) == default.effects
    assert other.dirt == default.dirt


def test_the_default_has_the_size_that_was_promised():
    default, large = load_scenario("default"), load_scenario("large")
    assert (default.people, default.days, large.people) == (20_000, 180, 200_000)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("based_on: tiny\nname: x\npeopel: 3\n", "peopel"),
        ("based_on: tiny\nname: x\ndirt: {typoo: 0.1}\n", "dirt.typoo"),
        ("based_on: tiny\nname: x\ndirt: {typo: 1.5}\n", "dirt.typo"),
        ("based_on: tiny\nname: X Y\n", "name"),
        ("name: x\n", "seed"),
        ("based_on: nowhere\n", "no such file"),
        ("- a\n", "keys and values"),
        ("a: [\n", "not YAML"),
    ],
)
def test_a_mistake_in_a_file_is_named(tmp_path, text, said):
    path = tmp_path / "mine.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ContractError, match=said):
        load_scenario(path)


def test_a_file_that_is_no_text_is_named(tmp_path):
    path = tmp_path / "mine.yml"
    path.write_bytes(b"name: \xff\xfe\n")
    with pytest.raises(ContractError, match="expected text in UTF-8"):
        load_scenario(path)


def test_a_circle_is_seen(tmp_path):
    one = tmp_path / "one.yml"
    one.write_text(f"based_on: {one}\n", encoding="utf-8")
    with pytest.raises(ContractError, match="circle"):
        load_scenario(one)


def test_what_is_given_on_the_command_line_replaces_what_stands_in_the_file():
    assert load_scenario("tiny", seed=9, days=None).seed == 9
    assert load_scenario("tiny", days=5).days == 5
