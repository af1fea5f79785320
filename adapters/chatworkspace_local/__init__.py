"""A platform on this machine: a workspace is a folder, and processes in it. It is no sandbox. Linux; nothing but Python is needed.

For development, tests and tools of one person: what runs in a workspace may do whatever this user may do.

    platform = LocalPlatform("/var/lib/app/workspaces")
    chats = ChatWorkspaces(creator=platform, dialer=platform, ...)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatworkspace import __version__
    from chatworkspace_local._platform import LocalPlatform

__all__ = ["LocalPlatform", "__version__"]


def __getattr__(name: str) -> object:
    """Load what hosts use when one asks for it: workers import this package as well, and have the standard library alone."""
    if name == "LocalPlatform":
        from chatworkspace_local._platform import LocalPlatform  # noqa: PLC0415 # as said above

        return globals().setdefault(name, LocalPlatform)
    if name == "__version__":
        from chatworkspace import __version__  # noqa: PLC0415 # as said above

        return globals().setdefault(name, __version__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
