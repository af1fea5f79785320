"""Opens long connections: each under a limit, with an HTTP/1.1 request written by hand on a socket of its own.

websocket-client's own handshake would follow redirects, use proxies of the environment and keep a cookie jar for the whole process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import TypeVar
from urllib.parse import urlencode, urlsplit
from uuid import UUID
from weakref import WeakSet

import attrs

from chatworkspace import UnavailableError
from chatworkspace.ports import interruptible
from chatworkspace_coder._http.causes import Cause, Diagnosis
from chatworkspace_coder._http.failures import diagnosed
from chatworkspace_coder._http.forks import begins_anew
from chatworkspace_coder._http.limits import Limit, OverdueError, UnwatchedError, left
from chatworkspace_coder._http.link import BrokenError, Link, head_of
from chatworkspace_coder._http.locks import Deferring
from chatworkspace_coder._http.messages import Answer
from chatworkspace_coder._http.sockets import check_unheard
from chatworkspace_coder._http.tokens import HEADER
from chatworkspace_coder._http.transport import NO_THREAD, Transport

T = TypeVar("T")


class Opener:
    """Opens links to the server of a transport. Safe from any thread."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        parts = urlsplit(transport.url)
        self._host = parts.hostname or ""
        self._tls = transport.way.tls
        self._port = parts.port or (443 if self._tls else 80)
        self._authority, self._base = parts.netloc, parts.path
        self._closed = False
        self.begin_anew()
        begins_anew(self)

    def begin_anew(self) -> None:
        """Begin without links."""
        self._lock = Deferring()
        """Guards what was opened, so that none slips through while it closes."""
        self._links: WeakSet[Link] = WeakSet()

    def close(self) -> None:
        """End all links; it may come at any instant. Idempotent."""
        self._closed = True
        self._lock.do(self._end)

    def _end(self) -> None:
        for link in tuple(self._links):
            link.close()

    def _note(self, link: Link) -> None:
        with self._lock:
            self._links.add(link)
            if self._closed:
                raise BrokenError("the client is closed")

    def open(
        self, path: str, owner_id: UUID, deadline: float, *, query: Mapping[str, str] | None = None, headers: Mapping[str, str]
    ) -> tuple[Link, Answer]:
        """Send a GET, and return the link and the head of the answer. UnavailableError."""
        limit = self._transport.limit(deadline)
        target, lines = self._target(path, query), self._lines(owner_id, headers)
        return self._within(limit, lambda: self._opened(path, target, lines, limit))

    def send(self, path: str, owner_id: UUID, deadline: float, *, headers: Mapping[str, str]) -> Link:
        """Send a GET, and return the link without waiting for the answer. UnavailableError."""
        limit = self._transport.limit(deadline)
        target, lines = self._target(path, None), self._lines(owner_id, headers)
        return self._within(limit, lambda: self._sent(target, lines, limit))

    def _target(self, path: str, query: Mapping[str, str] | None) -> str:
        return self._base + path + (f"?{urlencode(query)}" if query else "")

    def _lines(self, owner_id: UUID, headers: Mapping[str, str]) -> Mapping[str, str]:
        return {"Host": self._authority, **self._transport.headers, HEADER: self._transport.tokens.of(owner_id), **headers}

    def _within(self, limit: Limit, act: Callable[[], T]) -> T:
        why: Diagnosis | None = None
        try:
            with interruptible(limit.cut), limit:
                return act()
        except UnwatchedError:
            pass
        except (OSError, OverdueError, BrokenError, HTTPException, ValueError) as error:
            overdue = limit.struck or time.monotonic() >= limit.deadline
            why = Diagnosis(Cause.SILENT, self._transport.url) if overdue else diagnosed(error, self._transport.url)
        self._transport.limit(limit.deadline)  # says so if the client was closed meanwhile
        if why is None:
            raise UnavailableError(NO_THREAD)
        raise UnavailableError(str(why), retryable=not why.lasting)

    def _opened(self, path: str, target: str, lines: Mapping[str, str], limit: Limit) -> tuple[Link, Answer]:
        link = self._sent(target, lines, limit)
        try:
            told = head_of(link, limit.deadline)
            head = attrs.evolve(told, url=self._transport.url + path, token_may_change=self._transport.tokens.each_their_own)
        except BaseException:
            link.close()
            raise
        self._transport.note(head)
        return link, head

    def _sent(self, target: str, lines: Mapping[str, str], limit: Limit) -> Link:
        link = self._connected(limit)
        try:
            self._note(link)
            link.send(_request(target, lines), limit.deadline)
        except BaseException:
            link.close()
            raise
        return link

    def _connected(self, limit: Limit) -> Link:
        raw = self._transport.way.connected(self._host, self._port, limit)
        handle = raw.dup()  # TLS takes the descriptor away from what it wraps
        used = raw
        try:
            limit.hold(handle)
            raw.settimeout(left(limit.deadline))
            if self._tls is not None:
                used = self._tls.wrap_socket(raw, server_hostname=self._host)
            limit.hold(used)
            check_unheard(used)
            return Link(used)
        except BaseException:
            used.close()
            limit.hold(None)
            raise
        finally:
            handle.close()


def _request(target: str, headers: Mapping[str, str]) -> bytes:
    return (f"GET {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n").encode()
