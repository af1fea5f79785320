"""What a storm goes over: a platform, those who interfere with it, and its record; and the simulated one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from random import Random
from typing import Protocol
from uuid import UUID

from chatworkspace import RefusedError
from chatworkspace_fake._platform.faults import Fault
from chatworkspace_fake._platform.states import OWNER
from chatworkspace_simulator import CoderSimulator
from chatworkspace_simulator._http.mishaps import WireFault
from tests.crash.checker import Seen, failed_at_first
from tests.crash.worker import Settings

SPEED = 10.0
"""Seconds of the library that pass in one, so that a claim lives for 3 s."""
LATE = 15.0
"""Seconds of the platform, after which late requests are acted upon."""
PER_MINUTE = 100_000
"""Requests to one path that the platform takes, and tells in each answer: more than a storm sends."""
OWN = 3
"""Workspaces of the user's own making that are there at any time, for chats to have."""


class Scene(Protocol):
    """One platform, for one storm. Used by one thread."""

    settings: Settings
    """Of the workers, but for the store."""
    templates: Sequence[str]
    late: float
    """Real seconds after which nothing is under way any more."""
    own: set[UUID]
    """Made by the user."""
    deleted: set[UUID]
    """By the user."""

    def add_own(self) -> Sequence[UUID]:
        """Let the user make some, so that there are a few, and return them."""
        ...

    def delete(self, chance: Random) -> bool:
        """Delete one, as a user does; return whether it is."""
        ...

    def acts(self, chance: Random) -> Iterable[tuple[float, str, Callable[[], bool]]]:
        """Return what else strikes: after how many real seconds each, what it is called, and what returns whether it has."""
        ...

    def raged(self) -> bool:
        """Tell whether all has struck that is this platform's own."""
        ...

    def calm(self) -> None:
        """Let nothing strike any more."""
        ...

    def made(self) -> Sequence[Seen]:
        """Return whatever the platform ever made, in that order."""
        ...

    def failed(self) -> Collection[UUID]:
        """Return those whose first build came to nothing."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Return what else is worth to be told."""
        ...


def arm(simulator: CoderSimulator, seed: int) -> list[Fault | WireFault]:
    """Let 10 % of all requests get lost (before or after they are acted upon), arrive late, or be refused, on the wire or by the platform."""
    chances = {"lose_request": 0.03, "lose_answer": 0.03, "arrive_late": 0.02, "proxy_page": 0.03}
    wire = {what: simulator.when("* /*", chance=chance, seed=seed + number) for number, (what, chance) in enumerate(chances.items())}
    wire["lose_request"].lose_request()
    wire["lose_answer"].lose_answer()
    wire["arrive_late"].arrive_late(LATE)
    wire["proxy_page"].proxy_page(503)
    refused = simulator.coder.when("create_workspace", chance=0.02, seed=seed)
    refused.refuse(403, "not now")
    return [*wire.values(), refused]


class Simulated(Scene):
    """A simulated platform, whose requests get lost, late or refused."""

    late = LATE / SPEED

    def __init__(self, simulator: CoderSimulator, seed: int) -> None:
        self.coder = simulator.coder
        self.settings = Settings(store="", coder=simulator.url, token=simulator.token, speed=SPEED, nested=True)
        self._docker, other = (self.coder.add_template(name, build=build) for name, build in (("docker", 2), ("other", 6)))
        self.templates = [str(it.id) for it in (self._docker, other)]
        self.own = set[UUID]()
        self.deleted = set[UUID]()
        self._simulator = simulator
        self._faults = arm(simulator, seed)

    def add_own(self) -> Sequence[UUID]:
        """Let the user make some."""
        there = [it.id for it in self.coder.live if it.id in self.own]
        more = range(len(self.own), len(self.own) + OWN - len(there))
        new = [self.coder.add_workspace(self._docker, f"own-{number}", owner_id=OWNER).id for number in more]
        self.own.update(new)
        return there + new

    def delete(self, chance: Random) -> bool:
        """Delete one, as a user does."""
        live = self.coder.live
        if live:
            workspace = chance.choice(live)
            self.deleted.add(workspace.id)
            with suppress(RefusedError):
                workspace.delete()
                return True
        return False

    def acts(self, chance: Random) -> Iterable[tuple[float, str, Callable[[], bool]]]:
        """Return what strikes beside."""
        del chance  # the faults strike by themselves
        return ()

    def raged(self) -> bool:
        """Tell whether that has struck."""
        return any(request.status == 0 for request in self._simulator.requests)

    def calm(self) -> None:
        """Let nothing strike any more."""
        for fault in self._faults:
            fault.disarm()

    def made(self) -> Sequence[Seen]:
        """Return whatever was made."""
        return self.coder.workspaces

    def failed(self) -> Collection[UUID]:
        """Return those whose first build came to nothing."""
        return {it.id for it in self.coder.workspaces if failed_at_first(it)}

    def counts(self) -> Mapping[str, int]:
        """Return what else is worth to be told."""
        statuses = [request.status for request in self._simulator.requests]
        return {"requests": len(statuses), "unanswered": statuses.count(0)}


@contextmanager
def simulated(seed: int) -> Generator[Simulated, None, None]:
    """Give one of its own."""
    with CoderSimulator(speed=SPEED, requests_per_minute=PER_MINUTE) as simulator:
        yield Simulated(simulator, seed)
