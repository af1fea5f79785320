"""Where things are below the root. Every name that comes from outside is looked at before it becomes part of a path."""

from __future__ import annotations

import os
import re
import sys
from uuid import UUID, uuid5

from chatworkspace import InvalidArgumentError
from chatworkspace_local._worker.files import OddFileError, own_folder

NAMESPACE = UUID("6f0a2c1e-52ab-4c5e-9d0b-0f6f0c1d7a55")
ORGANIZATION_ID = uuid5(NAMESPACE, "organization")
OWNER_ID = uuid5(NAMESPACE, "owner")
ME = "me"
"""What the one owner of a machine is called."""
FOLDERS = ("templates", "workspaces", "locks", "deleted", "graves")
LONGEST_NAME = 100
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_-]{{0,{LONGEST_NAME - 1}}}")


def see_linux() -> None:
    """See that this is a machine that the platform can run on. RuntimeError."""
    if sys.platform != "linux" or not os.path.exists("/proc/self/stat"):
        raise RuntimeError(f"LocalPlatform needs Linux with /proc, and this is {sys.platform}: it tells processes apart by what /proc says")


def is_name(name: str) -> bool:
    """Tell whether a workspace may have that name: letters, digits, _ and -."""
    return _NAME.fullmatch(name) is not None


class Places:
    """The folders of one root: made where they are not there, ours alone where they are. InvalidArgumentError."""

    def __init__(self, root: object) -> None:
        if not isinstance(root, (str, os.PathLike)) or not os.fspath(root):
            raise InvalidArgumentError("root", "the path of a folder")
        text = os.fsdecode(os.fspath(root))
        if "\0" in text:
            raise InvalidArgumentError("root", "a path without NUL")
        self.root = os.path.abspath(text)
        try:
            os.makedirs(os.path.dirname(self.root), mode=0o700, exist_ok=True)
            self.root = os.path.join(os.path.realpath(os.path.dirname(self.root)), os.path.basename(self.root))
            for path in (self.root, *(f"{self.root}/{name}" for name in FOLDERS)):
                self._own(path)
        except OSError as error:
            raise InvalidArgumentError("root", f"a folder that can be made and written: {error.strerror}: {error.filename}") from error

    def _own(self, path: str) -> None:
        try:
            own_folder(path)
        except OddFileError as error:
            raise InvalidArgumentError("root", f"a folder of this user that no other may write: {path} {error}") from None

    @property
    def templates(self) -> str:
        """The folder of templates."""
        return f"{self.root}/templates"

    def owner_name(self, owner_id: UUID) -> str:
        """Return what an owner is called, here and by people."""
        return ME if owner_id == OWNER_ID else str(owner_id)

    def owner(self, owner_id: UUID) -> str:
        """Return the folder of an owner's workspaces."""
        return f"{self.root}/workspaces/{self.owner_name(owner_id)}"

    def home(self, owner_id: UUID, name: str) -> str:
        """Return the folder of a workspace."""
        return f"{self.owner(owner_id)}/{name.lower()}"

    def lock(self, owner_id: UUID, name: str) -> str:
        """Return the file that is locked to change it."""
        return f"{self.root}/locks/{self.owner_name(owner_id)}.{name.lower()}"

    def stone(self, owner_id: UUID, workspace_id: UUID) -> str:
        """Return the file that tells of a deleted one."""
        return f"{self.root}/deleted/{self.owner_name(owner_id)}/{workspace_id}.json"

    def grave(self, workspace_id: UUID) -> str:
        """Return where a deleted one is moved, to be removed."""
        return f"{self.root}/graves/{workspace_id}"

    def names(self, owner_id: UUID) -> list[str]:
        """Return the names of an owner's folders, in small letters. One that goes meanwhile takes no other off the list. OSError."""
        try:
            with os.scandir(self.owner(owner_id)) as entries:
                return sorted(it.name for it in entries if is_name(it.name) and it.is_dir(follow_symlinks=False))
        except FileNotFoundError:
            return []
