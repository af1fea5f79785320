"""How a world really is: what the platform has, what has struck, and what others have done. The player knows nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from math import inf
from typing import Any

import attrs

from chatworkspace import AgentStatus, JobStatus, Lifecycle, Transition, Workspace
from chatworkspace_fake._platform.states import BuildRecord, agent_life
from chatworkspace_fake._platform.workspaces import FakeWorkspace
from tests.obedience.strikes import Strikes

LOST_AFTER = 90.0
PROOF = 5.0
"""Seconds for which it counts that an agent was reached."""
MARK = "-coderd-chat"
"""At the end of the name of the agent that is for chats."""
WRONG = 5
"""As parameters of a call: that is none."""
SHUTTING_DOWN = (Lifecycle.SHUTTING_DOWN, Lifecycle.SHUTDOWN_TIMEOUT, Lifecycle.SHUTDOWN_ERROR, Lifecycle.OFF)


class How(Enum):
    """How the chat's workspace is."""

    NONE = "none"
    HIDDEN = "hidden"
    GONE = "gone"
    UNDER_WAY = "a build is under way"
    STOPPED = "stopped"
    START_FAILED = "start failed"
    STOP_FAILED = "stop failed"
    DELETE_FAILED = "delete failed"
    CANCELED = "canceled"
    COMING = "the agent or its scripts are on their way"
    LEAVING = "the agent shuts down"
    DEAD = "the agent is given up, or lost"
    OFFLINE = "an external agent is not there"
    AMBIGUOUS = "no agent can be chosen"
    AGENTLESS = "no agent"
    USABLE = "usable"


@attrs.frozen(kw_only=True, eq=False)
class Truth:
    """How the world is at the end of a call."""

    how: How
    workspace: Workspace | None
    records: tuple[BuildRecord, ...]
    """Its builds."""
    before: tuple[BuildRecord, ...]
    """Those of the workspaces that the chat had before."""
    since: float
    """When it came to be so, or somebody did something to it."""
    acted_at: float
    """When anybody else last did anything at all."""
    meanwhile: tuple[Truth, ...] = attrs.field(repr=False)
    """How it was before and after each thing that others did while the call was made, or so soon before that this need not be known."""
    rebound_at: float
    """When the application gave the chat another workspace, or none."""
    interrupted: bool
    """The call's wait was ended."""
    stopped_by_itself: int
    """How often the platform has stopped it."""
    by_person: bool
    """Its latest build is a stop that somebody has asked for, on the platform's page or in the chat."""
    planned: bool
    """Somebody has the turn, or a creation stands half-way."""
    under_way: bool
    """A request is on its way, and late."""
    struck: bool
    """Something has struck this call."""
    away_for: float
    """Seconds since what has struck it did so first, or since each call is struck by something."""
    for_good: bool
    """It was told that it will never be otherwise."""
    refused: int
    """How often the platform has said no so far; in this call: refused_now."""
    refused_now: bool
    unreached: bool
    """The latest dial was struck."""
    creatable: frozenset[str]
    """Templates that the chat may be made a workspace from."""
    out_of_sight: bool
    """What was made for the chat is not shown, and it is bound to nothing."""
    closed: bool
    known: bool
    host_failed: bool
    """The host could not say what is allowed, in this call."""


def how_it_is(raw: FakeWorkspace | None, now: float) -> How:  # noqa: PLR0911 # one return for each
    """Return how a workspace is; None: there is none."""
    if raw is None:
        return How.NONE
    if raw.hidden:
        return How.HIDDEN
    if now >= raw.gone_at:
        return How.GONE
    latest = raw.latest
    status = latest.status_at(now)
    if status in (JobStatus.PENDING, JobStatus.RUNNING):
        return How.UNDER_WAY
    if status is not JobStatus.SUCCEEDED:
        return _failed(latest)
    match latest.transition:
        case Transition.STOP:
            return How.STOPPED
        case Transition.DELETE:
            return How.GONE
        case Transition.START:
            return _running(raw.told())


def _failed(build: BuildRecord) -> How:
    match build.transition:
        case Transition.DELETE:
            return How.DELETE_FAILED
        case _ if build.canceled_at <= build.ends_at:
            return How.CANCELED
        case Transition.START:
            return How.START_FAILED
        case Transition.STOP:
            return How.STOP_FAILED


def _running(it: Workspace) -> How:  # noqa: PLR0911 # as above
    roots = [agent for agent in it.agents if agent.parent_id is None]
    if not roots:
        return How.AGENTLESS
    if sum(agent.name.endswith(MARK) for agent in roots) > 1:
        return How.AMBIGUOUS
    agent = roots[0]  # all of a fake's agents take the same course
    if agent.external and agent.status is not AgentStatus.CONNECTED:
        return How.OFFLINE
    if agent.status is AgentStatus.TIMEOUT or (agent.disconnected_for or 0.0) >= LOST_AFTER:
        return How.DEAD
    if agent.status is not AgentStatus.CONNECTED or not agent.connected_since_build:
        return How.COMING
    if agent.lifecycle in SHUTTING_DOWN:
        return How.LEAVING
    return How.USABLE if agent.lifecycle in (Lifecycle.READY, Lifecycle.START_ERROR) else How.COMING


