"""What goes wrong on the wire, and the faults of the platform as a client sees them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from itertools import islice
from uuid import UUID

import pytest
import requests

from chatworkspace import InvalidArgumentError, UnavailableError
from chatworkspace_fake import FakeCoder
from chatworkspace_simulator import CoderSimulator
from tests.adapters.simulator.client import Client, events, made
from tests.hanging import not_hanging, until

BRIEF = 0.15
"""Seconds that a test can wait for."""
LOST = (requests.ConnectionError, requests.Timeout)


def _create(client: Client, template_id: UUID, *, name: str = "dev", timeout: float = 10.0) -> requests.Response:
    return client.ask("POST", "/users/me/workspaces", {"name": name, "template_id": str(template_id)}, timeout=timeout)


# ---------------------------------------------------------------- the wire


def test_an_answer_is_lost_on_the_wire(simulator: CoderSimulator, client: Client) -> None:
    """What was asked for is done; the record has no status for it."""
    template = simulator.coder.add_template("docker")
    simulator.when("POST /workspaces").lose_answer()
    with pytest.raises(requests.ConnectionError):
        _create(client, template.id)
    assert [it.name for it in simulator.coder.live] == ["dev"]
    assert [it.status for it in simulator.requests] == [0]
    assert _create(client, template.id).status_code == 409
    assert simulator.unstruck() == ()


def test_a_request_is_lost_on_the_wire(simulator: CoderSimulator, client: Client) -> None:
    """Nothing is done, and nothing is said."""
    template = simulator.coder.add_template("docker")
    simulator.when("POST /workspaces").lose_request()
    with pytest.raises(requests.ConnectionError):
        _create(client, template.id)
    assert simulator.coder.workspaces == ()
    assert _create(client, template.id).status_code == 201


def test_what_arrives_late_and_is_refused_concerns_nobody(simulator: CoderSimulator, client: Client) -> None:
    """Whoever asks next, when it has arrived, is answered as ever."""
    workspace = made(simulator.coder, stop=60)
    simulator.coder.when("start_workspace").arrive_late(0)
    with pytest.raises(LOST):
        client.ask("POST", f"/workspaces/{workspace.id}/builds", {"transition": "start"}, timeout=BRIEF)
    workspace.stop()
    until(lambda: client.get(f"/workspaces/{workspace.id}") and simulator.coder.inside.faults.next_late == float("inf"))
    assert workspace.builds[-1][0] == 2


def test_a_request_arrives_late_on_the_wire(simulator: CoderSimulator, client: Client) -> None:
    """The connection is closed at once, and what was asked for is done afterwards."""
    template = simulator.coder.add_template("docker")
    simulator.when("POST /workspaces").arrive_late(BRIEF)
    with pytest.raises(requests.ConnectionError):
        _create(client, template.id)
    assert simulator.coder.workspaces == ()
    until(lambda: simulator.coder.workspaces)


def test_faults_by_chance(simulator: CoderSimulator, client: Client) -> None:
    """On the wire and in the platform: the same requests for the same seed, about as many as was said, and none of them counts as armed."""
    simulator.when("GET /users/*", chance=0.3, seed=1).proxy_page(502)
    simulator.when("GET /organizations", chance=0.3, seed=1).proxy_page(502)
    simulator.coder.when("list_templates", chance=0.3, seed=1).fail()
    struck = [[client.ask("GET", path).status_code for _ in range(40)] for path in ("/users/me", "/organizations", "/templates")]
    assert struck[0] == struck[1]
    assert [it >= 500 for it in struck[0]] == [it >= 500 for it in struck[2]]
    assert 4 <= struck[0].count(502) <= 20
    assert simulator.unstruck() == ()


def test_a_fault_is_disarmed(simulator: CoderSimulator, client: Client) -> None:
    """It strikes no more, and does not count as armed."""
    wire, platform = simulator.when("GET /users/*", chance=1), simulator.coder.when("list_templates", times=9)
    wire.proxy_page(502)
    platform.fail()
    assert [client.ask("GET", path).status_code for path in ("/users/me", "/templates")] == [502, 503]
    wire.disarm()
    platform.disarm()
    assert [client.ask("GET", path).status_code for path in ("/users/me", "/templates")] == [200, 200]
    assert simulator.unstruck() == ()


@pytest.mark.parametrize("chance", [-0.1, 1.1])
def test_a_chance_is_a_likelihood(simulator: CoderSimulator, chance: float) -> None:
    """From 0 to 1."""
    with pytest.raises(InvalidArgumentError, match="chance"):
        simulator.coder.when("create_workspace", chance=chance)


def test_a_body_drips(simulator: CoderSimulator, client: Client) -> None:
    """A byte at a time: each is in time, and all together are not before so many pauses are over."""
    simulator.when("GET /buildinfo").drip(0.002)
    began = time.monotonic()
    with client.ask("GET", "/buildinfo", stream=True) as answer:
        assert began + len(answer.content) * 0.002 <= time.monotonic()


def test_headers_drip(simulator: CoderSimulator, client: Client) -> None:
    """Until the client has had enough."""
    simulator.when("GET /buildinfo").drip(0.005, headers=True)
    began = time.monotonic()
    with client.ask("GET", "/buildinfo", stream=True):
        assert time.monotonic() >= began + 0.5


def test_an_answer_is_reset_in_its_middle(simulator: CoderSimulator, client: Client) -> None:
    """The connection breaks."""
    simulator.when("GET /buildinfo").reset()
    with pytest.raises(requests.RequestException, match="reset"):
        client.ask("GET", "/buildinfo")


def test_an_answer_stalls_in_its_middle(simulator: CoderSimulator, client: Client) -> None:
    """Nothing more comes, and nothing is closed."""
    simulator.when("GET /buildinfo").stall()
    with pytest.raises(requests.ConnectionError, match="Read timed out"):
        assert client.ask("GET", "/buildinfo", timeout=BRIEF).content == b""
    assert client.ask("GET", "/buildinfo").status_code == 200


def test_a_stream_is_reset(simulator: CoderSimulator, client: Client) -> None:
    """After as many messages as were asked for."""
    workspace = made(simulator.coder)
    simulator.when("GET /workspaces/*/watch").reset(after=2)
    with client.ask("GET", f"/workspaces/{workspace.id}/watch", stream=True) as answer:
        told = events(answer)
        assert [next(told)[0], next(told)[0]] == ["ping", "data"]
        workspace.stop()
        with pytest.raises(requests.RequestException):
            next(told)


def test_a_stream_stops_without_closing(simulator: CoderSimulator, client: Client) -> None:
    """The client is told nothing more, and not that it is over."""
    workspace = made(simulator.coder)
    simulator.when("GET /watch-ws").stall(after=2)
    with client.open(f"/workspaces/{workspace.id}/watch-ws") as socket:
        told = socket.messages()
        list(islice(told, 2))
        workspace.stop()
        socket.bare.settimeout(BRIEF)
        with pytest.raises(TimeoutError):
            next(told)
    until(lambda: simulator.coder.open_watches == 0)


@pytest.mark.parametrize(("acted", "live"), [(False, 0), (True, 1)])
def test_a_proxy_answers_instead(simulator: CoderSimulator, client: Client, *, acted: bool, live: int) -> None:
    """With a page of its own and none of the server's headers, whether the request went through or not."""
    template = simulator.coder.add_template("docker")
    simulator.when("POST /workspaces").proxy_page(502, acted=acted)
    answer = _create(client, template.id)
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    assert "X-Coder-Build-Version" not in answer.headers
    assert len(simulator.coder.live) == live


