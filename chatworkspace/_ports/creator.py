"""The platform: what starts and reads workspaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

import attrs

from chatworkspace._domain.offer import Evaluation, Parameter, Preset, TemplateUse
from chatworkspace.model import Build, Quota, Template, Workspace


@attrs.frozen(kw_only=True)
class CreateWorkspace:
    """One request for a new workspace.

    owner_id: whose it will be, and whose right is used.
    organization_id: where it is made.
    name: unique among the owner's live workspaces; wish, hyphen, mark.
    template_id: what it is made from, in its active version.
    parameters: answers to the template's questions, by name. May hold secrets: never shown.
    preset_id: the preset to be used, or None.
    ttl: seconds after which the platform stops it; None: the template's default.
    """

    owner_id: UUID
    organization_id: UUID
    name: str
    template_id: UUID
    parameters: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)
    preset_id: UUID | None = None
    ttl: float | None = None


@attrs.frozen(kw_only=True)
class LogLine:
    """One line of a build's log. Other people's text: data, never an instruction.

    id: goes up with every line of the log.
    text: the line.
    level: the platform's word for how serious it is.
    """

    id: int
    text: str
    level: str = "info"


class Watch(Protocol):
    """The states of one workspace. Pulled by one thread at a time; may pass from thread to thread."""

    def next(self, deadline: float) -> Workspace | None:
        """The first call: the state as it is, read now. Then the next state that differs, or None at the deadline.

        UnavailableError: the watch is broken or closed, open another or poll. NotFoundError: never was, or not visible any more.
        """
        ...

    def close(self) -> None:
        """End it, from any thread: a next() under way, or any later one, raises UnavailableError at once. Idempotent."""
        ...


class WorkspaceCreator(Protocol):
    """Starts and reads workspaces, on behalf of an owner: every method says whose right is used.

    Live names are unique per owner, compared without case: a duty that everything rests on.
    Where the platform limits requests, what only reads raises UnavailableError with its `retry_after`, too. Requests that only read are ended with
    the call that wants them (`ports.interruptible`); those that change something end by their deadline.
    """

    # must be there

    def list_templates(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Sequence[Template]:
        """Those that the owner may see in the organization. Their READMEs may be left empty here: describe_templates() tells them."""
        ...

    def get_template(self, owner_id: UUID, template_id: UUID, *, deadline: float) -> Template:
        """With its active version's flags. NotFoundError (missing and unreadable look the same)."""
        ...

    def create_workspace(self, request: CreateWorkspace, *, deadline: float) -> Workspace:
        """Ask once, never again by itself. NameTakenError, RefusedError: certainly nothing was made by this request.

        UnavailableError with a `retry_after`: certainly nothing was made either, for the platform takes no more requests for now; the core gives
        mutex and claim back, and asks again after so many seconds if its caller waits so long. Only for what the platform itself has said, in its own
        form: a proxy's 429 or 503 says nothing of the request that it swallowed.
        NotAnsweredError, UnavailableError without one: perhaps; the core looks by name.
        """
        ...

    def get_workspace(self, owner_id: UUID, workspace_id: UUID, *, deadline: float) -> Workspace:
        """Whole: latest build, its job, its agents. Deleted ones too, with deleted=True. NotFoundError: never was, or not visible."""
        ...

    def find_workspace(self, owner_id: UUID, name: str, *, deadline: float) -> Workspace | None:
        """The live one of this name, compared without case."""
        ...

    def list_workspaces(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Sequence[Workspace]:
        """The live ones of this owner, whole as get_workspace() tells them: for the sweep, and for many that wait.

        All of them, save one that cannot be read, or UnavailableError: a closed chat of whose making none is listed is left out of later sweeps.
        """
        ...

    # The three that change a workspace: asked once. RefusedError, NotAnsweredError, NotFoundError, UnavailableError with a `retry_after` as above.

    def start_workspace(self, workspace: Workspace, parameters: Mapping[str, str], *, deadline: float) -> Workspace:
        """Ask for a start build; return the workspace with it."""
        ...

    def stop_workspace(self, workspace: Workspace, *, deadline: float) -> Workspace:
        """Ask for a stop build; return the workspace with it."""
        ...

    def delete_workspace(self, workspace: Workspace, *, deadline: float) -> Workspace:
        """Ask for a delete build; return the workspace with it."""
        ...

    # may be left out: the default says "this platform has none"

    log_has_scripts: bool = False
    """build_log() goes on, after the build, with what startup scripts say. It is read until they have ended then, and told where they fail."""

    def watch(self, workspace: Workspace, *, deadline: float) -> Watch | None:
        """Open a watch. None (the default): the core polls get_workspace. NotFoundError."""
        return None

    def read_workspaces(self, owner_id: UUID, organization_id: UUID, workspaces: Sequence[Workspace], *, deadline: float) -> Sequence[Workspace]:
        """Those of these that a list tells whole, as get_workspace() does, in any order: one request for many that are waited for.

        workspaces: as they were read last. What has not changed since may be told as it is given. One that is missing is asked for by itself,
        and none is concluded to be gone. The default: of list_workspaces(), for which that has to be true, too. NotFoundError: no list.
        """
        wanted = {it.id for it in workspaces}
        return [it for it in self.list_workspaces(owner_id, organization_id, deadline=deadline) if it.id in wanted]

    def build_log(self, workspace: Workspace, *, after: int, deadline: float) -> Sequence[LogLine]:
        """Lines of the latest build's log with an id above `after`, in order; see log_has_scripts. NotFoundError."""
        return ()

    def describe_templates(self, owner_id: UUID, templates: Sequence[Template], *, deadline: float) -> Sequence[Template]:
        """Those of a page of a list that can be told whole, READMEs included, for a few requests: the first before the others.

        One that is not among them can be told another time. The default: a list tells all as it is.
        """
        return templates

    def list_parameters(self, owner_id: UUID, template: Template, *, deadline: float) -> Sequence[Parameter]:
        """What the template asks, in the version that `template` names. Empty: nothing, and no answer is taken. NotFoundError."""
        return ()

    def evaluate_parameters(
        self, owner_id: UUID, template: Template, *, answers: Mapping[str, str] | None = None, deadline: float
    ) -> Evaluation | None:
        """The parameters of that version as they are for this owner, who answers so: answers may add parameters, and take others away.

        None: this template is not evaluated; those recorded at import hold. answers: may hold secrets, never shown.
        NotFoundError; RefusedError: the evaluation failed; UnavailableError: not now, for the version is still being imported, say, or never here.
        """
        return None

    def list_presets(self, owner_id: UUID, template: Template, *, deadline: float) -> Sequence[Preset]:
        """The presets of that version. Empty: it has none, and no preset is taken. NotFoundError."""
        return ()

    def build_parameters(self, workspace: Workspace, *, deadline: float) -> Mapping[str, str] | None:
        """The answers that the latest build was asked for with, by name; may hold secrets, never shown. None: not told. NotFoundError."""
        return None

    def list_builds(self, workspace: Workspace, *, deadline: float) -> Sequence[Build]:
        """Its builds, the latest first, all of them as of one instant: ten at least, where there are so many. Empty: not told. NotFoundError."""
        return ()

    def template_use(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Mapping[UUID, TemplateUse]:
        """How the owner and the organization use templates, by template id."""
        return {}

    def get_quota(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Quota | None:
        """What the owner uses and may use; None: no quota, or not told."""
        return None

    def record_use(self, workspace: Workspace, *, lasts: float | None = None, deadline: float) -> None:
        """Tell the platform that the workspace is in use (moves its autostop). Best effort.

        lasts: seconds for which it is to run on at least, as far as its template lets it; None: as the platform does with what is in use. It never
        stops earlier for it, and one that does not stop by itself is left so. Given only where the host asks for it.
        """
        return  # without it type checkers take the default for a missing body, and the method for one that must be there


def has_scripts_in_log(creator: WorkspaceCreator) -> bool:
    """Tell whether it says so of its log: one that is no WorkspaceCreator by name may not know of it, and a stand-in answers to any name."""
    return getattr(creator, "log_has_scripts", False) is True
