"""Bar charts as SVG, small enough to be read in a diff."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import attrs

WIDTH = 720
ROW = 26
LABELS = 250
SHADES = ("#3465a4", "#b0b7bf")


@attrs.frozen(kw_only=True)
class Bar:
    """One bar; the baseline of the same measurement is drawn in grey."""

    label: str
    value: float
    baseline: bool = False


def page(charts: Sequence[str]) -> str:
    """Put charts below each other in one SVG."""
    top, placed = 0, list[str]()
    for chart in charts:
        height = int(chart.split('viewBox="0 0 ', 1)[1].split('"', 1)[0].split()[1])
        placed.append(chart.replace("<svg ", f'<svg y="{top}" width="{WIDTH}" height="{height}" ', 1))
        top += height
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}">\n{"".join(placed)}</svg>\n'


def bar_chart(title: str, unit: str, bars: Sequence[Bar], *, goal: float | None = None) -> str:
    """Return an SVG with a bar for each value, and a line at the goal."""
    most = max([bar.value for bar in bars] + [goal or 0.0]) or 1.0
    scale = (WIDTH - LABELS - 90) / most
    height = 60 + ROW * len(bars)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="10" y="24" font-size="16">{escape(title)} ({escape(unit)})</text>',
    ]
    for number, bar in enumerate(bars):
        top = 40 + ROW * number
        parts += [
            f'<text x="{LABELS - 8}" y="{top + 15}" text-anchor="end">{escape(bar.label)}</text>',
            f'<rect x="{LABELS}" y="{top}" width="{bar.value * scale:.1f}" height="{ROW - 6}" fill="{SHADES[bar.baseline]}"/>',
            f'<text x="{LABELS + bar.value * scale + 6:.1f}" y="{top + 15}">{_shown(bar.value)}</text>',
        ]
    if goal is not None:
        x, bottom = LABELS + goal * scale, 44 + ROW * len(bars)
        parts.append(f'<line x1="{x:.1f}" y1="34" x2="{x:.1f}" y2="{bottom}" stroke="#cc0000" stroke-dasharray="4 3"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 12}" text-anchor="middle" fill="#cc0000" font-size="11">goal {goal:,.0f}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _shown(value: float) -> str:
    """Return two digits of what is small, and whole numbers of the rest."""
    return f"{value:,.{2 if 0 < value < 1 else 1 if value < 10 else 0}f}"
