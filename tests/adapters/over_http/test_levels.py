"""What servers of different levels do differently, and the client makes the same of; and what it cannot know of the older ones."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Any
from uuid import UUID

import attrs
import pytest

from chatworkspace import JobStatus, NoWorkspaceError, Reason, RefusedError, State, Transition, UnavailableError, Workspace
from chatworkspace.ports import CreateWorkspace, Evaluation, NotAnsweredError, NotFoundError, Option, Parameter, Preset
from chatworkspace_coder import CoderClient
from chatworkspace_fake import FakeCoder, FakeWorkspace
from chatworkspace_fake._platform.states import ORGANIZATION, OWNER
from chatworkspace_simulator import CoderSimulator
from tests.over_http import over_http
from tests.service.chats import CHAT, World

ANA = UUID(int=0xA)
"""A user like others."""
TOKENS = {"of-the-site's-owner": OWNER, "ana's": ANA}
LONG = 20.0
"""Seconds that no test waits for."""
BUILDS_DELETED = ("2.20", "2.24")
"""Levels that build what is deleted."""
TELLING = ("2.29", "2.35", "newest")
"""Levels that tell of a template that its agents are external."""


class Served:
    """A server of one level, and its clients."""

    def __init__(self, stack: ExitStack, level: str, coder: FakeCoder | None = None) -> None:
        self.level = level
        self.coder = coder or FakeCoder()
        self.simulator = stack.enter_context(CoderSimulator(self.coder, level=level, tokens=TOKENS))
        self.admin, self.ana = (stack.enter_context(CoderClient(self.simulator.url, token=token)) for token in TOKENS)

    @property
    def asked(self) -> list[tuple[str, int]]:
        """What was asked of late: the end of each path, and the status of its answer."""
        return [(seen.path.rpartition("/")[2], seen.status) for seen in self.simulator.requests]

    def make(self, **template: Any) -> FakeWorkspace:
        """Make a workspace of the site's owner."""
        return self.coder.add_workspace(self.coder.add_template("docker", **template), "dev", owner_id=OWNER)

    def read(self, it: FakeWorkspace) -> Workspace:
        """Read it."""
        return self.admin.get_workspace(OWNER, it.id, deadline=soon())


def soon() -> float:
    return time.monotonic() + LONG


@pytest.fixture
def served(stack: ExitStack, level: str) -> Served:
    """Give a server of each level."""
    return Served(stack, level)


# ------------------------------------------------------------------ errors that are the user's, and come as 500


def test_a_lost_race_for_the_name_is_settled_by_one_look(level: str) -> None:
    """The server says 500: what bears the name is looked for once, and is the chat's."""
    with over_http(level):
        world = World()
        first = world.created()
        world.coder.answer_conflicts(500)
        world.sim.store.lose_commits(2)
        second, calls = world.counts(lambda: world.chats.create(CHAT, first.require_ready().template_id))
    assert (second.reason, second.workspace_id) == (Reason.ADOPTED, first.workspace_id)
    assert (calls["create_workspace"], calls["find_workspace"]) == (1, 1)


def test_an_archived_version_is_settled_by_one_look(level: str) -> None:
    """The server says 500, and nothing bears the name: it is refused, with what the server said, and asked for once."""
    said = "Archived template versions cannot be used to make a workspace."
    with over_http(level):
        world = World()
        docker = world.template()
        world.coder.when("create_workspace").fail(NotAnsweredError(said, in_flight=False))

        def refused() -> str:
            with pytest.raises(RefusedError) as error:
                world.chats.create(CHAT, docker.id)
            return str(error.value)

        told, calls = world.counts(refused)
    assert said in told
    assert (calls["create_workspace"], calls["find_workspace"], world.coder.workspaces) == (1, 1, ())


# ------------------------------------------------------------------ what is missing: a route, or a thing


