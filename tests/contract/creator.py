"""The contracts of a WorkspaceCreator and of its watches, one test a rule.

An adapter subclasses WorkspaceCreatorContract, and WatchContract if it can watch, and gives them a fixture `creator_factory`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import pairwise
from uuid import UUID

import attrs
import pytest

from chatworkspace import JobStatus, RefusedError, Template, Transition, UnavailableError, Workspace
from chatworkspace.ports import Clock, CreateWorkspace, NameTakenError, NotAnsweredError, NotFoundError, Watch, WorkspaceCreator
from tests.contract.threads import THREADS, Threads

UNKNOWN = UUID(int=404)
LONG = 30.0
"""Seconds that no test waits for."""
BRIEF = 0.05
"""Seconds that a test can wait for."""
SLOW = 0.3
"""Seconds that the slow template builds for."""
MANY = 20
"""More states than one build has."""
SOON = 5.0
"""Seconds within which what need not wait has happened, on the slowest machine."""
LATE = 0.25
"""Seconds by which a call may miss its deadline."""
GRAIN = 1e-6
"""Seconds within which two instants count as one."""
LOG = ("fetching", "starting", "done")
NAME = "dev-abcdefghij"


@attrs.frozen(kw_only=True)
class CreatorWorld:
    """A fresh platform, and what a test needs to use it."""

    creator: WorkspaceCreator
    clock: Clock
    threads: Threads
    owner_id: UUID
    other_owner_id: UUID
    organization_id: UUID
    template: Template
    """Builds, stops and deletes at once, with the lines of LOG."""
    slow: Template
    """Builds for SLOW seconds."""
    endless: Template
    """Its build does not end."""
    asking: Template
    """Has a required parameter "region", and a preset "small"."""
    foreign: Template
    """Of another organization, in which the owner is as well."""
    hide: Callable[[UUID], None]
    """Takes from a workspace's owner the right to see it."""
    lose_request: Callable[[str], None]
    """Lets the next call of this name never be answered, nor acted upon."""
    lose_answer: Callable[[str], None]
    """Lets the next call of this name be acted upon, and never be answered."""

    @property
    def deadline(self) -> float:
        """One that no test reaches."""
        return self.clock.monotonic() + LONG

    def request(self, name: str = NAME, template: Template | None = None) -> CreateWorkspace:
        """Ask for a workspace of the owner's."""
        template = template or self.template
        return CreateWorkspace(owner_id=self.owner_id, organization_id=template.organization_id, name=name, template_id=template.id)

    def make(self, name: str = NAME, template: Template | None = None, *, owner_id: UUID | None = None) -> Workspace:
        """Make a workspace."""
        request = attrs.evolve(self.request(name, template), owner_id=owner_id or self.owner_id)
        return self.creator.create_workspace(request, deadline=self.deadline)

    def get(self, workspace: Workspace) -> Workspace:
        """Read it anew."""
        return self.creator.get_workspace(workspace.owner_id, workspace.id, deadline=self.deadline)

    def find(self, name: str = NAME) -> Workspace | None:
        """Look by name."""
        return self.creator.find_workspace(self.owner_id, name, deadline=self.deadline)

    def listed(self) -> set[UUID]:
        """Return the ids of the owner's live workspaces."""
        return {it.id for it in self.creator.list_workspaces(self.owner_id, self.organization_id, deadline=self.deadline)}

    def start(self, workspace: Workspace) -> Workspace:
        """Ask for a start."""
        return self.creator.start_workspace(workspace, {}, deadline=self.deadline)

    def stop(self, workspace: Workspace) -> Workspace:
        """Ask for a stop."""
        return self.creator.stop_workspace(workspace, deadline=self.deadline)

    def delete(self, workspace: Workspace) -> Workspace:
        """Ask for a deletion."""
        return self.creator.delete_workspace(workspace, deadline=self.deadline)

    def log(self, workspace: Workspace, after: int = 0) -> list[str]:
        """Read the log of the latest build."""
        return [line.text for line in self.creator.build_log(workspace, after=after, deadline=self.deadline)]

    def watch(self, workspace: Workspace) -> Watch:
        """Open a watch."""
        watch = self.creator.watch(workspace, deadline=self.deadline)
        assert watch is not None, "only a platform that can watch has to do with this suite"
        return watch


