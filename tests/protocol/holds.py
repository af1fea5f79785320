"""What must hold in every world that the protocols can come to: one function for each, which says how it is broken, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from tests.protocol import naming, replacing, rows
from tests.protocol.model import FAULTS, State, Workspace, first_way, is_live, is_quiet

Check = Callable[[Any, State], str]
"""Of the protocol's rules and a world."""


def broken(checks: Iterable[Check], rules: Any, state: State) -> str:
    """Return what is wrong with a world, or nothing."""
    return next((f"{check.__name__}: {why}" for check in checks if (why := check(rules, state))), "")


def _calm(state: State, **changes: Any) -> State:
    """Return the world once faults have ended, and claims as well."""
    free = tuple(chat._replace(valid=False, token=()) for chat in state.chats)
    return state._replace(chats=free, budget=(0,) * len(FAULTS), before=None, **changes)


# ---------------------------------------------------------------- of the first protocol


def one_live(rules: naming.Rules, state: State) -> str:
    """No two live workspaces of one chat's making, save those left behind by name."""
    del rules
    for number, chat in enumerate(state.chats):
        live = [it.id for it in state.workspaces if it.maker == number and it.state != "gone" and it.id not in chat.left]
        if len(live) > 1:
            return f"{' and '.join(live)} are one chat's making"
    return ""


def no_stranger(rules: naming.Rules, state: State) -> str:
    """No chat is bound to what the user has made by hand."""
    del rules
    makers = {it.id: it.maker for it in state.workspaces}
    return next((f"a chat is bound to {chat.bound}" for chat in state.chats if chat.bound and makers[chat.bound] is None), "")


def none_shared(rules: naming.Rules, state: State) -> str:
    """No two chats are bound to one workspace."""
    del rules
    bound = [chat.bound for chat in state.chats if chat.bound]
    return f"two chats are bound to {bound[0]}" if len(bound) != len(set(bound)) else ""


def strays_told(rules: naming.Rules, state: State) -> str:
    """Of what lives and is no chat's, a plan says that it was refused or overtaken, for a sweep to see."""
    del rules
    if state.requests or not all(caller.at.startswith("done") for caller in state.callers):
        return ""
    for it in state.workspaces:
        chat: naming.Chat | None = None if it.maker is None else state.chats[it.maker]
        if chat is None or it.state == "gone" or chat.bound in {None, it.id}:
            continue
        plans = [plan for plan in state.intents if plan.chat == it.maker and (plan.name == it.name or plan.became == it.id)]
        if plans and all(plan.state == "planned" and plan.generation == chat.generation for plan in plans):
            return f"{it.id} is no chat's, and its plan is {plans[0].state} in the present generation"
    return ""


def recorded(rules: naming.Rules, state: State) -> str:
    """Whatever lives leads back to its chat: by a record, or by its name."""
    if not is_quiet(state):
        return ""
    for it in state.workspaces:
        if it.maker is None or it.state == "gone":
            continue
        chat: naming.Chat = state.chats[it.maker]
        own = tuple(f"own{it.maker}.{number}" for number in range(chat.number + 1))
        if rules.names == "derived" and it.name.startswith(own):
            continue
        known = any(plan.chat == it.maker and (plan.became == it.id or it.name in {plan.name, *plan.others}) for plan in state.intents)
        if not known and not any(other.bound == it.id for other in state.chats):
            return f"nothing leads to {it.id} ({it.name})"
    return ""


def goes_on(rules: naming.Rules, state: State) -> str:
    """Once faults end, a later caller gets each chat a live workspace."""
    if not is_quiet(state):
        return ""
    for number in range(len(state.chats)):
        end = first_way(_calm(state, callers=(naming.caller(chat=number, calls=4),)), partial(naming.moves, rules))
        if not is_live(end, end.chats[number].bound):
            return f"a later caller gets chat {number} no live workspace"
    return ""


# ---------------------------------------------------------------- of the one that is built


def _own(state: State) -> list[Workspace]:
    """Return the live ones of the chat's making."""
    return [it for it in state.workspaces if it.maker == 0 and it.state != "gone"]


def _not_left(state: State) -> list[Workspace]:
    chat: rows.Chat = state.chats[0]
    behind = {it.rstrip("~") for it in chat.left}
    return [it for it in _own(state) if it.id not in behind]


def _word(state: State) -> set[str]:
    """Return what was left behind for good, on somebody's word."""
    chat: rows.Chat = state.chats[0]
    return {it for it in chat.left if not it.endswith("~")}


def one(rules: rows.Rules, state: State) -> str:
    """One live workspace of the chat's making; and while a replacement stands, what it has made beside what is bound."""
    del rules
    chat: rows.Chat = state.chats[0]
    live = _not_left(state)
    others = [it for it in live if it.id != chat.bound]
    beside = chat.planned and chat.bound is not None
    if len(others) > 1 or (len(live) > 1 and not (beside and others[0].name == chat.name)):
        return f"{[(it.id, it.name) for it in live]}, bound to {chat.bound}, {'a' if chat.planned else 'no'} plan stands"
    return ""


def one_unless_replaced(rules: rows.Rules, state: State) -> str:
    """Nothing but one where nothing was ever left behind: what is replaced, then deleted, then asked for by a late request, is a limit."""
    del rules
    chat: rows.Chat = state.chats[0]
    live = _not_left(state)
    if len(live) > 1 and not chat.planned and not _word(state) and chat.bound:
        return f"{[(it.id, it.name) for it in live]}, bound to {chat.bound}"
    return ""


