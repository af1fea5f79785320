"""A server that speaks as Coder does, over a FakeCoder."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from threading import Lock, Thread
from typing import TYPE_CHECKING, Literal, cast
from uuid import UUID

from chatworkspace import InvalidArgumentError
from chatworkspace_fake import FakeCoder, ScaledClock
from chatworkspace_fake._arguments import check_id, check_instance, check_text, check_whole, check_whole_or_none
from chatworkspace_fake._platform.faults import odds_of
from chatworkspace_fake._platform.states import OWNER
from chatworkspace_simulator import _gate, _page
from chatworkspace_simulator._api.levels import level_of
from chatworkspace_simulator._api.world import World
from chatworkspace_simulator._http.limits import RateLimit
from chatworkspace_simulator._http.mishaps import Mishaps, WireFault
from chatworkspace_simulator._http.server import Arrival, Seen, Server
from chatworkspace_simulator._http.streams import Answer
from chatworkspace_simulator._stock import stock

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self


class CoderSimulator:
    """Serves a FakeCoder over Coder's API, on 127.0.0.1, from when it is entered until it is left; nothing runs then. Safe from any thread.

    Every id is a user's, unless set_user() says otherwise. The holder of `token` is the site's owner and may act for all; holders of other tokens see
    what is theirs.
    One that is made without a FakeCoder, and has no template when it is first asked, has those of `chatworkspace simulator` from then on.
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
        requests_per_minute: int | None = 512,
        first_dials: Literal["slow", "quick"] = "slow",
    ) -> None:
        """Prepare it; no socket is opened yet.

        level: "2.20", "2.24", "2.29", "2.35" or "newest"; the platform decides by its rules then. port=0: any that is free. tokens: token -> user.
        speed: seconds that pass in one, for a FakeCoder that is made here; one that is given has its own clock. requests_per_minute: to one path,
        which every answer tells; None: no limit, and no word of one. first_dials: of each agent of a FakeCoder that is made here; for one that is
        given FakeCoder.slow_first_dials() says it. InvalidArgumentError.
        """
        self._stocking = Lock()
        """Guards whether what is served is ours to be stocked, which is looked for once, before anything is answered."""
        self._bare = coder is None
        self.coder: FakeCoder = _platform(coder, speed, first_dials)
        """The platform that is served; its faults are those of the server."""
        known = {} if tokens is None else _known(tokens)
        self.token: str = next((token for token, user in known.items() if user == OWNER), "") or _new_token()
        """Of the site's owner."""
        self._world = World(self.coder, level_of(level), {self.token: OWNER, **known})
        self._world.is_shared = lambda: self.open_connections > 1
        self._limit = RateLimit(self._world.clock, check_whole_or_none("requests_per_minute", requests_per_minute, least=1))
        self._mishaps = Mishaps()
        self._port = check_whole("port", port, least=0, most=65535)
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
        return self._mishaps.when(request, nth=nth, times=times, odds=odds_of(chance, seed))

    def set_user(self, user_id: UUID, status: Literal["active", "suspended", "unknown"]) -> None:
        """Let a user be active (at first, as every id is), suspended, so that no token of theirs is taken, or unknown: there is no such user.

        What is theirs stays as it is, and watches that are open go on. InvalidArgumentError.
        """
        check_id("user_id", user_id)
        if status not in {"active", "suspended", "unknown"}:
            raise InvalidArgumentError("status", '"active", "suspended" or "unknown"')
        self._world.statuses[user_id] = status

    def expire(self, token: str) -> None:
        """Let a token be over from now on; watches that are open go on. InvalidArgumentError: it is none of this simulator's."""
        if self._world.holder(check_text("token", token, empty=False)) is None:
            raise InvalidArgumentError("token", "one of this simulator's")
        self._world.expired[token] = self._world.clock.now()

    def unstruck(self) -> tuple[str, ...]:
        """Return the faults, of the wire and of the platform, that were armed and have not struck."""
        return (*self._mishaps.unstruck(), *self.coder.unstruck())

    # ------------------------------------------------------------ inside

    def _answer(self, arrival: Arrival) -> Answer:
        with self._stocking:
            if self._bare and not self.coder.inside.platform.templates:
                stock(self.coder)
            self._bare = False
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


def _platform(coder: FakeCoder | None, speed: float, first_dials: Literal["slow", "quick"]) -> FakeCoder:
    """Return the platform to serve."""
    if first_dials not in {"slow", "quick"}:
        raise InvalidArgumentError("first_dials", '"slow" or "quick"')
    if coder is None:
        coder = FakeCoder(ScaledClock(speed))
        coder.slow_first_dials(0 if first_dials == "slow" else None)
        return coder
    if speed != 1.0:
        raise InvalidArgumentError("speed", "1 beside a coder: make the FakeCoder with ScaledClock(speed)")
    return check_instance("coder", coder, FakeCoder, "a FakeCoder")


def _known(tokens: Mapping[str, UUID]) -> dict[str, UUID]:
    """Return whose each token is."""
    if not isinstance(cast("object", tokens), Mapping):
        raise InvalidArgumentError("tokens", "a mapping of tokens to the ids of users")
    for token, user in tokens.items():
        text = check_instance("tokens", token, str, "text for each token")
        if not text or not text.isascii() or not text.isprintable() or " " in text:
            raise InvalidArgumentError("tokens", "text that a header can carry, without spaces")
        check_instance("tokens", user, UUID, "a UUID for each user")
    return dict(tokens)


def _new_token() -> str:
    """Return a token in the form of the server's: an id, and a secret."""
    return f"{secrets.token_hex(5)}-{secrets.token_hex(11)}"
