"""Finding workspaces: by name, by id, by search."""

from __future__ import annotations

from uuid import UUID

import pytest

from chatworkspace_fake._platform.states import OWNER
from chatworkspace_simulator import CoderSimulator
from tests.adapters.simulator.client import ANA, BEN, Client, made


def test_a_workspace_is_found_by_its_name(simulator: CoderSimulator, client: Client) -> None:
    """Without regard to case; a deleted one only for whoever asks for it."""
    workspace = made(simulator.coder)
    assert client.get("/users/me/workspace/DEV")["id"] == str(workspace.id)
    workspace.delete()
    assert client.ask("GET", "/users/me/workspace/dev").status_code == 404
    assert client.get("/users/me/workspace/dev", include_deleted="true")["latest_build"]["status"] == "deleted"


def test_a_deleted_workspace_is_gone(simulator: CoderSimulator, client: Client) -> None:
    """410 by its id, which is not that of one that never was."""
    workspace = made(simulator.coder)
    workspace.delete()
    gone = client.ask("GET", f"/workspaces/{workspace.id}")
    assert (gone.status_code, f'"{workspace.id}"' in gone.json()["message"], "?include_deleted=true" in gone.json()["message"]) == (410, True, True)
    assert client.get(f"/workspaces/{workspace.id}", include_deleted="true")["latest_build"]["transition"] == "delete"
    assert client.ask("GET", f"/workspaces/{UUID(int=404)}").status_code == 404


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["one", "two"]),
        ("owner:me", ["one"]),
        (f"owner:{ANA}", ["two"]),
        ("name:w", ["two"]),
        ("tw", ["two"]),
        ("admin/one", ["one"]),
        ("status:stopped", ["two"]),
        ("template:none", []),
    ],
)
def test_workspaces_are_searched(simulator: CoderSimulator, client: Client, query: str, names: list[str]) -> None:
    """By part of the name; a bare word is one."""
    template = simulator.coder.add_template("docker")
    simulator.coder.add_workspace(template, "one", owner_id=OWNER)
    simulator.coder.add_workspace(template, "two", owner_id=ANA).stop()
    told = client.get("/workspaces", q=query)
    assert ([it["name"] for it in told["workspaces"]], told["count"]) == (names, len(names))


def test_what_is_not_searched_for(simulator: CoderSimulator, client: Client) -> None:
    """An unknown key is refused, and so is that for deleted workspaces; by their status none are found."""
    made(simulator.coder).delete()
    assert client.get("/workspaces", q="owner:me status:deleted")["count"] == 0
    for query in ("colour:red", "deleted:true"):
        answer = client.ask("GET", "/workspaces", params={"q": query})
        assert (answer.status_code, answer.json()["message"]) == (400, "Invalid workspace search query.")


def test_an_agent_of_an_earlier_build(simulator: CoderSimulator, client: Client) -> None:
    """Is disconnected; one that never was is missing, in words of its own. Without a token they are others, too."""
    workspace = made(simulator.coder)
    before = workspace.now.agents[0].id
    workspace.stop()
    workspace.start()
    path = "/workspaceagents/{}/listening-ports"
    told = [client.ask("GET", path.format(it)) for it in (before, UUID(int=404), workspace.now.agents[0].id)]
    assert [it.status_code for it in told] == [400, 404, 200]
    assert told[0].json()["message"].startswith('Agent state is "disconnected"')
    assert told[1].json()["message"].startswith("Agent doesn't exist with that id")
    signed_out = Client(simulator, token="").ask("GET", path.format(before))
    assert (signed_out.status_code, signed_out.json()["message"].partition(" ")[0]) == (401, "API")


def test_a_user_who_is_not_there(client: Client) -> None:
    """Is a bad request: 400, not 404."""
    answer = client.ask("GET", "/users/nobody")
    assert (answer.status_code, answer.json()["message"]) == (400, '"user" must be an existing uuid or username.')


def test_versions_that_cannot_be_built(simulator: CoderSimulator, client: Client) -> None:
    """One that is not there, and another template's: 400, in words alone. A build under way is told twice over."""
    workspace, other = made(simulator.coder), simulator.coder.add_template("other")
    path = f"/workspaces/{workspace.id}/builds"
    told = [client.ask("POST", path, {"transition": "start", "template_version_id": str(it)}).json() for it in (UUID(int=404), other.version_id)]
    assert told == [{"message": "template version does not exist"}, {"message": "template version doesn't match template"}]
    simulator.coder.set_provisioners(0)
    workspace.stop()
    again = client.ask("POST", path, {"transition": "stop"}).json()
    assert again["message"] == again["detail"] == "A workspace build is already active."


def test_a_list_has_pages(simulator: CoderSimulator, client: Client) -> None:
    """The count is of all."""
    template = simulator.coder.add_template("docker")
    for name in ("a", "b", "c"):
        simulator.coder.add_workspace(template, name, owner_id=OWNER)
    told = client.get("/workspaces", limit="1", offset="1")
    assert ([it["name"] for it in told["workspaces"]], told["count"]) == (["b"], 3)
    assert client.ask("GET", "/workspaces", params={"limit": "-1"}).status_code == 400


def test_users_see_what_is_theirs(simulator: CoderSimulator) -> None:
    """Another's workspace looks as if it were not; the site's owner sees it."""
    workspace = simulator.coder.add_workspace(simulator.coder.add_template("docker"), "own", owner_id=ANA)
    ana, ben = Client(simulator, "ana"), Client(simulator, "ben")
    assert ana.get("/users/me/workspace/own")["owner_id"] == ana.get("/users/me")["id"] == str(ANA)
    assert [ben.ask("GET", f"/workspaces/{workspace.id}").status_code, ben.ask("GET", f"/users/{ANA}/workspace/own").status_code] == [404, 404]
    assert ben.get("/workspaces")["count"] == 0
    assert ben.get("/users/me")["id"] == str(BEN)
    workspace.hide()
    assert ana.ask("GET", f"/workspaces/{workspace.id}").status_code == 404
