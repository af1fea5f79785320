"""What a server says about itself and about the token's holder: for whoever sets it up."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from uuid import UUID

import pytest

from chatworkspace import UnavailableError
from chatworkspace_coder import CoderClient, Found, Organization, RateLimit
from chatworkspace_coder._answers import workspaces
from chatworkspace_simulator import CoderSimulator
from chatworkspace_simulator._api.levels import LEVELS
from tests.adapters.coder.payloads import NOT_FOUND, ORGANIZATION, PAGE, problem, user, workspace
from tests.adapters.coder.server import Reply, Server, soon
from tests.adapters.simulator.client import ANA, made

HOME = UUID(ORGANIZATION)
INFO = {"version": "v2.36.3+7e0ff4c", "dashboard_url": "https://coder.example.com"}


def test_what_is_there(server: Server, client: CoderClient) -> None:
    """One request: Coder, its version, and a clock that is right to a second or so."""
    server.on("GET", "/buildinfo", Reply(200, INFO))
    found = client.about.server(soon())
    assert (found.found, found.version, found.problem) == (Found.CODER, "v2.36.3+7e0ff4c", "")
    assert found.clock_difference is not None
    assert abs(found.clock_difference) < 5
    assert server.paths == ["GET /buildinfo"]


@pytest.mark.parametrize("ahead", [-3600.0, 90.0])
def test_a_clock_that_is_off(server: Server, client: CoderClient, ahead: float) -> None:
    """The server's Date header tells how far."""
    date = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=ahead), usegmt=True)
    server.on("GET", "/buildinfo", Reply(200, INFO, headers={"Date": date}))
    told = client.about.server(soon()).clock_difference
    assert told is not None
    assert abs(told - ahead) < 5


@pytest.mark.parametrize("date", ["", "soon", "Tue, 99 Nov 2026 10:00:00 GMT", "Tue, 24 Nov 2026 10:00:00 -0000"])
def test_a_date_that_is_none(server: Server, client: CoderClient, date: str) -> None:
    """It is not told, or has no time zone: no difference is known."""
    server.on("GET", "/buildinfo", Reply(200, INFO, headers={"Date": date}))
    found = client.about.server(soon())
    assert (found.found, found.clock_difference) == (Found.CODER, None)


@pytest.mark.parametrize(
    ("reply", "found", "location"),
    [
        (Reply(307, headers={"Location": "https://ana:secret@other.example.com:8443/x?token=y"}), Found.REDIRECT, "https://other.example.com:8443"),
        (Reply(302, headers={"Location": "/login"}), Found.REDIRECT, ""),
        (Reply(302, headers={"Location": "http://["}), Found.REDIRECT, ""),
        (Reply(502, PAGE), Found.FOREIGN, ""),
        (Reply(200, PAGE), Found.FOREIGN, ""),
        (Reply(200, {"name": "another service"}), Found.FOREIGN, ""),
        (Reply(200, []), Found.FOREIGN, ""),
        (Reply(reset=True), Found.NOTHING, ""),
        (Reply(hang=True), Found.NOTHING, ""),
    ],
)
def test_what_is_no_coder(server: Server, client: CoderClient, reply: Reply, found: Found, location: str) -> None:
    """It is told from Coder, asked once, and of a redirect no more than scheme and host is kept."""
    server.on("GET", "/buildinfo", reply)
    told = client.about.server(soon(1.0) if reply.hang else soon())
    assert (told.found, told.location, told.version) == (found, location, "")
    assert told.problem
    assert len(server.seen) == 1


def test_whose_token_it_is(server: Server, client: CoderClient) -> None:
    """The user, and what is left of the rate limit."""
    server.on("GET", "/users/me", Reply(200, user(), headers={"X-RateLimit-Limit": "512", "X-RateLimit-Remaining": "509"}))
    holder = client.about.holder(soon())
    assert (holder.user.username, holder.rate_limit) == ("ana", RateLimit(limit=512, remaining=509))


@pytest.mark.parametrize("headers", [{}, {"X-RateLimit-Limit": "512"}, {"X-RateLimit-Limit": "-1", "X-RateLimit-Remaining": "many"}])
def test_a_rate_limit_that_is_not_told(server: Server, client: CoderClient, headers: dict[str, str]) -> None:
    """There is none, or a proxy keeps it to itself."""
    server.on("GET", "/users/me", Reply(200, user(), headers=headers))
    assert client.about.holder(soon()).rate_limit is None


@pytest.mark.parametrize("reply", [Reply(401, problem("You are signed out.")), Reply(404, NOT_FOUND), Reply(403, problem("Forbidden."))])
def test_a_token_that_is_none(server: Server, client: CoderClient, reply: Reply) -> None:
    """Whatever the server calls it, it is no use to ask again."""
    server.on("GET", "/users/me", reply)
    with pytest.raises(UnavailableError) as error:
        client.about.holder(soon())
    assert not error.value.retryable


def test_organizations(server: Server, client: CoderClient) -> None:
    """By id and name."""
    server.on("GET", "/users/me/organizations", Reply(200, [{"id": ORGANIZATION, "name": "default"}]), Reply(404, NOT_FOUND))
    assert client.about.organizations(soon()) == [Organization(id=HOME, name="default")]
    with pytest.raises(UnavailableError):
        client.about.organizations(soon())


@pytest.mark.parametrize(
    ("reply", "told"), [(Reply(200, {"create": True}), "True"), (Reply(200, {"create": False}), "False"), (Reply(404, NOT_FOUND), "None")]
)
def test_what_one_may(server: Server, client: CoderClient, reply: Reply, told: str) -> None:
    """By the server's own word."""
    server.on("POST", "/authcheck", reply)
    assert repr(client.about.may_create(HOME, soon())) == told
    asked = server.seen[0].body["checks"]["create"]
    assert asked == {"object": {"resource_type": "workspace", "owner_id": "me", "organization_id": ORGANIZATION}, "action": "create"}


def test_what_one_may_is_not_guessed(server: Server, client: CoderClient) -> None:
    """An older server without the route does not tell; one that rejects the token is an error."""
    assert client.about.may_create(HOME, soon()) is None
    server.on("POST", "/authcheck", Reply(401, problem("You are signed out.")))
    with pytest.raises(UnavailableError):
        client.about.may_create(HOME, soon())


@pytest.mark.parametrize(("level", "told"), [("2.20", "events"), ("newest", "websocket")])
def test_how_it_can_be_watched(level: str, told: str) -> None:
    """By trying, and nothing stays open."""
    with CoderSimulator(level=level) as simulator, CoderClient(simulator.url, token=simulator.token) as client:
        own = made(simulator.coder)
        found = client.get_workspace(own.owner_id, own.id, deadline=soon())
        assert client.about.watched_by(found, soon()) == told
        assert client.about.server(soon()).version == LEVELS[level].version


@pytest.mark.usefixtures("server")
def test_a_server_without_streams(client: CoderClient) -> None:
    """A proxy that lets none through: it is polled."""
    assert client.about.watched_by(workspaces.workspace(workspace(), None), soon()) == "polling"


def test_a_member_may_make_workspaces_of_its_own() -> None:
    """The simulator answers as the server does, for its owner and for members."""
    with CoderSimulator(tokens={"ana": ANA}) as simulator:
        home = simulator.coder.add_template("docker").organization_id
        for token in ("ana", simulator.token):
            with CoderClient(simulator.url, token=token) as client:
                assert client.about.may_create(home, soon()) is True
                assert [it.id for it in client.about.organizations(soon())] == [home]
