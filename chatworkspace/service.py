"""ChatWorkspaces: the only place where steps follow one another."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING

import attrs

from chatworkspace._application.admission import Admission, AllowedTemplates, WorkspaceTtl
from chatworkspace._application.calls import HEARTBEAT, Call, Calls
from chatworkspace._application.memory import Mentions, Proofs
from chatworkspace._application.mutex import ChatMutex
from chatworkspace._application.redaction import Redaction
from chatworkspace._application.telling import Callbacks, Teller, logger, not_applied
from chatworkspace._application.turns import FLOOR, Again, Await, Follow, LookAgain, Policy, Proven, Track, Turn, Turns, Unbound, Unknown, Wish
from chatworkspace._application.waiting import Bound, Ending, Goal, Seen, Waiter
from chatworkspace._application.watches import Watches
from chatworkspace._domain.arguments import Id, check_chat_id, check_parameters, check_text, check_wait, to_uuid
from chatworkspace._domain.conditions import Finding, describe
from chatworkspace._domain.decisions import Step, create_step, replace_step, start_step, stop_step
from chatworkspace._ports.system_clock import Process, SystemClock, this_process
from chatworkspace.errors import (
    BusyError,
    ChatClosedError,
    ChatNotFoundError,
    ChatWorkspaceError,
    InvalidArgumentError,
    NoWorkspaceError,
    UnavailableError,
)
from chatworkspace.model import Chat, LeftBehind, Phase, Reason, State, Workspace
from chatworkspace.outcomes import Outcome, Progress, Sweep
from chatworkspace.ports import AgentConnection, AgentDialer, Clock, Intent, Look, NotFoundError, Store, WorkspaceCreator
from chatworkspace.timeouts import Timeouts

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from chatworkspace.toolbox import Toolbox

TURN_SLICE = 0.5
"""Seconds: a wait for another process's claim blocks in the store, where an interrupt cannot reach it; it is looked for so often."""

FEW_TURNS = 4
"""Turns in a row that came to nothing, because somebody else was quicker or the claim came late; from then on there is a pause between them."""
MOST_TURNS = 20

Steps = Generator[Seen, None, Outcome]


class _Parts:
    """What belongs to one process, made on first use: a child of fork() gets its own."""

    def __init__(
        self,
        *,
        store: Store,
        creator: WorkspaceCreator,
        dialer: AgentDialer,
        clock: Clock,
        timeouts: Timeouts,
        admission: Admission,
        callbacks: Callbacks,
    ) -> None:
        # loaded with the first call: importing the library should cost little
        from chatworkspace._application.connecting import Connector  # noqa: PLC0415
        from chatworkspace._application.leaving import Leavings  # noqa: PLC0415
        from chatworkspace._application.sweeping import Sweeper  # noqa: PLC0415

        self.process = this_process()
        self.mutex = ChatMutex()
        self.calls = Calls()
        self.proofs = Proofs(timeouts.proof)
        self.watches = Watches(creator, clock, request=timeouts.request)
        self.waiter = Waiter(clock=clock, dialer=dialer, watches=self.watches, proofs=self.proofs, timeouts=timeouts)
        self.turns = Turns(store=store, creator=creator, clock=clock, timeouts=timeouts, proofs=self.proofs, admission=admission, calls=self.calls)
        self.leavings = Leavings(turns=self.turns, store=store, clock=clock, timeouts=timeouts, proofs=self.proofs)
        self.teller = Teller(clock=clock, creator=creator, timeouts=timeouts, callbacks=callbacks, mentions=Mentions())
        self.connector = Connector(turns=self.turns, creator=creator, dialer=dialer, clock=clock, timeouts=timeouts, proofs=self.proofs)
        self.sweeper = Sweeper(turns=self.turns, store=store, creator=creator, clock=clock, timeouts=timeouts)


