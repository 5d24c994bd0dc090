"""Is a night of the real retailer the same bytes with 1 and with 2 threads, and after being killed?

python benchmarks/same_bytes.py HOME_WITH_LANDING [--kills N] [--seed S]

Runs the night of 2017-12-26 in fresh homes that share the given landing folder: with 1 thread, with 2 threads, and
with N runs killed by SIGKILL at random moments followed by an ordinary one. Prints how many files were compared and
which differ; exit code 1 if any does.
"""

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NIGHT = "2017-12-26"
COMPARED = ("exports", "ledger", "published", "reports", "bronze", "quarantine", "models")


def digests(home: Path) -> dict[str, str]:
    """SHA-256 by path of everything that must be the same; DuckDB files differ on every write and are left out."""
    paths = [path for name in COMPARED for path in (home / name).rglob("*") if path.is_file()]
    kept = sorted(path for path in paths if path.suffix != ".duckdb")
    return {str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


def night(home: Path, threads: int) -> subprocess.Popen[bytes]:
    """Start the night as a process of its own."""
    command = [str(Path(sys.executable).parent / "nightmarket"), "run", "--as-of-date", NIGHT, "--home", str(home)]
    environment = {**os.environ, "NIGHTMARKET_THREADS": str(threads)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(process: subprocess.Popen[bytes]) -> float:
    """Wait for an ordinary end; returns seconds."""
    started = time.perf_counter()
    _, said = process.communicate()
    if process.returncode != 0:
        raise SystemExit(said.decode())
    return time.perf_counter() - started


def new_home(folder: Path, name: str, landing: Path) -> Path:
    """An empty home over the same landing folder."""
    home = folder / name
    home.mkdir()
    (home / "landing").symlink_to(landing)
    return home


def compare(name: str, one: dict[str, str], other: dict[str, str]) -> bool:
    """Print and tell whether both are equal."""
    differing = sorted(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))
    print(f"{name:<44}{len(one):>6} files  {'equal' if not differing else f'DIFFERENT: {differing[:5]}'}")
    return not differing


def main() -> None:
    """Run, kill, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    landing = (arguments.home / "landing").resolve()
    draw = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        homes = {name: new_home(Path(folder), name, landing) for name in ("one", "two", "killed")}
        seconds = finish(night(homes["one"], 1))
        print(f"1 thread: {seconds:.0f} s; 2 threads: {finish(night(homes['two'], 2)):.0f} s")
        for number in range(arguments.kills):
            process = night(homes["killed"], 2)
            moment = draw.uniform(0, seconds)
            try:
                process.wait(timeout=moment)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
            print(f"kill {number + 1} of {arguments.kills} after {moment:.1f} s")
        finish(night(homes["killed"], 2))
        undisturbed = digests(homes["one"])
        checks = [
            compare("2 threads against 1", undisturbed, digests(homes["two"])),
            compare(f"{arguments.kills} kills and a re-run", undisturbed, digests(homes["killed"])),
        ]
    raise SystemExit(0 if all(checks) else 1)


if __name__ == "__main__":
    main()
