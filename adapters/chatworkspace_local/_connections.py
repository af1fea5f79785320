"""Reaches the keeper of a workspace, and runs commands through it."""

from __future__ import annotations

import json
import os
import select
import socket
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

from chatworkspace import Cancel, Reason, RefusedError, UnavailableError
from chatworkspace.ports import AgentConnection, Completed, OutputBuffer, cancellable, check_run, interruptible
from chatworkspace_local._worker.clients import MOST_OF_REQUEST
from chatworkspace_local._worker.jobs import SOCKET

if TYPE_CHECKING:
    from typing_extensions import Self

MIB = 1024 * 1024
LONGEST = 120_000
"""Bytes of a command, or of a variable: the system takes one argument of 128 KiB."""
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

    def run(
        self,
        command: str,
        *,
        timeout: float,
        stdin: bytes = b"",
        cwd: str = "",
        env: Mapping[str, str] | None = None,
        limit: int = MIB,
        on_output: Callable[[str], object] | None = None,
        cancel: Cancel | None = None,
    ) -> Completed:
        """As the port says. It begins in the workspace's folder; its process group ends with the timeout, or with the call.

        RefusedError: it has more than 120,000 bytes, or a variable has, or all together are too many.
        """
        variables = check_run(command, timeout=timeout, stdin=stdin, cwd=cwd, env=env, limit=limit, on_output=on_output, cancel=cancel)
        request = _request(command, cwd, variables)
        ended = _Ended(cancel)
        with ExitStack() as stack, ended.told():
            over = time.monotonic() + timeout
            files = _opened(stack, stdin)
            keeper = stack.enter_context(reached(self._home, self._agent_id, over))
            stack.enter_context(interruptible(lambda: ended.by(keeper)))
            stack.enter_context(cancellable(cancel, lambda: ended.by(keeper)))
            ended.see()
            self._running = keeper
            stack.callback(setattr, self, "_running", None)
            files.send(keeper, request)
            return _completed(keeper, files.output, OutputBuffer(limit, on_output), over)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *of_error: object) -> None:
        return None


class _Ended:
    """Why a command ends before its time. `yes` is set once, from any thread."""

    def __init__(self, cancel: Cancel | None) -> None:
        self._cancel = cancel
        self._yes = False

    def by(self, keeper: socket.socket) -> None:
        """End it."""
        self._yes = True
        _shut(keeper)

    def see(self) -> None:
        """Raise UnavailableError where nobody waits for it any more."""
        if self._yes or (self._cancel is not None and self._cancel.cancelled):
            raise UnavailableError("the command was ended: nobody waits for it any more", reason=Reason.INTERRUPTED)

    @contextmanager
    def told(self) -> Generator[None, None, None]:
        """Tell what breaks as what it means. UnavailableError."""
        self.see()
        try:
            yield
        except ReachError as error:
            self.see()
            raise UnavailableError(f"the connection broke: {error}") from error


def _request(command: str, cwd: str, variables: Mapping[str, str]) -> bytes:
    """Return the request to run. RefusedError: no shell would be given so much."""
    for text in (command, cwd, *variables.values()):
        if len(text.encode("utf-8", "surrogatepass")) > LONGEST:
            raise RefusedError(f"a command, a folder and a variable have at most {LONGEST:,} bytes each")
    request = json.dumps({"command": command, "cwd": cwd, "env": variables}).encode() + b"\n"
    if len(request) > MOST_OF_REQUEST:
        raise RefusedError(f"a command and its variables have at most {MOST_OF_REQUEST:,} bytes together, as JSON")
    return request


def _opened(stack: ExitStack, stdin: bytes) -> _Files:
    """Open the files of a command. ReachError: there are too many, or no room."""
    try:
        return _Files(stack, stdin)
    except OSError as error:
        raise ReachError(str(error.strerror or error)) from error


class _Files:
    """The files of a command: its input, and a pipe for output and errors, with both its ends: the keeper reads it when we do no more."""

    def __init__(self, stack: ExitStack, stdin: bytes) -> None:
        self.output, self._end = os.pipe()
        stack.callback(os.close, self.output)
        self._stack = stack.enter_context(ExitStack())
        self._stack.callback(os.close, self._end)
        self._input = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC) if not stdin else os.memfd_create("stdin", os.MFD_CLOEXEC)
        self._stack.callback(os.close, self._input)
        if stdin:
            with open(self._input, "wb", closefd=False) as file:
                file.write(stdin)
            os.lseek(self._input, 0, os.SEEK_SET)

    def send(self, keeper: socket.socket, request: bytes) -> None:
        """Send them with the request, and keep but the end that is read. ReachError."""
        try:
            sent = socket.send_fds(keeper, [request], [self._input, self._end, self._end, self.output])
            keeper.sendall(request[sent:])
        except OSError as error:
            raise ReachError(str(error.strerror or error)) from error
        finally:
            self._stack.close()


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


def _answer(keeper: socket.socket, over: float) -> dict[str, Any]:
    """Read one line. ReachError, OSError (TimeoutError among them)."""
    line = b""
    while not line.endswith(b"\n"):
        keeper.settimeout(max(over - time.monotonic(), 0.001))
        try:
            more = keeper.recv(CHUNK)
        except ConnectionError:
            more = b""
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


def _completed(keeper: socket.socket, file: int, output: OutputBuffer, over: float) -> Completed:
    """Take in what a command writes, until it has ended. ReachError, TimeoutError."""
    os.set_blocking(file, False)
    poll = select.poll()
    poll.register(file, select.POLLIN)
    poll.register(keeper, select.POLLIN)
    while True:
        ready = {fd for fd, _ in poll.poll(max(over - time.monotonic(), 0.0) * 1000)}
        if keeper.fileno() in ready:
            said = _answer(keeper, over)
            _drain(file, output)
            output.add(str(said.get("said", "")).encode())
            return output.completed(int(said["exit_code"]))
        if time.monotonic() >= over:
            raise TimeoutError("the command took longer than its timeout, and was ended")
        if file in ready and not _take(file, output):
            poll.unregister(file)


def _take(file: int, output: OutputBuffer) -> int:
    """Take what is there; return how many bytes that was."""
    try:
        more = os.read(file, CHUNK)
    except BlockingIOError:
        return 0
    output.add(more)
    return len(more)


def _drain(file: int, output: OutputBuffer) -> None:
    """Take what a command has left in the pipe; what still runs may go on writing there, and is not waited for."""
    taken = 0
    while taken < _DRAINED and (more := _take(file, output)):
        taken += more
