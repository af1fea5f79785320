"""Every call ends by its deadline. A rule for each, since what a platform lacks has none."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chatworkspace import UnavailableError, Workspace
from chatworkspace.ports import NotAnsweredError
from chatworkspace_contracts._abilities import Ability
from chatworkspace_contracts._checks import equal
from chatworkspace_contracts._creator.stage import Fresh, Stage, topic

DEADLINES = topic("deadline")

Send = Callable[[Stage, Workspace, float], object]


def _read(call: str, send: Send, *needs: Ability) -> None:
    """Add the rule of a call that changes nothing."""

    @DEADLINES.rule(call.replace("_", "-"), f"Not answered, {call}() ends with UnavailableError by its deadline.", Ability.LOSE_REQUEST, *needs)
    def ends(fresh: Fresh) -> None:
        it = fresh()
        made = it.built()
        it.lose_request(call)
        it.ends_late(partial(send, it, made), UnavailableError)


def _change(call: str, send: Send) -> None:
    """Add the rule of a call that changes something."""

    @DEADLINES.rule(
        call.replace("_", "-"),
        f"Not answered, {call}() ends with NotAnsweredError or UnavailableError by its deadline, and is not sent again.",
        Ability.LOSE_REQUEST,
    )
    def ends(fresh: Fresh) -> None:
        it = fresh()
        made = it.built()
        it.lose_request(call)
        it.ends_late(partial(send, it, made), NotAnsweredError, UnavailableError)
        equal("the number of the build", it.get(made).build.number, 1)
        equal("what is listed", it.listed(), {made.id})


_read("list_templates", lambda it, _, deadline: it.creator.list_templates(it.owner_id, it.organization_id, deadline=deadline))
_read("get_template", lambda it, _, deadline: it.creator.get_template(it.owner_id, it.world.template.id, deadline=deadline))
_read("get_workspace", lambda it, made, deadline: it.creator.get_workspace(it.owner_id, made.id, deadline=deadline))
_read("find_workspace", lambda it, made, deadline: it.creator.find_workspace(it.owner_id, made.name, deadline=deadline))
_read("list_workspaces", lambda it, _, deadline: it.creator.list_workspaces(it.owner_id, it.organization_id, deadline=deadline))
_read("watch", lambda it, made, deadline: it.creator.watch(made, deadline=deadline), Ability.WATCH)
_read("build_log", lambda it, made, deadline: it.creator.build_log(made, after=0, deadline=deadline), Ability.BUILD_LOG)
_read("list_parameters", lambda it, _, deadline: it.creator.list_parameters(it.owner_id, it.asking, deadline=deadline), Ability.ASKING)
_read("list_presets", lambda it, _, deadline: it.creator.list_presets(it.owner_id, it.asking, deadline=deadline), Ability.ASKING, Ability.PRESET)
_read(
    "template_use",
    lambda it, _, deadline: it.creator.template_use(it.owner_id, it.organization_id, deadline=deadline),
    Ability.TEMPLATE_USE,
)
_read("get_quota", lambda it, _, deadline: it.creator.get_quota(it.owner_id, it.organization_id, deadline=deadline), Ability.GET_QUOTA)
_read("record_use", lambda it, made, deadline: it.creator.record_use(made, deadline=deadline), Ability.RECORD_USE)
_change("create_workspace", lambda it, _, deadline: it.creator.create_workspace(it.request("lost"), deadline=deadline))
_change("start_workspace", lambda it, made, deadline: it.creator.start_workspace(made, {}, deadline=deadline))
_change("stop_workspace", lambda it, made, deadline: it.creator.stop_workspace(made, deadline=deadline))
_change("delete_workspace", lambda it, made, deadline: it.creator.delete_workspace(made, deadline=deadline))
