"""Templates, their versions, parameters and presets, as the server tells them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from chatworkspace.ports import Evaluation, Option, Parameter, Preset
from chatworkspace_fake._platform.states import ORGANIZATION
from chatworkspace_simulator import CoderSimulator
from tests.adapters.simulator.client import Client

ELSEWHERE = UUID(int=7)
CPU = Parameter(name="cpu", type="number", default="2", options=(Option(name="Two", value="2"),), validation_min=1, validation_max=8)
SMALL = Preset(id=UUID(int=5), name="Small", parameters={"cpu": "2"}, default=True)


def test_one_that_is_given_nothing_has_what_the_command_has() -> None:
    """From when it is first asked; whoever adds templates before has those alone."""
    with CoderSimulator() as bare:
        told = Client(bare).ask("GET", "/templates").json()
    assert {it["name"] for it in told} == {"docker", "gpu", "devbox", "cluster", "laptop"}
    with CoderSimulator() as own:
        own.coder.add_template("mine")
        told = Client(own).ask("GET", "/templates").json()
    assert [it["name"] for it in told] == ["mine"]


def test_templates_are_listed_with_their_active_version(simulator: CoderSimulator, client: Client) -> None:
    """Those of every organization; or of one, by its name or id."""
    here = simulator.coder.add_template("docker")
    there = simulator.coder.add_template("gpu", organization_id=ELSEWHERE)
    assert [(it["id"], it["active_version_id"]) for it in client.get("/templates")] == [(str(it.id), str(it.version_id)) for it in (here, there)]
    assert [it["name"] for it in client.get(f"/organizations/{ELSEWHERE}/templates")] == ["gpu"]
    assert client.get("/organizations/default/templates/Docker")["organization_id"] == str(ORGANIZATION)


def test_an_update_is_a_new_active_version(simulator: CoderSimulator, client: Client) -> None:
    """The template stays, and its version has the new readme."""
    template = simulator.coder.add_template("docker")
    updated = simulator.coder.update_template("docker", readme="# new")
    version = client.get(f"/templates/{template.id}")["active_version_id"]
    assert version == str(updated.version_id) != str(template.version_id)
    assert client.get(f"/templateversions/{version}")["readme"] == "# new"


@pytest.mark.parametrize(
    ("query", "names"),
    [("", ["a", "b"]), ("exact_name:b", ["b"]), ("deprecated:true", ["old"]), ("agents-allowed:true", ["a"]), ("zzz", [])],
)
def test_templates_are_searched(simulator: CoderSimulator, client: Client, query: str, names: list[str]) -> None:
    """Deprecated ones are listed only when they are asked for."""
    simulator.coder.add_template("a")
    simulator.coder.add_template("b", agents_allowed=False)
    simulator.coder.add_template("old", deprecated=True)
    assert [it["name"] for it in client.get("/templates", q=query)] == names


def test_a_search_key_that_the_server_does_not_know(simulator: CoderSimulator) -> None:
    """Is an error, not ignored: an old server refuses the keys of newer ones."""
    with CoderSimulator(level="2.24") as old:
        answer = Client(old).ask("GET", "/templates", params={"q": "agents-allowed:true"})
    assert (answer.status_code, answer.json()["validations"][0]["field"]) == (400, "agents-allowed")
    assert Client(simulator).ask("GET", "/templates", params={"q": "colour:red"}).status_code == 400


def test_parameters_are_told(simulator: CoderSimulator, client: Client) -> None:
    """All values are strings; limits that are not set are left out."""
    template = simulator.coder.add_template("docker", parameters=[CPU, Parameter(name="region", required=True)])
    cpu, region = client.get(f"/templateversions/{template.version_id}/rich-parameters")
    assert (cpu["default_value"], cpu["validation_max"], cpu["options"][0]["value"]) == ("2", 8, "2")
    assert region["required"] is True
    assert "validation_max" not in region


def test_presets_have_the_servers_capitals(simulator: CoderSimulator, client: Client) -> None:
    """And a version without any answers null."""
    template = simulator.coder.add_template("docker", parameters=[CPU], presets=[SMALL])
    none = simulator.coder.add_template("bare")
    (preset,) = client.get(f"/templateversions/{template.version_id}/presets")
    assert (preset["ID"], preset["Name"], preset["Parameters"], preset["Default"]) == (str(SMALL.id), "Small", [{"Name": "cpu", "Value": "2"}], True)
    assert client.get(f"/templateversions/{none.version_id}/presets") is None


def test_parameters_are_evaluated(simulator: CoderSimulator, client: Client) -> None:
    """With the inputs of whoever asks; a value that is missing is a problem."""
    asked = Evaluation(parameters=(CPU, Parameter(name="region", required=True)))
    template = simulator.coder.add_template("docker", parameters=[CPU], evaluation=asked)
    path = f"/templateversions/{template.version_id}/dynamic-parameters/evaluate"
    answer: Any = client.ask("POST", path, {"id": 3, "inputs": {"cpu": "4"}}).json()
    cpu, region = answer["parameters"]
    assert (answer["id"], cpu["value"], cpu["default_value"]) == (3, {"value": "4", "valid": True}, {"value": "2", "valid": True})
    assert region["diagnostics"][0]["extra"]["code"] == "required"
    assert client.get(f"/templates/{template.id}")["use_classic_parameter_flow"] is False


@pytest.mark.parametrize("path", ["/templates/{0}", "/templateversions/{0}", "/organizations/default/templates/none", "/organizations/none"])
def test_what_is_missing_looks_like_what_is_not_to_be_seen(client: Client, path: str) -> None:
    """One message for both, and another than that of an unknown route."""
    answer = client.ask("GET", path.format(UUID(int=404)))
    assert (answer.status_code, answer.json()["message"]) == (404, "Resource not found or you do not have access to this resource")
