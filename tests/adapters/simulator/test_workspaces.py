"""Making, finding and building workspaces over HTTP."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, Literal
from uuid import UUID

import pytest
import requests

from chatworkspace import Transition
from chatworkspace.ports import Parameter, Preset
from chatworkspace_fake import NEVER
from chatworkspace_fake._platform.states import OWNER
from chatworkspace_simulator import CoderSimulator
from tests.adapters.simulator.client import ANA, BEN, Client, made

SMALL = Preset(id=UUID(int=5), name="Small", parameters={"cpu": "2"}, desired_prebuilds=1)


_FIELDS = (["ttl_ms"], ["name"], ["repo"], ["template_id", "template_version_id"])
"""Of a body, by which it may be refused."""


def _body(template_id: UUID, **more: Any) -> dict[str, Any]:
    return {"name": "dev", "template_id": str(template_id), **more}


# ------------------------------------------------------------------ making


@pytest.mark.parametrize("path", ["/users/me/workspaces", f"/users/{ANA}/workspaces", "/organizations/default/members/me/workspaces"])
def test_a_workspace_is_made(simulator: CoderSimulator, client: Client, path: str) -> None:
    """201, with its first build; what it made is told only when it is read again."""
    template = simulator.coder.add_template("docker")
    told = client.post(path, _body(template.id, ttl_ms=90_000))
    (workspace,) = simulator.coder.live
    assert (told["id"], told["ttl_ms"], told["latest_build"]["build_number"]) == (str(workspace.id), 60_000, 1)
    assert (told["latest_build"]["resources"], told["latest_build"]["template_version_name"]) == ([], "")
    assert workspace.owner_id == (ANA if str(ANA) in path else OWNER)
    build = client.get(f"/workspaces/{workspace.id}")["latest_build"]
    assert (build["status"], build["job"]["status"]) == ("running", "succeeded")
    assert build["resources"][0]["agents"][0]["lifecycle_state"] == "ready"


def test_who_asks_for_a_build_is_answered_before_it_begins(simulator: CoderSimulator, client: Client) -> None:
    """However short it is: pending, and nothing was made by it yet. Read again it is over."""
    template = simulator.coder.add_template("docker")
    asked = [client.post("/users/me/workspaces", _body(template.id))["latest_build"]]
    builds = f"/workspaces/{asked[0]['workspace_id']}/builds"
    asked += [client.post(builds, {"transition": transition}) for transition in ("stop", "start")]
    assert [(it["build_number"], it["status"], it["job"]["status"], it["resources"]) for it in asked] == [
        (number, "pending", "pending", []) for number in (1, 2, 3)
    ]
    assert client.get(f"/workspacebuilds/{asked[-1]['id']}")["job"]["status"] == "succeeded"


@pytest.mark.parametrize("name", ["dev", "DEV"])
def test_a_name_is_taken_once(simulator: CoderSimulator, client: Client, name: str) -> None:
    """Whatever its case. Another user may have it."""
    template = simulator.coder.add_template("docker")
    client.post("/users/me/workspaces", _body(template.id))
    answer = client.ask("POST", "/users/me/workspaces", _body(template.id) | {"name": name})
    assert (answer.status_code, answer.json()["message"]) == (409, f'Workspace "{name}" already exists.')
    assert answer.json()["validations"] == [{"field": "name", "detail": "This value is already in use and should be unique."}]
    client.post(f"/users/{ANA}/workspaces", _body(template.id))


def test_a_lost_race_for_a_name_is_a_server_error(simulator: CoderSimulator) -> None:
    """As of a server whose look for the name came too early: its database says so. Whoever comes when the race is over meets a conflict."""
    template, clients = simulator.coder.add_template("docker"), [Client(simulator) for _ in range(8)]
    for it in clients:
        it.get("/users/me")
    start, codes = Barrier(len(clients)), Counter[int]()

    def race(client: Client, body: Mapping[str, object]) -> requests.Response:
        start.wait()
        return client.ask("POST", "/users/me/workspaces", body)

    while not codes[500]:  # on a slow machine they come one after another
        body = _body(template.id) | {"name": f"dev-{codes[201]}"}
        with ThreadPoolExecutor(len(clients)) as pool:
            told = list(pool.map(race, clients, [body] * len(clients)))
        races = codes[201] + 1
        codes.update(it.status_code for it in told)
        assert (codes[201], sum(codes.values()), set(codes) - {201, 409, 500}) == (races, 8 * races, set())
        assert races < 200
    assert all("workspaces_owner_id_lower_idx" in it.json()["detail"] for it in told if it.status_code == 500)
    assert clients[0].ask("POST", "/users/me/workspaces", body).status_code == 409


@pytest.mark.parametrize("status", [409, 500])
def test_a_platform_that_answers_conflicts_in_one_way(simulator: CoderSimulator, client: Client, status: Literal[409, 500]) -> None:
    """Whenever the name was taken."""
    simulator.coder.answer_conflicts(status)
    template = simulator.coder.add_template("docker")
    client.post("/users/me/workspaces", _body(template.id))
    assert client.ask("POST", "/users/me/workspaces", _body(template.id)).status_code == status


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "two--hyphens"}, "name"),
        ({"name": "new"}, "name"),
        ({"name": "a" * 33}, "name"),
        ({"name": ""}, "name"),
        ({"template_id": None}, "template_id"),
        ({"template_id": str(UUID(int=0))}, "template_id"),
        ({"template_id": str(UUID(int=404))}, "template_id"),
        ({"ttl_ms": 1}, "ttl_ms"),
        ({"ttl_ms": 31 * 86_400_000}, "ttl_ms"),
        ({"name": "", "template_id": "no"}, "name"),
        ({"rich_parameter_values": [{"name": "cpu", "value": "many"}]}, "cpu"),
    ],
)
def test_a_request_that_does_not_fit(simulator: CoderSimulator, client: Client, change: dict[str, Any], field: str) -> None:
    """400, naming the field; nothing is made."""
    template = simulator.coder.add_template("docker", presets=[SMALL], parameters=[Parameter(name="cpu", type="number", default="1")])
    answer = client.ask("POST", "/users/me/workspaces", _body(template.id) | change)
    assert (answer.status_code, answer.json()["validations"][0]["field"]) == (400, field)
    assert simulator.coder.workspaces == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ttl_ms": 59_999}, "time until shutdown must be at least one minute"),
        ({"ttl_ms": 31 * 86_400_000}, "time until shutdown must be less than 30 days"),
        ({"template_id": "abc"}, "invalid UUID length: 3"),
        ({"template_id": None}, 'Validation failed for tag "required_without" with value: ""'),
        ({"template_version_id": str(UUID(int=1))}, 'Validation failed for tag "excluded_with" with value: ""'),
        ({"name": ""}, 'Validation failed for tag "workspace_name" with value: ""'),
        ({"rich_parameter_values": []}, "Required parameter not provided; parameter value is null"),
    ],
)
def test_in_which_words_it_is_refused(simulator: CoderSimulator, client: Client, change: dict[str, Any], said: str) -> None:
    """In the detail, or in those of its fields: of two ids that exclude each other, or are both missing, in both."""
    template = simulator.coder.add_template("docker", parameters=[Parameter(name="repo", required=True)])
    answered = {"rich_parameter_values": [{"name": "repo", "value": ""}]}
    told = client.ask("POST", "/users/me/workspaces", _body(template.id, **answered) | change).json()
    assert {told.get("detail", said), *(it["detail"] for it in told.get("validations", ()))} == {said}
    assert "detail" in told or [it["field"] for it in told["validations"]] in _FIELDS
    client.post("/users/me/workspaces", _body(template.id, **answered))  # with an empty answer, which is one


def test_provisioners_are_counted_while_a_build_is_pending(simulator: CoderSimulator, client: Client) -> None:
    """And in the answer of whoever asked for it; of others there are none."""
    template = simulator.coder.add_template("docker")
    asked = client.post("/users/me/workspaces", _body(template.id))["latest_build"]
    read = client.get(f"/workspacebuilds/{asked['id']}")
    assert [it["matched_provisioners"] for it in (asked, read)] == [
        {"count": count, "available": count, "most_recently_seen": None} for count in (1, 0)
    ]


def test_what_only_a_server_takes(simulator: CoderSimulator, client: Client) -> None:
    """A parameter that nobody asks for is dropped without a word, and another template's preset is noted."""
    template = simulator.coder.add_template("docker", parameters=[Parameter(name="cpu", default="1")])
    simulator.coder.add_template("other", presets=[SMALL])
    values = [{"name": "colour", "value": "red"}]
    told = client.post("/users/me/workspaces", _body(template.id, rich_parameter_values=values, template_version_preset_id=str(SMALL.id)))
    build = told["latest_build"]
    assert build["template_version_preset_id"] == str(SMALL.id)
    assert client.get(f"/workspacebuilds/{build['id']}/parameters") == [{"name": "cpu", "value": "2"}]