def test_a_route_that_is_missing_is_no_missing_template(served: Served) -> None:
    """What a server cannot evaluate is None; a template that is not there is not found, everywhere."""
    region = Parameter(name="region", required=True)
    docker = served.coder.add_template("docker", parameters=[region], evaluation=Evaluation(parameters=(region,)))
    evaluated = served.admin.evaluate_parameters(OWNER, docker, deadline=soon())
    assert (evaluated is None) == (served.level == "2.20")
    with pytest.raises(NotFoundError):
        served.admin.evaluate_parameters(OWNER, attrs.evolve(docker, id=UUID(int=404)), deadline=soon())


def test_a_watch_goes_one_level_down_where_the_route_is_missing(served: Served) -> None:
    """By server-sent events from the oldest; a second watch does not try again."""
    it = served.read(served.make())
    for _ in range(2):
        watch = served.admin.watch(it, deadline=soon())
        assert watch is not None
        assert watch.next(soon()) is not None
        watch.close()
    opened = [asked for asked in served.asked if asked[0].startswith("watch")]
    assert opened == ([("watch-ws", 404), ("watch", 200), ("watch", 200)] if served.level == "2.20" else [("watch-ws", 101)] * 2)


def test_a_server_without_watches_is_polled(stack: ExitStack, level: str) -> None:
    """None where no route is there."""
    served = Served(stack, level, FakeCoder(watching=False))
    assert served.admin.watch(served.read(served.make()), deadline=soon()) is None


def test_a_watch_of_a_missing_workspace_is_no_missing_route(served: Served) -> None:
    """NotFoundError, not None: it is no reason to poll."""
    it = served.read(served.make())
    served.coder.workspaces[0].hide()
    with pytest.raises(NotFoundError):
        served.admin.watch(it, deadline=soon())


def test_what_is_not_visible_is_told_from_what_is_gone(served: Served) -> None:
    """404 on a known id: not visible. After a deletion it is read with deleted=True."""
    it = served.make()
    it.hide()
    with pytest.raises(NotFoundError):
        served.read(it)
    it.show()
    it.delete()
    gone = served.read(it)
    assert (gone.id, gone.deleted, gone.build.transition, gone.build.job_status) == (it.id, True, Transition.DELETE, JobStatus.SUCCEEDED)


# ------------------------------------------------------------------ one meaning, several ways to say it


def test_a_full_quota_has_one_code(served: Served) -> None:
    """Older servers say it in words alone, newer ones by a code."""
    served.coder.set_quota(1)
    build = served.read(served.make(cost=5)).build
    assert (build.job_status, build.error, build.error_code) == (JobStatus.FAILED, "insufficient quota", "INSUFFICIENT_QUOTA")
    quota = served.admin.get_quota(OWNER, ORGANIZATION, deadline=soon())
    assert quota is not None
    assert quota.budget == 1


def test_which_templates_chats_may_use(served: Served) -> None:
    """The oldest have no chats, and forbid nothing. The middle ones list what is allowed, to few: hidden, it is unknown. New ones tell everybody."""
    allowed, other = served.coder.add_template("docker"), served.coder.add_template("gpu", agents_allowed=False)
    told = [
        [client.get_template(owner, it.id, deadline=soon()).agents_allowed for it in (allowed, other)]
        for client, owner in ((served.admin, OWNER), (served.ana, ANA))
    ]
    expected = {"2.35": [[True, False], [True, True]], "newest": [[True, False], [True, False]]}
    assert told == expected.get(served.level, [[True, True], [True, True]])


def test_the_lifetime_for_chats_is_unset_or_unknown(served: Served) -> None:
    """None, wherever the server keeps it; without chats there is none."""
    chat = World().chat
    assert served.admin.workspace_ttl(chat) is None
    asked = [status for path, status in served.asked if path == "workspace-ttl"]
    assert asked == {"newest": [200], "2.29": [404, 404]}.get(served.level, [404, 200])


