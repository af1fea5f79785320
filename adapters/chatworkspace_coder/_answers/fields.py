"""Fields of a JSON object, read tolerantly: what is missing, null or of a wrong type is as if it were not there. Pure.

What cannot be done without raises UnreadableError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import Any, TypeVar, cast
from uuid import UUID

E = TypeVar("E", bound=Enum)
T = TypeVar("T")
Json = dict[str, Any]

NIL = UUID(int=0)
"""Stands for "none" in some fields."""
LARGEST = 2**53
"""Numbers beyond are no counts of anything."""
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class UnreadableError(ValueError):
    """Something is missing without which the answer makes no sense."""


def printable(text: str) -> str:
    """Return text that any stream of UTF-8 can carry: JSON may bring half a surrogate pair."""
    return text.encode("utf-8", "replace").decode("utf-8")


def shortened(text: str, most: int) -> str:
    """Return so many characters of a text at most: of a longer one the beginning and the end, and how long it was."""
    if len(text) <= most:
        return text
    remark = f"… [{len(text)} characters, cut] "
    head = (most - len(remark)) // 2
    return text[:head] + remark + text[len(text) - (most - len(remark) - head) :]


def as_object(told: object) -> Json:
    """Return a JSON object. UnreadableError."""
    if not isinstance(told, dict):
        raise UnreadableError("an object was expected")
    return cast("Json", told)


def as_list(told: object) -> list[Any]:
    """Return a JSON array; null is an empty one, as Go writes it. UnreadableError."""
    if told is None:
        return []
    if not isinstance(told, list):
        raise UnreadableError("a list was expected")
    return [*cast("list[object]", told)]


def part(of: Json, name: str) -> Json:
    """Return an object in a field, empty if there is none."""
    told = of.get(name)
    return cast("Json", told) if isinstance(told, dict) else {}


def readable(told: Iterable[object], read: Callable[[object], T]) -> list[T]:
    """Return what is read of a list, without the entries that cannot be: one does not take the others away. UnreadableError: none can be."""
    found: list[T] = []
    failure: UnreadableError | None = None
    for it in told:
        try:
            found.append(read(it))
        except UnreadableError as error:  # noqa: PERF203 # of each entry
            failure = error
    if failure is not None and not found:
        raise failure
    return found


def anothers() -> UnreadableError:
    """Return the error for an answer to another's question."""
    return UnreadableError("it tells of something else than was asked for")


def about(part_id: UUID, read: Callable[[object], T], *, name: str = "id") -> Callable[[object], T]:
    """Return what reads an answer about one thing, by its id. UnreadableError: it tells of another, for it is the answer to another's question.

    name: of the field in which the id is.
    """

    def checked(told: object) -> T:
        if required_id(as_object(told), name) != part_id:
            raise anothers()
        return read(told)

    return checked


def rows(of: Json, name: str) -> list[Json]:
    """Return the objects of a list in a field. UnreadableError where it is something else: a list that is cut would be a lie."""
    return [as_object(it) for it in as_list(of.get(name))]


def text(of: Json, name: str, default: str = "") -> str:
    """Return a string."""
    told = of.get(name)
    return printable(told) if isinstance(told, str) else default


def flag(of: Json, name: str, *, default: bool = False) -> bool:
    """Return a bool."""
    told = of.get(name)
    return told if isinstance(told, bool) else default


def number(of: Json, name: str) -> int | None:
    """Return a whole number, or None."""
    told = of.get(name)
    if isinstance(told, bool) or not isinstance(told, (int, float)):
        return None
    return int(told) if abs(told) <= LARGEST and told == int(told) else None  # an infinity is larger, and NaN is not smaller


def optional_id(of: Json, name: str) -> UUID | None:
    """Return an id; None for null, for nonsense, and for the nil id."""
    told = of.get(name)
    if not isinstance(told, str):
        return None
    try:
        found = UUID(told)
    except ValueError:
        return None
    return None if found == NIL else found


def required_id(of: Json, name: str) -> UUID:
    """Return an id. UnreadableError."""
    found = optional_id(of, name)
    if found is None:
        raise UnreadableError(f"{name} is not an id")
    return found


def required_text(of: Json, name: str) -> str:
    """Return a string that is not empty. UnreadableError."""
    found = text(of, name)
    if not found:
        raise UnreadableError(f"{name} is missing")
    return found


def required_number(of: Json, name: str) -> int:
    """Return a whole number. UnreadableError."""
    found = number(of, name)
    if found is None:
        raise UnreadableError(f"{name} is not a number")
    return found


def choice(of: Json, name: str, kind: type[E], default: E) -> E:
    """Return a member of an enumeration; the default for values that this library does not know."""
    try:
        return kind(of.get(name))
    except ValueError:
        return default


def date(of: Json, name: str) -> datetime | None:
    """Return an instant, in UTC; None for one that never was (null, absent, the year 1) and for nonsense. Nanoseconds are cut."""
    told = of.get(name)
    found = _DATE.fullmatch(told) if isinstance(told, str) else None
    if found is None:
        return None
    *fields, fraction, zone = found.groups()
    try:
        instant = datetime(*(int(it) for it in fields), int(((fraction or "") + "000000")[:6]), tzinfo=_zone(zone))  # type: ignore[arg-type, misc] # six fields
        instant = instant.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None
    return instant if instant.year > 1 else None


def _zone(told: str) -> timezone:
    if told in "Zz":
        return timezone.utc
    offset = timedelta(hours=int(told[1:3]), minutes=int(told[4:6]))
    return timezone(-offset if told[0] == "-" else offset)
