"""What a request passes first: its route, its token, and the rate limit; and what every answer carries."""

from __future__ import annotations

import re
import socket
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from chatworkspace import InvalidArgumentError
from chatworkspace_fake import FakeCoder, ScaledClock
from chatworkspace_fake._platform.states import OWNER
from chatworkspace_simulator import CoderSimulator
from tests.adapters.simulator.client import ANA, BEN, Client, made


@pytest.mark.parametrize("token", ["", "wrong-token"])
def test_without_a_token_nothing_is_told(simulator: CoderSimulator, token: str) -> None:
    """401; unknown routes are unknown all the same."""
    client = Client(simulator, token)
    answer = client.ask("GET", "/users/me")
    assert answer.status_code == 401
    assert answer.json()["message"].startswith("You are signed out")
    assert client.ask("GET", "/nothing").json() == {"message": "Route not found."}


@pytest.mark.parametrize(
    ("token", "detail"),
    [
        ("", 'Cookie "coder_session_token" or query parameter must be provided.'),
        ("no-token", "API key has a form that no key has."),
        ("abcdefghij-1234567890123456789012", "API key is invalid."),
    ],
)
def test_what_is_wrong_with_a_token(simulator: CoderSimulator, token: str, detail: str) -> None:
    """That there is none, its form, or that nobody has it."""
    assert Client(simulator, token).ask("GET", "/users/me").json()["detail"] == detail


def test_a_token_that_expires(simulator: CoderSimulator) -> None:
    """It is said since when; other tokens of the same user are as good as before, and a watch that is open goes on."""
    client, workspace = Client(simulator), made(simulator.coder)
    with client.open(f"/workspaces/{workspace.id}/watch-ws") as watch:
        simulator.expire(simulator.token)
        refused = client.ask("GET", "/users/me")
        workspace.stop()
        told = watch.messages()
        assert next(told)["type"] == "ping"
        assert any(it["data"]["latest_build"]["transition"] == "stop" for it in told)
    assert refused.status_code == 401
    assert re.fullmatch(r'API key expired at "20..-..-..T..:..:..Z"\.', refused.json()["detail"])
    assert Client(simulator, "ana").ask("GET", "/users/me").status_code == 200


def test_a_user_who_is_suspended(simulator: CoderSimulator) -> None:
    """Has no token that is taken until active again; the site's owner sees how they are, and makes workspaces for them."""
    ana, client, template = Client(simulator, "ana"), Client(simulator), simulator.coder.add_template("docker")
    simulator.set_user(ANA, "suspended")
    refused = ana.ask("GET", "/users/me")
    assert (refused.status_code, refused.json()["message"]) == (
        401,
        'User is not active (status = "suspended"). Contact an admin to reactivate your account.',
    )
    assert client.get(f"/users/{ANA}")["status"] == "suspended"
    client.post(f"/users/{ANA}/workspaces", {"name": "dev", "template_id": str(template.id)})
    simulator.set_user(ANA, "active")
    assert ana.get("/users/me")["status"] == "active"


def test_a_user_who_is_unknown(simulator: CoderSimulator, client: Client) -> None:
    """By id and by name a bad request, and nothing is made for them; nobody has such a token."""
    template, name = simulator.coder.add_template("docker"), client.get(f"/users/{ANA}")["username"]
    simulator.set_user(ANA, "unknown")
    told = [client.ask("GET", f"/users/{who}") for who in (ANA, name)]
    told.append(client.ask("POST", f"/users/{ANA}/workspaces", {"name": "dev", "template_id": str(template.id)}))
    assert {(it.status_code, it.json()["message"]) for it in told} == {(400, '"user" must be an existing uuid or username.')}
    assert Client(simulator, "ana").ask("GET", "/users/me").status_code == 401
    assert simulator.coder.workspaces == ()


