"""A night is a function: the same bytes with one thread or two, again, and after being killed anywhere."""

from datetime import date
from pathlib import Path

import pytest

from ml.errors import ContractError
from pipelines.night import ledger_of
from tests.end_to_end.world import LAST, Killed, bytes_of, killed_at_write, leftovers, new_home, run

pytestmark = pytest.mark.xdist_group("same night")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    settings = new_home(tmp_path_factory.mktemp("undisturbed"), threads=1)
    run(settings)
    assert leftovers(settings) == []
    return bytes_of(settings)


def test_two_threads_write_the_bytes_that_one_thread_wrote(undisturbed: dict[str, str], tmp_path: Path) -> None:
    settings = new_home(tmp_path, threads=2)
    run(settings)
    assert bytes_of(settings) == undisturbed
    assert any(name.startswith("exports/") for name in undisturbed)
    assert any(name.startswith("published/") for name in undisturbed)


def test_running_a_finished_night_again_changes_nothing(undisturbed: dict[str, str], tmp_path: Path) -> None:
    settings = new_home(tmp_path)
    run(settings)
    settings.warehouse_path.unlink()
    run(settings)
    assert bytes_of(settings) == undisturbed


def test_a_night_killed_at_any_stage_and_run_again_gives_the_same_bytes(
    undisturbed: dict[str, str], tmp_path: Path
) -> None:
    """One home is killed at the first durable write of each stage in turn, then finished by an ordinary run."""
    settings = new_home(tmp_path)
    writes = _kill_on_the_way(settings, at=1)
    for number in _spread(writes):
        _kill_on_the_way(settings, at=number)
    run(settings)
    assert leftovers(settings) == []
    assert bytes_of(settings) == undisturbed


def test_a_sealed_night_that_comes_out_differently_is_refused_and_stays_as_it_was(tmp_path: Path) -> None:
    settings = new_home(tmp_path)
    run(settings)
    ledger = ledger_of(settings)
    before = ledger.path("decisions", LAST).read_bytes()
    other = ledger.read("decisions", LAST).reverse()
    with pytest.raises(ContractError, match="sealed"):
        ledger.write("decisions", LAST, other)
    assert ledger.path("decisions", LAST).read_bytes() == before


def test_a_file_that_arrives_late_does_not_change_a_past_night(tmp_path: Path) -> None:
    settings = new_home(tmp_path)
    run(settings, date(2017, 12, 19))
    before = bytes_of(settings)
    source = next((settings.folder("landing") / "pos/order_lines").rglob("*.csv"))
    late = settings.folder("landing") / "pos/order_lines/delivered_date=2017-12-11" / "late.csv"
    header, first, *_ = source.read_text(encoding="utf-8").splitlines()
    late.write_text(f"{header}\n{first.replace(',', '9,', 3)}\n", encoding="utf-8")
    run(settings, date(2017, 12, 19))
    assert bytes_of(settings) == before


def _kill_on_the_way(settings: object, *, at: int) -> int:
    with killed_at_write(at) as seen:
        try:
            run(settings)  # type: ignore[arg-type]
        except Killed:
            return at
    return len(seen)


def _spread(_: int) -> list[int]:
    """Writes all over a night; which file is the n-th is the night's affair, the law holds for any."""
    return [3, 9, 17, 26, 40, 60, 75, 90]
