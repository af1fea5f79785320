"""Wait for a workspace: build, agent, scripts, and the dial that proves it ready. Outside every lock; the caller's patience bounds it."""

from __future__ import annotations

from collections.abc import Collection, Generator
from contextlib import suppress
from enum import Enum
from math import inf

import attrs

from chatworkspace._application.calls import LOG_TICK, SLICE, Call
from chatworkspace._application.memory import Proof, Proofs
from chatworkspace._application.mutex import ChatMutex
from chatworkspace._application.stories import Phases, Span
from chatworkspace._application.watches import Seat, Watches
from chatworkspace._domain.advice import Waited
from chatworkspace._domain.conditions import UNDIALLED, Condition, Finding, Probe, Told, at_limit, classify, describe, probe_for
from chatworkspace._domain.places import Place, phase_order
from chatworkspace._ports.creator import has_scripts_in_log
from chatworkspace.errors import UnavailableError
from chatworkspace.model import Chat, JobStatus, Phase, Reason, State, Workspace
from chatworkspace.ports import AgentDialer, Clock, DialError, NotFoundError
from chatworkspace.timeouts import Timeouts

DIAL_PAUSE = 2.0
"""Seconds between the beginnings of two dials, one after the other, of an agent that the platform calls connected."""
WARMING = 1.0
"""Seconds in which an agent begins to be reached ahead of its dial: whoever waits for the scripts hears nothing meanwhile."""
AS_GOOD_AS_OVER = 1.0
"""Seconds of a limit that are left: platforms tell times in parts of a second."""
_FAR = 2**31
_OF_BUILD = frozenset({Phase.BUILDING})
_OF_SCRIPTS = _OF_BUILD | {Phase.CONNECTING, Phase.SCRIPTS}


class Goal(Enum):
    """What is waited for."""

    SETTLED = "settled"
    """Nothing is under way any more."""
    BUILD_OVER = "build_over"
    """The build that is under way has ended."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Bound:
    """A chat's workspace as it was read, and the row that led to it."""

    chat: Chat
    epoch: int
    workspace: Workspace
    read_at: float
    """When the workspace was asked for, by the clock of deadlines."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Seen:
    """Something to tell a follower."""

    workspace: Workspace | None
    """None before there is one."""
    phase: Phase | None
    line: str | None = None
    line_id: int = 0

    @property
    def step(self) -> tuple[int, int]:
        """Build number and phase, in their order."""
        return self.build_number or 0, phase_order(self.phase)

    @property
    def build_number(self) -> int | None:
        """The number of the latest build, if there is one."""
        return None if self.workspace is None else self.workspace.build.number

    @property
    def queue_position(self) -> int:
        """Where the build stands in the platform's queue; 0: it waits in none, or that is not told."""
        return self.workspace.build.queue_position if self.workspace is not None and self.phase is Phase.BUILDING else 0

    def place(self, chat: Chat) -> Place:
        """Return how far it tells that the chat is."""
        return Place(generation=chat.generation, build=self.build_number or 0, phase=self.phase, queue=self.queue_position, line=self.line_id)

    @property
    def turn(self) -> int:
        """How near the build is to its turn in the queue: goes up to 0. The platform may not know the position at first."""
        if self.workspace is None or self.workspace.build.job_status is not JobStatus.PENDING:
            return 0
        return -(self.queue_position or _FAR)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Ending:
    """How the wait ended."""

    workspace: Workspace
    finding: Finding
    told: Told
    error: str = ""
    """The last real failure of a read or a dial, if that is why there is nothing better to tell."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _Dialled:
    told: Told
    error: str = ""
    again_at: float = inf
    """When to dial again."""


Changes = Generator[Seen, None, Ending]
"""A wait: what it sees, and in the end how it ended."""
_Found = tuple[Finding, Told, str, float]
"""What a workspace's facts come to, how that is told, what failed, and when to dial again."""