def since(raw: FakeWorkspace | None, now: float) -> float:
    """Return when a workspace came to be as it is."""
    if raw is None:
        return -inf
    latest = raw.latest
    life = agent_life(latest, raw.deeds)
    instants: list[float] = [latest.asked, latest.begins_at, latest.ends_at, *(life or ()), *(deed.at for deed in raw.deeds)]
    dropped = [deed.at for deed in raw.deeds if deed.kind == "drop"] + ([] if life is None else [life.drops_at])
    return max(it for it in (*instants, *(at + LOST_AFTER for at in dropped)) if it <= now)


class Witness:
    """Sees all that happens in a world of one chat."""

    def __init__(self, sim: Any, chat_id: str) -> None:
        self._sim = sim
        self._chat_id = chat_id
        self._strikes = [Strikes(fake, sim.monotonic) for fake in (sim.coder, sim.store)]
        self._marks = [0, 0]
        self._refused = 0
        self.acted_at = self.rebound_at = -inf
        self.interrupted = False
        self._seen: list[tuple[float, Truth]] = []
        self._began = 0.0
        self.stopped_by_itself = 0
        self.dropped = False
        """Somebody did something to the agents."""
        self.host_failed = self.many = False
        """many: processes, each of which knows only whether its own calls were struck."""
        self._tool = ""
        self._trouble_since: dict[str, float] = {}
        """Since when each call of a tool is struck."""
        self.allowed: frozenset[str] | None = None
        """Templates, where the host allows only some."""

    def sees(self, act: Callable[[], object], deed: str) -> None:
        """Let somebody else do something, which platform and record may refuse; note what it was, and how all is before and after."""
        self._seen.append((self._sim.elapsed, self.truth(during=True)))
        with suppress(Exception):
            act()
            self.acted_at = self._sim.elapsed
            self.dropped = self.dropped or deed.endswith("_agent")
            self.stopped_by_itself += deed in ("time_out", "go_dormant")
        self._seen.append((self._sim.elapsed, self.truth(during=True)))

    def begin(self, tool: str) -> None:
        """Note that a call begins."""
        self._tool = tool
        self._marks = [len(it.log) for it in self._strikes]
        self._refused = self.refused
        self._began, self.interrupted = self._sim.elapsed, False
        self._seen = [it for it in self._seen if it[0] >= self._began - PROOF]
        self.host_failed = False

    @property
    def refused(self) -> int:
        """How often the platform has said no."""
        return sum(it.refused for it in self._strikes)

    @property
    def workspace(self) -> FakeWorkspace | None:
        """What the chat is bound to."""
        row = self._sim.store._rows.get(self._chat_id)
        bound = None if row is None else row.chat.workspace_id
        return None if bound is None else self._sim.coder._platform.made[bound]

    def truth(self, *, during: bool = False) -> Truth:
        """Return how the world is now. during: a call, not at its end."""
        self._sim.coder._platform.catch_up()
        now, raw = self._sim.elapsed, self.workspace
        row = self._sim.store._rows.get(self._chat_id)
        struck = [(at, it.first(armed), armed) for it, mark in zip(self._strikes, self._marks, strict=True) for at, armed in it.log[mark:]]
        away_for = 0.0 if during else self._away_for(min((at for at, _, _ in struck), default=now if self.host_failed else None), now)
        return Truth(
            how=how_it_is(raw, now),
            workspace=None if raw is None else raw.told(),
            records=() if raw is None else raw.records,
            before=tuple(it for other in self._sim.coder._platform.made.values() if other is not raw for it in other.records),
            since=since(raw, now),
            acted_at=self.acted_at,
            meanwhile=() if during else tuple(truth for at, truth in self._seen if at >= self._began - PROOF),
            rebound_at=self.rebound_at,
            interrupted=self.interrupted,
            stopped_by_itself=self.stopped_by_itself,
            by_person=raw is not None and raw.latest.transition is Transition.STOP and not raw.latest.automatic,
            planned=row is not None and (row.plan is not None or row.alive(now)),
            under_way=any(it.faults._late for it in self._strikes),
            struck=bool(struck),
            away_for=max((away_for, *(now - first for _, first, _ in struck))),
            for_good=any(getattr(armed.error, "retryable", True) is False for _, _, armed in struck),
            refused=self.refused,
            refused_now=self.refused > self._refused,
            unreached=self._strikes[0].dial_struck,
            creatable=self._creatable(),
            out_of_sight=raw is None and any(it.hidden for it in self._sim.coder.live),
            closed=row is not None and row.chat.closed,
            known=row is not None,
            host_failed=self.host_failed,
        )

    def _away_for(self, struck_at: float | None, now: float) -> float:
        """Return the seconds for which each call has been struck. struck_at: when this one was; None: it was not."""
        if struck_at is None:
            if not self.many:
                self._trouble_since.pop(self._tool, None)
            return 0.0
        return now - self._trouble_since.setdefault(self._tool, struck_at)

    def _creatable(self) -> frozenset[str]:
        templates = self._sim.coder._platform.templates.values()
        found = frozenset(
            str(it.id)
            for it in templates
            if it.agents_allowed and not it.deprecated and not it.external_agent and it.organization_id == self._sim.organization_id
        )
        return found if self.allowed is None else found & self.allowed
