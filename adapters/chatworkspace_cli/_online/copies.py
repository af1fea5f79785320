"""Whether another store with this one's secret makes workspaces on the platform: the original of a clone, or the other way round. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from chatworkspace import Workspace
from chatworkspace.ports import Look, Store, mark_in, marks_ahead

MOST_CHATS = 10_000
"""Chats of one owner that are looked at: each costs some HMACs."""


def made_elsewhere(store: Store, owner_id: UUID, workspaces: Sequence[Workspace]) -> Sequence[Workspace]:
    """Return those that bear a mark of a chat which this store knows, and which it has not given to that chat yet.

    None where there are none, or where the chats are of one moment with the copy: who made them cannot be told then. UnavailableError.
    """
    made = {mark_in(it.name): it for it in workspaces}
    if not made:
        return ()
    secret = store.secret()
    return [made[mark] for look in _of_owner(store, owner_id) for mark in _not_given(secret, look) if mark in made]


def _of_owner(store: Store, owner_id: UUID) -> Iterator[Look]:
    after, seen = "", 0
    while page := store.chats(after=after):
        after = page[-1].chat.id
        for look in page:
            if look.chat.owner_id == owner_id and seen < MOST_CHATS:
                seen += 1
                yield look


def _not_given(secret: bytes, look: Look) -> Sequence[str]:
    never_planned = not look.name and look.chat.workspace_id is None
    return marks_ahead(secret, look.chat.id, look.number - never_planned)
