"""What ends the waits of calls from outside: a wish to wait no longer, given to them beforehand, and how many may wait at a time."""

from __future__ import annotations

from typing import Protocol

from chatworkspace._domain.arguments import check_instance


class _Ended(Protocol):
    """A call whose patience can be ended."""

    def end(self, *, close: bool) -> None:
        """End it. Any thread."""
        ...


class Cancel:
    """Ends the waits of the calls that it is given to, as interrupt() does for those of a chat: `create(…, cancel=it)`, and later `it.cancel()`.

    For a client that goes away, or a job that is to end. One may be given to many calls, of any ChatWorkspaces, one after the other or at the same
    time. Safe from any thread, and from a signal handler: it takes no lock.
    """

    __slots__ = ("_calls", "_cancelled")

    def __init__(self) -> None:
        self._calls: dict[_Ended, None] = {}
        self._cancelled = False

    @property
    def cancelled(self) -> bool:
        """cancel() was called."""
        return self._cancelled

    def cancel(self) -> None:
        """End the waits, once and for all: a call that gets it afterwards waits for nothing. Nothing on the platform is canceled. Idempotent."""
        self._cancelled = True
        for call in list(self._calls):  # no tuple, as in Calls
            call.end(close=False)

    def __repr__(self) -> str:
        return f"<Cancel, {'cancelled' if self._cancelled else 'not cancelled'}>"


def check_cancel(cancel: object) -> None:
    """Raise InvalidArgumentError unless it is a Cancel."""
    check_instance("cancel", cancel, Cancel)


def begin(cancel: Cancel, call: _Ended) -> None:
    """Note a call that begins; first of all, so that either it sees that all is over, or whoever ends all sees it."""
    cancel._calls[call] = None  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] # this module's own
    if cancel.cancelled:
        call.end(close=False)


def leave(cancel: Cancel, call: _Ended) -> None:
    """Forget a call that has ended."""
    cancel._calls.pop(call, None)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] # as above


class Places:
    """The places of those who wait. Needs no lock: each is taken and given back by one operation of a list."""

    def __init__(self, number: int | None = None) -> None:
        """Make so many; None: one for everybody."""
        self.limited = number is not None
        self._free = [None] * (number or 0)

    def take(self) -> bool:
        """Take one; False: there is none."""
        try:
            return not self.limited or self._free.pop() is None
        except IndexError:
            return False

    def give_back(self) -> None:
        """Give back one that was taken."""
        if self.limited:
            self._free.append(None)
