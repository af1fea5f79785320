"""The first protocol for one chat and one workspace, and what can be repaired about it: claim, write a plan, ask, bind.

As it was designed first, names were random, and who found a workspace under its name took it by its template. Each field of `Rules` is one
decision; the defaults are the first design's. `runs` shows which of them breaks what, and that three of the others are enough: one name for each
chat, computed; the name as the proof; and no live workspace replaced by the protocol's own decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import attrs

from tests.protocol.model import (
    Move,
    Request,
    State,
    Step,
    Workspace,
    begin,
    by_id,
    by_name,
    committed,
    is_live,
    is_over,
    put,
    sent,
)


@attrs.frozen(kw_only=True)
class Rules:
    """What may be decided in one way or another."""

    names: str = "random"
    """random; sticky: one for each chat, written down; derived: sticky, and computed from the chat."""
    suffix: bool = False
    """A name that was wished for gets the chat's own ending."""
    record_second: bool = False
    """The second name is written down before it is asked for."""
    refused: str = "next"
    """next: the next call plans anew; same: it goes on with the same plan."""
    adopt: str = "template"
    """What is found under the name is ours: template: if it is from the template that was asked for, and nobody's; proof: by its name."""
    on_failed: str = "replace"
    """What is done about a build that failed: replace or keep."""
    on_unreach: str = "replace"
    """What is done about an agent that cannot be reached."""
    fence: str = "epoch"
    """What a write must carry: epoch, or token as well."""
    stale: str = "error"
    """What a refused holder does: error, or again: it looks again."""
    reserve: bool = False
    """The store refuses a name that another chat has planned."""
    amend: bool = False
    """A caller writes its own wish into the plan that it goes on with."""
    claims: bool = True
    """False: a claim keeps nobody out; its epoch is counted."""
    settle: bool = True
    """Attach and detach look first for what a plan may have become."""
    count_up: bool = True
    """Attach and detach count the generation up."""


class Chat(NamedTuple):
    """A chat's row."""

    generation: int = 1
    bound: str | None = None
    epoch: int = 0
    token: tuple[int, ...] = ()
    valid: bool = False
    """Somebody's claim is in force."""
    number: int = 0
    left: tuple[str, ...] = ()
    """Live ones that were named as left behind."""


class Intent(NamedTuple):
    """A generation's plan."""

    chat: int
    generation: int
    name: str
    others: tuple[str, ...]
    state: str
    templates: tuple[int, ...]
    became: str | None = None


class Caller(NamedTuple):
    """Somebody who calls, and how far it has come."""

    at: str
    op: str = "create"
    chat: int = 0
    template: int = 1
    wish: str = ""
    calls: int = 1
    """To be made, this one included."""
    epoch: int = 0
    token: tuple[int, ...] = ()
    generation: int = 0
    bound: str | None = None
    intent: Intent | None = None
    name: str = ""
    request: int = 0
    made: str | None = None
    conflicts: int = 0
    asked: bool = False
    """An earlier request of this plan may have been acted upon."""


def caller(op: str = "create", *, template: int = 1, wish: str = "", calls: int = 1, chat: int = 0) -> Caller:
    """Return somebody who has not begun."""
    return Caller("claim", op, chat, template, wish, calls)


def world(callers: Sequence[Caller], faults: dict[str, int], *, chats: int = 1) -> State:
    """Return the beginning."""
    return begin((Chat(),) * chats, tuple(callers), faults)


def moves(rules: Rules, state: State) -> Iterator[Move]:
    """Yield what the callers may do next."""
    for index in range(len(state.callers)):
        yield from _Turn(rules, state, index).moves()