class BuildLog:
    """Which build's log one follower hears, and until when. One thread."""

    def __init__(self, phases: Collection[Phase]) -> None:
        """phases: those in which it grows."""
        self._phases = phases
        self._build = 0
        """The number of the build whose log it is; 0: none, or all of it was read."""
        self._phase: Phase | None = None
        """What the lines belong to."""
        self._grows = False

    def is_due(self, told: Place | None, workspace: Workspace, phase: Phase | None, *, seated: bool) -> bool:
        """Tell whether lines() is to be asked at this step: while the log grows, and once after.

        told: how far a follower was told that comes back: the rest of a log may have been written since. seated: it waits already.
        """
        number = workspace.build.number
        self._grows = phase in self._phases
        missed = not seated and told is not None and _may_have_missed(told, self._phases) and told.build == number
        if self._grows:
            self._build, self._phase = number, phase
        elif missed and told is not None:
            self._build, self._phase = number, told.phase
        due = (missed or seated) and self._build == number
        if due and not self._grows:
            self._build = 0
        return due

    def lines(self, seat: Seat, workspace: Workspace) -> Generator[Seen, None, None]:
        """Yield the lines that this follower has not heard."""
        for line in seat.lines(workspace, last=not self._grows):
            yield Seen(workspace=workspace, phase=self._phase, line=line.text, line_id=line.id)


