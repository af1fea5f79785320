"""What servers of one level do and those of another do not: a test for each difference beside those of test_levels.py.

docs/reference/levels.md tells them.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
import requests

from chatworkspace.ports import Option, Parameter, Preset
from chatworkspace_fake import FakeWorkspace
from chatworkspace_simulator import CoderSimulator
from chatworkspace_simulator._api.levels import LEVELS
from tests.adapters.simulator.client import Client, made

OLD = {"2.20", "2.24"}
BEFORE_2_35 = {"2.20", "2.24", "2.29"}
SMALL = Preset(id=UUID(int=5), name="Small", parameters={"cpu": "2"})
ASKED = (
    Parameter(name="cpu", type="number", default="1", validation_min=1, validation_max=8),
    Parameter(name="region", default="eu", options=(Option(name="Europe", value="eu"), Option(name="US", value="us"))),
)

pytestmark = pytest.mark.parametrize("level", LEVELS)


def ask(level: str, body: dict[str, Any], **template: Any) -> tuple[requests.Response, tuple[FakeWorkspace, ...]]:
    """Ask a server for a workspace; return its answer, and what was made."""
    with CoderSimulator(level=level) as simulator:
        docker = simulator.coder.add_template("docker", **template)
        answer = Client(simulator).ask("POST", "/users/me/workspaces", {"name": "dev", "template_id": str(docker.id), **body})
        return answer, simulator.coder.workspaces


def answers(**values: str) -> dict[str, Any]:
    return {"rich_parameter_values": [{"name": name, "value": value} for name, value in values.items()]}


def test_how_values_are_refused(level: str) -> None:
    """In words for the first that does not fit, or by the fields of all; the value is in quotes."""
    answer, made_ = ask(level, answers(region="mars"), parameters=ASKED)
    told = answer.json()
    assert (answer.status_code, made_) == (400, ())
    if level in OLD:
        assert (told["message"], "validations" in told) == ('Unable to validate parameter "region"', False)
        assert '"mars"' in told["detail"]
    else:
        assert (told["message"], [it["field"] for it in told["validations"]]) == ("Unable to validate parameters", ["region"])
        assert '"mars"' in told["validations"][0]["detail"]


@pytest.mark.parametrize("value", ["99", "many"])
def test_whether_numbers_are_looked_at(level: str, value: str) -> None:
    """2.24 lets through what is out of range, or no number; where a template chose the new way, it does not."""
    answer, _ = ask(level, answers(cpu=value), parameters=ASKED)
    assert answer.status_code == (201 if level == "2.24" else 400)
    assert ask(level, answers(cpu=value), parameters=ASKED, classic=False)[0].status_code == 400


def test_whether_a_creation_takes_a_preset(level: str) -> None:
    """The oldest ignore it, known or not. Its values win over those that are given, and builds tell it."""
    answer, (it,) = ask(level, answers(cpu="4") | {"template_version_preset_id": str(SMALL.id)}, parameters=ASKED, presets=[SMALL])
    build = answer.json()["latest_build"]
    assert it.latest.values["cpu"] == ("4" if level == "2.20" else "2")
    assert build.get("template_version_preset_id", "absent") == ("absent" if level == "2.20" else str(SMALL.id))
    answer, _ = ask(level, {"template_version_preset_id": str(UUID(int=404))})
    assert answer.status_code == (201 if level == "2.20" else 500)


def test_whether_a_preset_is_found_by_its_values(level: str) -> None:
    """By newer servers."""
    _, (it,) = ask(level, answers(cpu="2"), parameters=ASKED, presets=[SMALL])
    assert it.latest.preset_id == (None if level in OLD else SMALL.id)


def test_what_a_preset_tells(level: str) -> None:
    """Always name and values; later whether it is the default; later its description."""
    with CoderSimulator(level=level) as simulator:
        docker = simulator.coder.add_template("docker", parameters=ASKED, presets=[SMALL])
        (told,) = Client(simulator).get(f"/templateversions/{docker.version_id}/presets")
    assert (told["Name"], told["Parameters"]) == ("Small", [{"Name": "cpu", "Value": "2"}])
    assert ("Default" in told, "Description" in told) == (level != "2.20", level not in OLD)


def test_how_a_template_is_asked(level: str) -> None:
    """The old way up to 2.24, unless it is evaluated or chose otherwise; the oldest know one way."""
    with CoderSimulator(level=level) as simulator:
        told = Client(simulator).get(f"/templates/{simulator.coder.add_template('docker').id}")
    assert told.get("use_classic_parameter_flow") == (None if level == "2.20" else level == "2.24")


def test_whether_a_deleted_workspace_starts(level: str) -> None:
    """On older servers a build begins, and the workspace stays gone; a deletion is taken everywhere."""
    with CoderSimulator(level=level) as simulator:
        client, workspace = Client(simulator), made(simulator.coder)
        path = f"/workspaces/{workspace.id}"
        workspace.delete()
        assert client.ask("POST", f"{path}/builds", {"transition": "start"}).status_code == (201 if level in OLD else 409)
        assert client.ask("GET", path).status_code == 410
        assert client.ask("GET", "/users/me/workspace/dev").status_code == 404
        assert client.get(path, include_deleted="true")["latest_build"]["transition"] == ("start" if level in OLD else "delete")
        assert client.ask("POST", f"{path}/builds", {"transition": "delete"}).status_code == 201
        assert client.ask("PUT", f"{path}/dormant", {"dormant": True}).status_code == (200 if level in BEFORE_2_35 else 304)


def test_whether_a_start_wakes(level: str) -> None:
    """Before 2.35 it is forbidden until somebody has woken what is dormant."""
    with CoderSimulator(level=level) as simulator:
        client, workspace = Client(simulator), made(simulator.coder)
        workspace.go_dormant()
        path = f"/workspaces/{workspace.id}"
        assert client.ask("POST", f"{path}/builds", {"transition": "start"}).status_code == (403 if level in BEFORE_2_35 else 201)
        client.ask("PUT", f"{path}/dormant", {"dormant": False})
        assert client.get(path)["dormant_at"] is None


def test_the_page_for_a_terminal_that_cannot_be_had(level: str) -> None:
    """404 where there is no such agent; where it is not connected 502, later 404 as well."""
    with CoderSimulator(level=level) as simulator:
        workspace = made(simulator.coder)
        workspace.drop_agent()
        paths = [f"/workspaceagents/{it}/pty?reconnect={uuid4()}" for it in (uuid4(), workspace.now.agents[0].id)]
        told = [Client(simulator).ask("GET", path) for path in paths]
    assert [it.status_code for it in told] == [404, 502 if level in BEFORE_2_35 else 404]
    assert {it.headers["Content-Type"] for it in told} == {"text/html; charset=utf-8"}


def test_the_reason_of_a_build(level: str) -> None:
    """Is looked at by newer servers."""
    with CoderSimulator(level=level) as simulator:
        workspace = made(simulator.coder)
        body = {"transition": "stop", "reason": "because"}
        assert Client(simulator).ask("POST", f"/workspaces/{workspace.id}/builds", body).status_code == (201 if level in OLD else 400)


def test_what_is_missing_where_a_route_is(level: str) -> None:
    """A thing that is not there is looked for before the route: no server says of it that the route was not found."""
    with CoderSimulator(level=level) as simulator:
        client, docker = Client(simulator), simulator.coder.add_template("docker")
        for path in (f"/workspaces/{UUID(int=404)}/nothing-of-that-kind", f"/templateversions/{UUID(int=404)}/dynamic-parameters/evaluate"):
            assert client.ask("POST" if "evaluate" in path else "GET", path, {"inputs": {}}).json()["message"] != "Route not found."
        known = client.ask("POST", f"/templateversions/{docker.version_id}/dynamic-parameters/evaluate", {"inputs": {}})
    assert (known.status_code, known.json().get("message")) == ((404, "Route not found.") if level == "2.20" else (200, None))


def test_fields_of_workspaces(level: str) -> None:
    """Some came, and one went."""
    with CoderSimulator(level=level) as simulator:
        told = Client(simulator).get(f"/workspaces/{made(simulator.coder).id}")
    assert {it: it in told for it in ("next_start_at", "latest_app_status", "is_prebuild", "shared_with", "task_id")} == {
        "next_start_at": True,
        "latest_app_status": level != "2.20",
        "is_prebuild": level not in OLD,
        "shared_with": level not in OLD,
        "task_id": level in {"2.29", "2.35"},
    }


def test_fields_of_templates(level: str) -> None:
    """All came in time."""
    with CoderSimulator(level=level) as simulator:
        told = Client(simulator).get(f"/templates/{simulator.coder.add_template('docker').id}")
    fields = ("use_classic_parameter_flow", "deleted", "cors_behavior", "agents_allowed", "allow_workspace_renames")
    assert [it in told for it in fields] == [level != "2.20", level not in OLD, level not in OLD, level == "newest", level == "newest"]


def test_how_a_parameter_wants_to_be_asked(level: str) -> None:
    """Is told from 2.24 on."""
    with CoderSimulator(level=level) as simulator:
        docker = simulator.coder.add_template("docker", parameters=ASKED)
        told = Client(simulator).get(f"/templateversions/{docker.version_id}/rich-parameters")
    assert {"form_type" in it for it in told} == {level != "2.20"}


def test_by_what_workspaces_are_searched_for(level: str) -> None:
    """A key that a server does not know yet is refused, and not ignored."""
    since = {
        "has-agent": LEVELS,
        "has-ai-task": set(LEVELS) - {"2.20"},
        "has_external_agent": set(LEVELS) - OLD,
        "include_agent_metadata": {"newest"},
    }
    with CoderSimulator(level=level) as simulator:
        told = {key: Client(simulator).ask("GET", "/workspaces", params={"q": f"{key}:false"}).status_code for key in since}
    assert told == {key: 200 if level in levels else 400 for key, levels in since.items()}


def test_an_agent_that_connects_still(level: str) -> None:
    """Is unhealthy from 2.35 on; and its script tells how it ended."""
    with CoderSimulator(level=level) as simulator:
        told = Client(simulator).get(f"/workspaces/{made(simulator.coder, connect=60).id}")
    assert told["health"]["healthy"] is (level in BEFORE_2_35)
    (agent,) = told["latest_build"]["resources"][0]["agents"]
    assert ("status" in agent["scripts"][0], "parent_id" in agent) == (level not in BEFORE_2_35, level != "2.20")


def test_for_whom_requests_are_counted(level: str) -> None:
    """For each address, later for each user."""
    with CoderSimulator(level=level, requests_per_minute=1, tokens={"ana": UUID(int=0xA)}) as simulator:
        first, second = (Client(simulator, token).ask("GET", "/templates").status_code for token in (None, "ana"))
    assert (first, second) == (200, 429 if level in BEFORE_2_35 else 200)
