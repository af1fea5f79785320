"""A server that plays back what a test says, over real sockets: also what no sound server does."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs

from tests.adapters.coder.payloads import NO_ROUTE


@attrs.frozen(kw_only=True)
class Seen:
    """A request that was received."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@attrs.frozen
class Reply:
    """One answer. drip: seconds between bytes of the headers and the body; cut: bytes of the body after which the connection is closed."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = attrs.field(factory=dict[str, str])
    drip: float = 0.0
    cut: int | None = None
    reset: bool = False
    hang: bool = False


Step = Reply | Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers as scripted."""

    protocol_version = "HTTP/1.1"
    server: Listener  # pyright: ignore[reportIncompatibleVariableOverride] # narrower

    def setup(self) -> None:  # noqa: D102 # of the base class
        if self.server.tls is not None:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True, do_handshake_on_connect=False)
            self._shake_hands(self.request)
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server.connections.append(self.connection)
        if self.server.greeting:
            self.connection.sendall(self.server.greeting)
            self.server.greeted.release()

    @staticmethod
    def _shake_hands(connection: ssl.SSLSocket) -> None:
        """Go through with it, or let the other side read why not: whoever closes with something unread takes that away from it."""
        try:
            connection.do_handshake()
        except OSError:
            connection.settimeout(5)
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_WR)
                while socket.socket.recv(connection, 4096):
                    pass
            connection.close()
            raise

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ARG002, D102 # of the base class
        return

    def play(self) -> None:
        """Note the request, and take the next step."""
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(method=self.command, path=parts.path, query=dict(parse_qsl(parts.query)), headers=headers, body=json.loads(raw) if raw else None)
        self.server.seen.append(seen)
        with suppress(OSError):
            self.take(self.server.next_step(seen))

    def take(self, step: Step) -> None:
        """Answer so."""
        if isinstance(step, Reply):
            self._answer(step)
        else:
            step(self)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = play  # noqa: N815 # their names

    def _answer(self, reply: Reply) -> None:
        if reply.hang:
            self.connection.settimeout(60)
            self.rfile.read(1)  # until the client hangs up, or the server closes
            self.close_connection = True
            return
        if reply.reset:
            self.reset()
            return
        body = reply.body if isinstance(reply.body, bytes) else b"" if reply.status in {204, 304} else json.dumps(reply.body).encode()
        kind = "text/html" if body[:1] == b"<" else "application/json; charset=utf-8"
        headers = {"Content-Type": kind, "Content-Length": str(len(body)), "Date": self.date_time_string()} | reply.headers
        head = f"HTTP/1.1 {reply.status} Said\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
        told = head.encode() + body[: reply.cut]
        for piece in [told] if not reply.drip else [told[at : at + 1] for at in range(len(told))]:
            self.wfile.write(piece)
            if reply.drip and self.server.over.wait(reply.drip):
                break
        if reply.cut is not None:
            self.close_connection = True

    def reset(self) -> None:
        """Close so that the other side is told of a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True


class Listener(ThreadingHTTPServer):
    """Listens on a free port, and keeps what was asked."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[Seen] = []
        self.connections: list[socket.socket] = []
        self.over = threading.Event()
        self.greeting = b""
        self.greeted = threading.Semaphore(0)
        self.tls: ssl.SSLContext | None = None
        self.script: dict[tuple[str, str], list[Step]] = {}
        self.otherwise: Step = Reply(404, NO_ROUTE)
        self._lock = threading.Lock()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002, D102 # of the base class
        return

    def next_step(self, seen: Seen) -> Step:
        """Return what is to be answered now."""
        with self._lock:
            steps = self.script.get((seen.method, seen.path))
            if not steps:
                return self.otherwise
            return steps.pop(0) if len(steps) > 1 else steps[0]


class Server:
    """What a test sees of it."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._listener = Listener()
        self._listener.tls = tls
        self._thread = threading.Thread(target=self._listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._listener.server_port}"

    def on(self, method: str, path: str, *steps: Step) -> None:
        """Answer requests to a path (behind /api/v2 unless it begins with /api) in this order; the last one for ever."""
        self._listener.script[method, path if path.startswith("/api") else f"/api/v2{path}"] = list(steps)

    def otherwise(self, step: Step) -> None:
        """Answer everything else."""
        self._listener.otherwise = step

    def greet(self, said: bytes) -> Callable[[], object]:
        """Speak first on every connection; return what waits until it was done on one more."""
        self._listener.greeting = said
        return lambda: self._listener.greeted.acquire(timeout=60)

    @property
    def seen(self) -> list[Seen]:
        """The requests so far."""
        return self._listener.seen

    @property
    def paths(self) -> list[str]:
        """What was asked for, in order, without the prefix."""
        return [f"{it.method} {it.path.removeprefix('/api/v2')}" for it in self.seen]

    @property
    def connections(self) -> int:
        """How many TCP connections were made."""
        return len(self._listener.connections)

    def wait(self) -> None:
        """Return when it is closed, or after a while."""
        self._listener.over.wait(60)

    def close(self) -> None:
        """End it, and every answer under way."""
        self._listener.over.set()
        self._listener.shutdown()
        self._listener.server_close()
        for connection in self._listener.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            with suppress(OSError):
                connection.close()
        self._thread.join()


@contextmanager
def serving(*, tls: ssl.SSLContext | None = None) -> Generator[Server, None, None]:
    """Serve while inside."""
    server = Server(tls)
    try:
        yield server
    finally:
        server.close()


def soon(seconds: float = 20.0) -> float:
    """Return a deadline: what is answered at all is answered long before it, on the slowest machine."""
    return time.monotonic() + seconds
