"""What a process remembers of its chats. All of it is bounded, and all of it may be lost: the truth is in the store and on the platform."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from uuid import UUID

import attrs

from chatworkspace._decisions import Finding, Probe, probe_for
from chatworkspace._stripes import STRIPES, Stripes
from chatworkspace.model import Workspace

MOST_CHATS = 65_536


@attrs.frozen(kw_only=True)
class Proof:
    """A dial, and what was true when it was made."""

    epoch: int
    """The chat's. A later claim voids the proof."""
    workspace: Workspace
    finding: Finding
    at: float
    error: str = ""
    """Why it failed; empty when it worked."""

    @property
    def worked(self) -> bool:
        """The agent was reached."""
        return not self.error

    @property
    def proves_ready(self) -> bool:
        """It worked, and nothing else was missing."""
        return self.worked and probe_for(self.finding) is Probe.PROVE_READY


class _ProofTable:
    """`lock` guards `proofs`, which are in the order of time, so that what is too old is at the front."""

    __slots__ = ("lock", "proofs")

    def __init__(self) -> None:
        self.lock = Lock()
        self.proofs: dict[str, Proof] = {}


class Proofs:
    """The latest dial of each chat, for as long as it proves something."""

    def __init__(self, life: float) -> None:
        self._life = life
        self._tables = Stripes(_ProofTable)

    def __len__(self) -> int:
        return sum(len(table.proofs) for table in self._tables)

    def get(self, chat_id: str, *, epoch: int, workspace_id: UUID | None, now: float) -> Proof | None:
        """Return the dial if it is fresh and about this workspace at this epoch."""
        proof = self._tables.of(chat_id).proofs.get(chat_id)
        if proof is None or now - proof.at > self._life:
            return None
        return proof if proof.epoch == epoch and proof.workspace.id == workspace_id else None

    def put(self, chat_id: str, proof: Proof) -> None:
        """Remember a dial, and forget what is too old."""
        table = self._tables.of(chat_id)
        with table.lock:
            while table.proofs:
                oldest = next(iter(table.proofs))
                if proof.at - table.proofs[oldest].at <= self._life and len(table.proofs) < MOST_CHATS // STRIPES:
                    break
                del table.proofs[oldest]
            table.proofs.pop(chat_id, None)
            table.proofs[chat_id] = proof

    def void(self, chat_id: str) -> None:
        """Forget it: something was changed."""
        table = self._tables.of(chat_id)
        with table.lock:
            table.proofs.pop(chat_id, None)


@attrs.define(kw_only=True)
class _Mentioned:
    generation: int = 0
    build: tuple[UUID, int] | None = None
    ready: bool = True
    phase: tuple[int, int, int] = (0, 0, 0)
    line: tuple[int, int, int] = (0, 0, 0)


class _MentionTable:
    """`lock` guards `mentioned`, the least recently told chat first."""

    __slots__ = ("lock", "mentioned")

    def __init__(self) -> None:
        self.lock = Lock()
        self.mentioned: dict[str, _Mentioned] = {}

    def of(self, chat_id: str) -> _Mentioned:
        said = self.mentioned.pop(chat_id, None) or _Mentioned()
        self.mentioned[chat_id] = said
        if len(self.mentioned) > MOST_CHATS // STRIPES:
            del self.mentioned[next(iter(self.mentioned))]
        return said


class Mentions:
    """What the callbacks of this process were told already, so that each change is told once whichever call sees it."""

    def __init__(self) -> None:
        self._tables = Stripes(_MentionTable)

    def new_build(self, chat_id: str, workspace_id: UUID, number: int) -> bool:
        """Tell whether this build is to be told now; its end will be told as well."""
        with self._of(chat_id) as said:
            if said.build is not None and said.build[0] == workspace_id and said.build[1] >= number:
                return False
            said.build, said.ready = (workspace_id, number), False
            return True

    def now_ready(self, chat_id: str, workspace_id: UUID, number: int) -> bool:
        """Tell whether it is to be told that this build has become ready: once, and only if the build was told."""
        with self._of(chat_id) as said:
            if said.ready or said.build != (workspace_id, number):
                return False
            said.ready = True
            return True

    def new_binding(self, chat_id: str, generation: int, workspace_id: UUID | None = None, number: int = 0) -> bool:
        """Tell whether an attach, detach or close is to be told now; nothing more will be told of the workspace's latest build."""
        with self._of(chat_id) as said:
            if said.generation >= generation:
                return False
            said.generation = generation
            said.build, said.ready = ((workspace_id, number) if workspace_id is not None else None), True
            return True

    def new_phase(self, chat_id: str, step: tuple[int, int, int]) -> bool:
        """Tell whether (generation, build, phase) is further than what was told."""
        with self._of(chat_id) as said:
            if said.phase >= step:
                return False
            said.phase = step
            return True

    def new_line(self, chat_id: str, line: tuple[int, int, int]) -> bool:
        """Tell whether (generation, build, line) of the build's log is further than what was told."""
        with self._of(chat_id) as said:
            if said.line >= line:
                return False
            said.line = line
            return True

    @contextmanager
    def _of(self, chat_id: str) -> Iterator[_Mentioned]:
        table = self._tables.of(chat_id)
        with table.lock:
            yield table.of(chat_id)
