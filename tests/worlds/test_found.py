"""What the random worlds have found, told as the shortest story of each."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chatworkspace import ChatWorkspaceError, Outcome, Phase, Reason, State, Template
from chatworkspace._domain.places import phase_order
from chatworkspace.ports import Clock, Look
from chatworkspace_fake import FakeStore, Process, Simulation

CHAT = "chat-1"


class World:
    """Two processes, one chat, one template."""

    def __init__(self, *, build: float = 0, stop: float = 0, **simulation: Any) -> None:
        self.sim = Simulation(**simulation)
        self.template: Template = self.sim.coder.add_template("docker", build=build, stop=stop)
        self.one, self.two = self.sim.process("one"), self.sim.process("two")
        self.sim.open_chat(CHAT)

    def delete_first(self) -> None:
        """Delete what was made first, as a user does in the platform's page."""
        self.sim.coder.workspaces[0].delete()

    def create(self, process: Process, *, after: float = 0, replace: bool = False, name: str = "") -> Outcome:
        """Create the chat's workspace, after some seconds."""
        process.clock.sleep(after)
        return process.workspaces.create(CHAT, self.template.id, replace=replace, name=name)

    def attempt(self, process: Process, *, after: float = 0, replace: bool = False) -> str:
        """Create, and say how it ended."""
        try:
            return self.create(process, after=after, replace=replace).reason.value
        except ChatWorkspaceError as error:
            return type(error).__name__


def test_what_was_attached_since_the_look_is_not_planned_away() -> None:
    """A creation that looked while an attach held the chat, and claims after it: it reuses what was attached."""
    world = World()
    own = world.sim.coder.add_workspace(world.template, owner_id=world.sim.owner_id)
    world.two.pause(5, before="store.attach")
    world.one.pause(10, before="store.claim")
    attached, created = world.sim.run(lambda: world.two.workspaces.attach(CHAT, own.id), lambda: world.create(world.one, after=1))
    assert (attached.workspace_id, created.workspace_id) == (own.id, own.id)
    assert len(world.sim.coder.workspaces) == 1


def test_whoever_replaced_names_what_it_left_behind_even_when_overtaken() -> None:
    """Two replacements one after the other leave two workspaces behind, and each caller names its own."""
    world = World(build=30)
    first = world.create(world.one)
    overtaken, last = world.sim.run(
        lambda: world.create(world.one, replace=True), lambda: world.create(world.two, after=10, replace=True, name="other")
    )
    second = world.sim.coder.workspaces[1]
    assert overtaken.reason is Reason.OVERTAKEN
    assert overtaken.left_behind is not None
    assert overtaken.left_behind.workspace_id == first.workspace_id
    assert last.left_behind is not None
    assert last.left_behind.workspace_id == second.id


def test_a_claim_that_came_too_late_to_send_anything_has_left_its_workspace_behind() -> None:
    """The plan was written all the same: the outcome names what it replaced."""
    world = World()
    first = world.create(world.one)
    world.one.pause(60, before="store.claim")
    outcome = world.create(world.one, replace=True)
    assert outcome.created
    assert outcome.left_behind is not None
    assert outcome.left_behind.workspace_id == first.workspace_id


def test_a_claim_that_came_too_late_to_send_anything_has_opened_its_generation() -> None:
    """Another call makes what was planned; this one, a replacement, does not make a second."""
    world = World()
    world.one.pause(60, after="store.claim")
    outcomes = world.sim.run(lambda: world.create(world.one, replace=True), lambda: world.create(world.two, after=10))
    assert {outcome.chat.generation for outcome in outcomes} == {1}
    assert len(world.sim.coder.workspaces) == 1


def test_a_proof_is_no_older_than_it_may_be_when_it_is_told() -> None:
    """The store is slow to show the row after the dial: the agent is dialled once more."""
    world = World()
    world.sim.store.when("look", nth=2).lose_answer()
    assert world.create(world.one).ready
    assert world.sim.coder.calls.count("dial") == 2


