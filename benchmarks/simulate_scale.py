"""How long a history takes, and how much memory.

python -m benchmarks.simulate_scale SCENARIO [--people N] [--days N]

Writes into a temporary folder, prints seconds (history and expectations apart), peak GiB, rows, files and bytes.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

from pipelines.simulator import simulate
from pipelines.simulator.scenario import load_scenario


def main() -> None:
    """Measure one history."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenario")
    parser.add_argument("--people", type=int)
    parser.add_argument("--days", type=int)
    options = parser.parse_args()
    scenario = load_scenario(options.scenario, people=options.people, days=options.days)
    ends: list[float] = []

    def progress(done: int, total: int) -> None:
        if done == total:
            ends.append(time.perf_counter())

    with tempfile.TemporaryDirectory(prefix="nightmarket-") as folder:
        began = time.perf_counter()
        summary = simulate.simulate_history(scenario, Path(folder), progress)
        ended = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{scenario.name}: {scenario.people:,} people x {scenario.days} days, seed {scenario.seed}")
    print(
        f"  {ended - began:.1f} s: history {ends[0] - began:.1f}, expectations {ended - ends[0]:.1f} · {peak:.2f} GiB"
    )
    print(f"  {summary.row_count:,} rows · {summary.file_count:,} files · {summary.byte_count / 1e6:,.0f} MB")


if __name__ == "__main__":
    main()
