"""Random candidates for `nightmarket decide`, written a block of people at a time.

python benchmarks/decide_worlds.py FOLDER PEOPLE TREATMENTS
"""

import sys
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import yaml

CHANNELS = ("email", "push", "coupon", "letter")
PEOPLE_PER_BLOCK = 200_000


def make_world(folder: Path, people: int, treatments: int, *, seed: int = 7) -> tuple[Path, Path]:
    """Write candidates.parquet and limits.yml: a budget, four capacities and a minimum; most of them bind."""
    folder.mkdir(parents=True, exist_ok=True)
    random, writer = np.random.default_rng(seed), None
    names = pl.Series([f"t{position:02d}" for position in range(treatments)])
    ways = pl.Series([CHANNELS[position % 4] for position in range(treatments)])
    for first in range(0, people, PEOPLE_PER_BLOCK):
        ids = np.arange(first, min(first + PEOPLE_PER_BLOCK, people))
        turn = np.tile(np.arange(treatments), len(ids))
        taste = np.repeat(random.gamma(2.0, 1.0, len(ids)), treatments)
        text = pl.Series(np.repeat(ids, treatments)).cast(pl.String).str.zfill(9)
        frame = pl.DataFrame(
            {
                "person_id": "p" + text,
                "treatment_id": names.gather(turn),
                "channel_code": ways.gather(turn),
                "value_amount": np.round(taste * random.normal(0.3, 1.0, len(turn)), 4),
                "cost_amount": np.round(random.uniform(0.05, 1.0, len(turn)) * (1 + turn % 4), 2),
            }
        ).to_arrow()
        writer = writer or pq.ParquetWriter(folder / "candidates.parquet", frame.schema, compression="zstd")
        writer.write_table(frame)
    if writer:
        writer.close()
    capacity = [
        {"name": f"{way}_capacity", "where": {"channel_code": way}, "at_most": people // 10} for way in CHANNELS
    ]
    budget = {"name": "budget", "sum": "cost_amount", "at_most": round(0.2 * people, 2)}
    minimum = {"name": "letter_minimum", "where": {"channel_code": "letter"}, "at_least": people // 50}
    limits = {
        "per_person": [{"name": "one_each", "at_most": 1}],
        "global": [budget, *capacity, minimum],
    }
    (folder / "limits.yml").write_text(yaml.safe_dump(limits, sort_keys=False))
    return folder / "candidates.parquet", folder / "limits.yml"


if __name__ == "__main__":
    print(*make_world(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
