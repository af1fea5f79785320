"""The example's page, as somebody sees it who has only a browser."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

PATIENCE = 60.0
"""Seconds until something has to be seen, on the slowest machine."""


class Page:
    """What is on the page of the tab that is open now."""

    def __init__(self, browser: Chrome, url: str, chat: str) -> None:
        self._browser = browser
        self._url = f"{url}/?chat={quote(chat, safe='')}"

    def open(self) -> None:
        """Load it, or load it again."""
        self._browser.get(self._url)

    def press(self, button: str) -> None:
        """Press a button, as soon as it can be pressed."""
        self.until(lambda: self._find(f"#{button}").get_attribute("aria-disabled") != "true")
        self._find(f"#{button}").click()

    @property
    def state(self) -> str:
        """What it says of the workspace."""
        return self._find("#state").text

    @property
    def log(self) -> list[str]:
        """The lines of the build's log, as a person reads them."""
        return self._find("#log").text.splitlines()

    @property
    def phases(self) -> list[str]:
        """Those that there have been."""
        return self._texts("#phases li")

    @property
    def phase(self) -> list[str]:
        """What is under way: one or none."""
        return self._texts("#phases li[aria-current=step]")

    def until(self, holds: Callable[[], object]) -> None:
        """Wait for something to be seen."""
        over = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < over, (self.state, self.phases, self.log, self.complaints())
            time.sleep(0.05)

    def complaints(self) -> list[str]:
        """Return what the browser has written into its console since it was asked last."""
        told: Any = self._browser
        return [str(entry["message"]) for entry in told.get_log("browser")]

    def _find(self, selector: str) -> WebElement:
        return self._browser.find_element("css selector", selector)

    def _texts(self, selector: str) -> list[str]:
        return [one.text for one in self._browser.find_elements("css selector", selector)]
