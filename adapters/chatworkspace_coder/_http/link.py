"""One long connection: bytes with a deadline for each call, and the answer that it begins with."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from http.client import BadStatusLine, parse_headers
from io import BytesIO
from socket import SHUT_RD, SHUT_RDWR, socket

import attrs

from chatworkspace_coder._http.framing import INTERIM, NoSizeError, check_framing, chunk_size
from chatworkspace_coder._http.locks import Deferring
from chatworkspace_coder._http.messages import Answer
from chatworkspace_coder._http.sizes import HEAD, PROBLEM

REST = 2.0
"""Seconds for the body of an answer that is no stream, at most."""
_CHUNK = 64 * 1024


class BrokenError(Exception):
    """The other side has closed the connection, or it was closed here."""


class Link:
    """Bytes. Read by one thread at a time; close() may come from any."""

    def __init__(self, used: socket, already: bytes = b"") -> None:
        self._socket = used
        self._already = already
        self._lock = Deferring()
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
            raise BrokenError(type(error).__name__) from error
        finally:
            with self._lock:
                self._busy = False
                if self._closed:
                    self._socket.close()

    def close(self) -> None:
        """End it, from any thread, at any instant: whoever reads is told at once. Idempotent."""
        self._lock.do(self._end)

    def deafen(self) -> None:
        """Let whoever reads be told at once that it is over; what is sent still goes out. From any thread, at any instant; idempotent."""
        self._lock.do(self._deafen)

    def _deafen(self) -> None:
        if not self._closed:
            with suppress(OSError):
                socket.shutdown(self._socket, SHUT_RD)

    def _end(self) -> None:
        self._closed = True
        with suppress(OSError):
            socket.shutdown(self._socket, SHUT_RDWR)  # of the bare socket: TLS stays in place for the thread that reads
        if not self._busy:
            self._socket.close()


def head_of(link: Link, deadline: float) -> Answer:
    """Read the status line and the headers, past every 1xx that nobody asked for. What came behind them stays in the link."""
    for _ in range(INTERIM):
        head = _next_head(link, deadline)
        if head.status == 101 or not 100 <= head.status < 200:
            return head
    raise ValueError("no answer behind so many 1xx")


def _next_head(link: Link, deadline: float) -> Answer:
    head = b""
    while b"\r\n\r\n" not in head:
        head += link.receive(_CHUNK, deadline)
        if len(head) > HEAD and b"\r\n\r\n" not in head:
            raise ValueError("too long a head")
    head, _, rest = head.partition(b"\r\n\r\n")
    link.give_back(rest)
    first, _, lines = head.partition(b"\r\n")
    parts = first.split(None, 2)
    if len(parts) < 2 or not parts[0].startswith(b"HTTP/1.") or not parts[1].isdigit():
        raise BadStatusLine(first[:8].decode("latin-1"))
    told = parse_headers(BytesIO(lines + b"\r\n\r\n"))
    check_framing(told)
    return Answer(status=int(parts[1]), headers={name.lower(): value for name, value in told.items()})


class Body:
    """What follows a head: of a given length, in chunks, or until the end."""

    def __init__(self, link: Link, head: Answer) -> None:
        self._link = link
        self._chunked = "chunked" in head.headers.get("transfer-encoding", "").lower()
        told = head.headers.get("content-length", "")  # which was checked with the head
        self._left: int | None = 0 if self._chunked else int(told) if told else None
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
        line, self._line = self._line.rstrip(b"\r\n"), b""
        if self._between and not line:
            self._between = False
            return
        try:
            self._left = chunk_size(line)
        except NoSizeError:
            raise BrokenError("no chunk") from None
        self._between = True
        if not self._left:
            raise BrokenError("the end")


def whole_of(link: Link, head: Answer, deadline: float) -> Answer:
    """Return an answer that is no stream with its body, as far as it comes, and close the link."""
    body, found, until = Body(link, head), b"", min(deadline, time.monotonic() + REST)
    try:
        with suppress(BrokenError, TimeoutError):
            while len(found) < HEAD:
                found += body.receive(until)
    finally:
        link.close()
    return attrs.evolve(head, body=found, most=PROBLEM)
