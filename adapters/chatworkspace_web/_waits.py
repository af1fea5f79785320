"""Calls that wait, under an asyncio server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chatworkspace import Cancel, Outcome
from chatworkspace_web._arguments import check_function, check_wait
from chatworkspace_web._threads import Receive, Threads


class ASGIWaits:
    """Awaits calls of ChatWorkspaces in threads, at most `threads` of which may wait at a time; they are made as they are needed.

    In a FastAPI or Starlette view:

        outcome = await waits(request.receive, workspaces.create, chat_id, template_id, wait=20)

    The event loop never waits for the library. Whoever comes when all threads are taken is told at once how things stand, as with wait=0. A client
    that goes away, and a task that is canceled, end their wait; what was asked of the platform goes on, and the same call again finds it. For one
    event loop. Ends with its ChatWorkspaces: close that when the server is told to end (close_at_signal), then close() this.
    """

    def __init__(self, *, threads: int = 32) -> None:
        """Make no thread yet. threads: how many calls may wait at a time. InvalidArgumentError."""
        self._threads = Threads(threads)

    async def __call__(self, receive: Receive, call: Callable[..., Outcome], *arguments: Any, wait: float | None, **named: Any) -> Outcome:
        """Make the call in a thread, and return its outcome, or raise its error.

        receive: the request's (`request.receive`), by which the server says that the client has gone. call: create, start, stop, status, attach,
        detach, close_chat or delete of a ChatWorkspaces, with its arguments. wait: seconds, as the call has it. InvalidArgumentError.
        """
        check_function("receive", receive)
        check_function("call", call)
        patience = check_wait(wait)

        def act(cancel: Cancel, waits: bool) -> Outcome:  # noqa: FBT001 # what Threads gives
            return call(*arguments, wait=patience if waits else 0, cancel=cancel, **named)

        return await self._threads.run(receive, act)

    def close(self) -> None:
        """Let the threads go, as their calls end. Idempotent."""
        self._threads.close()
