"""Running commands in an agent, over the web terminal.

It carries bytes and no exit code: the command is wrapped by one that prints marks before and after it. A mark comes in two halves, as arguments, so
that a terminal that shows the command does not show a mark.
"""

from __future__ import annotations

import re
import secrets
import shlex
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from uuid import uuid4

from chatworkspace import Agent, Cancel, Reason, UnavailableError, Workspace
from chatworkspace.ports import UNATTENDED, AgentConnection, Completed, DialError, OutputBuffer, cancellable, check_run, interruptible
from chatworkspace_coder._answers.errors import problem_of, unavailable
from chatworkspace_coder._api import V2
from chatworkspace_coder._http.frames import ClosedByServerError, Frames, Key
from chatworkspace_coder._http.link import BrokenError, whole_of
from chatworkspace_coder._http.messages import Answer
from chatworkspace_coder._http.opener import Opener
from chatworkspace_coder._http.sizes import OUTPUT
from chatworkspace_coder._input import Typist, wrap_reader

if TYPE_CHECKING:
    from typing_extensions import Self

WRAPPER = 'printf "%s%s<\\n" "$2" "$3"; sh -c "$1" </dev/null; printf "%s%s>%d<\\n" "$2" "$3" "$?"'
"""$1: the command; $2, $3: the halves of the mark."""
PAGES = frozenset({404, 502})
"""By which the server says that the agent is not there, or not connected."""
PROBE = 5.0
"""Seconds for asking why there is no terminal, at most."""
MIB = 1024 * 1024
LONGEST = 6000
"""Characters of a command, quoted, that travels in a URL, for which proxies often allow 8 KiB; a longer one is typed, and one with variables of
the host's, which may hold secrets, for URLs are logged."""
WIDTH, HEIGHT = "1000", "40"
_ENDING = (b'{"data":"\\u0003"}', b'{"data":"\\u001c"}')
_LINE_END = re.compile(rb"\r+\n")
_OPEN = re.compile(rb"(?:\x1b[^\n]{0,256}|\r+)\Z")
"""An escape, or the end of a line, that may go on."""
_SKIPS = re.compile(rb"\x1b\[(\d{0,4})C")
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
        """As the port says. RefusedError: the agent takes no input, or not so much."""
        deadline = time.monotonic() + timeout
        variables = check_run(command, timeout=timeout, stdin=stdin, cwd=cwd, env=env, limit=limit, on_output=on_output, cancel=cancel)
        if cancel is not None and cancel.cancelled:
            raise _interrupted()
        whole, halves = within(command, cwd, variables), (secrets.token_hex(8), secrets.token_hex(8))
        wrapped, mark = wrap(whole, *halves), "".join(halves)
        typist = Typist(mark, whole, stdin) if stdin or not variables.items() <= UNATTENDED.items() or len(wrapped) > LONGEST else None
        frames = self._terminal(wrapped if typist is None else wrap_reader(*halves), deadline)
        output = Output(mark, OutputBuffer(limit, on_output))
        try:
            with interruptible(frames.deafen), cancellable(cancel, frames.deafen):
                self._follow(frames, output, deadline, typist)
        finally:
            if output.exit_code is None:
                frames.say_at_last(*_ENDING)
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
    def _follow(frames: Frames, output: Output, deadline: float, typist: Typist | None) -> None:
        while output.exit_code is None:
            try:
                message = frames.message(deadline)
                for keys in typist.keys(message) if typist is not None and message is not None and not output.begun else ():
                    frames.say(keys, deadline)
            except ClosedByServerError as error:
                raise UnavailableError(f"the terminal was closed before the command ended: {error}") from error
            except BrokenError as error:
                if frames.deaf:
                    raise _interrupted() from None
                raise UnavailableError(f"the terminal broke before the command ended: {error}") from error
            if message is None:
                raise TimeoutError("the command did not end in time")
            output.add(message)


def _interrupted() -> UnavailableError:
    return UnavailableError("the command was ended: nobody waits for it any more", reason=Reason.INTERRUPTED)


def within(command: str, cwd: str, variables: Mapping[str, str]) -> str:
    """Return the command as it is run in that folder, with these variables. All on its first line: a shell's errors name lines of the command."""
    exports = "".join(f"export {name}={shlex.quote(value)}; " for name, value in variables.items())
    folder = f"cd {shlex.quote(cwd if not cwd.startswith('-') else f'./{cwd}')} || exit 126; " if cwd else ""
    return folder + exports + command


def wrap(command: str, first: str, second: str) -> str:
    """Return the command that runs the command and says how it ended."""
    return shlex.join(["sh", "-c", WRAPPER, "sh", command, first, second])


class Output:
    """What a terminal shows, of which what stands between the marks is the command's. Used by one thread."""

    def __init__(self, mark: str, kept: OutputBuffer) -> None:
        self._mark = mark.encode()
        self._begin = re.compile(self._mark + rb"<\r*\n")
        self._end = re.compile(self._mark + rb">(\d{1,3})<")
        self._seen = bytearray()
        """Not yet searched, or not yet begun."""
        self._kept = kept
        self.begun: bool = False
        """The command runs."""
        self.exit_code: int | None = None

    def add(self, message: bytes) -> None:
        """Take more in."""
        self._seen += message
        clean = _ESCAPES.sub(_blanks, bytes(self._seen)) if b"\x1b" in self._seen else bytes(self._seen)
        if not self.begun:
            begin = self._begin.search(clean)
            if begin is None:
                del self._seen[: max(len(self._seen) - 4096, 0)]
                return
            self.begun = True
            clean = clean[begin.end() :]
        self._search(clean)

    def _search(self, clean: bytes) -> None:
        ended = self._end.search(clean)
        if ended is not None:
            self._keep(clean[: ended.start()])
            self.exit_code = int(ended[1])
            return
        held = min(self._of_mark(clean), _last(_OPEN, clean))
        self._keep(clean[:held])
        self._seen = bytearray(clean[held:])

    def _of_mark(self, clean: bytes) -> int:
        """Return where the end mark begins, if it may have begun; else the end."""
        whole = clean.rfind(self._mark, -len(self._mark) - 8)
        if whole >= 0:
            return whole
        return next((len(clean) - it for it in range(len(self._mark) - 1, 0, -1) if clean.endswith(self._mark[:it])), len(clean))

    def _keep(self, more: bytes) -> None:
        self._kept.add(_LINE_END.sub(b"\n", more))

    def completed(self) -> Completed:
        """Return what it came to."""
        assert self.exit_code is not None, "it has ended"
        return self._kept.completed(self.exit_code)


def _blanks(escape: re.Match[bytes]) -> bytes:
    """Return what an escape stands for: `screen` has the cursor skip what is blank."""
    skipped = _SKIPS.fullmatch(escape[0])
    return b"" if skipped is None else b" " * min(int(skipped[1] or 1), int(WIDTH))


def _last(of: re.Pattern[bytes], clean: bytes) -> int:
    found = of.search(clean)
    return len(clean) if found is None else found.start()