def test_a_preset_that_is_not_there(simulator: CoderSimulator, client: Client) -> None:
    """Is the server's failure; the id of zeros is none."""
    template = simulator.coder.add_template("docker")
    answer = client.ask("POST", "/users/me/workspaces", _body(template.id, template_version_preset_id=str(UUID(int=404))))
    assert (answer.status_code, answer.json()["message"]) == (500, "failed to fetch preset parameter values")
    zero = str(UUID(int=0))
    client.post("/users/me/workspaces", _body(template.id, template_version_preset_id=zero, template_version_id=zero))


def test_a_client_of_the_servers_own(simulator: CoderSimulator, client: Client) -> None:
    """Sends ids of zeros where it means none, asks first where else the user has to sign in, and has a dry run, whose log it follows to its end."""
    workspace = made(simulator.coder)
    path = f"/templateversions/{workspace.template.version_id}/dry-run"
    job = client.post(path, {"workspace_name": "dev", "rich_parameter_values": None, "user_variable_values": None})
    with client.open(f"{path}/{job['id']}/logs?follow&after=0") as log:
        assert (list(log.frames()), log.code) == ([], 1000)
    again = client.get(f"{path}/{job['id']}")
    assert (again["id"], again["status"], again["type"], "completed_at" in again) == (job["id"], "succeeded", "template_version_dry_run", True)
    assert client.get(f"{path}/{job['id']}/resources") == client.get(f"{path}/{job['id']}/logs") == []
    assert client.get(f"{path}/{job['id']}/matched-provisioners")["available"] == 1
    assert client.ask("GET", f"{path}/{UUID(int=404)}").status_code == 404
    zero = {"template_version_id": str(UUID(int=0)), "template_version_preset_id": str(UUID(int=0))}
    for transition in ("stop", "start", "delete"):
        client.post(f"/workspaces/{workspace.id}/builds", {"transition": transition, **zero})
    assert client.get(f"/templateversions/{workspace.template.version_id}/external-auth") == []
    own = client.post("/users/me/workspaces", _body(workspace.template.id, automatic_updates="always", autostart_schedule=None, ttl_ms=None))
    assert (own["automatic_updates"], client.get(f"/workspaces/{workspace.id}", include_deleted="true")["automatic_updates"]) == ("always", "never")


