"""Threads in which an asyncio server waits for the library: not many, and none for whoever has gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from chatworkspace import Cancel
from chatworkspace_web._arguments import check_threads

T = TypeVar("T")

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

MORE = 4
"""Threads beyond those that may wait: whoever is told how things stand needs one for a moment."""


class Threads:
    """At most so many of them may wait. For one event loop."""

    def __init__(self, most: int) -> None:
        """Make no thread yet. InvalidArgumentError."""
        self._most = check_threads(most)
        self._waiting = 0
        self._pool: ThreadPoolExecutor | None = None

    async def run(self, receive: Receive, act: Callable[[Cancel, bool], T]) -> T:
        """Act in a thread, and return what comes of it.

        receive: of the request; it says when the client goes. act: is given what ends its waits, when the client goes or the task is canceled, and
        whether it may wait at all.
        """
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._most + MORE, "chatworkspace-web")
        cancel, waits = Cancel(), self._waiting < self._most
        gone = asyncio.ensure_future(_until_gone(receive, cancel))
        self._waiting += waits
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, act, cancel, waits)
        finally:
            self._waiting -= waits
            cancel.cancel()
            gone.cancel()

    def close(self) -> None:
        """Let the threads go, as they end. Idempotent."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)


async def _until_gone(receive: Receive, cancel: Cancel) -> None:
    """Wait until the client has gone, and end what is done for it."""
    with suppress(Exception):  # a server that has no more to say of it says so in its own way
        while (await receive())["type"] != "http.disconnect":
            pass
    cancel.cancel()
