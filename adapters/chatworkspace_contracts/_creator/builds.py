"""Starting, stopping and deleting."""

from __future__ import annotations

from contextlib import suppress

import attrs

from chatworkspace import RefusedError, Transition
from chatworkspace.ports import NotFoundError
from chatworkspace_contracts._abilities import Ability
from chatworkspace_contracts._checks import equal, raises
from chatworkspace_contracts._creator.stage import CHANGES, UNKNOWN, Fresh, delete, start, stop, topic

BUILDS = topic("builds")


@BUILDS.rule("asked-for", "A build is asked for: the workspace comes back with it, its transition, and a number that is one higher.")
def a_build_is_asked_for(fresh: Fresh) -> None:
    it = fresh()
    workspace = it.built()
    steps = ((stop, Transition.STOP), (start, Transition.START), (delete, Transition.DELETE))
    for number, (send, transition) in enumerate(steps, 2):
        workspace = send(it, workspace)
        equal("number and transition", (workspace.build.number, workspace.build.transition), (number, transition))
        workspace = it.settled(workspace)


@BUILDS.rule("of-what-never-was", "A build of a workspace that never was is NotFoundError.")
def a_build_of_what_never_was(fresh: Fresh) -> None:
    it = fresh()
    unknown = attrs.evolve(it.make(), id=UNKNOWN)
    for send in CHANGES:
        with raises(NotFoundError):
            send(it, unknown)


@BUILDS.rule("of-what-is-not-visible", "A build of a workspace that is not visible is NotFoundError.", Ability.HIDE)
def a_build_of_what_is_not_visible(fresh: Fresh) -> None:
    it = fresh()
    made = it.built()
    it.hide(made)
    for send in CHANGES:
        with raises(NotFoundError):
            send(it, made)


@BUILDS.rule("while-another-is-under-way", "A build while another is under way is refused, and the latest stays the latest.", Ability.ENDLESS)
def a_build_while_another_is_under_way(fresh: Fresh) -> None:
    it = fresh()
    made = it.make(template=it.endless)
    for send in CHANGES:
        with raises(RefusedError):
            send(it, made)
    equal("the number of the build", it.get(made).build.number, 1)


@BUILDS.rule("unasked-parameter", "A start with a parameter that is not asked for is refused, and no build is begun, or one is begun without it.")
def a_parameter_that_a_start_does_not_know(fresh: Fresh) -> None:
    it = fresh()
    made, begun = it.stopped(it.built()), 3
    try:
        it.creator.start_workspace(made, {"colour": "red"}, deadline=it.deadline)
    except RefusedError:
        begun = 2
    equal("the number of the build", it.settled(made).build.number, begun)


@BUILDS.rule("parameters", "What the latest build was asked for with is told by name, or not at all.", Ability.ASKING)
def what_a_build_was_asked_for_with(fresh: Fresh) -> None:
    it = fresh()
    made = it.create(attrs.evolve(it.request(template=it.asking), parameters=it.world.answers))
    told = it.creator.build_parameters(made, deadline=it.deadline)
    equal(
        "what is told otherwise",
        {} if told is None else {name: told.get(name) for name in it.world.answers},
        {} if told is None else it.world.answers,
    )


@BUILDS.rule("listed", "All builds of a workspace are told, the latest first, or none.")
def what_was_built(fresh: Fresh) -> None:
    it = fresh()
    made = it.stopped(it.built())
    told = it.creator.list_builds(made, deadline=it.deadline)
    equal(
        "numbers and transitions",
        [(build.number, build.transition) for build in told],
        [(2, Transition.STOP), (1, Transition.START)] if told else [],
    )
    equal("the latest is that of the workspace", [build.id for build in told[:1]], [it.get(made).build.id][: len(told)])


@BUILDS.rule("of-a-deleted-workspace", "A build of a deleted workspace may be refused, not found or accepted, and nothing comes back to life.")
def a_build_of_a_deleted_workspace(fresh: Fresh) -> None:
    it = fresh()
    made = it.built()
    it.deleted(made)
    for send in CHANGES:
        with suppress(RefusedError, NotFoundError):
            send(it, made)
        equal("deleted", it.settled(made).deleted, expected=True)
        equal("what is found by its name", it.find(), None)
        equal("what is listed", it.listed(), set[object]())
