"""The store's secret; opening chats, and looking at them."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from chatworkspace import Chat
from chatworkspace.ports import NotFoundError
from chatworkspace_contracts._checks import equal, holds, raises
from chatworkspace_contracts._seconds import THREADS
from chatworkspace_contracts._store.stage import CHAT, ORGANIZATION, OTHER_ORGANIZATION, OTHER_OWNER, OWNER, Fresh, detach, topic

SECRET = topic("secret")


@SECRET.rule("32-bytes", "The secret has 32 bytes, as long as a key of HMAC-SHA256 should be.")
def the_secret_is_32_bytes(fresh: Fresh) -> None:
    equal("its length", len(fresh().store.secret()), 32)


@SECRET.rule("stays", "The secret is the same ever after, whatever is done meanwhile: marks are computed from it.")
def the_secret_stays(fresh: Fresh) -> None:
    it = fresh()
    secret = it.store.secret()
    it.bound()
    holds("the same secret", it.store.secret() == secret, "another")


@SECRET.rule("of-its-own", "Two stores have two secrets: a mark of one proves nothing to another.")
def two_stores_have_two_secrets(fresh: Fresh) -> None:
    holds("another secret", fresh().store.secret() != fresh().store.secret(), "the same")


@SECRET.rule("race", "Threads that are the first to ask, together, get one secret.")
def threads_that_ask_first_together_get_one_secret(fresh: Fresh) -> None:
    it = fresh()
    equal("how many secrets there are", len(set(it.threads.together([it.store.secret] * THREADS))), 1)


# ------------------------------------------------------------------ chats

OPENING = topic("opening")


@OPENING.rule("generation-1", "A new chat is unbound, open, and at its first generation.")
def a_chat_opens_at_generation_1(fresh: Fresh) -> None:
    equal("the chat", fresh().open(), Chat(id=CHAT, owner_id=OWNER, organization_id=ORGANIZATION, generation=1))


@OPENING.rule("again", "Opening a chat again returns it as it is, not as it began.")
def opening_again_returns_what_is_stored(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    detach(it, it.claim())
    equal("the chat", it.open(), it.look().chat)
    equal("its generation", it.open().generation, 2)


@OPENING.rule("for-another-owner", "Opening a chat for another owner returns what is stored, for the caller to compare, and changes nothing.")
def opening_for_another_owner_changes_nothing(fresh: Fresh) -> None:
    it = fresh()
    first = it.open()
    equal("the chat", it.store.open_chat(CHAT, OTHER_OWNER, OTHER_ORGANIZATION), first)
    equal("the chat afterwards", it.look().chat, first)


@OPENING.rule("race", "Threads that open one chat, each for another owner, are all told the owner of whoever was first.")
def threads_that_open_one_chat_get_one_row(fresh: Fresh) -> None:
    it = fresh()
    for round_number in range(it.threads.rounds):
        chat_id, owners = f"chat-{round_number}", [UUID(int=number) for number in range(1, THREADS + 1)]
        calls = [partial(it.store.open_chat, chat_id, owner, ORGANIZATION) for owner in owners]
        told = it.threads.together(calls)
        equal("what all are told", told, [it.look(chat_id).chat] * THREADS)


@OPENING.rule("free-and-unplanned", "A new chat looks free: no plan, no name, nobody's claim.")
def a_new_chat_looks_free_and_unplanned(fresh: Fresh) -> None:
    it = fresh()
    chat = it.open()
    look = it.look()
    equal("chat, plan, name and claim", (look.chat, look.plan, look.name, look.claimed_for), (chat, None, "", 0))


@OPENING.rule("look-at-unknown", "Looking at an unknown chat is NotFoundError, and makes none.")
def looking_at_an_unknown_chat(fresh: Fresh) -> None:
    it = fresh()
    for _ in range(2):
        with raises(NotFoundError):
            it.look("nobody")


@OPENING.rule("look-changes-nothing", "Looking changes nothing and takes no claim: two looks in a row are equal.")
def looking_changes_nothing(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    equal("the second look", it.look(), it.look())
    equal("the seconds that it is claimed for", it.look().claimed_for, 0)


@OPENING.rule("ids", "Ids are told apart by every character: case, accents, spaces and signs beyond the basic plane make another chat.")
def ids_are_told_apart_by_every_character(fresh: Fresh) -> None:
    it, ids = fresh(), ["chat", "Chat", "chät", "cha\u0308t", "chat ", " chat", "chat\U0001f600", "%", "'"]
    for chat_id in ids:
        it.open(chat_id)
    equal("the chats", {look.chat.id for look in it.store.chats()}, set(ids))
