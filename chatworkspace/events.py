"""What happens inside: the events that `ChatWorkspaces(on_event=…)` is told of, call by call. Frozen values; durations are seconds (float).

They say what goes on, and are never to be decided by. No secret is in any: texts of others are without what parameters have brought.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import attrs

from chatworkspace._domain.plain import Plain, short
from chatworkspace.model import Phase, Reason, State

__all__ = [
    "Adopted",
    "CallBegun",
    "CallEnded",
    "Claimed",
    "Dialled",
    "Event",
    "PhaseBegun",
    "Requested",
    "Retried",
    "TakenOver",
    "WatchBroken",
]


@attrs.frozen(kw_only=True, repr=False)
class Event(Plain):
    """Something that has happened in a call. Its text, `str(event)`, is what the log says of it.

    call: a number that no other call of this process has.
    name: of the method that was called, as `create`.
    chat_id: whom it is about; empty where it is about no chat, or about many.
    after: seconds from the beginning of the call until it happened.
    workspace_id: the workspace that the call is about, as far as it is known by then.
    build_number: of that workspace's latest build, as far as it is known by then.
    """

    call: int
    name: str
    chat_id: str
    after: float
    workspace_id: UUID | None = None
    build_number: int | None = None

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {short(str(self))!r} after {self.after:.3f} s, chat {short(self.chat_id)!r}>"


# ---------------------------------------------------------------- a call


@attrs.frozen(kw_only=True, repr=False)
class CallBegun(Event):
    """A call has begun.

    at: when, by this process's clock; aware, UTC. The instant of any event of the call is this one and its `after`.
    wait: seconds that it may wait, as it was asked; None: as long as timeouts allow.
    """

    at: datetime
    wait: float | None = None

    def __str__(self) -> str:
        return f"{self.name} begun" + ("" if self.wait is None else f", may wait {self.wait:g} s")


@attrs.frozen(kw_only=True, repr=False)
class CallEnded(Event):
    """A call has ended: `after` so many seconds.

    reason: of its outcome or error; None: it did what was asked, and has none to tell (a list, a connection, a sweep), or raised what is not ours.
    state: how its outcome says that the workspace is; None: there was no outcome.
    error: the class of what it raised; empty: it returned.
    phases: what the time was spent in, in seconds; together they are all of it.
    """

    reason: Reason | None = None
    state: State | None = None
    error: str = ""
    phases: Mapping[Phase, float] = attrs.field(factory=dict[Phase, float])

    def __str__(self) -> str:
        ended = [] if self.reason is None else [self.reason.value]
        ended += [] if self.state is None else [self.state.value]
        ended += [self.error] if self.error else []
        spent = ", ".join(f"{phase.value} {seconds:.1f}" for phase, seconds in self.phases.items())
        return f"{self.name} ended{': ' if ended else ''}{', '.join(ended)} after {self.after:.1f} s ({spent})"


@attrs.frozen(kw_only=True, repr=False)
class PhaseBegun(Event):
    """The call has come to another phase. It begins in PLANNING, and comes back there between the others.

    phase: what is done, or waited for, from now on.
    """

    phase: Phase

    def __str__(self) -> str:
        return f"{self.name}: {self.phase.value}"


# ---------------------------------------------------------------- what it asks of others


@attrs.frozen(kw_only=True, repr=False)
class Requested(Event):
    """The store or the platform was asked for something, and has answered, or has failed to.

    request: the method of the port, as `create_workspace`; for what an answer can do without, perhaps one word for several.
    port: `store` or `platform`.
    took: seconds.
    error: the class of what was raised, and its words; empty: there was an answer. Other people's text.
    error_type: that class alone; empty: there was an answer.
    """

    request: str
    port: str
    took: float
    error: str = ""
    error_type: str = ""

    def __str__(self) -> str:
        return f"{self.port}: {self.request} {'failed' if self.error else 'answered'} after {self.took:.3f} s{self.error and f': {self.error}'}"


@attrs.frozen(kw_only=True, repr=False)
class Retried(Event):
    """What could not be asked is asked for once more, after a pause.

    request: as Requested has it.
    port: `store` or `platform`.
    pause: seconds before the next attempt.
    """

    request: str
    port: str
    pause: float

    def __str__(self) -> str:
        return f"{self.port}: {self.request} is asked for once more in {self.pause:.1f} s"


@attrs.frozen(kw_only=True, repr=False)
class Dialled(Event):
    """An agent was dialled.

    agent: its name.
    took: seconds.
    error: why it was not reached; empty: it was. Other people's text.
    error_type: the class of what was raised; empty: it was reached.
    """

    agent: str
    took: float
    error: str = ""
    error_type: str = ""

    def __str__(self) -> str:
        return f"agent {self.agent} {'not reached' if self.error else 'reached'} after {self.took:.3f} s{self.error and f': {self.error}'}"


@attrs.frozen(kw_only=True, repr=False)
class WatchBroken(Event):
    """The watch of the workspace has ended by itself; it is read, and another is opened. Told by whichever call was pulling it for all that wait.

    pause: seconds until then.
    error: why. Other people's text.
    """

    pause: float
    error: str

    def __str__(self) -> str:
        return f"the watch broke, another is opened in {self.pause:.1f} s: {self.error}"


# ---------------------------------------------------------------- what it does about the chat


@attrs.frozen(kw_only=True, repr=False)
class Claimed(Event):
    """The call has claimed the chat: no other process changes anything for it until the claim is given back, or ends.

    epoch: the claim's number; each claim of a chat has a higher one.
    plan: the name of the workspace that is planned with it; empty: none is.
    """

    epoch: int
    plan: str = ""

    def __str__(self) -> str:
        return f"{self.name}: claim {self.epoch}" + (self.plan and f", for the workspace {self.plan}")


@attrs.frozen(kw_only=True, repr=False)
class TakenOver(Event):
    """What somebody else had begun is gone on with: a plan stood, and whoever had made it has died, or was not answered.

    plan: the name of the workspace that was planned.
    """

    plan: str

    def __str__(self) -> str:
        return f"{self.name}: takes over the plan for {self.plan}"


@attrs.frozen(kw_only=True, repr=False)
class Adopted(Event):
    """A workspace was found under the planned name, though nobody has seen the answer to its creation, and is the chat's now.

    workspace: its name.
    """

    workspace: str

    def __str__(self) -> str:
        return f"{self.name}: adopted {self.workspace}"
