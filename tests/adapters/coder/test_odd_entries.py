"""One odd entry does not take a list away: what cannot be read is left out, or told without what is odd in it."""

from __future__ import annotations

from uuid import UUID

import pytest

from chatworkspace import UnavailableError
from chatworkspace.ports import NotFoundError
from chatworkspace_coder import CoderClient
from chatworkspace_coder._http.sizes import ONE
from tests.adapters.coder.calls import HOME, IT, LISTED, ME, OF, READ
from tests.adapters.coder.payloads import (
    AGENT,
    BUILD,
    NOT_FOUND,
    ORGANIZATION,
    OTHER,
    OWNER,
    PAGE,
    PRESET,
    TEMPLATE,
    VERSION,
    WORKSPACE,
    agent,
    build,
    problem,
    template,
    user,
    version,
    workspace,
)
from tests.adapters.coder.server import Reply, Server, soon

ODD: list[object] = [
    None,
    "x",
    3,
    [],
    {},
    {"id": "no id"},
    workspace(latest_build=None),
    workspace(name=None),
    workspace(build(agent(name=None)), id=VERSION),
]
"""Rows in which something is a surprise."""


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_an_odd_workspace_does_not_take_the_others_away(server: Server, client: CoderClient, odd: object) -> None:
    """It is left out: nothing can be done with it."""
    server.on("GET", f"/users/{OWNER}", Reply(200, user()))
    server.on("GET", f"/organizations/{ORGANIZATION}/templates", Reply(200, [odd, template(), odd]))
    server.on("GET", f"/templateversions/{VERSION}", Reply(200, version()))
    server.on("GET", "/workspaces", Reply(200, {"workspaces": [odd, workspace(), odd], "count": 3}))
    assert [it.id for it in client.list_workspaces(ME, HOME, deadline=soon())] == [IT]
    assert [it.id for it in client.list_templates(ME, HOME, deadline=soon())] == [OF]
    assert list(client.template_use(ME, HOME, deadline=soon())) == [OF]


def test_a_list_of_which_nothing_can_be_read(server: Server, client: CoderClient) -> None:
    """Is no empty one: it may be of a server that is not known here."""
    server.on("GET", f"/users/{OWNER}", Reply(200, user()))
    server.on("GET", "/workspaces", Reply(200, {"workspaces": [{"identity": "x"}], "count": 1}))
    with pytest.raises(UnavailableError, match="not what Coder sends"):
        client.list_workspaces(ME, HOME, deadline=soon())


@pytest.mark.parametrize("odd", [None, {}, {"name": 3}, {"id": "x"}])
def test_an_odd_entry_does_not_take_the_others_away(server: Server, client: CoderClient, odd: object) -> None:
    """Of parameters, presets, lines of a log, and organizations."""
    server.on("GET", f"/templates/{TEMPLATE}", Reply(200, template(use_classic_parameter_flow=False)))
    parameter = {"name": "region", "type": "string"}
    server.on("GET", f"/templateversions/{VERSION}/rich-parameters", Reply(200, [odd, parameter]))
    server.on("GET", f"/templateversions/{VERSION}/presets", Reply(200, [odd, {"ID": PRESET, "Name": "small"}]))
    server.on("POST", f"/templateversions/{VERSION}/dynamic-parameters/evaluate", Reply(200, {"parameters": [odd, parameter]}))
    server.on("GET", f"/workspacebuilds/{BUILD}", Reply(200, {"workspace_id": WORKSPACE}))
    server.on("GET", f"/workspacebuilds/{BUILD}/logs", Reply(200, [odd, {"id": 2, "output": "two"}]))
    server.on("GET", "/users/me/organizations", Reply(200, [odd, {"id": ORGANIZATION, "name": "home"}]))
    assert [it.name for it in client.list_parameters(ME, LISTED, deadline=soon())] == ["region"]
    assert [it.name for it in client.list_presets(ME, LISTED, deadline=soon())] == ["small"]
    evaluated = client.evaluate_parameters(ME, LISTED, deadline=soon())
    assert evaluated is not None
    assert [it.name for it in evaluated.parameters] == ["region"]
    assert [it.text for it in client.build_log(READ, after=0, deadline=soon())] == ["two"]
    assert [it.name for it in client.about.organizations(soon())] == ["home"]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(404, NOT_FOUND),
        Reply(403, problem("Forbidden.")),
        Reply(404, PAGE),
        Reply(403, PAGE),
        Reply(400, problem("Bad.")),
        Reply(429, problem("Later."), {"Retry-After": "1"}),
        Reply(429, PAGE),
        Reply(418, problem("A teapot.")),
        Reply(302, b"", {"Location": "/login"}),
        Reply(500, problem("Internal error.")),
        Reply(502, PAGE),
        Reply(200, PAGE),
        Reply(200, [1]),
        Reply(200, b" " * (ONE.bytes + 1)),
        Reply(hang=True),
    ],
    ids=["404", "403", "404 page", "403 page", "400", "429", "429 page", "418", "302", "500", "502", "page", "odd", "too large", "no answer"],
)
def test_a_version_that_cannot_be_read(server: Server, client: CoderClient, reply: Reply) -> None:
    """Its template is not described, which takes a part of the time alone, and the others are; whoever wants that one is told why not."""
    odd = template(id=OTHER, name="b", active_version_id=AGENT)
    server.on("GET", f"/organizations/{ORGANIZATION}/templates", Reply(200, [odd, template()]))
    server.on("GET", f"/templates/{OTHER}", Reply(200, odd))
    server.on("GET", f"/templateversions/{VERSION}", Reply(200, version()))
    server.on("GET", f"/templateversions/{AGENT}", reply)
    listed = client.list_templates(ME, HOME, deadline=soon())
    assert [(it.name, it.readme) for it in listed] == [("b", ""), ("docker", "")]
    described = client.describe_templates(ME, listed, deadline=soon(6))
    assert [(it.name, it.readme) for it in described] == [("docker", "# Docker")]
    with pytest.raises((UnavailableError, NotFoundError)):
        client.get_template(ME, UUID(OTHER), deadline=soon(0.5))
    server.on("GET", f"/templateversions/{AGENT}", Reply(200, version(id=AGENT)))
    assert [it.readme for it in client.describe_templates(ME, listed, deadline=soon())] == ["# Docker"] * 2
    assert [it.readme for it in client.list_templates(ME, HOME, deadline=soon())] == ["# Docker"] * 2


