"""Networks of companies: a proxy that wants a password, TLS of a private authority that wants a certificate, headers for what stands in front."""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Callable, Generator
from traceback import walk_tb
from typing import Any, cast
from uuid import UUID

import pytest

from chatworkspace import InvalidArgumentError, UnavailableError
from chatworkspace.ports import CreateWorkspace
from chatworkspace_coder import CoderClient, Found, tls_context
from chatworkspace_coder._answers import workspaces
from chatworkspace_coder._http import transport
from chatworkspace_coder._http.causes import Cause, Diagnosis
from chatworkspace_coder._network import is_left_out
from tests.adapters.coder.certificates import Certificates
from tests.adapters.coder.conftest import TOKEN
from tests.adapters.coder.payloads import AGENT, ORGANIZATION, OWNER, TEMPLATE, WORKSPACE, user, workspace
from tests.adapters.coder.server import Reply, Server, serving, soon
from tests.adapters.coder.streams import Peer, event, events, terminal, websocket
from tests.adapters.middleboxes import NAME, PASSWORD, QUOTED, Company, company, running
from tests.hanging import not_hanging, until

ME, IT = UUID(OWNER), UUID(WORKSPACE)
READ = workspaces.workspace(workspace(), None)
REQUEST = CreateWorkspace(owner_id=ME, organization_id=UUID(ORGANIZATION), name="dev-ana", template_id=UUID(TEMPLATE))
SECRET = "hush-hush"  # noqa: S105 # of a header of the tests' own
HEADERS = {"X-Team": SECRET, "CF-Access-Client-Id": "ci"}


@pytest.fixture
def inside(server: Server, certificates: Certificates) -> Generator[Company, None, None]:
    """Put all of it in front of the test's server."""
    with company(int(server.url.rpartition(":")[2]), certificates) as it:
        yield it


def context(it: Company) -> ssl.SSLContext:
    return tls_context(it.ca_file, client_cert=it.client_cert, client_key=it.client_key)


@pytest.fixture
def client(inside: Company) -> Generator[CoderClient, None, None]:
    with CoderClient(inside.url, token=TOKEN, proxy=inside.proxy_url, headers=HEADERS, ssl_context=context(inside)) as it:
        yield it


# ---------------------------------------------------------------- all the way


def _changed(peer: Peer) -> None:
    peer.event("data", workspace(name="renamed"))
    peer.over.wait(60)


def test_everything_goes_the_same_way(server: Server, inside: Company, client: CoderClient) -> None:
    """Reads, changes, watches by WebSocket and by events, the probe, the terminal: through the proxy, by TLS, with the headers and the token."""
    server.on("GET", "/users/me", Reply(200, user()))
    server.on("POST", f"/users/{OWNER}/workspaces", Reply(201, workspace()))
    server.on("GET", f"/workspaces/{WORKSPACE}", Reply(200, workspace()))
    server.on("GET", f"/workspaces/{WORKSPACE}/watch-ws", websocket(_changed), Reply(404, b"no"))
    server.on("GET", f"/workspaces/{WORKSPACE}/watch", events(event("data", workspace(name="renamed")), server.wait))
    server.on("GET", f"/workspaceagents/{AGENT}/listening-ports", Reply(200, {"ports": None}))
    server.on("GET", f"/workspaceagents/{AGENT}/pty", websocket(terminal))
    assert client.user().username == "ana"
    assert client.create_workspace(REQUEST, deadline=soon()).id == IT
    for _ in ("websocket", "events"):
        watch = client.watch(READ, deadline=soon())
        assert watch is not None
        first, then = watch.next(soon()), watch.next(soon())
        watch.close()
        assert first is not None
        assert then is not None
        assert then.name == "renamed"
    with client.dial(READ, READ.agents[0], deadline=soon()) as agent:
        assert agent.run("echo $((6 * 7))", timeout=20).output == "42\n"
    assert {it.path.rpartition("/")[2] for it in server.seen} >= {"me", "workspaces", "watch-ws", "watch", "listening-ports", "pty"}
    for seen in server.seen:
        assert (seen.headers["x-team"], seen.headers["cf-access-client-id"], seen.headers["coder-session-token"]) == (SECRET, "ci", TOKEN)
        assert seen.headers["host"] == NAME
        assert seen.headers["user-agent"] == "chatworkspace"
        assert "proxy-authorization" not in seen.headers
    until(lambda: len(inside.proxy.asked) >= 5)
    for asked in inside.proxy.asked:
        assert asked == {
            "method": "CONNECT",
            "target": f"{NAME}:443",
            "headers": ["Host", "Proxy-Authorization", "User-Agent"],
            "answer": "HTTP/1.1 200 Said",
        }


