"""The calls of a session: each is made in a thread, tells how it goes while it waits, and is ended when the client cancels it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

import attrs
from mcp.server.context import ServerRequestContext
from mcp.types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams, TextContent, Tool

from chatworkspace import Cancel, ChatWorkspaces, Progress, ToolResult
from chatworkspace_mcp._chat import Chat

HEARTBEAT = 5.0
"""Seconds after which a client is told that a call still waits, though nothing has changed."""
FLOOR = 0.2
"""Seconds between two that are told at least: a log has many lines."""
MOST_CHARACTERS = 200
"""Of what is told."""
Context = ServerRequestContext[Any, Any]


@attrs.define(kw_only=True, eq=False)
class Call:
    """One that is under way. Used on the event loop alone."""

    began: float
    wake: asyncio.Event = attrs.field(factory=asyncio.Event)
    message: str = ""


class Calls:
    """What the session's client asks for. Used on the event loop alone, save what its threads run."""

    def __init__(self, chat: Chat, workspaces: ChatWorkspaces, pool: ThreadPoolExecutor) -> None:
        self._chat = chat
        self._workspaces = workspaces
        self._pool = pool
        self._under_way: dict[Call, None] = {}

    async def list(self, context: Context, params: PaginatedRequestParams | None) -> ListToolsResult:
        """Return the tools, which are always the same."""
        del context, params
        specs = self._chat.toolbox(self._workspaces).specs("mcp")
        return ListToolsResult(tools=[Tool.model_validate(spec) for spec in specs])

    async def call(self, context: Context, params: CallToolRequestParams) -> CallToolResult:
        """Run one tool, and return what it says: as text for models, and as a structure for programs."""
        cancel, loop = Cancel(), asyncio.get_running_loop()
        run = partial(self._chat.call, self._workspaces, params.name, params.arguments or {}, self._wait(), cancel)
        call = Call(began=loop.time())
        self._under_way[call] = None
        future = loop.run_in_executor(self._pool, run)
        future.add_done_callback(lambda _: call.wake.set())
        try:
            await self._waited(call, future, context)
        finally:  # what was canceled waits no longer, wherever it is
            del self._under_way[call]
            cancel.cancel()
            future.cancel()
        return _told(future.result())

    def _wait(self) -> float:
        """Return how long a call may wait that begins now: the last of several threads is for those that do not."""
        taken = len(self._under_way) + 1
        return self._chat.wait if taken < max(self._chat.threads, 2) else 0.0

    async def _waited(self, call: Call, future: asyncio.Future[ToolResult], context: Context) -> None:
        """Tell the client how it goes until it has come to its end."""
        loop = asyncio.get_running_loop()
        while not future.done():
            with suppress(asyncio.TimeoutError):  # in Python 3.10 it is none of the built-in
                await asyncio.wait_for(call.wake.wait(), HEARTBEAT)
            call.wake.clear()
            if not future.done():
                await context.session.report_progress(round(loop.time() - call.began, 3), message=call.message or None)
                await asyncio.wait({future}, timeout=FLOOR)

    def note(self, progress: Progress) -> None:
        """Have every call that is under way tell of a step: they are all about the same chat."""
        message = _said(progress)
        for call in self._under_way:
            call.message = message
            call.wake.set()


def _said(progress: Progress) -> str:
    """Return a step in a few words. Lines of the log are other people's."""
    phase = "" if progress.phase is None else progress.phase.value
    place = f", {progress.queue_position} ahead in the queue" if progress.queue_position else ""
    line = "" if progress.line is None else f": {progress.line}"
    said, room = f"{phase}{place}{line}", MOST_CHARACTERS
    return said if len(said) <= room else f"{said[: room - len(_cut(said))]}{_cut(said)}"


def _cut(said: str) -> str:
    return f"… [{len(said)} characters, cut]"


def _told(result: ToolResult) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=result.text)], structured_content=result.content, is_error=result.is_error)
