"""What create, start and stop do about the chat that they find."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from chatworkspace._application.making import Maker
from chatworkspace._application.turn import Policy, Track, Turn, Wish
from chatworkspace._domain.arguments import Id, check_instance, check_parameters, check_text, to_uuid
from chatworkspace._domain.conditions import Finding
from chatworkspace._domain.decisions import Step, create_step, replace_step, resume_step, start_step, stop_step
from chatworkspace.errors import NoWorkspaceError
from chatworkspace.model import LeftBehind, Reason, Workspace
from chatworkspace.ports import Look

if TYPE_CHECKING:
    from chatworkspace._application.calls import Call
    from chatworkspace._application.guiding import Guide


def wish_of(template_id: Id, name: str, parameters: Mapping[str, str] | None, preset_id: Id | None, *, start: bool, replace: bool | Id) -> Wish:
    """Return what create() is asked for. InvalidArgumentError."""
    return Wish(
        template_id=to_uuid("template_id", template_id),
        name=check_text("name", name).strip(),
        parameters=check_parameters(parameters),
        preset_id=None if preset_id is None else to_uuid("preset_id", preset_id),
        start=check_instance("start", start, bool),
        replace=replace if isinstance(replace, bool) else to_uuid("replace", replace),
    )


def creating(call: Call, wish: Wish, track: Track, maker: Maker, guide: Guide) -> Policy:
    """Return what create() does. guide: tells what this very call has begun before, which is told first."""
    return Policy(
        step=partial(_create_step, call, wish, track, guide),
        make=partial(maker.make, wish, track),
        asks_for=partial(maker.asks_for, wish),
        parameters=wish.parameters,
        trust_proof=not wish.replace,
    )


def starting(call: Call, parameters: Mapping[str, str], guide: Guide) -> Policy:
    """Return what start() does. guide: as for create()."""
    return Policy(step=partial(_start_step, call, guide), make=_nothing_to_act_upon, parameters=parameters)


def _start_step(call: Call, guide: Guide, finding: Finding, workspace: Workspace) -> Step:
    return _once(start_step(finding), finding, workspace, call, guide)


def stopping(call: Call, track: Track, guide: Guide) -> Policy:
    """Return what stop() does. guide: as for create()."""
    return Policy(step=partial(_stop_step, call, track, guide), make=_nothing_to_act_upon, trust_proof=False)


def _stop_step(call: Call, track: Track, guide: Guide, finding: Finding, workspace: Workspace) -> Step:
    step = stop_step(finding)
    if step is Step.NO_WORKSPACE and track.waited:
        return Step.FOLLOW  # for its deletion: that is how what was to be stopped has ended
    return _once(step, finding, workspace, call, guide)


def _once(step: Step, finding: Finding, workspace: Workspace, call: Call, guide: Guide) -> Step:
    """Return the step, unless how the latest build ended is to be told first."""
    return Step.FOLLOW if step in (Step.BUILD, Step.RESUME, Step.STOP) and guide.goes_on(call, finding, workspace) else step


def _create_step(call: Call, wish: Wish, track: Track, guide: Guide, finding: Finding, workspace: Workspace) -> Step:  # noqa: PLR0917 # bound by partial()
    # what was settled on the way is its replacement, if it was asked for; and in any case one call leaves one behind
    to_replace = wish.replace in (True, workspace.id) and not (track.opened or track.as_wished or track.left is not None)
    if to_replace and not guide.has_replaced(call, wish, finding, workspace):
        return replace_step(finding)
    same = workspace.template_id == wish.template_id
    step = resume_step(finding, same_template=same) if wish.start else create_step(finding, same_template=same)
    return Step.FOLLOW if to_replace and step is Step.BUILD else _once(step, finding, workspace, call, guide)


def _nothing_to_act_upon(look: Look, replaces: LeftBehind | None, number: int) -> Turn:
    del replaces, number
    if look.plan is not None:
        raise NoWorkspaceError("an earlier creation was interrupted before anything was made", reason=Reason.INTERRUPTED_CREATION)
    raise NoWorkspaceError("the chat has no workspace")
