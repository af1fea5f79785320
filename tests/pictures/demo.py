"""A recording of the demo: what an emulator of a terminal showed while it ran, some of its drawings one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tests.adapters.cli.terminals import Emulator, Run, on_a_terminal
from tests.pictures import svg

COLUMNS, ROWS = 80, 20
WIDE, HIGH = 8, 18
"""Of a cell."""
SECONDS = 0.8
"""That each drawing is shown; the last is shown for six of these."""
LAST = 6
EVERY = 8
"""Virtual seconds from one drawing that is kept to the next."""
PAPER, INK = "#16191d", "#d6dae0"
COLOURS = {"red": "#ff7b72", "green": "#6cc644", "cyan": "#56c8d8", "magenta": "#d48cff"}

Frame = tuple[tuple[Run, ...], ...]


def recorded() -> list[Frame]:
    """Run the demo, and return the drawings that are kept; the last has its table."""
    kept = dict[int, Frame]()
    with on_a_terminal("demo", "--fast", columns=COLUMNS) as terminal:
        terminal.until(lambda rows: _keep(terminal, rows, kept))
        terminal.end()
        return [*kept.values(), terminal.runs]


def _keep(terminal: Emulator, rows: Sequence[str], kept: dict[int, Frame]) -> bool:
    """Keep a drawing that is the first of its time; say whether the demo is over."""
    seconds = re.match(r"(\d+) s of virtual time", rows[-1])
    if seconds is not None:
        kept.setdefault(int(seconds[1]) // EVERY, terminal.runs)
    return rows[-1].startswith("duplicates")


def recording() -> str:
    """Return the recording, as an SVG that moves."""
    frames = recorded()
    width, height = COLUMNS * WIDE + 32, ROWS * HIGH + 32
    whole = (len(frames) - 1 + LAST) * SECONDS
    shapes = [shape for number, frame in enumerate(frames) for shape in _frame(number, frame)]
    moving = f".f{{animation-duration:{whole:g}s;animation-iteration-count:infinite}}" + "".join(_rules(len(frames), whole))
    # where nothing moves, what stands is the end
    still = f"text{{white-space:pre}}.f{{visibility:hidden}}.k{len(frames) - 1}{{visibility:visible}}"
    style = f"{still}@media (prefers-reduced-motion:no-preference){{{moving}}}"
    return svg.drawing(width, height, "chatworkspace demo", shapes, style=style, paper=PAPER)


def _rules(frames: int, whole: float) -> Iterator[str]:
    """Yield when each drawing is seen."""
    for number in range(frames):
        begin = 100 * number * SECONDS / whole
        end = 100.0 if number == frames - 1 else 100 * (number + 1) * SECONDS / whole
        before = f"0%,{begin - 0.001:.3f}%{{visibility:hidden}}" if number else ""
        after = f"{end:.3f}%{{visibility:hidden}}" if end < 100 else ""
        yield f"@keyframes k{number}{{{before}{begin:.3f}%,{end - 0.001:.3f}%{{visibility:visible}}{after}}}.k{number}{{animation-name:k{number}}}"


def _frame(number: int, frame: Frame) -> Iterator[str]:
    yield f'<g class="f k{number}">'
    for row, runs in enumerate(frame[:ROWS]):
        for run in runs:
            yield svg.text(16 + run.column * WIDE, 30 + row * HIGH, run.text, fill=COLOURS.get(run.colour, INK), length=len(run.text) * WIDE)
    yield "</g>"