def test_a_process_that_stands_still_during_a_dial_has_no_proof() -> None:
    """Reached before it stood still, told a minute later: it dials again."""
    world = World()
    world.one.pause(60, after="coder.dial")
    assert world.create(world.one).ready
    assert world.sim.coder.calls.count("dial") == 2


class SlowStore(FakeStore):
    """A store whose next answer to a look takes its time, once it is told so."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.clock = clock
        self.slowness = 0.0

    def look(self, chat_id: str) -> Look:
        """Read at once, answer later."""
        look, slowness = super().look(chat_id), self.slowness
        self.slowness = 0.0
        if slowness:
            self.clock.sleep(slowness)
        return look


def test_a_dial_proves_nothing_to_a_caller_who_has_not_looked_since() -> None:
    """It looked; then another thread dialled, and another process stopped the workspace; it is told of the stop."""
    world = World(store=SlowStore)
    store: Any = world.sim.store
    world.create(world.one)
    world.sim.sleep(60)
    store.slowness = 3.0
    service = world.one.workspaces

    def later(seconds: float, process: Process) -> Outcome:
        process.clock.sleep(seconds)
        return service.status(CHAT) if process is world.one else process.workspaces.stop(CHAT)

    looked, dialled, stopped = world.sim.run(lambda: service.status(CHAT), lambda: later(1, world.one), lambda: later(2, world.two))
    assert dialled.ready
    assert (stopped.state, looked.state) == (State.STOPPED, State.STOPPED)


def test_a_stop_after_which_the_user_has_started_again_is_not_told_as_ready() -> None:
    """It only waited for the end of its build, and dialled nobody."""
    world = World(stop=10)
    world.create(world.one)
    workspace = world.sim.coder.workspaces[0]
    world.sim.at(5, lambda: world.one.pause(20))
    world.sim.at(12, workspace.start)
    (outcome,) = world.sim.run(lambda: world.one.workspaces.stop(CHAT))
    assert (outcome.state, outcome.phase) == (State.STARTING, Phase.CONNECTING)


def test_a_replacement_that_may_have_been_planned_takes_nothing_away() -> None:
    """The answer to its claim is lost, and its process stands still: a plain create finds what is bound, and the replacer can then go on."""
    world = World()
    first = world.create(world.one)
    world.sim.store.when("claim").lose_answer()
    world.sim.at(3, lambda: world.one.pause(60))
    replaced, found = world.sim.run(lambda: world.attempt(world.one, replace=True), lambda: world.attempt(world.two, after=40))
    assert (replaced, found) == ("UnavailableError", "existing")
    assert world.sim.workspaces.get_chat(CHAT).workspace_id == first.workspace_id
    assert world.create(world.one, replace=True).created
    assert len(world.sim.coder.workspaces) == 2


def test_a_detach_that_may_have_been_written_is_not_written_again() -> None:
    """Its answer is lost, and the chat has another workspace when it asks once more: that one is kept."""
    world = World()
    world.create(world.one)
    world.sim.store.when("attach").lose_answer()
    world.sim.at(3, lambda: world.one.pause(60))

    def detach() -> str:
        try:
            return world.one.workspaces.detach(CHAT).reason.value
        except ChatWorkspaceError as error:
            return type(error).__name__

    assert world.sim.run(detach, lambda: world.attempt(world.two, after=40)) == ["UnavailableError", "created"]
    assert world.sim.workspaces.get_chat(CHAT).workspace_id == world.sim.coder.workspaces[1].id


def test_who_waits_for_the_end_of_a_build_is_told_that_it_was_overtaken() -> None:
    """A stop waits for the build to end, and the chat gets another workspace meanwhile."""
    world = World(build=30)

    def stop() -> Outcome:
        world.one.clock.sleep(1)
        return world.one.workspaces.stop(CHAT, wait=20)

    _, stopped, _ = world.sim.run(lambda: world.create(world.one), stop, lambda: world.create(world.two, after=10, replace=True))
    assert stopped.reason is Reason.OVERTAKEN
    assert stopped.chat.workspace_id == world.sim.coder.workspaces[1].id


def test_a_request_that_comes_once_its_name_was_given_up_makes_a_stray() -> None:
    """It is late; what it asked for was made by another caller, replaced, and deleted by the user: it makes a stray, and the sweep lists it."""
    world, told = World(), list[Outcome]()
    world.sim.coder.when("create_workspace").arrive_late(20)  # acted upon at 45 s: its sender gives up after 25
    world.sim.at(31, world.delete_first)

    def second() -> str:
        for after, replace in ((26, False), (2, True), (22, True)):
            told.append(world.create(world.two, after=after, replace=replace))
        return ""

    first, _ = world.sim.run(lambda: world.attempt(world.one), second)
    made, replaced, last = told
    assert first == "OutcomeUnknownError"
    (stray,) = [it for it in world.sim.coder.live if it.made_as == world.sim.coder.workspaces[0].made_as]
    assert stray.id != made.workspace_id
    assert _left(last) == replaced.workspace_id
    assert world.sim.workspaces.get_chat(CHAT).workspace_id == last.workspace_id
    assert {it.id for it in world.sim.workspaces.sweep().strays} == {stray.id, replaced.workspace_id}


def test_a_holder_who_finds_what_its_late_request_has_made_is_told_what_everybody_is_told() -> None:
    """It stood still while others made, replaced and deleted what it asked for; it finds the stray of its own request, and binds nothing."""
    world = World()
    world.sim.coder.when("create_workspace").take(40)
    world.sim.at(21, lambda: world.one.pause(49))
    world.sim.at(36, world.delete_first)

    def second() -> Outcome:
        world.create(world.two, after=1)
        return world.create(world.two, after=3, replace=True)

    overtaken, replaced = world.sim.run(lambda: world.create(world.one), second)
    assert overtaken.workspace_id == replaced.workspace_id == world.sim.workspaces.get_chat(CHAT).workspace_id
    (stray,) = [it for it in world.sim.coder.live if it.made_as == world.sim.coder.workspaces[0].made_as]
    last = world.create(world.one, replace=True, name="other")
    assert last.workspace_id == world.sim.workspaces.get_chat(CHAT).workspace_id
    assert {it.id for it in world.sim.workspaces.sweep().strays} == {stray.id, replaced.workspace_id}


def _left(outcome: Outcome) -> UUID | None:
    return None if outcome.left_behind is None else outcome.left_behind.workspace_id


class Follower:
    """Somebody who follows the chat in the first process, from some seconds on, and notes the phases."""

    def __init__(self, world: World, *, after: float = 0) -> None:
        self._world = world
        self._after = after
        self.phases: list[Phase] = []

    def __call__(self) -> None:
        """Follow to the end."""
        self._world.one.clock.sleep(self._after)
        self.phases += [step.phase for step in self._world.one.workspaces.follow(CHAT, wait=20) if step.phase is not None]


def test_a_follower_who_comes_late_is_told_the_log_before_the_dial() -> None:
    """The build ends, with lines that nobody has asked for yet, and the agent is there at once: the lines come first."""
    world = World()
    template = world.sim.coder.add_template("talkative", build=3, log=("one", "two"))
    follower = Follower(world, after=2.5)
    world.sim.run(lambda: world.one.workspaces.create(CHAT, template.id), follower)
    assert follower.phases == sorted(follower.phases, key=phase_order)
    assert follower.phases.count(Phase.BUILDING) >= 3


def test_a_follower_who_stood_still_is_told_the_log_before_the_dial() -> None:
    """From the creation on it follows, and its process stands still until the build has long been over: the lines come first."""
    world = World()
    template = world.sim.coder.add_template("talkative", build=45, log=("one", "two"))
    world.sim.at(7, lambda: world.one.pause(80))
    follower = Follower(world)
    world.sim.run(lambda: world.one.workspaces.create(CHAT, template.id, wait=0), follower)
    assert follower.phases == sorted(follower.phases, key=phase_order)
    assert Phase.CONNECTING in follower.phases
