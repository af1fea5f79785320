"""Check what comes in at the edge, and say what was expected."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from typing import Any, Literal, TypeVar, cast
from uuid import UUID

from chatworkspace._domain.places import Place, parse
from chatworkspace.errors import InvalidArgumentError

Id = UUID | str
"""A UUID or its text. Converted at the edge; values always carry UUID. Anything else: InvalidArgumentError naming the argument."""

Hand = Literal["execute", "read_file", "write_file"]
"""A tool that uses the workspace."""
HANDS: tuple[Hand, ...] = ("execute", "read_file", "write_file")
MAX_CHAT_ID = 255
MOST = 100_000
"""Of threads that wait in one process."""

T = TypeVar("T")

_UNFIT = re.compile("[\0\ud800-\udfff]")


def positive_seconds(_instance: object, attribute: Any, value: object) -> None:
    """Validate an attrs field that holds a limit in seconds."""
    check_seconds(attribute.name, value)


def check_seconds(argument: str, value: object) -> float:
    """Return a limit in seconds: finite, above 0."""
    seconds = _number(value)
    if not 0 < seconds < math.inf:
        raise InvalidArgumentError(argument, "a finite number of seconds above 0")
    return seconds


def _number(value: object) -> float:
    """Return a number of any size as a float; NaN for what is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def to_uuid(argument: str, value: Id) -> UUID:
    """Return value as a UUID."""
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value.strip())
    except (ValueError, AttributeError, TypeError):
        raise InvalidArgumentError(argument, "a UUID or its text") from None


def check_text(argument: str, value: object, *, most: int | None = None) -> str:
    """Return value if it is text that every store and platform can carry: no NUL, no lone surrogates."""
    if not isinstance(value, str):
        raise InvalidArgumentError(argument, "text")
    if most is not None and len(value) > most:
        raise InvalidArgumentError(argument, f"at most {most} characters")
    if not value.isprintable() and _UNFIT.search(value):  # what is printable has neither, and is known by one quick question
        raise InvalidArgumentError(argument, "text without the character U+0000 and without half characters (U+D800 to U+DFFF)")
    return value


def fit_text(text: str) -> str:
    """Return other people's text as every store can carry it: where there was a NUL or half a character, a sign says so."""
    return _UNFIT.sub("\ufffd", text)


def check_chat_id(value: object) -> str:
    """Return a host's chat id: 1 to 255 characters, compared exactly."""
    if not value or not isinstance(value, str) or len(value) > MAX_CHAT_ID:
        raise InvalidArgumentError("chat_id", f"1 to {MAX_CHAT_ID} characters of text")
    return check_text("chat_id", value)


def check_wait(value: object) -> float | None:
    """Return how long to wait, in seconds; None: as long as Timeouts allow."""
    if value is None:
        return None
    seconds = _number(value)
    if not seconds >= 0:  # NaN is not
        raise InvalidArgumentError("wait", "None or a number of seconds of at least 0")
    return None if math.isinf(seconds) else seconds


def check_cursor(argument: str, value: object) -> Place | None:
    """Return the place that a follower has been told of; None: it begins."""
    if value is None:
        return None
    place = parse(value) if isinstance(value, str) else None
    if place is None:
        raise InvalidArgumentError(argument, "None or the cursor of an item of follow()")
    return place


def check_most(argument: str, value: object) -> int | None:
    """Return how many there may be at a time; None: any number."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST):
        return value
    raise InvalidArgumentError(argument, f"None or a whole number from 0 to {MOST:,}")


def check_number(argument: str, value: object, least: int, most: int) -> int:
    """Return a whole number within these bounds."""
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    raise InvalidArgumentError(argument, f"a whole number from {least} to {most:,}")


def check_filter(argument: str, value: object) -> bool | None:
    """Return what has to be so; None: it may be either way."""
    if value is None or isinstance(value, bool):
        return value
    raise InvalidArgumentError(argument, "True, False or None")


def check_parameters(value: object) -> Mapping[str, str]:
    """Return a copy of the template parameters: text to text. A bad value is never shown."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidArgumentError("parameters", "a mapping of names to values, both text")
    parameters: dict[str, str] = {}
    for name, text in cast("Mapping[object, object]", value).items():
        parameters[check_text("parameters", name)] = check_text(f"parameters[{name!r}]", text)
    return parameters


def check_hands(tools: Collection[str], *, sandboxed: bool) -> tuple[str, ...]:
    """Return the hands that a toolbox is to offer."""
    if isinstance(tools, str) or not isinstance(cast("object", tools), Collection) or not all(it in HANDS for it in tools):
        raise InvalidArgumentError("tools", f"a collection of {', '.join(HANDS)}")
    if not sandboxed:
        raise InvalidArgumentError("allow_unsandboxed", "True: on this platform a model's commands run with the rights of the host's own process")
    return tuple(tools)


def check_ids(argument: str, value: Collection[Id]) -> list[UUID]:
    """Return a collection of ids as UUIDs."""
    if isinstance(value, (str, UUID)) or not isinstance(cast("object", value), Collection):
        raise InvalidArgumentError(argument, "a collection of UUIDs or their texts")
    return [to_uuid(argument, it) for it in value]


def check_port(argument: str, value: T, port: type[Any]) -> T:
    """Return value if it is an object with all methods of the port, those with a default too: adapters inherit them.

    What makes its methods as they are asked for (a stand-in around a port) is taken at its word.
    """
    if isinstance(value, type):
        raise InvalidArgumentError(argument, f"{_a(port)}, not a class: make one with {value.__name__}(…)")
    if value is not None and hasattr(type(value), "__getattr__"):
        return value
    methods = (name for name, default in vars(port).items() if not name.startswith("_") and callable(default))
    missing = [name for name in methods if not callable(getattr(value, name, None))]
    if missing:
        raise InvalidArgumentError(argument, f"{_a(port)}; {type(value).__name__} has no {missing[0]}()")
    return value


def check_callable(argument: str, value: T) -> T:
    """Return value if it is None or can be called."""
    if value is not None and not callable(value):
        raise InvalidArgumentError(argument, "a function or None")
    return value


def check_executor(argument: str, value: T) -> T:
    """Return value if it is None or an executor. Its class is not asked for: loading that would cost those who need none."""
    if value is not None and not callable(getattr(value, "submit", None)):
        raise InvalidArgumentError(argument, "a concurrent.futures.Executor of threads, or None")
    return value


def check_instance(argument: str, value: object, kind: type[T]) -> T:
    """Return value if it is of that kind."""
    if not isinstance(value, kind):
        raise InvalidArgumentError(argument, _a(kind))
    return value


def _a(kind: type[Any]) -> str:
    return f"{'an' if kind.__name__[0] in 'AEIOU' else 'a'} {kind.__name__}"
