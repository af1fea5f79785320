"""What create, start and stop do about the chat that they find."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from chatworkspace._application.making import Maker
from chatworkspace._application.turn import Policy, Track, Turn, Wish
from chatworkspace._domain.arguments import Id, check_instance, check_parameters, check_text, to_uuid
from chatworkspace._domain.conditions import Finding
from chatworkspace._domain.decisions import Step, create_step, replace_step, resume_step, start_step, stop_step
from chatworkspace.errors import NoWorkspaceError
from chatworkspace.model import LeftBehind, Reason, Workspace
from chatworkspace.ports import Look


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


def creating(wish: Wish, track: Track, maker: Maker, goes_on: Callable[[Finding, Workspace], bool]) -> Policy:
    """Return what create() does. goes_on: tells, of what stands still, whether how the latest build ended is to be told first."""
    return Policy(
        step=partial(_create_step, wish, track, goes_on),
        make=partial(maker.make, wish, track),
        asks_for=partial(maker.asks_for, wish),
        parameters=wish.parameters,
        trust_proof=not wish.replace,
    )


def starting(parameters: Mapping[str, str], goes_on: Callable[[Finding, Workspace], bool]) -> Policy:
    """Return what start() does. goes_on: tells whether how the latest build ended is to be told first."""
    return Policy(
        step=lambda finding, workspace: _once(start_step(finding), finding, workspace, goes_on), make=_nothing_to_act_upon, parameters=parameters
    )


def stopping(goes_on: Callable[[Finding, Workspace], bool], track: Track) -> Policy:
    """Return what stop() does. goes_on: as for start()."""
    return Policy(step=partial(_stop_step, goes_on, track), make=_nothing_to_act_upon, trust_proof=False)


def _stop_step(goes_on: Callable[[Finding, Workspace], bool], track: Track, finding: Finding, workspace: Workspace) -> Step:
    step = stop_step(finding)
    if step is Step.NO_WORKSPACE and track.waited:
        return Step.FOLLOW  # for its deletion: that is how what was to be stopped has ended
    return _once(step, finding, workspace, goes_on)


def _once(step: Step, finding: Finding, workspace: Workspace, goes_on: Callable[[Finding, Workspace], bool]) -> Step:
    return Step.FOLLOW if step in (Step.BUILD, Step.RESUME, Step.STOP) and goes_on(finding, workspace) else step


def _create_step(wish: Wish, track: Track, goes_on: Callable[[Finding, Workspace], bool], finding: Finding, workspace: Workspace) -> Step:
    # what was settled on the way is its replacement, if it was asked for; and in any case one call leaves one behind
    if wish.replace in (True, workspace.id) and not (track.opened or track.as_wished or track.left is not None):
        return replace_step(finding)
    same = workspace.template_id == wish.template_id
    return _once(resume_step(finding, same_template=same), finding, workspace, goes_on) if wish.start else create_step(finding, same_template=same)


def _nothing_to_act_upon(look: Look, replaces: LeftBehind | None, number: int) -> Turn:
    del replaces, number
    if look.plan is not None:
        raise NoWorkspaceError("an earlier creation was interrupted before anything was made", reason=Reason.INTERRUPTED_CREATION)
    raise NoWorkspaceError("the chat has no workspace")
