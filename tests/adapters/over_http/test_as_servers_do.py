"""What real servers do otherwise than their documents say, and what the client and the library make of it, over a server of each level."""

from __future__ import annotations

import time
from contextlib import ExitStack
from uuid import UUID

import attrs
import pytest

from chatworkspace import InvalidArgumentError, JobStatus, Reason, RefusedError, State, TemplateError, Transition, UnavailableError
from chatworkspace.ports import CreateWorkspace, DialError, NotAnsweredError, NotFoundError, Option, Parameter, Preset
from chatworkspace_coder import CoderClient
from chatworkspace_fake import FakeCoder
from chatworkspace_fake._platform.states import ORGANIZATION, OWNER
from chatworkspace_simulator import CoderSimulator
from tests.adapters.simulator.client import Client
from tests.over_http import over_http
from tests.service.chats import CHAT, World

ANA, BEN = UUID(int=0xA), UUID(int=0xB)
ELSEWHERE = UUID(int=0xE)
TOKENS = {"the-site's": OWNER, "ana's": ANA}
REGION = Parameter(name="region", default="eu", options=(Option(name="Europe", value="eu"), Option(name="US", value="us")))
LONG = 20.0
"""Seconds that no test waits for."""


def soon() -> float:
    return time.monotonic() + LONG


class Served:
    """A server of one level, and the clients of the site's owner and of somebody who is a user like others."""

    def __init__(self, stack: ExitStack, level: str) -> None:
        self.coder = FakeCoder()
        self.simulator = stack.enter_context(CoderSimulator(self.coder, level=level, tokens=TOKENS))
        self.admin, self.ana = (stack.enter_context(CoderClient(self.simulator.url, token=token)) for token in TOKENS)


@pytest.fixture
def served(stack: ExitStack, level: str) -> Served:
    """Give a server of each level."""
    return Served(stack, level)


def request(owner_id: UUID, template_id: UUID, name: str = "dev") -> CreateWorkspace:
    return CreateWorkspace(owner_id=owner_id, organization_id=ORGANIZATION, name=name, template_id=template_id)


# ------------------------------------------------------------------ whose it is


def test_an_organization_that_the_owner_is_not_in(served: Served) -> None:
    """S3: its templates are not there to be listed, read or used, and nothing of it may be made; the names of others tell nothing."""
    docker = served.coder.add_template("docker", organization_id=ELSEWHERE)
    served.coder.set_members(ELSEWHERE, [BEN])
    with pytest.raises(NotFoundError):
        served.ana.get_template(ANA, docker.id, deadline=soon())
    with pytest.raises(UnavailableError):
        served.ana.list_templates(ANA, ELSEWHERE, deadline=soon())
    with pytest.raises(RefusedError) as refused:
        served.ana.create_workspace(attrs.evolve(request(ANA, docker.id), organization_id=ELSEWHERE), deadline=soon())
    assert [field for field, _ in refused.value.validations] == ["template_id"]
    assert served.ana.about.may_create(ELSEWHERE, soon()) is False


def test_a_template_of_such_an_organization_in_a_chat(level: str) -> None:
    """Missing, and nothing is sent."""
    with over_http(level):
        world = World()
        docker = world.template(organization_id=ELSEWHERE)
        world.coder.set_members(ELSEWHERE, [BEN])
        with pytest.raises(TemplateError) as refused:
            world.chats.create(CHAT, docker.id)
    assert refused.value.reason in (Reason.TEMPLATE_NOT_FOUND, Reason.OTHER_ORGANIZATION)
    assert world.coder.workspaces == ()


def test_a_creation_for_somebody_else(served: Served) -> None:
    """403 with a long detail: refused, in the server's words."""
    docker = served.coder.add_template("docker")
    with pytest.raises(RefusedError, match="Unauthorized to create workspace") as refused:
        served.ana.create_workspace(request(BEN, docker.id), deadline=soon())
    assert refused.value.detail


def test_a_token_that_is_refused(served: Served) -> None:
    """Whatever is wrong with it: the server's own words, and no use to ask again."""
    served.simulator.set_user(ANA, "suspended")
    with pytest.raises(UnavailableError, match=r'User is not active \(status = "suspended"\)') as suspended:
        served.ana.user()
    served.simulator.expire(served.simulator.token)
    with pytest.raises(UnavailableError, match="API key expired at") as expired:
        served.admin.user()
    assert (suspended.value.retryable, expired.value.retryable) == (False, False)


