"""Waiters of one workspace share one watch: one leads and the others follow; breaks, silence and platforms without watches are all waited through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from uuid import UUID

import pytest

from chatworkspace import ClosedError, JobStatus, Transition, UnavailableError, Workspace
from chatworkspace._application.calls import Call, Calls
from chatworkspace._application.polling import Pace, PollingWatch
from chatworkspace._application.watches import Seat, Watches
from chatworkspace.ports import Clock, LogLine, NotFoundError, Watch
from chatworkspace_fake import FakeCoder, Simulation
from chatworkspace_fake._platform.workspaces import FakeWorkspace

CHAT = "chat-1"
TICK = 1e-6
"""More than virtual time is rounded by."""
every_seed = pytest.mark.parametrize("seed", range(8))
either_way = pytest.mark.parametrize("watching", [True, False], ids=["watching", "polling"])


class TimedCoder(FakeCoder):
    """A platform that notes when it is read and watched."""

    def __init__(self, clock: Clock, *, watching: bool) -> None:
        super().__init__(clock, watching=watching)
        self.clock = clock
        self.reads: list[float] = []
        self.watches: list[float] = []
        self.limits: list[float] = []
        """How long each request had, in seconds."""

    def get_workspace(self, owner_id: UUID, workspace_id: UUID, *, deadline: float) -> Workspace:
        """Note the read."""
        self.reads.append(self.clock.monotonic())
        self.limits.append(deadline - self.clock.monotonic())
        return super().get_workspace(owner_id, workspace_id, deadline=deadline)

    def watch(self, workspace: Workspace, *, deadline: float) -> Watch | None:
        """Note the watch."""
        self.watches.append(self.clock.monotonic())
        self.limits.append(deadline - self.clock.monotonic())
        return super().watch(workspace, deadline=deadline)

    def build_log(self, workspace: Workspace, *, after: int, deadline: float) -> Sequence[LogLine]:
        """Note its limit."""
        self.limits.append(deadline - self.clock.monotonic())
        return super().build_log(workspace, after=after, deadline=deadline)


class World:
    """A workspace that is built, and those who wait for it."""

    def __init__(self, seed: int = 0, *, watching: bool = True, build: float = 30, log: tuple[str, ...] = ()) -> None:
        self.sim = Simulation(seed, coder=lambda clock: TimedCoder(clock, watching=watching))
        coder = self.sim.coder
        assert isinstance(coder, TimedCoder)
        self.coder = coder
        self.template = self.coder.add_template("docker", build=build, log=log)
        self.dev = self.another("dev")
        self.calls = Calls()
        self.watches = Watches(self.coder, self.sim, request=15)

    def another(self, name: str) -> FakeWorkspace:
        """Make another workspace."""
        return self.coder.add_workspace(self.template, name, owner_id=self.sim.owner_id)

    def sit(self, call: Call, dev: FakeWorkspace | None = None, *, read_at: float = 0.0) -> Seat:
        """Sit down among those who wait."""
        return self.watches.join(call, self.sim.owner_id, (dev or self.dev).told(), read_at=read_at)

    def call(self, chat_id: str = CHAT) -> Call:
        """Begin a call, outside the book."""
        return Call(self.calls, self.sim, chat_id, None)

    def waiter(self, *, comes: float = 0, until: float = 1000, chat_id: str = CHAT, dev: FakeWorkspace | None = None) -> Callable[[], float | None]:
        """Return somebody who waits until the build is over, and says when that was heard; None: it was not."""

        def wait() -> float | None:
            self.sim.sleep(comes)
            with Call(self.calls, self.sim, chat_id, None) as call:
                seat = self.sit(call, dev, read_at=self.sim.elapsed)
                try:
                    while (heard := seat.next(until)) is not None:
                        if heard.build.job_status is JobStatus.SUCCEEDED:
                            return self.sim.elapsed
                    return None
                finally:
                    seat.leave()

        return wait

    def left(self) -> tuple[int, int]:
        """Return how many watches are left, here and on the platform."""
        return len(self.watches), self.coder.open_watches


# ------------------------------------------------------------------ told, not asking


def test_the_first_next_gives_the_state_as_it_is() -> None:
    """Then each that differs, at the very instant, for one watch and no read."""
    world = World(build=10)
    with world.call() as call:
        seat = world.sit(call)
        first = seat.next(100)
        assert first is not None
        assert (first.build.job_status, world.sim.elapsed) == (JobStatus.RUNNING, 0)
        second = seat.next(100)
        assert second is not None
        assert (second.build.job_status, world.sim.elapsed) == (JobStatus.SUCCEEDED, 10)
        seat.leave()
    assert (world.coder.watches, world.coder.reads) == ([0], [])


@every_seed
def test_many_waiters_share_one_watch(seed: int) -> None:
    """One leads, the others follow, all are told at the same instant, and nothing is left."""
    world = World(seed, build=10)
    assert world.sim.run(*[world.waiter(comes=comes) for comes in (0, 0, 0, 1, 2.5, 9)]) == [10] * 6
    assert world.coder.watches == [0]
    assert world.coder.reads == []
    assert world.left() == (0, 0)


@every_seed
@either_way
def test_followers_cost_no_request(seed: int, watching: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """A hundred waiters ask as much as one."""
    costs: list[int] = []
    for waiters in (1, 30):
        world = World(seed, watching=watching, build=4)
        ends = world.sim.race(world.waiter(), threads=waiters)
        assert len(set(ends)) == 1
        costs.append(len(world.coder.reads) + len(world.coder.watches))
    assert abs(costs[0] - costs[1]) <= 1  # jitter


def test_two_workspaces_have_two_watches() -> None:
    """Each is told of its own."""
    world = World(build=10)
    other = world.another("other")
    other.cancel()
    seen: list[tuple[UUID, JobStatus]] = []

    def look(dev: FakeWorkspace) -> None:
        with world.call() as call:
            seat = world.sit(call, dev)
            heard = seat.next(5)
            assert heard is not None
            seen.append((heard.id, heard.build.job_status))
            world.sim.sleep(1)
            assert len(world.watches) == 2
            world.sim.sleep(1)
            seat.leave()

    world.sim.run(lambda: look(world.dev), lambda: look(other))
    assert sorted(seen) == sorted([(world.dev.id, JobStatus.RUNNING), (other.id, JobStatus.CANCELED)])
    assert world.left() == (0, 0)


def test_what_was_heard_after_ones_own_read_is_news() -> None:
    """A late joiner misses nothing that happened between reading and sitting down, and is not told what it has read itself."""
    world = World(build=10)
    told: list[tuple[str, float]] = []

    def join(name: str, comes: float, read_at: float) -> None:
        world.sim.sleep(comes)
        with world.call() as call:
            seat = world.sit(call, read_at=read_at)
            if seat.next(14) is not None:
                told.append((name, world.sim.elapsed))
            seat.leave()

    def stay() -> None:
        with world.call() as call:
            seat = world.sit(call)
            while seat.next(14.5) is not None:
                pass
            seat.leave()

    world.sim.run(stay, lambda: join("read before", 12, 9), lambda: join("read after", 12, 11))
    assert told == [("read before", 12)]


@either_way
def test_every_request_has_its_limit(watching: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """Watches, reads and logs, counted from when they are sent, whatever the waiter's own deadline; the log is an extra and has less."""
    world = World(watching=watching, build=40, log=("one",))
    world.coder.silence_watches()
    world.sim.sleep(3)
    with world.call() as call:
        seat = world.sit(call)
        for instant in (5, 20, 21):
            seat.next(instant)
            seat.lines(world.dev.told())
        seat.leave()
    assert len(world.coder.limits) >= 5
    assert set(world.coder.limits) == {15, 2}


