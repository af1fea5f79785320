"""Why a server cannot be asked, and what to do about it: one table, and a real server for each of its rows that a server can be."""

from __future__ import annotations

import errno
import ssl
from collections.abc import Callable
from http.client import BadStatusLine
from uuid import UUID

import pytest

from chatworkspace import UnavailableError
from chatworkspace_coder import CoderClient, Found, told_apart
from chatworkspace_coder._answers import workspaces
from chatworkspace_coder._http import transport
from chatworkspace_coder._http.causes import TABLE, Cause, Diagnosis
from chatworkspace_coder._http.failures import diagnosed
from chatworkspace_coder._http.link import BrokenError
from tests.adapters.coder.certificates import Certificates
from tests.adapters.coder.conftest import TOKEN, waits_of
from tests.adapters.coder.payloads import OWNER, PAGE, WORKSPACE, user, workspace
from tests.adapters.coder.server import Handler, Reply, serving, soon
from tests.adapters.coder.unreachable import DETAILS, WORLDS, unreachable

ME, IT = UUID(OWNER), UUID(WORKSPACE)
NOT_BY_A_CLIENT = {
    Cause.PROXY_PASSWORD: "test_networks.py",
    Cause.PROXY_FORBIDS: "test_networks.py",
    Cause.PROXY_FAILED: "test_networks.py",
    Cause.NO_PROXY: "test_networks.py",
    Cause.NO_WAY: "below",
    Cause.RESET: "below",
    Cause.CLOSED: "below",
    Cause.CUT_OFF: "below",
    Cause.SILENT: "below",
    Cause.INVALID: "below",
    Cause.TLS_FAILED: "below",
    Cause.OTHER: "below",
    Cause.TOO_LARGE: "test_sizes.py",
    Cause.PACKED: "test_sizes.py",
    Cause.NO_SIZE: "test_framing.py",
    Cause.UNSOUND: "test_framing.py",
}
"""Rows of the table that are shown elsewhere, and where."""


def test_every_row_is_shown() -> None:
    """The table has a row for each cause, and each is met by a test; no remedy ends with another, so that they are told apart."""
    assert set(TABLE) == set(Cause) == {*WORLDS, *NOT_BY_A_CLIENT}
    for cause, row in TABLE.items():
        diagnosis = Diagnosis(cause, "https://coder.example.com", "more")
        assert told_apart(str(diagnosis)) == (f"https://coder.example.com: {row.words} (more)", row.remedy)
        assert row.remedy.endswith(".")
    assert told_apart("something else") == ("something else", "")


