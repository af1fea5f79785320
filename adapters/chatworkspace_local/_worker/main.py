"""The program of a worker: leaves its parent, tells its number, waits for its job, and does it."""

from __future__ import annotations

import json
import os
import sys
import time

from chatworkspace_local._worker.ending import Ending, sessions_in
from chatworkspace_local._worker.files import read_line, write_json
from chatworkspace_local._worker.jobs import Job, result_path, sessions_path
from chatworkspace_local._worker.keeper import BuildError, Keeper
from chatworkspace_local._worker.processes import Identity
from chatworkspace_local._worker.removing import delete

PATIENCE = 60.0
"""Seconds in which the job comes: whoever begins a worker writes down its number first."""


def main(held: int) -> None:
    """Leave, and work. Input: the job, one line. Output: the number of the process that does it.

    held: an open file, locked, which is never closed: that it is locked proves this process alive, whoever looks.
    """
    os.set_inheritable(held, False)
    child = os.fork()
    if child:
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        os._exit(0)
    os.setsid()
    line = read_line(0, PATIENCE)
    nothing = os.open(os.devnull, os.O_RDWR)
    for file in (0, 1, 2):
        os.dup2(nothing, file)
    if line.endswith(b"\n"):
        work(Job(**json.loads(line)))


def work(job: Job) -> None:
    """Do a job; what stands in the way is told as its result."""
    try:
        _end_earlier(job)
        if job.kind == "delete":
            delete(job)
        elif job.kind == "stop":
            write_json(result_path(job.home, job.number), {"ended_at": time.time()})
        else:
            keeper = Keeper(job)
            keeper.build()
            keeper.serve()
    except Exception as error:  # noqa: BLE001 # whatever it is, it is told: there is nobody else to tell it to
        write_json(result_path(job.home, job.number), {"error": _words(error), "ended_at": time.time()})


def _words(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}"
    return str(error) if isinstance(error, BuildError) else repr(error)


def _end_earlier(job: Job) -> None:
    """End what earlier starts have left, running or not. BuildError: something stands in the way."""
    keepers = [(number, Identity(*identity)) for number, identity in job.keepers]
    if not keepers:
        return
    sessions = [it for number, keeper in keepers for it in sessions_in(sessions_path(job.home, number), keeper)]
    left = Ending(job.mark, [keeper for _, keeper in keepers], sessions).run(job.grace)
    if left:
        raise BuildError(left)
