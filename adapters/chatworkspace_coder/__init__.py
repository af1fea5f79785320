"""Coder over HTTP: `CoderClient` creates, reads, watches and reaches workspaces of a Coder server, 2.20 or newer.

It is the platform of a `chatworkspace.ChatWorkspaces`, and its way to agents: pass it as `creator` and as `dialer`.

    from chatworkspace_coder import CoderClient

    with CoderClient("https://coder.example.com", token="a session token") as coder:
        me = coder.user()

`CoderClient.about` says what a server is; the other names are values that these two return.
Safe to use from any thread; durations are seconds (float), ids are UUIDs, and text of them where they come in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING as _TYPE_CHECKING

from chatworkspace_coder._about import About
from chatworkspace_coder._answers.servers import Found, Server
from chatworkspace_coder._answers.users import Holder, Organization, RateLimit, User
from chatworkspace_coder._client import CoderClient

if _TYPE_CHECKING:
    __version__: str

__all__ = ["About", "CoderClient", "Found", "Holder", "Organization", "RateLimit", "Server", "User", "__version__"]


def __getattr__(name: str) -> object:
    """Look up the version when somebody asks for it: it takes a search of what is installed."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import metadata  # noqa: PLC0415 # as said above

    try:
        found = metadata.version("chatworkspace")
    except metadata.PackageNotFoundError as error:
        raise AttributeError(f"{__name__} runs from a checkout that is not installed, and has no version") from error
    return globals().setdefault(name, found)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
