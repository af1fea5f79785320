"""What chats cost that wait, in one process, over real sockets: 1, 100, 1,000 and 5,000 of them, all of one owner.

python -m benchmarks.many --json FILE

The simulator has a process of its own. All builds are over, and no agent connects until it is told to. The baseline of the same run: as many bare
requests as there are chats, by the same client, in as many threads as it has connections.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "adapters")]

from benchmarks.elsewhere import Elsewhere, Settings  # noqa: E402 # runs from a checkout, installed or not
from benchmarks.report import command, say  # noqa: E402
from benchmarks.threads import in_threads  # noqa: E402
from chatworkspace import ChatWorkspaces, Timeouts  # noqa: E402
from chatworkspace.ports import SystemClock  # noqa: E402
from chatworkspace_coder import CoderClient  # noqa: E402
from chatworkspace_fake import NEVER, MemoryStore  # noqa: E402

CHATS = (1, 100, 1_000, 5_000)
BOUNDED = 1_000
"""Chats up to which no call may fail; of more it is told how many did."""
BUILT_BY = 16
"""Threads that make the workspaces, before it is measured."""
ASKED_BY = 32
"""Threads of the bare requests: the client's connections."""
COME_AT_ONCE = 100
"""Of those who wait: more would not all be answered in time, for each begins with a read."""
IDLE = 20.0
"""Seconds for which nothing happens: longer than a watch is believed without a fresh read."""
FIRST_SECONDS = 3.0
"""Seconds after all streams have broken in which requests are counted."""
WITHIN = 1.0
"""Seconds in which all become ready."""
PATIENCE = 120.0
"""Seconds after which a measurement is given up."""


class Waiting:
    """Chats that wait, a thread each. Instants are those of the clock that all processes of a machine share."""

    def __init__(self, server: Elsewhere, client: CoderClient, chats: int) -> None:
        self.chats = chats
        self.server = server
        self.client = client
        self._names = [f"chat-{number}" for number in range(chats)]
        user, clock = client.user(), SystemClock()
        self.service = ChatWorkspaces(store=MemoryStore(clock), creator=client, dialer=client, clock=clock, timeouts=Timeouts(connect=3600))
        for name in self._names:
            self.service.open_chat(name, owner_id=user.id, organization_id=user.organization_ids[0])
        self._template = server.template("waits", (0.0, NEVER, 0.0))
        self.told: list[float] = []
        """When each was told that it is ready."""
        self.failed: list[str] = []
        self._threads: list[threading.Thread] = []

    def begin(self) -> None:
        """Make the workspaces, and have each be waited for."""
        in_threads(BUILT_BY, lambda number: self.service.create(self._names[number], self._template, wait=0), range(len(self._names)))
        self._threads = [threading.Thread(target=self._wait, args=(name,)) for name in self._names]
        for number, thread in enumerate(self._threads):
            thread.start()
            if number % COME_AT_ONCE == 0:
                self._until_all_wait(number)
        self._until_all_wait(self.chats)

    def _until_all_wait(self, count: int) -> None:
        watches = self.service._parts.watches  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] # who waits is nobody's business but a measurement's
        until(lambda: len(watches) >= count)

    def _wait(self, name: str) -> None:
        outcome = self.service.create(name, self._template)
        self.told.append(time.monotonic())
        if not outcome.ready:
            self.failed.append(repr(outcome))

    def settle(self) -> None:
        """Wait until as many streams are open as will be."""
        before = -1
        while (now := self.server.open_watches()) != before:
            before = now
            time.sleep(1.0)

    def join(self) -> None:
        """Wait until all have been told. AssertionError: not all were told that their workspace is ready, and not too many wait for that."""
        for thread in self._threads:
            thread.join()
        assert not self.failed or self.chats > BOUNDED, f"{len(self.failed)} calls failed, the first: {self.failed[0]}"


def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds. TimeoutError."""
    by = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() >= by:
            raise TimeoutError("what was waited for did not come to be")
        time.sleep(0.02)


def row(chats: int, idle: float) -> dict[str, float]:
    """Measure so many chats."""
    with Elsewhere(Settings()) as server, CoderClient(server.url, token=server.token) as client:
        it = Waiting(server, client, chats)
        it.begin()
        it.settle()
        numbers = {"chats": chats, **cost(it, idle), **after_a_restart(it), **all_ready(it)}
        it.service.close()
    return say(f"{chats} chats", numbers)


def cost(it: Waiting, seconds: float) -> dict[str, float]:
    """Return what they cost while nothing happens."""
    asked, worked, began = it.server.requests(), time.process_time(), time.monotonic()
    time.sleep(seconds)
    worked, took = time.process_time() - worked, time.monotonic() - began
    return {
        "idle_percent_of_a_core": 100 * worked / took,
        "requests_per_second": (it.server.requests() - asked) / took,
        "threads": threading.active_count(),
        "sockets": sockets(),
    }


def sockets() -> int:
    """Return how many sockets the process has; where the system does not tell, -1."""
    folder = Path("/proc/self/fd")
    return sum(_is_socket(link) for link in folder.iterdir()) if folder.exists() else -1


def _is_socket(link: Path) -> bool:
    try:
        return str(link.readlink()).startswith("socket:")
    except OSError:  # the folder itself, closed by now
        return False


def after_a_restart(it: Waiting) -> dict[str, float]:
    """Break all streams at once; return how long it takes until all are open again, and the requests of the first seconds."""
    open_before, asked, began = it.server.open_watches(), it.server.requests(), time.monotonic()
    it.server.break_watches()
    until(lambda: it.server.open_watches() >= open_before)
    took = time.monotonic() - began
    time.sleep(max(began + FIRST_SECONDS - time.monotonic(), 0.0))
    return {"back_after_restart_seconds": took, "requests_in_the_first_seconds": it.server.requests() - asked}


def all_ready(it: Waiting) -> dict[str, float]:
    """Have all become ready; return how long after the first of them all were told, and what as many bare requests take."""
    began = time.monotonic()
    it.server.connect_agents(WITHIN if it.chats > 1 else 0.0)
    it.join()
    told, began = max(it.told) - began, time.monotonic()
    in_threads(min(ASKED_BY, it.chats), lambda _: it.client.user(), range(it.chats))
    return {"failed": len(it.failed), "last_told_seconds": told, "bare_requests_seconds": time.monotonic() - began}


def measured(*, quick: bool) -> dict[str, Any]:
    """Measure all of it. quick: in seconds, to see that it runs."""
    chats: Sequence[int] = (1, 20) if quick else CHATS
    return {"rows": [row(count, 1.0 if quick else IDLE) for count in chats]}


if __name__ == "__main__":
    sys.exit(command("many", "what chats cost that wait", measured))
