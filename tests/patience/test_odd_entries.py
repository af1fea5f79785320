"""One odd entry does not take the rest away, other people's text reaches every store, and bookkeeping hides nothing of what a call came to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import attrs
import pytest

from chatworkspace import InvalidArgumentError, Reason, RefusedError, State, Workspace
from chatworkspace.ports import Claim, Look, Plan
from chatworkspace_fake import FakeCoder, FakeStore, MemoryStore
from tests.service.chats import CHAT, CLAIM, World

ODD = "no\0 \ud800room\x1b[31m: \ude00"
FIT = "no room: "


class Strict(FakeStore):
    """A store that takes no text which a database does not take."""

    def _fit(self, note: str) -> None:
        if "\0" in note:
            raise InvalidArgumentError("note", "text without the character U+0000 and without half characters (U+D800 to U+DFFF)")
        note.encode()

    def release(self, claim: Claim, *, note: str = "", drop_plan: bool = False, back: Look | None = None) -> None:
        """Check the note."""
        self._fit(note)
        super().release(claim, note=note, drop_plan=drop_plan, back=back)

    def attach(self, claim: Claim, workspace_id: UUID | None, *, number: int, note: str = "") -> Any:
        """Check the note."""
        self._fit(note)
        return super().attach(claim, workspace_id, number=number, note=note)

    def close_chat(self, claim: Claim, *, number: int, note: str = "") -> Any:
        """Check the note."""
        self._fit(note)
        return super().close_chat(claim, number=number, note=note)

    def record_stray(self, chat_id: str, workspace_id: UUID, note: str) -> None:
        """Check the note."""
        self._fit(note)
        super().record_stray(chat_id, workspace_id, note)


def _notes(world: World) -> list[str]:
    return [note for intent in world.chats.history(CHAT) for note in intent.notes]


# ------------------------------------------------------------------ text that goes into the history


def test_a_refusal_in_odd_words_is_told_and_noted() -> None:
    """As what it is, and the chat is free at once."""
    world = World(store=Strict)
    docker = world.template()
    world.coder.when("create_workspace").refuse(message=ODD)
    with pytest.raises(RefusedError):
        world.chats.create(CHAT, docker.id)
    assert world.sim.store.look(CHAT).claimed_for == 0
    assert _notes(world) == [f"refused: {FIT}"]


@pytest.mark.parametrize("act", ["detach", "close_chat", "attach"])
def test_an_odd_name_is_left_behind_under_a_name_that_fits(act: str) -> None:
    """The workspace was renamed in a way that no database takes."""
    world = World(store=Strict)
    world.created()
    own = world.own(world.template("own"))
    world.coder.workspaces[0].rename(ODD)
    outcome = world.chats.attach(CHAT, own.id) if act == "attach" else getattr(world.chats, act)(CHAT)
    assert outcome.left_behind is not None
    assert any(note.endswith(FIT) for note in _notes(world))


# ------------------------------------------------------------------ bookkeeping


class Failing(FakeStore):
    """A store whose bookkeeping fails in its own way."""

    def release(self, claim: Claim, *, note: str = "", drop_plan: bool = False, back: Look | None = None) -> None:
        """Fail."""
        raise ZeroDivisionError(claim, note, drop_plan, back)


def test_a_claim_that_cannot_be_given_back_hides_no_refusal(caplog: pytest.LogCaptureFixture) -> None:
    """The caller is refused, the log has the rest, and the claim ends by itself."""
    world = World(store=Failing)
    docker = world.template()
    world.coder.when("create_workspace").refuse(message="not today")
    with pytest.raises(RefusedError, match="not today"):
        world.chats.create(CHAT, docker.id)
    assert [(it.message, it.__dict__["chat_id"]) for it in caplog.records] == [("a claim could not be given back: it ends by itself", CHAT)]
    world.sim.sleep(CLAIM)
    assert world.chats.create(CHAT, docker.id).ready


def test_a_claim_that_cannot_be_given_back_hides_no_outcome() -> None:
    """A start that was sent is told."""
    world = World(store=Failing)
    world.created(stop=1)
    world.latest.stop()
    world.sim.sleep(60)
    outcome = world.chats.start(CHAT)
    assert (outcome.state, outcome.reason, outcome.elapsed) == (State.READY, Reason.STARTED, 0)


# ------------------------------------------------------------------ the sweep


class Odd(MemoryStore):
    """A store with a row that surprises. `spoil`: what is odd about it."""

    spoil: Callable[[Look], Look] | None = None

    def chats(self, *, after: str = "", limit: int = 500) -> Sequence[Look]:
        """Spoil one row."""
        return [self._spoiled(look) for look in super().chats(after=after, limit=limit)]

    def owned(self, *, after: str = "", limit: int = 500) -> Sequence[tuple[str, Look]]:
        """Spoil one row."""
        return [(place, self._spoiled(look)) for place, look in super().owned(after=after, limit=limit)]

    def planned(self, older_than: float) -> Sequence[Look]:
        """Spoil one row."""
        return [self._spoiled(look) for look in super().planned(older_than)]

    def _spoiled(self, look: Look) -> Look:
        return self.spoil(look) if self.spoil is not None and look.chat.id == "odd" else look


def _nameless(look: Look) -> Look:
    nameless: Any = None
    return look if look.plan is None else attrs.evolve(look, plan=attrs.evolve(look.plan, name=nameless))


def _numberless(look: Look) -> Look:
    numberless: Any = "one"
    return attrs.evolve(look, number=numberless)


@pytest.mark.parametrize("spoil", [_nameless, _numberless])
def test_an_odd_row_does_not_stop_a_sweep(spoil: Callable[[Look], Look]) -> None:
    """It is told under its id, and the others are settled and listed."""
    world = World(store=Odd)
    docker = world.template()
    world.sim.open_chat("odd")
    for chat in ("odd", CHAT):
        dead = world.sim.process()
        dead.kill(before="store.bind")
        world.sim.run(partial(dead.workspaces.create, chat, docker.id))
    world.sim.open_chat("stray")
    stray = world.chats.create("stray", docker.id)
    world.chats.detach("stray")
    world.sim.sleep(1000)
    store: Any = world.sim.store
    store.spoil = spoil
    swept = world.chats.sweep()
    assert CHAT in swept.settled
    assert set(swept.errors) == {"odd"}
    assert stray.workspace_id in [it.id for it in swept.strays]


class Strange(FakeCoder):
    """A platform that lists what surprises."""

    def list_workspaces(self, *args: Any, **kwargs: Any) -> Sequence[Workspace]:
        """Put it first."""
        listed = list(super().list_workspaces(*args, **kwargs))
        nameless: Any = None
        nothing: Any = None
        return [attrs.evolve(listed[0], id=UUID(int=5), name=nameless), nothing, *listed]


def test_an_odd_workspace_does_not_hide_the_others() -> None:
    """It is told under its id, where it has one."""
    world = World(coder=Strange)
    stray = world.created()
    world.chats.detach(CHAT)
    swept = world.chats.sweep()
    assert [it.id for it in swept.strays] == [stray.workspace_id]
    assert set(swept.errors) == {str(UUID(int=5)), str(world.sim.owner_id)}


def test_a_chat_that_cannot_be_accounted_for_has_no_strays() -> None:
    """What it is bound to cannot be told, so nothing of its making is called nobody's."""

    def unbound(look: Look) -> Look:
        nameless: Any = None
        return attrs.evolve(look, chat=attrs.evolve(look.chat, workspace_id=None), plan=Plan(name=nameless, number=0, template_id=look.chat.owner_id))

    world = World(store=Odd)
    docker = world.template()
    world.sim.open_chat("odd")
    world.chats.create("odd", docker.id)
    store: Any = world.sim.store
    store.spoil = unbound
    swept = world.chats.sweep()
    assert (swept.strays, set(swept.errors)) == ((), {"odd"})
