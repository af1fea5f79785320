"""Reading many workspaces at once."""

from __future__ import annotations

from uuid import UUID

import pytest

from chatworkspace import AgentStatus
from chatworkspace.ports import NotFoundError
from chatworkspace_coder import CoderClient, _many
from tests.adapters.coder.payloads import NOT_FOUND, ORGANIZATION, OTHER, OWNER, WORKSPACE, Json, agent, build, user, workspace
from tests.adapters.coder.server import Reply, Server, soon
from tests.adapters.coder.test_client import READ

ME, HOME, IT = UUID(OWNER), UUID(ORGANIZATION), UUID(WORKSPACE)


def serve(server: Server, *rows: Json, count: int | None = None) -> None:
    """Have these listed, on as many pages as there are."""
    server.on("GET", f"/users/{OWNER}", Reply(200, user()))
    pages = [Reply(200, {"workspaces": [row], "count": len(rows) if count is None else count}) for row in rows]
    server.on("GET", "/workspaces", *(pages or [Reply(200, {"workspaces": [], "count": 0})]))


def test_pages_follow_one_another(server: Server, client: CoderClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until as many are told as there are; only what is asked for is read, and only what is its owner's, in its organization and not deleted."""
    monkeypatch.setattr(_many, "PAGE", 1)
    serve(server, workspace(id=OTHER), workspace(), workspace(build(transition="delete")), workspace(organization_id=OTHER))
    assert [it.id for it in client.read_workspaces(ME, HOME, [READ], deadline=soon())] == [IT]
    asked = [seen.query for seen in server.seen if seen.path.endswith("/workspaces")]
    assert asked == [{"q": "owner:ana", "limit": "1", "offset": str(number)} for number in range(4)]


def test_pages_without_end_are_left(server: Server, client: CoderClient) -> None:
    """A server that says that there are more, and tells none, is not asked again; nor one that tells the same without end."""
    serve(server, count=10)
    assert client.read_workspaces(ME, HOME, [READ], deadline=soon()) == []
    assert len(server.seen) == 2
    server.seen.clear()
    serve(server, workspace(), count=10**9)
    assert client.read_workspaces(ME, HOME, [READ], deadline=soon(60))
    assert len(server.seen) == _many.MOST_PAGES


def test_what_has_not_changed_is_told_as_it_is_given(server: Server, client: CoderClient) -> None:
    """No value is made of it; of what was read in another way, or is counted from now, one is."""
    serve(server, workspace())
    (first,) = client.read_workspaces(ME, HOME, [READ], deadline=soon())
    (again,) = client.read_workspaces(ME, HOME, [first], deadline=soon())
    assert again is first is not READ
    gone = workspace(build(agent(status="disconnected", disconnected_at="2026-01-01T00:00:00Z")))
    serve(server, gone)
    (told,) = client.read_workspaces(ME, HOME, [first], deadline=soon())
    assert [it.status for it in told.agents] == [AgentStatus.DISCONNECTED]
    (later,) = client.read_workspaces(ME, HOME, [told], deadline=soon())
    assert later is not told


def test_where_there_is_no_list(server: Server, client: CoderClient) -> None:
    """It is said, so that each is asked for by itself; what cannot be read is as if it were not listed."""
    serve(server, {"id": WORKSPACE}, {"id": 7}, count=2)
    assert client.read_workspaces(ME, HOME, [READ], deadline=soon()) == []
    server.on("GET", "/workspaces", Reply(404, NOT_FOUND))
    with pytest.raises(NotFoundError):
        client.read_workspaces(ME, HOME, [READ], deadline=soon())