def test_an_external_agent_is_known_on_newer_servers(served: Served) -> None:
    """Of a template by its version; of an agent by its resource, everywhere."""
    laptop = served.coder.add_template("laptop", external_agent=True)
    assert served.admin.get_template(OWNER, laptop.id, deadline=soon()).external_agent == (served.level in TELLING)
    (agent,) = served.read(served.coder.add_workspace(laptop, owner_id=OWNER)).agents
    assert agent.external


# ------------------------------------------------------------------ what is asked for


def test_a_start_sends_the_version_that_is_required(served: Served) -> None:
    """Servers build what was built before, and refuse that where the active version is required."""
    it = served.make(require_active=True)
    it.stop()
    before = it.now.build.template_version_id
    active = served.coder.update_template("docker", readme="new")
    read = served.read(it)
    assert (read.required_version_id, read.build.template_version_id) == (active.version_id, before)
    started = served.admin.start_workspace(read, {}, deadline=soon())
    assert started.build.template_version_id == active.version_id


def test_a_start_drops_the_preset_of_the_version_before(served: Served) -> None:
    """A workspace that was made with a preset is started where the active version has none."""
    small = Preset(id=UUID(int=5), name="Small", parameters={"cpu": "2"})
    docker = served.coder.add_template("docker", parameters=[Parameter(name="cpu", default="1")], presets=[small], require_active=True)
    request = CreateWorkspace(owner_id=OWNER, organization_id=ORGANIZATION, name="dev", template_id=docker.id, preset_id=small.id)
    made = served.admin.create_workspace(request, deadline=soon())
    served.coder.workspaces[0].stop()
    served.coder.update_template("docker", presets=())
    read = served.admin.get_workspace(OWNER, made.id, deadline=soon())
    assert served.admin.start_workspace(read, {}, deadline=soon()).build.number == 3


def test_presets_are_read_in_the_servers_capitals(served: Served) -> None:
    """Whether it tells their details or not; null is none."""
    small = Preset(id=UUID(int=5), name="Small", parameters={"cpu": "2"}, desired_prebuilds=1)
    cpu = Parameter(name="cpu", default="1")
    docker, plain = served.coder.add_template("docker", parameters=[cpu], presets=[small]), served.coder.add_template("plain")
    (told,) = served.admin.list_presets(OWNER, docker, deadline=soon())
    assert (told.id, told.name, dict(told.parameters)) == (small.id, "Small", {"cpu": "2"})
    assert list(served.admin.list_presets(OWNER, plain, deadline=soon())) == []


def test_a_preset_hands_over_a_prebuilt_workspace(served: Served) -> None:
    """It is the server's: older than the request, its build is not its first, and what it has is read once the claim is built. 2.20 knows none."""
    small = Preset(id=UUID(int=5), name="Small", parameters={"cpu": "2"}, desired_prebuilds=1)
    docker = served.coder.add_template("docker", parameters=[Parameter(name="cpu", default="1")], presets=[small])
    request = CreateWorkspace(owner_id=OWNER, organization_id=ORGANIZATION, name="dev", template_id=docker.id, preset_id=small.id)
    made = served.admin.create_workspace(request, deadline=soon())
    assert (made.name, made.build.number, made.build.job_status, made.agents) == ("dev", 1 if served.level == "2.20" else 2, JobStatus.PENDING, ())
    (agent,) = served.read(served.coder.workspaces[0]).agents
    assert agent.connected_since_build


@pytest.mark.parametrize(("asked", "seconds"), [(1.0, 60), (90.0, 120), (3600.0, 3600), (1e9, 30 * 86400)])
def test_a_lifetime_is_whole_minutes_within_what_servers_take(served: Served, asked: float, seconds: int) -> None:
    """Whatever was asked for, no server refuses it."""
    docker = served.coder.add_template("docker")
    request = CreateWorkspace(owner_id=OWNER, organization_id=ORGANIZATION, name="dev", template_id=docker.id, ttl=asked)
    served.admin.create_workspace(request, deadline=soon())
    assert served.coder.workspaces[0].ttl == seconds