@pytest.mark.parametrize(("acted", "live"), [(False, 0), (True, 1)])
def test_the_server_refuses_what_is_chosen(simulator: CoderSimulator, client: Client, *, acted: bool, live: int) -> None:
    """With any status, words and fields, in its own form and with its own headers, whether it did it or not."""
    template = simulator.coder.add_template("docker")
    simulator.when("POST /workspaces").refuse(500, "Internal server error", detail="no index", validations={"name": "taken"}, acted=acted)
    answer = _create(client, template.id)
    assert (answer.status_code, "X-Coder-Build-Version" in answer.headers, len(simulator.coder.live)) == (500, True, live)
    told = {"message": "Internal server error", "detail": "no index", "validations": [{"field": "name", "detail": "taken"}]}
    assert answer.json() == told


def test_the_server_takes_its_time(simulator: CoderSimulator, client: Client) -> None:
    """And acts when that is over: who has given up meanwhile gets it all the same."""
    template = simulator.coder.add_template("docker")
    simulator.when("POST /workspaces").take(3 * BRIEF)
    with pytest.raises(requests.Timeout):
        _create(client, template.id, timeout=BRIEF)
    assert simulator.coder.live == ()
    until(lambda: len(simulator.coder.live) == 1)


def test_a_redirect_leads_elsewhere(simulator: CoderSimulator, client: Client) -> None:
    """And nothing is done here."""
    template = simulator.coder.add_template("docker")
    simulator.when("* /workspaces").redirect("http://elsewhere.example/api")
    answer = _create(client, template.id)
    assert (answer.status_code, answer.headers["Location"], simulator.coder.live) == (307, "http://elsewhere.example/api", ())


def test_faults_strike_those_that_were_chosen(simulator: CoderSimulator, client: Client) -> None:
    """The second and the third of their kind, here; the rest go by. What did not strike is told."""
    simulator.when("GET /templates", nth=2, times=2).proxy_page(503)
    simulator.when("GET /users/*").proxy_page()
    assert [client.ask("GET", "/templates").status_code for _ in range(4)] == [200, 503, 503, 200]
    client.ask("GET", "/organizations")
    assert simulator.unstruck() == ("GET /users/*: proxy_page (1 more)",)


@pytest.mark.parametrize("request_", ["workspaces", "GET workspaces", "get /workspaces", "GET"])
def test_a_fault_for_nothing(simulator: CoderSimulator, request_: str) -> None:
    """Is refused when it is armed."""
    with pytest.raises(InvalidArgumentError):
        simulator.when(request_)