class Waiter:
    """Waits for workspaces, in any number of threads. It keeps no thread and no connection."""

    def __init__(self, *, clock: Clock, dialer: AgentDialer, watches: Watches, proofs: Proofs, phases: Phases, timeouts: Timeouts) -> None:
        self._phases = phases
        self._clock = clock
        self._dialer = dialer
        self._watches = watches
        self._proofs = proofs
        self._timeouts = timeouts
        self._dials = ChatMutex()
        self._limits = {Phase.BUILDING: timeouts.build, Phase.CONNECTING: timeouts.connect, Phase.SCRIPTS: timeouts.scripts}
        self.longest = 2 * sum(self._limits.values())
        """Seconds after which nothing is waited for any more: a workspace that is rebuilt without end ends no wait by itself."""

    @property
    def _log_phases(self) -> Collection[Phase]:
        """Those in which the build's log grows."""
        return _OF_SCRIPTS if has_scripts_in_log(self._watches.creator) else _OF_BUILD

    def may_have_missed(self, told: Place) -> bool:
        """Tell whether a follower that comes back from there may have missed the rest of a log."""
        return _may_have_missed(told, self._log_phases)

    def wait(self, call: Call, bound: Bound, *, goal: Goal = Goal.SETTLED, lines: bool = False) -> Ending | Changes:
        """Return how it is, where nothing is under way; else what yields every change, and returns how it ended.

        It ends settled, when a limit is over, or with the call's patience. lines: as _changes() has it.
        """
        if lines:  # whoever follows is told of a dial before it is made
            return self._changes(call, bound, goal, None, lines=True)
        first = self._found(call, bound, bound.workspace, goal, None)
        return self._over(call, bound.workspace, first) if first[1].phase is None else self._changes(call, bound, goal, first, lines=False)

    def _found(self, call: Call, bound: Bound, workspace: Workspace, goal: Goal, seat: Seat | None) -> _Found:
        """Return what the workspace's facts come to and how that is told, dialled where that is needed."""
        finding = classify(workspace, lost_after=self._timeouts.lost_after)
        told = describe(finding, workspace)
        dialled = self._dialled(call, bound, workspace, finding, told, seat=seat) if goal is Goal.SETTLED else _undialled(finding)
        return (finding, told, "", inf) if dialled is None else (finding, dialled.told, dialled.error, dialled.again_at)

    def _over(self, call: Call, workspace: Workspace, found: _Found) -> Ending:
        """Return the ending where what is waited for is over, and note it."""
        finding, told, error, _ = found
        if told.state is State.UNKNOWN:
            self._still_unknown(call, workspace, finding)
        else:
            self._phases.over(workspace)
        return Ending(workspace=workspace, finding=finding, told=told, error=error)

    def _changes(self, call: Call, bound: Bound, goal: Goal, first: _Found | None, *, lines: bool) -> Changes:
        """Yield every change, and return how it ended. first: what was found already.

        lines: yield the build log as well, and something at least every LOG_TICK seconds unless a read takes longer.
        """
        workspace, last = bound.workspace, inf
        log = BuildLog(self._log_phases) if lines else None
        seat: Seat | None = None  # taken only if there is something to wait for
        try:
            while True:
                if log is not None:
                    finding = classify(workspace, lost_after=self._timeouts.lost_after)
                    if log.is_due(call.told, workspace, describe(finding, workspace).phase, seated=seat is not None):
                        seat = seat or self._watches.join(call, bound.chat.owner_id, workspace, read_at=bound.read_at)
                        yield from log.lines(seat, workspace)  # before anything is told of what follows
                    if call.following and probe_for(finding) is not Probe.NONE:
                        yield Seen(workspace=workspace, phase=Phase.CONNECTING)  # before the dial, which may take as long as a follower can wait
                found = self._found(call, bound, workspace, goal, seat) if first is None else first
                first, (finding, told, error, again_at) = None, found
                phase = told.phase
                if phase is not None:
                    yield Seen(workspace=workspace, phase=phase)
                if phase is None or (goal is Goal.BUILD_OVER and phase is not Phase.BUILDING):
                    return self._over(call, workspace, found)
                now = self._clock.monotonic()
                read_at = bound.read_at if workspace is bound.workspace else None
                last = min(last, now + self.longest)
                span = self._phases.seen(workspace, finding, now, limit=self._limits[phase], read_at=read_at)
                ends = span.began + self._limits[phase]
                # whoever comes when the limit is over waits as long once more, if it has the patience, and is told that it is over
                limit = min(ends if ends > call.started + AS_GOOD_AS_OVER else call.started + self._limits[phase], last)
                if now >= limit or call.over or not call.may_wait():
                    told = at_limit(finding, told) if now >= min(ends, limit) else told
                    _measure(call, span, self._limits[phase], now)
                    error = error or (str(seat.error) if seat is not None and seat.error is not None else "")
                    return Ending(workspace=workspace, finding=finding, told=told, error=error)
                seat = seat or self._watches.join(call, bound.chat.owner_id, workspace, read_at=bound.read_at)
                self._warm(call, workspace, finding, seat)
                heard = _heard(call, seat, workspace, finding, call.sooner(min(limit, now + (LOG_TICK if lines else inf), again_at)))
                if isinstance(heard, Ending):
                    return heard
                workspace = heard
        finally:
            if seat is not None:
                seat.leave()

    def _warm(self, call: Call, workspace: Workspace, finding: Finding, seat: Seat) -> None:
        """Have an agent reached, once, while its scripts still run: the dial that proves it ready is quick then. This proves nothing."""
        if finding.condition is not Condition.SCRIPTS or call.over:
            return
        assert finding.agent is not None, "scripts are an agent's"
        if not self._phases.is_cold(finding.agent.id):
            return
        deadline = call.until(WARMING)
        with suppress(DialError, UnavailableError), call.asking(deadline, cut=True):  # the dial will tell
            seat.hold(self._dialer.warm(workspace, finding.agent, deadline=deadline))

    def _still_unknown(self, call: Call, workspace: Workspace, finding: Finding) -> None:
        """Note for how long nobody knows how the build stands: it may take as long as any."""
        now = self._clock.monotonic()
        _measure(call, self._phases.seen(workspace, finding, now, limit=self._timeouts.build), self._timeouts.build, now)

    def _dialled(self, call: Call, bound: Bound, workspace: Workspace, finding: Finding, told: Told, *, seat: Seat | None) -> _Dialled | None:
        """Dial where the finding needs it; None: it is as it is told. One dial serves all threads that ask for it at the same time.

        Without a seat yet it is asked for to be able to answer at all, and may take its time; later it is part of the waiting.
        """
        probe = probe_for(finding)
        if probe is Probe.NONE:
            return None
        asked_at = self._clock.monotonic()
        limit = min(self._timeouts.connect_attempt, SLICE) if call.following else self._timeouts.connect_attempt
        deadline = call.by(limit) if seat is None else call.until(limit)
        chat_id = bound.chat.id
        if not self._dials.acquire(chat_id, call, deadline):
            return _Dialled(told=UNDIALLED, again_at=self._clock.monotonic() + DIAL_PAUSE)
        try:
            proof = self._proofs.latest(chat_id)
            if proof is None or not self._serves(proof, bound, workspace, finding, asked_at):
                interrupted, began = call.interrupted, self._clock.monotonic()
                proof = self._dial(call, bound, workspace, finding, began=began, deadline=deadline)
                if proof.error:
                    call.check()
                    ended = self._clock.monotonic()
                    if call.interrupted is not interrupted or (ended >= deadline and deadline - began < limit):
                        # cut short, or too late to be a fair try: it says nothing of the agent
                        return _Dialled(told=UNDIALLED, error=proof.error, again_at=ended + DIAL_PAUSE)
                self._proofs.put(chat_id, proof)
        finally:
            self._dials.release(chat_id)
        match probe:
            case Probe.PROVE_READY:
                return None if proof.worked else _Dialled(told=UNDIALLED, error=proof.error, again_at=proof.at + DIAL_PAUSE)
            case Probe.PROVE_LOST:
                # reached, but the platform does not say so yet: its word is waited for
                again_at = self._clock.monotonic() + DIAL_PAUSE
                return _Dialled(told=UNDIALLED, again_at=again_at) if proof.worked else _Dialled(told=told, error=proof.error)

    def _serves(self, proof: Proof, bound: Bound, workspace: Workspace, finding: Finding, asked_at: float) -> bool:
        """Tell whether the latest dial serves this call as well: it has worked, or another would come too soon."""
        now = self._clock.monotonic()
        if self._proofs.valid(proof, epoch=bound.epoch, workspace_id=workspace.id, now=now) is None or not _same(proof, workspace, finding):
            return False
        return proof.worked or _lately(proof, finding, asked_at)

    def _dial(self, call: Call, bound: Bound, workspace: Workspace, finding: Finding, *, began: float, deadline: float) -> Proof:
        assert finding.agent is not None, "what is dialled has an agent"
        error, failed = "", None
        outer, call.terms = call.terms, (deadline, True, call.interrupted)
        try:
            with self._dialer.dial(workspace, finding.agent, deadline=deadline):
                pass
        except (DialError, UnavailableError) as failure:
            error, failed = str(failure) or "the agent was not reached", failure
        finally:
            call.terms = outer
        ended = self._clock.monotonic()
        if call.heard is not None:
            call.heard.dialled(finding.agent.name, began, ended, failed)
        # one that worked has ended by its deadline: whoever comes back later has stood still since
        at = max(began, ended - DIAL_PAUSE) if error else min(ended, deadline)
        return Proof(epoch=bound.epoch, workspace=workspace, finding=finding, at=at, error=error)


