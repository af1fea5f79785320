"""Logs of builds; telling the platform of use."""

from __future__ import annotations

import attrs

from chatworkspace.ports import NotFoundError
from chatworkspace_contracts._abilities import Ability
from chatworkspace_contracts._checks import equal, holds, present, raises, within
from chatworkspace_contracts._creator.stage import UNKNOWN, Fresh, topic
from chatworkspace_contracts._seconds import LONG, SOON

LOGS = topic("log")


@LOGS.rule("lines", "The log of a build has its lines.", Ability.BUILD_LOG, Ability.LOG)
def the_log_has_its_lines(fresh: Fresh) -> None:
    it = fresh()
    equal("the lines", it.log(it.built()), list(present("lines", it.world.log)))


@LOGS.rule("in-order", "The lines of a log come by rising ids above 0.", Ability.BUILD_LOG)
def the_log_is_in_order(fresh: Fresh) -> None:
    it = fresh()
    ids = [line.id for line in it.creator.build_log(it.built(), after=0, deadline=it.deadline)]
    equal("the ids", ids, sorted(set(ids)))
    holds("lines, all above 0", ids and ids[0] > 0, ids[:1])


@LOGS.rule("goes-on", "After a line come only those with a higher id: all that follow it, and none after the last.", Ability.BUILD_LOG)
def the_log_goes_on_after_a_line(fresh: Fresh) -> None:
    it = fresh()
    made = it.built()
    lines = it.creator.build_log(made, after=0, deadline=it.deadline)
    holds("two lines or more", len(lines) > 1, lines)
    equal("the lines after the first", it.log(made, after=lines[0].id), [line.text for line in lines[1:]])
    equal("the lines after the last", it.log(made, after=lines[-1].id), [])


@LOGS.rule("of-what-never-was", "The log of a workspace that never was is NotFoundError.", Ability.BUILD_LOG)
def the_log_of_what_never_was(fresh: Fresh) -> None:
    it = fresh()
    with raises(NotFoundError):
        it.log(attrs.evolve(it.make(), id=UNKNOWN))


@LOGS.rule("of-what-is-not-visible", "The log of a workspace that is not visible is NotFoundError.", Ability.BUILD_LOG, Ability.HIDE)
def the_log_of_what_is_not_visible(fresh: Fresh) -> None:
    it = fresh()
    made = it.make()
    it.hide(made)
    with raises(NotFoundError):
        it.log(made)


# ------------------------------------------------------------------ use

USE = topic("use")
HOUR = 3600.0


@USE.rule("recorded", "Use is recorded without a word, and begins no build; for a workspace that is gone or never was it is no error.")
def use_is_recorded_without_a_word(fresh: Fresh) -> None:
    it = fresh()
    made, deleted = it.built(), it.built("deleted")
    it.deleted(deleted)
    for workspace in (made, deleted, attrs.evolve(made, id=UNKNOWN)):
        it.creator.record_use(workspace, deadline=it.deadline)
    equal("the number of the build", it.get(made).build.number, 1)


@USE.rule("extended", "Use that is to last moves the time at which a workspace stops by itself, never to an earlier one.", Ability.STOPS_IN)
def use_that_is_to_last(fresh: Fresh) -> None:
    it = fresh()
    stops_in = present("a way to see when a workspace stops", it.world.stops_in)
    made = it.settled(it.create(attrs.evolve(it.request(), ttl=HOUR)))
    for lasts, least in ((2 * HOUR, 2 * HOUR), (HOUR, 2 * HOUR)):
        it.creator.record_use(made, lasts=lasts, deadline=it.deadline)
        left = present("when it stops", stops_in(made.id))
        within("how long it runs on", left, least + SOON, least - LONG)
    endless = it.built("endless")
    it.creator.record_use(endless, lasts=HOUR, deadline=it.deadline)
    equal("when one stops that does not by itself", stops_in(endless.id), None)


@USE.rule("not-visible", "To record the use of a workspace that is not visible is no error.", Ability.HIDE)
def use_of_what_is_not_visible(fresh: Fresh) -> None:
    it = fresh()
    made = it.make()
    it.hide(made)
    it.creator.record_use(made, deadline=it.deadline)
