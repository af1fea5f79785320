"""Who is at a chat, and for how long a creation has been under way: from a look at its row, for people and for programs. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chatworkspace.ports import Look

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))
SHOWN = 60
"""Characters of what a holder calls itself, where that is no host and process."""


def held_json(look: Look) -> dict[str, Any]:
    """Return since when a creation is planned, and who holds the chat, in seconds; null where nothing is, and nobody does."""
    return {"planned_for": None if look.plan is None else look.plan.planned_for, "held": _holder(look), "claims": look.epoch}


def held_lines(look: Look) -> Iterator[str]:
    """Yield the same for people."""
    if look.plan is not None:
        left = "" if look.claimed_for else ", and nobody is at it: the next `create` goes on with it, or `chatworkspace sweep` settles it"
        yield f"a creation of {look.plan.name} was begun {age(look.plan.planned_for)} ago{left}"
    if look.claimed_for:
        yield f"held by {by(look)} for {age(look.held_for)}, and for {age(look.claimed_for)} more unless it ends before"
    if look.epoch:
        yield f"claims so far: {look.epoch}"


def held_text(look: Look) -> str:
    """Return the same of a plan that stands, in some words."""
    who = f"held by {by(look)}" if look.claimed_for else "and nobody is at it"
    return f"a creation was begun {age(0.0 if look.plan is None else look.plan.planned_for)} ago, {who}"


def by(look: Look) -> str:
    """Return who holds a chat: host and process, as the library's own clock has it."""
    host, process = _named(look)
    return f"{host}, process {process}" if process is not None else look.holder[:SHOWN] or "somebody"


def _named(look: Look) -> tuple[str | None, int | None]:
    host, _, process = look.holder.rpartition(":")
    return (host, int(process)) if process.isdecimal() else (None, None)


def age(seconds: float) -> str:
    """Return some seconds in the largest unit that they fill twice."""
    return next((f"{seconds / size:.0f} {unit}" for size, unit in _UNITS if seconds >= 2 * size), f"{seconds:.0f} s")


def _holder(look: Look) -> dict[str, Any] | None:
    if not look.claimed_for:
        return None
    host, process = _named(look)
    return {"host": host, "process": process, "for": look.held_for, "left": look.claimed_for}
