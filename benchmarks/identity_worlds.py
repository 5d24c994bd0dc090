"""Worlds of records about made-up people, with the truth: what `nightmarket resolve` and its peers are measured on.

python -m benchmarks.identity_worlds WORLD RECORDS OUT.parquet [--seed S]

Record ids are random and rows are in random order: neither tells anything.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from benchmarks.identity_columns import Draft, fill_columns
from benchmarks.identity_people import Address, People, make_people
from benchmarks.identity_regimes import REGIMES, Regime
from pipelines.simulator.mistakes import make_mistakes
from pipelines.simulator.names import Pools, draw, make_pools

ROWS_PER_BLOCK = 500_000
TRUTH = ["record_id", "person", "household", "is_twin", "is_in_black_hole"]


@dataclass(frozen=True, slots=True)
class World:
    """records: record_id and the columns of `roles` (column -> role); truth: record by record what TRUTH names."""

    name: str
    records: pl.DataFrame
    truth: pl.DataFrame
    roles: dict[str, str]

    @property
    def frame(self) -> pl.DataFrame:
        """The records with the truth column `person`."""
        return self.records.with_columns(self.truth["person"])


def _owners(random: np.random.Generator, regime: Regime, records: int) -> np.ndarray:
    """The person of every record, in order: exactly `records` of them."""
    counts = 1 + draw(random, np.array(regime.counts), records)
    return np.repeat(np.arange(records), counts)[:records]


def _homes(random: np.random.Generator, people: People, owner: np.ndarray, moved: float) -> Address:
    which = np.where(random.random(len(owner)) < moved, random.integers(1, len(people.homes), len(owner)), 0)
    parts = [home.take(owner) for home in people.homes]
    return Address(
        *(np.choose(which, [getattr(part, name) for part in parts]) for name in ("postcode", "street", "number"))
    )


def _swap(frame: pl.DataFrame, left: str, right: str, rows: np.ndarray) -> pl.DataFrame:
    hit = pl.lit(pl.Series(rows))
    return frame.with_columns(
        pl.when(hit).then(right).otherwise(left).alias(left), pl.when(hit).then(left).otherwise(right).alias(right)
    )


def _spoil(frame: pl.DataFrame, draft: Draft, seed: list[int]) -> pl.DataFrame:
    regime, random = draft.regime, draft.random
    is_first = np.r_[True, draft.owner[1:] != draft.owner[:-1]] & regime.clean_first
    mistakes = np.where(is_first, 0, draw(random, np.array(regime.mistakes), len(frame)))
    frame = make_mistakes(frame, regime.kinds, mistakes, regime.weights, seed=seed)
    for left, right in regime.confused:
        frame = _swap(frame, left, right, draft.chance(regime.swapped) & ~is_first)
    absent = [
        pl.when(pl.lit(pl.Series(~draft.chance(rate)))).then(pl.col(column)).alias(column)
        for column, rate in regime.absent.items()
    ]
    frame = frame.with_columns(absent)
    return frame.with_columns(pl.when(pl.all().str.strip_chars() != "").then(pl.all()))


def make_block(
    regime: Regime, pools: Pools, records: int, *, seed: int, block: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records and truth of whole persons, rows in random order; equal arguments give equal rows."""
    random = np.random.default_rng([seed, 2, block])
    owner = _owners(random, regime, records)
    count = int(owner[-1]) + 1
    people = make_people(random, pools, count, sizes=regime.sizes, twins=regime.twins, juniors=regime.juniors)
    # people stand in the order of their households: who has many records must not depend on the place in it
    owner = random.permutation(count)[owner]
    former = people.is_female[owner] & (random.random(records) < regime.married)
    hole = np.zeros(count, dtype=bool)
    if block == 0 and regime.black_hole:
        hole[random.permutation(count)[: min(regime.black_hole, count // 20)]] = True
    draft = Draft(
        people=people,
        pools=pools,
        regime=regime,
        random=random,
        owner=owner,
        home=_homes(random, people, owner, regime.moved),
        family=np.where(former, people.other_family[owner], people.family[owner]),
        is_in_hole=hole,
        key=(seed, block),
    )
    frame = _spoil(fill_columns(draft), draft, [seed, 3, block])
    ids = pl.Series(random.integers(0, 2**63, records)).cast(pl.String).str.zfill(19)
    truth = pl.DataFrame(
        {
            "record_id": "r" + ids,
            "person": owner + block * 10**8,
            "household": people.household[owner] + block * 10**8,
            "is_twin": people.is_twin[owner],
            "is_in_black_hole": hole[owner],
        }
    )
    order = pl.Series(random.permutation(records))
    return frame.insert_column(0, truth["record_id"])[order], truth[order]


def _pools(regime: Regime, records: int, seed: int) -> Pools:
    # more people live in more places, and bring rarer family names
    scale = max(1.0, records / regime.records) ** 0.5
    return make_pools(
        seed,
        families=int(regime.families * min(scale, 3.0)),
        postcodes=int(regime.postcodes * scale),
        style=regime.style,
    )


def _blocks(regime: Regime, records: int, seed: int) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    pools = _pools(regime, records, seed)
    for block, first in enumerate(range(0, records, ROWS_PER_BLOCK)):
        yield make_block(regime, pools, min(ROWS_PER_BLOCK, records - first), seed=seed, block=block)


def make_world(name: str, *, records: int | None = None, seed: int = 1) -> World:
    """The world `name` (a key of REGIMES) in memory.

    Takes     records: how many rows, by default the regime's own number; seed: another seed, another world.
    Returns   World, rows in random order.
    """
    regime = REGIMES[name]
    count = records or regime.records
    parts = list(_blocks(regime, count, seed))
    frame, truth = pl.concat([part[0] for part in parts]), pl.concat([part[1] for part in parts])
    order = pl.Series(np.random.default_rng([seed, 4]).permutation(count))
    return World(name, frame[order], truth[order], dict(regime.roles))


def write_world(name: str, path: Path, *, records: int, seed: int = 1) -> None:
    """The world as a Parquet file, block by block in bounded memory; the truth goes to `<stem>_truth.parquet`.

    Rows are sorted by their random record_id, so that people of different blocks stand mixed.
    """
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        for block, parts in enumerate(_blocks(REGIMES[name], records, seed)):
            for part, kind in zip(parts, ("records", "truth"), strict=True):
                part.write_parquet(Path(folder) / f"{kind}_{block:04d}.parquet")
        with duckdb.connect() as connection:
            connection.execute("SET threads = 2; SET memory_limit = '6GB'")
            for kind, target in (("records", path), ("truth", path.with_stem(path.stem + "_truth"))):
                connection.execute(
                    f"COPY (SELECT * FROM read_parquet('{folder}/{kind}_*.parquet') ORDER BY record_id) "
                    f"TO '{target}' (FORMAT parquet)"
                )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("world", choices=sorted(REGIMES))
    parser.add_argument("records", type=int)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    write_world(arguments.world, arguments.out, records=arguments.records, seed=arguments.seed)
