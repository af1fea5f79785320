"""Check what comes in, and say what was expected."""

from __future__ import annotations

from collections.abc import Callable, Collection

from chatworkspace import ChatWorkspaces, Hand, InvalidArgumentError

MOST_CHARACTERS = 255
"""Of a chat's id, as the library has it."""

HANDS: tuple[Hand, ...] = ("execute", "read_file", "write_file")


def check_chat_id(value: object) -> str:
    """Return the chat that is served."""
    if not isinstance(value, str) or not 0 < len(value) <= MOST_CHARACTERS:
        raise InvalidArgumentError("chat_id", f"1 to {MOST_CHARACTERS} characters of text")
    return value


def check_wait(value: object) -> float:
    """Return the seconds that a call waits at most: unlike elsewhere there are some, for a client gives up sooner or later."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
        raise InvalidArgumentError("wait", "a finite number of seconds of at least 0")
    return float(value)


def check_threads(value: object) -> int:
    """Return how many threads there may be."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidArgumentError("threads", "a whole number of at least 1")
    return value


def check_tools(value: Collection[Hand]) -> tuple[Hand, ...]:
    """Return the hands that are served."""
    if isinstance(value, str) or not isinstance(value, Collection) or not all(it in HANDS for it in value):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError("tools", f"a collection of {', '.join(HANDS)}")
    return tuple(value)


def check_flag(argument: str, value: object) -> bool:
    """Return what is true or false."""
    if not isinstance(value, bool):
        raise InvalidArgumentError(argument, "True or False")
    return value


def check_prepare(value: Callable[[], object] | None) -> Callable[[], object] | None:
    """Return what is called before the first tool."""
    if value is not None and not callable(value):
        raise InvalidArgumentError("prepare", "a function or None")
    return value


def check_workspaces(value: object) -> ChatWorkspaces:
    """Return value if it is a ChatWorkspaces."""
    if not isinstance(value, ChatWorkspaces):
        raise InvalidArgumentError("workspaces", "a ChatWorkspaces")
    return value
