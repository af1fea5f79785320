"""Begins a worker: a process of its own that outlives the host, and does nothing before its number is written down."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from uuid import UUID

from chatworkspace_local._answers import variable_of
from chatworkspace_local._worker.files import lock_file, read_line, try_lock
from chatworkspace_local._worker.jobs import Job, lock_path, shell
from chatworkspace_local._worker.processes import MARK, Identity, identity_of

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
"""The folder that this package is in."""
PROGRAM = "import sys; sys.path.append({source!r}); from chatworkspace_local._worker.main import main; main({held})"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PATIENCE = 30.0
"""Seconds in which a worker tells its number."""


class LaunchError(Exception):
    """No worker was begun; the message says why."""


def python() -> str:
    """Return an interpreter. Where the host is embedded in another program, sys.executable is that program."""
    named = os.path.basename(sys.executable or "")
    return sys.executable if named.startswith("python") else shutil.which("python3", path=PATH) or "python3"


def base_python() -> str:
    """Return the interpreter that virtual environments can be made of: that which the host's own was made of."""
    found = str(getattr(sys, "_base_executable", "") or "")
    return found if os.path.basename(found).startswith("python") else python()


def environment(workspace_id: UUID, files: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of what runs in a workspace: nothing of the host's own, so that none of its secrets is among them."""
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        user = str(os.geteuid())
    own = {"PATH": PATH, "HOME": files, "PWD": files, "LANG": "C.UTF-8", "USER": user, "LOGNAME": user, "SHELL": shell()}
    answers = {variable_of(name): answer for name, answer in parameters.items()}
    return {**answers, **own, MARK: str(workspace_id), "CHATWORKSPACE_PYTHON": base_python()}


def launch(job: Job, written: Callable[[Identity], object]) -> None:
    """Begin a worker. `written` writes down who it is; until it returns the worker does nothing, and if it fails the worker ends.

    It holds its build's lock from before that until it ends, however it does: by that it is seen where its number says nothing. LaunchError, OSError.
    """
    with lock_file(lock_path(job.home, job.number)) as held:
        if not try_lock(held):
            raise LaunchError("another process does this build")
        _launch(job, written, held)


def _launch(job: Job, written: Callable[[Identity], object], held: int) -> None:
    process = subprocess.Popen(  # noqa: S603 # this interpreter, and a program of our own
        [python(), "-I", "-S", "-c", PROGRAM.format(source=SOURCE, held=held)],
        pass_fds=(held,),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={"LANG": "C.UTF-8"},
        start_new_session=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        line = read_line(process.stdout.fileno(), PATIENCE)
        worker = identity_of(int(line)) if line.strip().isdigit() else None
        if worker is None:
            process.kill()
            raise LaunchError(f"{python()} did not begin a process that keeps the workspace")
        written(worker)
        process.stdin.write(json.dumps(job._asdict()).encode() + b"\n")
        process.stdin.close()
