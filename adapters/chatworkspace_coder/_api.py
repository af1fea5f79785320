"""Asking for values: one request, its errors, and what its answer is read as."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import UUID

from chatworkspace_coder._answers.contents import understood
from chatworkspace_coder._answers.errors import NobodysError, NoRouteError, error_of_read, is_nobodys, is_too_old, may_pass
from chatworkspace_coder._http.messages import Answer, Request
from chatworkspace_coder._http.sizes import ONE, Size
from chatworkspace_coder._http.transport import Transport
from chatworkspace_coder._memory import Lacking

T = TypeVar("T")
V2 = "/api/v2"
EXPERIMENTAL = "/api/experimental"
ATTEMPTS = 3
"""For a route that only newer servers have, where somebody else says that it is not there."""


class Api:
    """The server's JSON. Safe from any thread.

    most, of a read: what its answer may be.
    newer: what the route is called that only newer servers have. NoRouteError: this one has not. It is not asked again until its version
    changes; one that does not tell its version is asked each time.
    """

    def __init__(self, transport: Transport, lacking: Lacking) -> None:
        self._transport = transport
        self._lacking = lacking

    @property
    def url(self) -> str:
        """Where it is. Nothing in it is secret."""
        return self._transport.url

    def server_time(self) -> datetime | None:
        """Return the server's time of day; None before its first answer."""
        return self._transport.now()

    def get(
        self,
        path: str,
        owner_id: UUID | None,
        deadline: float,
        read: Callable[[object], T],
        query: Mapping[str, str] | None = None,
        *,
        newer: str = "",
        most: Size = ONE,
    ) -> T:
        """Read. NotFoundError, UnavailableError."""
        answer = self.answer(path, owner_id, deadline, query, newer=newer, most=most)
        if not answer.ok:
            raise error_of_read(answer)
        return understood(answer, read)

    def get_newest(self, paths: Mapping[str, str], owner_id: UUID, deadline: float, read: Callable[[object], T]) -> T | None:
        """Read at the first of these paths, each by its route's name, that the server has; None: it has none. NotFoundError, UnavailableError.

        NobodysError: it may have one of them, and somebody else says that it has not.
        """
        unclear: NobodysError | None = None
        for newer, path in paths.items():
            try:
                return self.get(path, owner_id, deadline, read, newer=newer)
            except NobodysError as error:  # noqa: PERF203 # of each path
                unclear = error
            except NoRouteError:
                continue
        if unclear is not None:
            raise unclear
        return None

    def answer(
        self,
        path: str,
        owner_id: UUID | None,
        deadline: float,
        query: Mapping[str, str] | None = None,
        *,
        newer: str = "",
        most: Size = ONE,
    ) -> Answer:
        """Read, and leave the errors to the caller. UnavailableError."""
        return self.read(Request(path=path, owner_id=owner_id, query=query or {}, most=most), deadline, newer=newer)

    def read(self, request: Request, deadline: float, *, newer: str = "") -> Answer:
        """Ask what changes nothing, whatever its method; the errors are left to the caller. UnavailableError."""
        if not newer:
            return self._transport.read(request, deadline, may_pass)
        area = EXPERIMENTAL if request.path.startswith(f"{EXPERIMENTAL}/") else newer
        missing = NoRouteError(f"this server has no {newer}", retryable=False)
        if self._lacking.has(newer, area):
            raise missing
        answer = self._transport.read(request, deadline, _Patience().lasts)
        if is_nobodys(answer):
            raise NobodysError(f"no {newer} now: {error_of_read(answer)}", retryable=False)
        if is_too_old(answer):
            # who has a page for one path under /api/experimental has it for all that is asked for here
            self._lacking.note(area if answer.is_page else newer, answer)
            raise missing
        return answer

    def change(self, method: str, path: str, owner_id: UUID, body: Any, deadline: float) -> Answer:
        """Send once. NotAnsweredError, UnavailableError."""
        return self._transport.change(Request(method=method, path=path, owner_id=owner_id, body=body), deadline)

    def once(self, request: Request, deadline: float) -> Answer:
        """Ask once. LostError, UnavailableError."""
        return self._transport.once(request, deadline)


class _Patience:
    """Of one read of what only newer servers have."""

    def __init__(self) -> None:
        self._nobodys = 0

    def lasts(self, answer: Answer) -> bool:
        """Say whether the same read may fare better in a moment: not with an older server; and a proxy that begins has soon begun."""
        if is_nobodys(answer):
            self._nobodys += 1
            return self._nobodys < ATTEMPTS
        return not is_too_old(answer) and may_pass(answer)


def segment(text: object) -> str:
    """Return one segment of a path."""
    return quote(str(text), safe="")


def can_be_named(text: str) -> bool:
    """Say whether anything can have this name: in a path a slash or dots would lead elsewhere, so Coder gives no such names; nor any with blanks."""
    return text not in {"", ".", ".."} and "/" not in text and not any(it.isspace() for it in text)
