"""What a process remembers of its chats. All of it is bounded, and all of it may be lost: the truth is in the store and on the platform."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import Lock
from uuid import UUID

import attrs

from chatworkspace._domain.conditions import Finding, Probe, probe_for
from chatworkspace.model import Workspace

MOST_CHATS = 65_536
CROWDED = 1024
"""Dials that are kept before the first look at which are too old."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Proof:
    """A dial, and what was true when it was made."""

    epoch: int
    """The chat's. A later claim voids the proof."""
    workspace: Workspace
    finding: Finding
    at: float
    """When it worked; of one that failed, DIAL_PAUSE before another may be made."""
    error: str = ""
    """Why it failed; empty when it worked."""

    @property
    def worked(self) -> bool:
        """The agent was reached."""
        return not self.error

    @property
    def proves_ready(self) -> bool:
        """It worked, and nothing else was missing."""
        return not self.error and probe_for(self.finding) is Probe.PROVE_READY and not self.finding.dormant


class Proofs:
    """The latest dial of each chat, for as long as it proves something. Needs no lock: each step is one of a dict's own."""

    def __init__(self, life: float) -> None:
        self._life = life
        self._proofs: dict[str, Proof] = {}
        self._crowded_at = CROWDED
        self.latest: Callable[[str], Proof | None] = self._proofs.get
        """Return a chat's latest dial, whatever it still proves. To be asked for before the look that it is held against: what was claimed between
        them voids it."""

    def __len__(self) -> int:
        return len(self._proofs)

    def valid(self, proof: Proof | None, *, epoch: int, workspace_id: UUID | None, now: float) -> Proof | None:
        """Return this dial if it is fresh and about this workspace at this epoch."""
        if proof is None or now - proof.at > self._life:
            return None
        same = proof.epoch == epoch and workspace_id is not None and proof.workspace.id.int == workspace_id.int
        return proof if same else None

    def put(self, chat_id: str, proof: Proof) -> None:
        """Remember a dial."""
        self._proofs[chat_id] = proof
        if len(self._proofs) >= self._crowded_at:
            self._forget(proof.at)

    def void(self, chat_id: str) -> None:
        """Forget it: something was changed."""
        self._proofs.pop(chat_id, None)

    def _forget(self, now: float) -> None:
        """Forget what proves nothing any more."""
        for chat_id in list(self._proofs):  # no tuple, no items: while they are made the collector may run, and other threads with it
            proof = self._proofs.get(chat_id)
            if proof is not None and now - proof.at > self._life:
                self._proofs.pop(chat_id, None)
        self._crowded_at = max(CROWDED, 2 * len(self._proofs))


@attrs.define(kw_only=True, eq=False, repr=False)
class _Mentioned:
    lock: Lock = attrs.field(factory=Lock)
    generation: int = 0
    build: tuple[UUID, int] | None = None
    ready: bool = True
    """Its end was told, or there is none to be told."""
    phase: tuple[int, ...] = ()
    position: int = 0
    line: tuple[int, int, int] = (0, 0, 0)


class Mentions:
    """What the callbacks of this process were told already, so that each change is told once whichever call sees it.

    A chat's entry is guarded by its own lock; nobody blocks under it.
    """

    def __init__(self) -> None:
        self._mentioned: dict[str, _Mentioned] = {}

    def new_build(self, chat_id: str, generation: int, workspace_id: UUID, number: int) -> bool:
        """Tell whether this build is to be told now; its end will be told as well. Nothing of a generation that is over is."""
        with self._of(chat_id) as said:
            known = said.build is not None and said.build[0] == workspace_id and said.build[1] >= number
            if generation < said.generation or known:
                return False
            said.generation, said.build, said.ready = generation, (workspace_id, number), False
            return True

    def now_ready(self, chat_id: str, generation: int, workspace_id: UUID, number: int) -> bool:
        """Tell whether it is to be told that this build has become ready: once, though another process may have told of its beginning."""
        with self._of(chat_id) as said:
            newer = said.build is not None and said.build[0] == workspace_id and said.build[1] > number
            if generation < said.generation or newer or (said.ready and said.build == (workspace_id, number)):
                return False
            said.generation, said.build, said.ready = generation, (workspace_id, number), True
            return True

    def now_over(self, chat_id: str, workspace_id: UUID, number: int) -> bool:
        """Tell whether it is to be told that this build is over and not ready: once, and only if its beginning was."""
        with self._of(chat_id) as said:
            if said.ready or said.build != (workspace_id, number):
                return False
            said.ready = True
            return True

    def new_binding(self, chat_id: str, generation: int, workspace_id: UUID | None = None, number: int = 0, *, ready: bool = True) -> bool:
        """Tell whether an attach, detach or close is to be told now. ready: so is how it ends; else that will be told as well."""
        with self._of(chat_id) as said:
            if said.generation >= generation:
                return False
            said.generation = generation
            said.build, said.ready = ((workspace_id, number) if workspace_id is not None else None), ready
            return True

    def new_phase(self, chat_id: str, step: tuple[int, ...], position: int = 0) -> bool:
        """Tell whether (generation, build, phase, turn in the queue) is further than what was told, and there is anything new to say of it.

        position: in the queue, as it is told. A build whose position is not known tells nothing new when it leaves the queue.
        """
        with self._of(chat_id) as said:
            if said.phase >= step:
                return False
            new = said.phase[:3] != step[:3] or said.position != position
            said.phase, said.position = step, position
            return new

    def new_line(self, chat_id: str, line: tuple[int, int, int]) -> bool:
        """Tell whether (generation, build, line) of the build's log is further than what was told."""
        with self._of(chat_id) as said:
            if said.line >= line:
                return False
            said.line = line
            return True

    @contextmanager
    def _of(self, chat_id: str) -> Generator[_Mentioned, None, None]:
        said = self._mentioned.setdefault(chat_id, _Mentioned())
        with said.lock:
            yield said
        if len(self._mentioned) > MOST_CHATS:
            for oldest in list(self._mentioned)[: MOST_CHATS // 2]:  # a list: as above
                self._mentioned.pop(oldest, None)