class _Turn(Step):
    """One caller at one moment: all that it may do next."""

    def __init__(self, rules: Rules, state: State, index: int) -> None:
        super().__init__(state, index)
        self.rules = rules
        self.me: Caller = state.callers[index]
        self.chat: Chat = state.chats[self.me.chat]

    def moves(self) -> Iterator[Move]:
        """Yield them."""
        at = self.me.at
        if is_over(self.me):
            return
        yield from STEPS[at](self)
        if at != "claim":
            yield from self.dies(self._blank("dead"))

    # ------------------------------------------------------------ how a step ends

    def _blank(self, at: str, *, calls: int = 0) -> Caller:
        return Caller(at, self.me.op, self.me.chat, self.me.template, self.me.wish, calls)

    def _next_call(self, outcome: str) -> Caller:
        return self._blank("claim", calls=self.me.calls - 1) if self.me.calls > 1 else self._blank(f"done: {outcome}")

    def _ends(self, state: State, outcome: str, label: str) -> Move:
        """Give the claim back, if it is still the caller's, and end."""
        row = state.chats[self.me.chat]
        if self._mine() and row.valid and row.token == self.me.token:
            state = committed(state, self.row(state, self.me.chat, valid=False, token=()))
        return self.to(state, self._next_call(outcome), f"{label}: {outcome}")

    def _stale(self, what: str) -> Move:
        if self.rules.stale == "again":
            return self.to(self.state, self._blank("claim", calls=self.me.calls), f"{what} is refused (overtaken), looks again")
        return self.to(self.state, self._next_call("stale"), f"{what} is refused (overtaken)")

    def _mine(self) -> bool:
        same_token = self.rules.fence != "token" or self.chat.token == self.me.token
        return self.chat.epoch == self.me.epoch and same_token

    # ------------------------------------------------------------ the steps

    def claim(self) -> Iterator[Move]:
        if self.chat.valid and self.rules.claims:
            return
        token, epoch = (self.index, self.me.calls, self.chat.epoch + 1), self.chat.epoch + 1
        intent = current(self.state, self.me.chat)
        state = committed(self.state, self.row(self.state, self.me.chat, epoch=epoch, token=token, valid=True))
        me = self.me._replace(epoch=epoch, token=token, generation=self.chat.generation, bound=self.chat.bound, intent=intent)
        if self.me.op != "create":
            me = me._replace(at="settle")
        elif self.chat.bound is not None:
            me = me._replace(at="read")
        elif intent is not None and intent.state == "planned":
            me = me._replace(at="look", name=intent.name, asked=True)
        else:
            me = me._replace(at="plan")
        yield self.to(state, me, f"claims epoch {epoch}, reads generation {self.chat.generation}, bound {self.chat.bound}")

    def settle(self) -> Iterator[Move]:
        found, intent = None, self.me.intent
        if self.me.bound is not None:
            found = by_id(self.state, self.me.bound)
        elif self.rules.settle and intent is not None and intent.state == "planned":
            found = by_name(self.state, intent.name)
        made = found.id if found is not None and found.state != "gone" else None
        yield self.to(self.state, self.me._replace(at="unlink", made=made), f"{self.me.op}: looks first, finds {made}")

    def unlink(self) -> Iterator[Move]:
        if not self._mine():
            yield self._stale(self.me.op)
            return
        found, new, state = by_id(self.state, self.me.made), None, self.state
        mine = found is not None and found.maker == self.me.chat
        if self.me.op == "attach":
            new = "U0"
            if by_id(state, new) is None:
                state = state._replace(workspaces=(*state.workspaces, Workspace(new, "theirs", None)))
        behind = tuple(sorted({*self.chat.left, *([self.me.made] if mine and self.me.made else [])}))
        after = self.row(
            state,
            self.me.chat,
            bound=new,
            left=behind,
            valid=False,
            token=(),
            generation=self.chat.generation + self.rules.count_up,
            number=self.chat.number + mine,
        )
        yield self.to(committed(state, after), self._blank(f"done: {self.me.op}"), f"{self.me.op}: bound to {new}, left behind {behind}")

    def read(self) -> Iterator[Move]:
        found = by_id(self.state, self.me.bound)
        what = "gone" if found is None else found.state
        replaced = what == "gone" or (what, "replace") in {("failed", self.rules.on_failed), ("unreach", self.rules.on_unreach)}
        if replaced:
            yield self.to(self.state, self.me._replace(at="plan"), f"reads {self.me.bound}: {what}, a new generation")
        else:
            yield self._ends(self.state, "has one", f"reads {self.me.bound}: fine")

    def plan(self) -> Iterator[Move]:
        if not self._mine():
            yield self._stale("the plan")
            return
        opened = self.me.bound is not None or current(self.state, self.me.chat) is not None
        generation = self.chat.generation + opened
        name, number, state = self._name()
        if self.rules.reserve and any(it.chat != self.me.chat and it.name == name and it.state in {"planned", "bound"} for it in state.intents):
            name, state = self._fresh(state, number)
        intent = Intent(self.me.chat, generation, name, (), "planned", (self.me.template,))
        state = self.row(state._replace(intents=(*state.intents, intent)), self.me.chat, generation=generation, bound=None, number=number)
        me = self.me._replace(at="send", generation=generation, intent=intent, name=name, asked=False)
        yield self.to(committed(self.state, state), me, f"plans generation {generation} under the name {name}")

    def _name(self) -> tuple[str, int, State]:
        """Return the name to be planned, the number that goes with it, and the world in which it was drawn."""
        rules, number, me = self.rules, self.chat.number, self.me
        kept = next((it.name for it in reversed(self.state.intents) if it.chat == me.chat), "")
        if me.bound is not None and is_live(self.state, me.bound):
            kept, number = "", number + (rules.names == "derived")
        stem = f"own{me.chat}.{number}"
        wished_first = not kept.startswith("own") and number == 0
        if kept and (rules.names == "sticky" or (rules.names == "derived" and (kept.startswith(stem) or wished_first))):
            return kept, number, self.state
        if me.wish:
            return f"{stem}.{me.wish}" if rules.suffix else me.wish, number, self.state
        return self._fresh(self.state, number)[0], number, self._fresh(self.state, number)[1]

    def _fresh(self, state: State, number: int) -> tuple[str, State]:
        if self.rules.names == "derived":
            return f"own{self.me.chat}.{number}", state
        return f"random{state.drawn}", state._replace(drawn=state.drawn + 1)

    def look(self, *, again: bool = False) -> Iterator[Move]:
        """Look by name: before a request of the caller's own, or (again) once that had no clear answer."""
        me, found = self.me, by_name(self.state, self.me.name)
        if found is not None:
            at, whose = ("bind", "ours") if self._ours(found) else ("second", "somebody else's")
            yield self.to(self.state, me._replace(at=at, made=found.id if at == "bind" else None), f"looks for {me.name}: {found.id}, {whose}")
        elif again:
            yield self._ends(self.state, "unknown", f"looks for {me.name}: absent")
        else:
            assert me.intent is not None
            at = "amend" if self.rules.amend and me.template not in me.intent.templates else "send"
            yield self.to(self.state, me._replace(at=at), f"looks for {me.name}: absent, goes on with the plan")

    def _ours(self, found: Workspace) -> bool:
        assert self.me.intent is not None
        same_template = found.template in self.me.intent.templates
        if self.rules.adopt == "template":
            return same_template and not any(chat.bound == found.id for number, chat in enumerate(self.state.chats) if number != self.me.chat)
        return self.me.name.startswith(("own", "random")) or (self.me.asked and same_template)

    def amend(self) -> Iterator[Move]:
        if not self._mine():
            yield self._stale("the amendment")
            return
        assert self.me.intent is not None
        intent = self.me.intent._replace(templates=(*self.me.intent.templates, self.me.template))
        state = committed(self.state, self._amended(self.state, templates=intent.templates))
        yield self.to(state, self.me._replace(at="send", intent=intent), f"amends the plan: template {self.me.template} as well")

    def _amended(self, world: State, /, **changes: Any) -> State:
        key = self.me.chat, self.me.generation
        index = next((index for index, it in enumerate(world.intents) if (it.chat, it.generation) == key), None)
        if index is None:  # a fail-over has taken it back
            return world
        return world._replace(intents=put(world.intents, index, world.intents[index]._replace(**changes)))

    def second(self) -> Iterator[Move]:
        if self.me.conflicts:
            yield self._ends(self.state, "conflict", "the second conflict")
        elif not self.rules.record_second:
            name, state = self._fresh(self.state, self.chat.number)
            yield self.to(state, self.me._replace(at="send", name=name, conflicts=1), f"takes a second name, {name}")
        elif not self._mine():
            yield self._stale("the second name")
        else:
            assert self.me.intent is not None
            number = self.chat.number + (self.rules.names == "derived")
            name, state = self._fresh(self.row(self.state, self.me.chat, number=number), number)
            state = committed(self.state, self._amended(state, name=name, others=(*self.me.intent.others, self.me.name)))
            yield self.to(state, self.me._replace(at="send", name=name, conflicts=1, asked=False), f"writes a second name down, {name}")

    def send(self) -> Iterator[Move]:
        me = self.me
        state, number = sent(self.state, Request(0, me.name, me.template, me.chat, self.index))
        yield self.to(state, me._replace(at="answer", request=number), f"sends POST {me.name}")

    def answer(self) -> Iterator[Move]:
        yield from self.answered(self.me, found_as="made", taken="look again", asked=True)

    def refused(self) -> Iterator[Move]:
        if not self._mine():
            yield self._stale("the refusal")
        elif self.rules.refused == "next":
            yield self._ends(committed(self.state, self._amended(self.state, state="refused")), "refused", "notes that the plan was refused")
        else:
            yield self._ends(self.state, "refused", "leaves the plan standing")

    def bind(self) -> Iterator[Move]:
        if not self._mine():
            yield self._stale("bind")
            return
        state = self._amended(self.state, state="bound", became=self.me.made)
        state = committed(self.state, self.row(state, self.me.chat, bound=self.me.made, valid=False, token=()))
        yield self.to(state, self._next_call("bound"), f"binds {self.me.made}, gives the claim back")


def current(state: State, chat: int) -> Intent | None:
    generation = state.chats[chat].generation
    return next((it for it in reversed(state.intents) if (it.chat, it.generation) == (chat, generation)), None)


STEPS: dict[str, Callable[[_Turn], Iterator[Move]]] = {
    "claim": _Turn.claim,
    "settle": _Turn.settle,
    "unlink": _Turn.unlink,
    "read": _Turn.read,
    "plan": _Turn.plan,
    "look": _Turn.look,
    "amend": _Turn.amend,
    "second": _Turn.second,
    "send": _Turn.send,
    "answer": _Turn.answer,
    "look again": partial(_Turn.look, again=True),
    "refused": _Turn.refused,
    "bind": _Turn.bind,
}
