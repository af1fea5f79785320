"""How long things have taken and how often they failed, as far as this process has seen. All of it is bounded, and all of it may be lost.

Needs no lock: each step is one of a dict's own, and what two threads write at the same time is the same within moments.
"""

from __future__ import annotations

from collections.abc import Container, Hashable
from typing import TypeVar
from uuid import UUID

import attrs

from chatworkspace._domain.advice import AT_ONCE, LONGEST_PAUSE, OFTEN, Asked
from chatworkspace._domain.conditions import MAY_HAVE_BEEN_WELL, Condition, Finding, under_way_for
from chatworkspace.errors import ChatWorkspaceError, ConnectError, RefusedError
from chatworkspace.model import Agent, JobStatus, Lifecycle, Reason, Transition, Workspace

K = TypeVar("K")
V = TypeVar("V")

MOST = 65_536
"""Workspaces, and chats, that are remembered."""
WELL_BETWEEN = 3.0
"""Times the limit: how long ago something may lie that the platform tells, to be when what may have been well in between began."""
MOST_FAILURES = 8
"""Of a chat."""
MOST_TROUBLES = 16
"""Of a chat: its own calls, and what a page about it asks meanwhile."""
FORGOTTEN = 2 * LONGEST_PAUSE
"""Seconds beyond the time at which it was to come back: whoever comes later than that has not been waiting all the while."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Span:
    """Since when something is under way, and when it was last seen to move."""

    build: int
    condition: Condition
    facts: object
    began: float
    moved_at: float


class Phases:
    """Since when each workspace is in its phase: every caller's limit counts from there, not from when it came."""

    def __init__(self) -> None:
        self._spans: dict[int, Span] = {}
        """By the number that a workspace's id is: a number is quicker to look up."""
        self._well: dict[int, UUID] = {}
        """Workspace, as above -> the build that was seen here with nothing under way."""
        self._warmed: dict[UUID, object] = {}

    def seen(self, workspace: Workspace, finding: Finding, now: float, *, limit: float, read_at: float | None = None) -> Span:
        """Return since when. What was heard earlier tells how long it had taken when it was said.

        limit: of the phase. read_at: when the workspace was asked for, by a call that has just read it: the platform's word is used then.
        """
        known, told, facts = self._spans.get(workspace.id.int), self._told(workspace, finding, limit), _facts(workspace, finding)
        instant = now if read_at is None else read_at
        began = now if not told else instant - told
        if known is None or (known.build, known.condition) != (workspace.build.number, finding.condition):
            build = workspace.build
            taken = build.running_for if build.job_status is JobStatus.RUNNING else None  # by a provisioner: it has moved then
            moved_at = began if taken is None else max(began, instant - taken)
            span = Span(build=build.number, condition=finding.condition, facts=facts, began=began, moved_at=moved_at)
        else:
            began = known.began if read_at is None or not told else began
            span = attrs.evolve(known, began=began, facts=facts, moved_at=known.moved_at if facts == known.facts else now)
        self._spans[workspace.id.int] = span
        _forget_some(self._spans)
        return span

    def _told(self, workspace: Workspace, finding: Finding, limit: float) -> float | None:
        """Return for how long it is so by the platform's word, where that can be right: something may have been well in between."""
        told = under_way_for(finding, workspace)
        if finding.condition not in MAY_HAVE_BEEN_WELL or told is None:
            return told
        if told > WELL_BETWEEN * limit or self._well.get(workspace.id.int) == workspace.build.id:
            return None
        before = self._spans.get(workspace.id.int)  # this process knows better, if it has seen it so, or coming back
        return (
            None
            if before is not None and before.build == workspace.build.number and before.condition in (Condition.CONNECTING, finding.condition)
            else told
        )

    def is_cold(self, agent_id: UUID) -> bool:
        """Tell whether nobody here has begun to reach it; whoever asks first does."""
        mine = object()
        first = self._warmed.setdefault(agent_id, mine) is mine
        _forget_some(self._warmed)
        return first

    def over(self, workspace: Workspace) -> None:
        """Nothing is under way any more: what comes later begins anew."""
        self._spans.pop(workspace.id.int, None)
        self._well[workspace.id.int] = workspace.build.id
        if len(self._well) > MOST:
            _forget_some(self._well)


def _facts(workspace: Workspace, finding: Finding) -> object:
    """Return what shows that something moves. That scripts are slow, as the platform calls them after a while, is no movement."""
    build, agent = workspace.build, finding.agent
    if agent is None:
        return build.job_status, build.queue_position, build.provisioners
    lifecycle = Lifecycle.STARTING if agent.lifecycle is Lifecycle.START_TIMEOUT else agent.lifecycle
    return build.job_status, agent.id, agent.status, lifecycle


