"""The simulator as a command."""

from __future__ import annotations

import signal
from collections.abc import Callable
from threading import Event
from types import FrameType
from uuid import UUID

from chatworkspace.ports import Option, Parameter, Preset
from chatworkspace_fake._coder import FakeCoder
from chatworkspace_fake._demo import furnish
from chatworkspace_fake._simulator import CoderSimulator
from chatworkspace_fake._states import OWNER

LARGE = Preset(id=UUID("1a46e000-0000-4000-8000-000000000001"), name="Large", parameters={"region": "us"})
REGION = Parameter(
    name="region", description="Where it runs.", default="eu", options=(Option(name="Europe", value="eu"), Option(name="US", value="us"))
)


def stock(coder: FakeCoder) -> None:
    """Add the templates of the demo, and what the examples in docs/commands.md name besides: a preset, and a workspace of the user's own making."""
    furnish(coder)
    coder.update_template("gpu", parameters=(REGION,), presets=(LARGE,))
    docker = next(it for it in coder.inside.platform.templates.values() if it.name == "docker")
    coder.add_workspace(docker, "own", owner_id=OWNER)


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
        say(f"# Level {level}, {speed:g} seconds a second. What happens is shown at {simulator.url}/ - end with Ctrl-C.")
        over.wait()
