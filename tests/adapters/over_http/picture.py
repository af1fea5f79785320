"""python -m tests.adapters.over_http.picture FILE: a picture of the simulator's page in the midst of the demo, which is played to it over HTTP.

It needs Chromium with its driver.
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import Any
from unittest import mock

from chatworkspace_cli._offline import replay
from chatworkspace_cli._offline.demo import demonstrate
from tests.adapters.over_http.demo import SEED
from tests.adapters.over_http.real import RealSimulation
from tests.web.browser import browser

SPEED = 12.0
SIZE = (1240, 900)
MOST_SHOWN = """
const rows = [...document.querySelectorAll("#workspaces tr")];
return rows.filter((row) => /starting|pending|stopping/.test(row.textContent)).length >= 2 && rows.length >= 6;
"""
PATIENCE = 60.0


def main(arguments: list[str]) -> int:
    """Play the demo, and take the picture while at least two builds are under way. The exit code is 0 once it is there."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m tests.adapters.over_http.picture FILE\n")
        return 2
    worlds: list[RealSimulation] = []

    def simulation(seed: int, **service: Any) -> RealSimulation:
        worlds.append(RealSimulation(seed, stack=stack, level="newest", speed=SPEED, **service))
        return worlds[-1]

    with browser() as page, ExitStack() as stack, mock.patch.object(replay, "Simulation", simulation):
        page.set_window_size(*SIZE)  # pyright: ignore[reportUnknownMemberType] # selenium tells not all of its types
        demo = Thread(target=demonstrate, args=(SEED,))
        demo.start()
        over = time.monotonic() + PATIENCE
        while not worlds or not worlds[0].simulator.requests:
            time.sleep(0.05)
        page.get(worlds[0].simulator.url)
        shown: Any = page.execute_script  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] # as above
        while not shown(MOST_SHOWN) and time.monotonic() < over:
            time.sleep(0.1)
        Path(arguments[0]).write_bytes(page.get_screenshot_as_png())
        demo.join()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