# ------------------------------------------------------------------ leading passes on


@every_seed
@either_way
def test_a_leader_that_has_waited_enough_hands_over(seed: int, watching: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """Its own time is over; the others are told in time."""
    world = World(seed, watching=watching, build=10)
    ends = world.sim.run(world.waiter(until=3), world.waiter(until=5), world.waiter(), world.waiter())
    assert ends[:2] == [None, None]
    assert ends[2] == ends[3]
    assert ends[3] is not None
    assert 10 <= ends[3] <= (10 if watching else 11.1)
    assert world.left() == (0, 0)


@every_seed
@either_way
def test_a_leader_that_is_interrupted_hands_over(seed: int, watching: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """At that instant, whoever leads; the watch that it blocked on is lost, and that is nobody's failure."""
    world = World(seed, watching=watching, build=10)
    world.sim.at(4, lambda: world.calls.interrupt("chat-a"))
    ends = world.sim.run(world.waiter(chat_id="chat-a"), world.waiter(chat_id="chat-b"), world.waiter(chat_id="chat-a"))
    assert ends[0] is ends[2] is None
    assert ends[1] is not None
    assert 10 <= ends[1] <= (10 if watching else 11.1)
    assert not watching or len(world.coder.watches) <= 2
    assert world.left() == (0, 0)


@every_seed
@either_way
def test_a_leader_that_ends_at_once_is_missed_by_nobody(seed: int, watching: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """Waiters that come and go all the while hand the lead from one to the next."""
    world = World(seed, watching=watching, build=10)
    passers = [world.waiter(comes=comes / 2, until=comes / 2 + 0.75) for comes in range(18)]
    *gone, stays = world.sim.run(*passers, world.waiter(comes=0.1))
    assert gone == [None] * 18
    assert stays is not None
    assert 10 <= stays <= (10 if watching else 11.1)


@every_seed
@either_way
def test_closing_ends_all_waits(seed: int, watching: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """With an error, at that instant, leader and followers alike."""
    world = World(seed, watching=watching)
    world.sim.at(4, world.calls.close)

    def closed() -> float:
        with pytest.raises(ClosedError):
            world.waiter()()
        return world.sim.elapsed

    assert world.sim.race(closed, threads=3) == [4, 4, 4]
    assert world.left() == (0, 0)


@either_way
def test_a_wait_ends_at_its_deadline(watching: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """Not later, and at once where it has passed, unless there is news to tell."""
    world = World(watching=watching)
    with world.call() as call:
        seat = world.sit(call)
        assert seat.next(1) is not None
        began = world.sim.elapsed
        assert seat.next(7.125) is None
        assert world.sim.elapsed == 7.125
        assert seat.next(began) is None
        assert world.sim.elapsed == 7.125
        seat.leave()


def test_an_interrupted_call_is_told_nothing_more() -> None:
    """As if its time were over."""
    world = World()
    with world.call() as call:
        seat = world.sit(call)
        world.calls.interrupt(CHAT)
        assert seat.next(100) is None
        assert world.sim.elapsed == 0
        seat.leave()


# ------------------------------------------------------------------ silence


@every_seed
def test_a_silent_watch_is_not_believed(seed: int) -> None:
    """One fresh read at least every 15 seconds: what a proxy holds back is heard all the same, for one read for all."""
    world = World(seed, build=20)
    world.coder.silence_watches()
    assert world.sim.race(world.waiter(), threads=4) == [30] * 4
    assert world.coder.reads == [15, 30]
    assert world.coder.watches == [0]


def test_news_puts_the_read_off() -> None:
    """Fifteen seconds without news, not every fifteen seconds."""
    world = World(build=10)
    world.sim.at(12, world.dev.stop)
    with world.call() as call:
        seat = world.sit(call)

        def listen() -> None:
            while seat.next(26.5) is not None:
                pass

        world.sim.run(listen)
        seat.leave()
    assert world.coder.reads == []


# ------------------------------------------------------------------ what breaks


@every_seed
def test_after_a_break_the_state_is_read_and_a_new_watch_opened(seed: int) -> None:
    """After a pause of 100 to 200 ms; what happened meanwhile is not missed."""
    world = World(seed, build=10)
    world.sim.at(10, world.coder.break_watches)
    (heard,) = set(world.sim.race(world.waiter(), threads=3))
    assert heard is not None
    assert all(10.1 <= read <= 10.2 for read in world.coder.reads)
    assert heard == (world.coder.reads[0] if world.coder.reads else 10), "else the news came before the break"
    assert world.left() == (0, 0)


@every_seed
def test_a_broken_watch_is_replaced(seed: int) -> None:
    """And the new one tells at the instant again."""
    world = World(seed, build=10)
    world.sim.at(4, world.coder.break_watches)
    assert world.sim.race(world.waiter(), threads=3) == [10] * 3
    (read,) = world.coder.reads
    assert 4.1 <= read <= 4.2
    assert world.coder.watches == [0, read]


@every_seed
@pytest.mark.parametrize("call", ["watch", "get_workspace"])
def test_attempts_have_a_floor_and_are_spaced_out(seed: int, call: str) -> None:
    """At least 100 ms between two, twice as much at most with each that fails, and never more than 5 s."""
    world = World(seed, build=60)
    if call == "watch":
        world.coder.when("watch", times=12).fail()
    else:
        world.coder.when("get_workspace", times=12).fail()
        world.sim.at(1, world.coder.break_watches)
    assert world.sim.race(world.waiter(), threads=3) == [60] * 3
    attempts = world.coder.watches[:12] if call == "watch" else world.coder.reads[:12]
    gaps = [later - earlier for earlier, later in pairwise(attempts)]
    failures = range(1 if call == "watch" else 2, 14)  # the break itself was the first
    assert all(0.1 - TICK <= gap <= min(0.1 * 2**number, 5) + TICK for gap, number in zip(gaps, failures, strict=False)), gaps
    assert max(gaps) > 2.5


def test_the_last_failure_is_kept_until_it_works_again() -> None:
    """It is what a caller is told whose time ends meanwhile."""
    world = World()
    world.coder.when("get_workspace", times=3).fail(UnavailableError("the proxy is down"))
    with world.call() as call:
        seat = world.sit(call)
        assert seat.next(100) is not None
        assert seat.error is None
        world.coder.break_watches()
        assert seat.next(0.09) is None
        assert "closed or broken" in str(seat.error)
        assert seat.next(0.21) is None
        assert str(seat.error) == "the proxy is down"
        assert seat.next(100) is not None
        assert seat.error is None
        seat.leave()


def test_an_interrupt_is_no_failure_of_the_watch() -> None:
    """The others wait no longer because of it, and are told of no error."""
    world = World(build=10)
    with world.call("chat-a") as one, world.call("chat-b") as other:
        first, second = world.sit(one), world.sit(other)
        assert first.next(5) is not None
        world.sim.at(3, lambda: world.calls.interrupt("chat-a"))
        assert world.sim.run(lambda: first.next(100)) == [None]
        assert second.error is None
        assert second.next(5) is not None
        assert world.sim.elapsed == 3
        first.leave()
        second.leave()


@every_seed
@either_way
def test_what_is_not_visible_any_more_is_told_to_all(seed: int, watching: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """Leader and followers, and whoever comes while they are still there."""
    world = World(seed, watching=watching)
    world.sim.at(4, world.dev.hide)

    def hidden() -> float:
        with pytest.raises(NotFoundError):
            world.waiter()()
        return world.sim.elapsed

    (when,) = set(world.sim.race(hidden, threads=3))
    assert 4 <= when <= (4 if watching else 4.3)
    assert world.left() == (0, 0)


def test_what_is_visible_again_can_be_waited_for() -> None:
    """Once nobody of before is left."""
    world = World(build=10)
    world.dev.hide()
    with pytest.raises(NotFoundError):
        world.waiter()()
    world.dev.show()
    assert world.waiter()() == 10


# ------------------------------------------------------------------ polling


@every_seed
@pytest.mark.parametrize("began", [0, 1000])
def test_polling_slows_down(seed: int, began: float) -> None:
    """Every 250 ms for 5 seconds, every second until 30, then every 2 seconds, each with a tenth of jitter, whenever it begins."""
    world = World(seed, watching=False, build=2000)
    assert world.waiter(comes=began, until=began + 90)() is None
    reads = [read - began for read in world.coder.reads]
    assert 0 <= reads[0] <= 0.02 + TICK
    for before, after in pairwise(reads):
        age = before  # it began at 0
        interval = 0.25 if age < 5 else 1 if age < 30 else 2
        assert 0.9 * interval - TICK <= after - before <= 1.1 * interval + TICK, (before, after)
    assert 55 <= sum(read < 60 for read in reads) <= 64


@every_seed
def test_polling_is_no_silence(seed: int) -> None:
    """A poll is a fresh read itself: without news for long, none is added, and nobody is told the same again."""
    world = World(seed, watching=False, build=1000)
    with world.call() as call:
        seat = world.sit(call)
        assert seat.next(100) is not None
        assert seat.next(100) is None
        seat.leave()
    assert all(after - before >= 0.2 for before, after in pairwise(world.coder.reads))


def test_polling_has_jitter() -> None:
    """No two workspaces stay in step."""
    world = World(watching=False, build=100)
    world.waiter(until=50)()
    gaps = [round(after - before, 6) for before, after in pairwise(world.coder.reads)]
    assert len(set(gaps)) > len(gaps) / 2


def test_polling_tells_only_what_differs() -> None:
    """The first state, then each that is not the one before."""
    world = World(watching=False, build=10)
    world.sim.at(20, world.dev.stop)
    told: list[tuple[Transition, JobStatus]] = []
    with world.call() as call:
        seat = world.sit(call)

        def listen() -> None:
            while (heard := seat.next(24)) is not None:
                if not told or told[-1] != (heard.build.transition, heard.build.job_status):
                    told.append((heard.build.transition, heard.build.job_status))

        world.sim.run(listen)
        seat.leave()
    assert told == [(Transition.START, JobStatus.RUNNING), (Transition.START, JobStatus.SUCCEEDED), (Transition.STOP, JobStatus.SUCCEEDED)]


def _polling(sim: Simulation, coder: FakeCoder, dev: FakeWorkspace) -> PollingWatch:
    return PollingWatch(coder, sim, Pace(), (sim.owner_id, dev.id), limit=15)


def test_a_polling_watch_gives_the_state_as_it_is_first() -> None:
    """Then nothing until it differs, as a real watch."""
    world = World(watching=False, build=3)
    watch = _polling(world.sim, world.coder, world.dev)
    first = watch.next(10)
    assert first is not None
    assert first.build.job_status is JobStatus.RUNNING
    assert watch.next(2) is None
    assert world.sim.elapsed == 2
    second = watch.next(10)
    assert second is not None
    assert second.build.job_status is JobStatus.SUCCEEDED
    assert 3 <= world.sim.elapsed <= 3.3


def test_a_polling_watch_that_is_closed_ends_at_once() -> None:
    """From any thread, and for good; to close it twice changes nothing."""
    world = World(watching=False)
    watch = _polling(world.sim, world.coder, world.dev)
    assert watch.next(10) is not None
    world.sim.at(0.125, watch.close)

    def closed() -> float:
        with pytest.raises(UnavailableError, match="closed"):
            watch.next(10)
        return world.sim.elapsed

    assert world.sim.run(closed) == [0.125]
    watch.close()
    assert closed() == 0.125


def test_a_poll_that_fails_is_tried_again() -> None:
    """After a pause with a floor, like any break."""
    world = World(watching=False, build=3)
    world.coder.when("get_workspace", nth=3, times=4).fail()
    heard = world.waiter()()
    assert heard is not None
    assert 3 <= heard <= 8
    assert all(after - before >= 0.1 - TICK for before, after in pairwise(world.coder.reads))


@pytest.mark.parametrize("seed", range(3))
def test_a_process_polls_within_its_limit(seed: int) -> None:
    """However many workspaces it waits for: 50 requests in any second, so that eight processes stay within what the platform allows."""
    world = World(seed, watching=False, build=100)
    devs = [world.dev, *[world.another(f"dev-{number}") for number in range(39)]]
    world.sim.run(*[world.waiter(until=2.5, dev=dev) for dev in devs])
    reads = sorted(world.coder.reads)
    assert len(reads) >= 2 * 50
    assert all(later - earlier >= 1 - TICK for earlier, later in zip(reads, reads[50:], strict=False))
    assert len(world.watches) == 0


def test_slots_are_spread_out() -> None:
    """One every 20 ms when all are wanted at once; at the wanted instant after a quiet while."""
    pace = Pace()
    slots = [pace.slot(10.0) for _ in range(6)]
    assert slots == pytest.approx([10.0, 10.02, 10.04, 10.06, 10.08, 10.1])
    assert pace.slot(12.0) == 12.0


def test_a_poll_that_is_due_late_keeps_nobody_waiting() -> None:
    """Of a build that takes long one asks every 2 s: whoever began since is polled for as often as if it were alone."""
    world = World(watching=False, build=300)
    long, short = _polling(world.sim, world.coder, world.dev), world.another("dev-2")
    pace = long._pace
    while world.sim.elapsed < 40:
        long.next(world.sim.monotonic() + 5)
    late = PollingWatch(world.coder, world.sim, pace, (world.sim.owner_id, short.id), limit=15)
    began = world.sim.elapsed
    before = len(world.coder.reads)

    def poll(watch: PollingWatch) -> Callable[[], None]:
        def until() -> None:
            while watch.next(began + 4.9) is not None:  # its first state
                pass

        return until

    world.sim.run(poll(long), poll(late))
    assert len(world.coder.reads) - before >= 4.9 / 0.275 + 2


# ------------------------------------------------------------------ the build log


def _lines(seat: Seat, world: World, *, last: bool = False) -> list[str]:
    return [line.text for line in (seat.lines(world.dev.told(), last=True) if last else seat.lines(world.dev.told()))]


def test_lines_are_told_once_to_each_seat() -> None:
    """Read once a second for all seats; a seat that comes late is told from the beginning."""
    world = World(build=4, log=("one", "two", "three"))  # at 1, 2 and 3 s
    with world.call() as call:
        first, second = world.sit(call), world.sit(call)
        world.sim.sleep(1)
        assert _lines(first, world) == ["one"]
        assert _lines(first, world) == []
        world.sim.sleep(1)
        assert _lines(second, world) == ["one", "two"]
        assert _lines(first, world) == ["two"]
        first.leave()
        second.leave()
    assert world.coder.calls.count("build_log") == 2


def test_the_log_is_read_once_a_second() -> None:
    """And at once when it is the last time."""
    world = World(build=4, log=("one", "two", "three"))
    with world.call() as call:
        seat = world.sit(call)
        world.sim.sleep(1.5)
        assert _lines(seat, world) == ["one"]
        world.sim.sleep(0.75)
        assert _lines(seat, world) == []
        assert _lines(seat, world, last=True) == ["two"]
        world.sim.sleep(0.75)
        assert _lines(seat, world) == []
        world.sim.sleep(0.25)
        assert _lines(seat, world) == ["three"]
        seat.leave()
    assert world.coder.calls.count("build_log") == 3


def test_the_log_is_for_looking_at() -> None:
    """Where it cannot be read there are no lines, and no error; they come when it can be read again."""
    world = World(build=4, log=("one", "two", "three"))
    world.coder.when("build_log").fail()
    with world.call() as call:
        seat = world.sit(call)
        world.sim.sleep(1)
        assert _lines(seat, world) == []
        workspace = world.dev.told()
        world.dev.hide()
        world.sim.sleep(1)
        assert seat.lines(workspace) == []
        world.dev.show()
        world.sim.sleep(1)
        assert _lines(seat, world) == ["one", "two", "three"]
        seat.leave()


def test_each_build_has_its_own_log() -> None:
    """A new one is read at once and from its beginning; of an older one there is nothing more."""
    world = World(build=4, log=("one", "two", "three"))
    with world.call() as call:
        seat = world.sit(call)
        world.sim.sleep(2)
        assert _lines(seat, world) == ["one", "two"]
        before = world.dev.told()
        world.sim.sleep(2.5)
        assert _lines(seat, world) == ["three"]
        world.dev.start()
        reads = world.coder.calls.count("build_log")
        assert _lines(seat, world) == []
        assert world.coder.calls.count("build_log") == reads + 1
        world.sim.sleep(1)
        assert _lines(seat, world) == ["one"]
        assert seat.lines(before, last=True) == []
        world.sim.sleep(1)
        assert _lines(seat, world) == ["two"]
        seat.leave()