@attrs.frozen(kw_only=True, repr=False)
class OpenWish:
    """What a call has asked for that was still under way when it ended: the same call again goes on from there.

    asked: by which call. arguments: a hash of what it was told. workspace, build: what is under way. created, updated, adopted: what it has done
    already. replaces: it asks for another workspace in place of what is there.
    """

    asked: Asked
    arguments: int
    workspace: UUID
    build: UUID
    created: bool = False
    updated: bool = False
    adopted: bool = False
    replaces: bool = False


class Wishes:
    """The open wish of each chat, the build that was begun for one last, and the wish that its workspace was made for."""

    def __init__(self) -> None:
        self._wishes: dict[str, OpenWish] = {}
        self.told: Container[str] = self._wishes
        """The chats that have one."""
        self.begun: dict[str, UUID] = {}
        """The build that a call of this process has begun last."""
        self._kept: dict[str, tuple[Asked, int, UUID]] = {}

    def of(self, chat_id: str, asked: Asked, arguments: int) -> OpenWish | None:
        """Return the chat's, if this is the same call again."""
        wish = self._wishes.get(chat_id)
        return wish if wish is not None and (wish.asked, wish.arguments) == (asked, arguments) else None

    def keep(self, chat_id: str, asked: Asked, arguments: int, workspace_id: UUID) -> None:
        """Note for which wish the chat's workspace was made."""
        self._kept[chat_id] = asked, arguments, workspace_id
        _forget_some(self._kept)

    def is_kept(self, chat_id: str, asked: Asked, arguments: int, workspace_id: UUID) -> bool:
        """Tell whether it was made for this wish."""
        return self._kept.get(chat_id) == (asked, arguments, workspace_id)

    def put(self, chat_id: str, wish: OpenWish | None) -> None:
        """Remember it; None: it has been told how it ended."""
        if wish is None:
            self._wishes.pop(chat_id, None)
            return
        self._wishes[chat_id] = wish
        _forget_some(self._wishes)

    def forget_some(self) -> None:
        """Keep the builds that were begun within their bound: they are written without asking."""
        _forget_some(self.begun)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _Trouble:
    """since: when the same call first came to nothing. until: when it is expected back."""

    since: float
    until: float


@attrs.define(kw_only=True, eq=False, repr=False)
class _Story:
    troubles: dict[Hashable, _Trouble] = attrs.field(factory=dict[Hashable, _Trouble])
    """The calls that come to nothing again and again, each by itself: what another finds out does not help it."""
    failures: dict[Hashable, Hashable] = attrs.field(factory=dict[Hashable, Hashable])
    """What failed, and how -> where that was first."""
    kinds: dict[Hashable, tuple[Hashable, int]] = attrs.field(factory=dict[Hashable, "tuple[Hashable, int]"])
    """Of what kind something failed -> where that was last, and in how many places it was."""
    told: UUID | None = None
    """The failed build of which somebody was told last."""


def unreached_by(call: str) -> Hashable:
    """Return what failed where a call of this name reaches no agent, or cannot use it."""
    return Reason.CONNECT_FAILED, call


def failure_of(error: ChatWorkspaceError, *, call: str, build: UUID | None) -> tuple[Hashable, Hashable]:
    """Return what failed, and where: at an agent that the platform calls dead, or, without one, at a build; everything else is another each time.

    call: its name. build: that the call has read last.
    """
    match error:
        case RefusedError():
            return (error.reason, error.message, error.detail, error.validations), object()
        case ChatWorkspaceError(reason=Reason.CONNECT_FAILED):
            return unreached_by(call), object()
        case ConnectError(agent=Agent(id=agent_id)):
            return (error.reason, ""), agent_id
        case ConnectError(agent=None) if build is not None:
            return (error.reason, ""), build
        case _:
            return (error.reason, ""), object()


