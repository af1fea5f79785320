"""A level is a table of differences: routes, fields and codes."""

from __future__ import annotations

import pytest

from chatworkspace import InvalidArgumentError
from chatworkspace_fake import Fails
from chatworkspace_simulator import CoderSimulator
from chatworkspace_simulator._api.levels import LEVELS
from tests.adapters.simulator.client import ANA, Client, Refused, made

ROUTES = {
    "watch-ws": {"2.24", "2.29", "2.35", "newest"},
    "agent-connection-watch": {"2.35", "newest"},
    "watch": set(LEVELS),
}
"""Route of a workspace -> the levels that have it."""


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("route", ROUTES)
def test_a_route_that_came_later_is_unknown_before(level: str, route: str) -> None:
    """404 with the message of an unknown route; where it is known, a request that is no handshake is told so."""
    with CoderSimulator(level=level) as simulator:
        workspace = made(simulator.coder)
        answer = Client(simulator).ask("GET", f"/workspaces/{workspace.id}/{route}", stream=True)
        if level in ROUTES[route]:
            assert answer.status_code == (200 if route == "watch" else 426)
        else:
            assert (answer.status_code, answer.json()) == (404, {"message": "Route not found."})
        answer.close()


@pytest.mark.parametrize("level", LEVELS)
def test_the_server_says_its_version(level: str) -> None:
    """Without a token, and in every answer of the API."""
    with CoderSimulator(level=level) as simulator:
        answer = Client(simulator, token="").ask("GET", "/buildinfo")
    assert answer.json()["version"] == answer.headers["X-Coder-Build-Version"] == LEVELS[level].version


@pytest.mark.parametrize("level", LEVELS)
def test_a_full_quota_has_a_code_on_newer_servers(level: str) -> None:
    """Before, its text alone tells. The request for the build is accepted everywhere."""
    with CoderSimulator(level=level) as simulator:
        simulator.coder.set_quota(1)
        workspace = made(simulator.coder, cost=5)
        job = Client(simulator).get(f"/workspaces/{workspace.id}")["latest_build"]["job"]
    assert (job["status"], job["error"]) == ("failed", "insufficient quota")
    assert job.get("error_code") == ("INSUFFICIENT_QUOTA" if level in {"2.35", "newest"} else None)


@pytest.mark.parametrize(
    ("level", "templates", "chats", "experimental", "allowed"),
    [
        ("2.20", False, 404, 200, 200),
        ("2.24", False, 404, 200, 200),
        ("2.29", False, 404, 404, 404),
        ("2.35", False, 404, 200, 200),
        ("newest", True, 200, 404, 404),
    ],
)
def test_what_chats_may_use_is_told_in_three_ways(level: str, *, templates: bool, chats: int, experimental: int, allowed: int) -> None:
    """Not at all, by a list, or by the templates themselves."""
    with CoderSimulator(level=level) as simulator:
        client = Client(simulator)
        template = simulator.coder.add_template("gpu", agents_allowed=False)
        assert ("agents_allowed" in client.get(f"/templates/{template.id}")) is templates
        paths = ("/chats/config/workspace-ttl", "/api/experimental/chats/config/workspace-ttl", "/api/experimental/chats/config/template-allowlist")
        assert [client.ask("GET", path).status_code for path in paths] == [chats, experimental, allowed]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("token", ["", None], ids=["signed out", "signed in"])
def test_an_unknown_path_is_the_sites_page_on_old_servers(level: str, token: str | None) -> None:
    """Under /api/experimental, with 200, whoever asks; later, and elsewhere in the API, it is an unknown route."""
    with CoderSimulator(level=level) as simulator:
        client = Client(simulator, token=token)
        answer, other = (client.ask("GET", f"/api/{base}/chats/config/nothing-of-that-kind") for base in ("experimental", "v2"))
    assert (other.status_code, other.json()) == (404, {"message": "Route not found."})
    assert answer.headers["X-Coder-Build-Version"] == LEVELS[level].version
    if level in {"2.20", "2.24"}:
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert answer.text.startswith("<!doctype html>")
    else:
        assert (answer.status_code, answer.json()) == (404, {"message": "Route not found."})


def test_the_list_is_hidden_from_ordinary_users() -> None:
    """With the message of what is missing, which is not that of an unknown route."""
    with CoderSimulator(level="2.35", tokens={"ana": ANA}) as simulator:
        answer = Client(simulator, "ana").ask("GET", "/api/experimental/chats/config/template-allowlist")
    assert answer.status_code == 404
    assert answer.json()["message"].startswith("Resource not found")


@pytest.mark.parametrize(("level", "known"), [("2.24", False), ("2.29", True), ("2.35", True), ("newest", True)])
def test_external_agents_are_told_by_those_who_know_them(level: str, *, known: bool) -> None:
    """On versions and builds; the type of the resource tells everywhere."""
    with CoderSimulator(level=level) as simulator:
        workspace = made(simulator.coder, external_agent=True)
        build = Client(simulator).get(f"/workspaces/{workspace.id}")["latest_build"]
        version = Client(simulator).get(f"/templateversions/{workspace.template.version_id}")
    assert build.get("has_external_agent") is version.get("has_external_agent") is (True if known else None)
    assert build["resources"][0]["type"] == "coder_external_agent"


@pytest.mark.parametrize("level", LEVELS)
def test_canceling_too_late(level: str) -> None:
    """Is refused."""
    with CoderSimulator(level=level) as simulator:
        build = made(simulator.coder, build=Fails(after=0)).now.build
        assert Client(simulator).ask("PATCH", f"/workspacebuilds/{build.id}/cancel").status_code == 400


def test_an_unknown_level() -> None:
    """Is an invalid argument, which names those there are."""
    with pytest.raises(InvalidArgumentError, match=r"2\.20, 2\.24, 2\.29, 2\.35, newest"):
        CoderSimulator(level="1.0")


def test_a_stream_of_an_old_server_is_refused() -> None:
    """A handshake gets the status of the missing route."""
    with CoderSimulator(level="2.20") as simulator:
        workspace = made(simulator.coder)
        with pytest.raises(Refused) as refused:
            Client(simulator).open(f"/workspaces/{workspace.id}/watch-ws")
    assert refused.value.status == 404
