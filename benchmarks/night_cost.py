"""What a night costs besides its work: CPU seconds of a whole night on a retailer of 10 households.

    python -m benchmarks.night_cost

Prints the CPU seconds of one `nightmarket run` (all gates, run history, training because there is no champion),
split into imports of the frameworks, measured in the same run, and the rest; and the ratio to the limit of 30.
"""

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.builders.landing import write_tiny_retailer

LIMIT_SECONDS = 30.0  # orchestration must not cost more than the work
FRAMEWORKS = "import dagster, dagster_dbt, dbt.cli.main, duckdb, great_expectations, polars, xgboost"


def cpu_seconds(command: list[str]) -> float:
    """User and system CPU seconds of a child process and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    """Measure and print."""
    imports = cpu_seconds([sys.executable, "-c", FRAMEWORKS])
    with tempfile.TemporaryDirectory() as folder:
        write_tiny_retailer(Path(folder) / "landing", households=10)
        night = ["nightmarket", "run", "--home", folder, "--as-of-date"]
        command = [str(Path(sys.executable).parent / night[0]), *night[1:]]
        first = cpu_seconds([*command, "2017-12-19"])
        second = cpu_seconds([*command, "2017-12-26"])
    print(f"{'':<44}{'CPU s':>8}{'of the limit':>14}")
    for name, seconds in {
        "importing the frameworks alone": imports,
        "first night: dbt parsed, models trained": first,
        "next night": second,
    }.items():
        print(f"{name:<44}{seconds:>8.1f}{seconds / LIMIT_SECONDS:>14.2f}")


if __name__ == "__main__":
    main()
