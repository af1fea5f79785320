"""Server-sent events, as bytes. Pure.

Whatever others wrote is within JSON, which escapes line breaks: no text can end an event or begin another.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import ceil

from chatworkspace import Progress

HEADERS: Mapping[str, str] = {
    "Content-Type": "text/event-stream",
    # no-transform: what compresses it on its way would collect it first. X-Accel-Buffering: nginx, and those that do as it does.
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}
HEARTBEAT = b":\n\n"
"""A comment: a browser does not see it, and whoever writes it finds out whether somebody still reads."""
PHASE = ("generation", "build_number", "phase", "queue_position", "at")
LINE = ("generation", "build_number", "line", "at")


def event(name: str, data: object, cursor: str = "") -> bytes:
    """Return an event. cursor: by which a browser says, when it comes back, that it has seen it; empty: it stands where it stood."""
    place = f"id: {cursor}\n" if cursor else ""
    return f"{place}event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def come_back(seconds: float, cursor: str = "") -> bytes:
    """Return what tells a browser after how many seconds to come back, and how far it is."""
    place = f"id: {cursor}\n" if cursor else ""
    return f"{place}retry: {ceil(seconds * 1000)}\n\n".encode()


def step(progress: Progress) -> bytes:
    """Return what tells of a step that is not the last."""
    if progress.heartbeat:
        return HEARTBEAT
    name, fields = ("phase", PHASE) if progress.line is None else ("line", LINE)
    told = progress.as_dict()
    return event(name, {field: told[field] for field in fields}, progress.cursor)
