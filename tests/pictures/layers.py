"""The layers, drawn from the imports that ARCHITECTURE.md has and a test compares with the code: each stands above all that it imports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tests.imports.picture import Picture, drawn
from tests.imports.world import CORE, package_of
from tests.pictures import svg

Arrows = Mapping[str, set[str]]
HIGH, GAP, STEP = 30, 14, 76
"""Of a box; between two of a layer; from a layer to the next."""
WIDTH, LANE = 980, 22


def packages() -> str:
    """Return the picture of the packages."""
    picture = drawn()
    arrows: dict[str, set[str]] = {}
    for room in picture.values():
        mine = arrows.setdefault(_short(room.name), set())
        mine |= {_short(it) for it in (*room.arrows, *room.broken)} - {_short(room.name)}
    return _drawing("The packages, each above those that it imports", arrows)


def _short(name: str) -> str:
    return package_of(name).removeprefix("chatworkspace_")


def core() -> str:
    """Return the picture of the core's own parts."""
    picture = drawn()
    return _drawing("The core, each part above those that it imports", _of_core(picture))


def _of_core(picture: Picture) -> Arrows:
    names = [name for name in picture if package_of(name) == CORE]
    short = {name: name.removeprefix(f"{CORE}.") for name in names}
    return {short[name]: {short[it] for it in (*picture[name].arrows, *picture[name].broken) if it in short} for name in names}


def layers(arrows: Arrows) -> list[list[str]]:
    """Return the names by how many stand below each at most: the highest first."""
    known: dict[str, int] = {}

    def rank(name: str) -> int:
        if name not in known:
            known[name] = 1 + max((rank(it) for it in arrows[name]), default=-1)
        return known[name]

    highest = max(rank(name) for name in arrows)
    return [[name for name in arrows if known[name] == level] for level in range(highest, -1, -1)]


def _drawing(title: str, arrows: Arrows) -> str:
    rows = layers(arrows)
    height = 20 + STEP * (len(rows) - 1) + HIGH + 20
    places = {name: place for number, row in enumerate(rows) for name, place in _places(row, 20 + STEP * number)}
    return svg.drawing(WIDTH, height, title, [*_lines(arrows, places), *(_box(name, place) for name, place in places.items())])


Place = tuple[float, float, float]
"""Left, top and width of a box."""


def _places(row: Sequence[str], top: float) -> Iterator[tuple[str, Place]]:
    widths = [len(name) * 8 + 20 for name in row]
    left = (WIDTH - sum(widths) - GAP * (len(row) - 1)) / 2
    for name, width in zip(row, widths, strict=True):
        yield name, (left, top, width)
        left += width + GAP


def _box(name: str, place: Place) -> str:
    left, top, width = place
    return svg.box(left, top, width, HIGH, name)


def _lines(arrows: Arrows, places: Mapping[str, Place]) -> Iterator[str]:
    """Yield an arrow for each import that does not follow from two others: straight, or beside the boxes where one is in between."""
    beside = 0
    for name, below in arrows.items():
        through = {far for near in below for far in _reached(arrows, near)}
        for other in sorted(below - through):
            (left, top, width), (left2, top2, width2) = places[name], places[other]
            start, end = (left + width / 2, top + HIGH), (left2 + width2 / 2, top2)
            if not any(_meets(start, end, it) for it in places.values()):
                yield svg.line(*start, *end, tip=True)
                continue
            beside += 1
            yield _beside(start, end, [it for it in places.values() if top < it[1] < top2], beside)


def _beside(start: tuple[float, float], end: tuple[float, float], between: Sequence[Place], number: int) -> str:
    """Return an arrow past these, on the side on which it ends. number: of those that are drawn so, each in a lane of its own."""
    (x1, y1), (x2, y2) = start, end
    left, right = min(it[0] for it in between), max(it[0] + it[2] for it in between)
    lane = min(left, x1, x2) - LANE * number if x2 < (left + right) / 2 else max(right, x1, x2) + LANE * number
    out, back = y1 + 4 * number, y2 - 8 - 4 * number
    return svg.way((x1, y1), (x1, out), (lane, out), (lane, back), (x2, back), (x2, y2))


def _meets(start: tuple[float, float], end: tuple[float, float], place: Place) -> bool:
    """Tell whether a straight line leads through a box that lies between its ends."""
    (x1, y1), (x2, y2), (left, top, width) = start, end, place
    if not y1 < top < y2 - HIGH:
        return False
    at = [x1 + (x2 - x1) * (y - y1) / (y2 - y1) for y in (top, top + HIGH)]
    return min(at) <= left + width and max(at) >= left


def _reached(arrows: Arrows, name: str) -> set[str]:
    found = set(arrows[name])
    return found.union(*(_reached(arrows, it) for it in arrows[name]))
