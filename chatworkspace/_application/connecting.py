"""Reach the agent of a chat's workspace: look, read, dial, and look again; once more where it may help, or something was changed meanwhile."""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from functools import partial

import attrs

from chatworkspace._application.asking import Asking
from chatworkspace._application.calls import LEAST, Call
from chatworkspace._application.elsewhere import DEAD
from chatworkspace._application.extras import ALL_EXTRAS
from chatworkspace._application.guiding import Guide
from chatworkspace._application.memory import Proofs
from chatworkspace._application.turn import Unknown
from chatworkspace._application.waiting import DIAL_PAUSE, Bound
from chatworkspace._application.watches import Watches
from chatworkspace._domain.conditions import Condition, Finding, at_limit, describe
from chatworkspace.errors import ChatWorkspaceError, ConnectError, NoWorkspaceError, UnavailableError
from chatworkspace.model import Agent, AgentStatus, Phase, Reason, State
from chatworkspace.ports import AgentConnection, AgentDialer, Clock, DialError, Look, NotFoundError, WorkspaceCreator
from chatworkspace.timeouts import Timeouts

Connection = AbstractContextManager[AgentConnection]

RESERVE = 5.0
"""Seconds that are kept back from a dial, for the look that says why it failed, or that it may be used."""
RESERVED = 0.2
"""The part of the limit that this is at most."""
LAST_DIAL = 5.0
"""Seconds for a dial of an agent that was waited for, and has not connected: it may have, this moment."""

