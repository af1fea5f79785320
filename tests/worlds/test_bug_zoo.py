"""Faults that systems which do this job have had, each as a story that must end well here. Each test names where the fault was reported."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from chatworkspace import (
    ChatWorkspaceError,
    Outcome,
    OutcomeUnknownError,
    Reason,
    State,
    Template,
    Timeouts,
    UnavailableError,
)
from chatworkspace.ports import Clock, DialError, Look, NotAnsweredError
from chatworkspace_fake import Fails, FakeStore, Process, Simulation

CHAT, OTHER = "chat-1", "chat-2"


class World:
    """Two processes, two chats, one template."""

    def __init__(self, *, simulation: dict[str, Any] | None = None, **template: Any) -> None:
        self.sim = Simulation(**(simulation or {}))
        self.template: Template = self.sim.coder.add_template("docker", **template)
        self.one, self.two = self.sim.process("one"), self.sim.process("two")
        for chat_id in (CHAT, OTHER):
            self.sim.open_chat(chat_id)

    def create(self, process: Process | None = None, chat_id: str = CHAT, *, after: float = 0, **arguments: Any) -> Outcome:
        """Create a chat's workspace, after some seconds."""
        process = process or self.one
        process.clock.sleep(after)
        return process.workspaces.create(chat_id, arguments.pop("template_id", self.template.id), **arguments)

    def attempt(self, process: Process, chat_id: str = CHAT, *, after: float = 0) -> Outcome | ChatWorkspaceError:
        """Create, and return what it ended with."""
        try:
            return self.create(process, chat_id, after=after)
        except ChatWorkspaceError as error:
            return error

    def claimed_for(self, chat_id: str = CHAT) -> float:
        """Return for how long the chat is still claimed."""
        return self.sim.store.look(chat_id).claimed_for


# ------------------------------------------------------------------ probes, agents, builds


def test_failed_dials_replace_nothing() -> None:
    """A running workspace whose agent is not reached for a while stays the chat's (coder#23551)."""
    world = World(simulation={"timeouts": Timeouts(connect=10)})
    first = world.create()
    world.sim.sleep(60)
    world.sim.coder.when("dial", times=6).fail(DialError("no route"))
    second = world.create()
    assert not second.ready
    assert second.workspace_id == first.workspace_id
    assert world.create().ready
    assert len(world.sim.coder.workspaces) == 1


def test_ready_means_that_the_scripts_have_ended() -> None:
    """Nobody works in a workspace that still installs itself (coder#22498)."""
    world = World(build=30, connect=5, scripts=10)
    assert world.create(wait=44).phase is not None
    outcome = world.create()
    assert (outcome.ready, world.sim.elapsed) == (True, 45)


def test_callbacks_tell_ready_when_it_is() -> None:
    """First that a build has begun, not ready; then ready, when the agent is (coder#24410)."""
    seen = list[Outcome]()
    World(build=30, connect=5, simulation={"on_chat_updated": seen.append}).create()
    assert [(outcome.elapsed, outcome.ready) for outcome in seen] == [(0, False), (35, True)]


def test_a_rebuilt_workspace_is_reached_by_its_new_agent() -> None:
    """The agent is selected anew after each build (coder#22646)."""
    world = World()
    first = world.create()
    world.one.workspaces.stop(CHAT)
    second = world.one.workspaces.start(CHAT)
    assert first.agent is not None
    assert second.agent is not None
    assert second.agent.id != first.agent.id
    assert second.agent in world.sim.coder.workspaces[0].now.agents


def test_waiting_follows_the_latest_build() -> None:
    """The user restarts it while a creation waits: the second build is the one that counts (coder#24194)."""
    world = World(build=30)

    def restart() -> None:
        workspace = world.sim.coder.workspaces[0]
        workspace.cancel()
        workspace.start()

    world.sim.at(10, restart)
    (outcome,) = world.sim.run(world.create)
    assert outcome.workspace is not None
    assert (outcome.ready, outcome.workspace.build.number, world.sim.elapsed) == (True, 2, 40)


def test_a_build_that_takes_longer_than_we_wait_has_not_failed() -> None:
    """A limit that is over is in progress; it was called failed, and worked later (Roomote#1026)."""
    world = World(build=100, simulation={"timeouts": Timeouts(build=60)})
    assert world.create().state is State.STARTING
    assert world.create().ready