def test_one_may_make_workspaces_of_ones_own(simulator: CoderSimulator) -> None:
    """403 for another's, which is not what is told of what is missing."""
    template = simulator.coder.add_template("docker")
    answer = Client(simulator, "ana").ask("POST", f"/users/{BEN}/workspaces", _body(template.id))
    assert (answer.status_code, answer.json()["message"]) == (403, "Unauthorized to create workspace.")


def test_an_organization_is_its_members_own(simulator: CoderSimulator) -> None:
    """Its templates and versions are missing for others, nothing is made of them, and no check allows it. The site's owner sees all."""
    elsewhere = UUID(int=0xE)
    template = simulator.coder.add_template("docker", organization_id=elsewhere)
    simulator.coder.set_members(elsewhere, [BEN])
    ana, ben = Client(simulator, "ana"), Client(simulator, "ben")
    paths = (
        f"/organizations/{elsewhere}/templates",
        f"/templates/{template.id}",
        f"/templateversions/{template.version_id}",
        f"/templateversions/{template.version_id}/rich-parameters",
    )
    assert [[it.ask("GET", path).status_code for path in paths] for it in (ana, ben, Client(simulator))] == [[404] * 4, [200] * 4, [200] * 4]
    refused = ana.ask("POST", "/users/me/workspaces", _body(template.id))
    assert (refused.status_code, refused.json()["validations"][0]["field"]) == (400, "template_id")
    check = {"object": {"resource_type": "workspace", "owner_id": "me", "organization_id": str(elsewhere)}, "action": "create"}
    assert [it.ask("POST", "/authcheck", {"checks": {"it": check}}).json() for it in (ana, ben)] == [{"it": False}, {"it": True}]
    assert [len(it.get("/users/me/organizations")) for it in (ana, ben)] == [1, 2]
    ben.post("/users/me/workspaces", _body(template.id))


def test_a_body_that_is_no_json(client: Client) -> None:
    """400, and the connection goes on."""
    answer = client.ask("POST", "/users/me/workspaces", None, data=b"{")
    assert (answer.status_code, answer.json()["message"]) == (400, "Request body must be valid JSON.")


