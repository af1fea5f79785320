"""Answers to another's question: HTTP numbers no answers, so each that names what it tells of is compared with what was asked for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chatworkspace import UnavailableError
from chatworkspace.ports import NotAnsweredError
from chatworkspace_coder import CoderClient
from tests.adapters.coder.calls import CREATE, HOME, IT, ME, OF, PATH, READ, REQUEST
from tests.adapters.coder.payloads import OTHER, OWNER, TEMPLATE, VERSION, Json, build, template, user, version, workspace
from tests.adapters.coder.server import Reply, Server, soon

READS: dict[str, Callable[[CoderClient], object]] = {
    f"{PATH}": lambda client: client.get_workspace(ME, IT, deadline=soon()),
    f"/templates/{TEMPLATE}": lambda client: client.get_template(ME, OF, deadline=soon()),
    f"/templateversions/{VERSION}": lambda client: client.get_template(ME, OF, deadline=soon()),
    f"/users/{OWNER}": lambda client: client.list_workspaces(ME, HOME, deadline=soon()),
}
SOUND: dict[str, Json] = {
    PATH: workspace(),
    f"/templates/{TEMPLATE}": template(),
    f"/templateversions/{VERSION}": version(),
    f"/users/{OWNER}": user(),
}


@pytest.mark.parametrize("path", READS)
def test_what_is_read_of_another_is_not_understood(server: Server, client: CoderClient, path: str) -> None:
    """Nothing is concluded from it; the same answer of the right id is taken."""
    for each, told in SOUND.items():
        server.on("GET", each, *[Reply(200, told | {"id": OTHER})] * (each == path), Reply(200, told))
    server.on("GET", "/workspaces", Reply(200, {"workspaces": [], "count": 0}))
    with pytest.raises(UnavailableError, match="something else than was asked for"):
        READS[path](client)
    READS[path](client)


@pytest.mark.parametrize("odd", [{"name": "dev-bea"}, {"owner_id": OTHER}])
def test_what_is_made_of_another_is_in_doubt(server: Server, client: CoderClient, odd: Json) -> None:
    """The answer to a creation names its owner and its name, in whatever case; another's is no answer, and so the caller looks."""
    server.on("POST", CREATE, Reply(201, workspace(**odd)), Reply(201, workspace(name="Dev-Ana")))
    with pytest.raises(NotAnsweredError, match="something else than was asked for"):
        client.create_workspace(REQUEST, deadline=soon())
    assert client.create_workspace(REQUEST, deadline=soon()).id == IT


def test_a_build_of_another_is_in_doubt(server: Server, client: CoderClient) -> None:
    """Likewise the answer to a start."""
    of_it = build(workspace_id=str(IT))
    server.on("POST", f"{PATH}/builds", Reply(201, of_it | {"workspace_id": OTHER}), Reply(201, of_it))
    with pytest.raises(NotAnsweredError, match="something else than was asked for"):
        client.start_workspace(READ, {}, deadline=soon())
    assert client.start_workspace(READ, {}, deadline=soon()).id == IT
