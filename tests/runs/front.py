"""A run in a process of its own, watched by the one that was started: when that ends, in whatever way, the run does, with all that it has started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence

from tests.runs import offspring

LIFELINE = "CHATWORKSPACE_TESTS_LIFELINE"
"""Names the end of a pipe that the run reads: it ends with whoever holds the other."""
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
KILLED = 128
"""What a shell adds to the number of the signal that ended a command."""


def watched(module: str, arguments: Sequence[str], run: Callable[[], int]) -> int:
    """Run in a process of its own, and return its exit code. module: the one that calls this, which is started again as that process."""
    lifeline = os.environ.pop(LIFELINE, "")
    if lifeline:
        threading.Thread(target=_follow, args=(int(lifeline),), daemon=True).start()
        offspring.hear()
        signal.signal(signal.SIGHUP, signal.getsignal(signal.SIGTERM))
        return run()
    return _start(module, arguments)


def _start(module: str, arguments: Sequence[str]) -> int:
    offspring.adopt()
    reading, writing = os.pipe()  # nothing is ever written: it is closed when this process ends
    command, environment = [sys.executable, "-m", module, *arguments], {**os.environ, LIFELINE: str(reading)}
    process = subprocess.Popen(command, env=environment, pass_fds=[reading], start_new_session=True)  # so that the keyboard interrupts it once
    os.close(reading)
    for number in FORWARDED:
        signal.signal(number, lambda number, _: process.send_signal(number))
    code = process.wait()
    offspring.end(0)  # if it was killed
    os.close(writing)
    return code if code >= 0 else KILLED - code


def _follow(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)
