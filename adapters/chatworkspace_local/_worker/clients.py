"""Those who have a command run through a keeper: one connection each, a request of one line, an answer of one line."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from chatworkspace_local._worker.children import Children
from chatworkspace_local._worker.jobs import shell

MOST_OF_REQUEST = 1024 * 1024
NOT_RUN = 126
"""The exit code of what was found, and could not be run."""
FILES = 4
"""Input, output and errors come with a request to run, and the end from which output is read."""


class Client:
    """One connection.

    ended: told when it is over, to be forgotten.
    left: given the end from which output is read, once its sender reads it no more: what still runs in the background may go on writing.
    """

    def __init__(
        self, connection: socket.socket, agent: str, children: Children, ended: Callable[[Client], None], left: Callable[[int], None]
    ) -> None:
        connection.setblocking(False)
        self.connection = connection
        self._agent = agent
        self._children = children
        self._ended = ended
        self._left = left
        self._output = -1
        self._request = b""
        self._files: list[int] = []
        self._running = 0

    def read(self) -> None:
        """Take what has come: a request, or its sender has gone, and what runs for it ends."""
        try:
            data, files, _, _ = socket.recv_fds(self.connection, 65536, FILES)
        except BlockingIOError:
            return
        except OSError:
            data, files = b"", []
        self._files += files
        self._request += data
        if not data or len(self._request) > MOST_OF_REQUEST:
            self.close()
        elif self._request.endswith(b"\n"):
            request, self._request = self._request, b""
            self._answer(self._act(request))

    def close(self) -> None:
        """Let go of it; the group of what runs for it ends."""
        if self._running:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._running, signal.SIGKILL)
            self._running = 0
        self._drop_files()
        if self._output >= 0:
            self._left(self._output)
            self._output = -1
        self._ended(self)
        self.connection.close()

    def _act(self, request: bytes) -> dict[str, Any] | None:
        """Return the answer; None: it comes later."""
        try:
            asked: Any = json.loads(request)
            return self._run(asked) if "command" in asked else {"agent": self._agent}
        except (ValueError, TypeError, KeyError, OSError, RecursionError, subprocess.SubprocessError) as error:
            return {"error": str(error)[:500]}
        finally:
            self._drop_files()

    def _run(self, asked: Any) -> dict[str, Any] | None:
        if len(self._files) != FILES or self._output >= 0:
            return {"error": "one request to run comes on a connection, with four files"}
        command = [shell(), "-c", str(asked["command"])]
        folder, environment = str(asked.get("cwd", "")), {str(name): str(value) for name, value in asked.get("env", {}).items()}
        self._output = self._files.pop()
        try:
            self._running = self._children.start(command, (self._files[0], self._files[1], self._files[2]), self._over, folder, environment)
        except OSError as error:
            return {"exit_code": NOT_RUN, "said": f"{error.strerror}: {error.filename}\n"}
        return None

    def _over(self, code: int) -> None:
        if self._running:
            self._running = 0
            self._answer({"exit_code": code})

    def _answer(self, value: dict[str, Any] | None) -> None:
        if value is not None:
            with suppress(OSError):  # it has gone, which the next read tells
                self.connection.send(json.dumps(value).encode() + b"\n")

    def _drop_files(self) -> None:
        for file in self._files:
            os.close(file)
        self._files = []
