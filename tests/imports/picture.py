"""The picture of layers in ARCHITECTURE.md, and whether the imports are as it is drawn.

A line is a room: a package, a folder or a module, with all that no other line names. An arrow (─►) leads to what it imports; within its own package
it may import what arrows lead on to from there. A broken arrow (┄►) leads to what only a function of it imports, when it is called, and no further.
Behind a plus stand distributions of others, beside attrs, which everybody has. All arrows lead down.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import attrs

from tests.imports.world import CORE, ROOT, Import, Module, World, is_ours, package_of, target

_NAMES = r"[\w.]+(?:, [\w.]+)*"
_LINE = re.compile(
    rf"(?P<indent> *)(?P<room>[\w.]*)(?: *─► (?P<arrows>{_NAMES}))?(?: *┄► (?P<broken>{_NAMES}))?(?: *\+ (?P<others>{_NAMES}))?(?: {{2,}}[^ ─┄+].*)?"
)


@attrs.frozen(kw_only=True)
class Room:
    """One line of the picture."""

    name: str
    arrows: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


Picture = Mapping[str, Room]
"""By name, from top to bottom."""


def drawn() -> Picture:
    """Return what ARCHITECTURE.md draws."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    return parse(text.partition("\n## Layers\n")[2].split("```")[1])


def parse(text: str) -> Picture:
    """Return the rooms of a picture. A line that begins with an arrow goes on with the room above. ValueError: a line is none of it."""
    rooms: dict[str, Room] = {}
    package = name = ""
    for line in filter(str.strip, text.splitlines()):
        found = _LINE.fullmatch(line.rstrip())
        if found is None:
            raise ValueError(line)
        if found["room"]:
            package = package if found["indent"] else found["room"]
            name = _full(package, found["room"])
        before = rooms.get(name, Room(name=name))
        arrows, broken, others = (found[group].split(", ") if found[group] else [] for group in ("arrows", "broken", "others"))
        rooms[name] = Room(
            name=name,
            arrows=(*before.arrows, *(_full(package, it) for it in arrows)),
            broken=(*before.broken, *(_full(package, it) for it in broken)),
            others=(*before.others, *others),
        )
    return rooms


def _full(package: str, name: str) -> str:
    """Return a name as it is imported: one that stands below a package's is of the package."""
    return name if is_ours(name) else f"{package}.{name}"


def room_of(picture: Picture, module: str) -> str:
    """Return the room that a module is in: the narrowest that is drawn; empty: none."""
    parts = module.split(".")
    return next((room for length in range(len(parts), 0, -1) if (room := ".".join(parts[:length])) in picture), "")


# ---------------------------------------------------------------- the picture by itself


def not_down(picture: Picture) -> Iterator[str]:
    """Tell of each arrow that leads up, or to no room: without them, there is no circle of rooms."""
    above: set[str] = set()
    for room in picture.values():
        above.add(room.name)
        for other in (*room.arrows, *room.broken):
            if other not in picture or other in above:
                yield f"{room.name} ─► {other} does not lead down to a room"


def not_there(world: World, picture: Picture) -> Iterator[str]:
    """Tell of each room that is no module, and of each package, and folder or module of the core, that is no room."""
    yield from (f"{room} is drawn, and not there" for room in picture if room not in world)
    for module in world.values():
        above = module.name.rpartition(".")[0]
        if is_ours(module.name) and above in {"", CORE} and module.name not in picture:
            yield f"{module.name} is not drawn"


# ---------------------------------------------------------------- the picture and the imports


def undrawn(world: World, picture: Picture) -> Iterator[str]:
    """Tell of each import for which there is no arrow."""
    reached = {room.name: _reached(picture, room) for room in picture.values()}
    rooms = {name: room_of(picture, name) for name in world}
    told = (_undrawn(picture, reached, rooms, module.name, it, target(world, it)) for module, it in _imports_of(world))
    yield from dict.fromkeys(filter(None, told))


def _undrawn(picture: Picture, reached: Mapping[str, set[str]], rooms: Mapping[str, str], module: str, it: Import, to: str) -> str:  # noqa: PLR0917 # one import, and what is known of all
    here = rooms[module]
    room = picture.get(here, Room(name=here))
    if it.foreign:
        return "" if it.top in room.others else f"{module}:{it.line}: {here} + {it.top} is not drawn"
    if not is_ours(it.top):
        return ""
    there = rooms[to] if to in rooms else room_of(picture, to)
    if here == there or there in reached.get(here, ()):
        return ""
    if there not in room.broken:
        return f"{module}:{it.line}: {here} ─► {there or to} is not drawn"
    return "" if it.lazy or it.typing else f"{module}:{it.line}: {here} ┄► {there} is for the function that needs it"


def _reached(picture: Picture, room: Room) -> set[str]:
    """Return the rooms that arrows lead to: on and on within its package, and from there to those drawn of other packages."""
    found: set[str] = set()
    ahead = [room]
    while ahead:
        arrows = set(ahead.pop().arrows) - found
        found |= arrows
        ahead += [picture[it] for it in arrows if it in picture and package_of(it) == package_of(room.name)]
    return found


def unused(world: World, picture: Picture) -> Iterator[str]:
    """Tell of each arrow along which nothing is imported."""
    used = {(room_of(picture, module.name), it.top if it.foreign else room_of(picture, target(world, it))) for module, it in _imports_of(world)}
    for room in picture.values():
        drawn_of_it = (*room.arrows, *room.broken, *room.others)
        yield from (f"{room.name} ─► {it} is drawn, and not used" for it in drawn_of_it if (room.name, it) not in used)


def _imports_of(world: World) -> Iterator[tuple[Module, Import]]:
    return ((module, it) for module in world.values() if is_ours(module.name) for it in module.imports)
