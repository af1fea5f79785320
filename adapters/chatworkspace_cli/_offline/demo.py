"""The demo: a packaged recording, a platform with templates of every temper, and what goes wrong."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from chatworkspace_cli._offline.recordings import BadLine, Line, read
from chatworkspace_cli._offline.replay import Replay
from chatworkspace_cli._offline.stories import Story
from chatworkspace_simulator._stock import furnish, pretend

RECORDING = "recordings/demo.jsonl"
KILLED = "ops-9"
"""The chat whose first caller is killed between creation and binding."""
LOST = "data-6"
"""The chat whose agent loses its connection."""


def packaged_recording() -> list[Line]:
    """Return the recording that comes with the package."""
    lines = list(read(files("chatworkspace_cli").joinpath(RECORDING).read_text(encoding="utf-8")))
    assert not any(isinstance(line, BadLine) for line in lines), "the packaged recording is readable"
    return [line for line in lines if isinstance(line, Line)]


def play(lines: Sequence[Line], seed: int, *, hands: bool = False) -> Story:
    """Replay a recording over the demo's platform; nothing goes wrong that the recording does not ask for. hands: it uses workspaces."""
    replay = Replay(seed, furnish=furnish, hands=("execute", "read_file", "write_file") if hands else ())
    replay.sim.coder.on_run = pretend
    return replay.play(lines)


def demonstrate(seed: int) -> Story:
    """Replay the packaged recording, while a process dies, an answer is lost and an agent goes away."""
    lines = packaged_recording()
    replay = Replay(seed, furnish=furnish)
    _arrange(replay, lines, seed)
    return replay.play(lines)


def _arrange(replay: Replay, lines: Sequence[Line], seed: int) -> None:
    sim = replay.sim
    sim.coder.slow_first_dials(seed)
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