@pytest.mark.parametrize("cause", WORLDS, ids=lambda it: it.value)
def test_what_is_said_of_a_server_that_cannot_be_asked(cause: Cause, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    """The URL, without a secret; the cause in words; what to do. It is asked once, and whoever waits is told whether that helps."""
    row = TABLE[cause]
    with unreachable(cause, certificates, monkeypatch) as met, CoderClient(met.url, token=TOKEN, ca_file=met.ca_file) as client:
        between = waits_of(client)
        with pytest.raises(UnavailableError) as failed:
            client.user()
        said = str(failed.value)
        where = met.url + ("/api/v2/users/me" if met.answered else "")
        assert said.startswith(f"{where}: {row.words}")
        assert said.endswith(f". {row.remedy}")
        assert DETAILS.get(cause, "") in said
        assert TOKEN not in said
        assert "hush" not in said
        assert failed.value.retryable == (not row.lasting)
        assert between.waits == []


@pytest.mark.parametrize("cause", [it for it in WORLDS if it not in {Cause.UNAUTHORIZED, Cause.SIGN_IN}], ids=lambda it: it.value)
def test_who_examines_is_told_the_same(cause: Cause, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong and what to do about it, apart."""
    with unreachable(cause, certificates, monkeypatch) as met, CoderClient(met.url, token=TOKEN, ca_file=met.ca_file) as client:
        server = client.about.server(soon())
    assert server.found is not Found.CODER
    assert server.problem.startswith(met.url)
    assert TABLE[cause].words in server.problem
    assert server.remedy == TABLE[cause].remedy


@pytest.mark.parametrize(
    "cause", [Cause.REFUSED, Cause.NAME_UNKNOWN, Cause.UNTRUSTED, Cause.WRONG_HOST, Cause.CLIENT_CERTIFICATE, Cause.NO_TLS], ids=lambda it: it.value
)
def test_a_watch_says_so_too(cause: Cause, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has connections of its own."""
    with unreachable(cause, certificates, monkeypatch) as met, CoderClient(met.url, token=TOKEN, ca_file=met.ca_file) as client:
        with pytest.raises(UnavailableError) as failed:
            client.watch(workspaces.workspace(workspace(), None), deadline=soon())
        assert str(failed.value) == str(Diagnosis(cause, met.url))
        assert failed.value.retryable == (not TABLE[cause].lasting)


# ---------------------------------------------------------------- patience


def _away(monkeypatch: pytest.MonkeyPatch, client: CoderClient) -> None:
    """Let nobody listen any more at the client's URL."""

    def refuse(*_: object) -> object:
        raise ConnectionRefusedError

    client._transport._adapter.close()
    monkeypatch.setattr("chatworkspace_coder._http.ways.connected", refuse)


def test_a_server_that_was_met_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It begins anew, perhaps: it is asked again until the deadline. One that nobody has met is not, for its URL may be wrong."""
    monkeypatch.setattr(transport, "PATIENCE", 0.0)
    with serving() as server, CoderClient(server.url, token=TOKEN) as client, CoderClient(server.url, token=TOKEN) as stranger:
        server.on("GET", "/users/me", Reply(200, user(), {"X-Coder-Build-Version": "v2.34.2"}))
        client.user()
        attempts: list[tuple[bool, bool, float | None]] = []
        for it in (client, stranger):
            between = waits_of(it, sleeps=False)
            _away(monkeypatch, it)
            with pytest.raises(UnavailableError, match="refused") as failed:
                it.get_workspace(ME, IT, deadline=soon(600))
            attempts.append((len(between.waits) > 5, failed.value.retryable, failed.value.retry_after))
        assert attempts == [(True, True, None), (False, True, transport.LATER)]


def test_a_stranger_s_404_is_waited_for_a_moment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of an ingress that begins; then the caller is told when to come again."""
    patient = iter((False, False, True))

    def is_over(*_: object) -> bool:
        return next(patient)

    monkeypatch.setattr(transport.Transport, "_is_nobody", is_over)
    with serving() as server, CoderClient(server.url, token=TOKEN) as client:
        server.otherwise(Reply(404, PAGE))
        waits_of(client, sleeps=False)
        with pytest.raises(UnavailableError) as failed:
            client.user()
        assert (len(server.seen), failed.value.retry_after) == (3, transport.LATER)


# ---------------------------------------------------------------- other rows


def _close(handler: Handler) -> None:
    handler.close_connection = True


@pytest.mark.parametrize(
    ("step", "cause"),
    [
        (_close, Cause.CLOSED),
        (Reply(200, user(), cut=20), Cause.CUT_OFF),
        (Reply(hang=True), Cause.SILENT),
    ],
    ids=["closed", "cut off", "silent"],
)
def test_an_answer_that_does_not_come(step: Reply | Callable[[Handler], None], cause: Cause) -> None:
    """It is told with the server's URL."""
    with serving() as server, CoderClient(server.url, token=TOKEN) as client:
        server.otherwise(step)
        assert client.about.server(soon(0.5)).problem == Diagnosis(cause, server.url).problem


def test_what_a_driver_raises() -> None:
    """A network that cannot be reached, a certificate that is wrong in another way, a handshake that fails, and what nobody has thought of."""
    invalid = ssl.SSLCertVerificationError(1, "certificate verify failed")
    invalid.verify_code, invalid.verify_message = 23, "certificate revoked"
    failed = ssl.SSLError(1, "in whatever words")
    failed.reason = "SSLV3_ALERT_HANDSHAKE_FAILURE"
    alert = ssl.SSLError(1, "in whatever words")
    alert.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    broken = BrokenError("SSLError")
    broken.__cause__ = alert
    for error, cause, detail in (
        (broken, Cause.CLIENT_CERTIFICATE, ""),
        (OSError(errno.EHOSTUNREACH, "No route to host"), Cause.NO_WAY, ""),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), Cause.NO_WAY, ""),
        (invalid, Cause.INVALID, "certificate revoked"),
        (failed, Cause.TLS_FAILED, ""),
        (ssl.SSLEOFError(8, "EOF"), Cause.CLOSED, ""),
        (ConnectionResetError(), Cause.RESET, ""),
        (BrokenPipeError(), Cause.RESET, ""),
        (BadStatusLine("\x15\x03\x01"), Cause.TLS_WANTED, ""),
        (UnicodeError("label too long"), Cause.NAME_UNKNOWN, ""),
        (KeyError("a secret"), Cause.OTHER, "KeyError"),
    ):
        assert diagnosed(RuntimeError(error), "https://x") == Diagnosis(cause, "https://x", detail.replace("KeyError", "RuntimeError"))
