"""Asking for values: one request, its errors, and what its answer is read as."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from threading import Lock
from typing import Any, Generic, TypeVar
from urllib.parse import quote
from uuid import UUID

from chatworkspace_coder._answers.errors import Answer, NotUnderstoodError, error_of_read, json_of
from chatworkspace_coder._answers.json import UnreadableError
from chatworkspace_coder._http.forks import begins_anew
from chatworkspace_coder._http.transport import Request, Transport

T = TypeVar("T")
V2 = "/api/v2"
EXPERIMENTAL = "/api/experimental"
KEPT = 60.0
"""Seconds for which settings of the server are not asked for again."""
MOST_CACHED = 2000


class Api:
    """The server's JSON. Safe from any thread."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def now(self) -> datetime:
        """Return the server's time of day; ours before its first answer."""
        return self.transport.now() or datetime.now(timezone.utc)

    def get(self, path: str, owner_id: UUID | None, deadline: float, read: Callable[[object], T], query: Mapping[str, str] | None = None) -> T:
        """Read. NotFoundError, UnavailableError."""
        answer = self.answer(path, owner_id, deadline, query)
        if not answer.ok:
            raise error_of_read(answer)
        return understood(answer, read)

    def answer(self, path: str, owner_id: UUID | None, deadline: float, query: Mapping[str, str] | None = None) -> Answer:
        """Read, and leave the errors to the caller. UnavailableError."""
        return self.transport.read(Request(method="GET", path=path, owner_id=owner_id, query=query or {}), deadline)

    def change(self, method: str, path: str, owner_id: UUID, body: Any, deadline: float) -> Answer:
        """Send once. NotAnsweredError, UnavailableError."""
        return self.transport.change(Request(method=method, path=path, owner_id=owner_id, body=body), deadline)


def understood(answer: Answer, read: Callable[[object], T]) -> T:
    """Return what a 2xx says. NotUnderstoodError."""
    told = json_of(answer)
    try:
        return read(told)
    except UnreadableError as error:
        raise NotUnderstoodError(f"the answer ({answer.status}) is not what Coder sends: {error}") from error


def segment(text: object) -> str:
    """Return one segment of a path."""
    return quote(str(text), safe="")


class Cache(Generic[T]):
    """Values by id, that never change. Safe from any thread."""

    def __init__(self) -> None:
        self._values: dict[UUID, T] = {}
        self.begin_anew()
        begins_anew(self)

    def begin_anew(self) -> None:
        """Begin with a free lock: the values are as good in a child."""
        self._lock = Lock()

    def get(self, key: UUID) -> T | None:
        """Return a value, if it is there."""
        return self._values.get(key)

    def put(self, key: UUID, value: T) -> None:
        """Keep a value; the oldest is forgotten for it if there are many."""
        with self._lock:
            self._values[key] = value
            if len(self._values) > MOST_CACHED:
                del self._values[next(iter(self._values))]


class Kept(Generic[T]):
    """One setting of the server, asked for once in a while."""

    def __init__(self) -> None:
        self._told: tuple[T, float] | None = None

    def get(self, ask: Callable[[], T]) -> T:
        """Return it, not older than KEPT."""
        told = self._told
        if told is None or time.monotonic() >= told[1]:
            told = self._told = ask(), time.monotonic() + KEPT
        return told[0]
