"""A world in a process of its own: its people live and its truth is told while a night runs in this process."""

import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Any, Self, TypeAlias

from ml.errors import NightmarketError
from pipelines.interrupts import let_waits_be_interrupted
from pipelines.settings import child_environment
from pipelines.simulator.simulate import Recorder

Call: TypeAlias = tuple[bool, Callable[..., Any], tuple[Any, ...]]  # makes the recorder; what to call; with what


class WorldApart:
    """The door to it. What is asked is done in the order of asking; functions, arguments and answers are pickled."""

    def __init__(self) -> None:
        """Starts the process, which is gone when the block is over, also if this process is killed."""
        self._pipe, theirs = Pipe()
        command = [sys.executable, "-m", "pipelines.simulator.apart", str(theirs.fileno())]
        self._process = subprocess.Popen(
            command,
            pass_fds=[theirs.fileno()],
            env=child_environment(),
            start_new_session=True,  # ctrl-C is for this process, which ends the other
        )
        theirs.close()
        let_waits_be_interrupted()  # for answers
        self._waiting = ThreadPoolExecutor(1)

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def begin(self, make: Callable[..., Recorder | None], *arguments: Any) -> "Future[date]":
        """Make the recorder that later questions are about, over there; in time, the world's next day."""
        return self._waiting.submit(self._answer, (True, make, arguments))

    def ask(self, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Call a function of the recorder over there; the answer, or the error that it ended with, comes in time."""
        return self._waiting.submit(self._answer, (False, function, arguments))

    def __enter__(self) -> Self:
        """The block asks."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Wait for all that was asked; a block that fails ends the process at once."""
        if kind is not None:
            self._process.kill()  # what it was writing is made again, with equal bytes
        self._waiting.shutdown(cancel_futures=kind is not None)
        self._pipe.close()
        self._process.wait()

    def _answer(self, call: Call) -> Any:
        try:
            self._pipe.send(call)
            is_good, answer = self._pipe.recv()
        except (EOFError, BrokenPipeError, ConnectionResetError) as error:
            raise NightmarketError(
                f"The process of the simulated world ended, exit code {self._process.wait()} (-9: killed, or out of "
                "memory). Run the same command again: it goes on after the last whole day."
            ) from error
        if is_good:
            return answer
        raise answer


def main() -> None:
    """Answer until whoever asks is gone."""
    pipe = Connection(int(sys.argv[1]))
    calls: SimpleQueue[Call] = SimpleQueue()
    Thread(target=_receive, args=(pipe, calls), daemon=True).start()
    recorder = None
    while True:
        is_first, function, arguments = calls.get()
        try:
            if is_first:
                recorder = function(*arguments)
                answer = recorder.world.next_day
            else:
                answer = function(recorder, *arguments)
            pipe.send((True, answer))
        except Exception as error:  # noqa: BLE001 - it is raised where the question was asked
            error.add_note(traceback.format_exc())  # where it came from, which a pickled error does not know
            pipe.send((False, error))


def _receive(pipe: Connection, calls: "SimpleQueue[Call]") -> None:
    """Take calls in; the end of the pipe is the end of this process, whatever it is doing."""
    try:
        while True:
            calls.put(pipe.recv())
    except EOFError:
        os._exit(0)


if __name__ == "__main__":
    main()
