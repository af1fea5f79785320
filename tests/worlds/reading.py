"""What the rules read out of a history."""

from __future__ import annotations

from uuid import UUID

from chatworkspace import Reason
from tests.worlds.histories import Asked, History, Made, Told, Written

ON_THEIR_WORD = frozenset({"replace", "replace this", "attach", "detach", "delete"})
"""Calls by which a live workspace is left behind because the caller says so."""
REPLACING = frozenset({"replace", "replace this"})
PLAIN = frozenset({"create", "resume"})
"""Calls that make a workspace only where the chat has none, or one whose first build failed."""


def makers(history: History) -> dict[UUID, str]:
    """Return whose making each workspace is: the chat for which its name was asked for."""
    chats = {asked.name.lower(): asked.chat_id for asked in history.asked if asked.kind == "create"}
    return {made.id: chats[made.made_as.lower()] for made in history.made if not made.own and made.made_as.lower() in chats}


def calls(history: History) -> dict[int, Told]:
    """Return the calls by their numbers."""
    return {told.caller: told for told in history.told}


def made_by_id(history: History) -> dict[UUID, Made]:
    """Return what the platform ever had, by its ids."""
    return {made.id: made for made in history.made}


def asked_for(history: History, kind: str) -> list[Asked]:
    """Return the requests of a kind."""
    return [asked for asked in history.asked if asked.kind == kind]


def chat_ids(history: History) -> list[str]:
    """Return the chats that anything was written of."""
    return sorted({it.chat_id for it in history.written})


def writes(history: History, chat_id: str) -> list[Written]:
    """Return what was written of a chat, in its order."""
    return [it for it in history.written if it.chat_id == chat_id]


def plans(history: History, chat_id: str) -> list[Written]:
    """Return the claims that wrote a plan, in their order."""
    return [it for it in writes(history, chat_id) if it.call == "claim" and it.plan is not None]


def leaves(write: Written) -> bool:
    """Tell whether the chat is not bound any more to what it was bound to."""
    return write.before is not None and write.after != write.before


def named(history: History) -> dict[UUID, float]:
    """Return what was named as left behind, and since when it is.

    By an outcome; or, where nobody was left to be told, or one call has left two, by the record of it: the history says what each has replaced.
    """
    since, by_call = _left_since(history), _left_by(history)
    outcomes = {told.caller: told.outcome for told in history.told if told.outcome is not None}
    found = {it.left_behind.workspace_id for it in outcomes.values() if it.left_behind is not None and it.left_behind.reason is not Reason.OVERTAKEN}
    for caller, those in by_call.items():
        if caller not in outcomes or len(those) > 1:
            found |= those
    found |= {it.after for it in history.written if it.call == "attach" and it.after is not None}  # left behind once, and back on a caller's word
    return {workspace_id: since.get(workspace_id, 0.0) for workspace_id in found}


def _left_since(history: History) -> dict[UUID, float]:
    """Return when each was given up first: by a write that names it, or that unbinds it."""
    since: dict[UUID, float] = {}
    for write in history.written:
        for workspace_id in _left_with(history, write):
            since.setdefault(workspace_id, write.at)
    return since


def _left_by(history: History) -> dict[int, set[UUID]]:
    found: dict[int, set[UUID]] = {}
    for write in history.written:
        found.setdefault(write.caller, set()).update(_left_with(history, write))
    return {caller: those for caller, those in found.items() if those}


def _left_with(history: History, write: Written) -> set[UUID]:
    left = {write.before} if write.before is not None and leaves(write) else set[UUID]()
    if write.call in {"attach", "close_chat"}:  # what it found by the name of a plan is in its note alone
        left |= {made.id for made in history.made if write.note.endswith(f"/{made.made_as}") and made.made_at <= write.at < made.gone_at}
    return left


def first_build_failed(made: Made, before: float) -> bool:
    """Tell whether it had one build then, which had failed."""
    builds = [build for build in made.builds if build.asked_at < before or build.number == 1]
    return len(builds) == 1 and builds[0].failed


def replacers(history: History, write: Written) -> list[Written]:
    """Return the plans beside a binding that stood before a write, the first of them first: on whose word something is to be replaced."""
    found: list[Written] = []
    for it in writes(history, write.chat_id):
        if it.seq >= write.seq:
            break
        if it.keep and it.plan is not None:
            found = [*found, it] if it.stood else [it]
        elif not it.stands:
            found = []
    return found
