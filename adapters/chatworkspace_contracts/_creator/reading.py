"""Reading workspaces: by id, by name, and all of an owner's."""

from __future__ import annotations

from functools import partial

from chatworkspace import Transition
from chatworkspace.ports import NotFoundError
from chatworkspace_contracts._abilities import Ability
from chatworkspace_contracts._checks import equal, holds, raises
from chatworkspace_contracts._creator.stage import UNKNOWN, Fresh, topic

READING = topic("reading")


@READING.rule("whole", "A workspace is read whole: the build that has succeeded, and the agents of it.")
def a_workspace_is_read_as_it_is(fresh: Fresh) -> None:
    it = fresh()
    read = it.built()
    ids = {agent.id for agent in read.agents}
    holds("agents, each once", 0 < len(read.agents) == len(ids), read.agents)


@READING.rule("latest-build", "What is read is the latest build: not the first, and not one that the caller has seen.")
def the_latest_build_is_what_is_read(fresh: Fresh) -> None:
    it = fresh()
    made = it.built()
    it.stopped(made)
    read = it.get(made)
    equal("its number, transition and agents", (read.build.number, read.build.transition, read.agents), (2, Transition.STOP, ()))


@READING.rule("deleted-by-id", "A deleted workspace is read by its id, with deleted=True, so that it can be told from one that is not visible.")
def a_deleted_workspace_is_read_by_id(fresh: Fresh) -> None:
    it = fresh()
    made = it.built()
    it.deleted(made)
    read = it.get(made)
    equal("id and deleted", (read.id, read.deleted), (made.id, True))


@READING.rule("deleted-by-name", "A deleted workspace is not found by its name: only the live one is.")
def a_deleted_workspace_is_not_found_by_name(fresh: Fresh) -> None:
    it = fresh()
    it.deleted(it.built())
    equal("what is found", it.find(), None)


@READING.rule("by-name-in-any-case", "A workspace is found by its name in any case, as it is read by its id; a part of a name is another name.")
def a_workspace_is_found_by_name_in_any_case(fresh: Fresh) -> None:
    it = fresh()
    made = it.built("Dev")
    for name in (made.name, made.name.lower(), made.name.upper()):
        it.told_as_read(f"what is found by {name}", partial(it.find, name), made)
    for name in (made.name[:-1], f"{made.name}2", made.name[1:]):
        equal(f"what is found by {name}", it.find(name), None)


@READING.rule("never-was", "A workspace that never was is NotFoundError by id, and None by name.", reads=True)
def a_workspace_that_never_was(fresh: Fresh) -> None:
    it = fresh()
    with raises(NotFoundError):
        it.creator.get_workspace(it.owner_id, UNKNOWN, deadline=it.deadline)
    equal("what is found", it.find(), None)


@READING.rule("not-visible", "A workspace that is not visible is as one that never was: by id, by name and in the list.", Ability.HIDE)
def a_workspace_that_is_not_visible(fresh: Fresh) -> None:
    it = fresh()
    made = it.built()
    it.hide(made)
    with raises(NotFoundError):
        it.get(made)
    equal("what is found", it.find(), None)
    equal("what is listed", it.listed(), set[object]())


@READING.rule("by-another-owner", "Another owner does not see it: every method says whose right is used.", Ability.OTHER_OWNER_ID)
def another_owner_does_not_see_it(fresh: Fresh) -> None:
    it = fresh()
    made = it.make()
    with raises(NotFoundError):
        it.creator.get_workspace(it.other_owner_id, made.id, deadline=it.deadline)
    equal("what is found", it.creator.find_workspace(it.other_owner_id, it.name(), deadline=it.deadline), None)
    equal("what is listed", it.listed(owner_id=it.other_owner_id), set[object]())


# ------------------------------------------------------------------ the list

LISTING = topic("list")


@LISTING.rule("live", "Live workspaces are listed, running or stopped, without the deleted ones.")
def live_workspaces_are_listed(fresh: Fresh) -> None:
    it = fresh()
    running, stopped = it.built("running"), it.built("stopped")
    it.stopped(stopped)
    it.deleted(it.built("deleted"))
    equal("what is listed", it.listed(), {running.id, stopped.id})


@LISTING.rule("building", "A workspace that is being built is listed.", Ability.ENDLESS)
def a_workspace_that_is_being_built_is_listed(fresh: Fresh) -> None:
    it = fresh()
    equal("what is listed", {it.make(template=it.endless).id}, it.listed())


@LISTING.rule("those-asked-for", "read_workspaces() tells those that are asked for as they are now, as get_workspace() does, and no others.")
def those_that_are_asked_for_are_read(fresh: Fresh) -> None:
    it = fresh()
    first, second, _ = before = [it.built(f"many-{number}") for number in range(3)]
    asked = [first, it.creator.get_workspace(it.owner_id, second.id, deadline=it.deadline)]
    for _ in range(2):  # from its memory, too
        told = {one.id: one for one in it.creator.read_workspaces(it.owner_id, it.organization_id, asked, deadline=it.deadline)}
        equal("what is told", set(told), {first.id, second.id})
        asked = [told[first.id], told[second.id]]
        equal("how it is told", asked, [it.get(one) for one in before[:2]])
    it.stopped(second)
    told = {one.id: one for one in it.creator.read_workspaces(it.owner_id, it.organization_id, asked, deadline=it.deadline)}
    equal("how it is told once it was stopped", [told[first.id], told[second.id]], [it.get(one) for one in before[:2]])


@LISTING.rule("of-one-owner", "The workspaces of others are not listed.", Ability.OTHER_OWNER_ID)
def the_workspaces_of_others_are_not_listed(fresh: Fresh) -> None:
    it = fresh()
    mine = it.make()
    it.make("others", owner_id=it.other_owner_id)
    equal("what is listed", it.listed(), {mine.id})


@LISTING.rule("of-one-organization", "The workspaces of another organization are not listed.", Ability.FOREIGN)
def the_workspaces_of_another_organization_are_not_listed(fresh: Fresh) -> None:
    it = fresh()
    here = it.make()
    it.make("elsewhere", it.foreign)
    equal("what is listed", it.listed(), {here.id})
