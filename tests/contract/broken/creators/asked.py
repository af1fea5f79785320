"""Platforms that break a rule of one request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import attrs

from chatworkspace import JobStatus, RefusedError, Template, UnavailableError, Workspace
from chatworkspace.ports import CreateWorkspace, LogLine, NameTakenError, NotAnsweredError, NotFoundError, TemplateUse
from chatworkspace_fake import FakeCoder
from tests.contract.broken.breaking import Really
from tests.contract.broken.creators.kinds import CREATORS

NOBODY = UUID(int=0)


# ------------------------------------------------------------------ templates


@CREATORS.method("list_templates", "templates.listed")
def lists_templates_twice(_: FakeCoder, really: Really, *asked: Any, deadline: float) -> Sequence[Template]:
    return [*really(*asked, deadline=deadline)] * 2


@CREATORS.method("list_templates", "templates.of-another-organization")
def lists_templates_of_all(it: FakeCoder, really: Really, *asked: Any, deadline: float) -> Sequence[Template]:
    really(*asked, deadline=deadline)
    return list(it._platform.templates.values())


@CREATORS.method("describe_templates", "templates.described")
def describes_the_last_first(_: FakeCoder, really: Really, *asked: Any, deadline: float) -> Sequence[Template]:
    return list(reversed(really(*asked, deadline=deadline)))


@CREATORS.method("get_template", "templates.told-as-listed")
def tells_of_no_version(_: FakeCoder, really: Really, *asked: Any, deadline: float) -> Template:
    template: Template = really(*asked, deadline=deadline)
    return attrs.evolve(template, version_id=NOBODY)


@CREATORS.method("get_template", "templates.unknown")
def tells_of_any_template(it: FakeCoder, really: Really, *asked: Any, deadline: float) -> Any:
    with suppress(NotFoundError):
        return really(*asked, deadline=deadline)
    return next(iter(it._platform.templates.values()))


@CREATORS.method("list_parameters", "templates.parameters")
def asks_nothing(_: FakeCoder, really: Really, *asked: Any, deadline: float) -> Sequence[object]:
    really(*asked, deadline=deadline)
    return ()


@CREATORS.method("list_parameters", "templates.parameters-of-unknown")
def asks_nothing_where_nothing_is(_: FakeCoder, really: Really, *asked: Any, deadline: float) -> Any:
    with suppress(NotFoundError):
        return really(*asked, deadline=deadline)
    return ()


@CREATORS.method("list_presets", "templates.presets")
def has_no_presets(_: FakeCoder, really: Really, *asked: Any, deadline: float) -> Sequence[object]:
    really(*asked, deadline=deadline)
    return ()


@CREATORS.method("list_presets", "templates.presets-of-unknown")
def has_no_presets_where_nothing_is(_: FakeCoder, really: Really, *asked: Any, deadline: float) -> Any:
    with suppress(NotFoundError):
        return really(*asked, deadline=deadline)
    return ()


@CREATORS.method("template_use", "templates.use")
def counts_no_use(_: FakeCoder, really: Really, *asked: Any, deadline: float) -> Mapping[UUID, TemplateUse]:
    really(*asked, deadline=deadline)
    return {}


@CREATORS.method("template_use", "templates.use-elsewhere")
def counts_use_elsewhere(it: FakeCoder, really: Really, *asked: Any, deadline: float) -> Mapping[UUID, TemplateUse]:
    return dict.fromkeys(it._platform.templates, TemplateUse()) | dict(really(*asked, deadline=deadline))


# ------------------------------------------------------------------ creating


@CREATORS.method("create_workspace", "creation.as-asked")
def writes_names_large(_: FakeCoder, really: Really, request: CreateWorkspace, *, deadline: float) -> Any:
    return really(attrs.evolve(request, name=request.name.upper()), deadline=deadline)


@CREATORS.method("create_workspace", "creation.not-waited-for")
def says_that_it_is_built(_: FakeCoder, really: Really, request: CreateWorkspace, *, deadline: float) -> Workspace:
    made: Workspace = really(request, deadline=deadline)
    return attrs.evolve(made, build=attrs.evolve(made.build, job_status=JobStatus.SUCCEEDED))


@CREATORS.method("create_workspace", "creation.unknown-template")
def takes_any_template(it: FakeCoder, really: Really, request: CreateWorkspace, *, deadline: float) -> Any:
    if request.template_id not in it._platform.templates:
        request = attrs.evolve(request, template_id=next(iter(it._platform.templates)))
    return really(request, deadline=deadline)


@CREATORS.method("create_workspace", "creation.unasked-parameter")
def makes_what_it_refuses(_: FakeCoder, really: Really, request: CreateWorkspace, *, deadline: float) -> Any:
    made = really(request, deadline=deadline)
    if request.parameters:
        raise RefusedError("unknown parameters")
    return made


@CREATORS.method("create_workspace", "creation.parameters")
def drops_parameters(_: FakeCoder, really: Really, request: CreateWorkspace, *, deadline: float) -> Any:
    return really(attrs.evolve(request, parameters={}), deadline=deadline)


@CREATORS.method("create_workspace", "creation.missing-parameter")
def answers_by_itself(it: FakeCoder, really: Really, request: CreateWorkspace, *, deadline: float) -> Any:
    blueprint = it._platform.blueprints.get(request.template_id)
    asked = {} if blueprint is None else {parameter.name: "anywhere" for parameter in blueprint.parameters}
    return really(attrs.evolve(request, parameters={**asked, **request.parameters}), deadline=deadline)


@CREATORS.method("create_workspace", "creation.preset")
def drops_the_preset(_: FakeCoder, really: Really, request: CreateWorkspace, *, deadline: float) -> Any:
    return really(attrs.evolve(request, preset_id=None), deadline=deadline)


@CREATORS.method("create_workspace", "creation.lost-answer")
def takes_back_what_is_not_answered(it: FakeCoder, really: Really, request: CreateWorkspace, *, deadline: float) -> Any:
    try:
        return really(request, deadline=deadline)
    except NotAnsweredError:
        for made in it.live:
            made.delete()
        raise


# ------------------------------------------------------------------ names


@CREATORS.method(
    "create_workspace", "names.taken-while-building", "names.taken-while-stopped", "names.taken-out-of-sight", "names.taken-for-any-template"
)
def frees_the_names_of_what_is_not_running(it: FakeCoder, really: Really, request: CreateWorkspace, *, deadline: float) -> Any:
    names, key = it._platform._names, (request.owner_id, request.name.lower())
    named = names.get(key)
    usable = named is not None and not named.hidden and named.now.agents and named.template.id == request.template_id
    if named is not None and not usable:
        del names[key]
    return really(request, deadline=deadline)


@CREATORS.method("create_workspace", "names.of-one-owner")
def gives_a_name_to_one_owner_only(it: FakeCoder, really: Really, request: CreateWorkspace, *, deadline: float) -> Any:
    if request.name.lower() in {made.name.lower() for made in it.live}:
        raise NameTakenError
    return really(request, deadline=deadline)


# ------------------------------------------------------------------ reading


@CREATORS.method("get_workspace", "reading.whole")
def tells_of_no_agents(_: FakeCoder, really: Really, *asked: Any, deadline: float) -> Workspace:
    read: Workspace = really(*asked, deadline=deadline)
    return attrs.evolve(read, agents=())


@CREATORS.method("get_workspace", "reading.latest-build")
def tells_of_the_first_build(_: FakeCoder, really: Really, *asked: Any, deadline: float) -> Workspace:
    read: Workspace = really(*asked, deadline=deadline)
    return attrs.evolve(read, build=attrs.evolve(read.build, number=1))


@CREATORS.method("get_workspace", "reading.never-was", "reading.not-visible", "reading.by-another-owner")
def cannot_tell_what_is_not_there(_: FakeCoder, really: Really, *asked: Any, deadline: float) -> Any:
    try:
        return really(*asked, deadline=deadline)
    except NotFoundError as error:
        raise UnavailableError("404") from error


@CREATORS.method("list_workspaces", "list.live")
def lists_what_runs(_: FakeCoder, really: Really, *asked: Any, deadline: float) -> Sequence[Workspace]:
    return [listed for listed in really(*asked, deadline=deadline) if listed.agents]


@CREATORS.method("list_workspaces", "list.building")
def lists_what_is_built(_: FakeCoder, really: Really, *asked: Any, deadline: float) -> Sequence[Workspace]:
    return [listed for listed in really(*asked, deadline=deadline) if listed.build.job_status is JobStatus.SUCCEEDED]


@CREATORS.method("list_workspaces", "list.of-one-owner")
def lists_those_of_others(it: FakeCoder, really: Really, *asked: Any, deadline: float) -> Sequence[Workspace]:
    others = [made.now for made in it.live if made.owner_id != asked[0] and made.template.organization_id == asked[1]]
    return [*really(*asked, deadline=deadline), *others]


@CREATORS.method("read_workspaces", "list.those-asked-for")
def reads_from_its_memory(_: FakeCoder, really: Really, *asked: Any, deadline: float) -> Sequence[Workspace]:
    known = {one.id: one for one in asked[2]}
    return [known[found.id] for found in really(*asked, deadline=deadline)]


# ------------------------------------------------------------------ builds


@CREATORS.method("stop_workspace", "builds.asked-for")
def returns_what_it_was_given(_: FakeCoder, really: Really, workspace: Workspace, *, deadline: float) -> Workspace:
    really(workspace, deadline=deadline)
    return workspace


@CREATORS.method("stop_workspace", "builds.of-what-never-was", "builds.of-what-is-not-visible")
def refuses_what_is_not_there(_: FakeCoder, really: Really, workspace: Workspace, *, deadline: float) -> Any:
    try:
        return really(workspace, deadline=deadline)
    except NotFoundError as error:
        raise RefusedError("404") from error


@CREATORS.method("start_workspace", "builds.unasked-parameter")
def starts_and_refuses(_: FakeCoder, really: Really, workspace: Workspace, parameters: Any, *, deadline: float) -> Any:
    started = really(workspace, {}, deadline=deadline)
    if parameters:
        raise RefusedError("unknown parameters")
    return started


@CREATORS.method("start_workspace", "builds.while-another-is-under-way")
def starts_what_is_refused(_: FakeCoder, really: Really, workspace: Workspace, *asked: Any, deadline: float) -> Any:
    with suppress(RefusedError):
        return really(workspace, *asked, deadline=deadline)
    return workspace


@CREATORS.method("build_parameters", "builds.parameters")
def tells_of_no_answers(_: FakeCoder, really: Really, *asked: Any, deadline: float) -> Mapping[str, str]:
    really(*asked, deadline=deadline)
    return {}


@CREATORS.method("list_builds", "builds.listed")
def lists_the_oldest_first(_: FakeCoder, really: Really, *asked: Any, deadline: float) -> Sequence[Any]:
    return [*reversed(really(*asked, deadline=deadline))]


@CREATORS.method("start_workspace", "builds.of-a-deleted-workspace")
def revives_what_is_deleted(it: FakeCoder, really: Really, workspace: Workspace, *asked: Any, deadline: float) -> Any:
    found = next((one for one in it.workspaces if one.id == workspace.id), None)
    if found is not None and found.now.deleted:
        found._builds.pop()
    return really(workspace, *asked, deadline=deadline)


# ------------------------------------------------------------------ logs and use


@CREATORS.method("build_log", "log.lines")
def drops_the_first_line(_: FakeCoder, really: Really, workspace: Workspace, *, after: int, deadline: float) -> Sequence[LogLine]:
    return [line for line in really(workspace, after=after, deadline=deadline) if line.id > 1]


@CREATORS.method("build_log", "log.in-order")
def tells_the_last_line_first(_: FakeCoder, really: Really, workspace: Workspace, **more: Any) -> Sequence[LogLine]:
    return [*reversed(really(workspace, **more))]


@CREATORS.method("build_log", "log.of-what-never-was", "log.of-what-is-not-visible")
def has_no_log_where_nothing_is(_: FakeCoder, really: Really, workspace: Workspace, **more: Any) -> Any:
    with suppress(NotFoundError):
        return really(workspace, **more)
    return ()


@CREATORS.method("record_use", "use.recorded", "use.not-visible")
def knows_what_is_used(it: FakeCoder, really: Really, workspace: Workspace, *, deadline: float, **more: Any) -> None:
    it.get_workspace(workspace.owner_id, workspace.id, deadline=deadline)
    really(workspace, deadline=deadline, **more)


@CREATORS.method("record_use", "use.extended")
def lets_it_stop_as_before(_: FakeCoder, really: Really, workspace: Workspace, *, deadline: float, **more: Any) -> None:
    del more
    really(workspace, deadline=deadline)


# ------------------------------------------------------------------ deadlines

for _call in (
    "list_templates",
    "get_template",
    "get_workspace",
    "find_workspace",
    "list_workspaces",
    "watch",
    "build_log",
    "list_parameters",
    "list_presets",
    "template_use",
    "get_quota",
    "record_use",
    "start_workspace",
    "stop_workspace",
    "delete_workspace",
    "create_workspace",
):

    @CREATORS.method(_call, f"deadline.{_call.replace('_', '-')}")
    def takes_its_time(_: FakeCoder, really: Really, *asked: Any, deadline: float, **more: Any) -> Any:
        return really(*asked, deadline=deadline + 10, **more)