CreatorFactory = Callable[[], CreatorWorld]
Send = Callable[[CreatorWorld, Workspace, float], object]

READS: dict[str, Send] = {
    "list_templates": lambda world, _, deadline: world.creator.list_templates(world.owner_id, world.organization_id, deadline=deadline),
    "get_template": lambda world, _, deadline: world.creator.get_template(world.owner_id, world.template.id, deadline=deadline),
    "get_workspace": lambda world, it, deadline: world.creator.get_workspace(world.owner_id, it.id, deadline=deadline),
    "find_workspace": lambda world, it, deadline: world.creator.find_workspace(world.owner_id, it.name, deadline=deadline),
    "list_workspaces": lambda world, _, deadline: world.creator.list_workspaces(world.owner_id, world.organization_id, deadline=deadline),
    "build_log": lambda world, it, deadline: world.creator.build_log(it, after=0, deadline=deadline),
    "list_parameters": lambda world, _, deadline: world.creator.list_parameters(world.owner_id, world.asking, deadline=deadline),
    "list_presets": lambda world, _, deadline: world.creator.list_presets(world.owner_id, world.asking, deadline=deadline),
    "template_use": lambda world, _, deadline: world.creator.template_use(world.owner_id, world.organization_id, deadline=deadline),
    "get_quota": lambda world, _, deadline: world.creator.get_quota(world.owner_id, world.organization_id, deadline=deadline),
    "record_use": lambda world, it, deadline: world.creator.record_use(it, deadline=deadline),
}
CHANGES: dict[str, Send] = {
    "create_workspace": lambda world, _, deadline: world.creator.create_workspace(world.request("lost"), deadline=deadline),
    "start_workspace": lambda world, it, deadline: world.creator.start_workspace(it, {}, deadline=deadline),
    "stop_workspace": lambda world, it, deadline: world.creator.stop_workspace(it, deadline=deadline),
    "delete_workspace": lambda world, it, deadline: world.creator.delete_workspace(it, deadline=deadline),
}
BUILDS: tuple[Callable[[CreatorWorld, Workspace], Workspace], ...] = (CreatorWorld.start, CreatorWorld.stop, CreatorWorld.delete)


def expect_late(world: CreatorWorld, call: Callable[[float], object], *errors: type[Exception]) -> None:
    """Send with a deadline in a moment, and see it end by then, with one of the errors."""
    deadline = world.clock.monotonic() + BRIEF
    with pytest.raises(errors):
        call(deadline)
    assert world.clock.monotonic() <= deadline + LATE


