"""The oldest servers have their site's page where newer ones have settings for chats: all of the library works, and asks for that page once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chatworkspace import ChatWorkspaces, Outcome, Reason, State
from chatworkspace.ports import SystemClock
from chatworkspace_coder import CoderClient
from chatworkspace_fake import FakeCoder, MemoryStore
from chatworkspace_simulator import CoderSimulator

OLD = ("2.20", "2.24")
PAGE, LIFETIME = "GET /api/experimental/chats/config/template-allowlist 200", "GET /chats/config/workspace-ttl 404"
DIAL = "GET /workspaceagents/*/listening-ports 200"
"""Once while the scripts run and once when they have, or once alone where the machine is slower than they are."""
CREATION = (
    *("GET /templates/* 200", "GET /templateversions/* 200", PAGE, LIFETIME),
    *("POST /users/*/workspaces 201", "GET /workspaces/* 200"),
    DIAL,
)
"""What the first creation of a client asks, beside the watch."""
WATCH = {"2.20": ("GET /workspaces/*/watch-ws 404", "GET /workspaces/*/watch 200"), "2.24": ("GET /workspaces/*/watch-ws 101",)}


class Host:
    """One process of a host, with a client of its own."""

    def __init__(self, simulator: CoderSimulator, store: MemoryStore, clock: SystemClock) -> None:
        self._simulator = simulator
        self.client = CoderClient(simulator.url, token=simulator.token)
        self.workspaces = ChatWorkspaces(store=store, creator=self.client, dialer=self.client, clock=clock, workspace_ttl=self.client.workspace_ttl)

    def create(self, chat: str, template_id: Any) -> Outcome:
        """Give a new chat its workspace, ready."""
        me = self.client.user()
        self.workspaces.open_chat(chat, owner_id=me.id, organization_id=me.organization_ids[0])
        return self.workspaces.create(chat, template_id, wait=60)

    def close(self) -> None:
        """End it."""
        self.workspaces.close()
        self.client.close()


class World:
    """A server of an old version, and what it was asked."""

    def __init__(self, simulator: CoderSimulator) -> None:
        self.simulator = simulator
        self.clock = SystemClock()
        self.store = MemoryStore(self.clock)
        self.docker = simulator.coder.add_template("docker", build=0.1, connect=0.1, scripts=0.1).id

    def host(self) -> Host:
        """Start another process."""
        return Host(self.simulator, self.store, self.clock)

    @property
    def asked(self) -> Counter[str]:
        """Count the requests, with the status of the answers; of ids only that there is one."""
        asked = Counter(f"{it.method} {_plain(it.path)} {it.status}" for it in self.simulator.requests)
        made = len(self.simulator.coder.workspaces)
        if made <= asked[DIAL] <= 2 * made:
            asked[DIAL] = made
        return asked


def _plain(path: str) -> str:
    parts = path.removeprefix("/api/v2").split("/")
    return "/".join("*" if len(it) == 36 and it.count("-") == 4 else it for it in parts)


@pytest.fixture
def world(level: str) -> Generator[World]:
    """Serve."""
    with CoderSimulator(FakeCoder(), level=level) as simulator:
        yield World(simulator)


@pytest.mark.parametrize("level", OLD)
def test_a_creation(world: World, level: str) -> None:
    """Each question once, the page among them: nothing is asked again, and nothing is waited for but the workspace."""
    host = world.host()
    outcome = host.create("first", world.docker)
    assert (outcome.state, outcome.reason) == (State.READY, Reason.CREATED)
    assert world.asked == Counter(["GET /users/me 200", *CREATION, *WATCH[level]])
    before = world.asked
    assert host.create("second", world.docker).ready
    once = {PAGE, LIFETIME, "GET /templateversions/* 200", "GET /workspaces/*/watch-ws 404"}
    again = [it for it in ("GET /users/me 200", *CREATION, *WATCH[level]) if it not in once]
    assert world.asked - before == Counter(again)
    host.close()


@pytest.mark.parametrize("level", OLD)
def test_a_whole_life(world: World) -> None:
    """What a model and a host may want, from the list of templates to the sweep; the page is asked for once, whatever wants to know."""
    host = world.host()
    assert host.create("chat", world.docker).ready
    tools = host.workspaces.toolbox("chat", wait=60)
    for name, arguments in (
        ("list_templates", {}),
        ("read_template", {"template_id": str(world.docker)}),
        ("create_workspace", {"template_id": str(world.docker)}),
    ):
        assert not tools.call(name, arguments).is_error, name
    with host.workspaces.connect("chat") as agent:
        assert agent.run("echo hello", timeout=20).exit_code == 0
    assert host.workspaces.stop("chat", wait=60).state is State.STOPPED
    assert host.workspaces.start("chat", wait=60).ready
    assert host.workspaces.create("chat", world.docker, replace=True, wait=60).reason is Reason.CREATED
    assert len(host.workspaces.sweep().strays) == 1
    assert [it for it in world.asked.items() if "experimental" in it[0]] == [(PAGE, 1)]
    assert world.asked[LIFETIME] == 1
    host.close()


@pytest.mark.parametrize("level", OLD)
def test_many_threads_at_once(world: World) -> None:
    """They share one question; another process asks its own."""
    hosts = [world.host(), world.host()]

    def create(number: int) -> bool:
        return hosts[number % 2].create(f"chat-{number}", world.docker).ready

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(create, range(16)))
    assert (world.asked[PAGE], world.asked[LIFETIME]) == (2, 2)
    assert len(world.simulator.coder.live) == 16
    for host in hosts:
        host.close()
