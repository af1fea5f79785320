"""What rules compare with. They raise in every mode of the interpreter, as `assert` does not."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Generic, TypeVar

import attrs

T = TypeVar("T")
E = TypeVar("E", bound=BaseException)


class MismatchError(AssertionError):
    """Something is not as a rule says. Whoever runs the rule names it."""

    def __init__(self, expected: str, seen: str) -> None:
        super().__init__(f"expected {expected}; saw {seen}")
        self.expected = expected
        self.seen = seen


def equal(what: str, seen: object, expected: object) -> None:
    """Compare."""
    if seen != expected:
        raise MismatchError(f"{what}: {expected!r}", _differences(seen, expected))


def differ(what: str, seen: object, other: object) -> None:
    """See that two values are not equal."""
    if seen == other:
        raise MismatchError(f"{what}: anything but {other!r}", repr(seen))


def holds(what: str, condition: object, seen: object) -> None:
    """See that it is so. what: what should be so. seen: what to show where it is not."""
    if not condition:
        raise MismatchError(what, repr(seen))


def within(what: str, seen: float, most: float, least: float = 0.0) -> None:
    """See that a duration is at least so long, and shorter than most. In seconds."""
    if not least <= seen < most:
        raise MismatchError(f"{what}: from {least:g} s to less than {most:g} s", f"{seen:g} s")


def present(what: str, seen: T | None) -> T:
    """Return what is there."""
    if seen is None:
        raise MismatchError(what, "None")
    return seen


class Caught(Generic[E]):
    """What came, once it has."""

    error: E


@contextmanager
def raises(*wanted: type[E]) -> Generator[Caught[E], None, None]:
    """See that what is done within ends with one of these errors."""
    caught, names = Caught[E](), " or ".join(it.__name__ for it in wanted)
    try:
        yield caught
    except wanted as error:
        caught.error = error
    except MismatchError:
        raise
    except Exception as error:
        raise MismatchError(names, told(error)) from error
    else:
        raise MismatchError(names, "no error")


def told(error: BaseException) -> str:
    """Name an error."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _differences(seen: object, expected: object) -> str:
    """Show a value; of two alike, the fields that are not equal."""
    kind = type(seen)
    if not attrs.has(kind) or kind is not type(expected):
        return repr(seen)
    names = (field.name for field in attrs.fields(kind))
    apart = (name for name in names if getattr(seen, name) != getattr(expected, name))
    return ", ".join(f"{name}={getattr(seen, name)!r} for {getattr(expected, name)!r}" for name in apart)
