"""Why a file could not be used, in a person's words, and what to do: one table, for the store's errors and for whoever examines. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import attrs


class Cause(Enum):
    """What is wrong with a file, or on its disk."""

    NOT_OPENED = "not opened"
    READ_ONLY = "read-only"
    FULL = "full"
    DISK = "disk"
    DAMAGED = "damaged"
    LOCKED = "locked"
    REPLACED = "replaced"
    INCOMPLETE = "incomplete"
    NO_MEMORY = "no memory"
    OTHER = "other"


@attrs.frozen
class Row:
    """words: what is wrong. remedy: what to do about it, in sentences."""

    words: str
    remedy: str


TABLE: Mapping[Cause, Row] = {
    Cause.NOT_OPENED: Row(
        "the file could not be opened",
        "See that it is there, that this user may read and write it and its folder, and that files may be opened still.",
    ),
    Cause.READ_ONLY: Row(
        "the file may be read, and not written", "Give this user the right to write it, its folder, and the files beside it (-wal, -shm)."
    ),
    Cause.FULL: Row("the disk is full", "Make room on it; nothing of the file is lost."),
    Cause.DISK: Row("the disk failed", "See what the system's log says of it, and have a copy of the file (`chatworkspace db backup`)."),
    Cause.DAMAGED: Row("the file is damaged, or no database", "Put back the last copy, or name another file."),
    Cause.LOCKED: Row(
        "somebody else is at work on the file", "Ask again; if it lasts, see which process holds it: a copy, a debugger, an open transaction by hand."
    ),
    Cause.REPLACED: Row("the file was removed or replaced while it was in use", "Put it back, or start the processes that use it anew."),
    Cause.INCOMPLETE: Row("the file lacks a part of the tables", "Put back the last copy: they were changed by hand, perhaps."),
    Cause.NO_MEMORY: Row("there is not enough memory", "See what this machine and this process have."),
    Cause.OTHER: Row("the file could not be used", "See that it is on a disk of this host, and that nobody but this library writes to it."),
}

_SAID = (
    ("unable to open", Cause.NOT_OPENED),
    ("readonly", Cause.READ_ONLY),
    ("access permission denied", Cause.READ_ONLY),
    ("authorization denied", Cause.READ_ONLY),
    ("disk is full", Cause.FULL),
    ("disk i/o", Cause.DISK),
    ("not a database", Cause.DAMAGED),
    ("malformed", Cause.DAMAGED),
    ("unsupported file format", Cause.DAMAGED),
    ("missing database", Cause.DAMAGED),
    ("locked", Cause.LOCKED),
    ("locking protocol", Cause.LOCKED),
    ("no such table", Cause.INCOMPLETE),
    ("no such column", Cause.INCOMPLETE),
    ("out of memory", Cause.NO_MEMORY),
)
"""What SQLite says (sqlite3ErrStr in its source), in small letters."""


def cause_of(message: str) -> Cause:
    """Return what an error of SQLite comes of."""
    said = message.lower()
    return next((cause for text, cause in _SAID if text in said), Cause.OTHER)


def told(cause: Cause, path: str, detail: str) -> str:
    """Return what is wrong with the file of a path, and what to do. detail: what else is known of it."""
    row = TABLE[cause]
    return f"{path}: {row.words} ({detail}). {row.remedy}"


def told_apart(message: str) -> tuple[str, str]:
    """Return what is wrong and what to do about it, of a message that ends with a remedy of the table; else all of it, and nothing."""
    for row in TABLE.values():
        if message.endswith(f". {row.remedy}"):
            return message.removesuffix(f". {row.remedy}"), row.remedy
    return message, ""