def test_a_connection_is_used_again(server: Server, inside: Company, client: CoderClient) -> None:
    """A tunnel is made once for many requests."""
    server.on("GET", "/users/me", Reply(200, user()))
    for _ in range(3):
        client.user()
    assert len(inside.proxy.asked) == 1


def test_plain_http_goes_through_a_tunnel_too(server: Server) -> None:
    """The proxy sees where to, and nothing of what is asked. One's own name for what asks goes in place of ours."""
    server.on("GET", "/users/me", Reply(200, user()))
    with (
        running("proxy") as proxy,
        CoderClient(server.url, token=TOKEN, proxy=f"http://127.0.0.1:{proxy.port}/", headers={"user-agent": "acme/1"}) as client,
    ):
        assert client.user().username == "ana"
        until(lambda: proxy.asked)
    assert (proxy.asked[0]["method"], proxy.asked[0]["headers"]) == ("CONNECT", ["Host", "User-Agent"])
    assert server.seen[0].headers["user-agent"] == "acme/1"


def test_without_the_certificate_nobody_is_let_in(inside: Company) -> None:
    """Of the authority, or of one's own."""
    with CoderClient(inside.url, token=TOKEN, proxy=inside.proxy_url) as client, pytest.raises(UnavailableError) as failed:
        client.user()
    assert str(failed.value) == str(Diagnosis(Cause.UNTRUSTED, inside.url))
    with CoderClient(inside.url, token=TOKEN, proxy=inside.proxy_url, ca_file=inside.ca_file) as client:
        assert client.about.server(soon()).found is Found.NOTHING


def test_a_context_is_used_as_it_is(certificates: Certificates) -> None:
    """No authority is added to it; one that does not look at the host's name is obeyed, of requests and of streams."""
    with serving(tls=certificates.server("another.example.com")) as server:
        server.on("GET", "/users/me", Reply(200, user()))
        server.on("GET", f"/workspaces/{WORKSPACE}/watch-ws", websocket(_changed))
        made = ssl.create_default_context(cafile=certificates.ca_file)
        made.check_hostname = False
        before = len(made.get_ca_certs())
        with CoderClient(server.url, token=TOKEN, ssl_context=made) as client:
            client.user()
            watch = client.watch(READ, deadline=soon())
            assert watch is not None
            watch.close()
        assert len(made.get_ca_certs()) == before == 1
        nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        with CoderClient(server.url, token=TOKEN, ssl_context=nobody) as client, pytest.raises(UnavailableError, match="not known here"):
            client.user()


# ---------------------------------------------------------------- the environment


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> str:
    """Let the environment name a proxy that is not there, and files of others' authorities."""
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://ana:hush@127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none.pem"))
    kept = str(tmp_path / "keys.log")
    monkeypatch.setenv("SSLKEYLOGFILE", kept)
    return kept


def test_nothing_is_read_from_the_environment(hostile: str, certificates: Certificates) -> None:
    """No proxy, no authority, and no file for the secrets of connections; of requests and of streams."""
    with serving(tls=certificates.server()) as server, CoderClient(server.url, token=TOKEN, ca_file=certificates.ca_file) as client:
        server.on("GET", "/users/me", Reply(200, user()))
        server.on("GET", f"/workspaces/{WORKSPACE}/watch-ws", websocket(_changed))
        client.user()
        watch = client.watch(READ, deadline=soon())
        assert watch is not None
        watch.close()
    assert not os.path.exists(hostile)  # noqa: PTH110 # a name alone


