"""The `chatworkspace` command: all packages put together for a shell. `main` runs it, and so does `python -m chatworkspace_cli`."""

from chatworkspace import __version__
from chatworkspace_cli._entry import main

__all__ = ["__version__", "main"]


def __dir__() -> list[str]:
    return sorted(__all__)
