"""Where the token comes from, and that it shows nowhere."""

from __future__ import annotations

import threading
from collections.abc import Callable
from inspect import iscoroutinefunction
from uuid import UUID

from chatworkspace import InvalidArgumentError, UnavailableError

HEADER = "Coder-Session-Token"
Token = str | Callable[[UUID | None], str]


class Secret(str):
    """Text that a traceback's locals, a log's arguments and a dict's repr do not show."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class OwnTokenError(UnavailableError):
    """A token function asks for the token that it is asked for. The text is ours."""

    default_retryable = False

    def __init__(self) -> None:
        super().__init__("the token function asks for the token that it is asked for")


class Tokens:
    """Asks for the token of an owner, each time. Safe from any thread if the function is."""

    def __init__(self, token: Token) -> None:
        self._asking = threading.local()
        """Of whom this thread is asking now, by which a function that asks for what it is asked for is told."""
        self._ask: Callable[[UUID | None], str]
        self.each_their_own: bool = callable(token)
        """A function returns them, so that the next may be another."""
        if callable(token):
            if isinstance(token, type) or iscoroutinefunction(token):
                raise InvalidArgumentError("token", "the text of a session token, or a function that returns it: no class, and nothing to be awaited")
            self._ask = token
        else:
            if not _is_usable(token):
                raise InvalidArgumentError("token", "the text of a session token (ASCII, without spaces), or a function that returns it")
            fixed = Secret(token)
            self._ask = lambda _: fixed

    def holder(self, owner_id: UUID | None) -> UUID | None:
        """Tell by whom requests are counted: each owner by their own token, or all by the same."""
        return owner_id if self.each_their_own else None

    def of(self, owner_id: UUID | None) -> Secret:
        """Return the token. UnavailableError, which carries nothing of what the function raised or returned."""
        failed, told, own = "", None, False
        asking: set[UUID | None] = self._asking.__dict__.setdefault("of", set())
        if owner_id in asking:
            raise OwnTokenError
        asking.add(owner_id)
        try:
            told = self._ask(owner_id)
        except OwnTokenError:
            own = True
        except Exception as error:  # noqa: BLE001 # anybody's function may raise anything, with the token in its text
            failed = type(error).__name__
        finally:
            asking.discard(owner_id)
        if own:
            raise OwnTokenError
        if failed:
            raise UnavailableError(f"the token function raised {failed}")
        if not _is_usable(told):
            told = None  # a traceback shows locals
            raise UnavailableError("the token function returned no token")
        return Secret(told)


def _is_usable(told: object) -> bool:
    return isinstance(told, str) and told.isascii() and told.isprintable() and bool(told) and " " not in told