def test_a_build_that_nobody_takes_is_not_waited_for_for_ever() -> None:
    """There is no provisioner: the call ends by its limit, and says why (jupyterhub#3263)."""
    world = World(build=5)
    world.sim.coder.set_provisioners(0)
    outcome = world.create()
    assert (outcome.state, outcome.reason, world.sim.elapsed) == (State.STARTING, Reason.NO_PROVISIONER, 600)


def test_a_limit_does_not_hide_the_real_error() -> None:
    """What is told at the end of the wait is what the last dial said (kubespawner#625)."""
    world = World(simulation={"timeouts": Timeouts(connect=5)})
    world.sim.coder.when("dial", times=3).fail(DialError("no route to host"))
    assert world.create().error == "no route to host"


def test_a_workspace_that_gets_ready_at_the_deadline_lives() -> None:
    """The wait ends in the same instant as the build: nothing is stopped or deleted (ray-project/ray#65820)."""
    world = World(build=30)
    (waited,) = world.sim.run(partial(world.create, wait=30))
    assert waited.state in {State.STARTING, State.READY}
    assert world.create().workspace_id == waited.workspace_id
    assert not {"stop_workspace", "delete_workspace"} & set(world.sim.coder.calls)


# ------------------------------------------------------------------ names, lost answers, adoption


@pytest.mark.parametrize("status", [409, 500])
def test_a_lost_race_for_the_name_ends_with_the_winner(status: Any) -> None:
    """A request that arrives late takes the name between our look and our request: no suffix is tried (coder#25668)."""
    world = World()
    world.sim.coder.answer_conflicts(status)
    world.sim.coder.when("create_workspace").arrive_late(10)
    assert isinstance(world.attempt(world.one), OutcomeUnknownError)
    world.two.pause(20, before="coder.create_workspace")
    assert world.create(world.two).reason is Reason.ADOPTED
    assert len(world.sim.coder.workspaces) == 1


def test_what_is_not_known_is_not_made_again() -> None:
    """The platform cannot be asked how the chat's workspace is: that is told, and none is made."""
    world = World()
    world.create()
    world.sim.sleep(60)
    world.sim.coder.when("get_workspace").fail(UnavailableError("down", retryable=False))
    assert world.create().state is State.UNKNOWN
    assert world.sim.coder.calls.count("create_workspace") == 1


def test_a_binding_that_cannot_be_written_fails_the_call_and_loses_nothing() -> None:
    """The workspace is there, its record is not: the next call finds it by name."""
    world = World()
    world.sim.store.when("bind").fail(UnavailableError("disk full", retryable=False))
    assert isinstance(world.attempt(world.one), UnavailableError)
    world.sim.sleep(30)
    outcome = world.create()
    assert (outcome.reason, len(world.sim.coder.workspaces)) == (Reason.ADOPTED, 1)


def test_what_is_found_by_name_is_ready_only_when_it_is_built() -> None:
    """Its maker was killed; whoever finds it half-built waits for the build (open-swe#2084)."""
    world = World(build=60)
    world.one.kill(before="store.bind")
    (outcome,) = world.sim.run(lambda: world.create(world.one), lambda: world.create(world.two, after=1))
    assert (outcome.reason, outcome.ready, world.sim.elapsed) == (Reason.ADOPTED, True, 60)


def test_a_request_that_succeeds_after_its_sender_gave_up_is_found() -> None:
    """The server made it 25 s after the client's time-out (open-swe#2081)."""
    world = World()
    world.sim.coder.when("create_workspace").arrive_late(25)
    assert isinstance(world.attempt(world.one), OutcomeUnknownError)
    world.sim.sleep(25)
    assert world.create().reason is Reason.ADOPTED
    assert len(world.sim.coder.workspaces) == 1


def test_asking_again_asks_for_the_same_name() -> None:
    """A 502 says nothing about what was made: no fresh name is drawn (harbor#2655)."""
    world = World()
    world.sim.coder.when("create_workspace").fail(NotAnsweredError("502"))
    assert isinstance(world.attempt(world.one), OutcomeUnknownError)
    outcome = world.create()
    assert outcome.workspace is not None
    assert [intent.name for intent in world.one.workspaces.history(CHAT)] == [outcome.workspace.name]