def test_a_user_that_there_is_not(served: Served) -> None:
    """400 by name and by id: an argument that was wrong; whose use of templates is to be told cannot be seen."""
    served.coder.add_template("docker")
    served.simulator.set_user(BEN, "unknown")
    for user in ("nobody", str(BEN)):
        with pytest.raises(InvalidArgumentError, match="existing uuid or username"):
            served.admin.user(user)
    with pytest.raises(UnavailableError):
        served.admin.template_use(BEN, ORGANIZATION, deadline=soon())


@pytest.mark.parametrize("name", ["a/b", "..", ".", "", " ", "a b", "dev\n"])
def test_names_that_nothing_has(served: Served, name: str) -> None:
    """P5: in a path they would lead elsewhere, or have blanks: nobody is asked."""
    asked = len(served.simulator.requests)
    with pytest.raises(InvalidArgumentError):
        served.admin.user(name)
    with pytest.raises(TemplateError):
        served.admin.template(name, organization_id=ORGANIZATION)
    assert served.admin.find_workspace(OWNER, name, deadline=soon()) is None
    assert len(served.simulator.requests) == asked


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize("classic", [False, True])
def test_refusals_of_either_kind_lead_to_the_same(served: Served, *, classic: bool) -> None:
    """By field, with the platform's words, the options' names kept and the caller's own value."""
    docker = served.coder.add_template("docker", parameters=[REGION], classic=classic)
    asked = attrs.evolve(request(OWNER, docker.id), parameters={"region": "mars"})
    with pytest.raises(RefusedError, match="Unable to validate parameter") as refused:
        served.admin.create_workspace(asked, deadline=soon())
    ((field, detail),) = refused.value.validations
    assert (field, '"mars"' in detail) == ("region", True)


def test_a_parameter_that_the_template_does_not_have(level: str) -> None:
    """P1: servers drop it without a word. It is refused before anything is made, with the nearest name."""
    with over_http(level):
        world = World()
        docker = world.template(parameters=[REGION])
        with pytest.raises(RefusedError) as refused:
            world.chats.create(CHAT, docker.id, parameters={"regoin": "us"})
    assert dict(refused.value.validations) == {"regoin": "the template has no such parameter; the nearest: region"}
    assert world.coder.workspaces == ()


def test_a_preset_holds_whatever_a_server_makes_of_it(level: str) -> None:
    """The oldest ignore it, and are sent its values; on all they win over the caller's, which is told."""
    america = Preset(id=UUID(int=6), name="America", parameters={"region": "us"})
    with over_http(level):
        world = World()
        docker = world.template(parameters=[REGION], presets=[america])
        outcome = world.chats.create(CHAT, docker.id, parameters={"region": "eu"}, preset_id=america.id)
    assert (outcome.created, dict(world.latest.latest.values)) == (True, {"region": "us"})
    assert outcome.not_applied == {"parameters": "the preset's own value holds for region"}


def test_a_preset_that_has_gone_since_it_was_looked_up(served: Served, level: str) -> None:
    """P2: the server's database speaks, and nobody hears what it says; the oldest ignore presets, and are sent the values."""
    small = Preset(id=UUID(int=5), name="Small", parameters={"cpu": "2"})
    docker = served.coder.add_template("docker", parameters=[Parameter(name="cpu", default="1")], presets=[small])
    asked = attrs.evolve(request(OWNER, docker.id), preset_id=small.id)
    served.admin.create_workspace(asked, deadline=soon())
    served.coder.update_template("docker", presets=())
    again = attrs.evolve(asked, name="other")
    if level == "2.20":
        assert served.admin.create_workspace(again, deadline=soon()).name == "other"
        return
    with pytest.raises(NotAnsweredError, match="failed to fetch preset parameter values") as failed:
        served.admin.create_workspace(again, deadline=soon())
    assert (failed.value.in_flight, "sql" in str(failed.value)) == (False, False)


# ------------------------------------------------------------------ builds


