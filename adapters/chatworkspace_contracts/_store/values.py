"""What a store has handed out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import attrs

from chatworkspace_contracts._checks import differ, equal, holds
from chatworkspace_contracts._store.stage import CHAT, WORKSPACE, Fresh, a_plan, detach, topic

VALUES = topic("values")


@VALUES.rule("look", "A look does not change with its chat: the chat goes on and is looked at again, the look stays.")
def a_look_does_not_change_with_its_chat(fresh: Fresh) -> None:
    it = fresh()
    it.open()
    look = it.look()
    copy = attrs.evolve(look)
    it.bound()
    differ("another look", it.look(), copy)
    equal("the first look", look, copy)


@VALUES.rule("chat-and-claim", "A chat and a claim that were handed out do not change with what is stored.")
def a_chat_handed_out_does_not_change(fresh: Fresh) -> None:
    it = fresh()
    chat, claim = it.open(), it.claim(plan=a_plan())
    it.store.bind(claim, WORKSPACE)
    equal("what is bound", it.open().workspace_id, WORKSPACE)
    equal("the binding of the first chat", chat.workspace_id, None)
    equal("the binding of the claim's chat", claim.chat.workspace_id, None)
    holds("the claim's plan", claim.plan is not None, claim.plan)


@VALUES.rule("spoilt", "Emptying the lists that a store has returned takes nothing from it.")
def what_was_handed_out_can_be_spoilt(fresh: Fresh) -> None:
    it = fresh()
    it.claim(plan=a_plan())
    reads: dict[str, Callable[[], Sequence[object]]] = {
        "history()": partial(it.store.history, CHAT),
        "planned()": partial(it.store.planned, 0),
        "chats()": it.store.chats,
    }
    for name, read in reads.items():
        _spoil(read())
        equal(f"how many {name} returns", len(read()), 1)


@VALUES.rule("history", "A history that was handed out does not grow.")
def a_history_handed_out_does_not_grow(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    before = it.store.history(CHAT)
    read = list(before)
    detach(it, it.claim())
    equal("how long the history is", len(it.store.history(CHAT)), 2)
    equal("what was read before", list(before), read)


def _spoil(values: Sequence[object]) -> None:
    """Change what a store has handed out, where it can be changed."""
    if isinstance(values, list):
        values.clear()
