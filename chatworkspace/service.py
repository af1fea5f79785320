"""ChatWorkspaces: what a host calls. How a call goes on stands in `_application`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING

import attrs

from chatworkspace._application.admission import Admission, AllowedTemplates, WorkspaceTtl
from chatworkspace._application.calls import Call
from chatworkspace._application.given import Given
from chatworkspace._application.policies import Creating, Starting, Stopping, wish_of
from chatworkspace._application.telling import Callbacks
from chatworkspace._application.turn import Track
from chatworkspace._application.waiting import Goal
from chatworkspace._domain.advice import Asked
from chatworkspace._domain.arguments import (
    Hand,
    Id,
    check_callable,
    check_chat_id,
    check_cursor,
    check_executor,
    check_hands,
    check_ids,
    check_instance,
    check_most,
    check_number,
    check_parameters,
    check_port,
    check_seconds,
    check_text,
    check_wait,
    to_uuid,
)
from chatworkspace._ports.patience import Cancel
from chatworkspace._ports.system_clock import Process, SystemClock, running
from chatworkspace.errors import ChatClosedError, ChatWorkspaceError, InvalidArgumentError
from chatworkspace.model import Chat, Reason, State
from chatworkspace.outcomes import Chats, Outcome, Progress, Sweep
from chatworkspace.ports import AgentConnection, AgentDialer, Clock, Intent, Store, WorkspaceCreator
from chatworkspace.timeouts import Timeouts

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from chatworkspace._application.ahead import Executor
    from chatworkspace._application.parts import Parts
    from chatworkspace.events import Event
    from chatworkspace.toolbox import Toolbox


class ChatWorkspaces:
    """Gives every chat exactly one workspace. Make one per process and share it between threads; close it when the process ends.

    An exception means: this call decided nothing, or was refused; an Outcome: here is your workspace, and how it is.
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
        max_waiting: int | None = None,
        on_chat_updated: Callable[[Outcome], object] | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        on_event: Callable[[Event], object] | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Keep the ports; do no I/O. What is passed in stays the caller's to close. InvalidArgumentError.

        store: the record of chats. creator: what starts and reads workspaces. dialer: what reaches agents; one object may be both.
        timeouts: every limit, in seconds; default: Timeouts().
        allowed_templates: called with the chat by every call that needs a template; the ids that it may use. None, or returning None, allows all, an
        empty collection none; an exception refuses the call. A workspace that the chat has already is returned without asking.
        workspace_ttl: seconds after which a new workspace stops by itself, or a function of the chat that returns them. None and 0 mean what the
        template says; so does what a function raises, or returns instead of a number: that is logged, and never blocks a creation.
        max_waiting: how many calls of a process may wait at a time, each of which holds a thread of the host's (0 to 100,000). Whoever comes when so
        many do is told how things stand, as with wait=0 and never by an error for that, with the advice to call later. Default: any number.
        on_chat_updated: called with an outcome at each change of binding, each new build, and its end; that it is ready each process tells once.
        on_progress: called with each step of the way. Both run in the calling thread, with no lock nor claim held; what they raise is logged.
        on_event: called with each event of chatworkspace.events, when and where these are; what it raises is logged once. Default: nobody listens.
        clock: for tests; default: the real one.
        """
        self._store = check_port("store", store, Store)
        self._creator = check_port("creator", creator, WorkspaceCreator)
        check_port("dialer", dialer, AgentDialer)
        self._timeouts = Timeouts() if timeouts is None else check_instance("timeouts", timeouts, Timeouts)
        self._clock: Clock = SystemClock() if clock is None else check_port("clock", clock, Clock)
        allowed, changed = check_callable("allowed_templates", allowed_templates), check_callable("on_chat_updated", on_chat_updated)
        self._admission = Admission(creator, allowed_templates=allowed, workspace_ttl=workspace_ttl)
        self._given = Given(
            store=store,
            creator=creator,
            dialer=dialer,
            clock=self._clock,
            timeouts=self._timeouts,
            admission=self._admission,
            callbacks=Callbacks(on_chat_updated=changed, on_progress=check_callable("on_progress", on_progress)),
            max_waiting=check_most("max_waiting", max_waiting),
            on_event=check_callable("on_event", on_event),
        )
        self._latest_parts: Parts | None = None
        self._all_parts: dict[Process, Parts] = {}

    @property
    def _parts(self) -> Parts:
        parts = self._latest_parts
        return parts if parts is not None and parts.process is running.process else self._made_parts()

    def _made_parts(self) -> Parts:
        from chatworkspace._application.parts import Parts  # noqa: PLC0415 # loaded with the first call: importing the library should cost little

        made = Parts(self._given)
        # two threads may both have made them: the first to write wins, by one atomic step
        self._latest_parts = parts = self._all_parts.setdefault(made.process, made)
        return parts

    def open_chat(self, chat_id: str, *, owner_id: Id, organization_id: Id) -> Chat:
        """Make the chat known; the same call again changes nothing.

        chat_id: the host's own: 1 to 255 characters, compared exactly. owner_id: the user for whom workspaces are made (UUID). organization_id: where
        they are made (UUID). InvalidArgumentError, also if the chat is known with another owner or organization; ChatClosedError.
        """
        owner, organization = to_uuid("owner_id", owner_id), to_uuid("organization_id", organization_id)
        with self._guided(chat_id, "open_chat"):
            chat = self._parts.asking.recorded(self._store.open_chat, chat_id, owner, organization)
            if chat.owner_id != owner:
                raise InvalidArgumentError("owner_id", "the owner that the chat was opened with")
            if chat.organization_id != organization:
                raise InvalidArgumentError("organization_id", "the organization that the chat was opened with", reason=Reason.OTHER_ORGANIZATION)
            if chat.closed:
                raise ChatClosedError(chat_id)
            return chat

    def get_chat(self, chat_id: str) -> Chat:
        """Return the chat, closed or not. ChatNotFoundError."""
        with self._guided(chat_id, "get_chat"):
            return self._parts.asking.look_even_closed(chat_id).chat

    def chats(
        self,
        *,
        owner_id: Id | None = None,
        organization_id: Id | None = None,
        bound: bool | None = None,
        closed: bool | None = None,
        planned: bool | None = None,
        after: str = "",
        limit: int = 100,
    ) -> Chats:
        """Return the chats that the store knows, by their ids, a page at a time.

        owner_id, organization_id (UUID): only theirs. bound: only those that have a workspace, or that have none. closed: only those that are closed,
        or that are not. planned: only those for which a creation was begun and is not settled, or for which none was. None leaves none out.
        after: `Chats.after` of the page before; default: from the first. limit: the most on a page, 1 to 1,000. A page may hold fewer, none included,
        and there may be more still: go on until its `after` is None. InvalidArgumentError.
        """
        from chatworkspace._application.listing import wanted_of  # noqa: PLC0415 # whoever lists nothing does not load it

        wanted = wanted_of(owner_id, organization_id, bound=bound, closed=closed, planned=planned)
        place, most = check_text("after", after), check_number("limit", limit, 1, 1000)
        with Call((parts := self._parts).calls, self._clock, "", None, name="chats"):
            return parts.lister.chats(wanted, place, most)

    def history(self, chat_id: str) -> Sequence[Intent]:
        """Return what was planned for this chat and what came of it, oldest first. ChatNotFoundError."""
        with self._guided(chat_id, "history"):
            return self._parts.asking.history(chat_id)

    def create(
        self,
        chat_id: str,
        template_id: Id,
        *,
        name: str = "",
        parameters: Mapping[str, str] | None = None,
        preset_id: Id | None = None,
        start: bool = False,
        replace: bool | Id = False,
        wait: float | None = None,
        cancel: Cancel | None = None,
    ) -> Outcome:
        """Give the chat its workspace: find, join or make it, then wait for build, agent and scripts.

        template_id: what a new one is made from (UUID). A workspace that the chat has already stays, whatever it was made from.
        name: a wish; the real name ends with the chat's mark. Default: made from the template's name.
        parameters: answers to the template's questions, text by name. Their values may be secret, and are told nowhere.
        preset_id: the template's preset to be used (UUID); default: none.
        start: also start, as it is, what the chat has and stands still: make or resume. Default: that is told.
        replace: leave a live workspace behind and make another; the outcome names the old one. True: whatever is there. The id of a workspace (UUID):
        that one only, so that the same call made twice replaces once. Default: never. What this very call has put there is told to its end first.
        wait: seconds; bounds all waiting (turn, build, agent, scripts). None, the default: as long as timeouts allow; 0: not at all. A request that
        changes something is never cut short; the same call again, from any thread or process, goes on from there.
        cancel: ends the wait early, from any thread or signal handler, as interrupt() does; default: nothing.

        InvalidArgumentError, ChatNotFoundError, ChatClosedError, TemplateError, RefusedError, UnavailableError, OutcomeUnknownError, BusyError.
        """
        wish = wish_of(template_id, name, parameters, preset_id, start=start, replace=replace)
        with self._call(parts := self._parts, "create", chat_id, wait, Asked.CREATE, cancel=cancel) as call:
            call.arguments = wish.hash
            parts.values.bring(chat_id, wish.parameters)
            take = partial(parts.turns.take, call, Creating(call, parts.guide, wish, track := Track(), parts.maker), track)
            return parts.steps.go(call, take, track, wish=wish)

    def start(self, chat_id: str, *, parameters: Mapping[str, str] | None = None, wait: float | None = None, cancel: Cancel | None = None) -> Outcome:
        """Start the chat's workspace unless it runs, and wait as create() does.

        parameters: answers for this start, text by name. wait (seconds), cancel: as for create(). NoWorkspaceError, RefusedError, and as create().
        """
        checked = check_parameters(parameters)
        with self._call(parts := self._parts, "start", chat_id, wait, Asked.START, cancel=cancel) as call:
            call.arguments = partial(hash, frozenset(checked.items()))
            take = partial(parts.turns.take, call, Starting(call, parts.guide, checked), track := Track())
            parts.values.bring(chat_id, checked)
            outcome = parts.steps.go(call, take, track)
            if checked and not (track.built or track.continued) and outcome.workspace is not None and outcome.state is not State.UNKNOWN:
                outcome = attrs.evolve(outcome, not_applied={"parameters": "those that the workspace was started with"})
            return outcome

    def stop(self, chat_id: str, *, wait: float | None = None, cancel: Cancel | None = None) -> Outcome:
        """Stop the chat's workspace unless it is stopped, and wait for the end of the build.

        wait (seconds), cancel: as for create(). NoWorkspaceError, RefusedError, and as create().
        """
        with self._call(parts := self._parts, "stop", chat_id, wait, Asked.STOP, cancel=cancel) as call:
            take = partial(parts.turns.take, call, Stopping(call, parts.guide, track := Track(stopping=True)), track)
            return parts.steps.go(call, take, track, goal=Goal.BUILD_OVER)

    def attach(self, chat_id: str, workspace_id: Id, *, wait: float | None = None, cancel: Cancel | None = None) -> Outcome:
        """Bind a workspace that somebody else made (same organization, visible to the owner), and wait as create() does.

        workspace_id: UUID. wait (seconds), cancel: as for create(). The library never deletes it. InvalidArgumentError: it may not be attached.
        """
        wanted = to_uuid("workspace_id", workspace_id)
        with self._call(parts := self._parts, "attach", chat_id, wait, cancel=cancel) as call:
            return parts.steps.go(call, partial(parts.leavings.attach, call, wanted, track := Track()), track)

    def detach(self, chat_id: str, *, wait: float | None = None, cancel: Cancel | None = None) -> Outcome:
        """Unbind; the workspace itself is left alone, and the outcome names it. Detaching an unbound chat is fine.

        wait (seconds) bounds the wait for the turn, cancel ends it, as for create().
        """
        with self._call(parts := self._parts, "detach", chat_id, wait, cancel=cancel) as call:
            return parts.steps.go(call, partial(parts.leavings.detach, call, track := Track()), track, unbound=Reason.DETACHED)

    def close_chat(self, chat_id: str, *, wait: float | None = None, cancel: Cancel | None = None) -> Outcome:
        """No more workspaces for this chat: unbind, and refuse later calls (ChatClosedError). Closing it again changes nothing.

        wait (seconds), cancel: as for detach(). Its history stays, and nothing is deleted: the outcome names what is left behind.
        """
        with self._call(parts := self._parts, "close_chat", chat_id, wait, cancel=cancel) as call:
            return parts.steps.go(call, partial(parts.leavings.close_chat, call, track := Track()), track, unbound=Reason.CHAT_CLOSED)

    def delete(self, chat_id: str, *, workspace_id: Id | None = None, wait: float | None = None, cancel: Cancel | None = None) -> Outcome:
        """Close the chat for good, delete its workspace, and wait until it is gone. The same call again goes on; when all is done it says the same.

        It deletes what the chat has, or had when it was closed, if that is of its own making: the outcome's workspace, state GONE. What somebody
        attached is left alone and named as left behind, unless it is named here; so is what another chat has as well. A chat without one is closed.
        workspace_id: what is to be deleted, attached or not (UUID); is it not what the chat has, nothing is done at all. Default: what is its own.
        wait (seconds), cancel: as for create(). A build under way is waited for first, the chat being closed already.

        What cannot be read is not deleted, and the chat stays as it is. Where the deletion is refused or fails, the chat is closed and the workspace
        is still there: the same call asks once more, and the sweep lists it. InvalidArgumentError, ChatNotFoundError, and as create().
        """
        named = None if workspace_id is None else to_uuid("workspace_id", workspace_id)
        with self._call(parts := self._parts, "delete", chat_id, wait, Asked.DELETE, cancel=cancel) as call:
            call.arguments = partial(hash, named)
            take = partial(parts.deletions.take, call, named, partial(parts.guide.goes_on, call), track := Track(deleting=True))
            return parts.steps.go(call, take, track, goal=Goal.BUILD_OVER, unbound=Reason.CHAT_CLOSED)

    def sweep(self, *, delete: Collection[Id] = (), after: str = "", limit: int = 1_000_000, executor: Executor | None = None) -> Sweep:
        """Settle plans that have stood for 15 minutes, and list live workspaces of our making that no chat is bound to.

        Deletes those named in `delete` (workspace ids, each must be one of those listed), nothing else. limit: chats that are looked at, at most.
        after: `Sweep.after`, to go on where another sweep stopped; plans are settled from the beginning alone. executor: in its threads up to eight
        owners' workspaces are listed at a time; None, the default: by this thread, one by one. InvalidArgumentError.
        """
        wanted, pool = check_ids("delete", delete), check_executor("executor", executor)
        where = check_text("after", after), check_number("limit", limit, 1, 1_000_000)
        with Call((parts := self._parts).calls, self._clock, "", None, name="sweep") as call:
            return parts.sweeper.sweep(wanted, partial(parts.steps.publish_adopted, call), *where, pool)

    def purge(self, *, older_than: float) -> int:
        """Remove chats, with histories, closed older_than seconds ago or longer, of which a sweep found nothing left. InvalidArgumentError."""
        seconds = check_seconds("older_than", older_than)
        with Call((parts := self._parts).calls, self._clock, "", None, name="purge"):
            return parts.sweeper.purge(seconds)

    def status(self, chat_id: str, *, wait: float = 0, cancel: Cancel | None = None) -> Outcome:
        """Say how things are; with wait (seconds), return as soon as nothing is under way any more. Changes nothing.

        cancel: as for create(). ChatNotFoundError, ChatClosedError.
        """
        with self._call(parts := self._parts, "status", chat_id, wait, cancel=cancel) as call:
            return parts.steps.run(call, parts.looking.look(call, track := Track()), track)

    def follow(
        self, chat_id: str, *, after: str | None = None, wait: float | None = None, cancel: Cancel | None = None
    ) -> Generator[Progress, None, None]:
        """Yield where things stand, then every change and log line, something at least every 5 s, and one last item with its outcome.

        after: the cursor of an item that was told before, by any process: what is told goes on behind it, lines of the log of which somebody has
        missed the end included. None: from how things stand. wait: seconds, from now on; None, the default: for as long as something is under way and
        timeouts allow. cancel: as for create().

        What can be said at once is raised by this call, before anything is yielded: InvalidArgumentError, ChatNotFoundError, ChatClosedError,
        UnavailableError, ClosedError. An item in which nothing has changed is a `heartbeat`. Ordered by generation, build and phase, only forward.
        Any process can follow any chat. After close() it ends with ClosedError. For one thread; `close()` it, or let it go, to end early.
        """
        place = check_cursor("after", after)
        call = self._call(parts := self._parts, "follow", chat_id, wait, cancel=cancel)
        call.following = True
        with call:
            look = parts.looking.begin(call)
        return parts.looking.follow(call, look, place)

    def connect(
        self, chat_id: str, *, wait: float | None = 0, cancel: Cancel | None = None, extend: float | None = None
    ) -> AbstractContextManager[AgentConnection]:
        """Reach the agent of the chat's workspace for one tool call; the connection is open when this returns, and ends with its `with` block.

        Nothing is kept: each call looks anew before it dials and before it hands over, and takes Timeouts.dial at most, for an agent that is
        connecting as well. wait: seconds beyond that for a build that is under way; None: Timeouts.build; by default that is told at once.
        cancel: ends the wait with UnavailableError, reason INTERRUPTED. extend: seconds for which the workspace is to run on at least, as far as its
        template lets it; never fewer than without. ChatNotFoundError, ChatClosedError, NoWorkspaceError, and ConnectError, with advice for the model.
        """
        patience, lasts = check_wait(wait), None if extend is None else check_seconds("extend", extend)  # to use it is to want it to run: START
        with self._call(parts := self._parts, "connect", chat_id, None, Asked.START, cancel=cancel) as call:
            return parts.connector.connect(call, patience, lasts)

    def toolbox(
        self,
        chat_id: str,
        *,
        wait: float | None = None,
        cancel: Cancel | None = None,
        tools: Collection[Hand] = (),
        allow_unsandboxed: bool = False,
        env: Mapping[str, str] | None = None,
    ) -> Toolbox:
        """Return the tools as a language model calls them. No I/O here.

        wait (seconds) is every tool's wait, and that of all calls of one answer together. cancel: as for create(), for every call of the toolbox.
        tools: of execute, read_file, write_file those that are offered; allow_unsandboxed: where agents are no sandbox, else InvalidArgumentError.
        env: variables of execute's commands, beside those that keep programs from asking for somebody (editors, pagers, git), and in their place.
        """
        from chatworkspace._application.catalog import Catalog  # noqa: PLC0415 # whoever needs no tools does not load them
        from chatworkspace._application.uses import Uses  # noqa: PLC0415 # as above
        from chatworkspace.toolbox import Toolbox  # noqa: PLC0415 # as above, and the layer above

        catalog, most = Catalog(self._given, lambda: self._parts, cancel=cancel), check_wait(wait)
        offered = check_hands(tools, sandboxed=allow_unsandboxed is True or self._given.dialer.sandboxed) if tools else ()
        uses = Uses(chat_id, parts=lambda: self._parts, call=lambda parts: self._call(parts, "use", chat_id, 0, Asked.START), clock=self._clock)
        return Toolbox(self, check_chat_id(chat_id), catalog=catalog, clock=self._clock, wait=most, cancel=cancel, tools=offered, uses=uses, env=env)

    def interrupt(self, chat_id: str) -> None:
        """End this process's waits on this chat, by an Outcome or UnavailableError with reason INTERRUPTED, and its tools' commands; no build."""
        (parts := self._parts).calls.interrupt(check_chat_id(chat_id))
        parts.uses.interrupt(chat_id)

    def close(self) -> None:
        """Refuse new calls; end waits and tools' commands with ClosedError: within 1 s, or when the request that one has sent ends. Idempotent."""
        (parts := self._parts).calls.close()
        parts.uses.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def _guided(self, chat_id: str, name: str) -> Generator[None, None, None]:
        """Let the record be asked, for what the method of this name asks; its error says what to do."""
        with self._call(parts := self._parts, name, chat_id, 0) as call:
            call.arguments = partial(hash, name)
            try:
                yield
            except ChatWorkspaceError as error:
                parts.guide.of_error(call, error)
                raise
            parts.guide.found_out(call)

    def _call(self, parts: Parts, name: str, chat_id: str, wait: float | None, asked: Asked = Asked.LOOK, *, cancel: Cancel | None = None) -> Call:
        id_, most, planning = check_chat_id(chat_id), check_wait(wait), self._timeouts.planning
        return Call(parts.calls, self._clock, id_, most, answering=planning, asked=asked, cancel=cancel, name=name)
