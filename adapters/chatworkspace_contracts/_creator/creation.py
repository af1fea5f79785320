"""create_workspace(): what is made, and what a refusal leaves."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import attrs

from chatworkspace import RefusedError, Transition, UnavailableError, Workspace
from chatworkspace.ports import CreateWorkspace, NameTakenError, NotAnsweredError
from chatworkspace_contracts._abilities import Ability
from chatworkspace_contracts._checks import equal, holds, present, raises
from chatworkspace_contracts._creator.stage import UNDER_WAY, UNKNOWN, Fresh, Stage, topic
from chatworkspace_contracts._seconds import BRIEF, LONG, SOON, THREADS

CREATION = topic("creation")


@CREATION.rule("as-asked", "A workspace is made as asked: owner, name, template and organization; its first build is a start.")
def a_workspace_is_made_as_asked(fresh: Fresh) -> None:
    it = fresh()
    made, asked = it.make(), it.request()
    told = (made.owner_id, made.name, made.template_id, made.organization_id, made.deleted)
    equal("the workspace", told, (asked.owner_id, asked.name, asked.template_id, asked.organization_id, False))
    build = (made.build.number, made.build.transition, made.build.template_version_id)
    equal("its build", build, (1, Transition.START, it.world.template.version_id))
    equal("what is listed", it.listed(), {made.id})


@CREATION.rule("not-waited-for", "Creating does not wait for the build: it is answered while that runs.", Ability.ENDLESS)
def creating_does_not_wait_for_the_build(fresh: Fresh) -> None:
    it = fresh()
    made = it.make(template=it.endless)
    holds("a build that is under way", made.build.job_status in UNDER_WAY, made.build.job_status)


@CREATION.rule("unknown-template", "A request for an unknown template is refused, and makes nothing: the name stays free.")
def a_request_for_an_unknown_template(fresh: Fresh) -> None:
    it = fresh()
    _refused(it, attrs.evolve(it.request(), template_id=UNKNOWN))


@CREATION.rule("unasked-parameter", "A request with a parameter that is not asked for is refused, and makes nothing, or makes one without it.")
def a_request_with_a_parameter_that_is_not_asked_for(fresh: Fresh) -> None:
    it = fresh()
    try:
        made = it.create(attrs.evolve(it.request(), parameters={"colour": "red"}))
    except RefusedError:
        _nothing_made(it)
    else:
        equal("what is listed", it.listed(), {made.id})
        equal("the number of the build", it.settled(made).build.number, 1)


@CREATION.rule(
    "missing-parameter",
    "A request without a required parameter is refused, and makes nothing: the name stays free.",
    Ability.ASKING,
    Ability.REQUIRED,
)
def a_request_without_a_required_parameter(fresh: Fresh) -> None:
    it = fresh()
    _refused(it, it.request(template=it.asking))


def _refused(it: Stage, request: CreateWorkspace) -> None:
    with raises(RefusedError):
        it.create(request)
    _nothing_made(it)


def _nothing_made(it: Stage) -> None:
    equal("what is listed", it.listed(), set[object]())
    equal("what is found", it.find(), None)
    equal("the first build of what is made then", it.make().build.number, 1)


@CREATION.rule("parameters", "Parameters may be answered by the caller.", Ability.ASKING)
def parameters_answer_what_is_asked(fresh: Fresh) -> None:
    it = fresh()
    given = attrs.evolve(it.request("given", it.asking), parameters=it.world.answers)
    equal("the name", it.create(given).name, it.name("given"))


@CREATION.rule("preset", "A required parameter may be answered by a preset.", Ability.ASKING, Ability.PRESET)
def a_preset_answers_what_is_asked(fresh: Fresh) -> None:
    it = fresh()
    preset = present("a preset", it.world.preset)
    equal("the name", it.create(attrs.evolve(it.request("preset", it.asking), preset_id=preset.id)).name, it.name("preset"))


@CREATION.rule("lost-answer", "A creation whose answer was lost is found by its name, and was asked for once.", Ability.LOSE_ANSWER)
def a_creation_whose_answer_was_lost(fresh: Fresh) -> None:
    it = fresh()
    it.lose_answer("create_workspace")
    for patience in (BRIEF, 20 * BRIEF, LONG):  # where its time is over before it is sent, that is said, and nothing was asked for
        errors = NotAnsweredError, UnavailableError
        ended = it.ends_late(lambda deadline: it.creator.create_workspace(it.request(), deadline=deadline), *errors, patience=patience)
        if isinstance(ended, NotAnsweredError):
            break
    end = it.clock.monotonic() + SOON  # whoever gives up early may have to look twice
    while (found := it.find()) is None and it.clock.monotonic() < end:
        it.clock.sleep(BRIEF)
    equal("what is listed", it.listed(), {present("a workspace of that name", found).id})


# ------------------------------------------------------------------ races


@CREATION.rule("race", "Of threads that ask for one name, in small letters or capitals, one gets it; the others NameTakenError, or a server's error.")
def of_racing_creations_one_is_made(fresh: Fresh) -> None:
    it = fresh()
    for round_number in range(it.threads.rounds):
        made = _race(it, f"dev{round_number}")
        equal("how many were made", len(made), 1)
        it.told_as_read("what is found by the name", partial(it.find, it.name(f"dev{round_number}")), made[0])
    equal("how many are listed", len(it.listed()), it.threads.rounds)


@CREATION.rule("race-over-a-deleted-one", "Of threads that ask for the name of a deleted workspace one gets it; the others as in any race.")
def of_racing_creations_over_a_deleted_one_one_is_made(fresh: Fresh) -> None:
    it = fresh()
    for _ in range(it.threads.rounds):
        made = _race(it, "dev")
        equal("how many were made", len(made), 1)
        equal("what is listed", it.listed(), {made[0].id})
        it.deleted(it.settled(made[0]))


def _race(it: Stage, wish: str) -> list[Workspace]:
    """Return what was made by threads that all ask for one name."""
    request = it.request(wish)
    names = [request.name.upper() if number % 2 else request.name for number in range(THREADS)]
    calls = [partial(_make_if_free, it, attrs.evolve(request, name=name)) for name in names]
    return [made for made in it.threads.together(calls) if made is not None]


def _make_if_free(it: Stage, request: CreateWorkspace) -> Workspace | None:
    """Return what was made; nothing if the name was taken: a server that has looked too early fails, and is not at work on it any more."""
    with suppress(NameTakenError):
        try:
            return it.create(request)
        except NotAnsweredError as error:
            equal("in_flight", error.in_flight, expected=False)
    return None
