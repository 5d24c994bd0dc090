"""Who finds the same people: `nightmarket resolve` beside careful Splink, on public sets and on made-up worlds.

python -m benchmarks.identity_table [../shared/data] [--worlds heavy names_dates ...] [--records N] [--seed S]
"""

import argparse
import time
from collections.abc import Iterator
from itertools import chain
from math import nan
from pathlib import Path

import polars as pl

from benchmarks.identity_peers import CONFIGURATIONS, OTHERS, STATED, run_splink
from benchmarks.identity_regimes import FEBRL_ROLES, REGIMES
from benchmarks.identity_score import Score, score
from benchmarks.identity_tutorial import run_tutorials
from benchmarks.identity_worlds import make_world

FAKE_ROLES = {
    "first_name": "given_name",
    "surname": "family_name",
    "dob": "birth_date",
    "city": "city",
    "email": "email",
}
HEADER = (
    f"{'data':<14}{'method':<16}{'precision':>10}{'recall':>8}{'F1':>8}{'B3 F1':>8}"
    f"{'largest':>9}{'wall s':>8}{'CPU s':>8}  wrong pairs by cause"
)

Case = tuple[str, pl.DataFrame, pl.DataFrame, dict[str, str]]


def public_cases(folder: Path) -> Iterator[Case]:
    """FEBRL 1 to 3 and fake_1000 without their own keys; record ids are drawn anew, so that they tell nothing."""
    for number in (1, 2, 3):
        frame = pl.read_parquet(folder / "febrl" / f"febrl{number}.parquet")
        yield _public(f"febrl{number}", frame.rename({"entity_id": "person"}), FEBRL_ROLES)
    frame = pl.read_csv(folder / "splink_fake" / "fake_1000.csv", infer_schema=False)
    yield _public("fake_1000", frame.rename({"cluster": "person"}), FAKE_ROLES)


def _public(name: str, frame: pl.DataFrame, roles: dict[str, str]) -> Case:
    frame = frame.sample(fraction=1.0, shuffle=True, seed=1).with_row_index("record_id")
    frame = frame.with_columns("r" + pl.col("record_id").cast(pl.String).str.zfill(6))
    return name, frame.select("record_id", *roles), frame.select("record_id", "person"), roles


def world_cases(names: list[str], *, records: int | None, seed: int) -> Iterator[Case]:
    """The named worlds, at their own size or at `records`."""
    for name in names:
        world = make_world(name, records=records, seed=seed)
        yield name, world.records, world.truth, world.roles


def run_engine(frame: pl.DataFrame, roles: dict[str, str], *, seed: int, threads: int) -> pl.DataFrame:
    """The engine's persons: record_id, person_id. The only place here that knows how it is called."""
    from ml.identity.resolve import resolve_records  # the peers alone can be measured without it
    from ml.identity.roles import Role

    wanted = [Role(role=role, column=column) for column, role in roles.items()]
    return resolve_records(frame, wanted, id_column="record_id", seed=seed, threads=threads).persons


def _line(name: str, method: str, found: Score, wall: float, cpu: float) -> str:
    p, r = found.bcubed_precision, found.bcubed_recall
    figures = f"{found.precision:>10.4f}{found.recall:>8.4f}{found.f1:>8.4f}{2 * p * r / (p + r):>8.4f}"
    causes = " ".join(f"{cause}={count}" for cause, count in found.causes.items())
    return f"{name:<14}{method:<16}{figures}{found.largest_wrong_cluster:>9}{wall:>8.1f}{cpu:>8.1f}  {causes}"


def splink_lines(case: Case, *, configuration: str, threads: int, others: bool) -> Iterator[str]:
    """One line per threshold, the stated one first."""
    name, frame, truth, roles = case
    outcome = run_splink(frame, roles, configuration=configuration, threads=threads, others=others)
    wall, cpu = sum(outcome.wall.values()), sum(outcome.cpu.values())
    for threshold in (STATED, *(OTHERS if others else ())):
        yield _line(name, f"{configuration} {threshold}", score(truth, outcome.persons[threshold]), wall, cpu)
    steps = ", ".join(f"{step} {outcome.wall[step]:.1f}/{outcome.cpu[step]:.1f}" for step in outcome.wall)
    yield f"{'':<14}wall/CPU: {steps}; blocked by {'; '.join(outcome.rules)}"


def engine_line(case: Case, *, seed: int, threads: int) -> str:
    """The engine's line on the same records."""
    name, frame, truth, roles = case
    wall, cpu = time.perf_counter(), time.process_time()
    persons = run_engine(frame, roles, seed=seed, threads=threads)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return _line(name, "nightmarket", score(truth, persons), wall, cpu)


def main() -> None:
    """Print the table, a line at a time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", help="folder with febrl/ and splink_fake/")
    parser.add_argument("--worlds", nargs="*", choices=sorted(REGIMES), default=sorted(REGIMES))
    parser.add_argument("--records", type=int, help="size of every world (default: each its own)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--splink", nargs="*", choices=sorted(CONFIGURATIONS), default=sorted(CONFIGURATIONS))
    parser.add_argument("--peer-only", action="store_true")
    parser.add_argument("--engine-only", action="store_true")
    parser.add_argument("--thresholds", action="store_true", help="Splink at .5 and .99 too")
    choice = parser.parse_args()
    print(HEADER, flush=True)
    public = public_cases(choice.data) if choice.data else iter(())
    for case in chain(public, world_cases(choice.worlds, records=choice.records, seed=choice.seed)):
        if not choice.engine_only:
            for configuration in choice.splink:
                options = {"threads": choice.threads, "others": choice.thresholds}
                for line in splink_lines(case, configuration=configuration, **options):
                    print(line, flush=True)
        if case[0] == "fake_1000" and not choice.engine_only:
            for method, persons in run_tutorials(case[1], threads=choice.threads).items():
                print(_line(case[0], method, score(case[2], persons), nan, nan), flush=True)
        if not choice.peer_only:
            print(engine_line(case, seed=choice.seed, threads=choice.threads), flush=True)


if __name__ == "__main__":
    main()
