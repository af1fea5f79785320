"""Starts commands of a workspace, each as the leader of a session that is noted before it does anything, and knows how they end."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Callable, Mapping

from chatworkspace_local._worker.ending import forget_sessions, note_session
from chatworkspace_local._worker.jobs import exit_code
from chatworkspace_local._worker.processes import MARK, all_processes

_PR_SET_CHILD_SUBREAPER = 36

Ended = Callable[[int], None]
"""Told the exit code, as shells tell it."""


def adopt_orphans() -> None:
    """Have all that descends from this process stay below it, whatever of it ends: see prctl(2). OSError."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


class Children:
    """The commands of one keeper. One thread."""

    def __init__(self, sessions: str, folder: str, environment: dict[str, str]) -> None:
        self._sessions = sessions
        self._folder = folder
        self._environment = environment
        self._running: dict[int, Ended] = {}
        self._over: list[int] = []

    def start(
        self, command: list[str], files: tuple[int, int, int], ended: Ended, folder: str = "", environment: Mapping[str, str] | None = None
    ) -> int:
        """Run a command on these as its input, output and errors; return its number. OSError: it was not started.

        folder: where, from that of the workspace on. environment: variables beside the workspace's; none takes the place of its mark.
        """
        process = subprocess.Popen(  # noqa: S603 # running what is asked for is what a workspace is for
            command,
            stdin=files[0],
            stdout=files[1],
            stderr=files[2],
            cwd=os.path.join(self._folder, folder),
            env={**self._environment, **(environment or {}), MARK: self._environment[MARK]},
            start_new_session=True,
            preexec_fn=self._note,  # noqa: PLW1509 # this process has one thread
        )
        process.returncode = 0  # it is waited for below, with the orphans
        self._running[process.pid] = ended
        return process.pid

    def _note(self) -> None:
        note_session(self._sessions)

    def reap(self) -> None:
        """Take note of all that have ended, orphans among them."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            ended = self._running.pop(pid, None)
            if ended is not None:
                self._over.append(pid)
                ended(exit_code(status))
        self._forget()

    def _forget(self) -> None:
        """Take away the notes of sessions of which nobody is left: their numbers may be given to others."""
        if not self._over:
            return
        sessions = {number for it in all_processes().values() for number in (it.session, it.group)}
        gone = {pid for pid in self._over if pid not in sessions}
        forget_sessions(self._sessions, gone)
        self._over = [pid for pid in self._over if pid not in gone]
