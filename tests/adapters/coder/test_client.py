"""Each call of the client: what it asks for, and what the answers mean."""

from __future__ import annotations

from uuid import UUID

import attrs
import pytest

from chatworkspace import JobStatus, Quota, RefusedError, Transition, UnavailableError
from chatworkspace.ports import CreateWorkspace, NameTakenError, NotAnsweredError, NotFoundError
from chatworkspace_coder import CoderClient
from chatworkspace_coder._answers import templates, workspaces
from tests.adapters.coder.payloads import (
    AGENT,
    BUILD,
    NEXT_VERSION,
    NO_ROUTE,
    NOT_FOUND,
    ORGANIZATION,
    OTHER,
    OWNER,
    PAGE,
    PRESET,
    TEMPLATE,
    VERSION,
    WORKSPACE,
    Json,
    agent,
    build,
    problem,
    template,
    user,
    version,
    workspace,
)
from tests.adapters.coder.server import Reply, Server, soon

ME, HOME, OF, IT = UUID(OWNER), UUID(ORGANIZATION), UUID(TEMPLATE), UUID(WORKSPACE)
REQUEST = CreateWorkspace(owner_id=ME, organization_id=HOME, name="dev-ana", template_id=OF)
CREATE = f"/users/{OWNER}/workspaces"
BUILDS = f"/workspaces/{WORKSPACE}/builds"
READ = workspaces.workspace(workspace(), None)
THE_TEMPLATE = templates.template(template()).template
ALLOW_LIST = "/api/experimental/chats/config/template-allowlist"
OLDER = {name: value for name, value in template().items() if name != "agents_allowed"}


# ---------------------------------------------------------------- creating


def test_a_creation_is_one_request(server: Server, client: CoderClient) -> None:
    """Its answer is the workspace."""
    server.on("POST", CREATE, Reply(201, workspace(build(job={"status": "pending"}))))
    made = client.create_workspace(attrs.evolve(REQUEST, ttl=90), deadline=soon())
    assert (made.id, made.build.job_status) == (IT, JobStatus.PENDING)
    assert server.paths == [f"POST {CREATE}"]
    assert server.seen[0].body == {"name": "dev-ana", "template_id": TEMPLATE, "rich_parameter_values": [], "ttl_ms": 120_000}


def test_a_claimed_prebuild(server: Server, client: CoderClient) -> None:
    """It is older than the request, and its agent has yet to connect anew."""
    claimed = workspace(build(agent(last_connected_at="2026-09-01T09:00:00Z"), build_number=2), created_at="2026-08-01T00:00:00Z")
    server.on("POST", CREATE, Reply(201, claimed))
    made = client.create_workspace(REQUEST, deadline=soon())
    assert (made.build.number, made.agents[0].connected_since_build) == (2, False)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(409, problem('Workspace "dev-ana" already exists.', name="in use")), NameTakenError),
        (Reply(400, problem("Validation failed.", name="bad")), RefusedError),
        (Reply(404, problem('Template "x" has been deleted!')), RefusedError),
        (Reply(401, problem("You are signed out.")), UnavailableError),
        (Reply(429, problem("slow"), {"Retry-After": "60"}), UnavailableError),
        (Reply(404, NO_ROUTE), UnavailableError),
        (Reply(500, problem("Internal error creating workspace.")), NotAnsweredError),
        (Reply(502, PAGE), NotAnsweredError),
        (Reply(201, PAGE), NotAnsweredError),
        (Reply(201, {"id": 3}), NotAnsweredError),
        (Reply(302, b"", {"Location": "http://127.0.0.1:1/"}), NotAnsweredError),
        (Reply(201, workspace(), cut=20), NotAnsweredError),
        (Reply(reset=True), NotAnsweredError),
        (Reply(hang=True), NotAnsweredError),
    ],
)
def test_a_creation_is_never_sent_again(server: Server, client: CoderClient, reply: Reply, kind: type[Exception]) -> None:
    """Whatever the answer; the error says whether it may have been done."""
    server.on("POST", CREATE, reply)
    with pytest.raises(kind):
        client.create_workspace(REQUEST, deadline=soon(0.3) if reply.hang else soon())
    assert server.paths == [f"POST {CREATE}"]


