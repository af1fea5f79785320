"""A client's connection, with what goes wrong on it."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from io import BufferedIOBase
from threading import Event, RLock, Thread
from typing import TYPE_CHECKING

from chatworkspace.ports import Clock, Signal
from chatworkspace_simulator._http.messages import GoneError
from chatworkspace_simulator._http.mishaps import Mishap

if TYPE_CHECKING:
    from email.message import Message

_CHUNK = 65536
_LINGER = struct.pack("ii", 1, 0)
"""Close with a reset, at once."""


class Connection:
    """A TCP connection. Read by one thread; written to by any."""

    def __init__(self, sock: socket.socket, reader: BufferedIOBase, clock: Clock, stopping: Event) -> None:
        self.sock = sock
        self.reader = reader
        self.stopping = stopping
        self.mishap: Mishap | None = None
        """What happens to the answer that is being given."""
        self.headers: Message | None = None
        """Of the request that is being answered."""
        self._clock = clock
        self._lock = RLock()
        self._said = 0
        self.mute = False
        """Nothing is sent any more, as if the wire were cut where neither side sees it."""

    # ------------------------------------------------------------ out

    def begin(self, mishap: Mishap | None, headers: Message) -> None:
        """Begin an answer."""
        self.mishap, self.headers, self._said, self.mute = mishap, headers, 0, False

    def answer(self, head: bytes, body: bytes) -> None:
        """Give an answer that has an end. GoneError."""
        mishap = self.mishap
        match mishap.what if mishap is not None else "":
            case "drip":
                assert mishap is not None
                self._drip(head, body, mishap)
            case "reset":
                self.send(head + body[: len(body) // 2])
                self.reset()
            case "stall":
                self.send(head + body[: len(body) // 2])
                self.wait_until_gone()
                raise GoneError
            case _:
                self.send(head + body)

    def say(self, message: bytes) -> None:
        """Send one message of a stream. GoneError."""
        with self._lock:
            self._said += 1
            mishap = self.mishap
            if mishap is not None and mishap.what in {"reset", "stall"} and self._said > mishap.after:
                if mishap.what == "reset":
                    self.reset()
                self.mute = True
            if mishap is not None and mishap.what == "drip":
                self._drip(b"", message, mishap)
            else:
                self.send(message)

    def say_chunk(self, message: bytes) -> None:
        """Send one message of a stream whose answer is chunked. GoneError."""
        self.say(b"%x\r\n%b\r\n" % (len(message), message))

    def send(self, data: bytes) -> None:
        """Send bytes as they are. GoneError."""
        if self.mute:
            return
        try:
            with self._lock:
                self.sock.sendall(data)
        except OSError as error:
            raise GoneError from error

    def reset(self) -> None:
        """Break it. Raises GoneError."""
        with suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        raise GoneError

    def _drip(self, head: bytes, body: bytes, mishap: Mishap) -> None:
        slow = head + body if mishap.after else body
        if not mishap.after:
            self.send(head)
        for byte in slow:
            self.send(bytes((byte,)))
            if self.stopping.wait(mishap.seconds):
                raise GoneError

    # ------------------------------------------------------------ in

    def read(self, size: int) -> bytes:
        """Return exactly so many bytes. GoneError: there are none any more."""
        try:
            data = self.reader.read(size)
        except (OSError, ValueError) as error:
            raise GoneError from error
        if len(data) < size:
            raise GoneError
        return data

    def limit(self, seconds: float) -> None:
        """Wait for so many real seconds at most when reading from now on."""
        with suppress(OSError):
            self.sock.settimeout(seconds)

    def wait_until_gone(self) -> None:
        """Return when the client has closed its side, or the server stops."""
        with suppress(OSError, ValueError):
            while self.reader.read1(_CHUNK):
                pass

    def sleep(self, seconds: float) -> None:
        """Let so many seconds of the clock pass. GoneError: the server stops."""
        end = self._clock.monotonic() + seconds
        while (left := end - self._clock.monotonic()) > 0:
            signal: Signal = self._clock.signal()
            signal.wait(self._clock.monotonic() + min(left, 0.1))
            if self.stopping.is_set():
                raise GoneError

    def finish(self, *, grace: float, listener: Thread) -> None:
        """End a stream: say that nothing follows, and give the client so many seconds to close too. A mute one waits for the client."""
        if self.mute:
            listener.join()
            return
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)
        listener.join(grace)
        self.shut()

    def shut(self) -> None:
        """End it, from any thread."""
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
