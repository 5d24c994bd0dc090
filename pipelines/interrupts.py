"""Ctrl-C while this process waits for a thread or another process."""

import signal


def let_waits_be_interrupted() -> None:
    """Make ctrl-C end a wait at once. Polars, once imported, has the system go on with what a signal interrupted."""
    signal.siginterrupt(signal.SIGINT, True)
