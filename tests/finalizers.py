"""The collector may run a finalizer at any instant, in the midst of what the same thread is doing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from threading import Thread
from types import FrameType
from typing import Any

HANGS = 60.0
"""Seconds after which a thread is taken to hang: far more than it needs."""


def at_lines(files: Collection[str], come: Callable[[int], object], act: Callable[[], object]) -> int:
    """Act, and let `come` come before every line of these files, which is given the line's turn; return how many there were. Fails if it hangs."""
    lines = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal lines
        if frame.f_code.co_filename not in files:
            return None
        if event == "line":
            sys.settrace(None)
            come(lines)
            lines += 1
            sys.settrace(trace)
        return trace

    ended: list[BaseException | None] = []

    def run() -> None:
        sys.settrace(trace)
        try:
            act()
        except BaseException as error:  # noqa: BLE001 # for the thread of the test
            ended.append(error)
        else:
            ended.append(None)
        finally:
            sys.settrace(None)

    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(HANGS)
    assert ended, "it hangs"
    if ended[0] is not None:
        raise ended[0]
    return lines
