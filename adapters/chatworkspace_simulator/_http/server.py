"""The HTTP server: reads requests, lets them pass the gate, and writes what is answered."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any
from uuid import uuid4

import attrs

from chatworkspace.ports import Clock
from chatworkspace_fake._platform.faults import Faults
from chatworkspace_simulator._http.connections import Connection
from chatworkspace_simulator._http.messages import GoneError, Reply
from chatworkspace_simulator._http.mishaps import Mishap, Mishaps
from chatworkspace_simulator._http.streams import Answer, Stream

_LONGEST_LINE = 65537
_LARGEST_BODY = 1 << 20
_KEPT, _PIECE = 2048, 4096
"""Bytes of a body that is not chunked at most, and of a chunk."""
_BODYLESS = (101, 204, 304)
UNANSWERED = 0
"""The status of a request that was never answered."""


@attrs.frozen(kw_only=True)
class Arrival:
    """A request as it came in."""

    method: str
    target: str
    headers: Any
    body: bytes
    address: str


@attrs.frozen(kw_only=True)
class Seen:
    """A request that has been dealt with.

    method: such as GET.
    path: without the query, which may hold a token.
    status: of the answer; 0: it was never answered.
    at: when, in seconds by the clock of the platform.
    """

    method: str
    path: str
    status: int
    at: float


class Server(ThreadingHTTPServer):
    """Listens on the loopback interface; one thread a connection. stop() leaves nothing running."""

    request_queue_size = 256
    daemon_threads = False
    block_on_close = True

    def __init__(self, port: int, *, answer: Callable[[Arrival], Answer], clock: Clock, version: str, faults: Faults, mishaps: Mishaps) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.answer = answer
        self.clock = clock
        self.version = version
        self.faults = faults
        self.mishaps = mishaps
        self.stopping = Event()
        self.seen: list[Seen] = []
        self.accepted = 0
        """Connections so far."""
        self._lock = Lock()
        self._open: set[Connection] = set()

    def accept(self) -> None:
        """Accept connections until it stops."""
        while not self.stopping.is_set():
            self.handle_request()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Let nobody in while it stops."""
        del request, client_address
        return not self.stopping.is_set()

    @property
    def open_connections(self) -> int:
        """How many there are now."""
        return len(self._open)

    def opened(self, connection: Connection) -> None:
        """Remember a connection, so that it can be ended."""
        with self._lock:
            self.accepted += 1
            self._open.add(connection)
        if self.stopping.is_set():
            connection.shut()

    def shutdown_request(self, request: Any) -> None:
        """Close a connection; one that is to be reset without a word before."""
        if struct.unpack("ii", request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))[0]:
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def closed(self, connection: Connection) -> None:
        """Forget it."""
        with self._lock:
            self._open.discard(connection)

    def stop(self, accepting: Thread) -> None:
        """End all connections, and wait for their threads and the one that accepts them."""
        self.stopping.set()
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.server_port)):
            accepting.join()  # the connection wakes it
        with self._lock:
            left = tuple(self._open)
        for connection in left:
            connection.shut()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]  # this handler serves no other
    connection: socket.socket

    def setup(self) -> None:
        super().setup()
        self.line = Connection(self.connection, self.rfile, self.server.clock, self.server.stopping)
        self.server.opened(self.line)

    def finish(self) -> None:
        self.server.closed(self.line)
        with suppress(OSError):  # the client has gone
            super().finish()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the base class calls it so
        """Say nothing: requests are in `seen`."""

    def handle_one_request(self) -> None:
        """Read a request, and answer it."""
        try:
            self.raw_requestline = self.rfile.readline(_LONGEST_LINE)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            body = self._body()
        except (OSError, GoneError):
            self.close_connection = True
            return
        self._serve(Arrival(method=self.command, target=self.path, headers=self.headers, body=body, address=self.client_address[0]))

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not length.isdecimal() or int(length) > _LARGEST_BODY:
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
            raise GoneError
        return self.line.read(int(length))

    def _serve(self, arrival: Arrival) -> None:
        path = arrival.target.partition("?")[0]
        mishap = self.server.mishaps.struck(arrival.method, path)
        self.line.begin(mishap, arrival.headers)
        self.server.faults.called_by(self.line)
        reply: Answer | None = None
        try:
            reply = self._reply(arrival, mishap)
            self._note(arrival, path, reply.status)
            self._write(reply)
        except GoneError:
            self.close_connection = True
            if reply is None:
                self._note(arrival, path, UNANSWERED)

    def _reply(self, arrival: Arrival, mishap: Mishap | None) -> Answer:
        if mishap is not None and mishap.what == "take":
            self.line.sleep(mishap.seconds)
        reply = self.server.answer(arrival) if mishap is None or mishap.acted else None
        if mishap is not None and mishap.what in {"lose_answer", "lose_request"}:
            raise GoneError
        if mishap is not None and mishap.what == "arrive_late":
            self.line.shut()
            self.line.sleep(mishap.seconds)
            self.server.answer(arrival)
            raise GoneError
        instead = None if mishap is None else mishap.instead
        chosen = instead or reply
        assert chosen is not None
        return chosen

    def _note(self, arrival: Arrival, path: str, status: int) -> None:
        if path.startswith("/api/"):  # the page for people is no part of what they look at
            self.server.seen.append(Seen(method=arrival.method, path=path, status=status, at=self.server.clock.monotonic()))

    def _write(self, reply: Answer) -> None:
        head = self._head(reply)
        match reply:
            case Reply():
                self.line.answer(head, _chunked(reply.body) if _is_chunked(reply) else reply.body)
            case Stream():
                self.close_connection = True
                self.line.send(head)
                reply.talk(self.line)

    def _head(self, reply: Answer) -> bytes:
        mishap = self.line.mishap
        ours = mishap is None or mishap.instead is not reply or mishap.what == "refuse"
        fields = {"Date": format_datetime(self.server.clock.now(), usegmt=True), **reply.headers}
        if ours:
            fields |= {"X-Coder-Build-Version": self.server.version, "X-Coder-Request-Id": str(uuid4())}
        fields |= _framing(reply)
        lines = [f"HTTP/1.1 {reply.status} {_phrase(reply.status)}", *(f"{name}: {value}" for name, value in fields.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _framing(reply: Answer) -> dict[str, str]:
    """Return the headers that say what follows, and where it ends."""
    kind = {"Content-Type": reply.content_type} if reply.content_type else {}
    match reply:
        case Reply():
            length = {} if reply.status in _BODYLESS else {"Content-Length": str(len(reply.body))}
            if _is_chunked(reply):
                length = {"Transfer-Encoding": "chunked"}
            return length | (kind if reply.body else {})
        case Stream():
            return kind | ({} if reply.status == HTTPStatus.SWITCHING_PROTOCOLS else {"Transfer-Encoding": "chunked"})


def _is_chunked(reply: Reply) -> bool:
    """Say whether a body is longer than what the server keeps until it knows the length."""
    return reply.status not in _BODYLESS and len(reply.body) > _KEPT


def _chunked(body: bytes) -> bytes:
    pieces = (body[begin : begin + _PIECE] for begin in range(0, len(body), _PIECE))
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
