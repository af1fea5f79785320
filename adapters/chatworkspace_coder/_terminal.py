"""Running commands in an agent, over the web terminal.

It carries bytes and no exit code: the command is wrapped by one that prints marks before and after it. A mark comes in two halves, as arguments, so
that a terminal that shows the command does not show a mark.
"""

from __future__ import annotations

import re
import secrets
import shlex
import time
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from chatworkspace import RefusedError, UnavailableError
from chatworkspace.ports import AgentConnection, Completed, visible
from chatworkspace_coder._answers.errors import unavailable
from chatworkspace_coder._api import V2
from chatworkspace_coder._http.frames import ClosedByServerError, Frames, Key
from chatworkspace_coder._http.link import BrokenError, whole_of
from chatworkspace_coder._http.opener import Opener
from chatworkspace_coder._http.sizes import OUTPUT

if TYPE_CHECKING:
    from typing_extensions import Self

WRAPPER = 'printf "%s%s<\\n" "$2" "$3"; sh -c "$1" </dev/null; printf "%s%s>%d<\\n" "$2" "$3" "$?"'
"""$1: the command; $2, $3: the halves of the mark."""
MOST = 1024 * 1024
"""Bytes of output that are kept."""
LONGEST = 6000
"""Characters of a command, quoted: it travels in a URL, for which proxies often allow 8 KiB."""
WIDTH, HEIGHT = "1000", "40"
_INTERRUPT = b'{"data":"\\u0003"}'
_ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]*[0-~])")


class Connection(AgentConnection):
    """An agent that was reached. Each command has a terminal of its own; nothing is open between them."""

    def __init__(self, opener: Opener, owner_id: UUID, agent_id: UUID) -> None:
        self._opener = opener
        self._owner_id = owner_id
        self._agent_id = agent_id

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
        path = f"{V2}/workspaceagents/{self._agent_id}/pty"
        try:
            link, head = self._opener.open(path, self._owner_id, deadline, query=query, headers=key.headers)
        except UnavailableError:
            if time.monotonic() >= deadline:
                raise TimeoutError("the terminal did not open in time") from None
            raise
        if not key.is_answered_by(head):
            raise UnavailableError(f"no terminal: {unavailable(whole_of(link, head, deadline))}")
        return Frames(link, OUTPUT)

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
