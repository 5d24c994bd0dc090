"""The settings that a simulated retailer's home carries."""

from pipelines.landing.contracts import load_contracts
from pipelines.settings import CONFIG_FILE, load_settings
from pipelines.simulator.scenario import load_scenario
from pipelines.simulator.settings_file import write_settings


def test_a_home_carries_its_own_settings_and_every_table_has_a_contract(tmp_path):
    scenario = load_scenario("tiny", seed=7)
    write_settings(scenario, tmp_path)
    settings = load_settings(tmp_path)
    assert (settings.retailer.retailer, settings.retailer.random_seed) == ("simulated", 7)
    assert (settings.retailer.time_zone, settings.retailer.currency) == (scenario.time_zone, scenario.currency)
    assert not settings.retailer.is_replay
    assert list(load_contracts(settings)) == sorted(settings.retailer.sources)


def test_settings_that_somebody_edited_are_kept(tmp_path):
    write_settings(load_scenario("tiny"), tmp_path)
    path = tmp_path / CONFIG_FILE
    path.write_text(path.read_text(encoding="utf-8").replace("USD", "CAD"), encoding="utf-8")
    write_settings(load_scenario("tiny"), tmp_path)
    assert load_settings(tmp_path).retailer.currency == "CAD"


def test_a_home_without_settings_has_those_of_the_project(tmp_path):
    assert load_settings(tmp_path).retailer.retailer == "completejourney"