def test_what_an_adoption_does_not_apply_is_told() -> None:
    """Found rather than made, and made with other arguments than this caller's (agent-sandbox#1144)."""
    world = World()
    other = world.sim.coder.add_template("other")
    world.one.kill(before="store.bind")
    (outcome,) = world.sim.run(lambda: world.create(world.one), lambda: world.create(world.two, after=1, template_id=other.id, name="work"))
    assert set(outcome.not_applied) == {"template_id", "name"}


def test_a_namesake_that_is_being_deleted_is_not_joined() -> None:
    """Its deletion is awaited, and another one made (readiness of a dying namesake, as tensorlake warns of)."""
    world = World(delete=20)
    first = world.create()
    world.sim.sleep(60)
    world.sim.coder.workspaces[0].delete()
    outcome = world.create()
    assert (outcome.created, outcome.workspace_id == first.workspace_id, outcome.elapsed) == (True, False, 20)
    assert len(world.sim.coder.live) == 1


def test_creation_and_deletion_at_the_same_time_leave_at_most_one() -> None:
    """The user deletes what is being built: its caller is told, and the next call makes another (proliferate#1347)."""
    world = World(build=30, delete=5)

    def delete() -> None:
        world.sim.coder.workspaces[0].delete()

    world.sim.at(10, delete)
    (outcome,) = world.sim.run(world.create)
    assert not outcome.ready
    assert world.create().created
    assert len(world.sim.coder.live) == 1


def test_two_chats_never_share_what_was_made_for_one() -> None:
    """Same owner, same template, same wish, at the same time (agentscope-java#1964)."""
    world = World()
    mine, yours = world.sim.run(lambda: world.create(world.one, CHAT, name="work"), lambda: world.create(world.two, OTHER, name="work"))
    assert mine.workspace_id != yours.workspace_id
    assert world.create(world.two, CHAT).workspace_id == mine.workspace_id


# ------------------------------------------------------------------ claims


@pytest.mark.parametrize("moment", [{"after": "store.claim"}, {"before": "coder.create_workspace"}, {"before": "store.bind"}])
def test_the_dead_keep_a_chat_no_longer_than_their_claim(moment: dict[str, str]) -> None:
    """Nobody has to clear a mark or a lock that the killed process left (open-swe#1116, pgdog#1407, authentik#23876)."""
    world = World()
    world.one.kill(**moment)
    (outcome,) = world.sim.run(lambda: world.create(world.one), lambda: world.create(world.two, after=1))
    assert (outcome.ready, world.sim.elapsed, len(world.sim.coder.workspaces)) == (True, 30, 1)


def test_a_process_forgets_what_another_has_reset() -> None:
    """It has just proven its workspace ready; the other one detaches it; it does not tell the old one again (open-swe#2865)."""
    world = World()
    first = world.create(world.one)
    world.two.workspaces.detach(CHAT)
    outcome = world.create(world.one)
    assert (outcome.created, outcome.chat.generation) == (True, 3)
    assert outcome.workspace_id != first.workspace_id


def test_a_claim_need_not_live_as_long_as_the_build() -> None:
    """Nothing is held while the build is waited for, and who comes meanwhile joins (AutoGPT#14365, checkstack#233, pikku#1314)."""
    world = World(build=300)
    claimed = list[float]()
    world.sim.at(100, lambda: claimed.append(world.claimed_for()))
    outcomes = world.sim.run(lambda: world.create(world.one), lambda: world.create(world.two, after=100))
    assert claimed == [0]
    assert {outcome.workspace_id for outcome in outcomes} == {world.sim.coder.workspaces[0].id}
    assert world.sim.elapsed == 300


def test_a_holder_that_lost_its_claim_makes_no_second() -> None:
    """It stood still beyond its claim, and goes on as if it held it (good_job#52, pals#28)."""
    world = World()
    world.one.pause(60, before="coder.create_workspace")
    outcomes = world.sim.run(lambda: world.create(world.one), lambda: world.create(world.two, after=1))
    assert len(world.sim.coder.workspaces) == 1
    assert {outcome.workspace_id for outcome in outcomes} == {world.sim.coder.workspaces[0].id}