def test_a_deletion_of_what_is_deleted(level: str) -> None:
    """S4: another build begins, and while it runs the workspace is as deleted as before, whatever it reads as: the chat gets a new one."""
    with over_http(level) as wires:
        world = World()
        first = world.created(delete=5)
        it = world.latest
        it.delete()
        world.sim.sleep(60)
        it.delete()
        client = Client(wires.of(world.coder).simulator)
        told = client.get(f"/workspaces/{it.id}", include_deleted="true")["latest_build"]
        assert (told["build_number"], told["status"]) == (3, "deleting")
        assert client.ask("GET", f"/workspaces/{it.id}").status_code == 410
        assert world.chats.status(CHAT).reason is Reason.DELETED
        second = world.chats.create(CHAT, first.require_ready().template_id)
    assert (second.reason, second.workspace_id == it.id) == (Reason.CREATED, False)


def test_a_canceled_build_that_its_provisioner_calls_failed(level: str) -> None:
    """S6: told as canceled, so that nobody is advised to start it anew."""

    def cancel() -> None:
        world.latest.cancel()

    with over_http(level):
        world = World()
        world.coder.cancel_as("failed")
        docker = world.template(build=30)
        world.sim.at(5, cancel)
        outcome = world.chats.create(CHAT, docker.id)
    assert (outcome.state, outcome.reason, outcome.advice.value) == (State.FAILED, Reason.BUILD_CANCELED, "ask_user")
    assert outcome.workspace is not None
    assert outcome.workspace.build.job_status is JobStatus.CANCELED  # by when it was canceled


def test_a_running_workspace_that_was_put_to_sleep(level: str) -> None:
    """S5: its start stays the latest build, agents and all: ready, told as dormant, and really stopped by a stop."""
    with over_http(level):
        world = World()
        world.created()
        world.latest.go_dormant(stopping=False)
        told = world.chats.status(CHAT, wait=5)
        stopped = world.chats.stop(CHAT)
    assert (told.state, told.reason) == (State.READY, Reason.DORMANT)
    assert (stopped.state, world.latest.now.build.transition) == (State.STOPPED, Transition.STOP)


# ------------------------------------------------------------------ agents


def test_an_agent_of_an_earlier_build(served: Served) -> None:
    """The server calls it disconnected, by 400; the workspace says that it is gone. One that never was is gone as well."""
    it = served.coder.add_workspace(served.coder.add_template("docker"), "dev", owner_id=OWNER)
    before = served.admin.get_workspace(OWNER, it.id, deadline=soon())
    it.stop()
    it.start()
    for agent in (before.agents[0], attrs.evolve(before.agents[0], id=UUID(int=404))):
        with pytest.raises(DialError) as failed:
            served.admin.dial(before, agent, deadline=soon())
        assert failed.value.permanent


def test_a_first_dial_that_is_slow_or_fails(level: str) -> None:
    """S7: of a fresh agent it takes a while, and one in 150 is answered by 500: it is dialled again, and ready all the same."""
    with over_http(level):
        world = World()
        docker = world.template()
        world.coder.when("dial").fail(DialError("agent is unreachable"))
        outcome, calls = world.counts(lambda: world.chats.create(CHAT, docker.id))
    assert (outcome.ready, calls["dial"]) == (True, 2)


# ------------------------------------------------------------------ what servers without a licence have not


def test_a_server_without_a_licence(served: Served) -> None:
    """No quota on either path, and nothing is deprecated."""
    docker = served.coder.add_template("docker", deprecated=True)
    served.coder.set_licence("agpl")
    assert served.admin.get_quota(OWNER, ORGANIZATION, deadline=soon()) is None
    assert not served.admin.get_template(OWNER, docker.id, deadline=soon()).deprecated
    assert served.admin.create_workspace(request(OWNER, docker.id), deadline=soon()).name == "dev"


def test_what_a_server_has_not_is_asked_for_once(served: Served, level: str) -> None:
    """P6: workspaces are listed once for how templates are used, for none lists deleted ones; and a setting that it lacks is asked for no more."""
    docker = served.coder.add_template("docker")
    for _ in range(2):
        served.admin.get_template(OWNER, docker.id, deadline=soon())
        served.admin.template_use(OWNER, ORGANIZATION, deadline=soon())
        served.admin._settings._allowed._told = None  # as if a minute had passed
    paths = [seen.path for seen in served.simulator.requests]
    assert paths.count("/api/v2/workspaces") == 2
    assert sum("template-allowlist" in path for path in paths) == {"2.35": 2, "newest": 0}.get(level, 1)
