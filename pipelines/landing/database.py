"""A database in memory for one piece of landing work, with the run's limits."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from ml.errors import NightmarketError
from pipelines.files import remove_leftovers
from pipelines.settings import Settings


@contextmanager
def memory_database(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open it; what does not fit into memory spills below bronze and is removed at the end.

    Raises    NightmarketError if memory, disk or access rights are not enough for the work inside.
    """
    spill = settings.folder("bronze") / ".spill.partial"
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": str(settings.threads),
        "memory_limit": settings.memory_limit,
        "temp_directory": str(spill),
    }
    con = duckdb.connect(config=config)
    try:
        con.execute("set TimeZone = 'UTC'")
        yield con
    except (duckdb.OutOfMemoryException, duckdb.IOException, OSError) as error:
        raise NightmarketError(
            f"landing: stopped while reading or writing files: {str(error).splitlines()[0]} "
            "Free disk space, give this user access, or raise NIGHTMARKET_MEMORY_LIMIT; then run this again."
        ) from error
    finally:
        con.close()
        if spill.exists():
            remove_leftovers(spill.parent)
