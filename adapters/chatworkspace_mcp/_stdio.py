"""A session over standard input and output: the protocol's own package on an event loop, and the library in threads of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import suppress
from threading import Thread
from typing import Any, cast

from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from chatworkspace import ChatWorkspaces, Progress, __version__
from chatworkspace_mcp._calls import Calls
from chatworkspace_mcp._chat import Chat

Begin = Callable[[Callable[[], object], Callable[[Progress], object]], object]
"""Is given what ends the session and what tells it of a step, both for any thread."""

AHEAD = 64
"""Messages that are read before they are seen to."""
TITLE = "Chat workspaces"
INSTRUCTIONS = """\
The tools make, start and stop the one remote workspace of chat {chat_id!r}.
Call list_templates first, and do what next_step in each result says."""


async def serve(chat: Chat, workspaces: ChatWorkspaces, begin: Begin) -> None:
    """Serve until the client has gone, or it is stopped."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None, "it runs"
    pool = ThreadPoolExecutor(chat.threads, thread_name_prefix="chatworkspace-mcp")
    calls = Calls(chat, workspaces, pool)
    begin(_soon(loop, task.cancel), lambda step: _soon(loop, lambda: calls.note(step))())
    session: Server[Any] = Server(
        "chatworkspace",
        version=__version__,
        title=TITLE,
        instructions=INSTRUCTIONS.format(chat_id=chat.id),
        on_list_tools=calls.list,
        on_call_tool=calls.call,
    )
    try:
        # a thread of the package's own would be waited for when all ends, until the client says something
        stdin = cast("Any", Lines(loop))
        async with stdio_server(stdin=stdin) as (read, write):
            await session.run(read, write, session.create_initialization_options())
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _soon(loop: asyncio.AbstractEventLoop, act: Callable[[], object]) -> Callable[[], None]:
    """Return what has the loop do it, from any thread; nothing once the loop has ended."""

    def soon() -> None:
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(act)

    return soon


class Lines:
    """The lines of standard input, read by a thread that nobody waits for."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lines = asyncio.Queue[str | None](AHEAD)
        Thread(target=self._read, name="chatworkspace-mcp-stdin", daemon=True).start()

    def _read(self) -> None:
        # of its own: the interpreter closes its own at the end, and would fail while a thread reads from that
        stdin = open(sys.stdin.fileno(), "rb", closefd=False)  # noqa: SIM115 # no path, and not to be closed
        with suppress(RuntimeError, CancelledError):  # the loop has ended
            for line in stdin:
                self._put(line.decode("utf-8", "replace"))
            self._put(None)

    def _put(self, line: str | None) -> None:
        asyncio.run_coroutine_threadsafe(self._lines.put(line), self._loop).result()

    async def __aiter__(self) -> AsyncIterator[str]:
        while (line := await self._lines.get()) is not None:
            yield line