def test_a_creation_that_was_not_sent() -> None:
    """A refused connection: it is certainly not done."""
    with CoderClient("http://127.0.0.1:1", token="x") as client, pytest.raises(UnavailableError, match="refused"):  # noqa: S106 # nobody's
        client.create_workspace(REQUEST, deadline=soon())


# ---------------------------------------------------------------- building


def test_a_start_is_one_request(server: Server, client: CoderClient) -> None:
    """With the version that is required; its answer is the build, and no agents are left of the one before."""
    server.on("POST", BUILDS, Reply(201, build(build_number=2, job={"status": "pending"})))
    required = attrs.evolve(READ, required_version_id=UUID(NEXT_VERSION))
    started = client.start_workspace(required, {"cpu": "4"}, deadline=soon())
    assert (started.id, started.build.number, started.agents) == (IT, 2, ())
    assert server.seen[0].body["template_version_id"] == NEXT_VERSION
    assert server.seen[0].body["template_version_preset_id"] is None


@pytest.mark.parametrize("reply", [Reply(200, workspace()), Reply(304), Reply(404, NO_ROUTE), Reply(409, problem("no"))])
def test_a_dormant_workspace_is_woken_first(server: Server, client: CoderClient, reply: Reply) -> None:
    """Where that is refused, the start says whether it can do without."""
    server.on("PUT", f"/workspaces/{WORKSPACE}/dormant", reply)
    server.on("POST", BUILDS, Reply(201, build(build_number=2)))
    assert not client.start_workspace(attrs.evolve(READ, dormant=True), {}, deadline=soon()).dormant
    assert server.seen[0].body == {"dormant": False}


def test_a_stop_and_a_deletion(server: Server, client: CoderClient) -> None:
    """The workspace comes back with the build; deleted once the build has succeeded."""
    server.on("POST", BUILDS, Reply(201, build(build_number=2, transition="stop")), Reply(201, build(build_number=3, transition="delete")))
    stopped = client.stop_workspace(READ, deadline=soon())
    deleted = client.delete_workspace(stopped, deadline=soon())
    assert (stopped.build.transition, stopped.deleted, deleted.deleted) == (Transition.STOP, False, True)
    assert [it.body for it in server.seen] == [{"transition": "stop"}, {"transition": "delete"}]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(409, problem("A workspace build is already active.")), RefusedError),
        (Reply(403, problem("no")), RefusedError),
        (Reply(404, NOT_FOUND), NotFoundError),
        (Reply(500, problem("oops")), NotAnsweredError),
        (Reply(reset=True), NotAnsweredError),
    ],
)
def test_a_build_is_never_asked_for_again(server: Server, client: CoderClient, reply: Reply, kind: type[Exception]) -> None:
    """As a creation."""
    server.on("POST", BUILDS, reply)
    with pytest.raises(kind):
        client.stop_workspace(READ, deadline=soon())
    assert len(server.seen) == 1


# ---------------------------------------------------------------- reading


def test_a_workspace_is_one_request(server: Server, client: CoderClient) -> None:
    """A plain one: what is deleted is asked for once more."""
    server.on("GET", f"/workspaces/{WORKSPACE}", Reply(200, workspace()))
    assert client.get_workspace(ME, IT, deadline=soon()) == READ
    assert (len(server.seen), server.seen[0].query) == (1, {})


def test_a_deleted_workspace_is_what_a_plain_read_calls_deleted(server: Server, client: CoderClient) -> None:
    """Whatever its latest build is: before 2.28 a start that comes late is built."""
    server.on("GET", f"/workspaces/{WORKSPACE}", Reply(410, problem("Workspace was deleted.")), Reply(200, workspace(build(build_number=4))))
    read = client.get_workspace(ME, IT, deadline=soon())
    assert (read.deleted, read.name, read.build.number, read.build.transition) == (True, "dev-ana", 4, Transition.START)
    assert [it.query for it in server.seen] == [{}, {"include_deleted": "true"}]


@pytest.mark.parametrize(
    "reply", [Reply(404, NOT_FOUND), Reply(403, problem("Forbidden.")), Reply(200, workspace(owner_id=OTHER))], ids=["404", "403", "another's"]
)
def test_a_workspace_that_is_not_visible(server: Server, client: CoderClient, reply: Reply) -> None:
    """Missing, unreadable and somebody else's look the same."""
    server.on("GET", f"/workspaces/{WORKSPACE}", reply)
    with pytest.raises(NotFoundError):
        client.get_workspace(ME, IT, deadline=soon())


