"""Time and memory of `nightmarket resolve`, file to file, beside Splink alone on the same records.

python -m benchmarks.resolve_scale WORLD RECORDS [--splink joined] [--threads 2] [--folder DIR]

Each runs in a process of its own; peak memory is that process's. Splink's time is its training, prediction and
clustering, without reading files or bringing values into one spelling.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

from benchmarks.identity_peers import CONFIGURATIONS
from benchmarks.identity_regimes import REGIMES
from benchmarks.identity_score import score
from benchmarks.identity_worlds import World, make_world, write_world

IN_MEMORY = 2_000_000  # larger worlds are written in blocks


def main() -> None:
    """Make the world, run both, print one line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("world")
    parser.add_argument("records", type=int)
    parser.add_argument("--splink", choices=sorted(CONFIGURATIONS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    choice = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=choice.folder) as name:
        folder = Path(name)
        truth, roles = _prepare(choice.world, choice.records, choice.seed, folder)
        maps = [text for column, role in roles.items() for text in ("--map", f"{role}={column}")]
        command = [sys.executable, "-m", "pipelines.cli.main", "resolve", str(folder / "records.parquet")]
        command += ["--id", "record_id", *maps, "--out", str(folder / "persons.parquet")]
        wall, cpu, memory = _timed([*command, "--threads", str(choice.threads)])
        found = score(truth, pl.read_parquet(folder / "persons.parquet", columns=["record_id", "person_id"]))
        print(f"nightmarket  wall {wall:7.1f} s  CPU {cpu:7.1f} s  {memory:5.2f} GiB  ", end="")
        print(f"precision {found.precision:.4f}  recall {found.recall:.4f}  F1 {found.f1:.4f}", flush=True)
        if choice.splink:
            peer = [sys.executable, "-m", "benchmarks.identity_table", "--peer-only", "--worlds", choice.world]
            peer += ["--splink", choice.splink]
            subprocess.run([*peer, "--records", str(choice.records), "--seed", str(choice.seed)], check=True)


def _prepare(name: str, records: int, seed: int, folder: Path) -> tuple[pl.DataFrame, dict[str, str]]:
    if records > IN_MEMORY:
        write_world(name, folder / "records.parquet", records=records, seed=seed)
        return pl.read_parquet(folder / "records_truth.parquet"), REGIMES[name].roles
    world: World = make_world(name, records=records, seed=seed)
    world.records.write_parquet(folder / "records.parquet")
    return world.truth, world.roles


def _timed(command: list[str]) -> tuple[float, float, float]:
    """Wall and CPU seconds, and GiB at the peak, of a command."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"the command ended with status {status}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20


if __name__ == "__main__":
    main()
