"""What create, start and stop do about the chat that they find."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chatworkspace._application.making import Maker
from chatworkspace._application.turn import NO_ANSWERS, Track, Turn, Wish
from chatworkspace._domain.arguments import Id, check_instance, check_parameters, check_text, to_uuid
from chatworkspace._domain.conditions import Finding
from chatworkspace._domain.decisions import Step, create_step, replace_step, resume_step, start_step, stop_step
from chatworkspace.errors import NoWorkspaceError
from chatworkspace.model import LeftBehind, Reason, Workspace
from chatworkspace.ports import Look, Plan

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


class _Policy:
    """What all have in common. guide: tells what this very call has begun before, which is told first."""

    _call: Call
    _guide: Guide
    parameters = NO_ANSWERS
    trust_proof = True

    def make(self, look: Look, replaces: LeftBehind | None, number: int) -> Turn:
        """Make nothing: the call is for what there is. NoWorkspaceError."""
        del replaces, number
        if look.plan is not None:
            raise NoWorkspaceError("an earlier creation was interrupted before anything was made", reason=Reason.INTERRUPTED_CREATION)
        raise NoWorkspaceError("the chat has no workspace")

    def asks_for(self, plan: Plan) -> bool:
        """No plan is its own."""
        del plan
        return False

    def _once(self, step: Step, finding: Finding, workspace: Workspace) -> Step:
        """Return the step, unless how the latest build ended is to be told first."""
        begins = step in (Step.BUILD, Step.RESUME, Step.STOP)
        return Step.FOLLOW if begins and self._guide.goes_on(self._call, finding, workspace) else step


class Creating(_Policy):
    """What create() does."""

    def __init__(self, call: Call, guide: Guide, wish: Wish, track: Track, maker: Maker) -> None:
        self._call = call
        self._guide = guide
        self._wish = wish
        self._track = track
        self._maker = maker
        self.parameters = wish.parameters
        self.trust_proof = not wish.replace

    def step(self, finding: Finding, workspace: Workspace) -> Step:
        """Follow what there is, start what may be started, or make another."""
        wish, track = self._wish, self._track
        # what was settled on the way is its replacement, if it was asked for; and in any case one call leaves one behind
        to_replace = wish.replace in (True, workspace.id) and not (track.opened or track.as_wished or track.left is not None)
        if to_replace and not self._guide.has_replaced(self._call, wish, finding, workspace):
            return replace_step(finding)
        same = workspace.template_id == wish.template_id
        step = resume_step(finding, same_template=same) if wish.start else create_step(finding, same_template=same)
        return Step.FOLLOW if to_replace and step is Step.BUILD else self._once(step, finding, workspace)

    def make(self, look: Look, replaces: LeftBehind | None, number: int) -> Turn:
        """Make what is wished."""
        return self._maker.make(self._wish, self._track, look, replaces, number)

    def asks_for(self, plan: Plan) -> bool:
        """Tell whether a plan asks for what is wished."""
        return self._maker.asks_for(self._wish, plan)


class Starting(_Policy):
    """What start() does."""

    def __init__(self, call: Call, guide: Guide, parameters: Mapping[str, str]) -> None:
        self._call = call
        self._guide = guide
        self.parameters = parameters

    def step(self, finding: Finding, workspace: Workspace) -> Step:
        """Start what stands still."""
        return self._once(start_step(finding), finding, workspace)


class Stopping(_Policy):
    """What stop() does."""

    trust_proof = False

    def __init__(self, call: Call, guide: Guide, track: Track) -> None:
        self._call = call
        self._guide = guide
        self._track = track

    def step(self, finding: Finding, workspace: Workspace) -> Step:
        """Stop what runs."""
        step = stop_step(finding)
        if step is Step.NO_WORKSPACE and self._track.waited:
            return Step.FOLLOW  # for its deletion: that is how what was to be stopped has ended
        return self._once(step, finding, workspace)