@pytest.mark.parametrize(
    "headers",
    [{"Coder-Session-Token": "ana"}, {"Authorization": "Bearer ana"}, {"Cookie": "coder_session_token=ana"}],
)
def test_where_a_token_may_be(simulator: CoderSimulator, headers: dict[str, str]) -> None:
    """In a header, or a cookie, or the query."""
    client = Client(simulator)
    client.session.headers.pop("Coder-Session-Token")
    assert client.ask("GET", "/users/me", headers=headers).json()["id"] == str(ANA)
    assert client.ask("GET", "/users/me?coder_session_token=ben").json()["id"] == str(BEN)


def test_a_cookie_beats_the_header(simulator: CoderSimulator) -> None:
    """So that a stale one signs a client out."""
    client = Client(simulator)
    assert client.ask("GET", "/users/me", headers={"Cookie": "coder_session_token=stale"}).status_code == 401


def test_users_are_named_three_ways(simulator: CoderSimulator, client: Client) -> None:
    """By `me`, id or name; nobody but the site's owner sees another."""
    assert client.get("/users/me") | {"last_seen_at": ""} == client.get(f"/users/{OWNER}") | {"last_seen_at": ""}
    ana = client.get(f"/users/{ANA}")
    assert client.get(f"/users/{ana['username']}")["id"] == str(ANA)
    assert client.get("/users/me")["organization_ids"] == [it["id"] for it in client.get("/users/me/organizations")]
    assert [Client(simulator, "ben").ask("GET", f"/users/{who}").status_code for who in (ANA, "nobody", BEN)] == [404, 404, 200]


def test_the_owner_may_bring_a_token() -> None:
    """Which is then the simulator's own; else it has a fresh one."""
    with CoderSimulator(tokens={"mine": OWNER}) as simulator:
        assert simulator.token == "mine"  # noqa: S105 # a test's own
        assert Client(simulator).get("/users/me")["roles"][0]["name"] == "owner"
    assert CoderSimulator().token != CoderSimulator().token


# ---------------------------------------------------------------- rate limit


def _limited(level: str = "newest") -> CoderSimulator:
    return CoderSimulator(level=level, requests_per_minute=3, tokens={"ana": ANA, "ben": BEN})


def test_too_many_requests_are_refused() -> None:
    """429, with the headers of a limit and how long to wait; another path counts for itself."""
    with _limited() as simulator:
        client = Client(simulator)
        left = [client.ask("GET", "/users/me").headers["X-RateLimit-Remaining"] for _ in range(3)]
        refused = client.ask("GET", "/users/me")
        assert (left, refused.status_code) == (["2", "1", "0"], 429)
        assert (refused.headers["Retry-After"], refused.headers["X-RateLimit-Limit"], refused.headers["X-RateLimit-Remaining"]) == ("60", "3", "0")
        assert refused.json() == {"message": "You've been rate limited for sending more than 3 requests in 1m0s."}
        assert client.ask("GET", "/templates").status_code == 200


@pytest.mark.parametrize(("level", "status"), [("2.24", 429), ("newest", 200)])
def test_whom_the_limit_is_for(level: str, status: int) -> None:
    """Each user; on old servers each address."""
    with _limited(level) as simulator:
        for _ in range(4):
            Client(simulator, "ana").ask("GET", "/templates")
        assert Client(simulator, "ben").ask("GET", "/templates").status_code == status


def test_the_window_slides() -> None:
    """After two minutes of the platform's clock nothing is left of it."""
    with CoderSimulator(FakeCoder(ScaledClock(5000)), requests_per_minute=1) as simulator:
        client = Client(simulator)
        client.ask("GET", "/templates")
        simulator.coder.inside.platform.clock.sleep(120)
        assert client.ask("GET", "/templates").status_code == 200


def test_who_may_pass_the_limit() -> None:
    """The site's owner; others are told that they may not, in plain text."""
    with _limited() as simulator:
        mine, anas = (
            [Client(simulator, token).ask("GET", "/templates", headers={"X-Coder-Bypass-Ratelimit": "true"}) for _ in range(4)]
            for token in (None, "ana")
        )
        assert {it.status_code for it in mine} == {200}
        assert (anas[0].status_code, anas[0].headers["Content-Type"]) == (428, "text/plain; charset=utf-8")