STOPPED = (Condition.STOPPED, Condition.DORMANT, Condition.STOP_FAILED)
USABLE = (Condition.CONNECTING, Condition.SCRIPTS, Condition.SCRIPTS_FAILED, Condition.USABLE)
"""In which an agent may answer that has not."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _Target:
    """What is to be dialled."""

    bound: Bound
    agent: Agent

    def same_as(self, other: _Target) -> bool:
        """Tell whether both are one agent of one build."""
        return self.agent.id == other.agent.id and self.bound.workspace.build.id == other.bound.workspace.build.id


class Connector:
    """Connects to agents, for the chats of one process. Keeps no connection; safe from any thread."""

    def __init__(
        self,
        *,
        asking: Asking,
        creator: WorkspaceCreator,
        dialer: AgentDialer,
        clock: Clock,
        timeouts: Timeouts,
        proofs: Proofs,
        guide: Guide,
        watches: Watches,
    ) -> None:
        self._guide = guide
        self._watches = watches
        self._asking = asking
        self._extras = watches.extras
        self._creator = creator
        self._dialer = dialer
        self._clock = clock
        self._timeouts = timeouts
        self._proofs = proofs

    def connect(self, call: Call, wait: float | None, lasts: float | None = None) -> Connection:
        """Return a way to the agent that is open. wait: seconds for what is being built. NoWorkspaceError, ConnectError, UnavailableError."""
        try:
            connection = self._connected(call, call.started + (self._timeouts.build if wait is None else wait), lasts)
        except ChatWorkspaceError as error:
            self._proofs.void(call.chat_id)  # whatever was proven a moment ago: it has been seen otherwise
            self._guide.of_error(call, error)
            raise
        self._guide.reached(call)
        return connection

    def used(self, call: Call, error: UnavailableError | None) -> ChatWorkspaceError | None:
        """Note that a connection was used to its end, or return what is told of one that broke: why, as the agent is by now, and what to do."""
        call.arguments = partial(hash, call.name)  # a connection that is had does not show that it can be used
        if error is None:
            self._guide.reached(call)
            return None
        self._proofs.void(call.chat_id)
        limit = self._limit(call.started)
        try:
            told: ChatWorkspaceError = self._explained(call, self._target(call, self._bound(call, limit)), error)
        except UnavailableError:  # what broke is what is known
            told = UnavailableError(str(error), reason=Reason.CONNECT_FAILED)
        except ChatWorkspaceError as found:
            told = found
        self._guide.of_error(call, told)
        return told

    def _connected(self, call: Call, patience: float, lasts: float | None) -> Connection:
        limit = self._limit(patience)
        target = self._target(call, self._reachable(call, self._bound(call, limit), patience))
        limit, last = self._limit(patience), False
        while True:
            try:
                connection = self._dial(call, target, limit)
            except (DialError, UnavailableError) as error:
                target = self._after(call, target, error, limit, last=last)
            else:
                now = self._looked_at_again(call, connection, limit)
                if now.same_as(target):
                    self._record_use(call, target, limit, lasts)
                    return connection
                _hang_up(connection)
                self._proofs.void(call.chat_id)
                if last:
                    raise ConnectError("the workspace was changed while its agent was dialled", agent=now.agent)
                target = now
            last = True

    def _limit(self, patience: float) -> float:
        """Return until when all is over that is not waiting for a build."""
        return min(self._clock.monotonic(), patience) + self._timeouts.dial

    def _dial_by(self, limit: float) -> float:
        return limit - min(RESERVE, self._timeouts.dial * RESERVED)

    # ------------------------------------------------------------ what is dialled

    def _bound(self, call: Call, limit: float) -> Bound:
        """Look, and read what the chat is bound to."""
        look = self._asking.look(call.chat_id, self._by(call, limit))
        if look.chat.workspace_id is None:
            raise _without_workspace(look)
        reading = self._asking.read(look, self._by(call, limit))
        if isinstance(reading, Unknown):
            raise UnavailableError(reading.error, reason=reading.reason, retryable=reading.retryable, retry_after=reading.retry_after)
        call.build = reading.workspace.build.id
        return reading

    def _reachable(self, call: Call, bound: Bound, patience: float) -> Bound:
        """Wait for a build that is to run, within the call's patience; for an agent that connects, as long as a dial would take as well."""
        if self._worth_waiting(bound, patience) is None or not call.may_wait():
            return bound
        seat = self._watches.join(call, bound.chat.owner_id, bound.workspace, read_at=bound.read_at)
        try:
            while (ends := self._worth_waiting(bound, patience)) is not None and self._clock.monotonic() < ends and not call.interrupted:
                if call.heard is not None:
                    building = self._asking.classify(bound.workspace).condition is Condition.BUILDING
                    call.heard.wait_in(Phase.BUILDING if building else Phase.CONNECTING, bound.workspace)
                current = seat.next(ends)
                if current is None and seat.in_vain:
                    raise UnavailableError(str(seat.error or ""), retryable=False)
                if current is not None and current.build.number >= bound.workspace.build.number:
                    bound = attrs.evolve(bound, workspace=current)
        except NotFoundError as error:
            raise UnavailableError(str(error), reason=Reason.NOT_VISIBLE) from error
        finally:
            seat.leave()
            if call.heard is not None:
                call.heard.enter(Phase.PLANNING)
        if call.interrupted:
            raise UnavailableError("it was interrupted", reason=Reason.INTERRUPTED)
        return bound

    def _worth_waiting(self, bound: Bound, patience: float) -> float | None:
        """Return until when it is waited for what is under way; None: nothing is, or only a user can end it."""
        finding = self._asking.classify(bound.workspace)
        if finding.condition is Condition.BUILDING:
            return patience
        if finding.condition is Condition.CONNECTING and finding.agent is not None and not finding.agent.external:
            return self._dial_by(patience + self._timeouts.dial) - LAST_DIAL
        return None

    def _target(self, call: Call, bound: Bound) -> _Target:
        """Select the agent anew. An external one that is known to be away is not dialled: only its user can start it."""
        finding = self._asking.classify(bound.workspace)
        agent = finding.agent
        if agent is None:
            if finding.condition in STOPPED:
                self._guide.found_stopped(call, bound.workspace)
            raise self._without_agent(finding, bound)
        if agent.external and agent.status in (AgentStatus.DISCONNECTED, AgentStatus.TIMEOUT):
            raise _offline(agent)
        return _Target(bound=bound, agent=agent)

    @staticmethod
    def _without_agent(finding: Finding, bound: Bound) -> ChatWorkspaceError:
        """Say why there is nobody to dial: the workspace is not running, or no agent can be chosen."""
        told = describe(finding, bound.workspace)
        if told.state is State.GONE:
            return NoWorkspaceError("the workspace was deleted", reason=told.reason)
        message = finding.problem or (f"the workspace is {told.state.value}" if told.reason is not Reason.NO_AGENT else "the workspace has no agent")
        return ConnectError(message, agent=None, reason=told.reason)

    def _by(self, call: Call, limit: float) -> float:
        """Return until when a look may take: it is needed after a dial that has taken all its time, too, to say why."""
        return max(min(call.by(self._timeouts.planning), limit), self._clock.monotonic() + LEAST)

    # ------------------------------------------------------------ dialling

    def _dial(self, call: Call, target: _Target, limit: float) -> Connection:
        by, failed, began = self._dial_by(limit), None, self._clock.monotonic()
        try:
            with call.asking(by, cut=True):
                return self._dialer.dial(target.bound.workspace, target.agent, deadline=by)
        except (DialError, UnavailableError) as error:
            failed = error
            raise
        finally:
            if call.heard is not None:
                call.heard.saw(target.bound.workspace)
                call.heard.dialled(target.agent.name, began, self._clock.monotonic(), failed)
                call.heard.enter(Phase.PLANNING)
                call.heard.tell()

    def _looked_at_again(self, call: Call, connection: Connection, limit: float) -> _Target:
        """Look again: what was changed during the dial is not handed over."""
        try:
            return self._target(call, self._bound(call, limit))
        except BaseException:
            _hang_up(connection)
            raise

    def _after(self, call: Call, failed: _Target, error: DialError | UnavailableError, limit: float, *, last: bool) -> _Target:
        """Look again, and return what is dialled once more; else the error is explained by how the agent is now."""
        call.check()
        if call.interrupted:
            raise UnavailableError(str(error), reason=Reason.INTERRUPTED) from error
        try:
            target = self._target(call, self._bound(call, limit))
        except UnavailableError:  # the dial's own error is what is known
            if failed.agent.external and failed.agent.status is not AgentStatus.CONNECTED:
                raise _offline(failed.agent) from error
            raise ConnectError(str(error) or "the agent was not reached", agent=failed.agent) from error
        again_at = self._clock.monotonic() + (DIAL_PAUSE if target.same_as(failed) else 0)
        if last or again_at >= self._dial_by(limit) or (target.same_as(failed) and not self._may_answer(target, error)):
            raise self._explained(call, target, error) from error
        call.pause(again_at)
        return target

    def _may_answer(self, target: _Target, error: DialError | UnavailableError) -> bool:
        """Tell whether the same agent may be reached in a moment: the platform has not given it up, and what failed may pass."""
        passing = error.retryable if isinstance(error, UnavailableError) else not error.permanent
        return passing and self._asking.classify(target.bound.workspace).condition in USABLE

    def _explained(self, call: Call, target: _Target, error: Exception) -> ConnectError:
        """Say what may help, by how the agent is now: it never came, is lost, shuts down, or may answer the next time."""
        finding = self._asking.classify(target.bound.workspace)
        reason = Reason.CONNECT_FAILED
        if finding.condition is Condition.CONNECTING and target.agent.external:  # nobody has started it yet
            return _offline(target.agent)
        if finding.condition in (Condition.TIMED_OUT, Condition.LOST):
            reason = describe(finding, target.bound.workspace).reason
        elif finding.condition is Condition.SHUTTING_DOWN:
            reason = at_limit(finding, describe(finding, target.bound.workspace)).reason
        call.in_vain = reason in DEAD and self._guide.restarted(call, target.bound.workspace)
        return ConnectError(str(error) or "the agent was not reached", agent=target.agent, reason=reason)

    def _record_use(self, call: Call, target: _Target, limit: float, lasts: float | None) -> None:
        workspace = target.bound.workspace
        ask = partial(self._creator.record_use, workspace, **({} if lasts is None else {"lasts": lasts}))  # adapters may be older than it
        most = min(ALL_EXTRAS, limit - self._clock.monotonic())
        missed = "the use of a workspace could not be recorded"
        self._extras.ask(call, "record_use", workspace.id, lambda until: ask(deadline=until), most=most, missed=missed)


def _without_workspace(look: Look) -> ChatWorkspaceError:
    """Return the error for a chat that is bound to nothing: nothing is planned, somebody is at it, or somebody was interrupted."""
    if look.plan is None:
        return NoWorkspaceError("the chat has no workspace")
    if look.claimed_for > 0:
        return ConnectError("the workspace is being made", agent=None, reason=Reason.IN_PROGRESS)
    return NoWorkspaceError("an earlier creation was interrupted before anything was made", reason=Reason.INTERRUPTED_CREATION)


def _hang_up(connection: Connection) -> None:
    with suppress(Exception), connection:  # whatever it says at its end, nobody uses it
        pass


def _offline(agent: Agent) -> ConnectError:
    """Return the error for an external agent that is away, worded by whether it was ever there."""
    if agent.ever_connected:
        message, step = "the external agent is offline", "reconnect it on its host, then make the same call again."
    else:
        message, step = "the external agent has never connected", "start the agent on its host and see that it connects, then call again."
    return ConnectError(message, agent=agent, reason=Reason.EXTERNAL_AGENT_OFFLINE, next_step=f"Ask the user to {step}")
