"""How far a follower of a chat is, and the text by which it says so when it comes back. Pure."""

from __future__ import annotations

import re

import attrs

from chatworkspace.model import Phase

_ORDER = (Phase.QUEUED, Phase.PLANNING, Phase.CREATING, Phase.BUILDING, Phase.CONNECTING, Phase.SCRIPTS)
_NUMBER = "([0-9]{1,18})"
_TEXT = re.compile(rf"{_NUMBER}\.{_NUMBER}\.([a-z]*)\.{_NUMBER}\.{_NUMBER}", re.ASCII)


def phase_order(phase: Phase | None) -> int:
    """Return where a phase stands in the order that followers see; nothing under way comes last."""
    return len(_ORDER) + 1 if phase is None else _ORDER.index(phase) + 1


@attrs.frozen(kw_only=True, repr=False)
class Place:
    """How far a follower is.

    generation: of the chat. build: the number of the build, 0 before there is one. phase: what was under way; None: nothing, and all that there was
    is told. queue: where the build stood in the platform's queue. line: the id of the last line of the build's log, 0 before there is one.
    """

    generation: int
    build: int = 0
    phase: Phase | None = None
    queue: int = 0
    line: int = 0

    @property
    def step(self) -> tuple[int, int]:
        """Build and phase, in their order."""
        return self.build, phase_order(self.phase)

    @property
    def text(self) -> str:
        """The cursor, of letters, digits and dots."""
        return f"{self.generation}.{self.build}.{'' if self.phase is None else self.phase.value}.{self.queue}.{self.line}"

    def same_as(self, other: Place) -> bool:
        """Tell whether both say the same of how things stand, whatever of the log is told."""
        return attrs.evolve(self, line=0) == attrs.evolve(other, line=0)


def parse(text: str) -> Place | None:
    """Return the place that a cursor names; None: it is no cursor."""
    found = _TEXT.fullmatch(text)
    if found is None or found[3] not in {"", *_ORDER}:
        return None
    generation, build, queue, line = (int(found[number]) for number in (1, 2, 4, 5))
    return Place(generation=generation, build=build, phase=Phase(found[3]) if found[3] else None, queue=queue, line=line)
