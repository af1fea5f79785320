"""The waiters of one workspace share one watch: one of them leads and pulls, the others follow, and leadership passes on.

Where the creator has no watch, the leader polls. Either way a break is followed by a fresh read and a new watch, with back-off.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial
from math import inf
from threading import Lock
from typing import TYPE_CHECKING
from uuid import UUID

from chatworkspace._application.calls import LOG_TICK, Call
from chatworkspace._application.extras import ALL_EXTRAS, Extras
from chatworkspace._application.mutex import ChatMutex
from chatworkspace._application.polling import Pace, PollingWatch
from chatworkspace._domain.pauses import FLOOR, back_off
from chatworkspace.errors import UnavailableError
from chatworkspace.model import Workspace
from chatworkspace.ports import Clock, LogLine, NotFoundError, Signal, Warming, Watch, WorkspaceCreator

if TYPE_CHECKING:
    from types import TracebackType

SILENCE = 15.0
"""Seconds without news after which a watch is not believed any more without a fresh read: it may hang in a proxy."""
BACK_OFF_MOST = 5.0
LOG_INTERVAL = 1.0


class _Shared:
    """What the waiters of one workspace share. Everything here is guarded by the lock of Watches."""

    __slots__ = (
        "broken",
        "build",
        "complete",
        "current",
        "error",
        "followers",
        "fresh",
        "heard_at",
        "lasting_at",
        "leader",
        "lines",
        "lines_at",
        "lost",
        "retry_at",
        "seats",
        "version",
        "watch",
    )

    def __init__(self, now: float) -> None:
        self.watch: Watch | None = None
        self.seats = 0
        self.leader: Call | None = None
        self.followers: list[Signal] = []
        self.version = 0
        self.current: Workspace | None = None
        self.heard_at = now
        self.retry_at = now
        self.broken = 0
        self.fresh = True
        """Read once since the watch broke."""
        self.error: UnavailableError | None = None
        self.lost = False
        self.lasting_at = -inf
        """When it could not be read, twice in a row, and coming back does not help; -inf: it can."""
        self.build = 0
        """The number of the build that the lines are of."""
        self.complete = 0
        """The number of the last build whose log was read after its end."""
        self.lines: list[LogLine] = []
        self.lines_at = now - LOG_INTERVAL


class Watches:
    """All watches of a process, one for each workspace that somebody waits for. `with` it, the table and every _Shared are its user's alone.

    `_lock` guards them; no port is called and nobody blocks under it. Who leaves may do so in a finalizer, in the midst of a thread that has the
    lock: so whoever leaves only says so, in `_left`, and whoever has the lock, or comes by and finds it free, clears up.
    """

    def __init__(self, creator: WorkspaceCreator, clock: Clock, *, request: float, extras: Extras | None = None) -> None:
        self.creator = creator
        self.clock = clock
        self.request = request
        self.extras = extras or Extras(clock)
        self._lock = Lock()
        self._left: deque[tuple[tuple[UUID, UUID], _Shared]] = deque()
        self.log_turns = ChatMutex()
        """Who reads the rest of a log: one for all that wait for it."""
        self._pace = Pace()
        self._table: dict[tuple[UUID, UUID], _Shared] = {}

    def __len__(self) -> int:
        return len(self._table)

    def join(self, call: Call, owner_id: UUID, workspace: Workspace, *, read_at: float) -> Seat:
        """Return a seat among those who wait for the workspace; leave() it. read_at: when `workspace` was asked for."""
        return Seat(self, call, owner_id, workspace, read_at)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._lock.release()
        if self._left:
            self._clear_up()

    def enter(self, key: tuple[UUID, UUID]) -> _Shared:
        """Sit down."""
        with self:
            shared = self._table.get(key)
            if shared is None:
                shared = self._table[key] = _Shared(self.clock.monotonic())
            shared.seats += 1
            return shared

    def leave(self, key: tuple[UUID, UUID], shared: _Shared) -> None:
        """Get up; the last one closes the watch, and a leader hands over. Never blocks: it may run in a finalizer, under the very lock."""
        self._left.append((key, shared))
        self._clear_up()

    def _clear_up(self) -> None:
        """Clear up after those who have left. Whoever has the lock comes by here when it gives it back, so nobody is forgotten."""
        while self._left and self._lock.acquire(blocking=False):
            wake, closing = list[Signal](), list[Watch]()
            try:
                while self._left:
                    self._get_up(*self._left.popleft(), wake, closing)
            finally:
                self._lock.release()
            for signal in wake:
                signal.set()
            for watch in closing:
                watch.close()

    def _get_up(self, key: tuple[UUID, UUID], shared: _Shared, wake: list[Signal], closing: list[Watch]) -> None:
        shared.seats -= 1
        if not shared.seats:
            del self._table[key]
            if shared.watch is not None:
                closing.append(shared.watch)
        if shared.leader is None:
            wake += self.wake_all(shared)

    @staticmethod
    def wake_all(shared: _Shared) -> list[Signal]:
        """Take the followers out, to be woken outside the lock; whoever is first leads."""
        followers, shared.followers = shared.followers, []
        return followers

    def open(self, owner_id: UUID, workspace: Workspace, deadline: float) -> Watch:
        """Return the creator's watch, or a polling one."""
        watch = self.creator.watch(workspace, deadline=deadline)
        return watch or PollingWatch(self.creator, self.clock, self._pace, (owner_id, workspace.id), limit=self.request)


