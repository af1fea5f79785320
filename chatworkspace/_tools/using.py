"""What the hands do: each call connects anew, by the chat's id."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from chatworkspace._tools import hands
from chatworkspace._tools.arguments import Arguments
from chatworkspace._tools.asked import Uses, Workspaces
from chatworkspace._tools.budget import Content
from chatworkspace._tools.definitions import Tool
from chatworkspace.errors import ChatWorkspaceError, InvalidArgumentError, UnavailableError
from chatworkspace.model import Reason
from chatworkspace.ports import UNATTENDED, AgentConnection, OutputBuffer, check_env

T = TypeVar("T")
Said = tuple[Content, bool]
"""What a tool says, and whether that is an error."""


class Using:
    """The hands of one chat. Safe from any thread."""

    def __init__(self, workspaces: Workspaces, chat_id: str, cancel: Any, uses: Uses, env: Mapping[str, str] | None) -> None:
        """cancel: a Cancel of the host's or None, passed on as it came.

        env: variables of commands, beside and in place of UNATTENDED. InvalidArgumentError.
        """
        self._env = {**UNATTENDED, **check_env(env)}
        self._uses = uses
        self._workspaces = workspaces
        self._chat_id = chat_id
        self._cancel = cancel

    def offered(self, names: Collection[str]) -> dict[Tool, Callable[[Arguments], Said]]:
        """Return those that are offered, each with what makes a call of it."""
        runs = {hands.EXECUTE: self._execute, hands.READ_FILE: self._read_file, hands.WRITE_FILE: self._write_file}
        return {tool: run for tool, run in runs.items() if tool.name in names}

    def _execute(self, arguments: Arguments) -> Said:
        seconds, workdir = hands.seconds_of(arguments.text("timeout")), arguments.text("workdir")
        so_far = OutputBuffer(hands.MOST_OUTPUT)

        def run(agent: AgentConnection) -> Said:
            return self._ran(agent, arguments.texts["command"], seconds, workdir, so_far)

        def ended() -> Said:
            return hands.of_interruption(so_far.completed(0).output, workdir=workdir), True

        return self._connected(run, again=False, ended=ended)

    def _ran(self, agent: AgentConnection, command: str, seconds: float, workdir: str, so_far: OutputBuffer) -> Said:
        try:
            done = agent.run(
                command,
                timeout=seconds,
                cwd=workdir,
                env=self._env,
                limit=hands.MOST_OUTPUT,
                on_output=lambda text: so_far.add(text.encode()),
                cancel=self._cancel,
            )
        except TimeoutError:
            return hands.of_timeout(seconds, so_far.completed(0).output, workdir=workdir), True
        return hands.of_command(done.exit_code, done.output, truncated=done.truncated, workdir=workdir), False

    def _read_file(self, arguments: Arguments) -> Said:
        offset, limit = (max(arguments.numbers.get(name, most), 1) for name, most in (("offset", 1), ("limit", hands.MOST_LINES)))
        data = self._connected(lambda agent: self._in_time(agent.read_file, arguments.texts["path"], limit=hands.MOST_FILE))
        return hands.of_file(data, offset, limit), False

    def _write_file(self, arguments: Arguments) -> Said:
        data = arguments.texts["content"].encode()
        if len(data) > hands.MOST_FILE:
            raise InvalidArgumentError("content", f"at most {hands.MOST_FILE} bytes")
        self._connected(lambda agent: self._in_time(agent.write_file, arguments.texts["path"], data))
        return hands.of_writing(len(data)), False

    def _connected(self, act: Callable[[AgentConnection], T], *, again: bool = True, ended: Callable[[], T] | None = None) -> T:
        """Return what is done over a connection. One that breaks is told as one that cannot be had. ClosedError.

        again: it may be done once more, unseen. ended: tells of what was interrupted; None: that is UnavailableError.
        """
        with self._uses.under_way() as use, self._workspaces.connect(self._chat_id, cancel=self._cancel) as agent:
            try:
                done = act(agent)
            except UnavailableError as error:
                use.check()
                if not use.interrupted and error.reason is not Reason.INTERRUPTED:
                    raise self._broken(error, again=again) from error
                if ended is None:
                    raise UnavailableError(str(error), reason=Reason.INTERRUPTED) from error
                return ended()
        self._uses.over(None)
        return done

    def _broken(self, error: UnavailableError, *, again: bool) -> ChatWorkspaceError:
        told = self._uses.over(error)
        return error if told is None else told if again else hands.not_again(told)

    def _in_time(self, act: Callable[..., T], *given: Any, **more: Any) -> T:
        """Return what is done with a file. UnavailableError: it takes too long."""
        try:
            return act(*given, **more, timeout=hands.FILE_PATIENCE, cancel=self._cancel)
        except TimeoutError:
            raise UnavailableError(f"it took longer than {hands.FILE_PATIENCE:g} s") from None