# ---------------------------------------------------------------- the platform


def test_a_platform_that_loses_its_answer(simulator: CoderSimulator, client: Client) -> None:
    """It has acted; the client waits until it gives up."""
    template = simulator.coder.add_template("docker")
    simulator.coder.when("create_workspace").lose_answer()
    with pytest.raises(requests.Timeout):
        _create(client, template.id, timeout=BRIEF)
    assert len(simulator.coder.live) == 1


@pytest.mark.parametrize("fault", ["lose_request", "roll_back"])
def test_a_platform_that_does_nothing(simulator: CoderSimulator, client: Client, fault: str) -> None:
    """And says nothing."""
    template = simulator.coder.add_template("docker")
    getattr(simulator.coder.when("create_workspace"), fault)()
    with pytest.raises(requests.Timeout):
        _create(client, template.id, timeout=BRIEF)
    assert simulator.coder.workspaces == ()
    assert _create(client, template.id).status_code == 201


def test_a_request_that_arrives_late(simulator: CoderSimulator, client: Client) -> None:
    """Is acted upon when its client has given up, and only then."""
    template = simulator.coder.add_template("docker")
    simulator.coder.when("create_workspace").arrive_late(BRIEF)
    with pytest.raises(requests.Timeout):
        _create(client, template.id, timeout=BRIEF)
    assert simulator.coder.live == ()
    until(lambda: len(simulator.coder.live) == 1)


def test_a_late_request_that_is_refused_troubles_nobody_else(simulator: CoderSimulator, client: Client) -> None:
    """Its name has been taken meanwhile: whoever asks when it arrives gets an answer to what was asked."""
    template = simulator.coder.add_template("docker")
    simulator.coder.when("create_workspace").arrive_late(BRIEF)
    with pytest.raises(requests.Timeout):
        _create(client, template.id, timeout=BRIEF)
    assert _create(client, template.id).status_code == 201
    until(lambda: simulator.coder.calls.count("create_workspace") == 2)
    assert len(client.get("/workspaces")["workspaces"]) == 1


def test_a_request_that_takes_long(simulator: CoderSimulator, client: Client) -> None:
    """Is answered then."""
    template = simulator.coder.add_template("docker")
    simulator.coder.when("create_workspace").take(BRIEF)
    began = time.monotonic()
    assert _create(client, template.id).status_code == 201
    assert time.monotonic() >= began + BRIEF


def test_a_refusal_keeps_its_words(simulator: CoderSimulator, client: Client) -> None:
    """Status, message and fields; a conflict of names looks as the server's own."""
    template = simulator.coder.add_template("docker")
    simulator.coder.when("create_workspace").refuse(403, "Not today.", {"template_id": "closed"})
    simulator.coder.when("create_workspace", nth=2).refuse(409, "taken", {"name": "in use"})
    refused, taken = _create(client, template.id), _create(client, template.id)
    assert (refused.status_code, refused.json()) == (403, {"message": "Not today.", "validations": [{"field": "template_id", "detail": "closed"}]})
    assert (taken.status_code, taken.json()["validations"][0]["field"]) == (409, "name")


@pytest.mark.parametrize(("error", "status"), [(None, 503), (UnavailableError("gone"), 503), (ValueError("a bug"), 500)])
def test_a_failure_is_a_server_error(simulator: CoderSimulator, client: Client, error: Exception | None, status: int) -> None:
    """503 where the platform is busy, 500 where it is broken."""
    simulator.coder.when("list_templates").fail(error)
    assert client.ask("GET", "/templates").status_code == status


# ---------------------------------------------------------------- the end


@pytest.mark.parametrize("fault", ["lose_answer", "take", "stall", "drip", "watch", "idle"])
def test_leaving_ends_what_is_under_way(fault: str) -> None:
    """Whatever hangs: no thread is left, and the port is free."""
    arm: dict[str, Callable[[CoderSimulator], object]] = {
        "lose_answer": lambda it: it.coder.when("list_templates").lose_answer(),
        "take": lambda it: it.coder.when("list_templates").take(60),
        "stall": lambda it: it.when("GET /templates").stall(),
        "drip": lambda it: it.when("GET /templates").drip(60),
    }
    before = set(threading.enumerate())
    running = ExitStack()
    simulator = running.enter_context(CoderSimulator())
    workspace = made(simulator.coder)
    client = Client(simulator)
    if fault in arm:
        arm[fault](simulator)
    path = f"/workspaces/{workspace.id}/watch" if fault == "watch" else "/templates"
    caller = threading.Thread(target=_ignoring, args=(client, path))
    caller.start()
    until(lambda: simulator.requests or (simulator.connections and not simulator.unstruck()))
    with not_hanging():
        running.close()
    caller.join()
    assert set(threading.enumerate()) <= before
    with CoderSimulator(FakeCoder(), port=int(simulator.url.rpartition(":")[2])) as again:
        assert Client(again).get("/templates") == []


def _ignoring(client: Client, path: str) -> None:
    with suppress(*LOST):
        client.ask("GET", path, stream=True).close()
