"""How do verified files reach the place where channels fetch them: once, whole, or not at all?

The order is: `record_exports` writes the ledger partition; the caller seals the night; `release` puts the
folder in place. The seal is the decision. Death before it leaves a night that counts for nothing; death
after it is healed by running the night again, which makes the same bytes and puts them in place.
"""

import shutil
from datetime import date
from pathlib import Path

from ml.errors import ContractError, GuardrailError
from pipelines.exports.build import StagedExports
from pipelines.files import new_directory, sha256_of
from pipelines.ledger import Ledger
from pipelines.settings import Settings


def record_exports(ledger: Ledger, as_of_date: date, staged: StagedExports) -> None:
    """Write the ledger partition `exports`: what is about to be released, row by row. Call before the seal.

    Raises    ContractError if the files are no longer those that were staged and verified, or if the night
              is sealed and the rows would differ.
    """
    _require_untouched(staged)
    ledger.write("exports", as_of_date, staged.rows)


def release(settings: Settings, ledger: Ledger, as_of_date: date, staged: StagedExports) -> Path:
    """Put a sealed night's files at `<home>/exports/as_of_date=YYYY-MM-DD/`, all at once.

    Nothing is sent twice: the idempotency key of a row is its decision_id, which is the same in every
    run of a night, and a folder that is already there is compared, never replaced.

    Returns   the released folder. The staged one is gone.
    Raises    GuardrailError  if the night is not sealed, or its ledger does not hold exactly these rows.
              ContractError   if the night was released with other bytes; names the first file that differs.
    """
    _require_sealed(ledger, as_of_date, staged)
    _require_untouched(staged)
    target = settings.folder("exports") / f"as_of_date={as_of_date.isoformat()}"
    if target.exists():
        _require_equal(staged.file_hashes, target)
    else:
        with new_directory(target) as folder:
            shutil.copytree(staged.folder, folder, dirs_exist_ok=True)
    shutil.rmtree(staged.folder, ignore_errors=True)
    return target


def _require_sealed(ledger: Ledger, as_of_date: date, staged: StagedExports) -> None:
    recorded = ledger.read("exports", as_of_date)
    if not ledger.is_sealed(as_of_date) or recorded is None or not recorded.equals(staged.rows):
        raise GuardrailError(
            f"release of {as_of_date}: expected a sealed night whose ledger holds these {staged.rows.height} rows, "
            "got another state. Record the exports, seal the night, then release."
        )


def _require_untouched(staged: StagedExports) -> None:
    present = _hashes(staged.folder)
    if present != staged.file_hashes:
        raise ContractError(
            f"{staged.folder}: expected the files as they were staged and verified, "
            f"got a difference in {_first_difference(staged.file_hashes, present)}. Run the night again."
        )


def _require_equal(expected: dict[str, str], target: Path) -> None:
    present = _hashes(target)
    if present != expected:
        raise ContractError(
            f"{target}: was released with other bytes than this run makes "
            f"(first: {_first_difference(present, expected)}). What is sent cannot be sent again: undo the change "
            "of configuration, seeds or code, or decide anew for a later date."
        )


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}


def _first_difference(one: dict[str, str], other: dict[str, str]) -> str:
    return min(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
