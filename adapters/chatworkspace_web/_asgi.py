"""Streams of events under an asyncio server: each in a thread, of which there are not many; and none for whoever has gone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as NotInTimeError
from functools import partial
from typing import Any

from chatworkspace import Cancel, ChatWorkspaceError, ChatWorkspaces, InvalidArgumentError, Outcome
from chatworkspace_web._arguments import check_function, check_retry, check_wait, check_workspaces
from chatworkspace_web._stream import RETRY, WAIT, EventStream, headers_of
from chatworkspace_web._threads import Receive, Threads

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

SENDS = 30.0
"""Seconds in which a client has to take what it is sent; else it counts as gone."""


def path_parameter(scope: Scope) -> str:
    """Return the chat's id from the path, as Starlette and FastAPI read it: /chats/{chat_id}/events."""
    return str(scope["path_params"]["chat_id"])


class ASGIEvents:
    """An ASGI application that answers each request with the EventStream of a chat.

    A whole application for any ASGI server, or a route of one (FastAPI: `app.add_route("/chats/{chat_id}/events", ASGIEvents(workspaces))`). The
    event loop never waits for the library: that is done in threads, at most `threads` of them, made as they are needed. Whoever comes when all are
    taken is told how things stand, and comes back. A client that goes away ends its stream at once.

    Who may see a chat is for `chat_of` to say, or for what stands before it. For one event loop. Ends with its ChatWorkspaces: close that when the
    server is told to end (close_at_signal), then close() this.
    """

    def __init__(
        self,
        workspaces: ChatWorkspaces,
        *,
        chat_of: Callable[[Scope], str] = path_parameter,
        threads: int = 32,
        wait: float | None = WAIT,
        retry: float = RETRY,
        outcome_data: Callable[[Outcome], object] = Outcome.as_dict,
    ) -> None:
        """Make no thread yet. InvalidArgumentError.

        chat_of: makes of a request's scope the chat's id; called in a thread. Its ChatWorkspaceError is the answer. Default: the path's `chat_id`.
        threads: how many may wait at a time. wait (seconds), retry (seconds), outcome_data: as for EventStream.
        """
        self._threads = Threads(threads)
        self._chat_of = check_function("chat_of", chat_of)
        self._wait = check_wait(wait)
        check_retry(retry)
        self._open = partial(EventStream, check_workspaces(workspaces), retry=retry, outcome_data=check_function("outcome_data", outcome_data))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        if scope["type"] != "http":
            raise InvalidArgumentError("scope", "a request over HTTP")
        sent = partial(_sent, asyncio.get_running_loop(), send)
        await self._threads.run(receive, lambda cancel, waits: self._answer(scope, sent, cancel, self._wait if waits else 0.0))

    def close(self) -> None:
        """Let the threads go, as their streams end. Idempotent."""
        self._threads.close()

    def _answer(self, scope: Scope, send: Callable[[MutableMapping[str, Any]], bool], cancel: Cancel, wait: float | None) -> None:
        """Answer, in a thread. send: False: nobody takes it any more."""
        try:
            stream = self._open(self._chat_of(scope), last_event_id=_last_event_id(scope), wait=wait, cancel=cancel)
        except ChatWorkspaceError as error:
            _ = all(map(send, _of_error(error)))
            return
        with stream:
            if send(_start(200, stream.headers)):
                sent = (send({"type": "http.response.body", "body": chunk, "more_body": True}) for chunk in stream)
                if all(taken and not cancel.cancelled for taken in sent):
                    send({"type": "http.response.body", "body": b""})


async def error_response(request: object, error: Exception) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """Return the answer to a request for which the library has raised: the error as JSON, its status, and when to come again.

    A handler for Starlette and FastAPI: `app.add_exception_handler(ChatWorkspaceError, error_response)`. request: is not looked at. error: a
    ChatWorkspaceError; whatever else it is, is raised again.
    """
    del request
    if not isinstance(error, ChatWorkspaceError):
        raise error
    messages = _of_error(error)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        for message in messages:
            await send(message)

    return answer


def _of_error(error: ChatWorkspaceError) -> Sequence[MutableMapping[str, Any]]:
    told = json.dumps(error.as_dict()).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(told)), **headers_of(error)}
    return _start(error.http_status, headers), {"type": "http.response.body", "body": told}


def _sent(loop: asyncio.AbstractEventLoop, send: Send, message: MutableMapping[str, Any]) -> bool:
    """Have the event loop send a message, and wait until the client takes it; False: it does not."""
    sending = _awaited(send, message)
    try:
        future = asyncio.run_coroutine_threadsafe(sending, loop)
    except RuntimeError:  # the loop is closed
        sending.close()
        return False
    try:
        future.result(SENDS)
    except (CancelledError, NotInTimeError, OSError, RuntimeError):
        future.cancel()
        return False
    return True


async def _awaited(send: Send, message: MutableMapping[str, Any]) -> None:
    await send(message)


def _start(status: int, headers: Mapping[str, str]) -> MutableMapping[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()]}


def _last_event_id(scope: Scope) -> str | None:
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    return next((value.decode("latin-1") for name, value in headers if name.lower() == b"last-event-id"), None)