def test_a_slow_chat_keeps_no_other_waiting() -> None:
    """In the same process and in another (khora#738, agentscope#2488, and the blocking sleep of SWE-ReX)."""
    world = World()
    world.sim.coder.when("create_workspace").take(20)
    others = [f"other-{number}" for number in range(50)]
    for chat_id in others:
        world.sim.open_chat(chat_id)
    calls = [partial(world.create, (world.one, world.two)[number % 2], chat_id, after=1) for number, chat_id in enumerate(others)]
    slow, *fast = world.sim.run(lambda: world.create(world.one), *calls)
    assert slow.elapsed == 20
    assert {outcome.elapsed for outcome in fast} == {0}


# ------------------------------------------------------------------ loops


def test_a_watch_that_breaks_is_not_opened_again_in_a_hurry() -> None:
    """Back-off between the attempts, and a fresh read after each (runloop 3.0.0: 16,601 tries in 3 s)."""
    world = World(build=60)
    world.sim.coder.when("watch", times=10).fail()
    assert world.create().ready
    assert world.sim.coder.calls.count("watch") == 11
    tries = [float(line.split()[0]) for line in world.sim.trace.splitlines() if "coder.watch" in line]
    assert min(later - earlier for earlier, later in pairwise(tries)) >= 0.1


class Restless(FakeStore):
    """A store whose notifications are broken: every wait for a turn ends at once."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.looks = 0

    def look(self, chat_id: str) -> Look:
        """Count."""
        self.looks += 1
        return super().look(chat_id)

    def wait_for_turn(self, look: Look, deadline: float) -> None:
        """Return early, which a store may."""
        del look, deadline


def test_a_store_that_wakes_its_waiters_for_nothing_is_not_read_without_end() -> None:
    """Who waits for its turn looks again with a floor between (the busy reads that LangAlpha warns of)."""
    world = World(simulation={"store": Restless})
    world.sim.coder.when("create_workspace").take(20)
    store: Any = world.sim.store
    outcomes = world.sim.run(lambda: world.create(world.one), lambda: world.create(world.two, after=1))
    assert len({outcome.workspace_id for outcome in outcomes}) == 1
    assert store.looks < 300


# ------------------------------------------------------------------ the sweep


def test_the_sweep_leaves_a_creation_under_way_alone() -> None:
    """Made, and not bound yet: no stray, and not deleted even when told to (Dormice#64)."""
    world = World()
    world.one.pause(20, before="store.bind")

    def sweep() -> None:
        world.two.clock.sleep(5)
        workspace = world.sim.coder.workspaces[0]
        swept = world.two.workspaces.sweep(delete=[workspace.id])
        assert (swept.strays, swept.deleted, set(swept.errors)) == ((), (), {str(workspace.id)})

    world.sim.run(lambda: world.create(world.one), sweep)
    assert len(world.sim.coder.live) == 1


def test_a_slow_start_is_no_stray() -> None:
    """A build of half an hour is older than any plan that the sweep settles, and is the chat's (a reaper's threshold, as LangAlpha tells)."""
    world = World(build=1800)
    world.create(wait=0)
    world.sim.sleep(1200)
    swept = world.two.workspaces.sweep()
    assert (swept.strays, swept.settled) == ((), ())


def test_one_bad_row_does_not_stop_the_sweep() -> None:
    """The plan of one chat cannot be settled; that of the other is (managoat/fountain#2329)."""
    world = World()
    for process, chat_id in ((world.one, CHAT), (world.two, OTHER)):
        process.kill(before="coder.create_workspace")
        world.sim.run(partial(world.create, process, chat_id))
    world.sim.sleep(1000)
    world.sim.coder.when("find_workspace").fail(UnavailableError("no such shard", retryable=False))
    swept = world.sim.workspaces.sweep()
    assert (set(swept.errors), swept.settled) == ({CHAT}, (OTHER,))


def test_a_failed_first_build_is_built_again_not_lost() -> None:
    """It keeps its name and its place; no second one runs beside it."""
    world = World(build=[Fails(10), 10])
    assert world.create().state is State.FAILED
    outcome = world.create()
    assert (outcome.ready, outcome.reason, len(world.sim.coder.workspaces)) == (True, Reason.STARTED, 1)
