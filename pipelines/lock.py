"""One night at a time: who holds the home, and what the second one is told."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ml.errors import NightmarketError
from pipelines.clock import utc_now
from pipelines.files import write_json


@contextmanager
def held_by(home: Path, *, purpose: str) -> Iterator[None]:
    """Hold the home's lock while the block runs; the operating system frees it if the process dies.

    Raises    NightmarketError if another process holds it, naming process, purpose and start.
    """
    holder_path = home / "runs" / "lock.json"
    holder_path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / "runs" / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise NightmarketError(
            f"{home}: in use by {_describe(holder_path)}. Wait for it, or use another --home."
        ) from error
    try:
        started = utc_now().isoformat(timespec="seconds")
        write_json(holder_path, {"pid": os.getpid(), "purpose": purpose, "started_at": started})
        yield
    finally:
        lock.release()


def _describe(holder_path: Path) -> str:
    try:
        holder = json.loads(holder_path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "another process"
    return f"process {holder['pid']} ({holder['purpose']}, since {holder['started_at']})"
