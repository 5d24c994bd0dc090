"""`nightmarket resolve`: person-like records in, persons out, with every link's evidence, a report and a summary."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from ml.errors import ContractError
from ml.identity.resolve import Resolved, resolve_records
from ml.identity.roles import parse_roles
from pipelines.cli.engines.table_files import ending_of
from pipelines.cli.engines.tables import read_table, write_table
from pipelines.files import write_json


@dataclass(frozen=True, slots=True)
class ResolveRequest:
    """What was asked on the command line."""

    file: Path
    record: str
    maps: list[str]
    out: Path
    edges: Path | None
    json: Path | None
    seed: int
    threads: int


def resolve_file(request: ResolveRequest) -> None:
    """Read, resolve, write, and say what came out."""
    _check(request)
    roles = parse_roles(request.maps)
    columns = list(dict.fromkeys([request.record, *(role.column for role in roles)]))
    screen = Console(stderr=True, highlight=False)
    with screen.status("reading records") as status:
        frame = read_table(request.file, columns=columns)

        def told(words: str) -> None:
            if screen.is_terminal:
                status.update(words)
            else:
                screen.print(words, markup=False)

        found = resolve_records(
            frame,
            roles,
            id_column=request.record,
            seed=request.seed,
            threads=request.threads,
            with_edges=request.edges is not None,
            told=told,
        )
    write_table(found.persons, request.out)
    if request.edges and found.edges is not None:
        write_table(found.edges, request.edges)
    write_json(_json_of(request), {**found.report, "shared": found.shared.to_dicts(), "notes": list(found.notes)})
    _summarise(request, found)


def _check(request: ResolveRequest) -> None:
    if request.threads < 1 or request.seed < 0:
        raise ContractError("--threads, --seed: expected at least 1 and at least 0. Leave them out.")
    for path in (request.out, request.edges):
        if path is not None:
            ending_of(path)
    written = [path.resolve() for path in (request.out, request.edges, _json_of(request)) if path is not None]
    if len(set(written)) < len(written) or request.file.resolve() in written:
        raise ContractError("--out, --edges, --json: expected different files, none of them the input. Rename one.")


def _json_of(request: ResolveRequest) -> Path:
    return request.json or request.out.with_suffix(".json")


def _summarise(request: ResolveRequest, found: Resolved) -> None:
    console = Console(highlight=False, soft_wrap=True)
    report = found.report
    console.print(
        f"{report['record_count']:,} records are {report['person_count']:,} persons; the largest has "
        f"{report['largest_person_record_count']:,} records"
    )
    console.print(f"{report['compared_pair_count']:,} pairs compared")
    unsure = found.persons.filter(found.persons["confidence"] < 0.9).height
    console.print(f"{unsure:,} records with a confidence below .9")
    for note in found.notes:
        console.print(f"! {note}", markup=False)
    for path in (request.out, request.edges, _json_of(request)):
        if path is not None:
            console.print(f"{path}", markup=False)
