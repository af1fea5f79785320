"""The simulator as a command."""

from __future__ import annotations

import signal
from collections.abc import Callable
from threading import Event
from types import FrameType

from chatworkspace_fake._platform.states import OWNER
from chatworkspace_simulator import CoderSimulator
from chatworkspace_simulator._stock import stock


def serve(*, port: int, level: str, speed: float, token: str, requests_per_minute: int | None, say: Callable[[str], None]) -> None:
    """Serve what stock() adds until the process is interrupted or told to end. OSError: the port; InvalidArgumentError."""
    simulator = CoderSimulator(port=port, level=level, speed=speed, tokens={token: OWNER} if token else None, requests_per_minute=requests_per_minute)
    stock(simulator.coder)
    over = Event()

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        over.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    with simulator:
        say(f"export CODER_URL={simulator.url}")
        say(f"export CODER_SESSION_TOKEN={simulator.token}")
        say(f"# Level {level}, {speed:g} seconds a second. Ctrl-C ends it.")
        say(f"# What happens is shown at {simulator.url}/")
        over.wait()
