"""Threads of models sleep while they wait: where other work wants the cores, spinning ones make a fit take for ever."""

import os
import subprocess
import sys

import pytest


def _told(code: str, **environment: str) -> str:
    """What the OpenMP library of a new process says of itself when it is loaded."""
    plain = {name: value for name, value in os.environ.items() if "OMP_" not in name}
    shown = {**plain, **environment, "OMP_DISPLAY_ENV": "verbose"}
    return subprocess.run([sys.executable, "-c", code], env=shown, capture_output=True, text=True, check=True).stderr


@pytest.mark.parametrize(
    "code",
    ["import ml.effect.trees", "import ml.value.trees", "import ml.models.training", "import pipelines.graph"],
)
def test_whoever_loads_the_models_has_threads_that_sleep(code: str) -> None:
    said = _told(code)
    assert "OMP_WAIT_POLICY = 'PASSIVE'" in said
    assert "GOMP_SPINCOUNT = '0'" in said


def test_without_it_they_would_spin() -> None:
    assert "GOMP_SPINCOUNT = '0'" not in _told("import xgboost")


def test_a_policy_that_was_set_stays() -> None:
    assert "OMP_WAIT_POLICY = 'ACTIVE'" in _told("import ml.effect.trees", OMP_WAIT_POLICY="active")