class Stories:
    """What failed for each chat, until it is ready."""

    def __init__(self) -> None:
        self._stories: dict[str, _Story] = {}
        self.told: Container[str] = self._stories
        """The chats of which something failed."""

    def failed_before(self, chat_id: str, what: Hashable, where: Hashable) -> bool:
        """Tell whether the same has failed somewhere else; note it. where: the build, or the call."""
        failures = self._of(chat_id).failures
        first = failures.setdefault(what, where)
        if len(failures) > MOST_FAILURES:
            failures.pop(next(iter(list(failures))), None)
        return first != where

    def overcome(self, chat_id: str, what: Hashable) -> None:
        """Note that this has come to something: if it fails once more, that is the first time."""
        story = self._stories.get(chat_id)
        if story is not None:
            story.failures.pop(what, None)

    def failed_often(self, chat_id: str, kind: Hashable, where: Hashable) -> bool:
        """Tell whether something of this kind has failed in many places, whatever was said of it; note it. where: as for failed_before()."""
        kinds = self._of(chat_id).kinds
        last, count = kinds.get(kind, (None, 0))
        kinds[kind] = where, count + (last != where)
        return kinds[kind][1] >= OFTEN

    def tell(self, chat_id: str, build_id: UUID) -> None:
        """Somebody is told of this failed build."""
        self._of(chat_id).told = build_id

    def latest_told(self, chat_id: str) -> UUID | None:
        """Return the failed build of which somebody was told last."""
        return self._of(chat_id).told

    def in_trouble_for(self, chat_id: str, what: Hashable, *, began: float, now: float, since: float, pause: float = 0.0) -> float:
        """Return the seconds for which the same call has come to nothing. what: it is known by. began: when it came this time.

        since: when the first of them did, if this is the first. pause: seconds after which it is told to come back, where somebody else says so.
        """
        troubles = self._of(chat_id).troubles
        known = troubles.pop(what, None)  # the latest stands last
        if known is not None and began <= known.until + FORGOTTEN:
            since = known.since
        troubles[what] = _Trouble(since=since, until=now + pause)
        if len(troubles) > MOST_TROUBLES:
            troubles.pop(next(iter(list(troubles))), None)
        return now - since

    def out_of_trouble(self, chat_id: str, what: Hashable) -> None:
        """Note that it has come to something."""
        story = self._stories.get(chat_id)
        if story is not None:
            story.troubles.pop(what, None)

    def ready(self, chat_id: str, now: float) -> None:
        """All is well: what failed before has been overcome. What still cannot be done cannot, whatever others find out."""
        story = self._stories.get(chat_id)
        if story is None:
            return
        story.failures, story.kinds, story.told = {}, {}, None
        story.troubles = {what: it for what, it in list(story.troubles.items()) if now <= it.until + FORGOTTEN}
        if not story.troubles:
            self._stories.pop(chat_id, None)

    def _of(self, chat_id: str) -> _Story:
        story = self._stories.setdefault(chat_id, _Story())
        _forget_some(self._stories)
        return story


@attrs.define(kw_only=True, eq=False, repr=False)
class _Start:
    workspace: UUID
    number: int
    at: float
    stops: int
    """How many starts in a row, up to this one, were followed by a stop of somebody else's."""
    stopped: bool = False
    """This one was."""
    ready: bool = False
    """It has come to something."""

    def stops_before(self, number: int) -> int:
        """Return how many starts in a row a stop has followed, up to that before the start of this number; whoever asked may not have seen it."""
        if self.stopped:
            return self.stops
        return self.stops + 1 if number == self.number + 2 and not self.ready else 0


class Starts:
    """The latest start that this process has asked for, of each chat.

    Where somebody stops it again at once, or before it is ready, asking once more is in vain.
    """

    def __init__(self) -> None:
        self._starts: dict[str, _Start] = {}

    def asked_for(self, chat_id: str, workspace: Workspace, now: float) -> None:
        """Note that a start was asked for, of which this is the latest build, or a stop that has followed it already."""
        before, build = self._starts.get(chat_id), workspace.build
        number = build.number - (build.transition is not Transition.START)
        stops = 0 if before is None or before.workspace != workspace.id else before.stops_before(number)
        self._starts[chat_id] = _Start(workspace=workspace.id, number=number, at=now, stops=stops)
        _forget_some(self._starts)

    def ready(self, chat_id: str) -> None:
        """Note that the workspace is ready: whoever stops it later may have used it for long enough."""
        start = self._starts.get(chat_id)
        if start is not None:
            start.ready = True

    def forget(self, chat_id: str) -> None:
        """Note that a stop was asked for."""
        self._starts.pop(chat_id, None)

    def in_vain(self, chat_id: str, workspace: Workspace, now: float) -> bool:
        """Tell, of a workspace that is stopped, whether somebody stops it again at once, or before it is ready, whenever it is started."""
        start, build = self._starts.get(chat_id), workspace.build
        if start is None or (start.workspace, start.number + 1) != (workspace.id, build.number):
            return False
        if not start.stopped and (not start.ready or now - (build.age or 0.0) - start.at <= AT_ONCE):
            start.stopped, start.stops = True, start.stops + 1
        return start.stopped and start.stops > 1


def _forget_some(remembered: dict[K, V]) -> None:
    if len(remembered) > MOST:
        for oldest in list(remembered)[: MOST // 2]:
            remembered.pop(oldest, None)