def _measure(call: Call, span: Span, limit: float, now: float) -> None:
    """Note in the call how long what it waits for has taken by now."""
    call.under_way_for = now - span.began
    over = now - (span.began + limit)
    if over >= 0:
        call.beyond = over
        call.waited = Waited.STILL if over >= limit and now - span.moved_at >= limit else Waited.BEYOND


def _may_have_missed(told: Place, phases: Collection[Phase]) -> bool:
    # connecting is also what is told before the dial of one that has been ready for long: nobody followed its log
    return told.phase in phases and (told.phase is not Phase.CONNECTING or told.line > 0)


def _undialled(finding: Finding) -> _Dialled | None:
    """Tell a finding to whom only the build matters: not as ready, without a dial."""
    return None if probe_for(finding) is Probe.NONE else _Dialled(told=UNDIALLED)


def _heard(call: Call, seat: Seat, workspace: Workspace, finding: Finding, until: float) -> Workspace | Ending:
    """Wait for news until then. What cannot be read any more, for good, ends the wait: what is under way there goes on."""
    try:
        heard = seat.next(until)
    except NotFoundError as error:
        return not_visible(workspace, finding, error)
    if heard is None and seat.in_vain:
        call.lasting = True
        told = Told(state=State.UNKNOWN, reason=Reason.PLATFORM_UNAVAILABLE)
        return Ending(workspace=workspace, finding=finding, told=told, error=str(seat.error or ""))
    # others may have heard of an older build after this call asked for its own
    return heard if heard is not None and heard.build.number >= workspace.build.number else workspace


def not_visible(workspace: Workspace, finding: Finding, error: NotFoundError) -> Ending:
    """Return the ending for an id that we knew and that the platform does not show: nothing is concluded from it."""
    told = Told(state=State.UNKNOWN, reason=Reason.NOT_VISIBLE)
    return Ending(workspace=workspace, finding=finding, told=told, error=str(error))


def _same(proof: Proof, workspace: Workspace, finding: Finding) -> bool:
    """Tell whether a proof is about this very build and agent."""
    there, here = proof.finding.agent, finding.agent
    return proof.workspace.build.id == workspace.build.id and there is not None and here is not None and there.id == here.id


def _lately(proof: Proof, finding: Finding, asked_at: float) -> bool:
    """Tell whether a dial was tried so short a time ago, for the same purpose, that another would come too soon: news of a watch may be many."""
    return asked_at < proof.at + DIAL_PAUSE and proof.finding.condition is finding.condition
