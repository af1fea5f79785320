"""What stands between the callers of a world and its store and platform, and notes all that is asked, written and seen."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from threading import RLock, get_ident
from typing import Any
from uuid import UUID

import attrs

from chatworkspace import Chat, Workspace
from chatworkspace._application.mutex import ChatMutex, Waiting
from chatworkspace.model import Agent
from chatworkspace.ports import AgentConnection, AgentDialer, Claim, Clock, CreateWorkspace, Look, Plan, WorkspaceCreator
from chatworkspace_fake import FakeCoder, FakeStore, MemoryStore
from tests.worlds.chance import Chance
from tests.worlds.histories import Asked, Dialled, Observed, Written


class Book:
    """What the doubles below note. `lock`: what is accepted is noted in its order, where threads do not take turns."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.seq = 0
        self.asked: list[Asked] = []
        self.written: list[Written] = []
        self.observed: list[Observed] = []
        self.dialled: list[Dialled] = []
        self.found_none: dict[int, list[int]] = {}
        self.chats: dict[int, str] = {}
        self._callers: dict[int, int] = {}
        self._holders: dict[str, int] = {}

    def begin(self, chat_id: str) -> int:
        """Return the number of a call that the current thread begins."""
        with self.lock:
            caller = len(self.chats)
            self.chats[caller] = chat_id
        self._callers[get_ident()] = caller
        return caller

    @property
    def caller(self) -> int:
        """The call that the current thread is in; -1: none."""
        return self._callers.get(get_ident(), -1)

    def next(self) -> int:
        """Return the next number of all that happens."""
        with self.lock:
            self.seq += 1
            return self.seq

    def claims(self, token: str) -> None:
        """Note who asks for a claim."""
        self._holders[token] = self.caller

    def holder(self, token: str) -> int:
        """Return who took the claim of this token."""
        return self._holders.get(token, -1)


class Ledger(MemoryStore):
    """Notes what is accepted, underneath the faults: answers may get lost, and writes arrive late."""

    book: Book
    claims: bool

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None, keep: bool = False) -> Claim:
        """Note it once it is accepted."""
        with self.book.lock:
            before = self._row_of(look.chat.id)
            claim = super().claim(look, token=token, ttl=ttl if self.claims else 0.0, plan=plan, keep=keep)
            if claim.epoch != before.epoch:  # else it is the same claim again
                self._note("claim", claim, before, plan=plan, keep=keep)
            return claim

    def bind(self, claim: Claim, workspace_id: UUID) -> Chat:
        """Note it once it is accepted."""
        with self.book.lock:
            before = self._row_of(claim.chat.id)
            chat = super().bind(claim, workspace_id)
            if (chat, before.plan) != (before.chat, None):  # else it is the same write again
                self._note("bind", claim, before)
            return chat

    def attach(self, claim: Claim, workspace_id: UUID | None, *, number: int, note: str = "") -> Chat:
        """Note it once it is accepted."""
        with self.book.lock:
            before = self._row_of(claim.chat.id)
            chat = super().attach(claim, workspace_id, number=number, note=note)
            if chat != before.chat:  # else it is the same write again
                self._note("attach", claim, before, note=note)
            return chat

    def close_chat(self, claim: Claim, *, number: int, note: str = "") -> Chat:
        """Note it once it is accepted."""
        with self.book.lock:
            before = self._row_of(claim.chat.id)
            chat = super().close_chat(claim, number=number, note=note)
            if chat != before.chat:  # else it is the same write again
                self._note("close_chat", claim, before, note=note)
            return chat

    def release(self, claim: Claim, *, note: str = "", drop_plan: bool = False, back: Look | None = None) -> None:
        """Note it if it is not ignored."""
        with self.book.lock:
            accepted = self.holds(claim)
            before = self._row_of(claim.chat.id)
            super().release(claim, note=note, drop_plan=drop_plan, back=back)
            if accepted:
                self._note("release", claim, before, note=note)

    def holds(self, claim: Claim) -> bool:
        """Tell whether its holder may still write."""
        row = self._rows[claim.chat.id]
        return row.held_by(claim) and not row.written

    def _row_of(self, chat_id: str) -> Look:
        return MemoryStore.look(self, chat_id)

    def _note(self, call: str, claim: Claim, before: Look, *, plan: Plan | None = None, keep: bool = False, note: str = "") -> None:
        after = self._row_of(claim.chat.id)
        self.book.written.append(
            Written(
                seq=self.book.next(),
                at=self._now(),
                call=call,
                caller=self.book.holder(claim.token),
                chat_id=after.chat.id,
                epoch=claim.epoch,
                token=claim.token,
                generation=after.chat.generation,
                before=before.chat.workspace_id,
                after=after.chat.workspace_id,
                plan=plan,
                keep=keep,
                stood=before.plan is not None,
                stands=after.plan is not None,
                name=after.name,
                number=after.number,
                note=note,
            )
        )


