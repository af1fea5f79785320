"""Processes as the system tells them: which live, and which belong together. Reads /proc alone; nothing is claimed that it does not tell."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from enum import Enum
from functools import cache
from typing import NamedTuple

MARK = "CHATWORKSPACE_LOCAL_WORKSPACE"
"""The variable that every process of a workspace is started with: its id."""
ENDED = "ZX"
PAUSED = "Tt"
_PPID, _GROUP, _SESSION, _START = 1, 2, 3, 19
"""Where proc(5) has them, counted from the state."""


class Life(Enum):
    """Whether a process lives, as far as a look can prove it."""

    ALIVE = "alive"
    PAUSED = "paused"
    ENDED = "ended"
    ELSEWHERE = "elsewhere"
    """It was started on this machine in another pid namespace, where its number means another process."""


class Identity(NamedTuple):
    """A process, told from any later one of the same number."""

    pid: int
    start: int
    """Ticks of the system's clock between its start and that of the process."""
    boot: str
    space: str
    """The pid namespace."""


class Stat(NamedTuple):
    """One process, as it is now."""

    pid: int
    state: str
    parent: int
    group: int
    session: int
    start: int


@cache
def _boot() -> str:
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def _space() -> str:
    return os.readlink("/proc/self/ns/pid")  # read anew each time: a process may be moved, and a child of fork() be elsewhere


def stat_of(pid: int) -> Stat | None:
    """Return how a process is; None: there is none."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text[text.rindex(b")") + 2 :].split()
    return Stat(pid, fields[0].decode(), int(fields[_PPID]), int(fields[_GROUP]), int(fields[_SESSION]), int(fields[_START]))


def identity_of(pid: int) -> Identity | None:
    """Return who a process is; None: there is none."""
    found = stat_of(pid)
    return None if found is None else Identity(pid, found.start, _boot(), _space())


def life_of(it: Identity) -> Life:
    """Return whether that very process lives. One of another boot does not."""
    if it.boot != _boot():
        return Life.ENDED
    if it.space != _space():
        return Life.ELSEWHERE
    found = stat_of(it.pid)
    if found is None or found.start != it.start or found.state in ENDED:
        return Life.ENDED
    return Life.PAUSED if found.state in PAUSED else Life.ALIVE


def is_ours(it: Identity) -> bool:
    """Tell whether its number means here what it meant where it was noted."""
    return it.boot == _boot() and it.space == _space()


def all_processes() -> dict[int, Stat]:
    """Return all that live, by number."""
    numbers = (int(name) for name in os.listdir("/proc") if name.isdigit())
    return {it.pid: it for it in map(stat_of, numbers) if it is not None and it.state not in ENDED}


def belonging(mark: str, roots: Iterable[Identity], known: set[tuple[int, int]]) -> list[Stat]:
    """Return the living processes of a workspace, and add them to `known`, by number and start.

    They descend from one of its roots or from what is known, are of a session or group of these, or carry its mark. roots: the keeper and the leaders
    of sessions that were noted. This process is never among them.
    """
    table = all_processes()
    noted = {(it.pid, it.start) for it in roots if is_ours(it)}
    leaders = _leaders(noted | known, table)
    found = {it.pid for it in table.values() if (it.pid, it.start) in noted | known or _is_led(it, leaders) or _is_marked(it.pid, mark)}
    _add_descendants(found, table)
    found.discard(os.getpid())
    members = [table[pid] for pid in sorted(found)]
    known.update((it.pid, it.start) for it in members)
    return members


def _leaders(noted: set[tuple[int, int]], table: dict[int, Stat]) -> dict[int, int]:
    """Return the numbers of sessions and groups that are still those of their leaders, with the leaders' starts.

    While a member lives its number is given to no other process; where another process has it, the session is over.
    """
    return {pid: start for pid, start in noted if pid not in table or table[pid].start == start}


def _is_led(it: Stat, leaders: dict[int, int]) -> bool:
    return any(number in leaders and it.start >= leaders[number] for number in (it.session, it.group))


def _is_marked(pid: int, mark: str) -> bool:
    with suppress(OSError), open(f"/proc/{pid}/environ", "rb") as file:
        return f"{MARK}={mark}".encode() in file.read().split(b"\0")
    return False


def _add_descendants(found: set[int], table: dict[int, Stat]) -> None:
    more = found
    while more:
        more = {it.pid for it in table.values() if it.parent in found and it.pid not in found}
        found |= more


def send(members: Iterable[Stat], number: int) -> list[Stat]:
    """Send a signal to each that is still the one that was seen; return those that may not be sent one."""
    return [it for it in members if not _sent(it, number)]


def _sent(it: Stat, number: int) -> bool:
    """Send it to the very process that was seen, whose number may be another's at any time: what holds it was opened before it is looked at anew."""
    try:
        held = os.pidfd_open(it.pid)
    except ProcessLookupError:
        return True
    try:
        found = stat_of(it.pid)
        if found is not None and found.start == it.start:
            signal.pidfd_send_signal(held, number)
    except ProcessLookupError:
        pass
    except PermissionError:
        return False
    finally:
        os.close(held)
    return True
