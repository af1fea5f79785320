"""Deletes a workspace: its stone is set, it is moved away by one step, and then removed."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import suppress

from chatworkspace_local._worker.files import LockedError, forget_halves, locked, sync_folder, write_json
from chatworkspace_local._worker.jobs import Job

PATIENCE = 30.0
"""Seconds in which a lock that is held for a moment is had."""


def delete(job: Job) -> None:
    """Delete it; what could not be removed is written on its stone. OSError: it is still there."""
    says = {**job.says, "deleted_at": time.time(), "left": ""}
    try:
        with locked(job.lock, time.monotonic() + PATIENCE):
            forget_halves(job.stone)
            write_json(job.stone, says)
            os.rename(job.home, job.grave)
            sync_folder(os.path.dirname(job.home))
            with suppress(OSError):
                os.unlink(job.lock)
    except LockedError:
        raise TimeoutError(0, f"the workspace was locked for {PATIENCE:g} s") from None
    left = remove(job.grave)
    if left:
        write_json(job.stone, {**says, "left": left})
    _remove_others(os.path.dirname(job.grave))


def _remove_others(graves: str) -> None:
    """Remove what is left of those whose removal was cut short. Several may be at it: what one does not find another has removed."""
    for name in os.listdir(graves):
        remove(f"{graves}/{name}")


def remove(folder: str) -> str:
    """Remove a folder and all in it, read-only folders as well; return what stands in the way, or nothing. Follows no link."""
    said = _run("rm", "-rf", "--", folder)
    if os.path.lexists(folder):
        _run("chmod", "-R", "u+rwX", "--", folder)
        said = _run("rm", "-rf", "--", folder)
    return (said or f"{folder} could not be removed")[:2000] if os.path.lexists(folder) else ""


def _run(*command: str) -> str:
    """Run a tool of the system; return what it says of errors. It takes folders of any depth, and follows no link."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603 # names of the system, a path of ours
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    return done.stderr.decode("utf-8", "replace")
