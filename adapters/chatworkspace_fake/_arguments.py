"""Check what comes in at the edge, and say what was expected."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf
from sys import float_info
from typing import Any, TypeVar, cast
from uuid import UUID

from chatworkspace import InvalidArgumentError
from chatworkspace.ports import Clock, SystemClock, check_port

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


def check_number(argument: str, value: object, expected: str = "a number", *, least: float = -inf, most: float = inf) -> float:
    """Return a number within these bounds. NaN is within none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most or not _is_float(value):
        raise _wrong(argument, value, expected)
    return value


def check_seconds(argument: str, value: object, expected: str = "a number of seconds of at least 0") -> float:
    """Return a duration; infinite: it never happens, or never ends."""
    return check_number(argument, value, expected, least=0)


def check_finite_seconds(argument: str, value: object) -> float:
    """Return a duration that ends."""
    return check_number(argument, value, "a finite number of seconds of at least 0", least=0, most=float_info.max)


def check_whole(argument: str, value: object, *, least: int | None = None, most: int | None = None) -> int:
    """Return a whole number within these bounds."""
    if isinstance(value, bool) or not isinstance(value, int) or (least is not None and value < least) or (most is not None and value > most):
        bounds = "" if least is None else f" of at least {least}" if most is None else f" from {least} to {most}"
        raise _wrong(argument, value, f"a whole number{bounds}")
    return value


def check_whole_or_none(argument: str, value: object, *, least: int) -> int | None:
    """Return a whole number, or None for no limit."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
        raise _wrong(argument, value, f"a whole number of at least {least}, or None")
    return value


def check_flag(argument: str, value: object) -> bool:
    """Return True or False: other values that count as one of them are likelier to be a mistake."""
    if not isinstance(value, bool):
        raise _wrong(argument, value, "True or False")
    return value


def check_text(argument: str, value: object, *, empty: bool = True) -> str:
    """Return text."""
    if not isinstance(value, str) or not (value or empty):
        raise _wrong(argument, value, "text" if empty else "text that is not empty")
    return value


def check_texts(argument: str, value: object) -> tuple[str, ...]:
    """Return several texts. One alone is a sequence too, of characters: it is likelier to be a mistake."""
    return check_all(argument, value, str, "a sequence of texts")


def check_texts_by_name(argument: str, value: object) -> Mapping[str, str]:
    """Return a mapping of texts to texts."""
    if not isinstance(value, Mapping):
        raise _wrong(argument, value, "a mapping of names to texts")
    texts = cast("Mapping[object, object]", value)
    if not all(isinstance(it, str) for pair in texts.items() for it in pair):
        raise _wrong(argument, texts, "a mapping of names to texts")
    return cast("Mapping[str, str]", texts)


def check_all(argument: str, value: object, kind: type[T], expected: str) -> tuple[T, ...]:
    """Return a sequence of such objects."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise _wrong(argument, value, expected)
    several = tuple(cast("Sequence[T]", value))
    if not all(isinstance(it, kind) for it in several):
        raise _wrong(argument, several, expected)
    return several


def check_id(argument: str, value: object) -> UUID:
    """Return a UUID."""
    return check_instance(argument, value, UUID, "a UUID")


def check_instance(argument: str, value: object, kind: type[T], expected: str) -> T:
    """Return an object of this class."""
    if not isinstance(value, kind):
        raise _wrong(argument, value, expected)
    return value


def check_function(argument: str, value: F, expected: str = "a function") -> F:
    """Return what can be called."""
    if not callable(value):
        raise _wrong(argument, value, expected)
    return value


def check_clock(value: Clock | None) -> Clock:
    """Return the clock to go by, which is the real one unless another is given."""
    return SystemClock() if value is None else check_port("clock", value, Clock)


def calls_of(port: type) -> tuple[str, ...]:
    """Return the names of a port's methods."""
    return tuple(name for name, value in vars(port).items() if callable(value) and not name.startswith("_"))


def _is_float(value: float) -> bool:
    """Say whether a number can be reckoned with: some whole ones are too large."""
    try:
        float(value)
    except OverflowError:
        return False
    return True


def _wrong(argument: str, value: object, expected: str) -> InvalidArgumentError:
    """Return the error. It shows no value, which may be a secret; that a class stands where one of its objects is due is told."""
    made = f", not a class: make one with {value.__name__}(…)" if isinstance(value, type) else ""
    return InvalidArgumentError(argument, expected + made)
