"""Which platform a command is to use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from chatworkspace import InvalidArgumentError

SCHEME = "local:"


def root_of(told: str | None, environment: Mapping[str, str]) -> Path | None:
    """Return the folder of the platform that is meant; None: it is a server. InvalidArgumentError."""
    said = (environment.get("CHATWORKSPACE_PLATFORM", "") if told is None else told).strip()
    if said in {"", "coder"}:
        return None
    path = said.removeprefix(SCHEME)
    if path == said or not path or "\0" in path:
        raise InvalidArgumentError("platform", "local:PATH, or coder")
    return Path(path).expanduser().absolute()