class ChatWorkspaces:
    """Gives every chat exactly one workspace. Make one per process and share it between threads; close it when the process ends.

    An exception means: this call decided nothing, or was refused. An Outcome means: here is your workspace, and how it is.
    Every method may raise ClosedError, and UnavailableError where the store cannot be asked.
    """

    def __init__(
        self,
        *,
        store: Store,
        creator: WorkspaceCreator,
        dialer: AgentDialer,
        timeouts: Timeouts | None = None,
        allowed_templates: AllowedTemplates | None = None,
        workspace_ttl: WorkspaceTtl = None,
        on_chat_updated: Callable[[Outcome], object] | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Keep the ports; do no I/O. What is passed in stays the caller's to close.

        allowed_templates is asked anew by every call that needs a template: None allows all, an empty collection allows none; an exception refuses
        the call. A workspace that the chat has already is returned without asking.
        workspace_ttl: seconds; None, 0, an exception or nonsense means the template's own default (logged), and never blocks a creation.
        Callbacks run in the calling thread, after the lock and the claim are given back; what they raise is logged and dropped.
        """
        self._store = store
        self._creator = creator
        self._timeouts = Timeouts() if timeouts is None else timeouts
        self._clock: Clock = SystemClock() if clock is None else clock
        self._admission = Admission(creator, allowed_templates=allowed_templates, workspace_ttl=workspace_ttl)
        self._callbacks = Callbacks(on_chat_updated=on_chat_updated, on_progress=on_progress)
        self._make_parts = partial(
            _Parts,
            store=store,
            creator=creator,
            dialer=dialer,
            clock=self._clock,
            timeouts=self._timeouts,
            admission=self._admission,
            callbacks=self._callbacks,
        )
        self._latest_parts: _Parts | None = None
        self._all_parts: dict[Process, _Parts] = {}

    @property
    def _parts(self) -> _Parts:
        parts = self._latest_parts
        if parts is not None and parts.process is this_process():
            return parts
        made = self._make_parts()
        # two threads may both have made them: the first to write wins, by one atomic step
        self._latest_parts = parts = self._all_parts.setdefault(made.process, made)
        return parts

    # ------------------------------------------------------------ chats

    def open_chat(self, chat_id: str, *, owner_id: Id, organization_id: Id) -> Chat:
        """Make the chat known; the same call again changes nothing.

        chat_id is the host's own: 1 to 255 characters, compared exactly. InvalidArgumentError if it is known with another owner or organization;
        ChatClosedError.
        """
        check_chat_id(chat_id)
        owner, organization = to_uuid("owner_id", owner_id), to_uuid("organization_id", organization_id)
        self._parts.calls.check()
        chat = self._parts.turns.stored(lambda: self._store.open_chat(chat_id, owner, organization))
        if chat.owner_id != owner:
            raise InvalidArgumentError("owner_id", "the owner that the chat was opened with")
        if chat.organization_id != organization:
            raise InvalidArgumentError("organization_id", "the organization that the chat was opened with", reason=Reason.OTHER_ORGANIZATION)
        if chat.closed:
            raise ChatClosedError(chat_id)
        return chat

    def get_chat(self, chat_id: str) -> Chat:
        """Return the chat, closed or not. ChatNotFoundError."""
        self._parts.calls.check()
        return self._parts.turns.look_even_closed(check_chat_id(chat_id)).chat

    def history(self, chat_id: str) -> Sequence[Intent]:
        """Return what was planned for this chat and what came of it, oldest first. ChatNotFoundError."""
        check_chat_id(chat_id)
        self._parts.calls.check()
        try:
            return self._parts.turns.stored(lambda: self._store.history(chat_id))
        except NotFoundError:
            raise ChatNotFoundError(chat_id) from None

    # ------------------------------------------------------------ what changes something

    def create(
        self,
        chat_id: str,
        template_id: Id,
        *,
        name: str = "",
        parameters: Mapping[str, str] | None = None,
        preset_id: Id | None = None,
        replace: bool | Id = False,
        wait: float | None = None,
    ) -> Outcome:
        """Give the chat its workspace: find, join or make it, then wait for build, agent and scripts.

        name is a wish: the real one ends with the chat's mark. replace leaves a live workspace behind and makes another; the outcome names it. True
        replaces whatever is there, the id of a workspace that one only, so that the same call made twice replaces once.
        wait, in seconds, bounds all waiting (turn, build, agent, scripts): None as long as timeouts allow, 0 not at all. A request that changes
        something is never cut short. Raises what could not be decided or was refused: InvalidArgumentError, ChatNotFoundError, ChatClosedError,
        TemplateError, RefusedError, UnavailableError, OutcomeUnknownError, BusyError.
        """
        wish = Wish(
            template_id=to_uuid("template_id", template_id),
            name=check_text("name", name).strip(),
            parameters=check_parameters(parameters),
            preset_id=None if preset_id is None else to_uuid("preset_id", preset_id),
            replace=replace if isinstance(replace, bool) else to_uuid("replace", replace),
        )
        with self._call(chat_id, wait) as call:
            track = Track()
            turns = self._parts.turns
            policy = Policy(
                step=partial(_create_step, wish, track),
                make=lambda look, left, number: turns.make(look, wish, left, number, track),
                asks_for=lambda plan: turns.asks_for(wish, plan),
                parameters=wish.parameters,
                trust_proof=not wish.replace,
            )
            return self._run(call, self._steps(call, partial(turns.take, call, policy, track), track, wish=wish), track, wish.parameters)

    def start(self, chat_id: str, *, parameters: Mapping[str, str] | None = None, wait: float | None = None) -> Outcome:
        """Start the chat's workspace unless it runs, and wait as create() does. NoWorkspaceError, RefusedError, and as create()."""
        checked = check_parameters(parameters)
        with self._call(chat_id, wait) as call:
            track = Track()
            policy = Policy(step=lambda finding, _: start_step(finding), make=_nothing_to_act_upon, parameters=checked)
            outcome = self._run(call, self._steps(call, partial(self._parts.turns.take, call, policy, track), track), track, checked)
            if checked and not track.built and outcome.workspace is not None and outcome.state is not State.UNKNOWN:
                outcome = attrs.evolve(outcome, not_applied={"parameters": "those that the workspace was started with"})
            return outcome

    def stop(self, chat_id: str, *, wait: float | None = None) -> Outcome:
        """Stop the chat's workspace unless it is stopped, and wait for the end of the build. NoWorkspaceError, RefusedError, and as create()."""
        with self._call(chat_id, wait) as call:
            track = Track(stopping=True)
            policy = Policy(step=lambda finding, _: stop_step(finding), make=_nothing_to_act_upon, trust_proof=False)
            take = partial(self._parts.turns.take, call, policy, track)
            return self._run(call, self._steps(call, take, track, goal=Goal.BUILD_OVER), track)

    def attach(self, chat_id: str, workspace_id: Id, *, wait: float | None = None) -> Outcome:
        """Bind a workspace that somebody else made (same organization, visible to the owner), and wait as create() does.

        It is never deleted by the library. InvalidArgumentError if it may not be attached.
        """
        wanted = to_uuid("workspace_id", workspace_id)
        with self._call(chat_id, wait) as call:
            track = Track()
            return self._run(call, self._steps(call, lambda: self._parts.leavings.attach(call, wanted, track), track), track)

    def detach(self, chat_id: str, *, wait: float | None = None) -> Outcome:
        """Unbind; the workspace itself is left alone, and the outcome names it. Detaching an unbound chat is fine.

        wait (seconds) bounds the wait for the turn.
        """
        with self._call(chat_id, wait) as call:
            track = Track()
            take = partial(self._parts.leavings.detach, call, track)
            return self._run(call, self._steps(call, take, track, unbound=Reason.DETACHED), track)

    def close_chat(self, chat_id: str, *, wait: float | None = None) -> Outcome:
        """No more workspaces for this chat: unbind, and refuse later calls (ChatClosedError). Closing it again changes nothing.

        Its history stays. The outcome names what is left behind; nothing is deleted.
        """
        with self._call(chat_id, wait) as call:
            track = Track()
            take = partial(self._parts.leavings.close_chat, call, track)
            return self._run(call, self._steps(call, take, track, unbound=Reason.CHAT_CLOSED), track)

    def sweep(self, *, delete: Collection[Id] = ()) -> Sweep:
        """Settle plans that have stood for 15 minutes, and list live workspaces of our making that no chat is bound to.

        Deletes those named in `delete` (workspace ids, each must be one of those listed), nothing else.
        """
        wanted = [to_uuid("delete", workspace_id) for workspace_id in delete]
        with Call(self._parts.calls, self._clock, "", None) as call:
            swept, bound = self._parts.sweeper.sweep(wanted)
            for binding in bound:
                self._publish(call, binding, Track(adopted=True))
            return swept

    # ------------------------------------------------------------ what only looks

    def status(self, chat_id: str, *, wait: float = 0) -> Outcome:
        """Say how things are; with wait (seconds), return as soon as nothing is under way any more. Changes nothing.

        ChatNotFoundError, ChatClosedError.
        """
        with self._call(chat_id, wait) as call:
            return self._run(call, self._look_steps(call), Track())

    def follow(self, chat_id: str, *, wait: float | None = None) -> Generator[Progress, None, None]:
        """Yield where things stand, then every change and log line, something at least every 5 s, and one last item with its outcome.

        Ordered by generation, build and phase, only forward. Any process can follow any chat. ChatNotFoundError, ChatClosedError.
        """
        with self._call(chat_id, wait) as call:
            call.following = True
            yield from self._following(call)

    def connect(self, chat_id: str) -> AbstractContextManager[AgentConnection]:
        """Reach the agent of the chat's workspace for one tool call; the connection is open when this returns, and ends with its `with` block.

        Nothing is kept: each call looks anew, and is bounded by Timeouts.dial. ChatNotFoundError, ChatClosedError, NoWorkspaceError, and
        ConnectError, whose next_step is for the model.
        """
        with self._call(chat_id, None) as call:
            return self._parts.connector.connect(call)

    def toolbox(self, chat_id: str, *, wait: float | None = None) -> Toolbox:
        """Return the tools as a language model calls them. No I/O here. wait (seconds) is every tool's wait."""
        from chatworkspace._application.catalog import Catalog  # noqa: PLC0415 # whoever needs no tools does not load them
        from chatworkspace.toolbox import Toolbox  # noqa: PLC0415 # as above, and the layer above

        catalog = Catalog(creator=self._creator, admission=self._admission, clock=self._clock, timeouts=self._timeouts)
        return Toolbox(self, check_chat_id(chat_id), catalog=catalog, wait=check_wait(wait))

    # ------------------------------------------------------------ ending

    def interrupt(self, chat_id: str) -> None:
        """End the waits of this process on this chat: they return an Outcome with reason INTERRUPTED. Nothing on the platform is canceled.

        A call that could not find out anything yet, because store or platform are away, ends with UnavailableError and that reason.
        """
        self._parts.calls.interrupt(check_chat_id(chat_id))

    def close(self) -> None:
        """Refuse new calls and end waiting ones with ClosedError: within 1 s, or when the request that one of them has sent ends. Idempotent."""
        self._parts.calls.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # ------------------------------------------------------------ one call

    def _call(self, chat_id: str, wait: float | None) -> Call:
        return Call(self._parts.calls, self._clock, check_chat_id(chat_id), check_wait(wait))

    def _run(self, call: Call, steps: Steps, track: Track, parameters: Mapping[str, str] | None = None) -> Outcome:
        """Go all the way. What was made and did not become the chat's goes into the history; no parameter's value is told."""
        without = Redaction(parameters or {})
        try:
            outcome = without.of_outcome(_end_of(steps))
        except ChatWorkspaceError as error:
            without.of_error(error)
            error.left_behind = track.left
            if track.stray is not None:  # made, and the caller is told of no workspace at all: the history is the only place that names it
                self._record_stray(call.chat_id, track.stray)
            raise
        if track.left is not None and track.left.workspace_id != outcome.chat.workspace_id:
            outcome = attrs.evolve(outcome, left_behind=track.left)  # however it ended, and whoever overtook it: nobody else will name it
        if track.stray is not None and track.stray.id != outcome.chat.workspace_id:
            self._record_stray(call.chat_id, track.stray)
        self._parts.teller.ended(call, outcome)
        return outcome

    def _record_stray(self, chat_id: str, stray: Workspace) -> None:
        try:
            self._store.record_stray(chat_id, stray.id, f"made {stray.name} ({stray.id}) and was overtaken")
        except (UnavailableError, NotFoundError):
            logger.warning("a stray workspace could not be noted", extra={"chat_id": chat_id, "reason": Reason.OVERTAKEN.value}, exc_info=True)

    def _steps(  # noqa: C901, PLR0911 # one arm for each Turn there is
        self,
        call: Call,
        take: Callable[[], Turn],
        track: Track,
        *,
        wish: Wish | None = None,
        goal: Goal = Goal.SETTLED,
        unbound: Reason = Reason.OVERTAKEN,
    ) -> Steps:
        """Take turns until one says what the chat has; then wait for it, outside of every lock, and tell."""
        queued_until, again = call.until(self._timeouts.queued), 0
        while True:
            turn = self._take(call, take, queued_until)
            match turn:
                case None:
                    return self._not_my_turn(call)
                case Again():
                    again += 1
                    if again >= MOST_TURNS and self._clock.monotonic() >= queued_until:
                        return self._not_my_turn(call)
                    if again >= FEW_TURNS:
                        call.pause(self._clock.monotonic() + FLOOR)
                case Await(look=look):
                    self._parts.teller.stepped(call, look.chat, Seen(workspace=None, phase=Phase.QUEUED))
                    self._wait_for_turn(call, look, queued_until)
                case Proven():
                    return self._tell_proven(call, turn, track, wish)
                case Unknown():
                    return self._tell_unknown(call, turn)
                case Unbound():
                    return self._tell_unbound(call, turn, unbound, track)
                case LookAgain(bound=bound):
                    outcome = yield from self._until_over(call, bound, track, wish)
                    if outcome is not None:
                        return outcome
                    queued_until = call.until(self._timeouts.queued)
                case Follow(bound=bound):
                    return (yield from self._follow(call, bound, track, goal=goal, wish=wish))

    def _take(self, call: Call, take: Callable[[], Turn], queued_until: float) -> Turn | None:
        """Take one turn under the chat's mutex; None if it did not come in time."""
        call.check()
        mutex = self._parts.mutex
        if not mutex.acquire(call.chat_id, call, queued_until):
            return None
        try:
            turn = take()
        finally:
            mutex.release(call.chat_id)
        if isinstance(turn, Await) and (call.interrupted or self._clock.monotonic() >= queued_until):
            return None
        return turn

    def _wait_for_turn(self, call: Call, look: Look, until: float) -> None:
        """Wait until the chat may be free. Holds neither mutex nor connection."""
        ends = min(until, self._clock.monotonic() + look.claimed_for)
        if call.awaited == look.epoch:  # woken, and for nothing
            call.pause(min(ends, self._clock.monotonic() + FLOOR))
        call.awaited = look.epoch
        while not call.interrupted:
            call.check()
            now = self._clock.monotonic()
            if now >= ends:
                return
            slice_end = min(ends, now + TURN_SLICE)
            self._parts.turns.stored(partial(self._store.wait_for_turn, look, slice_end))
            if self._clock.monotonic() < slice_end:
                return

    def _follow(self, call: Call, bound: Bound, track: Track, *, goal: Goal = Goal.SETTLED, wish: Wish | None = None) -> Steps:
        """Wait for a bound workspace, look at the chat once more, and tell."""
        parts = self._parts
        settled = False
        if track.attached:
            finding = parts.turns.classify(bound.workspace)
            told = describe(finding, bound.workspace)
            settled = told.phase is None
            if not settled:
                outcome = parts.teller.under_way(call, bound, finding, told, track)
                parts.teller.binding_changed(attrs.evolve(outcome, reason=Reason.ATTACHED), bound.workspace)
        elif track.made is not None or track.adopted or track.built:
            self._publish(call, bound, track)
        while True:
            ending = yield from self._wait(call, bound, track, goal)
            look = parts.turns.look_even_closed(call.chat_id)
            if _is_overtaken(bound, look):
                return self._overtaken(call, look, ending, track, wish)
            outcome = parts.teller.bound(call, look.chat, ending, track, wish)
            if not outcome.ready or parts.turns.still_proven(look, bound, ending):
                if settled:  # told once, and as it is
                    parts.teller.binding_changed(outcome, outcome.workspace)
                parts.teller.became_ready(outcome)
                return outcome
            reading = parts.turns.read(look)
            if isinstance(reading, Unknown):
                return self._tell_unknown(call, reading)
            bound = reading.bound

    def _wait(self, call: Call, bound: Bound, track: Track, goal: Goal) -> Generator[Seen, None, Ending]:
        """Wait, publish builds met in progress before they are waited for, and tell on_progress."""
        teller = self._parts.teller
        steps = self._parts.waiter.wait(call, bound, goal=goal, lines=teller.wants_progress or call.following)
        while True:
            try:
                seen = next(steps)
            except StopIteration as end:
                ending: Ending = end.value
                return ending
            track.waited = track.waited or seen.phase is Phase.BUILDING
            if seen.phase is Phase.BUILDING and seen.workspace is not None and not track.attached:
                self._publish(call, attrs.evolve(bound, workspace=seen.workspace), track)
            teller.stepped(call, bound.chat, seen)
            yield seen

    def _until_over(self, call: Call, bound: Bound, track: Track, wish: Wish | None) -> Generator[Seen, None, Outcome | None]:
        """Wait until the build is over; an outcome if it does not end, or cannot be seen any more."""
        ending = yield from self._wait(call, bound, track, Goal.BUILD_OVER)
        if ending.told.phase is Phase.BUILDING or ending.told.state is State.UNKNOWN:
            look = self._parts.turns.look_even_closed(call.chat_id)
            if _is_overtaken(bound, look):
                return self._overtaken(call, look, ending, track, wish)
            return self._parts.teller.bound(call, look.chat, ending, track, wish)
        return None

    def _publish(self, call: Call, bound: Bound, track: Track) -> None:
        if self._callbacks.on_chat_updated is None:
            return
        finding = self._parts.turns.classify(bound.workspace)
        self._parts.teller.build_begun(call, bound, finding, describe(finding, bound.workspace), track)

    # ------------------------------------------------------------ other endings

    def _not_my_turn(self, call: Call) -> Outcome:
        """Say what is known, the turn not having come, or raise BusyError."""
        look = self._parts.turns.look(call.chat_id)
        if look.chat.workspace_id is None and look.plan is None:
            if call.interrupted:
                return self._parts.teller.plain(call, look.chat, State.ABSENT, Reason.INTERRUPTED)
            raise BusyError("somebody else is deciding for this chat")
        return self._parts.teller.plain(call, look.chat, State.STARTING, Reason.IN_PROGRESS, phase=Phase.QUEUED)

    def _tell_proven(self, call: Call, proven: Proven, track: Track, wish: Wish | None = None) -> Outcome:
        proof = proven.proof
        ending = Ending(workspace=proof.workspace, finding=proof.finding, told=describe(proof.finding, proof.workspace))
        return self._parts.teller.bound(call, proven.look.chat, ending, track, wish)

    def _tell_unknown(self, call: Call, unknown: Unknown) -> Outcome:
        teller = self._parts.teller
        return teller.plain(call, unknown.look.chat, State.UNKNOWN, unknown.reason, error=unknown.error, workspace=unknown.workspace)

    def _tell_unbound(self, call: Call, unbound: Unbound, reason: Reason, track: Track) -> Outcome:
        outcome = self._parts.teller.plain(call, unbound.chat, State.ABSENT, reason, left=track.left)
        if unbound.changed:
            self._parts.teller.binding_changed(outcome)
        return outcome

    def _overtaken(self, call: Call, look: Look, ending: Ending, track: Track, wish: Wish | None) -> Outcome:
        """Somebody gave the chat another workspace, or none, while this call waited: tell what it has now."""
        old = ending.workspace
        left = None if ending.told.state is State.GONE else LeftBehind(workspace_id=old.id, name=old.full_name, reason=Reason.OVERTAKEN)
        if look.chat.workspace_id is None:
            being_made = look.plan is not None and look.claimed_for > 0
            state, phase = (State.STARTING, Phase.CREATING) if being_made else (State.ABSENT, None)
            return self._parts.teller.plain(call, look.chat, state, Reason.OVERTAKEN, phase=phase, left=left)
        reading = self._parts.turns.read(look)
        if isinstance(reading, Unknown):
            return self._tell_unknown(call, reading)
        workspace = reading.bound.workspace
        told = describe(self._parts.turns.classify(workspace), workspace)
        if told.state is State.READY:  # not proven: the next call will
            told = attrs.evolve(told, state=State.STARTING, phase=Phase.CONNECTING)
        outcome = self._parts.teller.plain(call, look.chat, told.state, Reason.OVERTAKEN, phase=told.phase, workspace=workspace, left=left)
        return outcome if wish is None else attrs.evolve(outcome, not_applied=not_applied(wish, workspace, track))

    # ------------------------------------------------------------ looking and following

    def _look_steps(self, call: Call) -> Steps:
        """Follow the chat as it is, without changing anything."""
        parts = self._parts
        while True:
            dial = parts.turns.dialled(call.chat_id)
            look = parts.turns.look(call.chat_id)
            call.chat = look.chat
            if look.chat.workspace_id is None:
                if look.plan is None or look.claimed_for <= 0 or call.over:
                    return self._tell_absent(call, look)
                self._wait_for_turn(call, look, call.until(HEARTBEAT))
                yield Seen(workspace=None, phase=Phase.CREATING)
                continue
            if proven := parts.turns.proven(look, dial):
                return self._tell_proven(call, proven, Track())
            reading = parts.turns.read(look)
            if isinstance(reading, Unknown):
                return self._tell_unknown(call, reading)
            return (yield from self._follow(call, reading.bound, Track()))

    def _tell_absent(self, call: Call, look: Look) -> Outcome:
        teller = self._parts.teller
        if look.plan is None:
            return teller.plain(call, look.chat, State.ABSENT, Reason.NO_WORKSPACE)
        if look.claimed_for > 0:
            return teller.plain(call, look.chat, State.STARTING, Reason.IN_PROGRESS, phase=Phase.CREATING)
        return teller.plain(call, look.chat, State.ABSENT, Reason.INTERRUPTED_CREATION)

    def _following(self, call: Call) -> Generator[Progress, None, None]:
        """Turn what a look sees into progress that only moves forward."""
        teller = self._parts.teller
        look = self._parts.turns.look(call.chat_id)
        if look.plan is not None and look.claimed_for > 0:
            yield teller.progress(call, look.chat, None, phase=Phase.CREATING)
        steps = self._look_steps(call)
        furthest, generation = Seen(workspace=None, phase=None), look.chat.generation
        while True:
            try:
                seen = next(steps)
            except StopIteration as end:
                outcome: Outcome = end.value
                break
            if seen.phase is None:
                continue
            chat = call.chat or look.chat
            if seen.line is None:
                if furthest.phase is not None and chat.generation == generation and seen.step < furthest.step:
                    seen = furthest  # an agent that drops is no step back: where it was is told again
                furthest, generation = seen, chat.generation
            yield teller.progress(call, chat, seen)
        yield teller.progress(call, outcome.chat, None, outcome=outcome)
        teller.ended(call, outcome)


def _create_step(wish: Wish, track: Track, finding: Finding, workspace: Workspace) -> Step:
    if wish.replace in (True, workspace.id) and not (track.opened or track.as_wished):
        return replace_step(finding)
    return create_step(finding, same_template=workspace.template_id == wish.template_id)


def _end_of(steps: Steps) -> Outcome:
    """Go all the way, and return what it came to."""
    try:
        while True:
            next(steps)
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome


def _is_overtaken(bound: Bound, look: Look) -> bool:
    return look.chat.generation != bound.chat.generation or look.chat.workspace_id != bound.workspace.id


def _nothing_to_act_upon(look: Look, left: LeftBehind | None, number: int) -> Turn:
    del left, number
    if look.plan is not None:
        raise NoWorkspaceError("an earlier creation was interrupted before anything was made", reason=Reason.INTERRUPTED_CREATION)
    raise NoWorkspaceError("the chat has no workspace")
