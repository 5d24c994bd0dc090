"""A failed critical check stops scoring and export, is told in words, and an ordinary run goes on once it is mended."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from ml.errors import GuardrailError
from pipelines.graph import build_definitions
from pipelines.night import ledger_of
from pipelines.reporter import quiet_reporter
from pipelines.settings import PROJECT_DIR, Settings
from tests.end_to_end.world import LAST, new_home, run

LAST_STAGE = "outcome"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with suites and a dbt project of its own, so that a test can break them."""
    home = new_home(tmp_path / "home")
    shutil.copytree(PROJECT_DIR / "data_quality" / "suites", tmp_path / "suites")
    return replace(home, suites_dir=tmp_path / "suites")


def nothing_was_sent(settings: Settings) -> bool:
    return not list(settings.folder("exports").glob("as_of_date=*")) and not ledger_of(settings).is_sealed(LAST)


@pytest.mark.parametrize(
    ("suite", "column", "missing_stage"),
    [
        ("landing_order_lines", "sales_value", "scores"),
        ("features_person", "days_since_last_order", "scores"),
        ("scores_person", "score", "decisions"),
        ("export_audience", "discount_rate", LAST_STAGE),
    ],
)
def test_a_critical_expectation_that_fails_stops_what_follows(
    settings: Settings, suite: str, column: str, missing_stage: str
) -> None:
    path = settings.suites_dir / f"{suite}.json"
    whole = path.read_text(encoding="utf-8")
    content = json.loads(whole)
    impossible = {"column": column, "value_set": ["no value is this"]}
    content["expectations"].append(
        {
            **content["expectations"][-1],
            "type": "expect_column_values_to_be_in_set",
            "kwargs": impossible,
            "severity": "critical",
        }
    )
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(GuardrailError, match=column) as stopped:
        run(settings)
    assert (
        "run the night again" in str(stopped.value).lower() or "nothing behind the gate" in str(stopped.value).lower()
    )
    assert nothing_was_sent(settings)
    if missing_stage == LAST_STAGE:  # where the most is there already
        path.write_text(whole, encoding="utf-8")
        assert missing_stage in [stage.name for stage in run(settings).stages]
        assert not nothing_was_sent(settings)


def test_a_dbt_test_that_fails_stops_scoring_and_export(settings: Settings, tmp_path: Path) -> None:
    broken = tmp_path / "dbt_project"
    shutil.copytree(PROJECT_DIR / "dbt_project", broken, ignore=shutil.ignore_patterns("target", "logs"))
    shutil.copytree(PROJECT_DIR / "seeds", tmp_path / "seeds")
    (broken / "tests" / "assert_there_are_no_orders.sql").write_text(
        "select * from {{ ref('fct_orders') }}\n", encoding="utf-8"
    )
    with pytest.raises(GuardrailError, match="assert_there_are_no_orders"):
        run(replace(settings, dbt_dir=broken))
    assert nothing_was_sent(settings)
    assert ledger_of(settings).read("decisions", LAST) is None


def test_the_graph_shows_every_asset_with_group_description_and_key_like_its_table(settings: Settings) -> None:
    definitions = build_definitions(settings, quiet_reporter())
    graph = definitions.resolve_asset_graph()
    made = [node for node in graph.asset_nodes if node.is_materializable]
    assert len(made) > 60
    assert [node.key.to_user_string() for node in made if not node.description or not node.group_name] == []
    groups = {node.group_name for node in made}
    assert {"landing", "warehouse", "features", "models", "decisions", "exports", "measurement", "publish"} <= groups
    assert dg.AssetKey(["marts", "customer_360"]) in {node.key for node in made}


def test_the_jobs_are_scheduled_in_the_retailers_zone_for_the_day_that_begins(settings: Settings) -> None:
    definitions = build_definitions(settings, quiet_reporter())
    schedules = {schedule.name: schedule for schedule in definitions.schedules}
    assert set(schedules) == {"nightly_schedule", "train_models_schedule"}
    assert {schedule.execution_timezone for schedule in schedules.values()} == {"America/New_York"}
    nightly = {key.to_user_string() for key in definitions.resolve_job_def("nightly").asset_layer.executable_asset_keys}
    training = {
        key.to_user_string() for key in definitions.resolve_job_def("train_models").asset_layer.executable_asset_keys
    }
    assert "ledger/exports" in nightly
    assert "models/challengers" not in nightly
    assert "models/challengers" in training
    assert "ledger/exports" not in training
