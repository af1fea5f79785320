"""Fresh reads of workspaces that are waited for: of one; or of all of an owner's in one request, where that costs less.

Of those that are polled together one leads: it asks for the list when that is due, and hands out what is new. The others sleep until there is news
for them, and one of them leads on when the leader leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import inf
from threading import Lock
from uuid import UUID

import attrs

from chatworkspace._application.calls import Call
from chatworkspace._domain.pauses import REQUESTS_COUNT, UNCOUNTED, YOUNG, are_few, haste_for, interval, next_list
from chatworkspace.errors import UnavailableError
from chatworkspace.model import Workspace
from chatworkspace.ports import Clock, NotFoundError, Signal, WorkspaceCreator

SILENCE = 15.0
"""Seconds without news after which a watch is not believed any more without a fresh read: it may hang in a proxy."""
SOON = 1.0
"""Seconds: what is to be read by then is read with what is due now."""
UNLISTED = 30.0
"""Seconds for which an owner's are read one by one, where they could not be listed."""
AGAIN = 1.0
"""Seconds after which a list that failed is asked for once more."""

POLLS_PER_SECOND = 50.0
"""For the whole process: a server has other things to do."""


class Pace:
    """Requests of a process, spread out. `_lock` guards `_next`, the first instant that is free.

    A slot is taken by whoever would ask now, not ahead of time: else one that is due in two seconds kept those waiting that are due before.
    """

    def __init__(self, per_second: float = POLLS_PER_SECOND) -> None:
        self._lock = Lock()
        self._apart = 1 / per_second
        self._next = 0.0

    def slot(self, now: float) -> float:
        """Return the first instant from now on at which one more request may be sent."""
        with self._lock:
            self._next = max(self._next + self._apart, now)
            return self._next


class Place:
    """A workspace that is waited for, as its reads see it. Guarded by the lock of Reads; one thread at a time reads for it."""

    __slots__ = ("began", "due_at", "group", "known", "listed", "news", "polled", "read_at", "signal", "slot", "workspace")

    def __init__(self, group: _Group, workspace: Workspace, now: float) -> None:
        self.group = group
        self.workspace = workspace
        self.known: Workspace | None = workspace
        """As it was read last; None: whatever is read next is news."""
        self.news: Workspace | None = None
        """What a list has brought that nobody has taken yet."""
        self.read_at = -inf
        """When the last reading was asked for: an older one is none."""
        self.due_at = now + SILENCE
        self.began: float | None = None
        """When it was polled first."""
        self.polled = False
        """It has no watch."""
        self.listed = True
        """The last list had it."""
        self.slot: float | None = None
        self.signal: Signal | None = None
        """Of the thread that sleeps until there is news, or it is time."""


class _Group:
    """The places of one owner in one organization."""

    __slots__ = (
        "asleep",
        "began",
        "ended",
        "failed",
        "key",
        "leader",
        "list_at",
        "listing",
        "places",
        "signs",
        "singly_until",
        "took_one",
        "waiting",
    )

    def __init__(self, key: tuple[UUID, UUID]) -> None:
        self.key = key
        self.places: dict[Place, None] = {}
        """Needs no lock: places are added and taken away by one step of the dict's own, perhaps in a finalizer."""
        self.leader: Place | None = None
        self.asleep: dict[Place, Signal] = {}
        """Of those who leave it to the leader."""
        self.listing = False
        """A list is under way."""
        self.waiting: list[Signal] = []
        """Of those who wait for its end."""
        self.began = self.ended = -inf
        """The last list."""
        self.failed: tuple[float, UnavailableError] | None = None
        """When the last list ended, if it failed."""
        self.list_at = -inf
        self.signs = 0
        """Of how many there was news otherwise since the last list was asked for: there may be as much that it has not told."""
        self.singly_until = -inf
        self.took_one = 0.0
        """Seconds that reading one takes."""

    def polled(self) -> list[Place]:
        """Return those that are polled."""
        return [it for it in self.places.copy() if it.polled]

    def successor(self) -> list[Signal]:
        """Return whom to wake where nobody leads: it leads, or goes on by itself and wakes the next."""
        if self.leader is not None or self.listing or not self.asleep:
            return []
        return [self.asleep.pop(next(iter(self.asleep)))]

    def costs_less(self, count: int, now: float) -> bool:
        """Tell whether a list costs less than to read so many one by one, as far as is known."""
        took = self.ended - self.began if now < self.ended + UNCOUNTED else 0.0
        return count > 1 and now >= self.singly_until and REQUESTS_COUNT * count * self.took_one >= took


