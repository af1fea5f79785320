"""Lists the chats that a store knows, those that are wanted, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

import attrs

from chatworkspace._application.asking import Asking
from chatworkspace._domain.arguments import Id, check_filter, to_uuid
from chatworkspace.errors import UnavailableError
from chatworkspace.model import Chat
from chatworkspace.outcomes import Chats
from chatworkspace.ports import Clock, Look, Store
from chatworkspace.timeouts import Timeouts

PAGE = 500
"""Rows that a store is asked for at a time."""


def wanted_of(owner_id: Id | None, organization_id: Id | None, *, bound: bool | None, closed: bool | None, planned: bool | None) -> Wanted:
    """Return which chats are wanted. InvalidArgumentError."""
    return Wanted(
        owner_id=None if owner_id is None else to_uuid("owner_id", owner_id),
        organization_id=None if organization_id is None else to_uuid("organization_id", organization_id),
        bound=check_filter("bound", bound),
        closed=check_filter("closed", closed),
        planned=check_filter("planned", planned),
    )


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Wanted:
    """Which chats; what is None leaves none out."""

    owner_id: UUID | None
    organization_id: UUID | None
    bound: bool | None
    closed: bool | None
    planned: bool | None

    def fits(self, look: Look) -> bool:
        """Tell whether a chat is one of them. UnavailableError: its row is odd."""
        chat = look.chat
        return (
            self.owner_id in (None, chat.owner_id)
            and self.organization_id in (None, chat.organization_id)
            and self.bound in (None, chat.workspace_id is not None)
            and self.closed in (None, chat.closed)
            and self.planned in (None, look.plan is not None)
        )


class Lister:
    """Lists the chats of one store. Safe from any thread."""

    def __init__(self, *, asking: Asking, store: Store, clock: Clock, timeouts: Timeouts) -> None:
        self._asking = asking
        self._store = store
        self._clock = clock
        self._timeouts = timeouts

    def chats(self, wanted: Wanted, after: str, limit: int) -> Chats:
        """Return as many as are wanted, or as are found before half of the time of a look is over: the rest is for a statement that is slow.

        UnavailableError.
        """
        found, errors, until = list[Chat](), dict[str, str](), self._clock.monotonic() + self._timeouts.planning / 2
        for rows in pages(self._asking, self._store, after):
            for look in rows:
                after = look.chat.id
                try:
                    if wanted.fits(look):
                        found.append(look.chat)
                except UnavailableError as error:
                    errors[after] = str(error)
                if len(found) == limit:
                    return Chats(chats=tuple(found), after=after, errors=errors)
            if self._clock.monotonic() >= until:
                return Chats(chats=tuple(found), after=after, errors=errors)
        return Chats(chats=tuple(found), errors=errors)


def pages(asking: Asking, store: Store, after: str = "") -> Iterator[Sequence[Look]]:
    """Return the rows behind one, a page at a time, each asked for when it is wanted. UnavailableError."""
    while True:
        asking.check()
        rows = asking.recorded(store.chats, after=after, limit=PAGE)
        if rows:
            yield rows
        if not rows or rows[-1].chat.id <= after:
            return  # a store that does not go on would be asked without end
        after = rows[-1].chat.id
