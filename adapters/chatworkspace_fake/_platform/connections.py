"""A way to an agent that is played by a test: its commands are answered by a function, or run in a real shell; its files are in memory, or there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

import attrs

from chatworkspace import Cancel, Reason, RefusedError, UnavailableError
from chatworkspace.ports import AgentConnection, Completed, DialError, OutputBuffer, Warming, check_run
from chatworkspace_fake._arguments import check_text as check_path

if TYPE_CHECKING:
    from typing_extensions import Self

MIB = 1024 * 1024


class FakeCommand(str):
    """A command that was run: its text, and what came with it.

    stdin: its input. cwd: where it is to run; empty: where the agent begins. env: its variables. timeout: seconds.
    """

    __slots__ = ("cwd", "env", "stdin", "timeout")

    stdin: bytes
    cwd: str
    env: Mapping[str, str]
    timeout: float


Answer = Callable[[str], str | Completed]
"""Answers a command, which is a FakeCommand: its output, or how it was completed."""


class Shell(Protocol):
    """Runs commands for real."""

    def run(self, agent: str, command: FakeCommand, output: OutputBuffer, cancel: Cancel | None) -> Completed:
        """Run one. agent: whose files it sees. UnavailableError, TimeoutError."""
        ...


@attrs.frozen(kw_only=True)
class FakeAgent:
    """What answers for an agent. reach: raises DialError where it is not there. files: what is in memory."""

    name: str
    reach: Callable[[], object]
    answer: Answer
    shell: Shell | None
    files: dict[str, bytes]


class FakeConnection(AgentConnection):
    """A way to an agent that is played by a test. Its own context manager."""

    def __init__(self, agent: FakeAgent) -> None:
        self._agent = agent

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
        it = FakeCommand(command)
        it.env = check_run(command, timeout=timeout, stdin=stdin, cwd=cwd, env=env, limit=limit, on_output=on_output, cancel=cancel)
        it.stdin, it.cwd, it.timeout = stdin, cwd, timeout
        self._reach(cancel)
        output = OutputBuffer(limit, on_output)
        if self._agent.shell is not None:
            return self._agent.shell.run(self._agent.name, it, output, cancel)
        said = self._agent.answer(it)
        told = said if isinstance(said, Completed) else Completed(exit_code=0, output=said)
        output.add(told.output.encode("utf-8", "replace"))
        kept = output.completed(told.exit_code)
        return attrs.evolve(kept, truncated=kept.truncated or told.truncated)

    def read_file(self, path: str, *, timeout: float, limit: int = MIB, cancel: Cancel | None = None) -> bytes:
        if self._agent.shell is not None:
            return super().read_file(path, timeout=timeout, limit=limit, cancel=cancel)
        check_path("path", path, empty=False)
        check_run("cat", timeout=timeout, limit=limit, cancel=cancel)
        self._reach(cancel)
        data = self._agent.files.get(path)
        if data is None:
            raise RefusedError("the file cannot be read: there is no such file")
        if len(data) > limit:
            raise RefusedError(f"the file has more than {limit:,} bytes")
        return data

    def write_file(self, path: str, data: bytes, *, timeout: float, cancel: Cancel | None = None) -> None:
        if self._agent.shell is not None:
            super().write_file(path, data, timeout=timeout, cancel=cancel)
            return
        check_path("path", path, empty=False)
        check_run("cat", timeout=timeout, stdin=data, cancel=cancel)
        self._reach(cancel)
        if path.endswith("/") or any(it.startswith(f"{path}/") for it in self._agent.files):
            raise RefusedError("the file cannot be written: it is a directory")
        self._agent.files[path] = data

    def _reach(self, cancel: Cancel | None) -> None:
        if cancel is not None and cancel.cancelled:
            raise UnavailableError("it was cancelled", reason=Reason.INTERRUPTED)
        try:
            self._agent.reach()
        except DialError as error:
            raise UnavailableError(f"the connection broke: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *of_error: object) -> None:
        return None


class FakeWarming(Warming):
    """An agent that is being reached ahead of a dial: nothing but an entry among those that are open."""

    def __init__(self, opened: dict[FakeWarming, None]) -> None:
        self._opened = opened
        opened[self] = None

    def close(self) -> None:
        self._opened.pop(self, None)
