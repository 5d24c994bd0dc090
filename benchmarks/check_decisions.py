"""Recompute a certificate of `nightmarket decide` from its inputs alone: no code of the decider is used.

python benchmarks/check_decisions.py CANDIDATES.parquet LIMITS.yml OUT_FOLDER
"""

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

ROWS_AT_ONCE = 20_000_000  # of the candidates: people are looked at in as many parts as that needs


def check(candidates: Path, limits: Path, out: Path, rows_at_once: int = ROWS_AT_ONCE) -> list[str]:
    """What is wrong with decisions and certificate, in sentences; empty if they prove what they say."""
    rules, proof = yaml.safe_load(limits.read_text()) or {}, json.loads((out / "certificate.json").read_text())
    table = (pl.scan_csv if candidates.suffix == ".csv" else pl.scan_parquet)(candidates)
    decided = pl.read_parquet(out / "decisions.parquet").cast({"person_id": table.collect_schema()["person_id"]})
    parts = table.select(pl.len()).collect().item() // rows_at_once + 1
    wrong, found, bound = [], [], 0.0
    for mine in [pl.col("person_id").hash() % parts == part for part in range(parts)]:
        rows, made = table.filter(mine).collect(), decided.filter(mine)
        chosen = rows.join(made, on=["person_id", "treatment_id"], how="semi")
        is_one = chosen.height == made.filter(pl.col("treatment_id") != "none").height
        wrong += [] if set(made["person_id"]) == set(rows["person_id"]) else ["people are missing"]
        wrong += [] if is_one else ["a choice is no candidate"]
        found.append(chosen)
        bound += _best(rows.with_row_index("row"), rules, proof)
    chosen = pl.concat(found)
    for cap in rules.get("per_person") or []:
        most = _met(chosen, cap).group_by("person_id").len()["len"].max() or 0
        wrong += [f"{cap['name']}: {most} for one person"] if most > cap["at_most"] else []
    for rule, said in zip(rules.get("global") or [], proof["limits"], strict=True):
        used = math.fsum(_met(chosen, rule)[rule["sum"]]) if "sum" in rule else _met(chosen, rule).height
        most, least = rule.get("at_most", math.inf), rule.get("at_least", -math.inf)
        kept = least <= used <= most and min(said["price_at_most"], said["price_at_least"]) >= 0
        wrong += [] if kept and math.isclose(used, said["used"]) else [f"{rule['name']}: {used} used, {said} said"]
        bound += said["price_at_most"] * (rule.get("at_most") or 0)
        bound -= said["price_at_least"] * (rule.get("at_least") or 0)
    value = math.fsum(chosen["value_amount"])
    wrong += [] if math.isclose(bound, proof["dual_bound"], rel_tol=1e-9, abs_tol=1e-9) else [f"the bound is {bound}"]
    wrong += [] if math.isclose(value, proof["primal_value"], rel_tol=1e-9, abs_tol=1e-9) else [f"the value is {value}"]
    return wrong + ([f"value {value} above bound {bound}"] if value > bound + 1e-9 * abs(bound) else [])


def _best(rows: pl.DataFrame, rules: dict[str, Any], proof: dict[str, Any]) -> float:
    """What the best sets of some people are worth at the listed prices."""
    net = rows["value_amount"].to_numpy().astype(float)
    for rule, said in zip(rules.get("global") or [], proof["limits"], strict=True):
        concerned, price = _met(rows, rule), said["price_at_most"] - said["price_at_least"]
        net[concerned["row"]] -= price * (concerned[rule["sum"]].to_numpy() if "sum" in rule else 1)
    left = rows.select("row", "person_id", net=pl.Series(net)).filter(pl.col("net") > 0)
    caps = [cap for cap in rules.get("per_person") or [] if cap["name"] in proof["inner_problem"]["caps_kept"]]
    for cap in sorted(caps, key=lambda cap: _met(rows, cap).height):  # inner caps first: exact where caps are nested
        own = left.filter(pl.col("row").is_in(_met(rows, cap)["row"].implode()))
        rank = pl.col("net").rank("ordinal", descending=True).over("person_id")
        left = left.join(own.filter(rank > cap["at_most"]), on="row", how="anti")
    return float(np.sum(left["net"].to_numpy()))


def _met(frame: pl.DataFrame, rule: dict[str, Any]) -> pl.DataFrame:
    return frame.filter(**(rule.get("where") or {}))


if __name__ == "__main__":
    problems = check(*map(Path, sys.argv[1:4]))
    print("\n".join(problems) or "Decisions and certificate hold.")
    sys.exit(1 if problems else 0)
