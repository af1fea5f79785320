"""The token: where it goes, where it comes from, and that it shows nowhere."""

from __future__ import annotations

import io
import logging
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from chatworkspace import ChatWorkspaceError, UnavailableError
from chatworkspace.ports import CreateWorkspace, PortError
from chatworkspace_coder import CoderClient
from chatworkspace_coder._answers import workspaces
from tests.adapters.coder.conftest import TOKEN
from tests.adapters.coder.payloads import NOT_FOUND, ORGANIZATION, OWNER, PAGE, TEMPLATE, WORKSPACE, problem, user, workspace
from tests.adapters.coder.server import Reply, Server, serving, soon
from tests.hanging import not_hanging

ME, IT = UUID(OWNER), UUID(WORKSPACE)
PATH = f"/workspaces/{WORKSPACE}"
CREATE = f"/users/{OWNER}/workspaces"
REQUEST = CreateWorkspace(owner_id=ME, organization_id=UUID(ORGANIZATION), name="dev-ana", template_id=UUID(TEMPLATE))


def test_the_token_goes_to_one_host_in_one_header(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Redirects are not followed; .netrc, cookies and proxies of the environment are not used."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with serving() as elsewhere, CoderClient(server.url, token=TOKEN) as client:
        answers = [Reply(404, NOT_FOUND, {"Set-Cookie": "coder_session_token=stale; Path=/"}), Reply(302, b"", {"Location": elsewhere.url})]
        for reply in (*answers, answers[0]):
            server.on("GET", PATH, reply)
            with suppress(UnavailableError, PortError):
                client.get_workspace(ME, IT, deadline=soon())
        assert (len(server.seen), elsewhere.seen) == (3, [])
    for seen in server.seen:
        assert seen.headers["coder-session-token"] == TOKEN
        assert not seen.headers.keys() & {"cookie", "authorization"}
        assert TOKEN not in seen.path + str(seen.query)


def test_the_token_of_each_owner(server: Server) -> None:
    """A function is asked on each request, with the owner whose right it is."""
    asked: list[UUID | None] = []

    def token(owner_id: UUID | None) -> str:
        asked.append(owner_id)
        return f"token-{len(asked)}"

    server.on("GET", PATH, Reply(200, workspace()))
    server.on("GET", "/users/me", Reply(200, user()))
    with CoderClient(server.url, token=token) as client:
        client.get_workspace(ME, IT, deadline=soon())
        client.get_workspace(ME, IT, deadline=soon())
        client.user()
    assert asked == [ME, ME, None]
    assert [seen.headers["coder-session-token"] for seen in server.seen] == ["token-1", "token-2", "token-3"]


def test_a_token_function_that_asks_the_same_client(server: Server) -> None:
    """It is asked before a slot is taken: one connection is enough for both."""
    server.on("GET", PATH, Reply(200, workspace()))
    server.on("GET", "/users/me", Reply(200, user()))

    def token(owner_id: UUID | None) -> str:
        return TOKEN if owner_id is None else f"token-of-{client.user().id}"

    with CoderClient(server.url, token=token, connections=1) as client, not_hanging():
        for _ in range(2):
            assert client.get_workspace(ME, IT, deadline=soon()).id == IT
    assert [seen.headers["coder-session-token"] for seen in server.seen] == [TOKEN, f"token-of-{OWNER}"] * 2


def test_a_token_function_that_asks_for_its_own_token(server: Server) -> None:
    """It is refused at once, and nothing is sent."""
    reasons: list[str] = []

    def token(_: UUID | None) -> str:
        try:
            return str(client.user().id)
        except UnavailableError as error:
            reasons.append(str(error))
            raise

    with CoderClient(server.url, token=token, connections=1) as client, not_hanging(), pytest.raises(UnavailableError) as failed:
        client.user()
    assert reasons == ["the token function asks for the token that it is asked for"] == [str(failed.value)]
    assert not failed.value.retryable
    assert server.seen == []


def test_a_token_function_that_asks_in_a_ring(server: Server) -> None:
    """For another's token, for which it asks for the first: whoever began is told why, and nothing is sent."""

    def token(owner_id: UUID | None) -> str:
        if owner_id is None:
            return client.get_workspace(ME, IT, deadline=soon()).name
        return str(client.user().id)

    with CoderClient(server.url, token=token, connections=1) as client, not_hanging(), pytest.raises(UnavailableError) as failed:
        client.user()
    assert (str(failed.value), failed.value.retryable) == ("the token function asks for the token that it is asked for", False)
    assert server.seen == []


@pytest.mark.parametrize("returned", [None, "", f"{TOKEN}\r\nX: y", f"{TOKEN} x", 3, LookupError(f"{TOKEN} has expired")])
def test_a_token_function_that_fails(server: Server, returned: Any) -> None:
    """UnavailableError, which shows nothing of it; nothing is sent."""

    def token(_: UUID | None) -> str:
        if isinstance(returned, Exception):
            raise returned
        return returned  # type: ignore[no-any-return] # wrong on purpose

    client = CoderClient(server.url, token=token)
    calls: tuple[Callable[[], object], ...] = (
        lambda: client.get_workspace(ME, IT, deadline=soon()),
        lambda: client.create_workspace(REQUEST, deadline=soon()),
    )
    for call in calls:
        with pytest.raises(UnavailableError) as failed:
            call()
        assert TOKEN not in _told(failed.value)
    assert server.seen == []
    client.close()


@pytest.mark.parametrize(
    "reply",
    [
        Reply(401, problem("who?")),
        Reply(500, problem("oops")),
        Reply(200, PAGE),
        Reply(200, {}),
        Reply(reset=True),
        Reply(hang=True),
        Reply(302, b""),
    ],
)
def test_the_canary(server: Server, client: CoderClient, reply: Reply, caplog: pytest.LogCaptureFixture) -> None:
    """The token shows in no log, repr, exception, or traceback with its locals."""
    caplog.set_level(logging.DEBUG)
    server.otherwise(reply)
    read = workspaces.workspace(workspace(), None)
    calls: tuple[Callable[[], object], ...] = (
        lambda: client.get_workspace(ME, IT, deadline=soon(0.15)),
        lambda: client.create_workspace(REQUEST, deadline=soon(0.15)),
        lambda: client.watch(read, deadline=soon(0.15)),
        lambda: client.dial(read, read.agents[0], deadline=soon(0.15)),
    )
    for call in calls:
        with pytest.raises((ChatWorkspaceError, PortError)) as failed:
            call()
        assert TOKEN not in _told(failed.value)
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(client) + repr(vars(client))


def _told(error: BaseException) -> str:
    """Return all that a tool could show of an error."""
    told = io.StringIO()
    assert error.__traceback__ is not None
    ours = error.__traceback__.tb_next  # not the locals of the test, which knows the token
    of = traceback.TracebackException(type(error), error, ours, capture_locals=True)
    told.writelines(of.format())
    seen: BaseException | None = error
    while seen is not None:
        told.write(repr(seen) + repr(vars(seen)))
        request = getattr(seen, "request", None)
        told.write(repr(getattr(request, "headers", "")))
        seen = seen.__context__
    return told.getvalue()
