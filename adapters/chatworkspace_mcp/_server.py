"""One chat for one client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress

from chatworkspace import ChatWorkspaces, Hand, Progress
from chatworkspace.ports import check_env
from chatworkspace_mcp._arguments import check_chat_id, check_flag, check_prepare, check_threads, check_tools, check_wait, check_workspaces
from chatworkspace_mcp._chat import Chat

WAIT = 45.0
"""Seconds: clients give up after sixty, unless they are told of progress, and not all of them mind that."""
THREADS = 8
NEEDED = "chatworkspace_mcp needs the package mcp: pip install 'chatworkspace[mcp]'"


class ChatServer:
    """Serves the tools of one chat to one client. `tell` and `stop` are safe from any thread."""

    def __init__(
        self,
        chat_id: str,
        *,
        wait: float = WAIT,
        threads: int = THREADS,
        prepare: Callable[[], object] | None = None,
        tools: Collection[Hand] = (),
        allow_unsandboxed: bool = False,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Check what is given; nothing is asked yet. InvalidArgumentError.

        chat_id: the chat that the client's tools are about. wait: seconds that a call waits at most; the same call, made again, goes on waiting.
        threads: calls that are made at a time. Where there are several, one is left for calls that only look: a call that would take the last waits
        for nothing and is told how things stand. More than that wait for their turn.
        prepare: called before the first call of a tool, in its thread: it opens the chat, say. A ChatWorkspaceError of it is told to the model, and
        it is called again with the next call. Calls that are made at the same time may each call it.
        tools: of execute, read_file and write_file those that the client has as well. allow_unsandboxed: also where agents are no sandbox.
        env: variables of execute's commands, as for ChatWorkspaces.toolbox().
        """
        self._chat = Chat(
            id=check_chat_id(chat_id),
            wait=check_wait(wait),
            threads=check_threads(threads),
            prepare=check_prepare(prepare),
            hands={
                "tools": check_tools(tools),
                "allow_unsandboxed": check_flag("allow_unsandboxed", allow_unsandboxed),
                "env": check_env(env),
            },
        )
        self._stopped = False
        self._stop: Callable[[], object] | None = None
        self._tell: Callable[[Progress], object] | None = None

    def serve_stdio(self, workspaces: ChatWorkspaces) -> None:
        """Serve a client over this process's standard input and output until it has gone, or stop() is called.

        Calls that are under way then wait no longer. Nothing else may use the two streams meanwhile. Once for each ChatServer.
        InvalidArgumentError: it has hands, and agents are no sandbox.
        ImportError: the package mcp is not installed, and the message says how it is.
        """
        self._chat.toolbox(check_workspaces(workspaces))
        try:
            from chatworkspace_mcp._stdio import serve  # noqa: PLC0415 # whoever only imports this package need not have the other
        except ModuleNotFoundError as error:
            raise ImportError(NEEDED, name=error.name) from error
        with suppress(asyncio.CancelledError):  # by stop()
            asyncio.run(serve(self._chat, workspaces, self._begin))

    def tell(self, progress: Progress) -> None:
        """Tell the client of a step, by the calls that are under way. Give it to ChatWorkspaces as on_progress."""
        tell = self._tell
        if tell is not None and progress.chat_id == self._chat.id:
            tell(progress)

    def stop(self) -> None:
        """End serving as soon as possible, or before it begins. Idempotent."""
        self._stopped = True
        if self._stop is not None:
            self._stop()

    def _begin(self, stop: Callable[[], object], tell: Callable[[Progress], object]) -> None:
        """Note what ends the session and what tells it of steps, so that either it sees that stop() was called, or stop() sees it."""
        self._stop, self._tell = stop, tell
        if self._stopped:
            stop()
