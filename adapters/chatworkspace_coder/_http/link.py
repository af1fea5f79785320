"""One long connection: opened under a limit, then read and written with a deadline for each call.

A socket of its own, with an HTTP/1.1 request written by hand: websocket-client's own handshake would follow redirects, use proxies of the environment
and keep a cookie jar for the whole process.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.client import HTTPException, parse_headers
from io import BytesIO
from socket import SHUT_RDWR, socket
from threading import Lock
from urllib.parse import urlencode, urlsplit
from uuid import UUID
from weakref import WeakSet

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from chatworkspace import InvalidArgumentError, UnavailableError
from chatworkspace_coder._answers.errors import Answer
from chatworkspace_coder._http.forks import begins_anew
from chatworkspace_coder._http.limits import Limit, OverdueError, left
from chatworkspace_coder._http.sockets import connected
from chatworkspace_coder._http.tokens import HEADER
from chatworkspace_coder._http.transport import Transport, reason_of

LARGEST_HEAD = 64 * 1024
_CHUNK = 64 * 1024


class BrokenError(Exception):
    """The other side has closed the connection, or it was closed here."""


class Link:
    """Bytes. Read by one thread at a time; close() may come from any."""

    def __init__(self, used: socket, already: bytes = b"") -> None:
        self._socket = used
        self._already = already
        self._lock = Lock()
        """Guards the two flags: a descriptor must not be closed under a thread that uses it."""
        self._busy = False
        self._closed = False

    def give_back(self, data: bytes) -> None:
        """Let the next read begin with these bytes."""
        self._already = data + self._already

    def receive(self, size: int, deadline: float) -> bytes:
        """Return some bytes. TimeoutError at the deadline; BrokenError."""
        if self._already:
            found, self._already = self._already[:size], self._already[size:]
            return found
        received = self._use(deadline, lambda: self._socket.recv(size))
        if not received:
            raise BrokenError("the connection was closed")
        return received

    def send(self, data: bytes, deadline: float) -> None:
        """Write all. TimeoutError, BrokenError."""

        def write() -> bytes:
            self._socket.sendall(data)
            return b""

        self._use(deadline, write)

    def _use(self, deadline: float, act: Callable[[], bytes]) -> bytes:
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        with self._lock:
            if self._closed:
                raise BrokenError("closed")
            self._busy = True
        try:
            self._socket.settimeout(min(seconds, 1e6))
            return act()
        except TimeoutError:
            raise
        except (OSError, ValueError) as error:
            raise BrokenError(type(error).__name__) from None
        finally:
            with self._lock:
                self._busy = False
                if self._closed:
                    self._socket.close()

    def close(self) -> None:
        """End it: whoever reads is told at once. Idempotent."""
        with self._lock:
            self._closed = True
            with suppress(OSError):
                socket.shutdown(self._socket, SHUT_RDWR)  # of the bare socket: TLS stays in place for the thread that reads
            if not self._busy:
                self._socket.close()


class Opener:
    """Opens links to the server of a transport. Safe from any thread."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        parts = urlsplit(transport.url)
        self._host = parts.hostname or ""
        self._tls = _tls(transport.ca_file) if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._tls else 80)
        self._authority, self._base = parts.netloc, parts.path
        self._closed = False
        self.begin_anew()
        begins_anew(self)

    def begin_anew(self) -> None:
        """Begin without links."""
        self._lock = Lock()
        """Guards what was opened, so that none slips through while it closes."""
        self._links: WeakSet[Link] = WeakSet()

    def close(self) -> None:
        """End all links. Idempotent."""
        with self._lock:
            self._closed = True
            links = tuple(self._links)
        for link in links:
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
        target = self._base + path + (f"?{urlencode(query)}" if query else "")
        lines = {"Host": self._authority, "User-Agent": "chatworkspace", HEADER: self._transport.tokens.of(owner_id), **headers}
        reason = ""
        with limit:
            try:
                link = self._connected(limit)
                try:
                    self._note(link)
                    link.send(_request(target, lines), deadline)
                    return link, _head(link, deadline)
                except BaseException:
                    link.close()
                    raise
            except (OSError, OverdueError, BrokenError, HTTPException, ValueError) as error:
                reason = reason_of(error)
        self._transport.limit(deadline)  # says so if the client was closed meanwhile
        raise UnavailableError("not answered in time" if limit.struck or time.monotonic() >= deadline else f"no answer: {reason}")

    def _connected(self, limit: Limit) -> Link:
        raw = connected(self._host, self._port, limit)
        if self._tls is None:
            limit.hold(raw)
            return Link(raw)
        handle = raw.dup()  # TLS takes the descriptor away from what it wraps
        try:
            limit.hold(handle)
            raw.settimeout(left(limit.deadline))
            wrapped = self._tls.wrap_socket(raw, server_hostname=self._host)
            limit.hold(wrapped)
            return Link(wrapped)
        except BaseException:
            raw.close()
            limit.hold(None)
            raise
        finally:
            handle.close()