class WorkspaceCreatorContract:
    """Every rule of WorkspaceCreator but those of watching. `creator_factory`: returns a CreatorWorld over a fresh platform."""

    # ------------------------------------------------------------ templates

    def test_templates_of_the_organization_are_listed(self, creator_factory: CreatorFactory) -> None:
        """All of it, and none of another."""
        world = creator_factory()
        listed = world.creator.list_templates(world.owner_id, world.organization_id, deadline=world.deadline)
        assert {it.id for it in listed} == {world.template.id, world.slow.id, world.endless.id, world.asking.id}
        elsewhere = world.creator.list_templates(world.owner_id, world.foreign.organization_id, deadline=world.deadline)
        assert [it.id for it in elsewhere] == [world.foreign.id]

    def test_a_template_is_told_as_listed(self, creator_factory: CreatorFactory) -> None:
        """With its active version and that version's flags."""
        world = creator_factory()
        for template in (world.template, world.asking, world.foreign):
            assert world.creator.get_template(world.owner_id, template.id, deadline=world.deadline) == template

    def test_an_unknown_template(self, creator_factory: CreatorFactory) -> None:
        """NotFoundError."""
        world = creator_factory()
        with pytest.raises(NotFoundError):
            world.creator.get_template(world.owner_id, UNKNOWN, deadline=world.deadline)

    def test_parameters_of_a_template(self, creator_factory: CreatorFactory) -> None:
        """What it asks; nothing where it asks nothing; NotFoundError where there is none."""
        world = creator_factory()
        asked = world.creator.list_parameters(world.owner_id, world.asking, deadline=world.deadline)
        assert [(it.name, it.required) for it in asked] == [("region", True)]
        assert list(world.creator.list_parameters(world.owner_id, world.template, deadline=world.deadline)) == []
        with pytest.raises(NotFoundError):
            world.creator.list_parameters(world.owner_id, attrs.evolve(world.asking, id=UNKNOWN), deadline=world.deadline)

    def test_presets_of_a_template(self, creator_factory: CreatorFactory) -> None:
        """The author's answers; none where there are none; NotFoundError where there is no template."""
        world = creator_factory()
        (small,) = world.creator.list_presets(world.owner_id, world.asking, deadline=world.deadline)
        assert (small.name, dict(small.parameters)) == ("small", {"region": "here"})
        assert list(world.creator.list_presets(world.owner_id, world.template, deadline=world.deadline)) == []
        with pytest.raises(NotFoundError):
            world.creator.list_presets(world.owner_id, attrs.evolve(world.asking, id=UNKNOWN), deadline=world.deadline)

    def test_use_of_templates(self, creator_factory: CreatorFactory) -> None:
        """Only templates of the organization; what is in use counts."""
        world = creator_factory()
        world.make()
        world.make("elsewhere", world.foreign)
        used = world.creator.template_use(world.owner_id, world.organization_id, deadline=world.deadline)
        assert used[world.template.id].active == 1
        assert world.foreign.id not in used

    # ------------------------------------------------------------ creating

    def test_a_workspace_is_made_as_asked(self, creator_factory: CreatorFactory) -> None:
        """Its owner, name, template and organization; its first build is a start."""
        world = creator_factory()
        made = world.make()
        told = (made.owner_id, made.name, made.template_id, made.organization_id, made.deleted)
        assert told == (world.owner_id, NAME, world.template.id, world.organization_id, False)
        assert (made.build.number, made.build.transition, made.build.template_version_id) == (1, Transition.START, world.template.version_id)
        assert world.listed() == {made.id}

    def test_creating_does_not_wait_for_the_build(self, creator_factory: CreatorFactory) -> None:
        """It is answered while the build runs."""
        world = creator_factory()
        made = world.make(template=world.endless)
        assert made.build.job_status in (JobStatus.PENDING, JobStatus.RUNNING)

    def test_a_live_name_is_taken(self, creator_factory: CreatorFactory) -> None:
        """NameTakenError, and certainly nothing was made, whatever template it was asked from."""
        world = creator_factory()
        made = world.make()
        for template in (world.template, world.slow):
            with pytest.raises(NameTakenError):
                world.make(template=template)
        assert world.listed() == {made.id}

    def test_a_live_name_is_taken_in_any_case(self, creator_factory: CreatorFactory) -> None:
        """Names are compared without case."""
        world = creator_factory()
        made = world.make("Dev-Abcdefghij")
        for name in ("dev-abcdefghij", "DEV-ABCDEFGHIJ"):
            with pytest.raises(NameTakenError):
                world.make(name)
        assert world.listed() == {made.id}

    def test_a_name_is_taken_however_its_workspace_is(self, creator_factory: CreatorFactory) -> None:
        """Building, stopped or out of sight, it is live."""
        world = creator_factory()
        world.make("building", world.endless)
        world.stop(world.make("stopped"))
        world.hide(world.make("hidden").id)
        for name in ("building", "stopped", "hidden"):
            with pytest.raises(NameTakenError):
                world.make(name)

    def test_a_name_is_taken_for_its_owner_alone(self, creator_factory: CreatorFactory) -> None:
        """Another owner may have it too, and each finds the own one."""
        world = creator_factory()
        mine, others = world.make(), world.make(owner_id=world.other_owner_id)
        assert mine.id != others.id
        found = world.creator.find_workspace(world.other_owner_id, NAME, deadline=world.deadline)
        assert (world.find() or others).id == mine.id
        assert found is not None
        assert found.id == others.id

    def test_the_name_of_a_deleted_workspace_is_free(self, creator_factory: CreatorFactory) -> None:
        """The next one of that name is another workspace."""
        world = creator_factory()
        first = world.make()
        world.delete(first)
        second = world.make()
        assert second.id != first.id
        assert world.find() == world.get(second)
        assert world.listed() == {second.id}

    def test_a_refused_request_makes_nothing(self, creator_factory: CreatorFactory) -> None:
        """RefusedError for an unknown template, a parameter that is missing, one that is not asked for; the name stays free."""
        world = creator_factory()
        unasked = attrs.evolve(world.request(), parameters={"colour": "red"})
        for request in (attrs.evolve(world.request(), template_id=UNKNOWN), world.request(template=world.asking), unasked):
            with pytest.raises(RefusedError):
                world.creator.create_workspace(request, deadline=world.deadline)
        assert world.listed() == set()
        assert world.find() is None
        assert world.make().build.number == 1

    def test_parameters_and_presets_answer_what_is_asked(self, creator_factory: CreatorFactory) -> None:
        """A required parameter may be given either way."""
        world = creator_factory()
        (small,) = world.creator.list_presets(world.owner_id, world.asking, deadline=world.deadline)
        given = attrs.evolve(world.request("given", world.asking), parameters={"region": "there"})
        preset = attrs.evolve(world.request("preset", world.asking), preset_id=small.id)
        made = [world.creator.create_workspace(request, deadline=world.deadline) for request in (given, preset)]
        assert [it.name for it in made] == ["given", "preset"]

    # ------------------------------------------------------------ reading

    def test_a_workspace_is_read_as_it_is(self, creator_factory: CreatorFactory) -> None:
        """Whole: the build that has succeeded, and the agents of it."""
        world = creator_factory()
        read = world.get(world.make())
        assert read.build.job_status is JobStatus.SUCCEEDED
        assert len(read.agents) == 1

    def test_the_latest_build_is_what_is_read(self, creator_factory: CreatorFactory) -> None:
        """Not the first, and not one that the caller has seen."""
        world = creator_factory()
        made = world.make()
        world.stop(made)
        read = world.get(made)
        assert (read.build.number, read.build.transition, read.agents) == (2, Transition.STOP, ())

    def test_a_deleted_workspace_is_read_by_id(self, creator_factory: CreatorFactory) -> None:
        """With deleted=True, so that it can be told from one that is not visible."""
        world = creator_factory()
        made = world.make()
        world.delete(made)
        assert (world.get(made).id, world.get(made).deleted) == (made.id, True)

    def test_a_deleted_workspace_is_not_found_by_name(self, creator_factory: CreatorFactory) -> None:
        """None: only the live one of a name is found."""
        world = creator_factory()
        world.delete(world.make())
        assert world.find() is None

    def test_a_workspace_is_found_by_name_in_any_case(self, creator_factory: CreatorFactory) -> None:
        """As it was made, in small letters and in capitals, it is the same; a part of it is another name."""
        world = creator_factory()
        made = world.make("Dev-Abcdefghij")
        for name in ("Dev-Abcdefghij", "dev-abcdefghij", "DEV-ABCDEFGHIJ"):
            assert world.find(name) == world.get(made)
        for name in ("Dev", "Dev-Abcdefghij2", "abcdefghij"):
            assert world.find(name) is None

    def test_a_workspace_that_never_was(self, creator_factory: CreatorFactory) -> None:
        """NotFoundError by id, None by name."""
        world = creator_factory()
        with pytest.raises(NotFoundError):
            world.creator.get_workspace(world.owner_id, UNKNOWN, deadline=world.deadline)
        assert world.find() is None

    def test_a_workspace_that_is_not_visible(self, creator_factory: CreatorFactory) -> None:
        """As one that never was, by id, by name and in the list."""
        world = creator_factory()
        made = world.make()
        world.hide(made.id)
        with pytest.raises(NotFoundError):
            world.get(made)
        assert (world.find(), world.listed()) == (None, set())

    def test_another_owner_does_not_see_it(self, creator_factory: CreatorFactory) -> None:
        """Every method says whose right is used."""
        world = creator_factory()
        made = world.make()
        with pytest.raises(NotFoundError):
            world.creator.get_workspace(world.other_owner_id, made.id, deadline=world.deadline)
        assert world.creator.find_workspace(world.other_owner_id, NAME, deadline=world.deadline) is None
        assert list(world.creator.list_workspaces(world.other_owner_id, world.organization_id, deadline=world.deadline)) == []

    def test_live_workspaces_are_listed(self, creator_factory: CreatorFactory) -> None:
        """The owner's own, in the organization, whatever their state, without the deleted ones."""
        world = creator_factory()
        running, stopped, building = world.make("running"), world.make("stopped"), world.make("building", world.endless)
        world.stop(stopped)
        world.delete(world.make("deleted"))
        world.make("others", owner_id=world.other_owner_id)
        world.make("elsewhere", world.foreign)
        assert world.listed() == {running.id, stopped.id, building.id}

    # ------------------------------------------------------------ changing

    def test_a_build_is_asked_for(self, creator_factory: CreatorFactory) -> None:
        """The workspace comes back with it: its transition, and a number that is one higher."""
        wanted = (Transition.STOP, Transition.START, Transition.DELETE)
        world = creator_factory()
        workspace = world.make()
        for number, (send, transition) in enumerate(zip((CreatorWorld.stop, CreatorWorld.start, CreatorWorld.delete), wanted, strict=True), 2):
            workspace = send(world, workspace)
            assert (workspace.build.number, workspace.build.transition) == (number, transition)

    def test_a_build_of_what_never_was(self, creator_factory: CreatorFactory) -> None:
        """NotFoundError."""
        world = creator_factory()
        unknown = attrs.evolve(world.make(), id=UNKNOWN)
        for send in BUILDS:
            with pytest.raises(NotFoundError):
                send(world, unknown)

    def test_a_build_of_what_is_not_visible(self, creator_factory: CreatorFactory) -> None:
        """NotFoundError as well."""
        world = creator_factory()
        made = world.make()
        world.hide(made.id)
        for send in BUILDS:
            with pytest.raises(NotFoundError):
                send(world, made)

    def test_a_build_while_another_is_under_way(self, creator_factory: CreatorFactory) -> None:
        """RefusedError; the latest build stays the latest."""
        world = creator_factory()
        made = world.make(template=world.endless)
        for send in BUILDS:
            with pytest.raises(RefusedError):
                send(world, made)
        assert world.get(made).build.number == 1

    def test_a_parameter_that_a_start_does_not_know(self, creator_factory: CreatorFactory) -> None:
        """RefusedError, and no build was begun."""
        world = creator_factory()
        made = world.stop(world.make())
        with pytest.raises(RefusedError):
            world.creator.start_workspace(made, {"colour": "red"}, deadline=world.deadline)
        assert world.get(made).build.number == 2

    def test_a_build_of_a_deleted_workspace(self, creator_factory: CreatorFactory) -> None:
        """Refused or not found: nothing comes back to life."""
        world = creator_factory()
        made = world.make()
        world.delete(made)
        for send in BUILDS:
            with pytest.raises((RefusedError, NotFoundError)):
                send(world, made)
        assert world.get(made).deleted

    # ------------------------------------------------------------ logs, quota, use

    def test_the_log_is_in_order(self, creator_factory: CreatorFactory) -> None:
        """Its lines, by rising ids above 0."""
        world = creator_factory()
        made = world.make()
        ids = [line.id for line in world.creator.build_log(made, after=0, deadline=world.deadline)]
        assert world.log(made) == list(LOG)
        assert ids == sorted(set(ids))
        assert ids[0] > 0

    def test_the_log_goes_on_after_a_line(self, creator_factory: CreatorFactory) -> None:
        """Only lines with a higher id than the last that was read; none after the last."""
        world = creator_factory()
        made = world.make()
        first, *_, last = world.creator.build_log(made, after=0, deadline=world.deadline)
        assert world.log(made, after=first.id) == list(LOG[1:])
        assert world.log(made, after=last.id) == []

    def test_the_log_of_what_is_not_there(self, creator_factory: CreatorFactory) -> None:
        """NotFoundError where it never was, and where it is not visible."""
        world = creator_factory()
        made = world.make()
        world.hide(made.id)
        for workspace in (made, attrs.evolve(made, id=UNKNOWN)):
            with pytest.raises(NotFoundError):
                world.log(workspace)

    def test_use_is_recorded_without_a_word(self, creator_factory: CreatorFactory) -> None:
        """Best effort: no error, for a workspace that is gone or never was either."""
        world = creator_factory()
        made = world.make()
        deleted, hidden = world.make("deleted"), world.make("hidden")
        world.delete(deleted)
        world.hide(hidden.id)
        for workspace in (made, deleted, hidden, attrs.evolve(made, id=UNKNOWN)):
            world.creator.record_use(workspace, deadline=world.deadline)
        assert world.get(made).build.number == 1

    # ------------------------------------------------------------ deadlines

    def test_reads_keep_their_deadline(self, creator_factory: CreatorFactory) -> None:
        """Not answered, they end with UnavailableError."""
        world = creator_factory()
        made = world.make()
        for name, send in READS.items():
            world.lose_request(name)
            expect_late(world, partial(send, world, made), UnavailableError)

    def test_changes_keep_their_deadline(self, creator_factory: CreatorFactory) -> None:
        """Not answered, they end with NotAnsweredError or UnavailableError: perhaps it was done. They are not sent again."""
        world = creator_factory()
        made = world.make()
        for name, send in CHANGES.items():
            world.lose_request(name)
            expect_late(world, partial(send, world, made), NotAnsweredError, UnavailableError)
        assert world.get(made).build.number == 1
        assert world.find("lost") is None

    def test_a_creation_whose_answer_was_lost_is_found_by_name(self, creator_factory: CreatorFactory) -> None:
        """One workspace was made: the request was sent once. Whoever gives up early may have to look twice."""
        world = creator_factory()
        world.lose_answer("create_workspace")
        expect_late(world, lambda deadline: world.creator.create_workspace(world.request(), deadline=deadline), NotAnsweredError, UnavailableError)
        end = world.clock.monotonic() + SOON
        while (found := world.find()) is None and world.clock.monotonic() < end:
            world.clock.sleep(BRIEF)
        assert found is not None
        assert world.listed() == {found.id}

    # ------------------------------------------------------------ races

    def test_of_racing_creations_one_is_made(self, creator_factory: CreatorFactory) -> None:
        """In every round 8 threads ask for one name, in small letters or capitals: one gets it, the others NameTakenError."""
        world = creator_factory()
        for round_number in range(world.threads.rounds):
            name = f"dev-{round_number}"
            made = _race(world, name)
            assert len(made) == 1
            assert world.find(name) == world.get(made[0])
        assert len(world.listed()) == world.threads.rounds

    def test_of_racing_creations_over_a_deleted_one_one_is_made(self, creator_factory: CreatorFactory) -> None:
        """In every round the workspace of the round before was deleted, and its name is free for one of 8."""
        world = creator_factory()
        for _ in range(world.threads.rounds):
            made = _race(world, NAME)
            assert len(made) == 1
            assert world.listed() == {made[0].id}
            world.delete(made[0])


