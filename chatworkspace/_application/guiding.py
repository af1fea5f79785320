"""Says what to do next: finds out what the table of advice asks for, and puts its answer into outcomes and errors."""

from __future__ import annotations

from collections.abc import Hashable

import attrs

from chatworkspace._application.calls import Call
from chatworkspace._application.stories import OpenWish, Starts, Stories, Wishes
from chatworkspace._application.turn import Track
from chatworkspace._domain.advice import (
    FIRST_PAUSE,
    SHORTEST_PAUSE,
    TABLE,
    Asked,
    Case,
    Guidance,
    Waited,
    guide,
    later,
    longer,
    next_step_after,
    soon,
    worded,
)
from chatworkspace._domain.conditions import Condition, Finding, describe
from chatworkspace.errors import ChatWorkspaceError, ConnectError, RefusedError
from chatworkspace.model import Advice, Agent, Reason, State, Workspace
from chatworkspace.outcomes import Outcome
from chatworkspace.ports import Clock
from chatworkspace.timeouts import Timeouts

AWAY = (Reason.PLATFORM_UNAVAILABLE, Reason.STORE_UNAVAILABLE, Reason.OUTCOME_UNKNOWN, Reason.JOB_UNKNOWN, Reason.ALLOW_LIST_FAILED, Reason.BUSY)
"""Nothing was found out of the chat."""