def test_a_workspace_that_is_gone(server: Server, client: CoderClient) -> None:
    """A server that says 410 has nothing more to say."""
    server.on("GET", f"/workspaces/{WORKSPACE}", Reply(410, problem("Workspace was deleted.")))
    gone = client.get_workspace(ME, IT, deadline=soon())
    assert (gone.id, gone.deleted) == (IT, True)


def test_a_workspace_is_found_by_name(server: Server, client: CoderClient) -> None:
    """Compared without case; another name, and a deleted one, are not it."""
    server.on("GET", f"/users/{OWNER}/workspace/DEV-ana", Reply(200, workspace()))
    server.on("GET", f"/users/{OWNER}/workspace/dev", Reply(200, workspace()))
    server.on("GET", f"/users/{OWNER}/workspace/gone", Reply(200, workspace(build(transition="delete"), name="gone")))
    server.on("GET", f"/users/{OWNER}/workspace/none", Reply(404, NOT_FOUND))
    found = [client.find_workspace(ME, name, deadline=soon()) for name in ("DEV-ana", "dev", "gone", "none")]
    assert [it is not None for it in found] == [True, False, False, False]


@pytest.mark.parametrize("reply", [Reply(404, NO_ROUTE), Reply(404, PAGE), Reply(403, problem("no")), Reply(401, problem("who?"))])
def test_a_look_by_name_that_tells_nothing(server: Server, client: CoderClient, reply: Reply) -> None:
    """It is not said that there is none: a creation would be settled by that."""
    server.on("GET", f"/users/{OWNER}/workspace/dev", reply)
    with pytest.raises(UnavailableError):
        client.find_workspace(ME, "dev", deadline=soon(0.3))


def test_live_workspaces_are_listed(server: Server, client: CoderClient) -> None:
    """The owner's own in the organization, searched for by today's name of the owner."""
    rows = [
        workspace(),
        workspace(id=OTHER, owner_id=OTHER),
        workspace(id=AGENT, organization_id=OTHER),
        workspace(build(transition="delete"), id=VERSION),
    ]
    server.on("GET", f"/users/{OWNER}", Reply(200, user()))
    server.on("GET", "/workspaces", Reply(200, {"workspaces": rows, "count": 4}))
    assert [it.id for it in client.list_workspaces(ME, HOME, deadline=soon())] == [IT]
    assert server.seen[-1].query == {"q": "owner:ana"}


def test_the_log_of_a_build(server: Server, client: CoderClient) -> None:
    """One request where the build was read before; else it is asked whose build it is."""
    path = f"/workspacebuilds/{READ.build.id}"
    server.on("GET", path, Reply(200, build()))
    server.on("GET", f"{path}/logs", Reply(200, [{"id": 5, "output": "a"}, {"id": 7, "output": "b"}]))
    assert [it.text for it in client.build_log(READ, after=5, deadline=soon())] == ["b"]
    client.build_log(READ, after=7, deadline=soon())
    assert server.paths == [f"GET {path}", f"GET {path}/logs", f"GET {path}/logs"]
    assert server.seen[1].query == {"after": "5"}
    with pytest.raises(NotFoundError):
        client.build_log(attrs.evolve(READ, id=UUID(OTHER)), after=0, deadline=soon())


@pytest.mark.parametrize("reply", [Reply(204), Reply(404, NOT_FOUND), Reply(403, problem("no")), Reply(410, problem("gone"))])
def test_use_is_told_without_a_word(server: Server, client: CoderClient, reply: Reply) -> None:
    """Best effort, without a body: one that names no agent is refused."""
    server.on("POST", f"/workspaces/{WORKSPACE}/usage", reply)
    client.record_use(READ, deadline=soon())
    assert (len(server.seen), server.seen[0].body) == (1, None)


# ---------------------------------------------------------------- templates