def test_a_deprecated_template_makes_nothing(simulator: CoderSimulator, client: Client) -> None:
    """400."""
    template = simulator.coder.add_template("docker", deprecated=True)
    assert client.ask("POST", "/users/me/workspaces", _body(template.id)).status_code == 400


@pytest.mark.parametrize("asked", [{"template_version_preset_id": str(SMALL.id)}, {"rich_parameter_values": [{"name": "cpu", "value": "2"}]}])
def test_a_preset_may_hand_over_a_prebuilt_workspace(simulator: CoderSimulator, client: Client, asked: dict[str, Any]) -> None:
    """Whether it was named or found by its values: the build is not the first, and the agent was connected before."""
    template = simulator.coder.add_template("docker", presets=[SMALL], parameters=[Parameter(name="cpu", default="1")], connect=NEVER)
    told = client.post("/users/me/workspaces", _body(template.id, **asked))
    build = client.get(f"/workspaces/{told['id']}")["latest_build"]
    (agent,) = build["resources"][0]["agents"]
    assert build["build_number"] == 2
    assert agent["first_connected_at"] < build["job"]["completed_at"]


# ------------------------------------------------------------------ changing


def test_a_workspace_is_stopped_started_and_deleted(simulator: CoderSimulator, client: Client) -> None:
    """Each is a build; each start has another agent."""
    workspace = made(simulator.coder)
    first = workspace.now.agents[0].id
    for number, transition in enumerate(("stop", "start", "delete"), 2):
        told = client.post(f"/workspaces/{workspace.id}/builds", {"transition": transition})
        assert (told["build_number"], told["transition"]) == (number, transition)
        assert client.get(f"/workspacebuilds/{told['id']}")["job"]["status"] == "succeeded"
    assert workspace.builds[1:] == ((2, Transition.STOP), (3, Transition.START), (4, Transition.DELETE))
    assert client.ask("GET", f"/workspaceagents/{first}").status_code == 404


def test_a_workspace_is_put_to_sleep_and_woken(simulator: CoderSimulator, client: Client) -> None:
    """304: it is so already. Asleep it runs as before; a start wakes it as well."""
    workspace = made(simulator.coder)
    path = f"/workspaces/{workspace.id}/dormant"
    assert client.ask("PUT", path, {"dormant": False}).status_code == 304
    assert client.ask("PUT", path, {"dormant": "yes"}).status_code == 400
    asleep = client.ask("PUT", path, {"dormant": True})
    assert (asleep.status_code, asleep.json()["dormant_at"] is None, asleep.json()["latest_build"]["status"]) == (200, False, "running")
    assert client.ask("PUT", path, {"dormant": False}).json()["dormant_at"] is None
    client.ask("PUT", path, {"dormant": True})
    workspace.stop()
    client.post(f"/workspaces/{workspace.id}/builds", {"transition": "start"})
    assert client.get(f"/workspaces/{workspace.id}")["dormant_at"] is None


def test_a_sleep_waits_for_no_build(simulator: CoderSimulator, client: Client) -> None:
    """It begins none, so one may be under way."""
    workspace = made(simulator.coder, build=NEVER)
    assert client.ask("PUT", f"/workspaces/{workspace.id}/dormant", {"dormant": True}).json()["latest_build"]["build_number"] == 1


def test_a_deleted_workspace_is_deleted_again(simulator: CoderSimulator, client: Client) -> None:
    """By another build; it stays deleted, use of it is noted, and it cannot be put to sleep."""
    workspace = made(simulator.coder, delete=NEVER)
    path = f"/workspaces/{workspace.id}"
    client.post(f"{path}/builds", {"transition": "delete"})
    workspace.cancel()
    simulator.coder.update_template("docker", delete=0)
    active = simulator.coder.inside.platform.templates[workspace.template.id].version_id
    for number in (3, 4):
        told = client.post(f"{path}/builds", {"transition": "delete", "template_version_id": str(active)})
        assert told["build_number"] == number
        assert client.ask("GET", path).status_code == 410
    assert [client.ask("POST", f"{path}/usage", {}).status_code, client.ask("PUT", f"{path}/dormant", {"dormant": True}).status_code] == [204, 304]


def test_one_build_at_a_time(simulator: CoderSimulator, client: Client) -> None:
    """409 while one is active, and for a deleted workspace."""
    busy = made(simulator.coder, build=NEVER)
    answer = client.ask("POST", f"/workspaces/{busy.id}/builds", {"transition": "stop"})
    assert (answer.status_code, answer.json()["message"]) == (409, "A workspace build is already active.")
    busy.delete()
    answer = client.ask("POST", f"/workspaces/{busy.id}/builds", {"transition": "start"})
    assert (answer.status_code, answer.json()["message"]) == (409, "Cannot start a deleted workspace!")


