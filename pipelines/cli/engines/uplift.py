"""`nightmarket uplift FILE`: whom a treatment changes, by how much, and whether choosing people is worth it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ml.effect.trial import Roles
from ml.effect.uplift import measure_uplift
from ml.errors import ContractError
from pipelines.cli.console import console
from pipelines.cli.engines.lift import short
from pipelines.cli.engines.tables import read_table, write_table
from pipelines.files import write_json


@dataclass(frozen=True, slots=True)
class UpliftRequest:
    """The command line as it was typed."""

    file: Path
    person: str
    treatment: str
    control: str
    outcome: str
    out: Path
    features: list[str]
    exclude: list[str]
    probability: list[str]
    cost: list[str]
    value: float | None
    is_dose: bool
    others: Path | None
    json: Path | None
    seed: int
    threads: int


def uplift_file(request: UpliftRequest) -> None:
    """Read, measure, write, and say what came out."""
    _check(request)
    roles = Roles(
        person=request.person,
        treatment=request.treatment,
        control=request.control.strip(),
        outcome=request.outcome,
        features=tuple(parse_names(request.features)),
        exclude=tuple(parse_names(request.exclude)),
        probability=_probability(request.probability),
        is_dose=request.is_dose,
    )
    screen = Console(stderr=True, highlight=False)
    with screen.status("reading") as status:
        frame = read_table(request.file)
        others = read_table(request.others) if request.others else None
        measured = measure_uplift(
            frame,
            roles,
            cost=parse_cost(request.cost),
            value=request.value,
            seed=request.seed,
            threads=request.threads,
            notify=status.update,
        )
        if others is not None:
            status.update(f"scoring {others.height:,} other people")
        rows = measured.rows if others is None else measured.model.score(others)
    report = {**measured.report, "rows": rows.height, "scored": str(request.others or request.file)}
    write_table(rows, request.out)
    write_json(request.json or request.out.with_suffix(".json"), report)
    _print(request, report)


def parse_names(texts: Sequence[str]) -> list[str]:
    """Columns, several options or several names with commas between them."""
    return [name.strip() for text in texts for name in text.split(",") if name.strip()]


def parse_cost(texts: Sequence[str]) -> float | dict[str, float] | None:
    """One number, or ARM=NUMBER once per arm."""
    parts = parse_names(texts)
    if not parts:
        return None
    if len(parts) == 1 and "=" not in parts[0]:
        return _number(parts[0], parts[0])
    found: dict[str, float] = {}
    for part in parts:
        arm, equals, number = part.rpartition("=")
        if not equals or arm.strip() in found:
            raise ContractError(f"--cost: expected a number, or ARM=NUMBER once per arm, got {part!r}. Correct it.")
        found[arm.strip()] = _number(number, part)
    return found


def _number(text: str, whole: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ContractError(f"--cost: expected a number, or ARM=NUMBER once per arm, got {whole!r}.") from error


def _probability(texts: Sequence[str]) -> str | dict[str, str]:
    parts = parse_names(texts)
    if not parts:
        return ""
    if len(parts) == 1 and "=" not in parts[0]:
        return parts[0]
    pairs = [part.partition("=")[::2] for part in parts]
    if not all(arm and column for arm, column in pairs) or len(dict(pairs)) < len(pairs):
        raise ContractError(
            f"--probability: expected one column with the chance of the arm that a person got, or ARM=COLUMN once per "
            f"arm, got {parts}. Correct it."
        )
    return {arm.strip(): column.strip() for arm, column in pairs}


def _check(request: UpliftRequest) -> None:
    if request.threads < 1 or request.seed < 0:
        raise ContractError("--threads, --seed: expected at least 1 and at least 0. Leave them out.")
    if request.out.suffix.lower() not in (".csv", ".parquet"):
        raise ContractError(f"--out: expected an ending of .csv or .parquet, got {request.out.name!r}. Rename it.")


def _print(request: UpliftRequest, report: dict[str, Any]) -> None:
    screen = console()

    def say(text: str) -> None:
        screen.print(text, markup=False, soft_wrap=True)

    say(f"{report['verdict']}: {report['reason']}")
    say(", ".join(f"{row['arm']} {row['n']:,}" for row in report["arms"]) + f"  ·  {len(report['features'])} features")
    for effect in report["effects"]:
        say(
            f"\n{effect['arm']} against {request.control}: average effect {short(effect['average_effect'])} "
            f"({short(effect['low'])} to {short(effect['high'])}), differences between people kept "
            f"{effect['kept_share_of_differences']:.0%}, permutation test p {short(effect['permutation']['p_value'])}"
        )
        screen.print(_rankings(effect))
    screen.print(_policies(report["policy"]))
    for warning in report["warnings"]:
        say(f"! {warning}")
    say(f"{report['rows']:,} rows in {request.out}")


def _rankings(effect: dict[str, Any]) -> Table:
    table = Table("ranking", "Qini", "95 % from", "to", "slope", "weight", box=None)
    for row in effect["learners"]:
        slope, weight = short(row["slope"]), f"{row['weight']:.2f}"
        table.add_row(f"{row['learner']}-learner", *(short(row[k]) for k in ("qini", "low", "high")), slope, weight)
    for row in effect["qini"]:
        table.add_row(row["ranking"], *(short(row[k]) for k in ("qini", "low", "high")), "", "")
    return table


def _policies(policy: dict[str, Any]) -> Table:
    unit = "money" if policy["is_stated"] else "outcome"
    table = Table("policy", "contacted", f"{unit} per person", "from", "to", "targeted gains", "from", "to", box=None)
    gains = {row["against"]: row for row in policy["gains_of_targeted"]}
    for row in policy["policies"]:
        gain = gains.get(row["policy"])
        more = [short(gain[k]) for k in ("gain", "low", "high")] if gain else ["", "", ""]
        values = [short(row[k]) for k in ("value_per_person", "low", "high")]
        table.add_row(row["policy"], f"{row['contacted_share']:.1%}", *values, *more)
    return table
