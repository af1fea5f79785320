"""Takes the picture of the example's page that the documentation shows: `python -m tests.web.picture docs/pictures/flask_app.png`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from chatworkspace_simulator import CoderSimulator
from examples.flask_app.__main__ import furnish
from tests.web.browser import browser
from tests.web.page import Page
from tests.web.site import serving


def main(picture: str) -> None:
    """Ask for a workspace, and take the picture in the middle of the build."""
    with CoderSimulator(requests_per_minute=None, first_dials="quick") as simulator, tempfile.TemporaryDirectory() as folder, browser() as chromium:
        furnish(simulator)
        with serving("gunicorn", simulator, f"sqlite://{Path(folder, 'chats.db')}") as site:
            page = Page(chromium, site.url, "thread-42")
            page.open()
            page.press("ask")
            page.until(lambda: page.phase == ["connecting"] and page.log)
            Path(picture).write_bytes(chromium.get_screenshot_as_png())


if __name__ == "__main__":
    main(*sys.argv[1:])
