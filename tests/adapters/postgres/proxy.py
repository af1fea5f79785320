"""A way to the server that counts what is said, and loses answers."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress

import attrs
from psycopg.conninfo import conninfo_to_dict, make_conninfo

SIZE = struct.Struct("!I")
EXECUTES = (b"E", b"Q")
"""Messages that have the server act: Execute, and Query of the simple protocol."""
READY = b"Z"


@attrs.define(eq=False)
class Proxy:
    """Passes on between clients and one server. Safe from any thread."""

    server: tuple[str, int]
    port: int = 0
    said: list[tuple[bytes, int]] = attrs.field(factory=list[tuple[bytes, int]])
    """Type and size of each message of a client, but for those by which it comes and goes."""
    silent: bool = False
    """Nothing is passed on any more, and nobody is told."""
    lost: int = 0
    """Answers that were dropped."""
    _losing: int = 0
    _since: int = 0
    """Statements before the next that loses its answer."""
    _open: list[socket.socket] = attrs.field(factory=list[socket.socket])

    @property
    def statements(self) -> int:
        """How often the server was told to act."""
        return sum(kind in EXECUTES for kind, _ in self.said)

    def lose(self, answers: int = 1) -> None:
        """Drop the next answers: the server has acted and committed, and the connection ends."""
        self._losing, self._since = answers, self.statements

    def forget(self) -> None:
        """Begin to count anew."""
        self.said.clear()
        self._since = 0

    def serve(self, listening: socket.socket) -> None:
        """Pass on until the listening socket is closed."""
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            if self.silent:
                self._open.append(client)
                continue
            server = socket.create_connection(self.server)
            self._open += [client, server]
            for work, arguments in ((self._from_client, (client, server)), (self._from_server, (server, client))):
                threading.Thread(target=work, args=arguments, daemon=True).start()

    def close(self) -> None:
        """Hang up everywhere."""
        for it in self._open:
            with suppress(OSError):
                it.shutdown(socket.SHUT_RDWR)
            it.close()

    def _from_client(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            rest, begun = b"", False
            while data := client.recv(65536):
                rest = rest + data
                if not begun:
                    begun, rest = True, rest[SIZE.unpack(rest[:4])[0] :]
                while len(rest) >= 5 and len(rest) > SIZE.unpack(rest[1:5])[0]:
                    size = 1 + SIZE.unpack(rest[1:5])[0]
                    if rest[:1] not in {b"X", b"p"}:
                        self.said.append((rest[:1], size))
                    rest = rest[size:]
                server.sendall(data)
        self._end(client, server)

    def _from_server(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            held = b""
            while data := server.recv(65536):
                if self.silent:
                    continue
                if not self._losing or self.statements == self._since:
                    client.sendall(data)
                    continue
                held += data
                if held[-6:-5] == READY:  # it has committed
                    self._losing, self._since, self.lost = self._losing - 1, self.statements, self.lost + 1
                    break
        self._end(client, server)

    @staticmethod
    def _end(*ends: socket.socket) -> None:
        for it in ends:
            with suppress(OSError):
                it.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxied(dsn: str) -> Generator[tuple[Proxy, str], None, None]:
    """Give a proxy before a server, and the way through it."""
    parts = conninfo_to_dict(dsn)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        proxy = Proxy(server=(str(parts["host"]), int(str(parts.get("port", 5432)))))
        thread = threading.Thread(target=proxy.serve, args=(listening,), daemon=True)
        thread.start()
        port = listening.getsockname()[1]
        try:
            yield proxy, make_conninfo(dsn, host="127.0.0.1", port=port, sslmode="disable", gssencmode="disable")
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            proxy.close()
            thread.join()
