"""Routes that only newer servers have: their lack is told at once, and asked about once for each version of the server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress

import attrs
import pytest

from chatworkspace import UnavailableError
from chatworkspace.ports import Watch
from chatworkspace_coder import CoderClient
from tests.adapters.coder.calls import CHAT, HOME, LISTED, ME, OF, READ
from tests.adapters.coder.payloads import NO_ROUTE, ORGANIZATION, OWNER, PAGE, TEMPLATE, VERSION, WORKSPACE, Json, problem, template, user, version
from tests.adapters.coder.server import Handler, Reply, Server, soon
from tests.hanging import not_hanging, until

STABLE, EXPERIMENTAL = "/chats/config/workspace-ttl", "/api/experimental/chats/config/workspace-ttl"
ALLOWED = "/api/experimental/chats/config/template-allowlist"
EVALUATE = f"/templateversions/{VERSION}/dynamic-parameters/evaluate"
MEMBER, OLDER = f"/organizations/{ORGANIZATION}/members/{OWNER}/workspace-quota", f"/workspace-quota/{OWNER}"
WS = f"/workspaces/{WORKSPACE}/watch-ws"
OLD = {name: value for name, value in template().items() if name != "agents_allowed"}
BEFORE, AFTER = {"X-Coder-Build-Version": "v2.24.4+18f1c5a"}, {"X-Coder-Build-Version": "v2.34.2+9c4e7b1"}


@attrs.frozen(kw_only=True)
class Route:
    """Something that only newer servers have."""

    method: str = "GET"
    path: str
    ask: Callable[[CoderClient], object]
    without: object
    """What the client makes of its lack."""


def _forget(client: CoderClient) -> None:
    """Let what is kept for a minute be older."""
    client._settings._lifetime._told = client._settings._allowed._told = None


def _evaluated(client: CoderClient) -> object:
    with suppress(UnavailableError):
        return client.evaluate_parameters(ME, LISTED, deadline=soon())
    return None


def _watched(client: CoderClient) -> Watch | None:
    return client.watch(READ, deadline=soon())


ROUTES = {
    "allow-list": Route(path=ALLOWED, ask=lambda client: client.get_template(ME, OF, deadline=soon()).agents_allowed, without=True),
    "lifetime": Route(path=STABLE, ask=lambda client: client.workspace_ttl(CHAT), without=None),
    "older lifetime": Route(path=EXPERIMENTAL, ask=lambda client: client.workspace_ttl(CHAT), without=None),
    "evaluation": Route(method="POST", path=EVALUATE, ask=_evaluated, without=None),
    "quota": Route(path=MEMBER, ask=lambda client: client.get_quota(ME, HOME, deadline=soon()), without=None),
    "older quota": Route(path=OLDER, ask=lambda client: client.get_quota(ME, HOME, deadline=soon()), without=None),
    "watch": Route(path=WS, ask=_watched, without=None),
}
LACKS = {
    "no route": Reply(404, NO_ROUTE),
    "page": Reply(200, PAGE),
    "page by its type": Reply(200, b"\xef\xbb\xbf Workspaces", {"Content-Type": "text/html; charset=utf-8"}),
    "page by its looks": Reply(200, b"\n <!doctype html>", {"Content-Type": "application/octet-stream"}),
}


NOBODYS = {
    "in plain text": Reply(404, b"404 page not found\n", {"Content-Type": "text/plain"}),
    "in a page": Reply(404, PAGE),
}
"""Said by whoever stands before the server, and has none yet, or lets this through never."""


@pytest.fixture(params=ROUTES)
def route(request: pytest.FixtureRequest, server: Server) -> Route:
    """Give each route, of a server that has what else is asked."""
    server.on("GET", f"/templates/{TEMPLATE}", Reply(200, OLD, BEFORE))
    server.on("GET", f"/templateversions/{VERSION}", Reply(200, version(), BEFORE))
    server.otherwise(Reply(404, NO_ROUTE, BEFORE))
    return ROUTES[request.param]


def asked(server: Server, it: Route) -> int:
    """Count the requests to a route."""
    path = it.path if it.path.startswith("/api/") else f"/api/v2{it.path}"
    return [seen.path for seen in server.seen].count(path)


def updated(server: Server, client: CoderClient) -> None:
    """Let an answer come from a newer server."""
    server.on("GET", "/users/me", Reply(200, user(), AFTER))
    client.user()


def says(reply: Reply, headers: dict[str, str]) -> Reply:
    return attrs.evolve(reply, headers=reply.headers | headers)


@pytest.mark.parametrize("lack", LACKS.values(), ids=LACKS)
def test_a_lack_is_asked_about_once_for_each_version(server: Server, client: CoderClient, route: Route, lack: Reply) -> None:
    """At once, by one request, however often it is wanted; and again when any answer comes from a server of another version."""
    server.on(route.method, route.path, says(lack, BEFORE))
    for _ in range(3):
        _forget(client)
        assert route.ask(client) == route.without
    assert asked(server, route) == 1
    server.on("GET", f"/templates/{TEMPLATE}", Reply(200, OLD, AFTER))
    server.otherwise(Reply(404, NO_ROUTE, AFTER))
    server.on(route.method, route.path, says(lack, AFTER))
    updated(server, client)
    for _ in range(3):
        _forget(client)
        assert route.ask(client) == route.without
    assert asked(server, route) == 2


@pytest.mark.parametrize("lack", NOBODYS.values(), ids=NOBODYS)
def test_what_nobody_of_the_server_says_is_remembered_of_none(server: Server, client: CoderClient, route: Route, lack: Reply) -> None:
    """An ingress that begins says the same: the route is asked for a few times, done without for once, and asked for again the next time."""
    watched = route.path == WS
    server.on(route.method, route.path, says(lack, BEFORE))
    for number in range(1, 3):
        assert route.ask(client) == route.without
        assert asked(server, route) == (1 if watched else 3 * number)  # a watch is tried again after a minute
    assert "watch-ws" not in client._watching._lacking._seen


@pytest.mark.parametrize("lack", NOBODYS.values(), ids=NOBODYS)
def test_an_ingress_that_begins(server: Server, client: CoderClient, lack: Reply) -> None:
    """The second answer is the server's, and counts."""
    server.on("GET", STABLE, lack, Reply(200, {"workspace_ttl_ms": 60_000}, BEFORE))
    assert client.workspace_ttl(CHAT) == 60.0


