"""One caller of the protocol that is built, at one moment: what it has looked at, and how a step of its ends."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.protocol.model import Move, State, Step, by_id, committed
from tests.protocol.rows import Caller, Chat, Look, Rules


class Turn(Step):
    """What every kind of step shares."""

    def __init__(self, rules: Rules, state: State, index: int) -> None:
        super().__init__(state, index)
        self.rules = rules
        self.me: Caller = state.callers[index]
        self.chat: Chat = state.chats[0]

    @property
    def _mine(self) -> bool:
        return self.chat.token == self.me.token

    @property
    def _free(self) -> bool:
        return not (self.rules.claims and self.chat.valid)

    @property
    def _as_looked(self) -> bool:
        chat = self.chat
        return self.me.seen is not None and self.me.seen[:4] == (chat.epoch, chat.generation, chat.bound, chat.planned)

    @property
    def _seen(self) -> Look:
        assert self.me.seen is not None, "it has looked"
        return self.me.seen

    def _blank(self, at: str, calls: int) -> Caller:
        return Caller(at, self.me.op, self.me.wish, calls)

    def _go(self, label: str, **changes: Any) -> Move:
        """Change nothing but how far the caller is."""
        return self.to(self.state, self.me._replace(**changes), label)

    def _again(self, state: State, label: str, *, opened: bool | None = None) -> Move:
        me = self._blank("look", self.me.calls)._replace(opened=self.me.opened if opened is None else opened)
        return self.to(state, me, f"{label}, looks again")

    def _overtaken(self, label: str) -> Move:
        # without claims two holders can overtake each other for ever
        return self._again(self.state, label) if self.rules.claims else self._ends(self.state, "overtaken", label)

    def _ends(self, state: State, outcome: str, label: str) -> Move:
        calls = self.me.calls
        return self.to(state, self._blank("look", calls - 1) if calls > 1 else self._blank(f"done: {outcome}", 0), f"{label}: {outcome}")

    def _told(self, state: State, label: str) -> Move:
        """Tell what the row says; it was read once more."""
        now: Chat = state.chats[0]
        told = tuple(sorted({*state.told, (now.generation, now.bound)}))
        return self._ends(state._replace(told=told), f"told {now.bound} of generation {now.generation}", label)

    def _given_back(self, **changes: Any) -> State:
        """Return the world after a write of the holder."""
        return committed(self.state, self.row(self.state, valid=False, token=(), **changes))

    def _left_with(self, *ids: str | None, mark: str = "") -> tuple[str, ...]:
        lives = {f"{it.id}{mark}" for it in map(partial(by_id, self.state), ids) if it is not None and it.maker == 0 and it.state != "gone"}
        return tuple(sorted({*self.chat.left, *lives}))
