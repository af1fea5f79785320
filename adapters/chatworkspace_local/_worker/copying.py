"""Copies a template's files into a new workspace. Nothing is followed out of the template, and nothing that is there is written over."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterator
from contextlib import suppress

from chatworkspace_local._worker.files import OddFileError, make_folder, open_regular, whole_file

OWN = frozenset({"template.toml", "setup", "README.md"})
"""Names at the top of a template that are about it, not of it."""
CHUNK = 1024 * 1024


def copy_template(source: str, target: str) -> Iterator[str]:
    """Copy all files of a template, each whole or not at all; yield a line for each that is left out. OSError.

    Who copies may be killed, and the next one goes on. Beside the target is the file that is not whole yet.
    """
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        for name in sorted(os.listdir(os.path.join(source, folder))):
            path = posixpath.join(folder, name)
            if path in OWN:
                continue
            mode = os.lstat(os.path.join(source, path)).st_mode
            if stat.S_ISDIR(mode):
                make_folder(os.path.join(target, path))
                waiting.append(path)
            elif said := _copy(source, target, path, mode):
                yield f"left out {path!r}: {said}"


def _copy(source: str, target: str, path: str, mode: int) -> str:
    """Copy one that is no folder; return why it was left out, or nothing."""
    if stat.S_ISLNK(mode):
        return _copy_link(source, target, path)
    if not stat.S_ISREG(mode):
        return "it is neither a file, a folder nor a link"
    try:
        _copy_file(os.path.join(source, path), os.path.join(target, path), f"{target}.tmp")
    except OddFileError as error:
        return f"it {error}"
    return ""


def _copy_link(source: str, target: str, path: str) -> str:
    leads_to = os.readlink(os.path.join(source, path))
    if not stays_inside(path, leads_to):
        return "the link leads out of the template"
    with suppress(FileExistsError):
        os.symlink(leads_to, os.path.join(target, path))
    return ""


def stays_inside(path: str, leads_to: str) -> bool:
    """Tell whether a link at a path stays inside, whatever other links it goes over: it may climb at its beginning alone."""
    parts = [part for part in leads_to.split("/") if part not in {"", "."}]
    climbs = 0
    while climbs < len(parts) and parts[climbs] == "..":
        climbs += 1
    return not leads_to.startswith("/") and climbs <= path.count("/") and ".." not in parts[climbs:]


def _copy_file(source: str, target: str, half: str) -> None:
    with open(open_regular(source), "rb") as original:
        mode = 0o700 if os.fstat(original.fileno()).st_mode & stat.S_IXUSR else 0o600
        if os.path.lexists(target):
            return
        with whole_file(target, half, mode) as copy:
            while chunk := original.read(CHUNK):
                copy.write(chunk)
