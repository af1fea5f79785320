"""Check what comes in, and say what was expected."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

from chatworkspace import ChatWorkspaces, InvalidArgumentError

T = TypeVar("T", bound=Callable[..., object])


def check_workspaces(value: object) -> ChatWorkspaces:
    """Return value if it is a ChatWorkspaces."""
    if not isinstance(value, ChatWorkspaces):
        raise InvalidArgumentError("workspaces", "a ChatWorkspaces")
    return value


def check_retry(value: object) -> None:
    """Check the seconds after which a browser comes back."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise InvalidArgumentError("retry", "a finite number of seconds above 0")


def check_wait(value: object) -> float | None:
    """Return the seconds after which a stream ends, or None."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0):
        raise InvalidArgumentError("wait", "None or a number of seconds of at least 0")
    return value


def check_threads(value: object) -> int:
    """Return how many threads there may be."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidArgumentError("threads", "a whole number of at least 1")
    return value


def check_function(argument: str, value: T) -> T:
    """Return value if it can be called."""
    if not callable(value):
        raise InvalidArgumentError(argument, "a function")
    return value
