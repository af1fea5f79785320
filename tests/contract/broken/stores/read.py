"""Stores that break a rule of what they are asked: secret, chats, values, turns, history, lists."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from math import inf
from typing import Any
from uuid import UUID

import attrs

from chatworkspace import Chat
from chatworkspace.ports import Intent, Look, NotFoundError
from chatworkspace_fake import MemoryStore
from tests.contract.broken.breaking import Really
from tests.contract.broken.stores.kinds import STORES

LONG = 30.0


def kept(it: MemoryStore, key: str, value: Any) -> Any:
    """Return what the store has kept under a key: at first the value."""
    return vars(it).setdefault("kept", {}).setdefault(key, value)


# ------------------------------------------------------------------ the secret


@STORES.method("secret", "secret.32-bytes")
def half_a_secret(_: MemoryStore, really: Really) -> bytes:
    return bytes(really()[:16])


@STORES.method("secret", "secret.of-its-own")
def no_secret(_: MemoryStore, really: Really) -> bytes:
    del really
    return bytes(32)


@STORES.method("secret", "secret.race")
def a_secret_for_each_who_comes_first(it: MemoryStore, really: Really) -> bytes:
    if it._secrets:
        return bytes(really())
    secret = os.urandom(32)
    it._clock.sleep(0.001)
    it._secrets[:] = [secret]
    return secret


# ------------------------------------------------------------------ chats


@STORES.method("open_chat", "opening.generation-1")
def begins_at_zero(_: MemoryStore, really: Really, *chat: Any) -> Chat:
    opened: Chat = really(*chat)
    return attrs.evolve(opened, generation=0)


@STORES.method("open_chat", "opening.again")
def returns_how_it_began(it: MemoryStore, really: Really, *chat: Any) -> Any:
    return kept(it, chat[0], really(*chat))


@STORES.method("open_chat", "opening.race")
def opens_for_each_who_comes_first(it: MemoryStore, really: Really, *chat: Any) -> Any:
    if chat[0] not in it._rows:
        it._clock.sleep(0.001)
        it._rows.pop(chat[0], None)
    return really(*chat)


@STORES.method("look", "opening.free-and-unplanned")
def names_by_the_id(_: MemoryStore, really: Really, chat_id: str) -> Look:
    look: Look = really(chat_id)
    return attrs.evolve(look, name=look.name or chat_id)


@STORES.method("look", "opening.look-changes-nothing")
def counts_looks(it: MemoryStore, really: Really, chat_id: str) -> Any:
    if chat_id in it._rows:
        it._rows[chat_id].epoch += 1
    return really(chat_id)


@STORES.method("open_chat", "opening.ids")
def strips_ids(_: MemoryStore, really: Really, chat_id: str, *more: Any) -> Any:
    return really(chat_id.strip(), *more)


# ------------------------------------------------------------------ values handed out


@STORES.method("open_chat", "values.chat-and-claim")
def hands_out_one_chat(it: MemoryStore, really: Really, *chat: Any) -> Chat:
    fresh = really(*chat)
    own: Chat = kept(it, chat[0], attrs.evolve(fresh))
    for field in attrs.fields(Chat):
        object.__setattr__(own, field.name, getattr(fresh, field.name))
    return own


@STORES.method("planned", "values.spoilt")
def hands_out_its_plans(it: MemoryStore, really: Really, older_than: float) -> Any:
    return kept(it, "planned", list(really(older_than)))


# ------------------------------------------------------------------ turns


@STORES.method("wait_for_turn", "turn.deadline")
def waits_for_the_claim(_: MemoryStore, really: Really, look: Look, deadline: float) -> None:
    del deadline
    really(look, inf)


@STORES.method("wait_for_turn", "turn.over", "turn.free", "turn.claimed-since")
def waits_to_be_told(it: MemoryStore, really: Really, look: Look, deadline: float) -> None:
    del really
    row, signal = it._rows[look.chat.id], it._clock.signal()
    with row.lock:
        row.waiters.append(signal)
    signal.wait(deadline)


# ------------------------------------------------------------------ history


@STORES.method("history", "history.from-the-beginning")
def tells_the_latest_first(_: MemoryStore, really: Really, chat_id: str) -> Sequence[Intent]:
    return tuple(reversed(really(chat_id)))


@STORES.method("history", "history.new-chat")
def tells_of_an_intent_that_nobody_had(_: MemoryStore, really: Really, chat_id: str) -> Sequence[Intent]:
    return really(chat_id) or (Intent(generation=1, name="", template_id=None),)


@STORES.method("history", "history.unknown")
def knows_of_everybody_that_nothing_was(_: MemoryStore, really: Really, chat_id: str) -> Any:
    with suppress(NotFoundError):
        return really(chat_id)
    return ()


@STORES.method("record_stray", "history.stray")
def keeps_no_strays(_: MemoryStore, really: Really, chat_id: str, workspace_id: UUID, note: str) -> None:
    del note
    really(chat_id, workspace_id, "")


@STORES.method("record_stray", "history.stray-of-unknown")
def drops_strays_of_nobody(_: MemoryStore, really: Really, *stray: Any) -> None:
    with suppress(NotFoundError):
        really(*stray)


# ------------------------------------------------------------------ lists


@STORES.method("chats", "sweep.pages")
def repeats_the_last_of_a_page(it: MemoryStore, really: Really, *, after: str = "", limit: int = 500) -> Any:
    page = really(after=after, limit=limit)
    return page if len(page) < limit or not after else [it.look(after), *page[:-1]]


@STORES.method("chats", "sweep.behind-any-id")
def knows_no_place_behind_others(it: MemoryStore, really: Really, *, after: str = "", limit: int = 500) -> Any:
    return really(after=after, limit=limit) if not after or after in it._rows else ()


@STORES.method("chats", "sweep.as-looked-at")
def lists_without_names(_: MemoryStore, really: Really, **page: Any) -> Sequence[Look]:
    return [attrs.evolve(look, name="") for look in really(**page)]
