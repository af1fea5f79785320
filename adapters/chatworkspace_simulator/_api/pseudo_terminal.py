"""A terminal in which a real shell runs, where a FakeCoder has one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread

from chatworkspace_simulator._http.messages import GoneError
from chatworkspace_simulator._http.websocket import WebSocket

GRACE = 10.0
"""Seconds that a command goes on without its client, at most: a server lets it go on for minutes."""
HANGING_UP = 1.0
"""Seconds in which what hears that has let go of the terminal; what holds it on is killed."""

Opened = Callable[[], "tuple[int, subprocess.Popen[bytes]]"]


def show(socket: WebSocket, opened: Opened, stopping: Event) -> None:
    """Run until the command ends or the client goes. Then the terminal hangs up, which what it has started may ignore, as on a server. GoneError."""
    descriptor, process = opened()
    pump = Thread(target=_tell, args=(socket, descriptor), daemon=True)
    pump.start()
    try:
        while (message := socket.receive()) is not None:
            with suppress(OSError):
                os.write(descriptor, _keys(message))
    finally:
        for _ in range(round(GRACE / 0.1)):
            if process.poll() is not None or stopping.wait(0.1):
                break
        if process.poll() is None:
            _kill(process)
        pump.join(HANGING_UP)
        if pump.is_alive():
            _kill(process)
            pump.join()
        os.close(descriptor)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _tell(socket: WebSocket, descriptor: int) -> None:
    """Send what is shown, until the terminal closes."""
    with suppress(OSError):  # the other side is closed
        while data := os.read(descriptor, 1024):
            with suppress(GoneError):  # what is shown to nobody is shown all the same
                socket.send(data)
    with suppress(GoneError):
        socket.close()


def _keys(message: bytes) -> bytes:
    """Return the keys in a message; another may tell the size of the window alone."""
    with suppress(ValueError, AttributeError):
        data = json.loads(message).get("data")
        if isinstance(data, str):
            return data.encode("utf-8", "replace")
    return b""
