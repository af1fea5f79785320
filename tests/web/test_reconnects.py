"""A page in a real browser whose connections break, for the servers behind it die and are replaced: nothing is missed, or told twice."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from chatworkspace_simulator import CoderSimulator
from tests.sockets import free_port
from tests.web.browser import browser
from tests.web.page import Page
from tests.web.site import PATIENCE, serving

LINES = tuple(f"step {number} of the build" for number in range(1, 31))
PHASES = ["building", "connecting", "scripts"]


@pytest.fixture
def simulator() -> Iterator[CoderSimulator]:
    with CoderSimulator(requests_per_minute=None, first_dials="quick") as running:
        running.coder.add_template("docker", build=30, connect=2, scripts=2, log=LINES)
        yield running


def check(page: Page) -> None:
    """See that all was told, once, in its order."""
    page.until(lambda: "is ready" in page.state)
    assert page.log == list(LINES)
    assert page.phases == PHASES


@pytest.mark.exhaustive
def test_a_page_outlives_its_workers(simulator: CoderSimulator, store: str) -> None:
    """Both workers are killed while the log is told, and those in their place replaced in good order: the page goes on with the next line."""
    with serving("gunicorn, patient", simulator, store) as site, browser() as chromium:
        workers = [site.workers.get(timeout=PATIENCE) for _ in range(2)]
        page = Page(chromium, site.url, "a")
        page.open()
        page.press("ask")
        page.until(lambda: len(page.log) >= 3)
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        for _ in range(2):
            site.workers.get(timeout=PATIENCE)
        told = len(page.log)
        page.until(lambda: len(page.log) > told)
        site.process.send_signal(signal.SIGHUP)  # new workers, and the old ones end as they should
        check(page)
    assert len(simulator.coder.workspaces) == 1


@pytest.mark.exhaustive
def test_a_page_of_an_asyncio_server_goes_on_with_another(simulator: CoderSimulator, store: str) -> None:
    """One is killed, another told to end, which ends the stream in good order: each time another process on the same port goes on."""
    port = free_port()
    with browser() as chromium:
        page = Page(chromium, f"http://127.0.0.1:{port}", "a")
        with serving("uvicorn", simulator, store, port=port) as site:
            site.ask("POST", "/chats/a/workspace")
            page.open()
            page.until(lambda: len(page.log) >= 3)
            site.process.kill()
        with serving("uvicorn", simulator, store, port=port):
            told = len(page.log)
            page.until(lambda: len(page.log) > told)
        with serving("uvicorn", simulator, store, port=port):
            check(page)


@pytest.mark.exhaustive
def test_a_tab_that_is_closed_holds_nothing(simulator: CoderSimulator, store: str) -> None:
    """The server notices at once, and nobody waits there any more."""
    with serving("uvicorn", simulator, store, port=free_port()) as site, browser() as chromium:
        site.ask("POST", "/chats/a/workspace")
        page = Page(chromium, site.url, "a")
        page.open()
        page.until(lambda: page.phases == ["building"])
        assert site.ask("GET", "/under-way")[1] == 1
        chromium.get("about:blank")
        page.until(lambda: site.ask("GET", "/under-way")[1] == 0)
