"""An error says that nothing was answered only where nothing was: whatever answers, in whatever form, is told as what it was."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pytest

from chatworkspace import ChatWorkspaceError, RefusedError, UnavailableError
from chatworkspace.ports import DialError, NotAnsweredError, PortError
from chatworkspace_coder import CoderClient
from chatworkspace_coder._http import retry
from chatworkspace_coder._http.causes import TABLE, Cause
from chatworkspace_coder._http.sizes import ONE
from chatworkspace_fake import Simulation
from chatworkspace_fake._platform.coder import CreatorCall
from chatworkspace_fake._platform.faults import Fault
from tests.adapters.coder.calls import CALLS
from tests.adapters.coder.certificates import Certificates
from tests.adapters.coder.conftest import TOKEN, waits_of
from tests.adapters.coder.payloads import NO_ROUTE, PAGE, problem, workspace
from tests.adapters.coder.server import Handler, Reply, serving, soon
from tests.adapters.coder.unreachable import WORLDS, unreachable

SILENCE = re.compile(r"(not|n't|never) answer|no answer|before an answer|not responding|timed out|in time|silent", re.IGNORECASE)
"""How an error may say that nothing came."""
NOTHING_CAME = {Cause.SILENT, Cause.CLOSED, Cause.OTHER}
"""Of the table: nothing was answered, and that is what is said."""
PATIENCE = 20.0
"""Seconds of a call to a server that answers, or closes, at once: more than any machine takes for that."""


@pytest.fixture(autouse=True)
def _once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask once, whatever may pass: what is said of it is what is wanted."""

    def once(attempts: Any) -> Any:
        return attempts.once()

    monkeypatch.setattr(retry, "_patiently", once)


def _closed(handler: Handler) -> None:
    handler.close_connection = True


ANSWERS: dict[str, Reply] = {
    "400": Reply(400, problem("Invalid.", "not one of them")),
    "401": Reply(401, problem("You are signed out.")),
    "403": Reply(403, problem("Forbidden.")),
    "404": Reply(404, problem("Resource not found.")),
    "404, no route": Reply(404, NO_ROUTE),
    "409": Reply(409, problem("Taken.")),
    "410": Reply(410, problem("Gone.")),
    "425": Reply(425, problem("Template version is still importing.")),
    "429": Reply(429, problem("Too many."), {"Retry-After": "30"}),
    "429, a proxy's": Reply(429, PAGE),
    "500": Reply(500, problem("Internal.")),
    "502": Reply(502, PAGE),
    "503": Reply(503, b""),
    "504": Reply(504, PAGE),
    "a page": Reply(200, PAGE),
    "a redirect": Reply(302, b"", {"Location": "https://sso.example.com/"}),
    "no JSON": Reply(200, b"{"),
    "another's": Reply(200, {"status": "fine"}),
    "cut off": Reply(200, workspace(), cut=30),
    "packed": Reply(200, b"\x1f\x8b", {"Content-Encoding": "br"}),
    "no size": Reply(200, b"", {"Content-Length": "some"}),
}
"""What a server, or somebody in front of it, says."""
ASKED = [name for name in CALLS if name not in {"run", "dial", "watch", "watch, read"}]
"""All that is a question and an answer."""


def said_by(client: CoderClient, call: str) -> str:
    """Make the call, and return what its error says; empty where there is none."""
    try:
        CALLS[call](client, soon(PATIENCE))
    except (ChatWorkspaceError, PortError) as error:
        return str(error)
    return ""


@pytest.mark.parametrize("answer", ANSWERS)
def test_what_was_answered_is_not_called_silence(answer: str) -> None:
    """Refused, a page, too many requests, a failure, cut off half-way: each is told as what it is, by every call."""
    for call in ASKED:
        with serving() as server, CoderClient(server.url, token=TOKEN) as client:
            waits_of(client, sleeps=False)
            server.otherwise(ANSWERS[answer])
            said = said_by(client, call)
        assert not SILENCE.search(said), (call, said)


