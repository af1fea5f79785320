"""Ends what belongs to a workspace: all of it gets the whole grace, then nothing is left."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Collection, Sequence
from contextlib import suppress

from chatworkspace_local._worker.processes import Identity, Stat, belonging, identity_of, is_ours, send

FLOOR, CEILING = 0.02, 0.2
"""Seconds between two looks."""
KILLING = 10.0
"""Seconds in which what was killed is gone."""
_NOTE = re.compile(r"(?P<pid>[0-9]{1,18})-(?P<start>[0-9]{1,18})")


def sessions_in(folder: str, keeper: Identity) -> list[Identity]:
    """Return the leaders of sessions that a keeper has noted: files named PID-START."""
    with suppress(FileNotFoundError):
        noted = (_NOTE.fullmatch(name) for name in os.listdir(folder))
        return [Identity(int(it["pid"]), int(it["start"]), keeper.boot, keeper.space) for it in noted if it is not None]
    return []


def forget_sessions(folder: str, gone: Collection[int]) -> None:
    """Take away the notes of these numbers; what is no note stays."""
    with suppress(FileNotFoundError):
        for name in os.listdir(folder):
            note = _NOTE.fullmatch(name)
            if note is not None and int(note["pid"]) in gone:
                os.unlink(f"{folder}/{name}")


def note_session(folder: str) -> None:
    """Note that this process leads a session of the workspace, before it does anything else."""
    it = identity_of(os.getpid())
    if it is not None:
        os.close(os.open(f"{folder}/{it.pid}-{it.start}", os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))


class Ending:
    """The end of all processes of one workspace. roots: keepers, and leaders of sessions, as they were noted."""

    def __init__(self, mark: str, keepers: Sequence[Identity], sessions: Sequence[Identity]) -> None:
        self._mark = mark
        self._keepers = [it for it in keepers if is_ours(it)]
        self._roots = [*self._keepers, *sessions]
        self._known: set[tuple[int, int]] = set()

    def run(self, grace: float) -> str:
        """End them; return what stands in the way, or nothing. grace: seconds between asking and killing.

        The keeper is ended last: while it lives, what loses its parent stays below it.
        """
        self._ask(grace)
        left = self._kill()
        if left:
            return f"{len(left)} processes could not be ended: {', '.join(str(it.pid) for it in left[:10])}"
        return ""

    def _members(self) -> list[Stat]:
        return belonging(self._mark, self._roots, self._known)

    def _is_keeper(self, it: Stat) -> bool:
        return any((it.pid, it.start) == (keeper.pid, keeper.start) for keeper in self._keepers)

    def _ask(self, grace: float) -> None:
        over, asked, pause = time.monotonic() + grace, set[tuple[int, int]](), FLOOR
        while True:
            others = [it for it in self._members() if not self._is_keeper(it)]
            tidying = {it.pid for it in others if (it.pid, it.start) in asked}  # what these begin now is how they end
            fresh = [it for it in others if it.pid not in tidying and it.parent not in tidying]
            asked.update((it.pid, it.start) for it in fresh)
            send(fresh, signal.SIGTERM)
            send(fresh, signal.SIGCONT)  # one that is paused hears nothing else
            if not others or time.monotonic() >= over:
                return
            time.sleep(min(pause, max(over - time.monotonic(), 0.0)))
            pause = min(2 * pause, CEILING)

    def _kill(self) -> list[Stat]:
        over = time.monotonic() + KILLING
        while True:
            members = self._members()
            others = [it for it in members if not self._is_keeper(it)]
            send(others or members, signal.SIGKILL)
            if not members or time.monotonic() >= over:
                return members
            time.sleep(FLOOR)
