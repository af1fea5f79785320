"""What the client has beside the ports: settings of the platform for chats."""

from __future__ import annotations

from uuid import UUID

import pytest

from chatworkspace import Chat, InvalidArgumentError, TemplateError
from chatworkspace_coder import CoderClient
from tests.adapters.coder.payloads import (
    NO_ROUTE,
    NOT_FOUND,
    ORGANIZATION,
    OWNER,
    TEMPLATE,
    VERSION,
    WORKSPACE,
    problem,
    template,
    user,
    version,
)
from tests.adapters.coder.server import Reply, Server

ME, HOME, OF, IT = UUID(OWNER), UUID(ORGANIZATION), UUID(TEMPLATE), UUID(WORKSPACE)


# ---------------------------------------------------------------- beside the ports


def test_a_user(server: Server, client: CoderClient) -> None:
    """By name, id or "me"; what is not there is an argument that was wrong."""
    server.on("GET", "/users/me", Reply(200, user()))
    server.on("GET", "/users/ben", Reply(400, problem("Invalid user.")))
    assert client.user().organization_ids == (HOME,)
    with pytest.raises(InvalidArgumentError):
        client.user("ben")


def test_a_template_by_name(server: Server, client: CoderClient) -> None:
    """TemplateError where there is none."""
    path = f"/organizations/{ORGANIZATION}/templates"
    server.on("GET", f"{path}/docker", Reply(200, template()))
    server.on("GET", f"{path}/none", Reply(404, NOT_FOUND))
    server.on("GET", f"/templateversions/{VERSION}", Reply(200, version()))
    assert client.template("docker", organization_id=HOME).id == OF
    with pytest.raises(TemplateError):
        client.template("none", organization_id=HOME)


@pytest.mark.parametrize(
    ("stable", "experimental", "seconds"),
    [
        (Reply(200, {"workspace_ttl_ms": 28_800_000}), None, 28_800.0),
        (Reply(200, {"workspace_ttl_ms": 0}), None, None),
        (Reply(404, NO_ROUTE), Reply(200, {"workspace_ttl_ms": 60_000}), 60.0),
        (Reply(404, NO_ROUTE), Reply(404, NO_ROUTE), None),
        (Reply(404, NOT_FOUND), None, None),
    ],
)
def test_the_lifetime_for_chats(server: Server, client: CoderClient, stable: Reply, experimental: Reply | None, seconds: float | None) -> None:
    """Under the path of the server's age; 0 is off. It is asked for once in a while."""
    server.on("GET", "/chats/config/workspace-ttl", stable)
    if experimental is not None:
        server.on("GET", "/api/experimental/chats/config/workspace-ttl", experimental)
    chat = Chat(id="c", owner_id=ME, organization_id=HOME, generation=1)
    assert [client.workspace_ttl(chat) for _ in range(2)] == [seconds] * 2
    assert len(server.seen) == (1 if experimental is None else 2)
