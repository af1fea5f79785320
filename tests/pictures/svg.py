"""Shapes of an SVG, and the paper below them: light, so that it is read on a dark page as well."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

INK, FAINT, PAPER = "#24292f", "#8a939c", "#ffffff"
FONT = 'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" role="img"'
TIP = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    f'<path d="M0 0 L8 4 L0 8 z" fill="{INK}"/></marker></defs>'
)


def drawing(width: float, height: float, title: str, shapes: Iterable[str], *, style: str = "", paper: str = PAPER) -> str:
    """Return an SVG. title: what it shows, for those who cannot see it."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" font-size="13" {FONT}>',
        f"<title>{escape(title)}</title>",
        *([f"<style>{style}</style>"] if style else []),
        TIP,
        f'<rect width="{width:g}" height="{height:g}" rx="8" fill="{paper}"/>',
        *shapes,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def text(x: float, y: float, said: str, *, anchor: str = "start", fill: str = INK, length: float = 0) -> str:
    """Return a line of text. length: how long it is to be, in whatever font; 0: as that has it."""
    more = f' textLength="{length:g}"' if length else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="{fill}"{more}>{escape(said)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, *, stroke: str = INK, tip: bool = False, dashed: bool = False) -> str:
    """Return a straight line, with a tip at its end or without."""
    more = (' marker-end="url(#tip)"' if tip else "") + (' stroke-dasharray="4 4"' if dashed else "")
    return f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{stroke}"{more}/>'


def way(*points: tuple[float, float]) -> str:
    """Return a line through these, with a tip at its end."""
    through = " ".join(f"{x:g},{y:g}" for x, y in points)
    return f'<polyline points="{through}" fill="none" stroke="{INK}" stroke-linejoin="round" marker-end="url(#tip)"/>'


def box(x: float, y: float, width: float, height: float, said: str, *, fill: str = "#eef3f8") -> str:
    """Return a box with a word in it."""
    shape = f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="5" fill="{fill}" stroke="{FAINT}"/>'
    return shape + text(x + width / 2, y + height / 2 + 4.5, said, anchor="middle")
