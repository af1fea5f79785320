"""A real browser: headless Chromium, driven through its own driver."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.required import required

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=780,960",
)


@contextmanager
def browser() -> Generator[Chrome]:
    """Start one with nothing kept from before. The test that asks is skipped where there is none."""
    chromium = required("chromium", shutil.which("chromium"), "chromium is not installed (Debian's package of that name)")
    driver = required("chromium", shutil.which("chromedriver"), "chromedriver is not installed (Debian's package chromium-driver)")
    from selenium.webdriver import Chrome, ChromeOptions, ChromeService  # noqa: PLC0415 # not there on every interpreter

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        options = ChromeOptions()
        options.binary_location = chromium
        for flag in (*FLAGS, f"--user-data-dir={folder}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        started = Chrome(options=options, service=ChromeService(executable_path=driver))
        try:
            yield started
        finally:
            started.quit()
