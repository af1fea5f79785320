"""Children of fork(), for what is used on both sides of it."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable

from tests.hanging import PATIENCE, until


def in_child(act: Callable[[], object]) -> int:
    """Fork, act in the child, and return its id. It ends with 0 if nothing was raised."""
    child = os.fork()
    if not child:
        status = 1
        try:
            act()
            status = 0
        except BaseException:  # noqa: BLE001 # it ends here, and says why
            traceback.print_exc()
        finally:
            os._exit(status)
    return child


def ended(child: int) -> int:
    """Return a child's exit code. AssertionError: it hangs; then it is ended, and what runs the tests has it print where."""

    def over() -> bool:
        return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    try:
        until(over, 2 * PATIENCE)
    except AssertionError:
        os.kill(child, signal.SIGABRT)
        os.waitpid(child, 0)
        raise
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