@pytest.mark.parametrize("passing", [Reply(503, PAGE), Reply(429, problem("slow")), Reply(502, b"")], ids=["503", "429", "502"])
def test_what_may_pass_is_no_lack(server: Server, client: CoderClient, passing: Reply) -> None:
    """It is asked again, and the answer counts."""
    server.on("GET", STABLE, says(passing, BEFORE), Reply(200, {"workspace_ttl_ms": 60_000}, BEFORE))
    assert client.workspace_ttl(CHAT) == 60.0


@pytest.mark.parametrize("lack", [LACKS["page"], LACKS["page by its type"]], ids=["page", "by its type"])
def test_a_page_of_who_does_not_tell_its_version(server: Server, client: CoderClient, route: Route, lack: Reply) -> None:
    """It may be anybody's: the client does without, by one request each time, and asks again the next time."""
    server.on(route.method, route.path, lack)
    for number in range(1, 4):
        _forget(client)
        with not_hanging():
            assert route.ask(client) == route.without
        assert asked(server, route) == number


def test_what_a_newer_server_has_is_used(server: Server, client: CoderClient) -> None:
    """As soon as an answer of it was seen: the settings of chats came with the update."""
    server.on("GET", STABLE, Reply(404, NO_ROUTE, BEFORE))
    server.on("GET", EXPERIMENTAL, Reply(200, PAGE, BEFORE))
    assert client.workspace_ttl(CHAT) is None
    server.on("GET", STABLE, Reply(200, {"workspace_ttl_ms": 60_000}, AFTER))
    _forget(client)
    assert client.workspace_ttl(CHAT) is None  # nothing has told yet that it is another server
    updated(server, client)
    _forget(client)
    assert client.workspace_ttl(CHAT) == 60.0


def test_one_page_tells_of_all_that_is_experimental(server: Server, client: CoderClient) -> None:
    """Whoever has the page there has none of it; whoever says that a route is unknown may have another."""
    server.on("GET", f"/templates/{TEMPLATE}", Reply(200, OLD, BEFORE))
    server.on("GET", f"/templateversions/{VERSION}", Reply(200, version(), BEFORE))
    server.on("GET", ALLOWED, Reply(200, PAGE, BEFORE))
    server.on("GET", STABLE, Reply(404, NO_ROUTE, BEFORE))
    assert client.get_template(ME, OF, deadline=soon()).agents_allowed
    assert client.workspace_ttl(CHAT) is None
    assert [seen.path for seen in server.seen if "experimental" in seen.path] == [ALLOWED]
    server.on("GET", f"/templates/{TEMPLATE}", Reply(200, OLD, AFTER))
    server.on("GET", ALLOWED, Reply(404, NO_ROUTE, AFTER))
    server.on("GET", STABLE, Reply(404, NO_ROUTE, AFTER))
    server.on("GET", EXPERIMENTAL, Reply(200, {"workspace_ttl_ms": 60_000}, AFTER))
    updated(server, client)
    _forget(client)
    assert client.get_template(ME, OF, deadline=soon()).agents_allowed
    assert client.workspace_ttl(CHAT) == 60.0


def test_each_client_finds_out_for_itself(server: Server, client: CoderClient) -> None:
    """What one knows of its server is nothing for one of another."""
    server.on("GET", STABLE, Reply(200, {"workspace_ttl_ms": 60_000}, BEFORE))
    assert client.workspace_ttl(CHAT) == 60.0
    server.on("GET", STABLE, Reply(404, NO_ROUTE, BEFORE))
    server.on("GET", EXPERIMENTAL, Reply(200, PAGE, BEFORE))
    with CoderClient(server.url, token="x") as other:  # noqa: S106 # nobody's
        assert other.workspace_ttl(CHAT) is None
    server.on("GET", STABLE, Reply(200, {"workspace_ttl_ms": 90_000}, BEFORE))
    _forget(client)
    assert client.workspace_ttl(CHAT) == 90.0


def test_one_thread_asks_for_all(server: Server, client: CoderClient) -> None:
    """Those who come while a setting is asked for wait for that answer; whoever runs out of time meanwhile is not kept."""
    begun, go = threading.Event(), threading.Event()

    def slowly(handler: Handler) -> None:
        begun.set()
        go.wait(10)
        handler.take(Reply(200, {"workspace_ttl_ms": 60_000}, BEFORE))

    server.on("GET", STABLE, slowly)
    told: list[float | None] = []
    threads = [threading.Thread(target=lambda: told.append(client.workspace_ttl(CHAT))) for _ in range(8)]
    threads[0].start()
    assert begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    until(lambda: all(thread.is_alive() for thread in threads))
    kept: Json = {"calls": 0}

    def ask() -> float:
        kept["calls"] += 1
        return 5.0

    assert client._settings._lifetime.get(ask, time.monotonic() + 0.05) == 5.0  # asks for itself
    go.set()
    for thread in threads:
        thread.join(10)
    assert (len(server.seen), kept["calls"]) == (1, 1)
    assert len(told) == 8
