"""A night is a function: the same bytes with one thread or two, again, and after being killed anywhere."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from ml.errors import ContractError
from pipelines.night import ledger_of
from pipelines.settings import Settings
from tests.end_to_end.world import LAST, Killed, bytes_of, killed_at_write, leftovers, new_home, run

NEVER = 10**9


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """A night that nothing disturbed: its bytes, and how many durable writes it took."""

    files: dict[str, str]
    write_count: int


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    settings = new_home(tmp_path_factory.mktemp("undisturbed"), threads=1)
    with killed_at_write(NEVER) as writes:
        run(settings)
    assert leftovers(settings) == []
    return Undisturbed(bytes_of(settings), len(writes))


def test_two_threads_write_the_bytes_that_one_thread_wrote(undisturbed: Undisturbed, finished: Settings) -> None:
    assert finished.threads == 2
    assert bytes_of(finished) == undisturbed.files
    assert any(name.startswith("exports/") for name in undisturbed.files)
    assert any(name.startswith("published/") for name in undisturbed.files)


def test_running_a_finished_night_again_changes_nothing(undisturbed: Undisturbed, finished_copy: Settings) -> None:
    finished_copy.warehouse_path.unlink()
    run(finished_copy)
    assert bytes_of(finished_copy) == undisturbed.files


def test_a_night_killed_again_and_again_and_then_run_gives_the_same_bytes(
    undisturbed: Undisturbed, tmp_path: Path
) -> None:
    """Each attempt dies before a durable write takes its name, from the first write to the last; then one may end."""
    settings = new_home(tmp_path)
    last = undisturbed.write_count
    early = [_dies(settings, at=number) for number in (1, last // 4, last // 2)]
    late = [_dies(settings, at=number) for number in (5, 14, 27, 44)]  # bronze is there by now; more: same_bytes
    assert all(early)
    assert sum(late) >= 3
    run(settings)
    assert leftovers(settings) == []
    assert bytes_of(settings) == undisturbed.files


def test_a_sealed_night_that_comes_out_differently_is_refused_and_stays_as_it_was(finished_copy: Settings) -> None:
    ledger = ledger_of(finished_copy)
    before = ledger.path("decisions", LAST).read_bytes()
    other = ledger.read("decisions", LAST).reverse()
    with pytest.raises(ContractError, match="sealed"):
        ledger.write("decisions", LAST, other)
    assert ledger.path("decisions", LAST).read_bytes() == before


def test_a_file_that_arrives_late_does_not_change_a_past_night(finished_copy: Settings) -> None:
    before = bytes_of(finished_copy)
    lines = finished_copy.folder("landing") / "pos/order_lines"
    source, late = next(lines.rglob("*.csv")), lines / "delivered_date=2017-12-11" / "late.csv"
    header, first, *_ = source.read_text(encoding="utf-8").splitlines()
    late.write_text(f"{header}\n{first.replace(',', '9,', 3)}\n", encoding="utf-8")
    run(finished_copy)
    assert bytes_of(finished_copy) == before


def _dies(settings: Settings, *, at: int) -> bool:
    with killed_at_write(at):
        try:
            run(settings)
        except Killed:
            return True
    return False
