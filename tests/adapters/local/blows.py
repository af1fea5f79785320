"""A process that is killed just before one of the steps by which it changes the disk, or begins or ends another. The standard library alone."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

STEPS = ("mkdir", "chmod", "fchmod", "symlink", "replace", "rename", "unlink", "rmdir", "write", "pipe", "fork", "setsid")
"""Functions of os, each of whose calls is a step. pipe: a program is about to begin. So are open(), where it makes a file, and each signal."""


def kill_at(number: int, note: str = "") -> None:
    """Have this process, and its children of fork(), die at that step, counted from 1. Once it serves it is past that.

    note: the path of a file that it makes then.
    """
    numbers = count(1)

    def strike() -> None:
        if next(numbers) == number:
            if note:
                Path(note).touch()
            os.kill(os.getpid(), signal.SIGKILL)

    def stepping(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **more: Any) -> Any:
            strike()
            return real(*arguments, **more)

        return step

    def opening(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if flags & os.O_CREAT:
            strike()
        return opened(path, flags, *more, **named)

    def select(self: Any, timeout: float | None = None) -> Any:
        nonlocal number
        number = 0
        return serve(self, timeout)

    opened, serve = os.open, selectors.DefaultSelector.select
    for name in STEPS:
        setattr(os, name, stepping(getattr(os, name)))
    setattr(os, "open", opening)  # noqa: B010 # as the others
    subprocess.run = stepping(subprocess.run)
    signal.pidfd_send_signal = stepping(signal.pidfd_send_signal)
    setattr(selectors.DefaultSelector, "select", select)  # noqa: B010 # a method, as the others
