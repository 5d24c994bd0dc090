"""How alike are two records, field by field? Splink's comparison levels, computed for given pairs."""

from collections.abc import Sequence
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from ml.identity.match.fields import Field

Places = NDArray[np.int64]
Levels = NDArray[np.int8]
UNKNOWN = -1  # the level of a pair in which one side is null
PAIRS_PER_BLOCK, MOST_PER_BLOCK = 500_000, 2_000_000  # Splink keeps the compared values of a block: 300 MB to 1.2 GB
PAIRS_PER_PIECE = 5_000  # a table in one piece is the work of one thread
RECORDS_PER_PAIR = 4  # every block passes over all records: of many records, blocks are larger
SIMILAR, ALIKE = 0.92, 0.80  # Jaro-Winkler; Splink's own steps for names are .92, .88 and .70
MEMORY = "6GB"  # DuckDB's own; above it spills


class Comparer:
    """Splink over one table of records; a record is its row number."""

    def __init__(self, records: pl.DataFrame, fields: Sequence[Field], *, threads: int) -> None:
        self.fields = tuple(fields)
        self._step = min(max(PAIRS_PER_BLOCK, records.height // RECORDS_PER_PAIR), MOST_PER_BLOCK)
        self._api = DuckDBAPI()
        self._spill = TemporaryDirectory(prefix="nightmarket-")  # lives as long as this object; else DuckDB uses ./.tmp
        options = {"threads": threads, "memory_limit": MEMORY, "temp_directory": self._spill.name}
        for name, value in options.items():
            self._api.duckdb_con.execute(f"set {name} = '{value}'")
        helpers = [name for name in ("given_root", "email_local") if name in records.columns]
        names = [field.name for field in fields]
        table = records.select(pl.int_range(pl.len(), dtype=pl.Int64).alias("unique_id"), *names, *helpers)
        settings = SettingsCreator(
            link_type="dedupe_only",
            comparisons=[_comparison(field) for field in fields],
            blocking_rules_to_generate_predictions=[block_on("unique_id")],  # never used: pairs are given
            retain_matching_columns=True,  # else the levels are not kept
        )
        source = self._api.register(table.to_arrow())
        self._linker = Linker(source, settings, log_level=None, validate_settings=False)

    def levels(self, left: Places, right: Places) -> Levels:
        """The level of every pair and field.

        Takes     left, right: row numbers, left < right, no pair twice.
        Returns   int8, pairs x fields, in the order of the pairs: UNKNOWN, or a place in `Field.levels`.
        """
        blocks = [
            self._block(left[start : start + self._step], right[start : start + self._step])
            for start in range(0, left.size, self._step)
        ]
        return _without_echoes(self.fields, np.concatenate([np.empty((0, len(self.fields)), np.int8), *blocks]))

    def _block(self, left: Places, right: Places) -> Levels:
        pairs = pl.DataFrame({"join_key_l": left, "join_key_r": right}).with_columns(match_key=pl.lit("0"))
        pieces = pairs.to_arrow().to_batches(max_chunksize=PAIRS_PER_PIECE)
        given = self._api.register(pa.Table.from_batches(pieces))
        self._linker.table_management.register_blocked_pairs_for_predict(given)
        scored = self._linker.inference.predict(warning_mode="never")
        names = ", ".join(f'cast("gamma_{field.name}" as tinyint) as "{field.name}"' for field in self.fields)
        query = f"select unique_id_l, unique_id_r, {names} from {scored.physical_name}"
        found = pl.DataFrame(self._api.duckdb_con.sql(query).to_arrow_table())
        scored.drop_table_from_database_and_remove_from_cache()
        self._api.delete_table_from_database(given.physical_name)
        ordered = pl.DataFrame({"unique_id_l": left, "unique_id_r": right}).join(
            found, on=["unique_id_l", "unique_id_r"], how="left", maintain_order="left"
        )
        return ordered.select(field.name for field in self.fields).to_numpy().astype(np.int8)


def _without_echoes(fields: Sequence[Field], levels: Levels) -> Levels:
    """Mailboxes are made of names: beside alike family names one that is only similar says nothing of its own."""
    columns = {field.name: (column, field) for column, field in enumerate(fields)}
    if {"email", "family_name"} <= columns.keys():
        (email, mailbox), (family, _) = columns["email"], columns["family_name"]
        is_echo = (levels[:, email] == mailbox.levels.index("similar")) & (levels[:, family] > 0)
        levels[is_echo, email] = UNKNOWN
    return levels


def _comparison(field: Field) -> dict[str, Any]:
    """Splink numbers levels from the last, the else level being 0; the null level is -1."""
    name = field.name
    conditions = _conditions(name, field.kind)
    known = "email_local" if field.kind == "email" else name  # an address with a broken domain still has a mailbox
    levels = [{"sql_condition": f'"{known}_l" is null or "{known}_r" is null', "is_null_level": True}]
    levels += [{"sql_condition": condition} for condition in [f'"{name}_l" = "{name}_r"', *conditions, "ELSE"]]
    texts = ["unknown", *reversed(field.levels)]
    described = [
        {**level, "label_for_charts": text, "is_null_level": level.get("is_null_level", False)}
        for level, text in zip(levels, texts, strict=True)
    ]
    return {"output_column_name": name, "comparison_levels": described}


def _conditions(name: str, kind: str) -> list[str]:
    """SQL of the levels between equal and different, most alike first: `LEVELS[kind]` from the end."""
    left, right = f'"{name}_l"', f'"{name}_r"'
    similar = f"jaro_winkler_similarity({left}, {right}) >= {SIMILAR}"
    alike = f"jaro_winkler_similarity({left}, {right}) >= {ALIKE}"
    beginning = f"starts_with({left}, {right}) or starts_with({right}, {left})"
    return {
        "given": ['"given_root_l" = "given_root_r"', similar, _swapped(name, "family_name"), beginning, alike],
        "family": [similar, _crossed(name, "given_name"), beginning, alike],
        "date": [
            # eight digits each: the cheap distance first, the dear one only where it can still be small
            f"(hamming({left}, {right}) <= 2 and damerau_levenshtein({left}, {right}) <= 1) or {_turned(left, right)}",
            f"hamming({left}, {right}) <= 4 and damerau_levenshtein({left}, {right}) <= 2",
            f"left({left}, 4) = left({right}, 4)",
        ],
        "code": [f"abs(length({left}) - length({right})) <= 1 and damerau_levenshtein({left}, {right}) <= 1"],
        "email": ['"email_local_l" = "email_local_r"', similar.replace(name, "email_local")],
        "text": [similar, alike],
        "category": [],
    }[kind]


def _crossed(name: str, other: str) -> str:
    return f'"{name}_l" = "{other}_r" or "{name}_r" = "{other}_l"'


def _swapped(name: str, other: str) -> str:
    """Both names stand in each other's place; one alone is what relatives of somebody so written have too."""
    left = f'"{name}_l" = "{other}_r" and jaro_winkler_similarity("{other}_l", "{name}_r") >= {ALIKE}'
    right = f'"{name}_r" = "{other}_l" and jaro_winkler_similarity("{other}_r", "{name}_l") >= {ALIKE}'
    return f"({left}) or ({right})"


def _turned(left: str, right: str) -> str:
    """Day and month in each other's place."""
    return (
        f"(left({left}, 4) = left({right}, 4) and substr({left}, 5, 2) = substr({right}, 7, 2) "
        f"and substr({left}, 7, 2) = substr({right}, 5, 2))"
    )
