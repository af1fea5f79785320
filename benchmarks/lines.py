"""Line charts as SVG, over logarithmic axes: a value that is ten times another stands a fixed step above it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from math import ceil, floor, log10

import attrs

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 44, 44
SHADES = ("#3465a4", "#8a939c", "#4e9a06", "#c17d11", "#75507b")


@attrs.frozen(kw_only=True)
class Line:
    """One row of points (x, y), all above zero; the baseline of the same measurement is drawn in dashes."""

    label: str
    points: Sequence[tuple[float, float]]
    baseline: bool = False


@attrs.frozen(kw_only=True)
class Axis:
    """Where values of one kind stand."""

    least: int
    most: int
    """Powers of ten."""
    start: float
    length: float
    """Where the least stands, and how far off the most."""

    def at(self, value: float) -> float:
        """Return where a value stands."""
        return self.start + self.length * (log10(value) - self.least) / (self.most - self.least)

    @property
    def marks(self) -> list[float]:
        """The powers of ten."""
        return [10.0**power for power in range(self.least, self.most + 1)]


def axis(values: Iterable[float], start: float, length: float) -> Axis:
    """Return the axis that has all of these values."""
    logs = [log10(value) for value in values]
    least = floor(min(logs))
    return Axis(least=least, most=max(ceil(max(logs)), least + 1), start=start, length=length)


def line_chart(title: str, across: str, up: str, lines: Sequence[Line]) -> str:
    """Return an SVG with each line, its points marked, and its name beside its end."""
    xs = axis((x for line in lines for x, _ in line.points), LEFT, WIDTH - LEFT - RIGHT)
    ys = axis((y for line in lines for _, y in line.points), HEIGHT - BOTTOM, -(HEIGHT - TOP - BOTTOM))
    return "\n".join([*_frame(title, across, up), *_grid(xs, ys), *_drawn(lines, xs, ys), "</svg>"]) + "\n"


def _frame(title: str, across: str, up: str) -> list[str]:
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="10" y="20" font-size="16">{escape(title)}</text>',
        f'<text x="10" y="36" fill="#555555">{escape(up)}</text>',
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle" fill="#555555">{escape(across)}</text>',
    ]


def _grid(xs: Axis, ys: Axis) -> list[str]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    rows = [
        f'<line x1="{LEFT}" y1="{ys.at(mark):.1f}" x2="{right}" y2="{ys.at(mark):.1f}" stroke="#dddddd"/>'
        f'<text x="{LEFT - 6}" y="{ys.at(mark) + 4:.1f}" text-anchor="end">{mark:,g}</text>'
        for mark in ys.marks
    ]
    columns = [
        f'<line x1="{xs.at(mark):.1f}" y1="{TOP}" x2="{xs.at(mark):.1f}" y2="{bottom}" stroke="#eeeeee"/>'
        f'<text x="{xs.at(mark):.1f}" y="{bottom + 16}" text-anchor="middle">{mark:,g}</text>'
        for mark in xs.marks
    ]
    return rows + columns


def _drawn(lines: Sequence[Line], xs: Axis, ys: Axis) -> list[str]:
    drawn, names = list[str](), _apart([ys.at(line.points[-1][1]) for line in lines])
    for number, line in enumerate(lines):
        shade, dashes = SHADES[number % len(SHADES)], ' stroke-dasharray="5 4"' if line.baseline else ""
        places = [(xs.at(x), ys.at(y)) for x, y in line.points]
        drawn.append(f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}" fill="none" stroke="{shade}" stroke-width="2"{dashes}/>')
        drawn += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{shade}"/>' for x, y in places]
        drawn.append(f'<text x="{places[-1][0] + 8:.1f}" y="{names[number] + 4:.1f}" fill="{shade}">{escape(line.label)}</text>')
    return drawn


def _apart(heights: Sequence[float]) -> list[float]:
    """Return heights of names that do not lie upon each other, each as near to its own as may be."""
    placed, last = list(heights), float("-inf")
    for number in sorted(range(len(heights)), key=heights.__getitem__):
        placed[number] = last = max(heights[number], last + 14)
    return placed