class Reads:
    """The reads of a process. Safe from any thread: `_lock` guards all groups and places; no port is called and nobody blocks under it."""

    def __init__(self, creator: WorkspaceCreator, clock: Clock, *, request: float) -> None:
        self._creator = creator
        self._clock = clock
        self._request = request
        self._pace = Pace()
        self._lock = Lock()
        self._groups: dict[tuple[UUID, UUID], _Group] = {}

    # ------------------------------------------------------------ places

    def join(self, owner_id: UUID, workspace: Workspace) -> Place:
        """Return a place for a workspace; leave() it."""
        key = owner_id, workspace.organization_id
        group = self._groups.get(key) or self._groups.setdefault(key, _Group(key))
        place = Place(group, workspace, self._clock.monotonic())
        group.places[place] = None
        return place

    def leave(self, place: Place) -> None:
        """Give it back. Takes no lock: it may come from a finalizer."""
        group = place.group
        group.places.pop(place, None)
        if not group.places:
            self._groups.pop(group.key, None)

    def heard(self, place: Place, workspace: Workspace) -> None:
        """Take in what a watch has told. It is a sign that there may be news of those, too, that are listed."""
        with self._lock:
            now, before = self._clock.monotonic(), place.known
            place.known, place.news, place.read_at, place.due_at = workspace, None, now, now + SILENCE
            place.group.signs += workspace != before
            wake = self._hint(place.group)
        _set(wake)

    def news(self, place: Place) -> Workspace | None:
        """Take what a list has brought meanwhile, if that is news."""
        with self._lock:
            news, place.news = place.news, None
            return news

    def broke(self, place: Place, retry_at: float) -> None:
        """Note that it could not be read or watched: what was asked for before is not believed, and it is read when it is tried again."""
        with self._lock:
            place.known = place.news = None
            place.polled = False
            place.read_at, place.due_at = self._clock.monotonic(), retry_at

    @staticmethod
    def _hint(group: _Group) -> list[Signal]:
        """Bring the next list forward; return whom to wake for it. One that is under way looks at the signs when it ends."""
        soon = next_list(group.began, group.ended, haste_for(max(group.signs, 1), len(group.places)))
        if group.leader is None or group.list_at <= soon or group.failed is not None:
            return []
        group.list_at = soon
        return [] if group.leader.signal is None else [group.leader.signal]

    def _due(self, place: Place, read_at: float) -> float:
        """Return when it is to be read again."""
        if not place.polled or place.began is None:
            return read_at + SILENCE
        return read_at + interval(read_at - place.began, self._clock.random())

    # ------------------------------------------------------------ one read, beside a watch

    def read(self, call: Call, place: Place) -> Workspace:
        """Return how it is, by a reading asked for since it was due. NotFoundError, UnavailableError."""
        group, asked_at, until = place.group, self._clock.monotonic(), call.ask_until(self._request)
        while True:
            signal = self._clock.signal()
            with self._lock:
                now = self._clock.monotonic()
                if now < place.due_at and place.known is not None:
                    place.news = None
                    return place.known
                if group.failed is not None and group.failed[0] > asked_at:
                    raise _the_same(group.failed[1])
                waits, lists = group.listing and place.listed, False
                if waits:
                    group.waiting.append(signal)
                elif place.listed:
                    lists = group.costs_less(sum(it.due_at <= now + SOON and not it.polled for it in group.places.copy()), now)
            if lists:
                self._list(call, group)
            elif not waits:
                return self._one(call, place)
            elif not call.wait_for(signal, until):
                raise UnavailableError("the workspaces of its owner were not listed in time")

    def _one(self, call: Call, place: Place) -> Workspace:
        began, until = self._clock.monotonic(), call.ask_until(self._request)
        read = partial(self._creator.get_workspace, place.group.key[0], place.workspace.id, deadline=until)
        with call.asking(until, cut=True):
            found = read() if call.heard is None else call.heard.ask("get_workspace", read)
        with self._lock:
            now = self._clock.monotonic()
            place.group.took_one = now - began
            place.due_at = self._due(place, now)
            if place.read_at <= began or place.known is None:
                place.read_at, place.known = began, found
            place.news = None
            return place.known

    # ------------------------------------------------------------ polling

    def poll(self, call: Call, place: Place, deadline: float) -> Workspace | None:
        """Return the next state that differs; None at the deadline, or when the call is ended. NotFoundError, UnavailableError, ClosedError."""
        group = place.group
        try:
            while True:
                signal, before = self._clock.signal(), place.known
                with self._lock:
                    now = self._clock.monotonic()
                    news, place.news = place.news, None
                    if news is not None or now >= deadline or call.interrupted:
                        return news
                    wake = list[Signal]()
                    singly, at = self._turn(place, now, signal, wake)
                    wake += group.successor()
                _set(wake)
                if at > now:
                    call.wait_for(signal, min(at, deadline))
                elif not singly:
                    self._list(call, group)
                elif (found := self._one(call, place)) != before:
                    return found
        finally:
            self._step_back(place)

    def _turn(self, place: Place, now: float, signal: Signal, wake: list[Signal]) -> tuple[bool, float]:
        """Return whether it is read by itself, and when to go on: to read, or to look again. wake: gets those who are to go on as well."""
        group = place.group
        if not place.polled:
            place.polled, place.due_at = True, now
            wake += self._hint(group)
        place.began = now if place.began is None else place.began
        place.signal = signal
        group.asleep.pop(place, None)
        singly = self._singly(place, now, place.began)
        if singly and group.leader is place:
            group.leader = None
        if not singly and (group.listing or group.leader not in (None, place)):
            group.asleep[place], place.slot = signal, None
            return False, inf
        if not singly:
            group.leader = place
        at = place.due_at if singly else group.list_at
        if at > now:
            place.slot = None
            return singly, at
        place.slot = slot = self._pace.slot(now) if place.slot is None else place.slot
        if slot <= now:
            place.slot = None
        return singly, slot

    @staticmethod
    def _singly(place: Place, now: float, began: float) -> bool:
        polled = place.group.polled()
        if not place.listed or not place.group.costs_less(len(polled), now):
            return True
        return now - began < YOUNG and are_few([now - it.began for it in polled if it.began is not None])

    def _step_back(self, place: Place) -> None:
        """Sleep no more, and lead no more."""
        group = place.group
        with self._lock:
            place.signal = None
            group.asleep.pop(place, None)
            if group.leader is place:
                group.leader = None
            wake = group.successor()
        _set(wake)

    # ------------------------------------------------------------ lists

    def _list(self, call: Call, group: _Group) -> None:
        """Read all of an owner's that are waited for, and hand out what is new. UnavailableError: it failed, and will be tried again."""
        with self._lock:
            if group.listing:
                return
            group.listing, group.signs = True, 0
            asked = _Asked(tuple(group.places.copy()), self._clock.monotonic())
        until = call.ask_until(self._request)
        wake: list[Signal] = []
        try:
            ask = partial(self._creator.read_workspaces, *group.key, [it.known or it.workspace for it in asked.places], deadline=until)
            with call.asking(until, cut=True):
                found = ask() if call.heard is None else call.heard.ask("read_workspaces", ask)
            wake = self._hand_out(group, asked, found)
        except NotFoundError as error:
            self._failed(group, UnavailableError(str(error), retryable=False))
        except UnavailableError as error:
            if not call.interrupted:  # else it was cut short
                self._failed(group, error)
                if error.retryable:
                    raise
        finally:
            with self._lock:
                group.listing = False
                wake += group.waiting
                group.waiting = []
                if group.leader is not None and group.leader.signal is not None:
                    wake.append(group.leader.signal)
                wake += group.successor()
            _set(wake)

    def _failed(self, group: _Group, failure: UnavailableError) -> None:
        """Note that there is no list: once more soon, and then one by one for a while."""
        with self._lock:
            now = self._clock.monotonic()
            if group.failed is not None or not failure.retryable:
                group.singly_until = now + UNLISTED
            group.failed, group.list_at = (now, failure), now + AGAIN

    def _hand_out(self, group: _Group, asked: _Asked, found: Sequence[Workspace]) -> list[Signal]:
        """Give each place what was found; return whom to wake."""
        rows, wake = {it.id: it for it in found}, list[Signal]()
        with self._lock:
            now = self._clock.monotonic()
            for place in asked.places:
                if place.read_at < asked.at:  # else it was read or heard of since
                    place.listed = place.workspace.id in rows
                    differs = self._take(place, rows.get(place.workspace.id), asked.at)
                    group.signs += differs
                    if (differs or not place.listed) and place.signal is not None:
                        wake.append(place.signal)
            few = are_few([now - it.began for it in asked.places if it.polled and it.began is not None])
            group.began, group.ended, group.failed = asked.at, now, None
            group.list_at = next_list(asked.at, now, haste_for(group.signs, len(asked.places), few_young=few))
        return wake

    def _take(self, place: Place, row: Workspace | None, at: float) -> bool:
        """Take in what a list says of one; tell whether it is news."""
        if row is None:
            return False
        before, place.known = place.known, row
        place.read_at, place.due_at = at, self._due(place, at)
        if row is before or row == before:
            return False
        place.news = row
        return True


@attrs.frozen(eq=False, repr=False)
class _Asked:
    """A list under way."""

    places: tuple[Place, ...]
    at: float


def _set(signals: list[Signal]) -> None:
    for signal in signals:
        signal.set()


def _the_same(error: UnavailableError) -> UnavailableError:
    """Return one that tells another thread the same."""
    return UnavailableError(str(error), reason=error.reason, retryable=error.retryable, retry_after=error.retry_after)
