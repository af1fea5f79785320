"""A server that speaks as Coder does, over a FakeCoder."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from threading import Thread
from typing import TYPE_CHECKING
from uuid import UUID

from chatworkspace import InvalidArgumentError
from chatworkspace_fake import FakeCoder, ScaledClock
from chatworkspace_fake._platform.faults import Odds
from chatworkspace_fake._platform.states import OWNER
from chatworkspace_simulator import _gate, _page
from chatworkspace_simulator._api.levels import level_of
from chatworkspace_simulator._api.world import World
from chatworkspace_simulator._http.limits import RateLimit
from chatworkspace_simulator._http.mishaps import Mishaps, WireFault
from chatworkspace_simulator._http.server import Arrival, Seen, Server
from chatworkspace_simulator._http.streams import Answer

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self


class CoderSimulator:
    """Serves a FakeCoder over Coder's API, on 127.0.0.1, from when it is entered until it is left; nothing runs then. Safe from any thread.

    Every id is a user's. The holder of `token` is the site's owner and may act for all; holders of other tokens see what is theirs.
    A fault of the FakeCoder that gives no answer holds the connection until the client gives up, since its deadline is not known here.
    """

    def __init__(
        self,
        coder: FakeCoder | None = None,
        *,
        level: str = "newest",
        port: int = 0,
        tokens: Mapping[str, UUID] | None = None,
        speed: float = 1.0,
        requests_per_minute: int | None = None,
    ) -> None:
        """Prepare it; no socket is opened yet.

        level: "2.20", "2.24", "2.34" or "newest". port=0: any that is free. tokens: token -> user. speed: seconds that pass in one, for a
        FakeCoder that is made here; one that is given has its own clock. requests_per_minute: to one path; None: no limit. InvalidArgumentError.
        """
        if coder is not None and speed != 1.0:
            raise InvalidArgumentError("speed", "1 beside a coder: make the FakeCoder with ScaledClock(speed)")
        if requests_per_minute is not None and requests_per_minute < 1:
            raise InvalidArgumentError("requests_per_minute", "at least 1, or None")
        self.coder: FakeCoder = FakeCoder(ScaledClock(speed)) if coder is None else coder
        """The platform that is served; its faults are those of the server."""
        known = dict(tokens or {})
        if not all(token and token.isascii() and token.isprintable() and " " not in token for token in known):
            raise InvalidArgumentError("tokens", "text that a header can carry, without spaces")
        self.token: str = next((token for token, user in known.items() if user == OWNER), "") or _new_token()
        """Of the site's owner."""
        self._world = World(self.coder, level_of(level), {self.token: OWNER, **known})
        self._limit = RateLimit(self._world.clock, requests_per_minute)
        self._mishaps = Mishaps()
        self._port = port
        self._server: Server | None = None
        self._thread: Thread | None = None
        self._seen: list[Seen] = []

    # ------------------------------------------------------------ running

    def __enter__(self) -> Self:
        """Listen. OSError: the port is in use."""
        self._server = server = Server(
            self._port,
            answer=self._answer,
            clock=self._world.clock,
            version=self._world.level.version,
            faults=self._world.inside.faults,
            mishaps=self._mishaps,
        )
        server.seen = self._seen
        self._port = server.server_port
        self._thread = Thread(target=server.accept, name=f"simulator-{self._port}", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End every connection, and wait for the threads."""
        server, self._server = self._server, None
        if server is not None and self._thread is not None:
            self.coder.break_watches()
            server.stop(self._thread)

    @property
    def url(self) -> str:
        """Where it listens, once it was entered."""
        return f"http://127.0.0.1:{self._port}"

    # ------------------------------------------------------------ what happened, and what is to go wrong

    @property
    def requests(self) -> list[Seen]:
        """Those that were dealt with, in the order of their answers."""
        return list(self._seen)

    @property
    def connections(self) -> int:
        """How many TCP connections were made."""
        return 0 if self._server is None else self._server.accepted

    @property
    def open_connections(self) -> int:
        """How many TCP connections are open."""
        return 0 if self._server is None else self._server.open_connections

    def when(self, request: str, *, nth: int = 1, times: int = 1, chance: float | None = None, seed: int = 0) -> WireFault:
        """Choose the nth such request from now on, and those behind it, `times` in all; with a chance every one, each with that likelihood.

        request: a method and the end of a path, `*` for any method or segment: "POST /workspaces", "GET /workspaces/*". InvalidArgumentError.
        """
        return self._mishaps.when(request, nth=nth, times=times, odds=None if chance is None else Odds(chance, seed))

    def unstruck(self) -> tuple[str, ...]:
        """Return the faults, of the wire and of the platform, that were armed and have not struck."""
        return (*self._mishaps.unstruck(), *self.coder.unstruck())

    # ------------------------------------------------------------ inside

    def _answer(self, arrival: Arrival) -> Answer:
        page = _page.page(self._world, arrival.method, arrival.target, self._seen)
        if page is not None:
            return page
        return _gate.answer(
            self._world,
            self._limit,
            method=arrival.method,
            target=arrival.target,
            headers=arrival.headers,
            body=arrival.body,
            address=arrival.address,
        )


def _new_token() -> str:
    """Return a token in the form of the server's: an id, and a secret."""
    return f"{secrets.token_hex(5)}-{secrets.token_hex(11)}"
