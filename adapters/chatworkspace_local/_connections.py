"""Reaches the keeper of a workspace, and runs commands through it."""

from __future__ import annotations

import json
import os
import select
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

from chatworkspace import UnavailableError
from chatworkspace.ports import AgentConnection, Completed, check_seconds, interruptible, visible
from chatworkspace_local._worker.jobs import SOCKET

if TYPE_CHECKING:
    from typing_extensions import Self

OUTPUT_LIMIT = 1024 * 1024
"""Bytes of a command's output that are kept."""
LONGEST_COMMAND = 100_000
"""Bytes: the system takes one argument of 128 KiB."""
CHUNK = 65536
_DRAINED = 2 * CHUNK
"""Bytes that a pipe may hold when its command has ended."""


class ReachError(Exception):
    """The keeper was not reached; the message says why."""


class LocalConnection(AgentConnection):
    """A way to a workspace's keeper, which has answered. Its own context manager. Each command is a connection of its own."""

    def __init__(self, home: str, agent_id: UUID) -> None:
        self._home = home
        self._agent_id = agent_id
        self._running: socket.socket | None = None

    def close(self) -> None:
        """End the command under way, from any thread: who waits for it gets UnavailableError. Idempotent, and for a connection that goes on."""
        running = self._running
        if running is not None:
            _shut(running)

    def run(self, command: str, *, timeout: float) -> Completed:
        """Run it in the workspace's folder. Its process group ends with the timeout, or with the call."""
        seconds = check_seconds("timeout", timeout)
        if "\0" in command or len(command.encode("utf-8", "surrogatepass")) > LONGEST_COMMAND:
            raise UnavailableError(f"a command has at most {LONGEST_COMMAND:,} bytes, none of them NUL")
        over = time.monotonic() + seconds
        output, end = os.pipe()
        try:
            with reached(self._home, self._agent_id, over) as keeper, interruptible(lambda: _shut(keeper)):
                self._running = keeper
                try:
                    _send(keeper, {"command": command}, output, end)
                finally:
                    os.close(end)
                    end = -1
                return _completed(keeper, output, over)
        except ReachError as error:
            raise UnavailableError(f"the connection broke: {error}") from error
        except TimeoutError:
            raise
        except OSError as error:
            raise UnavailableError(f"the connection broke: {error.strerror or error}") from error
        finally:
            self._running = None
            os.close(output)
            if end >= 0:
                os.close(end)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *of_error: object) -> None:
        return None


@contextmanager
def reached(home: str, agent_id: UUID, over: float) -> Generator[socket.socket, None, None]:
    """Reach the keeper by that instant of time.monotonic(), and hear that it is that agent. ReachError."""
    with _connected(home, over) as keeper, interruptible(lambda: _shut(keeper)):
        try:
            keeper.settimeout(max(over - time.monotonic(), 0.001))
            keeper.sendall(b"{}\n")
            said = _answer(keeper, over)
        except OSError as error:
            raise ReachError(str(error.strerror or error)) from error
        if said.get("agent") != str(agent_id):
            raise ReachError("another agent has answered")
        yield keeper


@contextmanager
def _connected(home: str, over: float) -> Generator[socket.socket, None, None]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as keeper:
        try:
            folder = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                keeper.settimeout(max(over - time.monotonic(), 0.001))
                keeper.connect(f"/proc/self/fd/{folder}/{SOCKET}")  # a path of a socket has 107 bytes at most, and a root may have more
            finally:
                os.close(folder)
        except OSError as error:
            raise ReachError(str(error.strerror or error)) from error
        yield keeper


def _shut(keeper: socket.socket) -> None:
    with suppress(OSError):
        keeper.shutdown(socket.SHUT_RDWR)


def _send(keeper: socket.socket, request: dict[str, str], output: int, end: int) -> None:
    """Send a request to run: no input, and one pipe for output and errors, with both its ends: the keeper reads it when we do no more."""
    nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    try:
        text = json.dumps(request).encode() + b"\n"
        sent = socket.send_fds(keeper, [text], [nothing, end, end, output])
        keeper.sendall(text[sent:])
    finally:
        os.close(nothing)


def _answer(keeper: socket.socket, over: float) -> dict[str, Any]:
    """Read one line. ReachError, OSError (TimeoutError among them)."""
    line = b""
    while not line.endswith(b"\n"):
        keeper.settimeout(max(over - time.monotonic(), 0.001))
        more = keeper.recv(CHUNK)
        if not more:
            raise ReachError("the workspace's keeper has gone")
        line += more
    try:
        found: Any = json.loads(line)
    except ValueError:
        raise ReachError("the answer is not JSON") from None
    if "error" in found:
        raise ReachError(str(found["error"]))
    answer: dict[str, Any] = found
    return answer


class _Output:
    """What a command has written, up to the limit."""

    def __init__(self, file: int) -> None:
        os.set_blocking(file, False)
        self._file = file
        self._kept = bytearray()
        self.truncated = False

    def read(self) -> int:
        """Take what is there; return how many bytes that was."""
        try:
            more = os.read(self._file, CHUNK)
        except BlockingIOError:
            return 0
        room = OUTPUT_LIMIT - len(self._kept)
        self._kept += more[:room]
        self.truncated = self.truncated or len(more) > room
        return len(more)

    def drain(self) -> None:
        """Take what a command has left in the pipe; what still runs may go on writing there, and is not waited for."""
        taken = 0
        while taken < _DRAINED and (more := self.read()):
            taken += more

    @property
    def text(self) -> str:
        """It, as text."""
        return visible(self._kept.decode("utf-8", "replace"))


def _completed(keeper: socket.socket, file: int, over: float) -> Completed:
    output, poll = _Output(file), select.poll()
    poll.register(file, select.POLLIN)
    poll.register(keeper, select.POLLIN)
    while True:
        ready = {fd for fd, _ in poll.poll(max(over - time.monotonic(), 0.0) * 1000)}
        if not ready:
            raise TimeoutError("the command took longer than its timeout, and was ended")
        if file in ready and not output.read():
            poll.unregister(file)
        if keeper.fileno() in ready:
            said = _answer(keeper, over)
            output.drain()
            return Completed(exit_code=int(said["exit_code"]), output=output.text, truncated=output.truncated)
