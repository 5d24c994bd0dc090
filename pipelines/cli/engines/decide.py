"""`nightmarket decide`: a table of candidates and a file of limits in, decisions and their certificate out."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from ml.decisioning.candidate_kinds import NONE
from ml.decisioning.candidate_table import CandidateTable, build_table, build_table_of_text, needed_columns
from ml.decisioning.limit_rules import LimitRules, parse_limits
from ml.decisioning.optimum import Optimum, optimise
from ml.errors import ContractError
from pipelines.cli.engines.table_files import ending_of
from pipelines.cli.engines.tables import table_blocks
from pipelines.files import write_json, write_parquet


def decide_file(candidates: Path, limits: Path, out: Path, *, seed: int) -> None:
    """Read, choose, write `decisions.parquet` and `certificate.json` into `out`, and say what came out."""
    rules = read_limits(limits)
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("reading candidates", total=None)

        def tell(text: str) -> None:
            progress.update(task, description=text)

        table = read_candidates(candidates, rules, tell=tell)
        found = optimise(table.joint, seed=seed, tell=tell)
        tell("writing")
        write_parquet(out / "decisions.parquet", decisions(table, found))
        write_json(out / "certificate.json", certificate(table, found, seed=seed))
    _show(table, found, out)


def read_limits(path: Path) -> LimitRules:
    """The limits of a YAML file."""
    if not path.is_file():
        raise ContractError(f"{path}: expected a YAML file of limits, got nothing there. Correct the path.")
    try:
        return parse_limits(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = str(error).replace("\n", " ")[:200]
        raise ContractError(
            f"{path}: expected YAML in UTF-8, got something unreadable: {where}. Correct it."
        ) from error


def read_candidates(path: Path, rules: LimitRules, *, tell: Callable[[str], None] = lambda _: None) -> CandidateTable:
    """The candidates of a file, read in blocks."""
    blocks = table_blocks(
        path,
        columns=needed_columns(rules),
        numbers={"value_amount", *rules.sum_columns},
        labels={"treatment_id", *rules.where_columns} - {"person_id"},
    )
    build = build_table_of_text if ending_of(path) == "csv" else build_table
    return build(_counted(blocks, tell), rules)


def decisions(table: CandidateTable, found: Optimum) -> pl.DataFrame:
    """One row per chosen pair, and `none` for people without; sorted by person_id and treatment_id."""
    person = np.searchsorted(table.joint.starts, found.chosen, side="right") - 1
    without = np.flatnonzero(np.bincount(person, minlength=len(table.people)) == 0)
    codes = np.append(table.treatment[found.chosen].astype(np.uint32), np.full(len(without), len(table.treatments)))
    who = np.append(person, without)
    order = np.argsort(who, kind="stable")
    names = pl.Series("treatment_id", [*table.treatments, NONE], dtype=pl.String)
    return pl.DataFrame([table.people.gather(who[order]), names.gather(codes[order])])


def certificate(table: CandidateTable, found: Optimum, *, seed: int) -> dict[str, Any]:
    """What the choice is worth, what none could exceed, and the price of each limit."""
    joint = table.joint
    prices = {(side.limit, side.sign): float(p) for side, p in zip(joint.sides, found.price, strict=True)}
    return {
        "primal_value": found.value,
        "dual_bound": found.bound,
        "gap": found.gap,
        "limits": [
            {
                "name": limit.name,
                "used": float(found.used[position]),
                "at_most": limit.at_most if np.isfinite(limit.at_most) else None,
                "at_least": limit.at_least if np.isfinite(limit.at_least) else None,
                "price_at_most": prices.get((position, 1), 0.0),
                "price_at_least": prices.get((position, -1), 0.0),
            }
            for position, limit in enumerate(joint.limits)
        ],
        "inner_problem": inner_problem(table),
        "person_count": len(table.people),
        "candidate_count": len(table.treatment),
        "seed": seed,
        "warnings": list(table.warnings),
    }


def inner_problem(table: CandidateTable) -> dict[str, Any]:
    """What the bound solves for each person, so that anybody can solve it again."""
    kept = [cap.name for cap in table.joint.nested_caps]
    left_out = [cap.name for cap in table.joint.overlapping_caps]
    text = (
        "dual_bound = sum over people of the best set of candidates by value_amount - (price_at_most - "
        "price_at_least) x what each uses of every limit, the empty set being worth 0, + sum of price_at_most x "
        "at_most - sum of price_at_least x at_least. "
    )
    exact = "The best set keeps every per-person cap: the caps are nested or apart, so the inner problem is exact."
    relaxed = f"Caps overlap: the best set keeps {', '.join(kept)} and leaves out {', '.join(left_out)} (a relaxation)."
    return {
        "kind": "relaxation" if left_out else "exact",
        "caps_kept": kept,
        "caps_left_out": left_out,
        "description": text + (relaxed if left_out else exact),
    }


def _counted(blocks: Iterable[pl.DataFrame], tell: Callable[[str], None]) -> Iterator[pl.DataFrame]:
    rows = 0
    for block in blocks:
        rows += block.height
        tell(f"reading candidates: {rows:,}")
        yield block


def _show(table: CandidateTable, found: Optimum, out: Path) -> None:
    console = Console(highlight=False)
    console.print(
        f"{len(table.people):,} people, {len(table.treatment):,} candidates, {len(found.chosen):,} chosen.\n"
        f"Worth {found.value:,.6g}; no choice could be worth more than {found.bound:,.6g} "
        f"(gap {100 * found.gap:.6f} %).",
        soft_wrap=True,
    )
    shown = Table("limit", "used", "at least", "at most", "price")
    for limit in certificate(table, found, seed=0)["limits"]:
        ends = [f"{limit[end]:,.10g}" if limit[end] is not None else "" for end in ("at_least", "at_most")]
        price = limit["price_at_most"] - limit["price_at_least"]
        shown.add_row(limit["name"], f"{limit['used']:,.10g}", *ends, f"{price:,.6g}" if price else "does not bind")
    if shown.row_count:
        console.print(shown)
    if inner_problem(table)["caps_left_out"]:
        console.print("The bound is of a relaxation: some per-person caps overlap (see certificate.json).")
    for warning in table.warnings:
        console.print(f"Note: {warning}.", markup=False)
    console.print(f"Written: {out / 'decisions.parquet'}, {out / 'certificate.json'}", markup=False, soft_wrap=True)