class Seat:
    """One waiter's place. Used by one thread."""

    def __init__(self, watches: Watches, call: Call, owner_id: UUID, workspace: Workspace, read_at: float) -> None:
        self._watches = watches
        self._clock = watches.clock
        self._call = call
        self._owner_id = owner_id
        self._workspace = workspace
        self._key = (owner_id, workspace.id)
        self._read_at = read_at
        self._own_error: UnavailableError | None = None
        self._line_of, self._line = (0, 0) if call.told is None else (call.told.build, call.told.line)
        self._warming: Warming | None = None
        self._shared = watches.enter(self._key)
        with watches:
            # what was heard after this waiter's own read is news to it
            version = self._shared.version
            self._seen = version - 1 if version and self._shared.heard_at >= read_at else version

    def hold(self, warming: Warming | None) -> None:
        """Keep what is to be let go of when this seat is left."""
        self._warming, before = warming, self._warming
        if before is not None:
            before.close()

    def leave(self) -> None:
        """Get up. Once, at the end."""
        self.hold(None)
        self._watches.leave(self._key, self._shared)

    @property
    def error(self) -> UnavailableError | None:
        """The last failure of the watch, None once it works again; or of a read that this call's end cut short."""
        return self._shared.error or self._own_error

    @property
    def in_vain(self) -> bool:
        """Nothing can be read any more, for good: with a token that has ended, say. Whoever has read since knows better."""
        return self._shared.lasting_at >= self._read_at

    def next(self, deadline: float) -> Workspace | None:
        """Return the next state that this seat has not seen, or None: at the deadline, when the call is ended, or in_vain.

        NotFoundError, ClosedError.
        """
        call, shared, watches = self._call, self._shared, self._watches
        while True:
            call.check()
            # Critical section: take what is new, or lead, or follow.
            with watches:
                if shared.lost:
                    raise NotFoundError
                if shared.version > self._seen:
                    self._seen = shared.version
                    return shared.current
                if self._clock.monotonic() >= deadline or call.interrupted or self.in_vain:
                    return None
                if shared.leader is not None:
                    call.refuse_within(shared.leader)
                    signal = self._clock.signal()
                    shared.followers.append(signal)
                else:
                    shared.leader = call
                    signal = None
            if signal is None:
                self._lead(deadline)
            else:
                self._follow(signal, deadline)

    def _follow(self, signal: Signal, deadline: float) -> None:
        try:
            self._call.wait_for(signal, deadline)
        finally:
            with self._watches:
                if signal in self._shared.followers:
                    self._shared.followers.remove(signal)

    def _lead(self, deadline: float) -> None:
        """Pull once, share what was heard, and step back: whoever is woken first leads on."""
        heard: Workspace | None = None
        failure: UnavailableError | None = None
        lost = False
        try:
            heard = self._pull(deadline)
        except NotFoundError:
            lost = True
        except UnavailableError as error:
            failure = error
        finally:
            self._share(heard, failure, lost=lost)

    def _pull(self, deadline: float) -> Workspace | None:
        shared, now = self._shared, self._clock.monotonic()
        if now < shared.retry_at:
            self._call.pause(min(deadline, shared.retry_at))
            return None
        if not shared.fresh:
            shared.fresh = True
            return self._read()
        if shared.watch is None:
            until = self._reads_until()
            with self._call.asking(until, cut=True):
                open_it = partial(self._watches.open, self._owner_id, self._workspace, until)
                watch = open_it() if self._call.heard is None else self._call.heard.ask("watch", open_it)
            with self._watches:
                shared.watch = watch
        if isinstance(shared.watch, PollingWatch):
            shared.watch.reads_until, shared.watch.heard = self._reads_until, self._call.heard
        # a poll is a fresh read itself
        silent_at = inf if isinstance(shared.watch, PollingWatch) else shared.heard_at + SILENCE
        until = min(deadline, silent_at)
        with self._call.woken_by(shared.watch.close), self._call.asking(until, cut=True):
            heard = shared.watch.next(until)
        if heard is not None:
            shared.broken = 0
        elif self._clock.monotonic() >= silent_at:
            heard = self._read()
        elif self._clock.monotonic() < until:
            self._call.pause(min(until, now + FLOOR))  # it came back early, and might at once again
        return heard

    def _reads_until(self) -> float:
        return self._call.ask_until(self._watches.request)

    def _read(self) -> Workspace:
        until = self._reads_until()
        with self._call.asking(until, cut=True):
            read = partial(self._watches.creator.get_workspace, self._owner_id, self._workspace.id, deadline=until)
            return read() if self._call.heard is None else self._call.heard.ask("get_workspace", read)

    def _share(self, heard: Workspace | None, failure: UnavailableError | None, *, lost: bool) -> None:
        """Make what the leader heard everybody's, and step back."""
        shared, closing = self._shared, None
        now = self._clock.monotonic()
        with self._watches:
            shared.leader = None
            shared.lost = lost
            if failure is not None:
                closing, shared.watch = shared.watch, None
                if not self._call.interrupted:
                    self._own_error = failure
                if not (self._call.over or self._call.closed):  # else it is this call that has ended, not the watch
                    if not failure.retryable and shared.error is not None and not shared.error.retryable:  # the second is a read's
                        shared.lasting_at = now
                    shared.error = failure
                    shared.broken += 1
                    shared.fresh = isinstance(closing, PollingWatch)  # whose successor begins with a read
                    pause = max(back_off(shared.broken, BACK_OFF_MOST, self._clock.random()), failure.retry_after or 0.0)
                    shared.retry_at = now + pause
                    if self._call.heard is not None:
                        self._call.heard.watch_broke(failure, now, pause)
            elif heard is not None:
                shared.error, shared.heard_at, shared.lasting_at, self._own_error = None, now, -inf, None
                shared.version += 1
                shared.current = heard
            wake = self._watches.wake_all(shared)
        for signal in wake:
            signal.set()
        if closing is not None:
            closing.close()
        if self._call.heard is not None:
            self._call.heard.tell()

    def lines(self, workspace: Workspace, *, last: bool = False) -> Sequence[LogLine]:
        """Return the lines of the latest build's log that this seat has not seen; read once a second for all seats.

        last: the build is over; read once more, by whoever comes first. The log is for looking at: where it cannot be read, there are none.
        """
        shared, number = self._shared, workspace.build.number
        if not last:
            self._read_if_due(workspace)
        elif self._watches.log_turns.acquire(str(workspace.id), self._call, self._clock.monotonic() + self._log_limit):
            try:
                if shared.complete != number and self._read_lines(workspace, last=True):
                    shared.complete = number
            finally:
                self._watches.log_turns.release(str(workspace.id))
        with self._watches:
            seen = self._line if self._line_of == number else 0
            fresh = [line for line in shared.lines if line.id > seen] if shared.build == number else []
        if fresh:
            self._line, self._line_of = fresh[-1].id, number
        return fresh

    def _read_if_due(self, workspace: Workspace) -> None:
        shared, now = self._shared, self._clock.monotonic()
        with self._watches:
            due = shared.build < workspace.build.number or now >= shared.lines_at + LOG_INTERVAL
            if due:
                shared.lines_at = now
        if due:
            self._read_lines(workspace)

    def _read_lines(self, workspace: Workspace, *, last: bool = False) -> bool:
        """Read what is new; False: it could not be read. last: beyond the call's patience if need be."""
        shared, number = self._shared, workspace.build.number
        with self._watches:
            shared.lines_at = self._clock.monotonic()
            if shared.build < number:
                shared.build, shared.lines = number, []
            if shared.build != number:
                return True
            after = shared.lines[-1].id if shared.lines else 0

        def ask(until: float) -> Sequence[LogLine]:
            return self._watches.creator.build_log(workspace, after=after, deadline=until)

        limit = self._log_limit
        most = limit if last else self._call.until(limit) - self._clock.monotonic()
        read = self._watches.extras.ask(self._call, "build_log", workspace.id, ask, most=most, apart=not last)
        if read is None:
            return False
        with self._watches:
            known = shared.lines[-1].id if shared.lines else 0
            if shared.build == number:
                shared.lines.extend(line for line in read if line.id > known)
        return True

    @property
    def _log_limit(self) -> float:
        """Seconds that a read of the log may take: a follower is to hear of something else meanwhile."""
        return LOG_TICK if self._call.following else ALL_EXTRAS
