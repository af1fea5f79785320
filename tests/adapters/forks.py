"""A child of fork(), for the stores that are used on both sides of it."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable


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
