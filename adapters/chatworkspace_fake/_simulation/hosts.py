"""What happens to a process: killed, paused, its clock set wrong; now, or when it makes a certain port call."""

from __future__ import annotations

from collections import deque

import attrs

from chatworkspace import InvalidArgumentError
from chatworkspace.ports import AgentDialer, Store, Watch, WorkspaceCreator
from chatworkspace_fake._arguments import calls_of

PORT_CALLS = {"store": calls_of(Store), "coder": calls_of(WorkspaceCreator) + calls_of(AgentDialer), "watch": calls_of(Watch)}
"""Port, as the simulation names it, -> its calls."""
_NAMES = frozenset(f"{port}.{call}" for port, calls in PORT_CALLS.items() for call in calls)


@attrs.frozen
class Blow:
    """What is to happen to a process at a port call."""

    moment: str
    """`before store.bind`, say."""
    pause: float | None
    """Seconds; None: it is killed."""

    def __str__(self) -> str:
        return f"kill {self.moment}" if self.pause is None else f"pause of {self.pause:g} s {self.moment}"


def moment_of(before: object, after: object) -> str:
    """Return the moment that the arguments name, empty for now. InvalidArgumentError."""
    for argument, name in (("before", before), ("after", after)):
        if name != "" and (not isinstance(name, str) or name not in _NAMES):
            raise InvalidArgumentError(argument, f"a port call such as 'store.bind', not {name!r}")
    if before and after:
        raise InvalidArgumentError("after", "nothing beside before")
    return f"before {before}" if before else f"after {after}" if after else ""


class Host:
    """The fate of one process."""

    __slots__ = ("_armed", "killed", "name", "paused_until", "shift")

    def __init__(self, name: str) -> None:
        self.name: str = name
        self.killed: bool = False
        self.paused_until: float = 0.0
        self.shift: float = 0.0
        self._armed: dict[str, deque[Blow]] = {}

    def arm(self, blow: Blow) -> None:
        """Have it happen at the first such call from now on that has no earlier blow."""
        self._armed.setdefault(blow.moment, deque()).append(blow)

    def disarm(self, moment: str) -> Blow | None:
        """Take what is to happen at this moment, if anything."""
        blows = self._armed.get(moment)
        return blows.popleft() if blows else None

    def holds(self, now: float) -> bool:
        """Its threads do not run."""
        return self.paused_until > now and not self.killed

    def unstruck(self) -> tuple[str, ...]:
        """Return what was armed and has not happened."""
        return tuple(f"process {self.name}: {blow}" for blows in self._armed.values() for blow in blows)
