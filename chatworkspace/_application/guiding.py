"""Says what to do next: finds out what the table of advice asks for, and puts its answer into outcomes and errors."""

from __future__ import annotations

from collections.abc import Hashable
from enum import Enum

import attrs

from chatworkspace._application.calls import Call
from chatworkspace._application.elsewhere import Elsewhere
from chatworkspace._application.redacting import Redactor
from chatworkspace._application.stories import OpenWish, Starts, Stories, Wishes, failure_of, unreached_by
from chatworkspace._application.turn import Track, Wish
from chatworkspace._domain.advice import (
    AT_ONCE,
    FIRST_PAUSE,
    LONGEST_PAUSE,
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
from chatworkspace.errors import ChatWorkspaceError, RefusedError
from chatworkspace.model import Advice, Agent, JobStatus, Phase, Reason, State, Transition, Workspace
from chatworkspace.outcomes import Outcome
from chatworkspace.ports import Clock
from chatworkspace.timeouts import Timeouts

AWAY = (Reason.PLATFORM_UNAVAILABLE, Reason.STORE_UNAVAILABLE, Reason.OUTCOME_UNKNOWN, Reason.JOB_UNKNOWN, Reason.ALLOW_LIST_FAILED, Reason.BUSY)
"""Nothing was found out of the chat."""
BACK_FOR_IT = LONGEST_PAUSE + AT_ONCE
"""Seconds within which whoever was told to come back does so, after the longest pause."""
ASLEEP = (Reason.NOT_RUNNING, Reason.DORMANT)
BEFORE_ITS_TURN = (Phase.QUEUED, Phase.PLANNING, Phase.CREATING)
"""Nothing either: whoever has the turn may be dead, and its claim one that the record has kept of this very call."""


class _Trouble(Enum):
    """Why the same call comes to nothing again and again."""

    AWAY = "away"
    """Nothing could be found out, or somebody else has the turn."""
    UNDER_WAY = "under way"
    """It has been under way all the time: one thing follows another, and nothing ends it."""
    UNREACHED = "unreached"
    """No connection reaches it, and it was to be started anew for that."""


UNDER_WAY = (
    Reason.IN_PROGRESS,
    Reason.BUILD_QUEUED,
    Reason.NO_PROVISIONER,
    Reason.STOPPING,
    Reason.AGENT_NOT_CONNECTED,
    Reason.SCRIPTS_RUNNING,
)
"""Of errors, which have no phase: something goes on."""


class Guide:
    """Guides the callers of one process. Safe from any thread; used outside of every lock."""

    def __init__(
        self, *, clock: Clock, timeouts: Timeouts, stories: Stories, wishes: Wishes, starts: Starts, elsewhere: Elsewhere, redactor: Redactor
    ) -> None:
        self._redactor = redactor
        self._elsewhere = elsewhere
        self._starts = starts
        self._wishes = wishes
        self.wished = wishes.told
        """The chats with a wish that is still open."""
        self.begun = wishes.begun
        """Of each chat the build that a call of this process has begun last: whoever else finds it under way here has not asked for it."""
        self.troubled = stories.told
        """The chats for which something has failed."""
        self.forget_some = wishes.forget_some
        self._clock = clock
        self._timeouts = timeouts
        self._stories = stories
        self._longest = 2 * (timeouts.build + timeouts.connect + timeouts.scripts)
        """Seconds after which what is still under way is a person's, whatever moves."""

    def goes_on(self, call: Call, finding: Finding, workspace: Workspace) -> bool:
        """Tell whether how the latest build ended is to be told before another is asked for.

        It is what this very call has asked for before, and was told to come back for; or it failed as one before it, and nobody was told, as far as
        this process can know; or it is a stop, and somebody has canceled it while this call waited for it.
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
        if self._stories.latest_told(call.chat_id) == build.id:
            return False
        return again or (build.over_for is not None and build.over_for <= AT_ONCE and self._elsewhere.failed_again(call, workspace))

    def has_replaced(self, call: Call, wish: Wish, finding: Finding, workspace: Workspace) -> bool:
        """Tell, of what is to be replaced, whether it is what this very wish has put in another's place, and was not told of to the end.

        Whoever is told to come back for it asks for it in the same words, perhaps of another process, and perhaps when it is over.
        """
        known = self._wishes.of(call.chat_id, call.asked, call.arguments())
        if known is not None and known.replaces and known.workspace == workspace.id:
            return True
        if self.begun.get(call.chat_id) == workspace.build.id:  # by this process, which knows
            return False
        blind = self._timeouts.build  # seconds: an outage that takes longer is told to a person
        in_time = describe(finding, workspace).phase is not None or _lately(finding.agent, workspace, within=blind + BACK_FOR_IT)
        return in_time and self._elsewhere.has_replaced(call, workspace, wish)

    def continued(self, call: Call, outcome: Outcome, track: Track) -> Outcome:
        """Return the outcome as one of the whole wish: what its first call did is told by whichever ends it. A mere look ends none."""
        wish, workspace = self._wishes.of(call.chat_id, call.asked, call.arguments()), outcome.workspace
        if workspace is None or call.asked is Asked.LOOK:
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
        mine = track.continued or track.built or outcome.created or (track.adopted and track.as_wished)
        goes_on = mine and outcome.phase is not None and _is_of(call, workspace)
        if mine and not _is_of(call, workspace):  # a stop of what the call has made: somebody else has begun that
            self.begun.pop(call.chat_id, None)
        replaces = track.asks_to_replace or (wish is not None and same and wish.replaces)
        self._wishes.put(call.chat_id, _open(call, outcome, workspace, adopted=track.adopted, replaces=replaces) if goes_on else None)
        return outcome

    def begun_elsewhere(self, call: Call, outcome: Outcome, track: Track) -> Outcome:
        """Return the outcome of a call that found something as one of the whole wish, if it is what another process has begun for this very wish."""
        workspace = outcome.workspace
        if workspace is None or self.begun.get(call.chat_id) == workspace.build.id:
            return outcome
        if workspace.build.transition is not Transition.START:
            self._told_to_the_end(call, outcome, track)
            return outcome
        known = self._wishes.of(call.chat_id, call.asked, call.arguments()) is not None
        if known or (outcome.phase is None and not track.waited and not _lately(outcome.agent, workspace, within=AT_ONCE)):
            return outcome
        if track.wish is None:
            return self._started_elsewhere(call, outcome, workspace, track)
        first = workspace.build.number == 1 + (track.wish.preset_id is not None and workspace.build.number > 1)  # it may have been prebuilt
        if not first or not self._elsewhere.was_wished(call, outcome.chat, workspace, track.wish):
            return outcome
        track.continued = True
        self._told_to_the_end(call, outcome, track)
        reason = Reason.CREATED if outcome.reason is Reason.EXISTING else outcome.reason
        return attrs.evolve(outcome, reason=reason, created=True, built=True, not_applied={})

    def _told_to_the_end(self, call: Call, outcome: Outcome, track: Track) -> None:
        """Note it, of what has replaced another and is no longer under way: to ask for another once more is another wish."""
        if track.asks_to_replace and outcome.phase is None and outcome.workspace is not None:
            self.begun[call.chat_id] = outcome.workspace.build.id

    def _started_elsewhere(self, call: Call, outcome: Outcome, workspace: Workspace, track: Track) -> Outcome:
        if not self._elsewhere.answers_hold(call, workspace, track.answers):
            return outcome
        track.continued = True
        before = self._elsewhere.version_before(call, workspace)
        reason = Reason.STARTED if outcome.reason is Reason.EXISTING else outcome.reason
        return attrs.evolve(outcome, reason=reason, built=True, updated=before not in (None, workspace.build.template_version_id))

    def applied(self, call: Call, outcome: Outcome, track: Track) -> Outcome:
        """Return the outcome without what was asked for and holds: only the rest is told as not applied. What was made for a wish is remembered."""
        wish, workspace = track.wish, outcome.workspace
        if wish is None or workspace is None or outcome.state is State.UNKNOWN:
            return outcome
        if outcome.created:
            self._wishes.keep(call.chat_id, call.asked, call.arguments(), workspace.id)
        if outcome.created or not outcome.not_applied:
            return outcome
        if self._wishes.is_kept(call.chat_id, call.asked, call.arguments(), workspace.id):
            return attrs.evolve(outcome, not_applied={})
        missed = dict(outcome.not_applied)
        if track.met and "parameters" in missed and self._elsewhere.answers_hold(call, workspace, wish.parameters):
            del missed["parameters"]
        if track.met and "preset_id" in missed and self._elsewhere.has_preset(call, outcome.chat, workspace, wish.preset_id):
            del missed["preset_id"]
        return attrs.evolve(outcome, not_applied=missed)

    def built(self, call: Call, workspace: Workspace, track: Track) -> None:
        """Note that the call has asked for a build."""
        if track.stopping or track.deleting:
            self._starts.forget(call.chat_id)
        else:
            self._starts.asked_for(call.chat_id, workspace, self._clock.monotonic())

    def in_vain(self, call: Call, workspace: Workspace) -> bool:
        """Tell, of a workspace that is stopped, whether to start it has been in vain twice: its owner is suspended, say."""
        in_vain = self._starts.in_vain(call.chat_id, workspace, self._clock.monotonic())
        return in_vain or self._elsewhere.stopped_in_vain(call, workspace)

    def found_stopped(self, call: Call, workspace: Workspace) -> None:
        """Note in the call, which would use what is stopped, or not stopped for good, what speaks against a start."""
        call.by_person = _by_person(workspace)
        call.in_vain = workspace.build.job_status is JobStatus.SUCCEEDED and self.in_vain(call, workspace)

    def restarted(self, call: Call, workspace: Workspace) -> bool:
        """Tell, of one whose agent is dead, whether it was started anew for that."""
        return self._elsewhere.restarted(call, workspace)

    def reached(self, call: Call) -> None:
        """Note that the call has reached an agent, or has used it to the end: that it failed to is over."""
        if call.chat_id in self.troubled:
            self.found_out(call)
            self._stories.overcome(call.chat_id, unreached_by(call.name))

    def found_out(self, call: Call) -> None:
        """Note that the call has come to something of which no outcome tells: templates, the record, a connection."""
        for kind in _Trouble:
            self._stories.out_of_trouble(call.chat_id, _known_by(kind, call))

    def of_outcome(self, call: Call, outcome: Outcome) -> Outcome:
        """Return the outcome with what its caller is to do."""
        chat_id, reason = outcome.chat.id, outcome.reason
        if outcome.state is State.READY:
            for kind in _Trouble:
                self._stories.out_of_trouble(chat_id, _known_by(kind, call))
            self._stories.ready(chat_id, self._clock.monotonic())
            self._starts.ready(chat_id)
            return outcome
        away = self._away_for(call, reason, outcome.phase, outcome.retry_after)
        if outcome.retry_after is not None and not self._is_too_long(away):  # the platform has said when
            seconds = self._said(call, outcome.retry_after)
            return attrs.evolve(outcome, next_step=next_step_after(seconds), retry_after=seconds)
        if away is None and outcome.phase is not None:
            self._under_way(call, outcome.reason, outcome.workspace)
        elif away is None:
            self._stories.out_of_trouble(chat_id, _known_by(_Trouble.UNDER_WAY, call))
        if outcome.state is State.FAILED and outcome.workspace is not None:
            self._stories.tell(chat_id, outcome.workspace.build.id)
        lasting = call.lasting and outcome.state is State.UNKNOWN
        guidance = self._guidance(
            call, reason, away, repeated=self._repeated(call, outcome), lasting=lasting, by_person=_by_person(outcome.workspace)
        )
        return attrs.evolve(outcome, advice=guidance.advice, next_step=guidance.next_step, retry_after=guidance.retry_after)

    def of_error(self, call: Call, error: ChatWorkspaceError) -> None:
        """Make the error fit for its caller: without the values that the chat has brought, and with what is to be done, unless that is said."""
        self._redactor.of_error(call, error)
        away = self._away_for(call, error.reason, None, error.retry_after)
        if error.retry_after is not None and not self._is_too_long(away):
            error.retry_after = self._said(call, error.retry_after)
            error.next_step = next_step_after(error.retry_after)
            return
        if away is None and error.reason in UNDER_WAY:
            lasted = self._under_way(call, error.reason)
            call.under_way_for = call.under_way_for or lasted
        own = error.retry_after is None and error.next_step != guide(Case(reason=error.reason, lasting=not error.retryable)).next_step
        failed = error.reason not in ASLEEP and self._failed_before(call, error)
        if failed and error.reason is Reason.CONNECT_FAILED and self._was_to_be_restarted(call):  # that has not helped
            away = self._timeouts.build
        repeated = failed or call.in_vain
        guidance = self._guidance(call, error.reason, away, repeated=repeated, lasting=not error.retryable, by_person=call.by_person)
        error.next_step = error.next_step if own else guidance.next_step
        error.advice, error.retry_after = guidance.advice, guidance.retry_after

    def _was_to_be_restarted(self, call: Call) -> bool:
        """Tell whether a restart was advised since such a call has reached an agent last; note that it is now, in any case."""
        now = self._clock.monotonic()
        what = _known_by(_Trouble.UNREACHED, call)
        return self._stories.in_trouble_for(call.chat_id, what, began=call.started, now=now, since=now, pause=self._timeouts.build) > 0

    def _away_for(self, call: Call, reason: Reason, phase: Phase | None, pause: float | None) -> float | None:
        """Return the seconds for which the same call has found out nothing; None: it has. pause: as the platform has said."""
        what = _known_by(_Trouble.AWAY, call)
        if reason in AWAY or (reason is Reason.IN_PROGRESS and phase in BEFORE_ITS_TURN):
            now = self._clock.monotonic()
            return self._stories.in_trouble_for(call.chat_id, what, began=call.started, now=now, since=now, pause=pause or 0.0)
        if reason is not Reason.INTERRUPTED:
            self._stories.out_of_trouble(call.chat_id, what)
        return None

    def _waited(self, away: float) -> Waited:
        if self._is_too_long(away):
            return Waited.STILL
        return Waited.BEYOND if away >= self._timeouts.queued else Waited.WITHIN

    def _is_too_long(self, away: float | None) -> bool:
        return away is not None and away >= self._timeouts.build

    def _under_way(self, call: Call, reason: Reason, workspace: Workspace | None = None) -> float:
        """Return the seconds for which something has been under way, by whatever hand. All limits together are too long: nobody is to wait for it.

        But for a place in the queue, which comes nearer.
        """
        now = self._clock.monotonic()
        what = _known_by(_Trouble.UNDER_WAY, call)
        lasted = self._stories.in_trouble_for(call.chat_id, what, began=call.started, now=now, since=call.started)
        if lasted >= self._longest and reason is not Reason.BUILD_QUEUED:
            once = not self._stories.failed_before(call.chat_id, (what, "anew"), object())  # else whoever stops it for ever would never be told of
            if once and workspace is not None and self._elsewhere.begun_anew(call, workspace, within=lasted):
                self._stories.out_of_trouble(call.chat_id, what)
                return self._under_way(call, reason)
            call.waited, call.beyond = Waited.STILL, call.beyond or 0.0
        return lasted

    def _failed_before(self, call: Call, error: ChatWorkspaceError) -> bool:
        if TABLE[error.reason].repeated is None:
            return False
        again = self._stories.failed_before(call.chat_id, *failure_of(error, call=call.name, build=call.build))
        if not isinstance(error, RefusedError):
            return again
        same = self._stories.failed_before(call.chat_id, (error.reason, call.asked, call.arguments()), object())  # nothing was corrected
        return again or same or self._elsewhere.refused_before(call, error)

    def _guidance(
        self, call: Call, reason: Reason, away: float | None, *, repeated: bool, lasting: bool = False, by_person: bool = False
    ) -> Guidance:
        waited, pause = call.waited, longer(call.beyond) if call.beyond is not None else None
        if away is not None:
            waited = self._waited(away)
            pause = later(away) if reason in AWAY or waited is not Waited.WITHIN else None
        if pause is None and (call.impatient or call.elapsed < SHORTEST_PAUSE):  # else who would wait comes back at once, and again
            pause = soon(call.under_way_for if away is None else away)
        case = Case(reason=reason, asked=call.asked, waited=waited, repeated=repeated, lasting=lasting, by_person=by_person)
        guidance = guide(case, retry_after=pause)
        if call.crowded and guidance.advice is Advice.CALL_AGAIN:  # it would wait, and there is no place for that
            seconds = guidance.retry_after or FIRST_PAUSE
            return Guidance(advice=Advice.CALL_LATER, next_step=worded(reason, Advice.CALL_LATER, seconds), retry_after=seconds)
        return guidance

    @staticmethod
    def _said(call: Call, seconds: float) -> float:
        """Return the time that the platform has said, or a little more for somebody who would be back at once."""
        return max(seconds, SHORTEST_PAUSE) if call.impatient else seconds

    def _repeated(self, call: Call, outcome: Outcome) -> bool:
        if TABLE[outcome.reason].repeated is None or outcome.workspace is None:
            return False
        if outcome.reason in ASLEEP:
            return self.in_vain(call, outcome.workspace)
        words = outcome.error if outcome.state is State.FAILED else ""
        where = outcome.workspace.build.id if outcome.agent is None else outcome.agent.id
        often = self._stories.failed_often(outcome.chat.id, outcome.reason, where)
        again = self._stories.failed_before(outcome.chat.id, (outcome.reason, words), where) or often
        return again or self._elsewhere.failed_before(call, outcome)


def _done(wish: OpenWish) -> Reason:
    """Return what the calls of a wish have done together, now that the workspace is ready."""
    if wish.created:
        return Reason.CREATED
    return Reason.ADOPTED if wish.adopted else Reason.STARTED


def _lately(agent: Agent | None, workspace: Workspace, *, within: float) -> bool:
    """Tell whether it has become ready, or failed, so short a time ago that whoever was told to come back for it may only do so now."""
    since = workspace.build.over_for if agent is None or agent.ready_for is None else agent.ready_for
    return since is not None and since <= within


def _by_person(workspace: Workspace | None) -> bool:
    """Tell whether the latest build is a stop that somebody has asked for: the chat's own calls, or a hand on the platform's page."""
    return workspace is not None and workspace.build.transition is Transition.STOP and not workspace.build.automatic


def _is_of(call: Call, workspace: Workspace) -> bool:
    """Tell whether the latest build is of the kind that the call asks for: else somebody has decided otherwise since, and it is decided anew."""
    return (workspace.build.transition is Transition.STOP) is (call.asked is Asked.STOP)


def _open(call: Call, outcome: Outcome, workspace: Workspace, *, adopted: bool, replaces: bool) -> OpenWish:
    return OpenWish(
        asked=call.asked,
        arguments=call.arguments(),
        workspace=workspace.id,
        build=workspace.build.id,
        created=outcome.created,
        updated=outcome.updated,
        adopted=adopted,
        replaces=replaces,
    )


def _known_by(kind: _Trouble, call: Call) -> Hashable:
    return kind, call.asked, call.arguments()
