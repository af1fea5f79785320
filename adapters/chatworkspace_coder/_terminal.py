"""Running commands in an agent, over the web terminal.

It carries bytes and no exit code: the command is wrapped by one that prints marks before and after it. A mark comes in two halves, as arguments, so
that a terminal that shows the command does not show a mark.
"""

from __future__ import annotations

import re
import secrets
import shlex
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import uuid4

from chatworkspace import Agent, Reason, RefusedError, UnavailableError, Workspace
from chatworkspace.ports import AgentConnection, Completed, DialError, visible
from chatworkspace_coder._answers.errors import problem_of, unavailable
from chatworkspace_coder._api import V2
from chatworkspace_coder._http.frames import ClosedByServerError, Frames, Key
from chatworkspace_coder._http.link import BrokenError, whole_of
from chatworkspace_coder._http.messages import Answer
from chatworkspace_coder._http.opener import Opener
from chatworkspace_coder._http.sizes import OUTPUT

if TYPE_CHECKING:
    from typing_extensions import Self

WRAPPER = 'printf "%s%s<\\n" "$2" "$3"; sh -c "$1" </dev/null; printf "%s%s>%d<\\n" "$2" "$3" "$?"'
"""$1: the command; $2, $3: the halves of the mark."""
PAGES = frozenset({404, 502})
"""By which the server says that the agent is not there, or not connected."""
PROBE = 5.0
"""Seconds for asking why there is no terminal, at most."""
MOST = 1024 * 1024
"""Bytes of output that are kept."""
LONGEST = 6000
"""Characters of a command, quoted: it travels in a URL, for which proxies often allow 8 KiB."""
WIDTH, HEIGHT = "1000", "40"
_INTERRUPT = b'{"data":"\\u0003"}'
_ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]*[0-~])")


class Connection(AgentConnection):
    """An agent that was reached. Each command has a terminal of its own; nothing is open between them."""

    def __init__(self, opener: Opener, workspace: Workspace, agent: Agent, probe: Callable[[Workspace, Agent, float], None]) -> None:
        """probe: reaches the agent once, or says why it cannot be. DialError, UnavailableError."""
        self._opener = opener
        self._workspace = workspace
        self._agent = agent
        self._probe = probe

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *of_error: object) -> None:
        return None

    def run(self, command: str, *, timeout: float) -> Completed:
        """Run a shell command; its input is empty. RefusedError: it is too long. UnavailableError, TimeoutError."""
        deadline = time.monotonic() + timeout
        halves = secrets.token_hex(8), secrets.token_hex(8)
        wrapped = wrap(command, *halves)
        if len(wrapped) > LONGEST:
            raise RefusedError(f"the command is too long: {len(wrapped)} characters when quoted, {LONGEST} at most")
        frames = self._terminal(wrapped, deadline)
        output = Output("".join(halves))
        try:
            self._follow(frames, output, deadline)
        finally:
            frames.bye(time.monotonic() + 0.1)
        return output.completed()

    def _terminal(self, command: str, deadline: float) -> Frames:
        key = Key()
        query = {"reconnect": str(uuid4()), "width": WIDTH, "height": HEIGHT, "command": command}
        path = f"{V2}/workspaceagents/{self._agent.id}/pty"
        try:
            link, head = self._opener.open(path, self._workspace.owner_id, deadline, query=query, headers=key.headers)
        except UnavailableError:
            if time.monotonic() >= deadline:
                raise TimeoutError("the terminal did not open in time") from None
            raise
        if not key.is_answered_by(head):
            raise self._without_terminal(whole_of(link, head, deadline), deadline)
        return Frames(link, OUTPUT)

    def _without_terminal(self, answer: Answer, deadline: float) -> UnavailableError:
        """Return why there is no terminal. Of an agent that is gone the server has a page, as a proxy may have: the agent is asked for once."""
        if problem_of(answer) is None and answer.status in PAGES:
            try:
                self._probe(self._workspace, self._agent, min(deadline, time.monotonic() + PROBE))
            except DialError as error:
                return UnavailableError(f"no terminal: {error}", reason=Reason.CONNECT_FAILED)
            except UnavailableError as error:
                return UnavailableError(f"no terminal: {error}", retryable=error.retryable)
        return UnavailableError(f"no terminal: {unavailable(answer)}")

    @staticmethod
    def _follow(frames: Frames, output: Output, deadline: float) -> None:
        while output.exit_code is None:
            try:
                message = frames.message(deadline)
            except ClosedByServerError as error:
                raise UnavailableError(f"the terminal was closed before the command ended: {error}") from error
            except BrokenError as error:
                raise UnavailableError(f"the terminal broke before the command ended: {error}") from error
            if message is None:
                with suppress(BrokenError, TimeoutError):
                    frames.say(_INTERRUPT, time.monotonic() + 0.1)
                raise TimeoutError("the command did not end in time")
            output.add(message)


def wrap(command: str, first: str, second: str) -> str:
    """Return the command that runs the command and says how it ended."""
    return shlex.join(["sh", "-c", WRAPPER, "sh", command, first, second])


class Output:
    """What a terminal shows, of which what stands between the marks is the command's. Used by one thread."""

    def __init__(self, mark: str) -> None:
        self._begin = re.compile(re.escape(mark.encode()) + rb"<\r*\n")
        self._end = re.compile(re.escape(mark.encode()) + rb">(\d{1,3})<")
        self._seen = bytearray()
        """Not yet searched, or not yet begun."""
        self._kept = bytearray()
        self._begun = False
        self._truncated = False
        self.exit_code: int | None = None

    def add(self, message: bytes) -> None:
        """Take more in."""
        self._seen += message
        clean = _ESCAPES.sub(b"", bytes(self._seen)) if b"\x1b" in self._seen else bytes(self._seen)
        if not self._begun:
            begin = self._begin.search(clean)
            if begin is None:
                del self._seen[: max(len(self._seen) - 4096, 0)]
                return
            self._begun = True
            clean = clean[begin.end() :]
        self._search(clean)

    def _search(self, clean: bytes) -> None:
        ended = self._end.search(clean)
        if ended is not None:
            self._keep(clean[: ended.start()])
            self.exit_code = int(ended[1])
            return
        tail = 256  # the end mark, or an escape, may be cut in two
        self._keep(clean[:-tail])
        self._seen = bytearray(clean[-tail:])

    def _keep(self, more: bytes) -> None:
        room = MOST - len(self._kept)
        self._kept += more[:room]
        self._truncated |= len(more) > room

    def completed(self) -> Completed:
        """Return what it came to."""
        assert self.exit_code is not None, "it has ended"
        text = visible(bytes(self._kept).decode("utf-8", "replace"))
        return Completed(exit_code=self.exit_code, output=text, truncated=self._truncated)
