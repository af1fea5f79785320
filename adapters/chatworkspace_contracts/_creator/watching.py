"""Watches.

Rules rest on stopped workspaces where nothing else may happen: on a platform that is at work the agent of a started one goes on by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import attrs

from chatworkspace import JobStatus, UnavailableError, Workspace
from chatworkspace.ports import NotFoundError, Watch
from chatworkspace_contracts._abilities import Ability
from chatworkspace_contracts._checks import equal, holds, present, raises, within
from chatworkspace_contracts._creator.stage import UNDER_WAY, UNKNOWN, Fresh, Stage, start, stop, topic
from chatworkspace_contracts._seconds import BRIEF, GRAIN, QUIET, SOON, THREADS

WATCHING = topic("watch")
MANY = 20
"""More states than one build has."""


@WATCHING.rule("first-state", "The first state is how the workspace is. It comes at once, though nothing has changed.", Ability.WATCH)
def the_first_state_is_how_it_is(fresh: Fresh) -> None:
    it = fresh()
    made = it.built()
    it.told_as_read("the first state", lambda: _first(it, made), made)


@WATCHING.rule("read-when-asked-for", "What happened between opening a watch and its first next() is in the first state.", Ability.WATCH)
def the_first_state_is_read_when_asked_for(fresh: Fresh) -> None:
    it = fresh()
    made = it.built()
    watch = it.watch(made)
    stopped = it.stopped(made)
    equal("the first state", watch.next(it.deadline), stopped)
    watch.close()


@WATCHING.rule(
    "differs",
    "Every state differs from the one before: a build is told while it runs and when it is over, then nothing.",
    Ability.WATCH,
    Ability.SLOW,
)
def every_state_differs_from_the_one_before(fresh: Fresh) -> None:
    it = fresh()
    made = it.make(template=it.world.slow)
    watch, states = it.watch(made), list[Workspace]()
    while (state := watch.next(it.clock.monotonic() + QUIET)) is not None and len(states) < MANY:
        states.append(state)
    holds(f"from 1 to {MANY} states", 0 < len(states) < MANY, len(states))
    holds("a first state in which the build is under way", states[0].build.job_status in UNDER_WAY, states[0].build.job_status)
    equal("the last state", states[-1], it.get(made))
    equal("how the build ended", states[-1].build.job_status, JobStatus.SUCCEEDED)
    equal("states that are like the one before", [one for one, other in pairwise(states) if one == other], [])


@WATCHING.rule("nothing-new", "Where nothing is new next() returns None, at the deadline and not before; the watch stays open.", Ability.WATCH)
def nothing_new_until_the_deadline(fresh: Fresh) -> None:
    it = fresh()
    made = it.stopped(it.built())
    watch = _watched(it, made)
    for _ in range(2):
        deadline = it.clock.monotonic() + BRIEF
        equal("what is told", watch.next(deadline), None)
        within("seconds behind the deadline", it.clock.monotonic() - deadline, SOON, -GRAIN)
    started = start(it, made)
    equal("the build that is told then", _build_of(watch.next(it.deadline)), started.build.number)


@WATCHING.rule("change", "A change ends the waiting of the thread that waits, though another has begun the watch.", Ability.WATCH)
def a_change_ends_the_waiting(fresh: Fresh) -> None:
    it = fresh()
    made = it.stopped(it.built())
    watch = _watched(it, made)
    began = it.clock.monotonic()
    calls: list[Callable[[], object]] = [lambda: _build_of(watch.next(it.deadline)), partial(it.later, partial(start, it, made))]
    equal("the build that is told", it.threads.together(calls)[0], made.build.number + 1)
    within("how long that took", it.clock.monotonic() - began, SOON)


@WATCHING.rule("change-is-read", "After a change a watch tells the workspace as it is read.", Ability.WATCH)
def a_change_is_told_as_it_is_read(fresh: Fresh) -> None:
    it = fresh()
    made = it.built()
    watch = _watched(it, made)
    _reaches(it, watch, it.stopped(made))


@WATCHING.rule("deletion", "A deletion is told as a state like others: deleted=True.", Ability.WATCH)
def a_deletion_is_told(fresh: Fresh) -> None:
    it = fresh()
    made = it.built()
    watch = _watched(it, made)
    deleted = it.deleted(made)
    equal("deleted", deleted.deleted, expected=True)
    _reaches(it, watch, deleted)


@WATCHING.rule("each-anew", "Each watch begins anew: what one has told, another tells as well.", Ability.WATCH)
def each_watch_begins_anew(fresh: Fresh) -> None:
    it = fresh()
    made = it.stopped(it.built())
    one, other = it.watch(made), it.watch(made)
    equal("the first states", (one.next(it.deadline), other.next(it.deadline)), (made, made))
    deleted = it.deleted(made)
    _reaches(it, one, deleted)
    _reaches(it, other, deleted)


@WATCHING.rule("its-own-workspace", "Changes of other workspaces are no news.", Ability.WATCH)
def a_watch_tells_of_its_own_workspace(fresh: Fresh) -> None:
    it = fresh()
    made, other = it.stopped(it.built()), it.built("other")
    watch = _watched(it, made)
    it.stopped(other)
    equal("what is told", watch.next(it.clock.monotonic() + BRIEF), None)


@WATCHING.rule("closing", "Closing a watch from another thread ends its next() with UnavailableError at once, and every later one.", Ability.WATCH)
def closing_ends_the_waiting(fresh: Fresh) -> None:
    it = fresh()
    watch = _watched(it, it.stopped(it.built()))
    began = it.clock.monotonic()
    calls: list[Callable[[], None]] = [partial(_ends, it, watch), partial(it.later, watch.close)]
    it.threads.together(calls)
    _ends(it, watch)
    within("how long that took", it.clock.monotonic() - began, SOON)


@WATCHING.rule("closed", "A closed watch never begins. Closing again is no error, and concerns no other watch.", Ability.WATCH)
def a_closed_watch_never_begins(fresh: Fresh) -> None:
    it = fresh()
    made = it.stopped(it.built())
    watch, other = it.watch(made), it.watch(made)
    watch.close()
    watch.close()
    _ends(it, watch)
    equal("the first state of the other", other.next(it.deadline), made)


@WATCHING.rule("of-what-never-was", "A watch on what never was is NotFoundError, on opening it or at its first state.", Ability.WATCH)
def a_watch_on_what_never_was(fresh: Fresh) -> None:
    it = fresh()
    unknown = attrs.evolve(it.make(), id=UNKNOWN)
    with raises(NotFoundError):
        it.watch(unknown).next(it.deadline)


@WATCHING.rule(
    "of-what-is-not-visible", "A watch on what is not visible is NotFoundError, on opening it or at its first state.", Ability.WATCH, Ability.HIDE
)
def a_watch_on_what_is_not_visible(fresh: Fresh) -> None:
    it = fresh()
    made = it.make()
    it.hide(made)
    with raises(NotFoundError):
        it.watch(made).next(it.deadline)


@WATCHING.rule(
    "not-visible-any-more",
    "A workspace that is hidden while it is watched ends the waiting with NotFoundError.",
    Ability.WATCH,
    Ability.HIDE,
    kept_by="some",
)
def a_watch_on_what_is_not_visible_any_more(fresh: Fresh) -> None:
    it = fresh()
    made = it.stopped(it.built())
    watch = _watched(it, made)

    def wait() -> None:
        with raises(NotFoundError):
            watch.next(it.deadline)

    calls: list[Callable[[], None]] = [wait, partial(it.later, partial(it.hide, made))]
    it.threads.together(calls)


@WATCHING.rule("race", "No watch misses a change that comes at the very moment when it begins to wait.", Ability.WATCH)
def no_watch_misses_a_change_in_a_race(fresh: Fresh) -> None:
    it = fresh()
    workspace = it.built()
    watches = [_watched(it, workspace) for _ in range(THREADS - 1)]
    for round_number in range(it.threads.rounds):
        number = workspace.build.number + 1
        calls: list[Callable[[], int]] = [partial(_tells, it, watch, number) for watch in watches]
        change = start if round_number % 2 else stop
        calls.append(partial(_asks, it, change, workspace))
        equal("the builds that were told, and asked for", it.threads.together(calls), [number] * THREADS)
        workspace = it.settled(workspace)


def _first(it: Stage, workspace: Workspace) -> Workspace | None:
    watch = it.watch(workspace)
    try:
        return watch.next(it.deadline)
    finally:
        watch.close()


def _watched(it: Stage, workspace: Workspace) -> Watch:
    """Return a watch that has begun."""
    watch = it.watch(workspace)
    present("a first state", watch.next(it.deadline))
    return watch


def _reaches(it: Stage, watch: Watch, state: Workspace) -> None:
    """See that a watch tells this state, at once or behind those that led to it."""
    told: Workspace | None = None
    for _ in range(MANY):
        told = present("a state", watch.next(it.deadline))
        if told == state:
            return
    equal(f"one of {MANY} states", told, state)


def _build_of(state: Workspace | None) -> int:
    return present("a state", state).build.number


def _tells(it: Stage, watch: Watch, number: int) -> int:
    """Wait until a build of that number is told, or a later one; return its number."""
    told = 0
    for _ in range(MANY):
        told = _build_of(watch.next(it.deadline))
        if told >= number:
            break
    return told


def _asks(it: Stage, change: Callable[[Stage, Workspace], Workspace], workspace: Workspace) -> int:
    return change(it, workspace).build.number


def _ends(it: Stage, watch: Watch) -> None:
    with raises(UnavailableError):
        watch.next(it.deadline)