class WorldStore(FakeStore, Ledger):
    """A FakeStore that keeps a ledger. claims=False: a claim keeps nobody out, for it is over at once; only its epoch is counted."""

    def __init__(self, clock: Clock, book: Book, *, claims: bool = True) -> None:
        super().__init__(clock)
        self.book = book
        self.claims = claims

    def look(self, chat_id: str) -> Look:
        """Note what the caller saw."""
        look = super().look(chat_id)
        self._observe(look.chat, look.claimed_for)
        return look

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None, keep: bool = False) -> Claim:
        """Note what the caller saw."""
        self.book.claims(token)
        claim = super().claim(look, token=token, ttl=ttl, plan=plan, keep=keep)
        self._observe(claim.chat)
        return claim

    def bind(self, claim: Claim, workspace_id: UUID) -> Chat:
        """Note what the caller saw."""
        return self._observe(super().bind(claim, workspace_id))

    def attach(self, claim: Claim, workspace_id: UUID | None, *, number: int, note: str = "") -> Chat:
        """Note what the caller saw."""
        return self._observe(super().attach(claim, workspace_id, number=number, note=note))

    def close_chat(self, claim: Claim, *, number: int, note: str = "") -> Chat:
        """Note what the caller saw."""
        return self._observe(super().close_chat(claim, number=number, note=note))

    def _observe(self, chat: Chat, claimed_for: float = 0.0) -> Chat:
        self.book.observed.append(Observed(seq=self.book.next(), at=self._now(), caller=self.book.caller, chat=chat, claimed_for=claimed_for))
        return chat


class Noting(WorkspaceCreator, AgentDialer):
    """Notes what it is asked for. marks=False: every creation gets a name of its own, and nothing is found by name."""

    def begin(self, clock: Clock, book: Book, *, marks: bool, chance: Chance) -> None:
        """Begin to note."""
        self.book = book
        self.marks = marks
        self._now = clock.monotonic
        self._chance_of_names = chance

    @property
    def _port(self) -> Any:
        """What is asked once it was noted."""
        return super()

    def create_workspace(self, request: CreateWorkspace, *, deadline: float) -> Workspace:
        """Note the request."""
        if not self.marks:
            request = attrs.evolve(request, name=f"ws-{self._chance_of_names.name()}")
        self._ask("create", name=request.name)
        made: Workspace = self._port.create_workspace(request, deadline=deadline)
        return made

    def find_workspace(self, owner_id: UUID, name: str, *, deadline: float) -> Workspace | None:
        """Note that there was none."""
        found: Workspace | None = self._port.find_workspace(owner_id, name, deadline=deadline) if self.marks else None
        if found is None:
            self.book.found_none.setdefault(self.book.caller, []).append(self.book.next())
        return found

    def start_workspace(self, workspace: Workspace, parameters: Mapping[str, str], *, deadline: float) -> Workspace:
        """Note the request."""
        self._ask("start", workspace_id=workspace.id)
        asked: Workspace = self._port.start_workspace(workspace, parameters, deadline=deadline)
        return asked

    def stop_workspace(self, workspace: Workspace, *, deadline: float) -> Workspace:
        """Note the request."""
        self._ask("stop", workspace_id=workspace.id)
        asked: Workspace = self._port.stop_workspace(workspace, deadline=deadline)
        return asked

    def delete_workspace(self, workspace: Workspace, *, deadline: float) -> Workspace:
        """Note the request."""
        self._ask("delete", workspace_id=workspace.id)
        asked: Workspace = self._port.delete_workspace(workspace, deadline=deadline)
        return asked

    def dial(self, workspace: Workspace, agent: Agent, *, deadline: float) -> AbstractContextManager[AgentConnection]:
        """Note that it worked."""
        connection: AbstractContextManager[AgentConnection] = self._port.dial(workspace, agent, deadline=deadline)
        book = self.book
        book.dialled.append(Dialled(seq=book.next(), at=self._now(), caller=book.caller, workspace_id=workspace.id, agent_id=agent.id))
        return connection

    def _ask(self, kind: str, *, name: str = "", workspace_id: UUID | None = None) -> None:
        book, caller = self.book, self.book.caller
        chat_id = book.chats.get(caller, "")
        book.asked.append(Asked(seq=book.next(), at=self._now(), caller=caller, chat_id=chat_id, kind=kind, name=name, workspace_id=workspace_id))


class WorldCoder(Noting, FakeCoder):
    """A FakeCoder that notes what it is asked for."""

    def __init__(self, clock: Clock, book: Book, *, watching: bool, marks: bool = True, chance: Chance) -> None:
        super().__init__(clock, watching=watching)
        self.begin(clock, book, marks=marks, chance=chance)


class Everybody(ChatMutex):
    """A mutex that admits everybody."""

    def acquire(self, chat_id: str, call: Waiting, deadline: float | None) -> bool:
        """Say yes."""
        del chat_id, call, deadline
        return True

    def release(self, chat_id: str) -> None:
        """Do nothing: it is not held."""
        del chat_id
