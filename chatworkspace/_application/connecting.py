"""Reach the agent of a chat's workspace: look, read, dial once, and once more if another agent has taken its place."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING

import attrs

from chatworkspace._application.asking import Asking
from chatworkspace._application.calls import LEAST, Call
from chatworkspace._application.extras import ALL_EXTRAS, Extras
from chatworkspace._application.guiding import Guide
from chatworkspace._application.memory import Proofs
from chatworkspace._application.turn import Unknown
from chatworkspace._application.waiting import Bound
from chatworkspace._domain.conditions import Condition, Finding, at_limit, describe
from chatworkspace.errors import ChatWorkspaceError, ConnectError, NoWorkspaceError, UnavailableError
from chatworkspace.model import Agent, AgentStatus, Reason, State
from chatworkspace.ports import AgentConnection, AgentDialer, Clock, DialError, WorkspaceCreator
from chatworkspace.timeouts import Timeouts

if TYPE_CHECKING:
    from chatworkspace._application.redacting import Redactor

Connection = AbstractContextManager[AgentConnection]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _Target:
    """What is to be dialled."""

    bound: Bound
    agent: Agent


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
        extras: Extras,
        guide: Guide,
        redactor: Redactor,
    ) -> None:
        self._redactor = redactor
        self._guide = guide
        self._asking = asking
        self._extras = extras
        self._creator = creator
        self._dialer = dialer
        self._clock = clock
        self._timeouts = timeouts
        self._proofs = proofs

    def connect(self, call: Call) -> Connection:
        """Return a way to the agent that is open. NoWorkspaceError, ConnectError, UnavailableError."""
        try:
            return self._connected(call)
        except ChatWorkspaceError as error:
            self._redactor.of_error(call, error)
            self._guide.of_error(call, error)
            raise

    def _connected(self, call: Call) -> Connection:
        deadline = self._clock.monotonic() + self._timeouts.dial
        target = self._target(call, deadline)
        try:
            connection = self._dial(call, target, deadline)
        except (DialError, UnavailableError) as error:
            connection = self._once_more(call, target, error, deadline)
        self._record_use(call, target, deadline)
        return connection

    def _target(self, call: Call, deadline: float) -> _Target:
        """Select the agent anew. An external one that is known to be away is not dialled: only its user can start it."""
        look = self._asking.look(call.chat_id, self._by(call, deadline))
        if look.chat.workspace_id is None:
            raise NoWorkspaceError("the chat has no workspace")
        reading = self._asking.read(look, self._by(call, deadline))
        if isinstance(reading, Unknown):
            raise UnavailableError(reading.error, reason=reading.reason, retry_after=reading.retry_after)
        finding = self._asking.classify(reading.bound.workspace)
        agent = finding.agent
        if agent is None:
            raise self._without_agent(finding, reading.bound)
        if agent.external and agent.status in (AgentStatus.DISCONNECTED, AgentStatus.TIMEOUT):
            raise _offline(agent)
        return _Target(bound=reading.bound, agent=agent)

    @staticmethod
    def _without_agent(finding: Finding, bound: Bound) -> ChatWorkspaceError:
        """Say why there is nobody to dial: the workspace is not running, or no agent can be chosen."""
        told = describe(finding, bound.workspace)
        if told.state is State.GONE:
            return NoWorkspaceError("the workspace was deleted", reason=told.reason)
        message = finding.problem or (f"the workspace is {told.state.value}" if told.reason is not Reason.NO_AGENT else "the workspace has no agent")
        return ConnectError(message, agent=None, reason=told.reason)

    def _by(self, call: Call, deadline: float) -> float:
        """Return until when a look may take: it is needed after a dial that has taken all the time, too, to say why."""
        return max(min(call.by(self._timeouts.planning), deadline), self._clock.monotonic() + LEAST)

    def _dial(self, call: Call, target: _Target, deadline: float) -> Connection:
        with call.asking(deadline, cut=True):
            return self._dialer.dial(target.bound.workspace, target.agent, deadline=deadline)

    def _once_more(self, call: Call, failed: _Target, error: Exception, deadline: float) -> Connection:
        """Look again; another agent is dialled once, of the same one the error is explained by how it is now."""
        call.check()
        if call.interrupted:
            raise UnavailableError(str(error), reason=Reason.INTERRUPTED) from error
        self._proofs.void(call.chat_id)
        target = self._target_again(call, failed, error, deadline)
        if target.agent.id == failed.agent.id or self._clock.monotonic() >= deadline:
            raise self._explained(target, error) from error
        try:
            return self._dial(call, target, deadline)
        except (DialError, UnavailableError) as again:
            raise self._explained(self._target_again(call, target, again, deadline), again) from again

    def _target_again(self, call: Call, failed: _Target, error: Exception, deadline: float) -> _Target:
        """Look again. Where that fails, the dial's own error is told: it is what is known."""
        try:
            return self._target(call, deadline)
        except UnavailableError:
            raise ConnectError(str(error) or "the agent was not reached", agent=failed.agent) from error

    def _explained(self, target: _Target, error: Exception) -> ConnectError:
        """Say what may help, by how the agent is now: it never came, is lost, shuts down, or may answer the next time."""
        finding = self._asking.classify(target.bound.workspace)
        reason = Reason.CONNECT_FAILED
        if finding.condition in (Condition.TIMED_OUT, Condition.LOST):
            reason = describe(finding, target.bound.workspace).reason
        elif finding.condition is Condition.SHUTTING_DOWN:
            reason = at_limit(finding, describe(finding, target.bound.workspace)).reason
        return ConnectError(str(error) or "the agent was not reached", agent=target.agent, reason=reason)

    def _record_use(self, call: Call, target: _Target, deadline: float) -> None:
        workspace = target.bound.workspace
        ask = partial(self._creator.record_use, workspace)
        most = min(ALL_EXTRAS, deadline - self._clock.monotonic())
        missed = "the use of a workspace could not be recorded"
        self._extras.ask(call, "use", workspace.id, lambda until: ask(deadline=until), most=most, missed=missed)


def _offline(agent: Agent) -> ConnectError:
    """Return the error for an external agent that is away, worded by whether it was ever there."""
    if agent.ever_connected:
        message, step = "the external agent is offline", "reconnect it on its host, then make the same call again."
    else:
        message, step = "the external agent has never connected", "start the agent on its host and see that it connects, then call again."
    return ConnectError(message, agent=agent, reason=Reason.EXTERNAL_AGENT_OFFLINE, next_step=f"Ask the user to {step}")