def test_a_proxy_of_the_environment_is_used_when_it_is_asked_for(server: Server, hostile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read once, when the client is made; what NO_PROXY has is asked straight."""
    assert hostile
    server.on("GET", "/users/me", Reply(200, user()))
    with running("proxy") as proxy:
        monkeypatch.setenv("http_proxy", f"127.0.0.1:{proxy.port}")
        client = CoderClient(server.url, token=TOKEN, proxy="environment")
        monkeypatch.setenv("http_proxy", "127.0.0.1:9")
        with client:
            client.user()
        until(lambda: proxy.asked)
        monkeypatch.setenv("no_proxy", "localhost,127.0.0.0/8")
        with CoderClient(server.url, token=TOKEN, proxy="environment") as straight:
            straight.user()
        assert len(proxy.asked) == 1


@pytest.mark.parametrize(
    ("no_proxy", "left_out"),
    [
        ("", False),
        ("*", True),
        ("coder.example.com", True),
        ("EXAMPLE.com", True),
        (".example.com", True),
        ("*.example.com", True),
        ("other, example.com:7080", True),
        ("example.com:443", False),
        ("le.com", False),
        ("10.0.0.0/8", False),
        (",", False),
    ],
)
def test_what_no_proxy_has(no_proxy: str, left_out: bool) -> None:  # noqa: FBT001 # what is expected
    """Names, ends of names, ports, and all."""
    assert is_left_out("coder.example.com", 7080, no_proxy) is left_out


@pytest.mark.parametrize(("host", "left_out"), [("10.1.2.3", True), ("11.1.2.3", False), ("::1", True), ("::2", False)])
def test_addresses_that_no_proxy_has(host: str, left_out: bool) -> None:  # noqa: FBT001 # as above
    """By their networks."""
    assert is_left_out(host, 443, "10.0.0.0/8,::1") is left_out


# ---------------------------------------------------------------- a proxy that does not let one through


@pytest.mark.parametrize(
    ("words", "target", "cause", "detail"),
    [
        (("--credentials", f"ana:{PASSWORD}"), "http://127.0.0.1:1", Cause.PROXY_PASSWORD, "407, asked for 127.0.0.1:1"),
        (("--says", "HTTP/1.1 403 No"), "http://[::1]:1", Cause.PROXY_FORBIDS, "403, asked for [::1]:1"),
        ((), "https://nobody.example.com", Cause.PROXY_FAILED, "502, asked for nobody.example.com:443"),
        (("--says", "HTTP/1.1 405 No"), "http://127.0.0.1:1", Cause.NO_PROXY, "405, asked for 127.0.0.1:1"),
        (("--says", "220 mail.example.com ready"), "http://127.0.0.1:1", Cause.NO_PROXY, ""),
    ],
    ids=["password", "forbids", "failed", "another server", "no HTTP"],
)
def test_a_proxy_that_says_no(words: tuple[str, ...], target: str, cause: Cause, detail: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told of the proxy, by its URL without the password, and nothing was sent to the server; requests and streams say the same."""
    monkeypatch.setattr(transport, "PATIENCE", 0.0)
    with running("proxy", *words) as proxy:
        where = f"http://127.0.0.1:{proxy.port}"
        with CoderClient(target, token=TOKEN, proxy=f"http://ana:{SECRET}@127.0.0.1:{proxy.port}") as client:
            asked: tuple[Callable[[], object], ...] = (
                client.user,
                lambda: client.watch(READ, deadline=soon()),
                lambda: client.create_workspace(REQUEST, deadline=soon()),
            )
            for ask in asked:
                with pytest.raises(UnavailableError) as failed:
                    ask()
                assert str(failed.value) == str(Diagnosis(cause, where, detail))
                assert SECRET not in repr(failed.value) + repr(failed.value.as_dict())


@pytest.mark.parametrize(("proxy", "cause"), [("http://ana:hush@127.0.0.1:1", Cause.REFUSED), ("http://ana:hush@a..b:3128", Cause.NAME_UNKNOWN)])
def test_a_proxy_that_is_not_there(proxy: str, cause: Cause, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the proxy that is named, and not the server."""
    monkeypatch.setattr(transport, "PATIENCE", 0.0)
    with CoderClient(server.url, token=TOKEN, proxy=proxy) as client, pytest.raises(UnavailableError) as failed:
        client.user()
    assert str(failed.value) == str(Diagnosis(cause, proxy.replace("ana:hush@", ""), "the proxy"))
    assert server.seen == []


def test_a_proxy_that_says_nothing(server: Server) -> None:
    """A deadline holds, of requests and of streams."""
    with running("proxy", "--silent") as proxy, CoderClient(server.url, token=TOKEN, proxy=f"http://127.0.0.1:{proxy.port}") as client:
        asked: tuple[Callable[[float], object], ...] = (
            lambda deadline: client.get_workspace(ME, IT, deadline=deadline),
            lambda deadline: client.watch(READ, deadline=deadline),
        )
        for ask in asked:
            with not_hanging(0.3), pytest.raises(UnavailableError, match="not answered in time"):
                ask(soon(0.3))


# ---------------------------------------------------------------- arguments, and what is secret


@pytest.mark.parametrize(
    "proxy",
    [
        "proxy:3128",
        "https://ana:hush@proxy:3128",
        "socks5://ana:hush@proxy:1080",
        "http://",
        "http://ana:hush@proxy:port",
        "http://proxy:0",
        "http://proxy/path?hush",
        "http://[hush",
        "http://a b",
        7,
        b"http://proxy",
    ],
)
def test_a_proxy_that_is_none(proxy: Any) -> None:
    """It is said what is expected, and what was given is not shown."""
    with pytest.raises(InvalidArgumentError, match=r"^proxy: expected the URL of an HTTP proxy") as refused:
        CoderClient("http://127.0.0.1:1", token=TOKEN, proxy=proxy)
    assert "hush" not in repr(refused.value) + repr(refused.value.__cause__)


@pytest.mark.parametrize(
    "headers",
    [
        {"X Team": "hush"},
        {"": "hush"},
        {"X-Team": "hush\r\nHost: other"},
        {"X-Team": " hush"},
        {"X-Team": "h\u00fcsh"},
        {"X-Team": 7},
        {7: "hush"},
        [("X-Team", "hush")],
        {"Coder-Session-Token": "hush"},
        {"host": "hush"},
        {"Sec-WebSocket-Protocol": "hush"},
    ],
)
def test_headers_that_are_none(headers: Any) -> None:
    """Nor those that are the client's own."""
    with pytest.raises(InvalidArgumentError, match=r"^headers: expected") as refused:
        CoderClient("http://127.0.0.1:1", token=TOKEN, headers=headers)
    assert "hush" not in repr(refused.value)


def test_a_context_that_is_none(certificates: Certificates) -> None:
    """Nor one beside a file."""
    options: Any
    for options in ({"ssl_context": "TLS"}, {"ssl_context": ssl.create_default_context(), "ca_file": certificates.ca_file}):
        with pytest.raises(InvalidArgumentError, match=r"^ssl_context: expected"):
            CoderClient("https://127.0.0.1:1", token=TOKEN, **options)


def test_files_that_are_none(certificates: Certificates) -> None:
    """Each by its argument's name; nobody is asked for the password of a key."""
    certificate, key = certificates.client()
    for arguments, named in (
        ({"ca_file": "none.pem"}, "ca_file"),
        ({"client_cert": "none.pem"}, "client_cert"),
        ({"client_cert": certificate}, "client_cert"),
        ({"client_cert": certificate, "client_key": certificate}, "client_cert"),
        ({"client_cert": certificate, "client_key": certificates.locked(key)}, "client_cert"),
    ):
        with pytest.raises(InvalidArgumentError, match=rf"^{named}: expected a PEM file"):
            tls_context(**arguments)


def test_secrets_show_nowhere(server: Server, client: CoderClient, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in a log at its finest, nor in what is raised, nor in what a debugger shows of the parts."""
    caplog.set_level(logging.DEBUG)
    server.on("GET", "/users/me", Reply(401, {"message": "who?"}))
    with pytest.raises(UnavailableError) as failed:
        client.user()
    inner: Any = client._transport
    shown = [caplog.text, repr(client), repr(failed.value), str(failed.value), repr(inner.__dict__), repr(inner.way.__dict__), repr(inner.headers)]
    for frame, _ in walk_tb(failed.tb):
        held = cast("dict[str, object]", frame.f_locals)
        shown += [repr(held[name]) for name in ("self", "lines", "headers", "proxy", "error", "request") if name in held]
    for secret in (SECRET, PASSWORD, QUOTED, TOKEN):
        assert not [it for it in shown if secret in it]