class Guide:
    """Guides the callers of one process. Safe from any thread; used outside of every lock."""

    def __init__(self, *, clock: Clock, timeouts: Timeouts, stories: Stories, wishes: Wishes, starts: Starts) -> None:
        self._starts = starts
        self._wishes = wishes
        self.wished = wishes.told
        """The chats with a wish that is still open."""
        self.troubled = stories.told
        """The chats for which something has failed."""
        self._clock = clock
        self._timeouts = timeouts
        self._stories = stories

    def goes_on(self, call: Call, finding: Finding, workspace: Workspace) -> bool:
        """Tell whether how the latest build ended is to be told before another is asked for.

        It is what this very call has asked for before, and was told to come back for; or it failed as one before it, and nobody was told; or it is
        a stop, and somebody has canceled it while this call waited for it.
        """
        wish, build = self._wishes.of(call.chat_id, call.asked, call.arguments()), workspace.build
        if wish is not None and wish.build == build.id:
            return True
        told = describe(finding, workspace)
        if told.state is not State.FAILED:
            return False
        if finding.condition is Condition.STOP_FAILED and told.reason is Reason.BUILD_CANCELED and call.asked is Asked.STOP:
            return build.over_for is not None and build.over_for < call.elapsed
        again = self._stories.failed_before(call.chat_id, (told.reason, build.error), build.id)
        return again and self._stories.latest_told(call.chat_id) != build.id

    def continued(self, call: Call, outcome: Outcome, track: Track) -> Outcome:
        """Return the outcome as one of the whole wish: what its first call did is told by whichever ends it."""
        wish, workspace = self._wishes.of(call.chat_id, call.asked, call.arguments()), outcome.workspace
        if workspace is None:
            return outcome
        same = wish is not None and wish.workspace == workspace.id and not track.opened
        if wish is not None and same and (wish.created or wish.build == workspace.build.id):
            track.continued = True
            outcome = attrs.evolve(
                outcome,
                reason=_done(wish) if outcome.reason is Reason.EXISTING else outcome.reason,
                created=wish.created or outcome.created,
                updated=wish.updated or outcome.updated,
                built=True,
                not_applied={},
            )
        mine = track.continued or track.built or outcome.created
        self._wishes.put(call.chat_id, _open(call, outcome, workspace) if mine and outcome.phase is not None else None)
        return outcome

    def built(self, call: Call, workspace: Workspace, track: Track) -> None:
        """Note that the call has asked for a build."""
        if track.stopping:
            self._starts.forget(call.chat_id)
        else:
            self._starts.asked_for(call.chat_id, workspace, self._clock.monotonic())

    def in_vain(self, chat_id: str, workspace: Workspace) -> bool:
        """Tell, of a workspace that is stopped, whether to start it has been in vain twice: its owner is suspended, say."""
        return self._starts.in_vain(chat_id, workspace, self._clock.monotonic())

    def found_out(self, chat_id: str) -> None:
        """Note that a question about what is offered to the chat was answered."""
        self._stories.back(chat_id)

    def of_outcome(self, call: Call, outcome: Outcome) -> Outcome:
        """Return the outcome with what its caller is to do."""
        chat_id, reason = outcome.chat.id, outcome.reason
        if outcome.state is State.READY:
            self._stories.ready(chat_id)
            return outcome
        if reason not in AWAY:
            self._stories.back(chat_id)
        if outcome.retry_after is not None:  # the platform has said when
            seconds = self._said(call, outcome.retry_after)
            return attrs.evolve(outcome, next_step=next_step_after(seconds), retry_after=seconds)
        lasting = call.lasting and outcome.state is State.UNKNOWN
        guidance = self._guidance(call, chat_id, reason, repeated=self._repeated(outcome), lasting=lasting)
        return attrs.evolve(outcome, advice=guidance.advice, next_step=guidance.next_step, retry_after=guidance.retry_after)

    def of_error(self, call: Call, error: ChatWorkspaceError) -> None:
        """Put into the error what its caller is to do, unless whoever raised it has said."""
        if error.reason not in AWAY:
            self._stories.back(call.chat_id)
        if error.retry_after is not None:
            error.retry_after = self._said(call, error.retry_after)
            error.next_step = next_step_after(error.retry_after)
            return
        repeated = call.in_vain if error.reason is Reason.NOT_RUNNING else self._failed_before(call, error)
        guidance = self._guidance(call, call.chat_id, error.reason, repeated=repeated, lasting=not error.retryable)
        if error.next_step == guide(Case(reason=error.reason, lasting=not error.retryable)).next_step:
            error.next_step = guidance.next_step
        error.advice, error.retry_after = guidance.advice, guidance.retry_after

    def _failed_before(self, call: Call, error: ChatWorkspaceError) -> bool:
        return TABLE[error.reason].repeated is not None and self._stories.failed_before(call.chat_id, *_failure(call, error))

    def _guidance(self, call: Call, chat_id: str, reason: Reason, *, repeated: bool, lasting: bool = False) -> Guidance:
        waited, pause = call.waited, longer(call.beyond) if call.beyond is not None else None
        if reason in AWAY:
            away = self._stories.away_for(chat_id, self._clock.monotonic())
            waited, pause = (Waited.STILL if away >= self._timeouts.build else Waited.WITHIN), later(away)
        elif pause is None and call.impatient:
            pause = soon(call.under_way_for)
        guidance = guide(Case(reason=reason, asked=call.asked, waited=waited, repeated=repeated, lasting=lasting), retry_after=pause)
        if call.crowded and guidance.advice is Advice.CALL_AGAIN:  # it would wait, and there is no place for that
            seconds = guidance.retry_after or FIRST_PAUSE
            return Guidance(advice=Advice.CALL_LATER, next_step=worded(reason, Advice.CALL_LATER, seconds), retry_after=seconds)
        return guidance

    @staticmethod
    def _said(call: Call, seconds: float) -> float:
        """Return the time that the platform has said, or a little more for somebody who would be back at once."""
        return max(seconds, SHORTEST_PAUSE) if call.impatient else seconds

    def _repeated(self, outcome: Outcome) -> bool:
        if TABLE[outcome.reason].repeated is None or outcome.workspace is None:
            return False
        if outcome.reason is Reason.NOT_RUNNING:
            return self.in_vain(outcome.chat.id, outcome.workspace)
        words = outcome.error if outcome.state is State.FAILED else ""
        where = outcome.workspace.build.id if outcome.agent is None else outcome.agent.id
        if outcome.state is State.FAILED:
            self._stories.tell(outcome.chat.id, where)
        return self._stories.failed_before(outcome.chat.id, (outcome.reason, words), where)


def _done(wish: OpenWish) -> Reason:
    """Return what the calls of a wish have done together, now that the workspace is ready."""
    return Reason.CREATED if wish.created else Reason.STARTED


def _open(call: Call, outcome: Outcome, workspace: Workspace) -> OpenWish:
    return OpenWish(
        asked=call.asked,
        arguments=call.arguments(),
        workspace=workspace.id,
        build=workspace.build.id,
        created=outcome.created,
        updated=outcome.updated,
    )


def _failure(call: Call, error: ChatWorkspaceError) -> tuple[Hashable, Hashable]:
    """Return what failed, and where: of an agent that the platform calls dead each is another one, everything else is another each time."""
    this_call = (id(call), call.started)
    match error:
        case RefusedError():
            return (error.reason, error.message, error.detail, error.validations), this_call
        case ConnectError(agent=Agent(id=agent_id)) if error.reason is not Reason.CONNECT_FAILED:
            return (error.reason, ""), agent_id
        case _:
            return (error.reason, ""), this_call
