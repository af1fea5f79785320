"""Put what was found into an Outcome, and tell the host's callbacks. What callbacks raise is logged and dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING
from uuid import UUID

import attrs

from chatworkspace._application.calls import Call
from chatworkspace._application.extras import Extras
from chatworkspace._application.logs import fields, fields_of, logger
from chatworkspace._application.memory import Mentions
from chatworkspace._application.turn import Track, Wish
from chatworkspace._application.waiting import Bound, Ending, Seen
from chatworkspace._domain import names
from chatworkspace._domain.advice import Case, guide
from chatworkspace._domain.conditions import Finding, Told
from chatworkspace._domain.places import Place, phase_order
from chatworkspace._ports.creator import has_scripts_in_log
from chatworkspace.model import Advice, Chat, LeftBehind, Phase, Quota, Reason, State, Workspace
from chatworkspace.outcomes import Outcome, Progress
from chatworkspace.ports import Clock, WorkspaceCreator

if TYPE_CHECKING:
    from chatworkspace._application.redacting import Redactor

LOG_TAIL = 20
"""Lines of a log that an outcome carries."""
_OF_SCRIPTS = (Reason.SCRIPTS_FAILED, Reason.SCRIPTS_RUNNING)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Callbacks:
    """What the host wants to be told."""

    on_chat_updated: Callable[[Outcome], object] | None = None
    on_progress: Callable[[Progress], object] | None = None


class Teller:
    """Makes outcomes and calls callbacks. Safe from any thread; used outside of every lock."""

    def __init__(
        self, *, clock: Clock, creator: WorkspaceCreator, extras: Extras, callbacks: Callbacks, mentions: Mentions, redactor: Redactor
    ) -> None:
        self._redactor = redactor
        self._clock = clock
        self._creator = creator
        self._extras = extras
        self._callbacks = callbacks
        self._mentions = mentions
        self.wants_progress = callbacks.on_progress is not None
        """Somebody listens to every step."""

    # ------------------------------------------------------------ outcomes

    def bound(self, call: Call, chat: Chat, ending: Ending, track: Track, wish: Wish | None = None) -> Outcome:
        """Return the outcome for a chat with a workspace."""
        told, workspace = ending.told, ending.workspace
        created = track.made is workspace or (track.made is not None and track.made.id == workspace.id)
        reason = Reason.INTERRUPTED if call.interrupted and told.phase is not None else _reason(told, track, created=created)
        advice, next_step = _guidance(reason)
        failed = told.state is State.FAILED
        has_log = failed or (told.reason in _OF_SCRIPTS and has_scripts_in_log(self._creator))
        log, left_out = self._log(call, workspace) if has_log else ((), 0)
        missed: Mapping[str, str] = {} if wish is None else not_applied(wish, workspace, track, created=created)
        if (track.overridden or track.unchecked) and (created or track.built or track.as_wished):
            missed = self._answered(call, missed, workspace, track)
        outcome = Outcome(
            chat=chat,
            state=told.state,
            reason=reason,
            advice=advice,
            next_step=next_step,
            phase=told.phase,
            created=created,
            built=created or track.built or track.waited,
            updated=track.built and track.version_before not in (None, workspace.build.template_version_id),
            workspace=workspace,
            agent=ending.finding.agent,
            error=workspace.build.error if failed else ending.error or ending.finding.problem,
            log_tail=log,
            log_left_out=left_out,
            quota=self._quota(call, chat) if failed and reason is Reason.QUOTA_FULL else None,
            left_behind=track.left,
            not_applied=missed,
            elapsed=self._clock.monotonic() - call.started,
        )
        return self._redactor.of_outcome(call, outcome)

    def under_way(self, call: Call, bound: Bound, finding: Finding, told: Told, track: Track) -> Outcome:
        """Return what on_chat_updated is told of a build that has just begun, before it is waited for."""
        reason = Reason.IN_PROGRESS if told.state is State.READY else told.reason
        state = State.STARTING if told.state is State.READY else told.state
        phase = told.phase or (Phase.CONNECTING if told.state is State.READY else None)
        advice, next_step = _guidance(reason)
        outcome = Outcome(
            chat=bound.chat,
            state=state,
            reason=reason,
            advice=advice,
            next_step=next_step,
            phase=phase,
            created=track.made is not None and track.made.id == bound.workspace.id,
            workspace=bound.workspace,
            agent=finding.agent,
            left_behind=track.left,
            elapsed=self._clock.monotonic() - call.started,
        )
        return self._redactor.of_outcome(call, outcome)

    def plain(
        self,
        call: Call,
        chat: Chat,
        state: State,
        reason: Reason,
        *,
        phase: Phase | None = None,
        error: str = "",
        left: LeftBehind | None = None,
        workspace: Workspace | None = None,
    ) -> Outcome:
        """Return an outcome for a chat whose workspace is absent, or not known well enough to be told."""
        if call.interrupted and phase is not None:
            reason = Reason.INTERRUPTED
        advice, next_step = _guidance(reason)
        outcome = Outcome(
            chat=chat,
            state=state,
            reason=reason,
            advice=advice,
            next_step=next_step,
            phase=phase,
            workspace=workspace,
            error=error,
            left_behind=left,
            elapsed=self._clock.monotonic() - call.started,
        )
        return self._redactor.of_outcome(call, outcome)

    def _log(self, call: Call, workspace: Workspace) -> tuple[tuple[str, ...], int]:
        """Return the last lines of the log, and how many stand before them. The failure itself is told in any case; its log is a help."""
        ask = partial(self._creator.build_log, workspace, after=0)
        lines = self._extras.ask(call, "build_log", workspace.id, lambda until: ask(deadline=until))
        told = lines or ()
        return tuple(line.text for line in told[-LOG_TAIL:]), max(len(told) - LOG_TAIL, 0)

    def _answered(self, call: Call, missed: Mapping[str, str], workspace: Workspace, track: Track) -> Mapping[str, str]:
        """Return what had no effect, with answers: what was not known before is held against what the build was asked for with."""
        from chatworkspace._domain.answers import told_not_applied  # noqa: PLC0415 # importing the library should cost little

        dropped: list[str] = []
        if track.unchecked:
            ask = partial(self._creator.build_parameters, workspace)
            built = self._extras.ask(call, "build_parameters", workspace.id, lambda until: ask(deadline=until))
            dropped = [] if built is None else sorted(track.unchecked - built.keys())
        told = told_not_applied(track.overridden, dropped)
        return {**missed, "parameters": told} if told else missed

    def _quota(self, call: Call, chat: Chat) -> Quota | None:
        ask = partial(self._creator.get_quota, chat.owner_id, chat.organization_id)
        return self._extras.ask(call, "get_quota", chat.owner_id, lambda until: ask(deadline=until))

    # ------------------------------------------------------------ callbacks

    def build_begun(self, call: Call, bound: Bound, finding: Finding, told: Told, track: Track) -> None:
        """Tell of a new binding or build, once."""
        workspace = bound.workspace
        if self._mentions.new_build(bound.chat.id, bound.chat.generation, workspace.id, workspace.build.number):
            self._updated(self.under_way(call, bound, finding, told, track))

    def settled(self, outcome: Outcome) -> None:
        """Tell how a build has ended, once: that it is ready in any case, that it stopped, failed or deleted where its beginning was told."""
        if self._callbacks.on_chat_updated is None or outcome.workspace is None:
            return
        chat, workspace_id, number = outcome.chat, outcome.workspace.id, outcome.workspace.build.number
        ready = outcome.ready and self._mentions.now_ready(chat.id, chat.generation, workspace_id, number)
        if ready or (outcome.state in (State.STOPPED, State.FAILED, State.GONE) and self._mentions.now_over(chat.id, workspace_id, number)):
            self._updated(outcome)

    def binding_changed(self, outcome: Outcome, workspace: Workspace | None = None) -> None:
        """Tell of an attach, detach or close, once."""
        if self._callbacks.on_chat_updated is None:
            return
        of: tuple[UUID | None, int] = (None, 0) if workspace is None else (workspace.id, workspace.build.number)
        ready = outcome.state is not State.STARTING
        if self._mentions.new_binding(outcome.chat.id, outcome.chat.generation, *of, ready=ready):
            self._updated(outcome)

    def _updated(self, outcome: Outcome) -> None:
        assert self._callbacks.on_chat_updated is not None
        try:
            self._callbacks.on_chat_updated(outcome)
        except Exception:
            logger.exception("on_chat_updated failed", extra=fields_of(outcome))

    # ------------------------------------------------------------ progress

    def progress(self, call: Call, chat: Chat, place: Place, *, line: str | None = None, cursor: str = "", heartbeat: bool = False) -> Progress:
        """Return one step of the way."""
        step = Progress(
            chat_id=chat.id,
            generation=chat.generation,
            at=self._clock.now(),
            elapsed=self._clock.monotonic() - call.started,
            build_number=place.build or None,
            phase=place.phase,
            queue_position=place.queue,
            line=line,
            cursor=cursor,
            heartbeat=heartbeat,
        )
        return self._redactor.of_progress(call, step)

    def last(self, call: Call, outcome: Outcome, *, cursor: str = "") -> Progress:
        """Return the last step: what the way came to."""
        chat = outcome.chat
        step = self.progress(call, chat, Place(generation=chat.generation), cursor=cursor)
        return attrs.evolve(step, advice=outcome.advice, outcome=outcome)

    def stepped(self, call: Call, chat: Chat, seen: Seen) -> None:
        """Tell on_progress of a step, if it is new to this process."""
        if self._callbacks.on_progress is None:
            return
        if seen.line is not None:
            if not self._mentions.new_line(chat.id, (chat.generation, seen.build_number or 0, seen.line_id)):
                return
        elif seen.phase is None or not self._mentions.new_phase(chat.id, (chat.generation, *seen.step, seen.turn), seen.queue_position):
            return
        self._stepped(self.progress(call, chat, seen.place(chat), line=seen.line))

    def ended(self, call: Call, outcome: Outcome) -> None:
        """Tell on_progress how it ended, if this process has been told of the way to it."""
        if self._callbacks.on_progress is None or outcome.phase is not None:
            return
        number = 0 if outcome.workspace is None else outcome.workspace.build.number
        if self._mentions.new_phase(outcome.chat.id, (outcome.chat.generation, number, phase_order(None))):
            self._stepped(self.last(call, outcome))

    def _stepped(self, progress: Progress) -> None:
        assert self._callbacks.on_progress is not None
        try:
            self._callbacks.on_progress(progress)
        except Exception:
            logger.exception("on_progress failed", extra=fields(progress.chat_id, build=progress.build_number))


@cache
def _guidance(reason: Reason) -> tuple[Advice, str]:
    """Return what is advised for a reason, and the same in a sentence, whoever asks; Guide knows more of the call, and when to come back."""
    guidance = guide(Case(reason=reason))
    return guidance.advice, guidance.next_step


def _reason(told: Told, track: Track, *, created: bool) -> Reason:
    """Say what this call did where the state alone says only that all is well."""
    if told.reason is not Reason.EXISTING:
        return Reason.STOPPED if told.reason is Reason.NOT_RUNNING and track.stopping else told.reason
    if created:
        return Reason.CREATED
    if track.built:
        return Reason.STARTED
    if track.attached:
        return Reason.ATTACHED
    return Reason.ADOPTED if track.adopted else Reason.EXISTING


def not_applied(wish: Wish, workspace: Workspace, track: Track, *, created: bool) -> Mapping[str, str]:
    """Return the arguments of a creation that had no effect, and what holds instead. created: this call has made the workspace."""
    missed: dict[str, str] = {}
    if wish.name and not names.wish_was_kept(wish.name, workspace.name):
        missed["name"] = workspace.name
    if not created and wish.template_id != workspace.template_id:
        missed["template_id"] = str(workspace.template_id)
    if track.as_wished or created:
        return missed
    if wish.parameters and (track.resumed or not track.built):
        missed["parameters"] = "those that the workspace was made with"
    if wish.preset_id is not None:
        missed["preset_id"] = "the one that the workspace was made with, if any"
    return missed