def test_a_version_is_asked_for_once(server: Server, client: CoderClient) -> None:
    """It never changes; the template is asked for each time."""
    server.on("GET", f"/templates/{TEMPLATE}", Reply(200, template()))
    server.on("GET", f"/organizations/{ORGANIZATION}/templates", Reply(200, [template(), template(id=OTHER, name="b", deleted=True)]))
    server.on("GET", f"/templateversions/{VERSION}", Reply(200, version(has_external_agent=True)))
    one = client.get_template(ME, OF, deadline=soon())
    assert (one.readme, one.external_agent) == ("# Docker", True)
    assert list(client.list_templates(ME, HOME, deadline=soon())) == [client.get_template(ME, OF, deadline=soon())]
    assert server.paths.count(f"GET /templateversions/{VERSION}") == 1
    assert len(server.seen) == 4


@pytest.mark.parametrize("reply", [Reply(404, NOT_FOUND), Reply(200, template(deleted=True))])
def test_a_template_that_is_not_there(server: Server, client: CoderClient, reply: Reply) -> None:
    """Missing and deleted are the same."""
    server.on("GET", f"/templates/{TEMPLATE}", reply)
    with pytest.raises(NotFoundError):
        client.get_template(ME, OF, deadline=soon())


@pytest.mark.parametrize(
    ("reply", "allowed"),
    [
        (Reply(200, {"template_ids": []}), True),
        (Reply(200, {"template_ids": [TEMPLATE]}), True),
        (Reply(200, {"template_ids": [OTHER]}), False),
        (Reply(404, NOT_FOUND), True),
        (Reply(404, NO_ROUTE), True),
    ],
)
def test_the_allow_list_of_middle_servers(server: Server, client: CoderClient, reply: Reply, allowed: bool) -> None:  # noqa: FBT001 # a parameter
    """Empty allows all; hidden, it is unknown, and forbids nothing. It is kept for a while."""
    server.on("GET", f"/templates/{TEMPLATE}", Reply(200, OLDER))
    server.on("GET", f"/templateversions/{VERSION}", Reply(200, version()))
    server.on("GET", ALLOW_LIST, reply)
    assert [client.get_template(ME, OF, deadline=soon()).agents_allowed for _ in range(2)] == [allowed] * 2
    assert [it.path for it in server.seen].count(ALLOW_LIST) == 1


def test_a_new_server_is_not_asked_for_its_allow_list(server: Server, client: CoderClient) -> None:
    """The template says it."""
    server.on("GET", f"/templates/{TEMPLATE}", Reply(200, template(agents_allowed=False)))
    server.on("GET", f"/templateversions/{VERSION}", Reply(200, version()))
    assert not client.get_template(ME, OF, deadline=soon()).agents_allowed
    assert len(server.seen) == 2


def test_parameters_and_presets(server: Server, client: CoderClient) -> None:
    """Of the version that is asked for, each read once; null is none, and so is a server without presets. A template is read if it never was."""
    server.on("GET", f"/templates/{TEMPLATE}", Reply(200, template()))
    server.on("GET", f"/templateversions/{VERSION}/rich-parameters", Reply(200, [{"name": "cpu", "default_value": "2"}]))
    preset: Json = {"ID": PRESET, "Name": "Small", "Parameters": [{"Name": "cpu", "Value": "2"}]}
    server.on("GET", f"/templateversions/{VERSION}/presets", Reply(200, [preset]))
    server.on("GET", f"/templateversions/{OTHER}/presets", Reply(404, NO_ROUTE), Reply(200, None))
    for _ in range(2):
        assert [one.name for one in client.list_parameters(ME, THE_TEMPLATE, deadline=soon())] == ["cpu"]
        assert [one.name for one in client.list_presets(ME, THE_TEMPLATE, deadline=soon())] == ["Small"]
    assert len(server.seen) == 3
    it = attrs.evolve(THE_TEMPLATE, version_id=UUID(OTHER))
    assert [list(client.list_presets(ME, it, deadline=soon())) for _ in range(3)] == [[], [], []]
    assert len(server.seen) == 5


def test_answers_of_a_build(server: Server, client: CoderClient) -> None:
    """By name; what cannot be read is left out."""
    server.on("GET", f"/workspacebuilds/{BUILD}/parameters", Reply(200, [{"name": "cpu", "value": "2"}, {"value": "3"}]))
    assert client.build_parameters(READ, deadline=soon()) == {"cpu": "2"}


