"""What `dagster dev -m pipelines.definitions` and a Dagster server load."""

from pipelines.graph import build_definitions
from pipelines.reporter import quiet_reporter
from pipelines.settings import load_settings

defs = build_definitions(load_settings(), quiet_reporter())
