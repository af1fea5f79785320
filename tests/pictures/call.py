"""The way of a call, drawn from what one did: a creation in a simulation, with every call of a port."""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

from chatworkspace_fake import Simulation
from tests.pictures import svg

LANES = ("your thread", "library", "store", "platform", "agent")
LEFT, APART, TOP, STEP = 110, 170, 60, 30
LINE = re.compile(r" *(?P<at>[\d.]+)  \S+ +\S+ +(?P<what>[\w.]+)(?: +(?P<outcome>.*))?")
AGENT = ("coder.dial", "coder.warm")


@attrs.frozen(kw_only=True)
class Step:
    """One call of a port, or a wait."""

    at: float
    what: str


def steps() -> tuple[list[Step], str]:
    """Return what one creation did, and what it came to."""
    sim = Simulation(0)
    docker = sim.coder.add_template("docker", build=12, connect=3, scripts=5)
    sim.open_chat("thread-42")
    outcome = sim.workspaces.create("thread-42", docker.id)
    found = [LINE.match(line) for line in sim.trace.splitlines()]
    told = [Step(at=float(it["at"]), what=it["what"]) for it in found if it is not None]
    return [it for it in told if it.what not in {"store.open_chat", "watch.close"}], f"{outcome.state.value} ({outcome.reason.value})"


def way() -> str:
    """Return the picture."""
    done, came_to = steps()
    height = TOP + STEP * (len(done) + 3)
    rows = [*_asked(), *(shape for number, it in enumerate(done) for shape in _row(it, TOP + STEP * (number + 2)))]
    end = TOP + STEP * (len(done) + 2)
    rows += [svg.line(_lane(1), end, _lane(0), end, tip=True), svg.text((_lane(0) + _lane(1)) / 2, end - 6, came_to, anchor="middle")]
    title = "What one creation asks of store, platform and agent, and when"
    return svg.drawing(_lane(len(LANES) - 1) + LEFT, height + 10, title, [*_lanes(height), *rows])


def _lane(number: int) -> float:
    return LEFT + APART * number


def _lanes(height: float) -> Iterator[str]:
    for number, name in enumerate(LANES):
        yield svg.box(_lane(number) - 60, 14, 120, 28, name)
        yield svg.line(_lane(number), 42, _lane(number), height, stroke=svg.FAINT, dashed=True)


def _asked() -> Iterator[str]:
    y = TOP + STEP
    yield svg.line(_lane(0), y, _lane(1), y, tip=True)
    yield svg.text((_lane(0) + _lane(1)) / 2, y - 6, "create()", anchor="middle")


def _row(step: Step, y: float) -> Iterator[str]:
    yield svg.text(10, y + 4, f"{step.at:g} s", fill=svg.FAINT)
    if step.what == "wait":
        yield svg.box(_lane(1) - 60, y - 12, 120, 24, f"waits to {step.at:g} s", fill="#fdf3d8")
        return
    port, _, method = step.what.partition(".")
    to = LANES.index("agent") if step.what in AGENT else LANES.index("store") if port == "store" else LANES.index("platform")
    yield svg.line(_lane(1), y, _lane(to), y, tip=True)
    yield svg.text(_lane(1) + 8, y - 6, step.what if port == "watch" else method)