@pytest.mark.parametrize("call", ["get", "create"])
def test_what_is_too_large_is_not_called_silence(call: str) -> None:
    """It came, and was not read to its end."""
    with serving() as server, CoderClient(server.url, token=TOKEN) as client:
        server.otherwise(Reply(200, b" " * (ONE.bytes + 1)))
        said = said_by(client, call)
    assert "too large" in said
    assert not SILENCE.search(said)


@pytest.mark.parametrize("call", ["get", "create", "start", "dial"])
@pytest.mark.parametrize("cause", WORLDS, ids=lambda it: it.value)
def test_whatever_is_wrong_on_the_way_is_not_called_silence(
    call: str, cause: Cause, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Certificates, names, a port that nobody listens at: all of them are known before anything could be answered."""
    with unreachable(cause, certificates, monkeypatch) as met, CoderClient(met.url, token=TOKEN, ca_file=met.ca_file) as client:
        waits_of(client, sleeps=False)
        said = said_by(client, call)
    assert said
    assert not SILENCE.search(said)


@pytest.mark.parametrize("call", ["get", "find", "create", "start", "stop"])
@pytest.mark.parametrize("step", [Reply(hang=True), _closed], ids=["hangs", "closes"])
def test_where_nothing_is_answered_that_is_said(call: str, step: Reply | Callable[[Handler], None]) -> None:
    """And by a change, that it may have been done."""
    with serving() as server:
        server.otherwise(step)
        with CoderClient(server.url, token=TOKEN) as client:
            waits_of(client)
            with pytest.raises((NotAnsweredError, UnavailableError)) as failed:
                CALLS[call](client, soon(0.5))
    assert SILENCE.search(str(failed.value)), str(failed.value)
    assert isinstance(failed.value, NotAnsweredError) is (call in ("create", "start", "stop"))


@pytest.mark.parametrize("cause", Cause, ids=lambda it: it.value)
def test_only_some_rows_of_the_table_say_so(cause: Cause) -> None:
    """Those of which each is told where nothing came."""
    assert bool(SILENCE.search(TABLE[cause].words)) is (cause in NOTHING_CAME)


# ---------------------------------------------------------------- the fake


@contextmanager
def _asked(call: CreatorCall, strike: Callable[[Fault], object]) -> Generator[str, None, None]:
    sim = Simulation()
    docker = sim.coder.add_template("docker")
    own = sim.coder.add_workspace(docker, owner_id=sim.owner_id).now
    strike(sim.coder.when(call))
    deadline = sim.monotonic() + 10
    asks: dict[CreatorCall, Callable[[], object]] = {
        "get_workspace": lambda: sim.coder.get_workspace(own.owner_id, own.id, deadline=deadline),
        "stop_workspace": lambda: sim.coder.stop_workspace(own, deadline=deadline),
        "dial": lambda: sim.coder.dial(own, own.agents[0], deadline=deadline),
    }
    with pytest.raises((ChatWorkspaceError, PortError)) as failed:
        asks[call]()
    yield str(failed.value)


FAULTS: dict[str, tuple[Callable[[Fault], object], bool]] = {
    "lost request": (lambda it: it.lose_request(), True),
    "lost answer": (lambda it: it.lose_answer(), True),
    "too slow": (lambda it: it.take(60), True),
    "503": (lambda it: it.fail(UnavailableError("503: busy")), False),
    "refused": (lambda it: it.fail(RefusedError("no")), False),
    "no agent": (lambda it: it.fail(DialError("there is no such agent")), False),
    "429": (lambda it: it.rate_limited(5.0), False),
    "409": (lambda it: it.refuse(409, "taken"), False),
}
"""What strikes a call of the fake, and whether nothing is answered then."""


@pytest.mark.parametrize("call", ["get_workspace", "stop_workspace", "dial"])
@pytest.mark.parametrize("fault", FAULTS)
def test_the_fake_says_so_where_nothing_was_answered_and_only_there(call: CreatorCall, fault: str) -> None:
    """As the client does."""
    strike, silent = FAULTS[fault]
    with _asked(call, strike) as said:
        assert bool(SILENCE.search(said)) is silent, said