def _tls(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or DEFAULT_CA_BUNDLE_PATH)
    except OSError as error:
        raise InvalidArgumentError("ca_file", "a PEM file with certificates") from error


def _request(target: str, headers: Mapping[str, str]) -> bytes:
    return (f"GET {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n").encode()


def _head(link: Link, deadline: float) -> Answer:
    """Read the status line and the headers. What came behind them stays in the link."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += link.receive(_CHUNK, deadline)
        if len(head) > LARGEST_HEAD:
            raise ValueError("too long a head")
    head, _, rest = head.partition(b"\r\n\r\n")
    link.give_back(rest)
    first, _, lines = head.partition(b"\r\n")
    parts = first.split(None, 2)
    if len(parts) < 2 or not parts[0].startswith(b"HTTP/1.") or not parts[1].isdigit():
        raise ValueError("no HTTP")
    told = parse_headers(BytesIO(lines + b"\r\n\r\n"))
    return Answer(status=int(parts[1]), headers={name.lower(): value for name, value in told.items()})


class Body:
    """What follows a head: of a given length, in chunks, or until the end."""

    def __init__(self, link: Link, head: Answer) -> None:
        self._link = link
        self._chunked = "chunked" in head.headers.get("transfer-encoding", "").lower()
        told = head.headers.get("content-length", "")
        self._left: int | None = 0 if self._chunked else int(told) if told.isascii() and told.isdigit() else None
        self._line = b""
        self._between = False

    def receive(self, deadline: float) -> bytes:
        """Return some bytes. TimeoutError, after which it may be called again; BrokenError also at the end."""
        while self._left == 0:
            if not self._chunked:
                raise BrokenError("the end")
            self._next_chunk(deadline)
        found = self._link.receive(_CHUNK if self._left is None else min(self._left, _CHUNK), deadline)
        if self._left is not None:
            self._left -= len(found)
        return found

    def _next_chunk(self, deadline: float) -> None:
        """Read the line with the size of the next chunk, behind the empty one that ends the chunk before."""
        while not self._line.endswith(b"\n"):
            self._line += self._link.receive(1, deadline)
            if len(self._line) > 200:
                raise BrokenError("no chunk")
        line, self._line = self._line.strip(), b""
        if self._between and not line:
            self._between = False
            return
        size = line.partition(b";")[0]
        try:
            self._left = int(size, 16)
        except ValueError:
            raise BrokenError("no chunk") from None
        self._between = True
        if self._left <= 0:
            raise BrokenError("the end")


def rest_of(link: Link, head: Answer, deadline: float, most: int = LARGEST_HEAD) -> Answer:
    """Return the answer with its body, as far as it comes."""
    body, found = Body(link, head), b""
    with suppress(BrokenError, TimeoutError):
        while len(found) < most:
            found += body.receive(deadline)
    return Answer(status=head.status, headers=head.headers, body=found)
