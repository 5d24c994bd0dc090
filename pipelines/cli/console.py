"""Where commands print: as wide as the terminal, and wide enough for a table when the output goes to a file."""

import sys

from rich.console import Console

WIDTH_WITHOUT_TERMINAL = 160


def console() -> Console:
    """The standard output; colour and line width follow the terminal, NO_COLOR is respected."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL)