def _race(world: CreatorWorld, name: str) -> list[Workspace]:
    """Return what was made by threads that all ask for one name."""
    names = [name.upper() if number % 2 else name for number in range(THREADS)]
    return [it for it in world.threads.together([partial(_make_if_free, world, name) for name in names]) if it is not None]


def _make_if_free(world: CreatorWorld, name: str) -> Workspace | None:
    with suppress(NameTakenError):
        return world.make(name)
    return None


class WatchContract:
    """Every rule of Watch. `creator_factory`: returns a CreatorWorld over a fresh platform that can watch."""

    def test_the_first_state_is_how_it_is(self, creator_factory: CreatorFactory) -> None:
        """It comes at once, though nothing has changed."""
        world = creator_factory()
        made = world.make()
        assert world.watch(made).next(world.deadline) == world.get(made)

    def test_the_first_state_is_read_when_asked_for(self, creator_factory: CreatorFactory) -> None:
        """What happened between opening the watch and the first next() is in it."""
        world = creator_factory()
        made = world.make()
        watch = world.watch(made)
        world.stop(made)
        assert watch.next(world.deadline) == world.get(made)

    def test_every_state_differs_from_the_one_before(self, creator_factory: CreatorFactory) -> None:
        """A build is told while it runs and when it has succeeded, then nothing until the deadline."""
        world = creator_factory()
        made = world.make(template=world.slow)
        watch, states = world.watch(made), list[Workspace]()
        while (state := watch.next(world.clock.monotonic() + 3 * SLOW)) is not None and len(states) < MANY:
            states.append(state)
        assert len(states) < MANY
        assert states[0].build.job_status in (JobStatus.PENDING, JobStatus.RUNNING)
        assert states[-1] == world.get(made)
        assert states[-1].build.job_status is JobStatus.SUCCEEDED
        assert all(one != following for one, following in pairwise(states))

    def test_nothing_new_until_the_deadline(self, creator_factory: CreatorFactory) -> None:
        """None, at the deadline and not before; the watch stays open."""
        world = creator_factory()
        made = world.make()
        watch = world.watch(made)
        watch.next(world.deadline)
        for _ in range(2):
            deadline = world.clock.monotonic() + BRIEF
            assert watch.next(deadline) is None
            assert deadline - GRAIN <= world.clock.monotonic() <= deadline + LATE
        world.stop(made)
        assert watch.next(world.deadline) == world.get(made)

    def test_a_change_ends_the_waiting(self, creator_factory: CreatorFactory) -> None:
        """It is told when it happens, to the thread that waits, though another has begun the watch."""
        world = creator_factory()
        made = world.make()
        watch = world.watch(made)
        watch.next(world.deadline)
        began = world.clock.monotonic()
        calls: list[Callable[[], object]] = [partial(watch.next, world.deadline), partial(_later, world, partial(world.stop, made))]
        assert world.threads.together(calls)[0] == world.get(made)
        assert world.clock.monotonic() - began < SOON

    def test_a_deletion_is_told(self, creator_factory: CreatorFactory) -> None:
        """As a state like others: deleted=True."""
        world = creator_factory()
        made = world.make()
        watch = world.watch(made)
        watch.next(world.deadline)
        world.delete(made)
        told = watch.next(world.deadline)
        assert told is not None
        assert told.deleted

    def test_each_watch_begins_anew(self, creator_factory: CreatorFactory) -> None:
        """What one has told, another tells as well."""
        world = creator_factory()
        made = world.make()
        one, other = world.watch(made), world.watch(made)
        assert one.next(world.deadline) == other.next(world.deadline) == world.get(made)
        world.stop(made)
        assert one.next(world.deadline) == other.next(world.deadline) == world.get(made)

    def test_a_watch_tells_of_its_own_workspace(self, creator_factory: CreatorFactory) -> None:
        """Changes of others are no news."""
        world = creator_factory()
        made, other = world.make(), world.make("other")
        watch = world.watch(made)
        watch.next(world.deadline)
        world.stop(other)
        assert watch.next(world.clock.monotonic() + BRIEF) is None

    def test_closing_ends_the_waiting(self, creator_factory: CreatorFactory) -> None:
        """From another thread: the next() under way raises UnavailableError at once, and so does every later one."""
        world = creator_factory()
        watch = world.watch(world.make())
        watch.next(world.deadline)
        began = world.clock.monotonic()
        calls: list[Callable[[], object]] = [partial(_expect_end, watch, world.deadline), partial(_later, world, watch.close)]
        world.threads.together(calls)
        _expect_end(watch, world.deadline)
        assert world.clock.monotonic() - began < SOON

    def test_a_closed_watch_never_begins(self, creator_factory: CreatorFactory) -> None:
        """Not even the first state is told. Closing again is no error, and concerns no other watch."""
        world = creator_factory()
        made = world.make()
        watch, other = world.watch(made), world.watch(made)
        watch.close()
        watch.close()
        _expect_end(watch, world.deadline)
        assert other.next(world.deadline) == world.get(made)

    def test_a_watch_on_what_is_not_there(self, creator_factory: CreatorFactory) -> None:
        """NotFoundError, on opening it or at its first state, where it never was and where it is not visible."""
        world = creator_factory()
        made = world.make()
        world.hide(made.id)
        for workspace in (made, attrs.evolve(made, id=UNKNOWN)):
            with pytest.raises(NotFoundError):
                world.watch(workspace).next(world.deadline)

    def test_a_watch_on_what_is_not_visible_any_more(self, creator_factory: CreatorFactory) -> None:
        """NotFoundError, for the next() under way as well."""
        world = creator_factory()
        made = world.make()
        watch = world.watch(made)
        watch.next(world.deadline)
        hide = partial(_later, world, partial(world.hide, made.id))
        calls: list[Callable[[], object]] = [partial(_expect_nothing, watch, world.deadline), hide]
        world.threads.together(calls)

    def test_opening_a_watch_keeps_its_deadline(self, creator_factory: CreatorFactory) -> None:
        """Not answered, it ends with UnavailableError."""
        world = creator_factory()
        made = world.make()
        world.lose_request("watch")
        expect_late(world, lambda deadline: world.creator.watch(made, deadline=deadline), UnavailableError)

    def test_no_watch_misses_a_change_in_a_race(self, creator_factory: CreatorFactory) -> None:
        """In every round all watch while one changes it: each is told the change, though it came while they began to wait."""
        world = creator_factory()
        workspace = world.make()
        watches = [world.watch(workspace) for _ in range(THREADS - 1)]
        for watch in watches:
            watch.next(world.deadline)
        for round_number in range(world.threads.rounds):
            calls: list[Callable[[], Workspace | None]] = [partial(watch.next, world.deadline) for watch in watches]
            calls.append(partial(world.start if round_number % 2 else world.stop, workspace))
            *told, changed = world.threads.together(calls)
            assert changed is not None
            assert [None if it is None else it.build.number for it in told] == [changed.build.number] * len(watches)


def _later(world: CreatorWorld, call: Callable[[], object]) -> None:
    world.clock.sleep(BRIEF)
    call()


def _expect_end(watch: Watch, deadline: float) -> None:
    with pytest.raises(UnavailableError):
        watch.next(deadline)


def _expect_nothing(watch: Watch, deadline: float) -> None:
    with pytest.raises(NotFoundError):
        watch.next(deadline)