def kept_now(rules: rows.Rules, state: State) -> str:
    """While W0 lives, nobody has given it up, and nothing took its place, the chat is bound to it."""
    del rules
    chat: rows.Chat = state.chats[0]
    alone = not chat.closed and is_live(state, "W0") and "W0" not in _word(state) and {it.id for it in _own(state)} <= {"W0"}
    return f"W0 lives, nothing took its place, and the chat is bound to {chat.bound}" if alone and chat.bound != "W0" else ""


def kept(rules: rows.Rules, state: State) -> str:
    """Once all is quiet, the same."""
    return kept_now(rules, state) if is_quiet(state) else ""


def asked_for(rules: rows.Rules, state: State) -> str:
    """No plain create asks for another while W0 lives and was given up on nobody's word."""
    del rules
    if not is_live(state, "W0") or "W0" in _word(state):
        return ""
    senders = [state.callers[it.sender].op for it in state.requests if it.sender is not None]
    return "a plain create asks for another while W0 lives" if "create" in senders else ""


def told_the_same(rules: rows.Rules, state: State) -> str:
    """All who are told a workspace of one generation are told the same one."""
    del rules
    return f"two workspaces of one generation, {state.told}" if len({it for it, _ in state.told}) != len(state.told) else ""


def led_back(rules: rows.Rules, state: State) -> str:
    """Whatever lives leads back: its number is at most one above the one in use."""
    del rules
    chat: rows.Chat = state.chats[0]
    far = is_quiet(state) and any(int(it.name[1]) > chat.number + 1 for it in _own(state))
    return "a number is far above the one in use" if far else ""


def leads_on(rules: rows.Rules, state: State) -> str:
    """Once faults end, a later plain create gets the chat a live workspace, unless it was closed."""
    if not is_quiet(state) or state.chats[0].closed:
        return ""
    calm = _calm(state, told=(), callers=(rows.caller("create", 2),))
    end = first_way(calm, partial(replacing.moves, rules), steps=100)
    return "" if is_live(end, end.chats[0].bound) else "a later create gets no live workspace"


def accounted_for(rules: rows.Rules, state: State) -> str:
    """Once all is quiet, what lives is bound, left behind on somebody's word, or will be found by the plan that stands."""
    del rules
    chat: rows.Chat = state.chats[0]
    if not is_quiet(state):
        return ""
    lost = [it.id for it in _own(state) if it.id not in {chat.bound, *_word(state)} and not (chat.planned and it.name == chat.name)]
    return f"{', '.join(lost)} live, and neither binding nor plan leads there" if lost else ""


def no_plan(rules: rows.Rules, state: State) -> str:
    """Once all is quiet, no plan stands: so it is where every request had a clear answer."""
    del rules
    return "a plan stands, and every request was answered" if is_quiet(state) and state.chats[0].planned else ""


# ---------------------------------------------------------------- of a deletion


def shut(rules: rows.Rules, state: State) -> str:
    """No closed chat is bound to anything, nor has it a plan."""
    del rules
    chat: rows.Chat = state.chats[0]
    return f"closed, bound to {chat.bound}, planned: {chat.planned}" if chat.closed and (chat.bound or chat.planned) else ""


def harmless(rules: rows.Rules, state: State) -> str:
    """Nothing is deleted that another chat is bound to."""
    del rules
    return "what another chat had was deleted" if state.chats[0].harmed else ""


def one_a_call(rules: rows.Rules, state: State) -> str:
    """One call deletes one workspace at most: none that was made after it had begun."""
    del rules
    calls: tuple[tuple[int, int], ...] = state.chats[0].deletions
    return f"one call has deleted more than one: {calls}" if len(calls) != len(set(calls)) else ""


def spares(rules: rows.Rules, state: State) -> str:
    """No workspace is deleted that is not of the chat's own making."""
    del rules
    gone = next((it for it in state.workspaces if it.id == "W0"), None)
    return "W0, which is not the chat's making, was deleted" if gone is not None and gone.state == "gone" else ""


def wiped(rules: rows.Rules, state: State) -> str:
    """Once all is quiet, nothing of the chat's making lives."""
    del rules
    there = [it.id for it in _own(state)]
    return f"{', '.join(there)} live" if is_quiet(state) and there else ""


def deletes_on(rules: rows.Rules, state: State) -> str:
    """Once faults end, the same call again deletes what the chat had, if it is its own and no other chat's."""
    chat: rows.Chat = state.chats[0]
    if not is_quiet(state) or not chat.closed:
        return ""
    end = first_way(_calm(state, told=(), callers=(rows.caller("delete", 1),)), partial(replacing.moves, rules), steps=100)
    there = [it.id for it in _own(end) if it.id in {chat.had, end.chats[0].had} and it.id != chat.other]
    return f"a later deletion leaves {there[0]}" if there else ""


OF_DELETION: tuple[Check, ...] = (one, shut, harmless, one_a_call, asked_for, told_the_same, led_back, leads_on, deletes_on)
ALWAYS: tuple[Check, ...] = (one, kept, asked_for, told_the_same, led_back, leads_on)
AT_EVERY_INSTANT: tuple[Check, ...] = (*ALWAYS, kept_now)
