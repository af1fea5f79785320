"""What a turn comes to, and what a call brings along to it. Values."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

import attrs

from chatworkspace._application.memory import Proof
from chatworkspace._application.waiting import Bound, Ending
from chatworkspace._domain.conditions import Finding
from chatworkspace._domain.decisions import Step
from chatworkspace.model import Chat, LeftBehind, Reason, Workspace
from chatworkspace.ports import Claim, Look, Plan

if TYPE_CHECKING:
    from chatworkspace._application.hearing import Heard

# ---------------------------------------------------------------- what a turn comes to


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LookAgain:
    """A stop or deletion (for stop, a start as well) is under way: wait for its end, then decide anew."""

    bound: Bound


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Proven:
    """A dial worked a moment ago: ready, and nothing needs to be asked."""

    look: Look
    proof: Proof


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Await:
    """Somebody else holds the chat: wait for the turn."""

    look: Look


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Again:
    """The chat has changed: look again."""

    settled: Bound | None = None
    """What this turn has bound: a plan of somebody's had become it."""
    closed: Chat | None = None
    """The chat, if this turn has closed it, and there is more to be done."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Unknown:
    """The chat is bound, but what it is bound to could not be read, or what was sent was not answered. Nothing was made."""

    look: Look
    reason: Reason
    error: str
    workspace: Workspace | None = None
    retry_after: float | None = None
    """Seconds after which the platform wants to be asked again, where it takes no more requests for now."""
    retryable: bool = True
    """It may be read in a moment."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Unbound:
    """The chat has no workspace (any more)."""

    chat: Chat
    changed: bool
    ending: Ending | None = None
    """How what it had is now, where that is what the call was for."""
    error: str = ""


Turn = Bound | LookAgain | Proven | Await | Again | Unknown | Unbound
"""Bound: wait for its workspace, and tell how it is."""


# ---------------------------------------------------------------- what a call brings along, and has done

NO_ANSWERS: Mapping[str, str] = MappingProxyType({})
NO_NAMES = frozenset[str]()


class Track:
    """What this call has done so far. Used by one thread.

    made: what its own request made. stopping, deleting: it is to stop the workspace, or to delete it. built: it has sent a start, a stop or a
    deletion. resumed: a start of what it was to create, and found standing still. waited: it has waited for a build.
    version_before: of the template, before the build that it has sent. opened: it has opened a generation; one call opens at most one.
    replaces: what its plan is to replace, and what the chat is bound to for as long as nothing comes of that. left: what it has left behind.
    stray: what its own request made and could not bind. as_wished: what was adopted was asked for with this call's very arguments.
    continued: it is the same call again as one that was told to come back. met: it has changed nothing, and waits for what it has found.
    heard: what is heard of it; None: nobody listens. wish: what create() was asked for; asks: for something of which can be told that it was not
    applied. answers: those of a start.
    stood: a plan that stood before this call's own; what is found may be what it asked for.
    overridden: answers of its own that the preset contradicts. unchecked: answers of which nobody knows yet whether they were asked for.
    """

    def __init__(self, *, stopping: bool = False, deleting: bool = False) -> None:
        self.made: Workspace | None = None
        self.left: LeftBehind | None = None
        self.replaces: LeftBehind | None = None
        self.stray: Workspace | None = None
        self.stood: Plan | None = None
        self.heard: Heard | None = None
        self.wish: Wish | None = None
        self.version_before: UUID | None = None
        self.stopping, self.deleting = stopping, deleting
        self.adopted = self.built = self.resumed = self.waited = self.attached = False
        self.opened = self.as_wished = self.continued = self.met = self.asks = False
        self.answers: Mapping[str, str] = NO_ANSWERS
        self.overridden: tuple[str, ...] = ()
        self.unchecked: frozenset[str] = NO_NAMES

    @property
    def asks_to_replace(self) -> bool:
        """It asks for another workspace in place of what is there."""
        return self.wish is not None and self.wish.replace is not False

    @property
    def disturbed(self) -> bool:
        """What is followed is not simply what the chat had: it was built or attached, somebody's plan stood, or a build was refused."""
        return self.built or self.attached or self.stood is not None or self.version_before is not None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Wish:
    """What create() was asked for."""

    template_id: UUID
    name: str = ""
    parameters: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)
    preset_id: UUID | None = None
    start: bool = False
    """Also what stands still."""
    replace: bool | UUID = False
    """True: whatever is there; or the id of the only workspace that may be."""

    def hash(self) -> int:
        """Return what the same wish is known by; no value can be read out of it."""
        return hash((self.template_id, self.name, frozenset(self.parameters.items()), self.preset_id))


class Policy(Protocol):
    """What a call does about the chat it finds.

    parameters: answers for what it builds. trust_proof: a dial that has worked a moment ago is all that it wants to know.
    """

    parameters: Mapping[str, str]
    trust_proof: bool

    def step(self, finding: Finding, workspace: Workspace) -> Step:
        """Return what is done about the workspace that the chat is bound to."""
        ...

    def make(self, look: Look, replaces: LeftBehind | None, number: int) -> Turn:
        """Make a workspace. replaces: what it takes the place of. number: for its name."""
        ...

    def asks_for(self, plan: Plan) -> bool:
        """Tell whether a plan asks for what this call asks for."""
        ...


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Held:
    """A claim, the look that it accepted, and when its life ends: counted from before it was asked for."""

    claim: Claim
    look: Look
    ends_at: float

    @property
    def fresh(self) -> bool:
        """No plan stood: no request but this holder's own can be on its way under the name that it has planned."""
        return self.look.plan is None