def test_what_is_dormant_is_woken_and_started(served: Served) -> None:
    """Two requests: only newer servers wake what is started."""
    it = served.make()
    it.go_dormant()
    read = served.read(it)
    assert read.dormant
    assert not served.admin.start_workspace(read, {}, deadline=soon()).dormant
    assert served.asked[-2:] == [("dormant", 200), ("builds", 201)]
    assert not served.read(it).dormant


def test_what_an_evaluation_could_not_tell(stack: ExitStack) -> None:
    """Unknown defaults and options, an error of a parameter, and modules that were not loaded."""
    served = Served(stack, "newest")
    region = Parameter(name="region", options=(Option(name="Europe", value="eu"),), error="no such region")
    unknown = frozenset({("region", "default"), ("region", "options")})
    docker = served.coder.add_template("docker", evaluation=Evaluation(parameters=(region,), unknown=unknown, complete=False))
    told = served.admin.evaluate_parameters(OWNER, docker, deadline=soon())
    assert told is not None
    assert (told.unknown, told.complete) == (unknown, False)
    assert (told.parameters[0].options, told.parameters[0].default, told.parameters[0].error) == (region.options, None, "no such region")


# ------------------------------------------------------------------ deleted, and built all the same


def test_a_start_of_a_deleted_workspace_that_came_late(level: str) -> None:
    """Before 2.28 it is built, and looks alive with include_deleted. Deleted is what a plain read says: the chat gets a new one."""
    with over_http(level):
        world = World()
        first = world.created()
        it = world.latest
        it.stop()
        world.sim.sleep(10)
        it.delete()
        if level in BUILDS_DELETED:
            it.start()
        world.sim.sleep(60)
        assert it.now.build.transition is (Transition.START if level in BUILDS_DELETED else Transition.DELETE)
        assert world.chats.status(CHAT).reason is Reason.DELETED
        second = world.chats.create(CHAT, first.require_ready().template_id)
    assert (second.reason, second.workspace_id == first.workspace_id, len(world.coder.live)) == (Reason.CREATED, False, 1)


def test_a_start_that_arrives_after_the_deletion(level: str) -> None:
    """The library's own: it has read "stopped", and the user's deletion goes through before. The chat has nothing then, and gets a new one."""
    with over_http(level):
        world = World()
        docker = world.created().require_ready().template_id
        it = world.latest
        it.stop()
        world.sim.sleep(10)
        world.coder.when("start_workspace").take(5)
        world.sim.at(world.sim.elapsed + 2, it.delete)
        try:
            outcome = world.chats.start(CHAT)
        except (NoWorkspaceError, RefusedError):
            assert level not in BUILDS_DELETED
        else:
            assert outcome.state is State.GONE
        assert world.chats.status(CHAT).reason is Reason.DELETED
        assert world.chats.create(CHAT, docker).reason is Reason.CREATED
        assert it.now.deleted


def test_a_watch_of_what_was_deleted_and_is_built(stack: ExitStack) -> None:
    """It begins with deleted, whatever the stream says later."""
    served = Served(stack, "2.24")
    it = served.make()
    before = served.read(it)
    it.delete()
    it.start()
    watch = served.admin.watch(before, deadline=soon())
    assert watch is not None
    first = watch.next(soon())
    assert first is not None
    assert first.deleted
    watch.close()


# ------------------------------------------------------------------ terminals


def test_a_terminal_whose_agent_is_gone_tells_its_state(served: Served) -> None:
    """P3: each server has a page for it, by 404 or 502; the agent is asked for once."""
    read = served.read(served.make())
    with served.admin.dial(read, read.agents[0], deadline=soon()) as agent:
        served.coder.workspaces[0].drop_agent()
        with pytest.raises(UnavailableError, match='Agent state is "disconnected"'):
            agent.run("true", timeout=LONG)
    assert [path for path, _ in served.asked if path in ("pty", "listening-ports")] == ["listening-ports", "pty", "listening-ports"]
