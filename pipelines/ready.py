"""What the first night of an installation waits for, done beside something else by a process of its own.

Python compiles what it imports for the first time, and dbt parses a project that no home has seen: together some
twenty seconds. What goes wrong here is said by the night, which does whatever is not done.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pipelines.dbt_parse import is_parsed, open_project
from pipelines.settings import Settings, child_environment, load_settings

WORK = (sys.executable, "-m", "pipelines.ready")


@contextmanager
def made_ready_beside(settings: Settings) -> Iterator[None]:
    """Make ready while the block does something else, then wait, as a night would; a block that fails ends it."""
    if is_parsed(settings):
        yield
        return
    child = subprocess.Popen(
        WORK,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**child_environment(), "NIGHTMARKET_HOME": str(settings.home)},
        start_new_session=True,  # ctrl-C is for the block
    )
    try:
        yield
        child.wait()
    except BaseException:  # also ctrl-C while waiting
        child.terminate()  # a parse that is cut off leaves nothing that counts
        child.wait()
        raise


def main() -> None:
    """Import everything that a night needs, and parse the project."""
    import pipelines.graph  # noqa: F401

    open_project(load_settings())


if __name__ == "__main__":
    main()
