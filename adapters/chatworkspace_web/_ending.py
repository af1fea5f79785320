"""End what waits when a server is told to end."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType

from chatworkspace import InvalidArgumentError
from chatworkspace_web._arguments import check_function


def close_at_signal(close: Callable[[], object], *numbers: int) -> None:
    """Call `close` as soon as this process is told to end; then comes what the server does itself.

    close: ChatWorkspaces.close, or a function that closes what there is; it must not wait. numbers: signals; default: SIGTERM.

    Whoever waits is told ClosedError at once, whose http_status is 503 and which may be made again, and streams end. So the server's own graceful
    end, which waits for requests under way, takes no longer than a request that changes something, `Timeouts.creating` at most: let it have more
    patience than that (gunicorn: graceful_timeout). To be called in the main thread of the process that serves, once the server has its own handlers
    (gunicorn: the hook post_worker_init; uvicorn: the application's lifespan). InvalidArgumentError.
    """
    check_function("close", close)
    try:
        for number in numbers or (signal.SIGTERM,):
            _add(close, number)
    except (TypeError, ValueError, OSError):
        raise InvalidArgumentError("numbers", "signals that can be handled, and to be called in the main thread") from None


def _add(close: Callable[[], object], number: int) -> None:
    before = signal.getsignal(number)

    def ended(told: int, frame: FrameType | None) -> None:
        close()
        if callable(before):
            before(told, frame)
        elif before is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    signal.signal(number, ended)