def test_a_start_takes_the_version_of_the_build_before(simulator: CoderSimulator, client: Client) -> None:
    """Unless another is named; a template may require its active one."""
    workspace = made(simulator.coder)
    path, before = f"/workspaces/{workspace.id}/builds", workspace.template.version_id
    active = simulator.coder.update_template("docker", readme="new").version_id
    assert client.get(f"/workspaces/{workspace.id}")["outdated"] is True
    assert client.post(path, {"transition": "start"})["template_version_id"] == str(before)
    simulator.coder.update_template("docker", require_active=True)
    assert client.ask("POST", path, {"transition": "start"}).status_code == 403
    required = client.get(f"/workspaces/{workspace.id}")
    assert (required["template_require_active_version"], required["template_active_version_id"] == str(active)) == (True, False)
    wanted = {"transition": "start", "template_version_id": required["template_active_version_id"]}
    assert client.post(path, wanted)["template_version_id"] == required["template_active_version_id"]


def test_a_build_is_canceled(simulator: CoderSimulator, client: Client) -> None:
    """While it is under way, and what is expected of it holds."""
    build = made(simulator.coder, build=NEVER).now.build
    assert client.ask("PATCH", f"/workspacebuilds/{build.id}/cancel?expect_status=pending").status_code == 412
    assert client.ask("PATCH", f"/workspacebuilds/{build.id}/cancel").status_code == 200
    assert client.get(f"/workspacebuilds/{build.id}")["status"] == "canceled"


def test_without_provisioners_a_build_waits(simulator: CoderSimulator, client: Client) -> None:
    """Its place in the queue is told, and how many might take it."""
    simulator.coder.set_provisioners(0)
    build = client.get(f"/workspaces/{made(simulator.coder).id}")["latest_build"]
    assert (build["status"], build["job"]["queue_position"], build["matched_provisioners"]["count"]) == ("pending", 1, 0)
    assert "started_at" not in build["job"]


def test_builds_are_listed(simulator: CoderSimulator, client: Client) -> None:
    """The newest first; and one by its number."""
    workspace = made(simulator.coder)
    workspace.stop()
    assert [it["build_number"] for it in client.get(f"/workspaces/{workspace.id}/builds")] == [2, 1]
    assert client.get("/users/me/workspace/dev/builds/1")["transition"] == "start"


def test_use_is_recorded(simulator: CoderSimulator, client: Client) -> None:
    """204, with no body."""
    workspace = made(simulator.coder)
    answer = client.ask("POST", f"/workspaces/{workspace.id}/usage", {})
    assert (answer.status_code, answer.content, workspace.uses) == (204, b"", 1)


def test_a_quota_is_told(simulator: CoderSimulator, client: Client) -> None:
    """A budget of -1 is none."""
    path = f"/organizations/default/members/{OWNER}/workspace-quota"
    made(simulator.coder, cost=3)
    assert client.get(path) == {"credits_consumed": 3, "budget": -1}
    simulator.coder.set_quota(10)
    assert client.get(path) == client.get("/workspace-quota/me") == {"credits_consumed": 3, "budget": 10}
    simulator.coder.set_licence("agpl")
    assert client.ask("GET", path).json() == {"message": "Route not found."}


def test_a_workspace_gets_another_name_and_time_to_live(simulator: CoderSimulator, client: Client) -> None:
    """204; a name that is taken is a conflict, and renames have to be allowed."""
    workspace = made(simulator.coder)
    answer = client.ask("PATCH", f"/workspaces/{workspace.id}", {"name": "mine"})
    assert (answer.status_code, answer.json()["message"]) == (400, "Workspace renames are not allowed.")
    simulator.coder.allow_renames(True)
    simulator.coder.add_workspace(workspace.template, "other", owner_id=OWNER)
    assert client.ask("PATCH", f"/workspaces/{workspace.id}", {"name": "other"}).status_code == 409
    assert client.ask("PATCH", f"/workspaces/{workspace.id}", {"name": "mine"}).status_code == 204
    assert client.ask("PUT", f"/workspaces/{workspace.id}/ttl", {"ttl_ms": 3_600_000}).status_code == 204
    assert (workspace.name, workspace.ttl) == ("mine", 3600.0)
