"""All that a process has started, directly or not: so that nothing of it outlives a run of tests, however that ends."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

PR_SET_CHILD_SUBREAPER = 36
"""Of prctl(2)."""
MOST = 30.0
"""Seconds within which whatever was killed has ended, on the slowest machine."""
ENDED = "ZX"
"""States of processes that are waited for, and nothing else."""


def adopt() -> None:
    """Become the parent of whatever descends from this process when its own parent ends. Where the system has no such thing: do nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def offspring(of: int | None = None) -> set[int]:
    """Return the ids of what descends from a process, this one unless another is named, and has not ended. Nothing where there is no /proc."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            state, parent, *_ = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if state not in ENDED:
                parents[int(path.parent.name)] = int(parent)
    found = {os.getpid() if of is None else of}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {os.getpid() if of is None else of}


def end(patience: float) -> None:
    """End all offspring: ask each to end, and kill what has not after so many seconds, until there is none."""
    asked, began = set[int](), time.monotonic()
    while (left := offspring()) and (waited := time.monotonic() - began) < patience + MOST:
        for pid in left if waited >= patience else left - asked:
            with suppress(OSError):  # it has ended meanwhile, or is not ours to end
                os.kill(pid, signal.SIGKILL if waited >= patience else signal.SIGTERM)
        asked |= left
        time.sleep(0.02)


def children() -> set[int]:
    """Return the processes that this one has started itself, or has adopted, and that have not ended."""
    return {pid for pid in offspring() if _parent(pid) == os.getpid()}


def hear(*, once: bool = False) -> None:
    """Let an order to terminate be what Ctrl-C is, which ends a run in its order. For the main thread. once: whatever comes after it is not heard."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        del number, frame
        if once:
            _set(_unheard)
        raise KeyboardInterrupt

    _set(interrupt)


def _set(handler: Callable[[int, FrameType | None], object]) -> None:
    signal.signal(signal.SIGTERM, handler)
    signal.signal(signal.SIGINT, handler)  # also in the background of a shell, which ignores it, and so would all processes of the tests


def _parent(pid: int) -> int | None:
    with suppress(OSError):  # it has ended meanwhile
        return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
    return None


def _unheard(number: int, frame: FrameType | None) -> None:
    """Do nothing: what has begun to end goes on with that."""
