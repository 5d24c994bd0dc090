"""`nightmarket simulate`: what it says, what it refuses, and that its page names everything."""

import pytest
from typer.testing import CliRunner

from ml.errors import ContractError
from pipelines.cli.main import app
from pipelines.settings import CONFIG_FILE, load_settings
from pipelines.simulator.evaluate import evaluate_home
from pipelines.simulator.scenario import Dirt, scenario_names
from tests.project.repository import ROOT
from tests.unit.simulator.test_history_files import TABLES

PAGE = (ROOT / "docs" / "simulator.md").read_text(encoding="utf-8")


def told(home, *options):
    """Run the command; returns what it printed."""
    done = CliRunner().invoke(app, ["simulate", "--scenario", "tiny", "--days", "3", "--home", str(home), *options])
    if done.exception is not None:
        raise done.exception
    return done.output


def test_the_command_says_what_it_made_and_where(tmp_path):
    text = told(tmp_path)
    assert "tiny · 300 people · 3 days · seed 2026" in text
    assert "2025-01-06 to 2025-01-08" in text
    assert str(tmp_path / "landing") in text.replace("\n", "")
    assert len(list((tmp_path / "landing").rglob("*.csv"))) > 20


def test_the_command_run_again_does_nothing_and_another_seed_is_refused(tmp_path):
    told(tmp_path)
    assert "Nothing to do" in told(tmp_path)
    with pytest.raises(ContractError, match="choose another folder with --home"):
        told(tmp_path, "--seed", "3")


def test_a_home_of_another_retailer_is_refused_and_gets_no_settings(tmp_path):
    (tmp_path / "landing" / "pos").mkdir(parents=True)
    with pytest.raises(ContractError, match="found pos"):
        told(tmp_path)
    assert not (tmp_path / CONFIG_FILE).exists()
    assert not (tmp_path / "truth").exists()


def test_what_evaluate_needs_is_named_with_the_command_that_makes_it(tmp_path):
    with pytest.raises(ContractError, match="nightmarket simulate --home"):
        evaluate_home(load_settings(tmp_path))
    told(tmp_path)
    with pytest.raises(ContractError, match="nightmarket run --as-of-date DAY --home"):
        evaluate_home(load_settings(tmp_path))


def test_the_page_names_every_scenario_table_and_kind_of_dirt():
    missing = [name for name in scenario_names() if f"`{name}`" not in PAGE]
    missing += [kind for kind in Dirt.model_fields if f"`{kind}`" not in PAGE]
    for table in sorted(TABLES):
        source, name = table.split("/")
        if f"`{source}.{name}`" not in PAGE and f"`.{name}`" not in PAGE:
            missing.append(table)
    assert missing == []