def test_without_a_limit_there_are_no_headers_of_one(client: Client) -> None:
    """As of a server whose limit is switched off. Otherwise each answer tells of one, and at first it is the server's own."""
    assert client.ask("GET", "/templates").headers["X-RateLimit-Limit"] == "512"
    with CoderSimulator(requests_per_minute=None) as simulator:
        assert "X-RateLimit-Limit" not in Client(simulator).ask("GET", "/templates").headers


def test_every_answer_brings_a_cookie(client: Client) -> None:
    """Until the client sends it along."""
    assert "csrf_token=" in client.ask("GET", "/templates").headers["Set-Cookie"]
    assert "Set-Cookie" not in client.ask("GET", "/templates").headers


def test_a_long_body_is_chunked(simulator: CoderSimulator, client: Client) -> None:
    """The server does not wait for its end to tell its length; a short one has one."""
    short, _ = client.ask("GET", "/templates"), [simulator.coder.add_template(f"docker-{number}") for number in range(9)]
    long = client.ask("GET", "/templates")
    assert (short.headers["Content-Length"], "Transfer-Encoding" in short.headers) == ("2", False)
    assert (long.headers["Transfer-Encoding"], "Content-Length" in long.headers, len(long.json())) == ("chunked", False, 9)


# ---------------------------------------------------------------- answers


def test_every_answer_has_a_request_id(client: Client) -> None:
    """A fresh one; errors have one too."""
    ids = [client.ask("GET", path).headers["X-Coder-Request-Id"] for path in ("/templates", "/templates", "/nothing")]
    assert len({UUID(it) for it in ids}) == 3


@pytest.mark.parametrize("path", ["/users/a%2Fb", "/users/me/workspace/a%2Fb", "/organizations/default/templates/a%2fb"])
def test_a_slash_within_a_name(client: Client, path: str) -> None:
    """Parts it, however it is written: there is no such route."""
    answer = client.ask("GET", path)
    assert (answer.status_code, answer.json()) == (404, {"message": "Route not found."})


def test_a_method_that_a_route_does_not_have(client: Client) -> None:
    """405, with no body."""
    answer = client.ask("DELETE", "/templates")
    assert (answer.status_code, answer.content) == (405, b"")


def test_connections_are_kept(simulator: CoderSimulator, client: Client) -> None:
    """Twenty requests, errors among them, over one."""
    for number in range(20):
        client.ask("GET", "/templates" if number % 2 else "/nothing")
    assert (simulator.connections, len(simulator.requests)) == (1, 20)


def test_requests_are_recorded(simulator: CoderSimulator, client: Client) -> None:
    """Method, path and status, in order; never the query, which may hold a token."""
    client.ask("GET", "/templates?coder_session_token=secret")
    client.ask("POST", "/users/me/workspaces", {})
    assert [(it.method, it.path, it.status) for it in simulator.requests] == [
        ("GET", "/api/v2/templates", 401),
        ("POST", "/api/v2/users/me/workspaces", 400),
    ]


@pytest.mark.parametrize(
    "rubbish", [b"\x00\xff\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b""]
)
def test_rubbish_is_no_request(simulator: CoderSimulator, client: Client, rubbish: bytes) -> None:
    """The connection is closed; others go on."""
    url = urlsplit(simulator.url)
    with socket.create_connection((str(url.hostname), url.port or 0), timeout=10) as bare:
        bare.sendall(rubbish)
        bare.shutdown(socket.SHUT_WR)
        while bare.recv(65536):
            pass
    assert client.ask("GET", "/templates").status_code == 200


@pytest.mark.parametrize(
    ("arguments", "name"),
    [({"requests_per_minute": 0}, "requests_per_minute"), ({"coder": FakeCoder(), "speed": 60.0}, "speed"), ({"speed": 0.0}, "speed")],
)
def test_arguments_that_mean_nothing(arguments: dict[str, float], name: str) -> None:
    """Are refused by their names."""
    with pytest.raises(InvalidArgumentError) as refused:
        CoderSimulator(**arguments)  # type: ignore[arg-type] # several types at once
    assert refused.value.argument == name
