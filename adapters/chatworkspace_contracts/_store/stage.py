"""A store in the hands of a rule."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from uuid import UUID

import attrs

from chatworkspace import Chat
from chatworkspace.ports import Claim, Clock, Intent, Look, Plan, Store
from chatworkspace_contracts._checks import present
from chatworkspace_contracts._rules import Topic
from chatworkspace_contracts._seconds import BRIEF, LONG
from chatworkspace_contracts._threads import Threads
from chatworkspace_contracts._worlds import StoreWorld

CHAT = "chat-1"
NAME = "dev-abcdefghij"
OWNER, OTHER_OWNER, ORGANIZATION, OTHER_ORGANIZATION, TEMPLATE, OTHER_TEMPLATE, PRESET = (UUID(int=number) for number in range(1, 8))
WORKSPACE, ANOTHER, THIRD = (UUID(int=number) for number in range(101, 104))
GIVEN = 5
"""The number that attach, detach and close are given."""

_tokens = count()


@attrs.frozen
class Stage:
    """A fresh store, and what makes it handy."""

    store: Store
    clock: Clock
    threads: Threads
    _another: Callable[[], Store] | None = None

    def open(self, chat_id: str = CHAT) -> Chat:
        """Open a chat."""
        return self.store.open_chat(chat_id, OWNER, ORGANIZATION)

    def look(self, chat_id: str = CHAT) -> Look:
        """Look at it."""
        return self.store.look(chat_id)

    def claim(self, chat_id: str = CHAT, *, plan: Plan | None = None, ttl: float = LONG, keep: bool = False) -> Claim:
        """Look at a chat, opened if need be, and claim it."""
        self.open(chat_id)
        return self.store.claim(self.look(chat_id), token=fresh_token(), ttl=ttl, plan=plan, keep=keep)

    def bound(self, workspace_id: UUID = WORKSPACE, chat_id: str = CHAT) -> Claim:
        """Make a chat whose making is this workspace, bound to it; return the claim, which was given back."""
        claim = self.claim(chat_id, plan=a_plan())
        self.store.bind(claim, workspace_id)
        return claim

    def overtaken(self, *, plan: Plan | None = None) -> Claim:
        """Return a claim that was over, and that somebody has claimed after."""
        claim = self.claim(plan=plan, ttl=BRIEF)
        self.clock.sleep(2 * BRIEF)
        self.claim()
        return claim

    def latest(self, chat_id: str = CHAT) -> Intent:
        """Return the end of the history."""
        return self.store.history(chat_id)[-1]

    def notes(self, chat_id: str = CHAT) -> list[str]:
        """Return all notes in the history."""
        return [note for intent in self.store.history(chat_id) for note in intent.notes]

    def wait(self, look: Look, seconds: float = LONG) -> None:
        """Wait for the chat's turn."""
        self.store.wait_for_turn(look, self.clock.monotonic() + seconds)

    def took(self, call: Callable[[], object]) -> float:
        """Return how many seconds a call takes."""
        began = self.clock.monotonic()
        call()
        return self.clock.monotonic() - began

    def later(self, call: Callable[[], object]) -> None:
        """Call in a moment."""
        self.clock.sleep(BRIEF)
        call()

    def beside(self) -> Stage:
        """Return the same store, opened once more."""
        return attrs.evolve(self, store=present("a way to open the store once more", self._another)())


Fresh = Callable[[], Stage]


def topic(name: str) -> Topic[StoreWorld, Stage]:
    """Begin a topic."""
    return Topic(f"store.{name}", "Store", lambda world: Stage(world.store, world.clock, world.threads, world.another))


def fresh_token() -> str:
    """Return one that nobody has."""
    return f"token-{next(_tokens)}"


def a_plan(name: str = NAME, *, number: int = 0, template_id: UUID = TEMPLATE, preset_id: UUID | None = None) -> Plan:
    """Return a plan."""
    return Plan(name=name, number=number, template_id=template_id, preset_id=preset_id, fingerprint="print")


# ------------------------------------------------------------------ writes of the holder


def bind(it: Stage, claim: Claim) -> object:
    """Bind."""
    return it.store.bind(claim, WORKSPACE)


def attach(it: Stage, claim: Claim) -> object:
    """Attach another workspace."""
    return it.store.attach(claim, ANOTHER, number=GIVEN, note="attached")


def detach(it: Stage, claim: Claim) -> object:
    """Attach none."""
    return it.store.attach(claim, None, number=GIVEN, note="detached")


def close(it: Stage, claim: Claim) -> object:
    """Close the chat."""
    return it.store.close_chat(claim, number=GIVEN, note="closed")


def release(it: Stage, claim: Claim) -> None:
    """Give back, without the plan."""
    it.store.release(claim, note="refused", drop_plan=True)


Write = Callable[[Stage, Claim], object]
WRITES: tuple[Write, ...] = (bind, attach, detach, close, release)
CHANGES: tuple[Write, ...] = (bind, attach, detach, close)
"""Those that change the binding."""
