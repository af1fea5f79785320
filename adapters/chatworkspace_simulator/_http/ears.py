"""What every stream does beside talking: it listens whether the client is there still, and asks it from time to time."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from threading import Lock, Thread

from chatworkspace.ports import Clock, Signal
from chatworkspace_simulator._http.connections import Connection
from chatworkspace_simulator._http.messages import GoneError
from chatworkspace_simulator._http.websocket import PROTOCOL_ERROR, WebSocket

PING = 15.0
"""Seconds of the clock between two signs of life."""


class Ears:
    """What a talk knows of its client."""

    def __init__(self, clock: Clock) -> None:
        self.over = False
        """The client has gone, or said good-bye."""
        self._clock = clock
        self._lock = Lock()
        self.signal: Signal = clock.signal()
        """Wakes the talk; fresh after each wait."""

    def wait(self, deadline: float) -> None:
        """Wait until the deadline, or until something happened."""
        self.signal.wait(deadline)
        with self._lock:
            if not self.over:
                self.signal = self._clock.signal()

    def end(self) -> None:
        """Note that the client has gone."""
        with self._lock:
            self.over = True
            self.signal.set()


@contextmanager
def hearing(
    socket: WebSocket | None, connection: Connection, clock: Clock, *, at_end: Callable[[], None] = lambda: None
) -> Generator[Ears, None, None]:
    """Listen beside a talk: on a WebSocket that is to be heard only, or (None) on a connection that is not to say anything.

    at_end: called when the client has gone.
    """
    ears = Ears(clock)
    thread = Thread(target=_listen, args=(socket, connection, ears, at_end), name="simulator-ears", daemon=True)
    thread.start()
    try:
        yield ears
    finally:
        connection.finish(grace=1.0, listener=thread)
        thread.join()


def _listen(socket: WebSocket | None, connection: Connection, ears: Ears, at_end: Callable[[], None]) -> None:
    with suppress(GoneError):
        if socket is None:
            connection.wait_until_gone()
        elif socket.receive() is not None:
            socket.close(PROTOCOL_ERROR, "unexpected message")
    ears.end()
    at_end()
