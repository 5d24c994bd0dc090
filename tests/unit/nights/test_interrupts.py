"""Ctrl-C reaches whoever waits, also when Polars has been imported."""

import subprocess
import sys

import pytest

WAIT = """
import os, signal, threading, time
from concurrent.futures import Future
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may ignore it
import polars
from pipelines.interrupts import let_waits_be_interrupted
{call}
def interrupt():
    time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(3)
    os._exit(7)  # nobody heard of it
threading.Thread(target=interrupt, daemon=True).start()
try:
    Future().result()
except KeyboardInterrupt:
    os._exit(0)
"""


@pytest.mark.parametrize(("call", "code"), [("let_waits_be_interrupted()", 0), ("", 7)])
def test_a_wait_ends_with_ctrl_c(call, code):
    """Where the second case ends with 0, Polars has mended it, and this module can go."""
    assert subprocess.run([sys.executable, "-c", WAIT.format(call=call)], check=False).returncode == code
