"""What the library costs a Coder server, counted at the server: requests, connections, and what is left open."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from benchmarks.threads import in_threads
from chatworkspace import ChatWorkspaces, ClosedError, Outcome, State, Template, Timeouts, UnavailableError
from chatworkspace.ports import Clock, SystemClock
from chatworkspace_coder import CoderClient
from chatworkspace_fake import Fails, FakeCoder, MemoryStore
from chatworkspace_simulator import CoderSimulator
from tests.adapters.coder.server import soon
from tests.adapters.over_http.real import ScaledClient, SkippingClock
from tests.forks import ended, in_child
from tests.hanging import PATIENCE, until
from tests.ways import levels

VERSION, ALLOWED = "GET /templateversions/*", "GET /api/experimental/chats/config/template-allowlist"
MOST = ["GET /templates/*", "POST /users/*/workspaces", "GET /workspaces/*/watch-ws", "GET /workspaces/*", "GET /workspaceagents/*/listening-ports"]
"""What a creation asks, in order: template, creation, watch, one read, dial."""
WARM = MOST[-1]
"""The same request as the dial, once more, while the scripts of a fresh agent run."""
FIRST: dict[str, list[str]] = {
    "newest": [VERSION],
    "2.35": [VERSION, ALLOWED],
    "2.29": [VERSION, ALLOWED],
    "2.24": [VERSION, ALLOWED],
    "2.20": [VERSION, ALLOWED],
}
"""What a client asks with the first creation of a version beside that: servers that do not tell with the template whether chats may use it are asked
once a minute, and once in all where there is no such list."""


def asked_of(level: str) -> list[str]:
    """Return what each creation asks: older servers are watched by server-sent events."""
    return [it.replace("watch-ws", "watch") for it in MOST] if level == "2.20" else MOST


class World:
    """A service over the client, over real sockets."""

    def __init__(self, simulator: CoderSimulator, client: CoderClient, clock: Clock | None = None, **service: Any) -> None:
        self.simulator = simulator
        self.client = client
        of = clock or SystemClock()
        self.service = ChatWorkspaces(store=MemoryStore(of), creator=client, dialer=client, clock=of, **service)
        me = client.user()
        self._of = {"owner_id": me.id, "organization_id": me.organization_ids[0]}

    def template(self, name: str = "docker", **properties: Any) -> Template:
        """Add a template."""
        return self.simulator.coder.add_template(name, **properties)

    def create(self, chat: str, template: Template) -> Outcome:
        """Give a new chat its workspace, ready."""
        self.service.open_chat(chat, **self._of)
        outcome = self.service.create(chat, template.id)
        assert outcome.ready
        return outcome

    def asked(self, act: Callable[[], object]) -> list[str]:
        """Act, and return what the server was asked meanwhile, in the order of its answers; of ids only that there is one."""
        before = len(self.simulator.requests)
        act()
        return [_plain(f"{it.method} {it.path}") for it in self.simulator.requests[before:]]


def _plain(request: str) -> str:
    parts = request.replace("/api/v2/", "/").split("/")
    return "/".join("*" if len(it) == 36 and it.count("-") == 4 else it for it in parts)


def _client(simulator: CoderSimulator, clock: SkippingClock | None, connections: int) -> CoderClient:
    return CoderClient(simulator.url, token=simulator.token, connections=connections) if clock is None else ScaledClient(clock, simulator)


@contextmanager
def world(
    level: str = "newest", *, speed: float | None = None, watching: bool = True, connections: int = 32, ttl: bool = False
) -> Generator[World, None, None]:
    clock = None if speed is None else SkippingClock(speed)
    coder = FakeCoder(clock, watching=watching)
    with CoderSimulator(coder, level=level) as simulator, _client(simulator, clock, connections) as client:
        it = World(simulator, client, clock, timeouts=Timeouts(build=700), **({"workspace_ttl": client.workspace_ttl} if ttl else {}))
        yield it
        it.service.close()


# ---------------------------------------------------------------- requests


@pytest.mark.parametrize("level", levels())
def test_a_creation_that_is_watched_is_five_requests(level: str) -> None:
    """And one for each version that is new to the client; what else a server of that age is asked once is said in FIRST."""
    with world(level) as it:
        docker = it.template(build=0.2, connect=0.1)
        first = it.asked(lambda: it.create("a", docker))
        once = {*FIRST[level], "GET /workspaces/*/watch-ws"} - set(asked_of(level))
        assert sorted(first) == sorted([*asked_of(level), *once])
        assert it.asked(lambda: it.create("b", docker)) == asked_of(level)
        newer = it.simulator.coder.update_template("docker", readme="another version")
        assert sorted(it.asked(lambda: it.create("c", newer))) == sorted([*asked_of(level), VERSION])


@pytest.mark.parametrize("level", levels())
def test_scripts_add_one_request(level: str) -> None:
    """While they run the agent is reached ahead of the dial."""
    with world(level) as it:
        docker = it.template(build=0.2, connect=0.1, scripts=0.3)
        it.create("a", docker)
        assert it.asked(lambda: it.create("b", docker)) == [*asked_of(level), WARM]


@pytest.mark.parametrize(
    ("level", "first", "later"),
    [
        ("newest", ["/chats/config/workspace-ttl"], ["/chats/config/workspace-ttl"]),
        (
            "2.35",
            ["/chats/config/workspace-ttl", "/api/experimental/chats/config/workspace-ttl"],
            ["/api/experimental/chats/config/workspace-ttl"],
        ),
        ("2.24", ["/chats/config/workspace-ttl"], []),
        ("2.20", ["/chats/config/workspace-ttl"], []),
    ],
)
def test_the_lifetime_is_asked_for_once_a_minute(level: str, first: list[str], later: list[str]) -> None:
    """One request, where the server's setting decides; older servers have it elsewhere, or not at all, and that is found out once.

    The oldest have shown by their page, in place of the list of templates, that they have nothing for chats.
    """
    with world(level, ttl=True) as it:
        docker = it.template(build=0.1)
        asked = it.asked(lambda: [it.create(chat, docker) for chat in "abc"])
        assert [path for path in asked if path.endswith("workspace-ttl")] == [f"GET {path}" for path in first]
        it.client._settings._lifetime._told = None  # as after a minute
        again = it.asked(lambda: it.create("d", docker))
        assert [path for path in again if path.endswith("workspace-ttl")] == [f"GET {path}" for path in later]


@pytest.mark.parametrize("level", [pytest.param("2.20", marks=pytest.mark.exhaustive), "newest"])
def test_a_long_build_adds_a_read_every_15_s(level: str) -> None:
    """Two minutes of building, during which the watch has nothing to say."""
    with world(level, speed=20) as it:
        quick, slow = it.template(build=10), it.template("slow", build=110, connect=10)
        it.create("a", quick)
        asked = it.asked(lambda: it.create("b", slow))
        reads = asked.count("GET /workspaces/*")
        rest = [path for path in asked if path != "GET /workspaces/*"]
        assert sorted(rest) == sorted([*(path for path in asked_of(level) if path != "GET /workspaces/*"), VERSION])
        assert 2 <= reads <= 1 + 120 / 15


@pytest.mark.parametrize("level", levels())
def test_a_creation_that_is_polled(level: str) -> None:
    """Where a server cannot be watched: one poll at once, then every 400 ms up to 30 s, and every 2 s: at most 102 a minute."""
    with world(level, speed=20, watching=False) as it:
        quick, slow = it.template(build=5), it.template("slow", build=60)
        it.create("a", quick)
        asked = it.asked(lambda: it.create("b", slow))
        polls = asked.count("GET /workspaces/*")
        rest = [path for path in asked if path != "GET /workspaces/*"]
        assert sorted(rest) == sorted([*(path for path in MOST if not path.startswith("GET /workspaces/")), VERSION])
        assert 15 <= polls <= 1 + 30 / 0.36 + 30 / 1.8


def test_the_log_is_read_once_a_second_while_somebody_follows() -> None:
    """However many do; its last lines are there when it failed, and nobody reads it who only waits."""
    with world(speed=10) as it:
        quiet = it.template("quiet", build=20, log=("one", "two", "three"))
        assert not any("logs" in path for path in it.asked(lambda: it.create("a", quiet)))
        fails = it.template("fails", build=Fails(after=60, error="no space left"), log=("planning", "applying", "no space left"))
        it.service.open_chat("b", **it._of)
        followed: list[list[str]] = [[], [], []]

        def follow(lines: list[str]) -> None:
            lines += [progress.line for progress in it.service.follow("b") if progress.line is not None]

        def create() -> None:
            it.service.create("b", fails.id, wait=0)
            threads = [threading.Thread(target=follow, args=(lines,)) for lines in followed]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        asked = it.asked(create)
        assert all(lines[-1] == "no space left" and lines[0] == "planning" for lines in followed)
        assert 5 <= asked.count("GET /workspacebuilds/*/logs") <= 63


@pytest.mark.parametrize("level", [pytest.param("2.20", marks=pytest.mark.exhaustive), "newest"])
def test_a_watch_that_falls_silent(level: str) -> None:
    """The connection stays, and nothing comes any more: what happened is read within 15 s, by one request."""
    with world(level, speed=20) as it:
        docker, slow = it.template(build=3), it.template("slow", build=6)
        it.create("a", docker)
        it.simulator.when(f"GET {asked_of(level)[2].split()[1]}").stall(after=1)
        asked = it.asked(lambda: it.create("b", slow))
        assert sorted(asked) == sorted([*asked_of(level), VERSION, "GET /workspaces/*"])
        assert it.simulator.unstruck() == ()


# ---------------------------------------------------------------- connections


@pytest.mark.parametrize("watching", [True, False], ids=["watching", "polling"])
def test_32_threads_share_connections(watching: bool) -> None:  # noqa: FBT001
    """Requests of all go over as many connections as were allowed; each watch has one of its own, as long as it lasts."""
    with world(watching=watching, connections=4) as it:
        docker = it.template(build=1.0, connect=0.2)
        it.create("first", docker)
        before = it.simulator.connections
        assert before <= 4 + 2
        in_threads(32, lambda number: it.create(f"chat-{number}", docker), range(32))
        assert len(it.simulator.coder.live) == 33
        assert it.simulator.connections - before <= 4 + (32 if watching else 0)
        until(lambda: it.simulator.open_connections <= 4)


def files() -> set[str]:
    """Return the open file descriptors of this process, and what they are."""
    return {f"{it.name} {it.readlink()}" for it in Path("/proc/self/fd").iterdir() if it.is_symlink()}


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not list open files so")
def test_nothing_is_open_after_close() -> None:
    """No connection at the server, no thread and no file here; also of a creation that was under way."""
    coder = FakeCoder()
    with CoderSimulator(coder) as simulator:
        before = files(), set(threading.enumerate())
        client = CoderClient(simulator.url, token=simulator.token)
        it = World(simulator, client)
        docker, endless = it.template(build=0.1), it.template("endless", build=600)
        in_threads(8, lambda number: it.create(f"chat-{number}", docker), range(8))
        it.service.open_chat("endless", **it._of)

        def wait() -> None:
            with suppress(ClosedError):
                it.service.create("endless", endless.id)

        waiting = threading.Thread(target=wait)
        waiting.start()
        until(lambda: client._watching.streams == 1)
        assert simulator.open_connections >= 2
        it.service.close()
        client.close()
        waiting.join(PATIENCE)
        until(lambda: simulator.open_connections == 0)
        until(lambda: set(threading.enumerate()) <= before[1])
        until(lambda: coder.open_watches == 0)
        until(lambda: files() <= before[0])


def test_idle_connections_are_closed_beside_one_in_use() -> None:
    """At once, though whoever waits for an answer holds on to what it has."""
    with world() as it:
        docker = it.template(build=0.1)
        in_threads(4, lambda number: it.create(f"chat-{number}", docker), range(4))
        it.simulator.when("GET /users/*").stall()
        failed: list[UnavailableError] = []

        def wait() -> None:
            try:
                it.client.user()
            except UnavailableError as error:
                failed.append(error)  # with its traceback

        waiting = threading.Thread(target=wait)
        asked = len(it.simulator.requests)
        waiting.start()
        until(lambda: len(it.simulator.requests) > asked)
        it.client.close()
        waiting.join(PATIENCE)
        assert len(failed) == 1
        until(lambda: it.simulator.open_connections == 0)


# ---------------------------------------------------------------- fork


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork()")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("ends", ["closes", "just ends"])
def test_a_fork_amid_everything(ends: str) -> None:
    """The child creates over connections of its own, which begin at none; whatever it closes, the parent's watch and connections go on."""
    with world() as it:
        docker, slow = it.template(build=0.1), it.template("slow", build=600)
        it.create("before", docker)
        it.service.open_chat("under way", **it._of)
        told: list[Outcome] = []
        waiting = threading.Thread(target=lambda: told.append(it.service.create("under way", slow.id)))
        waiting.start()
        until(lambda: it.client._watching.streams == 1)
        watched = it.client.watch(it.service.status("before").workspace, deadline=soon())  # type: ignore[arg-type] # it has one
        assert watched is not None
        watched.next(soon())
        requests, connections = it.simulator.requests, it.simulator.connections
        code = ended(in_child(lambda: _use(it, docker, ends)))
        assert code == 0
        assert it.simulator.connections > connections
        parents = {"watch-ws"} & {seen.path.rpartition("/")[2] for seen in it.simulator.requests[len(requests) :]}
        assert parents == {"watch-ws"}  # the child's own: it was not refused a stream, and joined none
        connections = it.simulator.connections
        it.simulator.coder.workspaces[0].drop_agent()
        assert watched.next(soon()) is not None
        it.create("after", docker)
        assert it.simulator.connections - connections <= 2  # its watch, and one beside the one that may be in use
        it.service.interrupt("under way")
        waiting.join(PATIENCE)
        assert [outcome.state for outcome in told] == [State.STARTING]
        watched.close()


def _use(it: World, docker: Template, ends: str) -> None:
    assert (it.client._watching.streams, it.client._transport.guarded) == (0, False)
    clock = SystemClock()
    own = ChatWorkspaces(store=MemoryStore(clock), creator=it.client, dialer=it.client, clock=clock)
    own.open_chat("child", **it._of)
    assert own.create("child", docker.id, name="child").ready
    if ends == "closes":
        own.close()
        it.client.close()
