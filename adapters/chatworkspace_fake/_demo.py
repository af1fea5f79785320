"""The demo: a packaged recording, a platform with templates of every temper, and what goes wrong."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from chatworkspace.ports import Option, Parameter
from chatworkspace_fake._coder import Fails, FakeCoder
from chatworkspace_fake._recordings import BadLine, Line, read
from chatworkspace_fake._replay import Replay, Story

RECORDING = "recordings/demo.jsonl"
KILLED = "ops-9"
"""The chat whose first caller is killed between creation and binding."""
LOST = "data-6"
"""The chat whose agent loses its connection."""


def packaged_recording() -> list[Line]:
    """Return the recording that comes with the package."""
    lines = list(read(files("chatworkspace_fake").joinpath(RECORDING).read_text(encoding="utf-8")))
    assert not any(isinstance(line, BadLine) for line in lines), "the packaged recording is readable"
    return [line for line in lines if isinstance(line, Line)]


def play(lines: Sequence[Line], seed: int) -> Story:
    """Replay a recording over the demo's platform; nothing goes wrong that the recording does not ask for."""
    return Replay(seed, furnish=furnish).play(lines)


def demonstrate(seed: int) -> Story:
    """Replay the packaged recording, while a process dies, an answer is lost and an agent goes away."""
    lines = packaged_recording()
    replay = Replay(seed, furnish=furnish)
    _arrange(replay, lines)
    return replay.play(lines)


def _arrange(replay: Replay, lines: Sequence[Line]) -> None:
    sim = replay.sim
    doomed = sim.process("web-3")
    doomed.kill(before="store.bind")
    first = next(line for line in lines if line.chat == KILLED)
    replay.assign(first.number, doomed)
    sim.at(first.at, lambda: replay.note(KILLED, "fault", "this caller's process dies between creation and binding"))
    sim.at(20, lambda: replay.note("billing-4", "fault", "the platform's next answer will be lost"))
    sim.at(20, lambda: sim.coder.when("create_workspace").lose_answer())
    sim.at(40, lambda: _lose_agent(replay))


def _lose_agent(replay: Replay) -> None:
    bound_to = replay.sim.workspaces.get_chat(LOST).workspace_id
    for workspace in replay.sim.coder.workspaces:
        if workspace.id == bound_to:
            workspace.drop_agent()
            replay.note(LOST, "fault", "the agent loses its connection")


def furnish(coder: FakeCoder) -> None:
    """Add the templates that recordings may name. Their ids are made from their names."""
    coder.set_quota(100)
    coder.add_template(
        "docker",
        display_name="Docker container",
        description="A container with the usual tools. Starts in seconds.",
        readme="---\ntitle: Docker\n---\n# Docker container\n\nA **container** with git, a compiler and Python.",
        build=12,
        connect=3,
        scripts=5,
        stop=4,
        log=("pulling image", "creating volume", "starting container", "container is up"),
    )
    coder.add_template(
        "gpu",
        description="A machine with a graphics card, for training.",
        build=9,
        connect=45,
        scripts=4,
        log=("asking for a machine", "machine granted", "mounting disks"),
    )
    coder.add_template(
        "devbox",
        description="A virtual machine of one's own.",
        build=(Fails(after=8, error="no space left in the pool"), 14),
        connect=4,
        parameters=(
            Parameter(
                name="region", description="Where it runs.", default="eu", options=(Option(name="Europe", value="eu"), Option(name="US", value="us"))
            ),
            Parameter(name="disk_gb", type="number", default="20", validation_min=10, validation_max=200),
        ),
        log=("planning", "applying", "waiting for disks"),
    )
    coder.add_template("cluster", description="Eight machines at once.", build=5, cost=1000, log=("asking for eight machines",))
    coder.add_template("laptop", description="A computer of the user's.", external_agent=True)