def test_builds_of_a_workspace(server: Server, client: CoderClient) -> None:
    """A dozen, the latest first, however they are told; those of another workspace, and what cannot be read, are left out."""
    told = [
        build(build_number=1),
        build(build_number=2, transition="stop", reason="autostop"),
        build(build_number=3, workspace_id=OTHER),
        {"id": BUILD},
    ]
    server.on("GET", f"/workspaces/{WORKSPACE}/builds", Reply(200, told))
    builds = client.list_builds(READ, deadline=soon())
    assert [(it.number, it.transition, it.automatic) for it in builds] == [(2, Transition.STOP, True), (1, Transition.START, False)]
    assert server.seen[-1].query == {"limit": "12"}


def test_parameters_of_a_version_that_is_still_imported(server: Server, client: CoderClient) -> None:
    """Not now: it may be asked again, whichever status says so."""
    server.on("GET", f"/templates/{TEMPLATE}", Reply(200, template()))
    for status in (412, 425):
        path = f"/templateversions/{VERSION}/dynamic-parameters/evaluate"
        server.on("POST", path, *[Reply(status, problem("Template version job has not finished"))] * 50)
        with pytest.raises(UnavailableError) as error:
            client.evaluate_parameters(ME, THE_TEMPLATE, deadline=soon(0.5))
        assert error.value.retryable
        assert "has not finished" in str(error.value)


def test_evaluated_parameters(server: Server, client: CoderClient) -> None:
    """Asked for the owner who answers so; None for classic templates, RefusedError while the version is imported, unavailable in older servers."""
    path = f"/templateversions/{VERSION}/dynamic-parameters/evaluate"
    server.on("GET", f"/templates/{TEMPLATE}", Reply(200, template()))
    told = {"parameters": [{"name": "cpu", "default_value": {"value": "2", "valid": True}}]}
    server.on("POST", path, Reply(200, told), Reply(404, NO_ROUTE), Reply(400, problem("Template version job has not finished")))
    evaluation = client.evaluate_parameters(ME, THE_TEMPLATE, answers={"cpu": "4"}, deadline=soon())
    assert evaluation is not None
    assert evaluation.parameters[0].default == "2"
    assert server.seen[-1].body == {"id": 1, "inputs": {"cpu": "4"}, "owner_id": OWNER}
    with pytest.raises(UnavailableError):
        client.evaluate_parameters(ME, THE_TEMPLATE, deadline=soon())
    with pytest.raises(RefusedError):
        client.evaluate_parameters(ME, THE_TEMPLATE, deadline=soon())
    server.on("GET", f"/templates/{TEMPLATE}", Reply(200, template(use_classic_parameter_flow=True)))
    server.on("GET", f"/templateversions/{VERSION}", Reply(200, version()))
    client.get_template(ME, OF, deadline=soon())
    assert client.evaluate_parameters(ME, THE_TEMPLATE, deadline=soon()) is None


def test_use_of_templates(server: Server, client: CoderClient) -> None:
    """Of the live ones: no server lists those that are deleted, and none is asked to."""
    server.on("GET", f"/organizations/{ORGANIZATION}/templates", Reply(200, [template()]))
    server.on("GET", f"/users/{OWNER}", Reply(200, user()))
    server.on("GET", "/workspaces", Reply(200, {"workspaces": [workspace(last_used_at=None)]}))
    assert client.template_use(ME, HOME, deadline=soon())[OF].developers == 3
    assert [it.query for it in server.seen[2:]] == [{"q": "owner:ana"}]


def test_quotas(server: Server, client: CoderClient) -> None:
    """By the newer path or the older; none where neither is there or it may not be seen."""
    path, older = f"/organizations/{ORGANIZATION}/members/{OWNER}/workspace-quota", f"/workspace-quota/{OWNER}"
    told = Reply(200, {"credits_consumed": 3, "budget": 10})
    server.on("GET", path, told, Reply(404, NO_ROUTE))
    server.on("GET", older, told, Reply(404, NOT_FOUND))
    quotas = [client.get_quota(ME, HOME, deadline=soon()) for _ in range(3)]
    assert quotas == [Quota(consumed=3, budget=10), Quota(consumed=3, budget=10), None]
