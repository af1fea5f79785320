"""Platforms that break a rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from chatworkspace import Workspace
from chatworkspace.ports import CreateWorkspace, LogLine, NameTakenError, NotAnsweredError, NotFoundError
from chatworkspace_fake import FakeCoder
from tests.contract.broken.breaking import Breaking

CREATORS = Breaking("creator", FakeCoder)


@CREATORS.breaks("names.taken-in-any-case")
class TellsNamesApartByCase(FakeCoder):
    """`dev` and `Dev` may both be live."""

    def create_workspace(self, request: CreateWorkspace, *, deadline: float) -> Workspace:
        """Free the name if it is written in another way."""
        self._free(request, lambda name: name != request.name)
        return super().create_workspace(request, deadline=deadline)

    def _free(self, request: CreateWorkspace, unless: Callable[[str], bool]) -> None:
        names, key = self._platform._names, (request.owner_id, request.name.lower())
        if key in names and unless(names[key].name):
            del names[key]


@CREATORS.breaks("creation.race")
class ChecksNamesFirst(TellsNamesApartByCase):
    """The name is looked up, and given then: others come between."""

    def create_workspace(self, request: CreateWorkspace, *, deadline: float) -> Workspace:
        """Decide on what was read."""
        if self._platform._named(request.owner_id, request.name) is None:
            self._platform.clock.sleep(0)
            self._free(request, lambda _: True)
        return super(TellsNamesApartByCase, self).create_workspace(request, deadline=deadline)


@CREATORS.breaks("reading.deleted-by-name")
class FindsTheDeleted(FakeCoder):
    """find_workspace() returns one that is deleted."""

    def find_workspace(self, owner_id: UUID, name: str, *, deadline: float) -> Workspace | None:
        """Look among all that ever were."""
        found = super().find_workspace(owner_id, name, deadline=deadline)
        deleted = (it.now for it in self.workspaces if (it.owner_id, it.name.lower()) == (owner_id, name.lower()) and it.now.deleted)
        return found or next(deleted, None)


@CREATORS.breaks("reading.by-name-in-any-case")
class FindsInOneCase(FakeCoder):
    """find_workspace() compares with case."""

    def find_workspace(self, owner_id: UUID, name: str, *, deadline: float) -> Workspace | None:
        """Compare again."""
        found = super().find_workspace(owner_id, name, deadline=deadline)
        return found if found is not None and found.name == name else None


@CREATORS.breaks("names.free-after-deletion", "creation.race-over-a-deleted-one")
class NeverFreesAName(FakeCoder):
    """The name of a deleted workspace is taken for ever."""

    def create_workspace(self, request: CreateWorkspace, *, deadline: float) -> Workspace:
        """Look among all that ever were."""
        names = [(it.owner_id, it.name.lower()) for it in self.workspaces]
        if (request.owner_id, request.name.lower()) in names:
            raise NameTakenError
        return super().create_workspace(request, deadline=deadline)


@CREATORS.breaks("names.taken")
class ReturnsWhoeverHasTheName(FakeCoder):
    """create_workspace() settles a conflict by itself, and says that it has made what was there."""

    def create_workspace(self, request: CreateWorkspace, *, deadline: float) -> Workspace:
        """Look by name."""
        try:
            return super().create_workspace(request, deadline=deadline)
        except NameTakenError:
            found = self.find_workspace(request.owner_id, request.name, deadline=deadline)
            if found is None:
                raise
            return found


@CREATORS.breaks("deadline.create-workspace")
class AsksAgain(FakeCoder):
    """create_workspace() is sent again when nobody answers."""

    def create_workspace(self, request: CreateWorkspace, *, deadline: float) -> Workspace:
        """Ask twice."""
        try:
            return super().create_workspace(request, deadline=deadline)
        except NotAnsweredError:
            super().create_workspace(request, deadline=deadline)
            raise


@CREATORS.breaks("reading.deleted-by-id")
class HidesTheDeleted(FakeCoder):
    """get_workspace() says of a deleted one what it says of one that never was."""

    def get_workspace(self, owner_id: UUID, workspace_id: UUID, *, deadline: float) -> Workspace:
        """Raise."""
        workspace = super().get_workspace(owner_id, workspace_id, deadline=deadline)
        if workspace.deleted:
            raise NotFoundError
        return workspace


@CREATORS.breaks("list.of-one-organization")
class ListsForeigners(FakeCoder):
    """list_workspaces() does not ask for the organization."""

    def list_workspaces(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Sequence[Workspace]:
        """Add those of all others."""
        listed = super().list_workspaces(owner_id, organization_id, deadline=deadline)
        others = [it.now for it in self.live if it.owner_id == owner_id and it.template.organization_id != organization_id]
        return [*listed, *others]


@CREATORS.breaks("log.goes-on")
class BeginsTheLogAnew(FakeCoder):
    """build_log() tells every line each time."""

    def build_log(self, workspace: Workspace, *, after: int, deadline: float) -> Sequence[LogLine]:
        """Forget what was read."""
        del after
        return super().build_log(workspace, after=0, deadline=deadline)
