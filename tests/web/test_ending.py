"""How a server ends while calls wait in it: soon, and every client has an answer."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

from chatworkspace_simulator import CoderSimulator
from tests.hanging import TIMES, until
from tests.web.site import PATIENCE, Event, Site, serving
from tests.web.test_load import in_line

ENDS = 2.0
"""Seconds that workers need to end while calls wait for sixty; ten times that is the bound."""
THREADS = "32"
"""Of each worker; half of them may wait."""


def waiting(site: Site) -> tuple[int, str | None, object]:
    """Wait for a minute; return status, Retry-After, and the reason."""
    line = HTTPConnection("127.0.0.1", site.port, timeout=PATIENCE)
    try:
        line.request("GET", "/chats/a/status?wait=60")
        answer = line.getresponse()
        code, text, told = answer.status, answer.getheader("Retry-After"), answer.read().decode()
    finally:
        line.close()
    return code, text, "closed" if '"closed"' in told else told


def streamed(site: Site, begun: set[int], number: int) -> list[Event]:
    """Follow until the server ends the stream: it does so as one does, else this raises. begun: gets the number, once something is told."""
    told: list[Event] = []
    for event in site.events("a"):
        told.append(event)
        begun.add(number)
    return told


def test_gunicorn_ends_while_calls_wait(simulator: CoderSimulator, store: str, record_property: Callable[[str, object], None]) -> None:
    """Those that wait are told to come again, to another process; streams end in good order; what is being made is made, and its client told so.

    Six calls wait for a minute, four streams go on, and a workspace is being asked for, when SIGTERM comes.
    """
    in_line(simulator)
    begun: set[int] = set()
    with serving("gunicorn, patient", simulator, store, CHATWORKSPACE_THREADS=THREADS) as site, ThreadPoolExecutor(12) as pool:
        assert site.ask("POST", "/chats/a/workspace", {"template": "docker"})[0] == 202
        waits = [pool.submit(waiting, site) for _ in range(6)]
        streams = [pool.submit(streamed, site, begun, number) for number in range(4)]
        until(lambda: len(begun) == 4)
        simulator.coder.when("create_workspace").take(3)
        made = pool.submit(site.ask, "POST", "/chats/b/workspace", {"template": "docker"})
        until(lambda: list(simulator.coder.calls).count("create_workspace") == 2)  # the first was for a; others look meanwhile
        time.sleep(0.5)  # the six wait, or nearly so: those that do not yet are refused in the same words
        began = time.monotonic()
        site.process.send_signal(signal.SIGTERM)
        answers = [it.result(PATIENCE) for it in waits]
        told = [it.result(PATIENCE) for it in streams]
        waits_over = time.monotonic() - began
        assert made.result(PATIENCE)[0] == 202
        site.process.wait(PATIENCE)
        took = time.monotonic() - began
    record_property("told", f"ten who waited were answered {waits_over:.2f} s after SIGTERM, and gunicorn was gone {took:.2f} s after it")
    assert [(code, reason) for code, _, reason in answers] == [(503, "closed")] * 6
    assert all(text is not None and int(text) >= 1 for _, text, _ in answers)
    assert [{event.name for event in events} for events in told] == [{"phase"}] * 4
    assert took < TIMES * (ENDS + 3)
    assert waits_over < TIMES * ENDS
    assert len([it for it in simulator.coder.workspaces if "docker" in it.template.name]) == 2