@pytest.mark.parametrize("status", [200, 400, 403])
def test_a_search_for_external_agents(server: Server, client: CoderClient, status: int) -> None:
    """Is made once for versions that are new; a server that does not know the words has none. Where it is refused the list is told all the same."""
    outside = template(id=OTHER, name="b", active_version_id=AGENT)
    everything, found = Reply(200, [outside, template()]), Reply(200, [outside]) if status == 200 else Reply(status, problem("No."))
    server.on("GET", f"/organizations/{ORGANIZATION}/templates", everything, found, everything, found)
    for _ in range(2):
        listed = client.list_templates(ME, HOME, deadline=soon(4))
        assert [it.external_agent for it in listed] == [status == 200, False]
    search = {"q": "has_external_agent:true"}
    assert [it.query for it in server.seen] == ([{}, search, {}] if status <= 400 else [{}, search, {}, search])


def test_a_server_that_goes_away_while_templates_are_listed(server: Server, client: CoderClient) -> None:
    """Is told as such: no list without its flags, and not one template after the other without its version."""
    refused = Reply(401, problem("Who?"))
    server.on("GET", f"/organizations/{ORGANIZATION}/templates", Reply(200, [template()]), refused, Reply(200, [template()]), Reply(200, []))
    with pytest.raises(UnavailableError, match="Who"):
        client.list_templates(ME, HOME, deadline=soon())
    listed = client.list_templates(ME, HOME, deadline=soon())
    server.on("GET", f"/templateversions/{VERSION}", refused)
    with pytest.raises(UnavailableError, match="Who"):
        client.describe_templates(ME, listed, deadline=soon())


@pytest.mark.parametrize(
    ("reply", "retryable"),
    [
        (Reply(500, problem("Oops.")), True),
        (Reply(400, problem("Bad.")), False),
        (Reply(403, PAGE), True),
        (Reply(429, problem("Later."), {"Retry-After": "60"}), True),
        (Reply(200, [1]), False),
        (Reply(200, {}), False),
        (Reply(200, {"template_ids": "all"}), False),
    ],
    ids=["500", "400", "403 page", "429", "a list", "nothing", "a text"],
)
def test_an_allow_list_that_cannot_be_read(server: Server, client: CoderClient, reply: Reply, *, retryable: bool) -> None:
    """Lets nothing in that it may forbid: no template is told, and the error says why."""
    older = template()
    older.pop("agents_allowed", None)
    server.on("GET", f"/organizations/{ORGANIZATION}/templates", Reply(200, [older]))
    server.on("GET", f"/templateversions/{VERSION}", Reply(200, version()))
    server.on("GET", "/api/experimental/chats/config/template-allowlist", reply)
    with pytest.raises(UnavailableError, match="which templates chats may use cannot be told: ") as failed:
        client.list_templates(ME, HOME, deadline=soon(1))
    assert (failed.value.retryable, failed.value.retry_after) == (retryable, 60.0 if reply.status == 429 else None)


def test_entries_of_an_allow_list_that_are_odd(server: Server, client: CoderClient) -> None:
    """Allow nothing: a list with such a row alone is none that allows all."""
    older = template()
    older.pop("agents_allowed", None)
    server.on("GET", f"/organizations/{ORGANIZATION}/templates", Reply(200, [older]))
    server.on("GET", f"/templateversions/{VERSION}", Reply(200, version()))
    server.on("GET", "/api/experimental/chats/config/template-allowlist", Reply(200, {"template_ids": [1, None, "x"]}))
    assert [it.agents_allowed for it in client.list_templates(ME, HOME, deadline=soon())] == [False]
