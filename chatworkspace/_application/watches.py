"""The waiters of one workspace share one watch: one of them leads and pulls, the others follow, and leadership passes on.

Where the creator has no watch, the leader polls (`reads`). Either way a break is followed by a fresh read and a new watch, with back-off.
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
from chatworkspace._application.reads import Pace, Place, Reads
from chatworkspace._domain.pauses import FLOOR, back_off
from chatworkspace.errors import UnavailableError
from chatworkspace.model import Workspace
from chatworkspace.ports import Clock, LogLine, NotFoundError, Signal, Warming, Watch, WorkspaceCreator

if TYPE_CHECKING:
    from types import TracebackType

OPENED_AGAIN = 100.0
"""Watches a second that a process opens again: all may have broken at once."""
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
        "place",
        "polled",
        "retry_at",
        "seats",
        "version",
        "watch",
    )

    def __init__(self, place: Place, now: float) -> None:
        self.place = place
        self.watch: Watch | None = None
        self.polled = False
        """The creator has no watch for it now."""
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
        self.reads = Reads(creator, clock, request=request)
        self.opened_again = Pace(OPENED_AGAIN)
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

    def enter(self, key: tuple[UUID, UUID], workspace: Workspace) -> _Shared:
        """Sit down."""
        with self:
            shared = self._table.get(key)
            if shared is None:
                shared = self._table[key] = _Shared(self.reads.join(key[0], workspace), self.clock.monotonic())
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
            self.reads.leave(shared.place)
            if shared.watch is not None:
                closing.append(shared.watch)
        if shared.leader is None:
            wake += self.wake_all(shared)

    @staticmethod
    def wake_all(shared: _Shared) -> list[Signal]:
        """Take the followers out, to be woken outside the lock; whoever is first leads."""
        followers, shared.followers = shared.followers, []
        return followers


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
        self._shared = watches.enter(self._key, workspace)
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
        shared, place, reads, now = self._shared, self._shared.place, self._watches.reads, self._clock.monotonic()
        if now < shared.retry_at:
            self._call.pause(min(deadline, shared.retry_at))
            return None
        if not shared.fresh:
            shared.fresh = True
            return reads.read(self._call, place)
        if shared.watch is None and not shared.polled and not self._open(deadline):
            return None
        heard = reads.poll(self._call, place, deadline) if shared.watch is None else self._watched(shared.watch, deadline)
        shared.broken = shared.broken if heard is None else 0
        return heard

    def _watched(self, watch: Watch, deadline: float) -> Workspace | None:
        place, reads, now = self._shared.place, self._watches.reads, self._clock.monotonic()
        until = min(deadline, place.due_at)
        with self._call.woken_by(watch.close), self._call.asking(until, cut=True):
            heard = watch.next(until)
        if heard is not None:
            reads.heard(place, heard)
        elif self._clock.monotonic() >= place.due_at:
            heard = reads.read(self._call, place)
        elif (heard := reads.news(place)) is None and self._clock.monotonic() < until:
            self._call.pause(min(until, now + FLOOR))  # it came back early, and might at once again
        return heard

    def _open(self, deadline: float) -> bool:
        """Open a watch, or have it polled where there is none; False: it is not the time yet."""
        shared, watches, now = self._shared, self._watches, self._clock.monotonic()
        if shared.broken and (at := watches.opened_again.slot(now)) > now:
            self._call.pause(min(deadline, at))
            if self._clock.monotonic() < at:
                return False
        until = self._call.ask_until(watches.request)
        with self._call.asking(until, cut=True):
            open_it = partial(watches.creator.watch, self._workspace, deadline=until)
            watch = open_it() if self._call.heard is None else self._call.heard.ask("watch", open_it)
        with watches:
            shared.watch, shared.polled = watch, watch is None
        return True

    def _share(self, heard: Workspace | None, failure: UnavailableError | None, *, lost: bool) -> None:
        """Make what the leader heard everybody's, and step back."""
        shared, closing, broke = self._shared, None, False
        now = self._clock.monotonic()
        with self._watches:
            shared.leader = None
            shared.lost = lost
            if failure is not None:
                closing, shared.watch = shared.watch, None
                if not self._call.interrupted:
                    self._own_error = failure
                broke = not (self._call.over or self._call.closed)  # else it is this call that has ended, not the watch
                if broke:
                    self._broke(failure, now)
            elif heard is not None:
                shared.error, shared.heard_at, shared.lasting_at, self._own_error = None, now, -inf, None
                shared.version += 1
                shared.current = heard
            wake = self._watches.wake_all(shared)
        if broke:
            self._watches.reads.broke(shared.place, shared.retry_at)
        for signal in wake:
            signal.set()
        if closing is not None:
            closing.close()
        if self._call.heard is not None:
            self._call.heard.tell()

    def _broke(self, failure: UnavailableError, now: float) -> None:
        """Note that it broke, and when it is tried again. Under the lock."""
        shared = self._shared
        if not failure.retryable and shared.error is not None and not shared.error.retryable:  # the second is a read's
            shared.lasting_at = now
        shared.error = failure
        shared.broken += 1
        shared.fresh, shared.polled = shared.polled, False  # polling begins with a read
        pause = max(back_off(shared.broken, BACK_OFF_MOST, self._clock.random()), failure.retry_after or 0.0)
        shared.retry_at = now + pause
        if self._call.heard is not None:
            self._call.heard.watch_broke(failure, now, pause)

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
