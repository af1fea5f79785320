"""Live names are unique per owner, compared without case: the duty that everything rests on."""

from __future__ import annotations

import attrs

from chatworkspace.ports import NameTakenError
from chatworkspace_contracts._abilities import Ability
from chatworkspace_contracts._checks import differ, equal, present, raises
from chatworkspace_contracts._creator.stage import Fresh, Stage, topic

NAMES = topic("names")


@NAMES.rule("taken", "A live name is taken: NameTakenError, and nothing was made.")
def a_live_name_is_taken(fresh: Fresh) -> None:
    it = fresh()
    made = it.make()
    _taken(it, it.name())
    equal("what is listed", it.listed(), {made.id})


@NAMES.rule("taken-for-any-template", "A live name is taken whatever template it is asked for with.", Ability.SLOW)
def a_live_name_is_taken_for_any_template(fresh: Fresh) -> None:
    it = fresh()
    made = it.make()
    with raises(NameTakenError):
        it.make(template=it.world.slow)
    equal("what is listed", it.listed(), {made.id})


@NAMES.rule("taken-in-any-case", "A live name is taken in any case.")
def a_live_name_is_taken_in_any_case(fresh: Fresh) -> None:
    it = fresh()
    made = it.make("Dev")
    for name in (it.name("dev"), it.name("DEV"), it.name("dev").upper()):
        _taken(it, name)
    equal("what is listed", it.listed(), {made.id})


@NAMES.rule("taken-while-building", "The name of a workspace that is being built is taken.", Ability.ENDLESS)
def the_name_of_a_workspace_that_is_being_built(fresh: Fresh) -> None:
    it = fresh()
    it.make(template=it.endless)
    _taken(it, it.name())


@NAMES.rule("taken-while-stopped", "The name of a stopped workspace is taken.")
def the_name_of_a_stopped_workspace(fresh: Fresh) -> None:
    it = fresh()
    it.stopped(it.built())
    _taken(it, it.name())


@NAMES.rule("taken-out-of-sight", "The name of a workspace that its owner may not see is taken.", Ability.HIDE)
def the_name_of_a_workspace_out_of_sight(fresh: Fresh) -> None:
    it = fresh()
    it.hide(it.make())
    _taken(it, it.name())


@NAMES.rule("of-one-owner", "A name is taken for its owner alone: another may have it too, and each finds the own one.", Ability.OTHER_OWNER_ID)
def a_name_is_taken_for_its_owner_alone(fresh: Fresh) -> None:
    it = fresh()
    mine, others = it.make(), it.make(owner_id=it.other_owner_id)
    differ("another workspace", others.id, mine.id)
    equal("what the owner finds", present("a workspace", it.find()).id, mine.id)
    found = it.creator.find_workspace(it.other_owner_id, it.name(), deadline=it.deadline)
    equal("what the other finds", present("a workspace", found).id, others.id)


@NAMES.rule("free-after-deletion", "The name of a deleted workspace is free, and the next one of that name is another workspace.")
def the_name_of_a_deleted_workspace_is_free(fresh: Fresh) -> None:
    it = fresh()
    first = it.built()
    it.deleted(first)
    second = it.built()
    differ("another workspace", second.id, first.id)
    it.told_as_read("what is found by the name", it.find, second)
    equal("what is listed", it.listed(), {second.id})


def _taken(it: Stage, name: str) -> None:
    with raises(NameTakenError):
        it.create(attrs.evolve(it.request(), name=name))
