"""A stream of events: what follow() tells, for a browser that comes back."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from functools import partial
from math import ceil
from typing import TYPE_CHECKING

from chatworkspace import Cancel, ChatWorkspaceError, ChatWorkspaces, ClosedError, InvalidArgumentError, Outcome, Progress
from chatworkspace_web import _events as events
from chatworkspace_web._arguments import check_function, check_retry, check_workspaces

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

Follow = Callable[..., Generator[Progress, None, None]]

WAIT = 60.0
"""Seconds after which a stream ends and the browser comes back: so often another server process, or another visitor, has a chance."""
RETRY = 1.0
IDLE = 10.0
"""Seconds after which somebody comes back who goes on listening though nothing is under way any more."""


class EventStream(Iterator[bytes]):
    """What is told of one chat, as server-sent events: an iterable of bytes, as WSGI and every framework over it take it. `headers` belong to it.

    Events, with JSON as data: `phase` (generation, build_number, phase, queue_position, at) at each change; `line` (generation, build_number, line,
    at) for each line of the build's log; one last `outcome`; or a `problem`, an error's as_dict(). Each has an id, by which the next stream, of
    whatever process, goes on behind it. A comment at least every five seconds is a heartbeat: whoever has gone is noticed when it cannot be written.
    Names and logs are other people's text: show them as text, never as HTML.

    It ends when nothing is under way any more, when `wait` is over or everything is closed, and a browser comes back by itself. To stop for good, the
    page closes its EventSource, or the next stream is refused: what cannot get better is raised, and a browser takes an error's status for the end.

    For one thread; close() it, or let it go, to end early. A server does.
    """

    def __init__(
        self,
        workspaces: ChatWorkspaces,
        chat_id: str,
        *,
        last_event_id: str | None = None,
        wait: float | None = WAIT,
        retry: float = RETRY,
        outcome_data: Callable[[Outcome], object] = Outcome.as_dict,
        cancel: Cancel | None = None,
    ) -> None:
        """Look whether the chat can be followed. InvalidArgumentError, and from follow() what cannot get better: ChatNotFoundError, ChatClosedError.

        last_event_id: the request's header Last-Event-ID, as it came: what is no id of ours counts as none.
        wait: seconds after which the stream ends; None: as long as something is under way. It holds a thread, or a part of ASGIEvents, meanwhile.
        retry: seconds after which the browser comes back.
        outcome_data: makes of an outcome what the page is told; default: Outcome.as_dict, ids of owners and agents included.
        cancel: ends the stream early, from any thread or signal handler.
        """
        check_workspaces(workspaces)
        check_retry(retry)
        check_function("outcome_data", outcome_data)
        self.headers: dict[str, str] = dict(events.HEADERS)
        """Of the answer: its type, and what keeps proxies from collecting it."""
        follow = partial(workspaces.follow, chat_id, wait=wait, cancel=cancel)
        self._chunks = _told(follow, last_event_id, retry, outcome_data)
        self._first = next(self._chunks)

    def __next__(self) -> bytes:
        first, self._first = self._first, b""
        return first or next(self._chunks)

    def close(self) -> None:
        """End the stream, and whatever it asks."""
        self._first = b""
        self._chunks.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


# what follows holds no stream: one that is let go ends with the last reference to it


def _told(follow: Follow, last_event_id: str | None, retry: float, outcome_data: Callable[[Outcome], object]) -> Generator[bytes, None, None]:
    """Yield the stream. What is to be raised before it begins is, at the first of them."""
    try:
        steps = _behind(follow, last_event_id)
    except ChatWorkspaceError as error:
        if not error.retryable:
            raise
        yield from _failed(error, retry)
        return
    try:
        yield events.come_back(retry)
        for step in steps:
            yield events.step(step) if step.outcome is None else _ended(step.outcome, step.cursor, retry, outcome_data)
    except ChatWorkspaceError as error:
        yield from _failed(error, retry)
    finally:
        steps.close()


def _ended(outcome: Outcome, cursor: str, retry: float, outcome_data: Callable[[Outcome], object]) -> bytes:
    """Return the end. While something is under way it is no outcome, but the time to come back."""
    if outcome.phase is not None:
        return events.come_back(max(outcome.retry_after or 0.0, retry), cursor)
    return events.event("outcome", outcome_data(outcome), cursor) + events.come_back(IDLE)


def _failed(error: ChatWorkspaceError, retry: float) -> Iterator[bytes]:
    """Yield the end by an error. That this process ends is none to the page: it comes back, to another one."""
    if isinstance(error, ClosedError):
        yield events.come_back(retry)
    else:
        yield events.come_back(max(error.retry_after or 0.0, retry)) + events.event("problem", error.as_dict())


def _behind(follow: Follow, last_event_id: str | None) -> Generator[Progress, None, None]:
    """Follow from where the browser says that it is. What it says comes from outside, and may be anything."""
    try:
        return follow(after=last_event_id or None)
    except InvalidArgumentError as error:
        if error.argument != "after":
            raise
        return follow()


def headers_of(error: ChatWorkspaceError) -> dict[str, str]:
    """Return the headers for an answer that tells an error beside its http_status: Retry-After, where the same request may be made again."""
    if not error.retryable:
        return {}
    return {"Retry-After": str(ceil(error.retry_after or RETRY))}
