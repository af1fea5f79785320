"""The example's page in a real browser."""

from __future__ import annotations

import pytest

from chatworkspace_fake import FakeCoder, ScaledClock
from chatworkspace_simulator import CoderSimulator
from tests.web.browser import browser
from tests.web.conftest import LINES
from tests.web.page import Page
from tests.web.site import serving

CHAT = "thread <b>42 & 'more' 100%"
"""May look like anything, but a slash would end it in this app's addresses."""
BUILD = 40.0
"""Seconds of a build, as many times what a browser needs to show its beginning twice."""


class Leaps(ScaledClock):
    """A clock that can be set forward."""

    ahead = 0.0

    def monotonic(self) -> float:
        """Ahead of the system's."""
        return super().monotonic() + self.ahead

    def real(self, instant: float) -> float:
        """Return when it comes."""
        return super().real(instant - self.ahead)


@pytest.mark.parametrize("server", ["gunicorn", pytest.param("waitress", marks=pytest.mark.exhaustive)])
def test_the_page_in_a_browser(server: str, store: str) -> None:
    """Phases and log appear as they happen, after a reload too, and in a second tab; both tabs end at ready. Nobody's text becomes HTML."""
    clock = Leaps(1)
    coder = FakeCoder(clock)
    coder.add_template("docker", build=BUILD, connect=3, scripts=3, stop=1, log=LINES)
    with CoderSimulator(coder) as simulator, serving(server, simulator, store) as site, browser() as chromium:
        page = Page(chromium, site.url, CHAT)
        page.open()
        page.until(lambda: "absent" in page.state)
        asked_at = clock.monotonic()
        page.press("ask")
        page.until(lambda: page.phase == ["building"] and page.log[:2] == list(LINES[:2]))

        page.open()
        page.until(lambda: page.phase == ["building"] and len(page.log) > 2)
        assert page.log == list(LINES[: len(page.log)])

        first = chromium.current_window_handle
        chromium.switch_to.new_window("tab")
        page.open()
        page.until(lambda: page.phase and page.log)
        clock.ahead = max(asked_at + BUILD - clock.monotonic(), 0.0)
        coder.break_watches()

        for tab in (chromium.current_window_handle, first):
            chromium.switch_to.window(tab)
            page.until(lambda: "is ready" in page.state)
            assert page.phases == ["building", "connecting", "scripts"]
            assert page.phase == []
            assert page.log == list(LINES)
        assert [it for it in page.complaints() if "404" not in it] == []
    assert len(coder.workspaces) == 1
