"""What reaches agents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from chatworkspace.model import Agent, Workspace

if TYPE_CHECKING:
    from chatworkspace._ports.patience import Cancel
    from chatworkspace._ports.running import Completed


class AgentConnection(Protocol):
    """A way to the agent that was open when it was handed out. Use it from one thread at a time."""

    def run(
        self,
        command: str,
        *,
        timeout: float,
        stdin: bytes = b"",
        cwd: str = "",
        env: Mapping[str, str] | None = None,
        limit: int = 2**20,
        on_output: Callable[[str], object] | None = None,
        cancel: Cancel | None = None,
    ) -> Completed:
        """Run a command in a POSIX shell, and end it when the time is over, or nobody waits for it any more.

        timeout: seconds for all of it. stdin: its input, of any bytes. cwd: where it runs; empty: where the agent begins, else from there on.
        env: variables beside those of the agent; may hold secrets, which are not in what is logged on the way. limit: bytes of output that are kept,
        of the beginning and of the end. on_output: is told the output as it comes, all of it, in this thread; what it raises comes out, and ends the
        command. cancel: ends it from any thread.

        InvalidArgumentError, as ports.check_run() says. RefusedError: the agent takes no such command, or not so much input. UnavailableError: the
        connection broke, or it was cancelled or interrupted (reason INTERRUPTED), and the command may have had its effect; TimeoutError.
        """
        ...

    def read_file(self, path: str, *, timeout: float, limit: int = 2**20, cancel: Cancel | None = None) -> bytes:
        """Return all bytes of a file. path: from where the agent begins; what begins with ~/ from the user's home.

        limit: bytes that it may have. RefusedError: there is no such file, it cannot be read, or it is larger. InvalidArgumentError,
        UnavailableError, TimeoutError as run(). The default has the agent's shell tell it.
        """
        from chatworkspace._ports import files  # noqa: PLC0415 # not every host reads files, and importing the library should cost little

        command = files.reading(path, limit)
        return files.read(self.run(command, timeout=timeout, limit=files.MOST_TOLD, cancel=cancel), limit)

    def write_file(self, path: str, data: bytes, *, timeout: float, cancel: Cancel | None = None) -> None:
        """Make a file of these bytes, in place of what is there, and the folders that it is to be in. path: as read_file().

        RefusedError: it cannot be written, or is too large. InvalidArgumentError, UnavailableError, TimeoutError as run(); after these two it may be
        there in part. The default has the agent's shell do it.
        """
        from chatworkspace._ports import files  # noqa: PLC0415 # as above

        files.written(self.run(files.writing(path), timeout=timeout, stdin=data, cancel=cancel))


class Warming(Protocol):
    """A way to an agent that is being opened, for others to find it open."""

    def close(self) -> None:
        """Let go of it, however far it is. Never blocks; idempotent; any thread, and in a finalizer."""
        ...


class AgentDialer(Protocol):
    """Reaches an agent."""

    sandboxed: bool = True
    """What runs in an agent is kept apart from the machine of whoever asks, and from other workspaces. False: commands of a model run with the rights
    of the host's own process, and a toolbox runs none without the host's word."""

    def dial(self, workspace: Workspace, agent: Agent, *, deadline: float) -> AbstractContextManager[AgentConnection]:
        """One attempt; reached when it returns. DialError."""
        ...

    def warm(self, workspace: Workspace, agent: Agent, *, deadline: float) -> Warming | None:
        """Begin to reach an agent that will be dialled in a while, and return without waiting for it: the first dial of a fresh one may take seconds.

        It proves nothing, and nobody is told what becomes of it. It goes on until close(). None: nothing was begun, for nothing would be gained, or
        too many are. DialError, UnavailableError: it could not be begun by the deadline.
        """
        del workspace, agent, deadline
        return None
